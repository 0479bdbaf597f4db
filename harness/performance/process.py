"""One side of a measurement: an environment, and the process of it that is alive now."""

from __future__ import annotations

import os
from typing import Any

from harness.dispatch.scratch import Scratch
from harness.dispatch.worker import OUT_OF_MEMORY, Worker, WorkerLost
from harness.environments.environment import Environment
from harness.performance.disturbance import Watch
from harness.performance.measured import Benchmark, Failure, Sample
from harness.performance.options import Options


class Side:
    """Starts processes of an environment, one at a time, and asks them; one that is lost costs one benchmark."""

    def __init__(self, label: str, environment: Environment, options: Options, scratch: Scratch) -> None:
        self.label = label
        self.environment = environment
        self.about: dict[str, Any] = {}
        self._options = options
        self._scratch = scratch
        self._worker: Worker | None = None
        self._number = 0

    def spawn(self, number: int) -> None:
        """Starts process number `number` in the place of the one before, and does not wait for it."""
        self.stop()
        self._number = number
        # Both of a pair order their sets alike, those of the next pair otherwise.
        variables = {**self.environment.variables, **self._options.variables, "PYTHONHASHSEED": str(number)}
        self._worker = Worker(
            self._scratch.folder(self.label),
            self.environment.interpreter,
            limits=self._options.limits,
            environment=variables,
            modules=self._options.modules.get(self.label, ()),
        )

    def ready(self) -> dict[str, Any]:
        """Waits until it can be asked; raises WorkerFailed."""
        assert self._worker is not None
        self.about = self._worker.start()
        return self.about

    @property
    def pids(self) -> list[int]:
        """The process that is alive."""
        return [] if self._worker is None else [self._worker.pid]

    def measure(self, benchmark: Benchmark, others: list[int]) -> Sample | Failure:
        """One benchmark; `others` are processes that belong to the measurement as well. Raises WorkerFailed."""
        with Watch([os.getpid(), *self.pids, *others]) as watch:
            reply = self.ask(benchmark, benchmark.operation)
        if isinstance(reply, Failure):
            return reply
        sample = Sample.from_reply(reply, watch.others if watch.disturbed else 0.0)
        if not sample.time > 0 or not sample.memory > 0:  # there would be no ratio
            return Failure("not measured", "no time passed by the clock, or no memory was counted")
        return sample

    def ask(self, benchmark: Benchmark, operation: str) -> dict[str, Any] | Failure:
        """Sends a request about this model; a process that is lost with it is replaced at once."""
        assert self._worker is not None
        request = {
            "verb": "measure",
            "workload": benchmark.workload,
            "operation": operation,
            "device": benchmark.device,
            "file": benchmark.file,
            "effort": self._options.effort,
            "custom_objects": list(self._options.custom_objects),
            "unsafe": self._options.unsafe,
            "import": [str(path.absolute()) for path in self._options.imports],
            "inputs": None if self._options.inputs is None else str(self._options.inputs.absolute()),
        }
        try:
            reply, _ = self._worker.ask(request, limit=self._options.hung_after)
        except WorkerLost as lost:
            self.spawn(self._number)
            self.ready()
            return Failure(lost.reason, lost.detail)
        if "error" in reply:
            error = reply["error"]
            short = "ResourceExhausted" in error["type"] or error["type"] == "MemoryError"
            return Failure(OUT_OF_MEMORY if short else "raised", f"{error['type']}: {error['message']}")
        return reply

    def stop(self) -> None:
        """Ends the process; safe to call twice."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
