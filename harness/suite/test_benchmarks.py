"""How long saving, loading, building, inference and training take: benchmarks for pytest-benchmark, off by default.

    pytest --pyargs harness.suite -m benchmark --benchmark-autosave

What is measured is measured in a worker, by its own clock. pytest-benchmark is given a timer that goes forward by as
much as the worker says of each round, so that its tables, histograms and comparisons show that, and not the pipe.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from harness.dispatch.scratch import Scratch
from harness.dispatch.worker import WorkerFailed
from harness.environments.environment import EnvironmentFailed, environment
from harness.environments.wanted import Unreadable
from harness.performance import machine
from harness.performance.measured import Benchmark, Failure
from harness.performance.options import Options
from harness.performance.process import Side
from harness.workloads.workload import NAMES, OPERATIONS


class ReportedClock:
    """A timer that stands still until it is told how long something took."""

    __name__ = "what the worker measured"

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Lets so much time go by."""
        self.now += seconds


CLOCK = ReportedClock()


@pytest.fixture(scope="session")
def measuring(request: pytest.FixtureRequest) -> Iterator[Side]:
    """A process of the environment under test that measures."""
    with ExitStack() as held:
        try:
            under = held.enter_context(environment(request.config.getoption("--harness-env")))
            scratch = Scratch()
            held.callback(scratch.close)
            side = Side("measured", under, Options(), scratch)
            held.callback(side.stop)
            side.spawn(0)
            side.ready()
        except (Unreadable, EnvironmentFailed) as error:
            pytest.fail(f"--harness-env: {error}", pytrace=False)
        except WorkerFailed as error:
            pytest.fail(f"TensorFlow could not be started: {error}", pytrace=False)
        yield side


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("workload", NAMES)
def test_benchmark(benchmark: Any, measuring: Side, workload: str, operation: str) -> None:
    if operation not in measuring.about["workloads"].get(workload, ["", []])[1]:
        pytest.skip(f"{operation} is not measured of {workload}")
    of = Benchmark(workload, operation)
    found = measuring.measure(of, [])
    if isinstance(found, Failure):
        pytest.fail(found.told, pytrace=False)
    benchmark.group = operation
    kept = ("python", "tensorflow", "keras", "module", "packages", "threads", "set")
    benchmark.extra_info.update(
        device=of.device,
        memory=found.memory,
        bytes=found.bytes,
        keras_harness={
            "benchmark": of.name,
            "environment": {key: measuring.about[key] for key in kept},
            "machine": machine.about(),
        },
    )
    rounds = iter(found.seconds)
    # For a profile it is called once more than there are rounds.
    benchmark.pedantic(lambda: CLOCK.advance(next(rounds, found.time)), rounds=len(found.seconds), iterations=1)
