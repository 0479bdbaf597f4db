"""One environment, measured by some processes one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.dispatch.scratch import Scratch
from harness.dispatch.worker import WorkerFailed
from harness.environments.environment import Environment
from harness.performance import machine
from harness.performance.measured import Benchmark
from harness.performance.options import Options
from harness.performance.process import Side
from harness.performance.quiet import Found, undisturbed
from harness.performance.result import ALONE, INTERRUPTED, Result
from harness.performance.selection import select

Listener = Callable[[str, Result], None]


Hold = Callable[[], None]


def nobody(_: str, __: Result) -> None:
    """Listens to nothing."""


def listen_on() -> None:
    """Holds no signals back."""


def measure_alone(
    environment: Environment, options: Options, listener: Listener = nobody, hold: Hold = listen_on
) -> Result:
    """The result of one environment. Raises Unknown for names that are none; Ctrl-C leaves what was measured.

    `hold` is called before what is left is tidied up, which nothing may interrupt.
    """
    result = Result(options, machine.about())
    begin = time.monotonic()
    scratch = Scratch()
    side = Side(ALONE, environment, options, scratch)
    try:
        listener("starting", result)
        for number in range(options.processes):
            side.spawn(number)
            side.ready()
            result.processes += 1
            if not number:
                result.environments[ALONE] = {**side.about, **environment.origin}
                result.benchmarks, notes, problems = select([side], options)
                result.notes += notes
                result.problems += problems
                listener("started", result)
            for benchmark in result.benchmarks:
                if benchmark not in result.failures.get(ALONE, {}):
                    result.take(benchmark, undisturbed(result, _measuring(side, benchmark), time.monotonic() - begin))
                    listener("measured", result)
    except WorkerFailed as error:
        result.problems.append(f"TensorFlow could not be started: {error}")
    except KeyboardInterrupt:
        hold()
        result.stopped = INTERRUPTED
    finally:
        side.stop()
        scratch.close()
        result.seconds = time.monotonic() - begin
        listener("done", result)
    return result


def _measuring(side: Side, benchmark: Benchmark) -> Callable[[], Found]:
    return lambda: {side.label: side.measure(benchmark, [])}
