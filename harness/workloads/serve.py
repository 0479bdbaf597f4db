"""The verbs of a worker that measures: say what is here, measure one operation of one workload."""

from __future__ import annotations

import gc
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.worker import dialect, installed
from harness.worker.run import describe
from harness.workloads import clock, given, memory
from harness.workloads.catalogue import WORKLOADS
from harness.workloads.operations import OPERATIONS
from harness.workloads.stage import Stage
from harness.workloads.workload import QUICK, SET

THREADS = "HARNESS_THREADS"  # how many TensorFlow may use
CORES = "HARNESS_CORES"  # and where, as numbers with commas between them


class Server:
    """Measures, one request at a time; `tell` is told what it is at, so that the driver can say where one was lost."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.folder = folder
        self.tell = tell
        self._stage: Stage | None = None
        self._of: tuple[Any, ...] = ()
        self._staged = 0
        threads = int(os.environ.get(THREADS, "1"))
        cores = [int(each) for each in os.environ.get(CORES, "").split(",") if each]
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)
        tf = dialect.tf
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        self.gpus = tf.config.list_physical_devices("GPU")
        for gpu in self.gpus:
            # Without this TensorFlow takes all of it at once, and a second process finds none.
            tf.config.experimental.set_memory_growth(gpu, True)
        self.clock = clock.look()
        self.threads = threads

    def hello(self) -> dict[str, Any]:
        """What is installed here, what can be measured, and with what clock."""
        tf = dialect.tf
        tf.constant([1.0]) + 1.0  # what TensorFlow does once in a process belongs to no model
        gpus = {f"GPU:{number}": _gpu_name(gpu) for number, gpu in enumerate(self.gpus)}
        about = {
            **installed.versions(),
            "set": SET,
            "workloads": {each.name: [each.about, list(each.operations)] for each in WORKLOADS.values()},
            "quick": list(QUICK),
            "clock": self.clock.to_json(),
            "threads": self.threads,
            "gpus": gpus,
            "garbage": "collected between the rounds, not in them",
        }
        gc.collect()
        gc.freeze()
        return about

    def answer(self, request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Runs one request; what raises is an answer too: `error` is of the model, `fault` of the harness."""
        try:
            reply = self._measure(request)
        except Exception as error:
            reply = {"error": describe(error)}
        reply["pid"] = os.getpid()
        return reply, {}

    def _measure(self, request: dict[str, Any]) -> dict[str, Any]:
        device = request.get("device", "CPU")
        name = request["operation"]
        self.tell(f"{request['workload']} / {name}")
        with dialect.tf.device(f"/{device}:0" if device == "CPU" else f"/{device}"):
            stage = self._on_stage(request, device)
            if name == "describe":
                return {"operations": list(stage.workload.operations)}
            operation = OPERATIONS[name]
            effort = clock.Effort(**request.get("effort", {}))
            switched = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
            counted = memory.reset()
            memory.reset_device(dialect.tf, device)
            timed = clock.measure(lambda: operation.prepare(stage), self.clock, effort, fresh=operation.fresh)
            return {
                "rounds": list(timed.rounds),
                "inner": timed.inner,
                "warmed": timed.warmed,
                "peak": memory.peak(),
                "peak_is_its_own": counted,
                "device_peak": memory.device_peak(dialect.tf, device),
                "bytes": stage.bytes_of(operation.file) if operation.file else None,
                "switches": resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - switched,
            }

    def _on_stage(self, request: dict[str, Any], device: str) -> Stage:
        of = (request["workload"], request.get("file"), device)
        if self._stage is None or self._of != of:
            if self._stage is not None:
                self._stage.drop()
                self._stage = None
                gc.unfreeze()
                dialect.clear()
            self._staged += 1
            workload = given.workload(request) if request.get("file") else WORKLOADS[request["workload"]]
            self._stage, self._of = Stage(workload, self.folder / f"stage-{self._staged}", device), of
        return self._stage


def _gpu_name(gpu: Any) -> str:
    try:
        return str(dialect.tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name))
    except Exception:
        return str(gpu.name)
