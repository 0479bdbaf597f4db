"""Workers behind `concurrent.futures`: each thread of the executor keeps one worker, replaced when it is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.dispatch.confinement import Confinement, in_force
from harness.dispatch.scratch import Scratch
from harness.dispatch.worker import Limits, Worker, WorkerFailed, WorkerLost


@dataclass(frozen=True)
class Answer:
    """A worker's reply with its arrays; `lost` is set where the worker went away instead."""

    reply: dict[str, Any] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    lost: WorkerLost | None = None
    seconds: float = 0.0


class Pool:
    """`size` workers of one interpreter, all started at once.

    An Executor may be given in place of threads of this process; each of its threads keeps a worker of its own. All
    that they write lies in `scratch`, which may be given, and is the pool's own otherwise.
    """

    def __init__(
        self,
        interpreter: str | None = None,
        *,
        size: int = 2,
        limits: Limits | None = None,
        environment: dict[str, str] | None = None,
        modules: Sequence[Path] = (),
        executor: Executor | None = None,
        scratch: Scratch | None = None,
        confinement: Confinement | None = None,
    ) -> None:
        self.interpreter = interpreter
        self.environment = environment or {}
        self.modules = tuple(modules)
        self.confinement = confinement
        self.in_force: tuple[list[str], dict[str, str]] = ([], {})  # of the confinement: what is, and what is not
        self.limits = limits or Limits()
        self.replaced = 0
        self.peak_rss = 0
        self.scratch = scratch or Scratch()
        self._own_scratch = scratch is None
        self._started = 0
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._closed = False
        self._executor = executor or ThreadPoolExecutor(size, thread_name_prefix="worker")
        self._spare: list[Worker] = []
        try:
            for _ in range(size):
                self._spare.append(self._spawn())
        except BaseException:
            self.close()
            raise

    def _spawn(self) -> Worker:
        # Each process orders its sets in a way of its own: what depends on that shows between two of them.
        environment = {**self.environment, "PYTHONHASHSEED": str(self._started)}
        with self._lock:
            # A worker that is started while the pool closes would be left behind.
            if self._closed:
                raise WorkerFailed("the pool is closed")
            self._started += 1
            worker = Worker(
                self.scratch.folder("worker"),
                self.interpreter,
                limits=self.limits,
                environment=environment,
                modules=self.modules,
                confinement=self.confinement,
            )
            self._all.add(worker)
        return worker

    def start(self) -> dict[str, Any]:
        """Waits for the workers; returns what the first says of itself. Raises WorkerFailed."""
        about: dict[str, Any] = {}
        for worker in self._spare:
            about = worker.start()
            if self.confinement is not None:
                self.in_force = in_force(worker.folder)
            self._idle.append(worker)
        self._spare = []
        return about

    def submit(self, request: dict[str, Any], *, limit: float = 120.0, avoid: int | None = None) -> Future[Answer]:
        """Hands a request to the next free worker, if it can be to another process than `avoid`.

        The future raises WorkerFailed where a worker was lost and no other could be started in its place.
        """
        return self._executor.submit(self._run, request, limit, avoid)

    def _run(self, request: dict[str, Any], limit: float, avoid: int | None) -> Answer:
        worker = self._take(avoid)
        start = time.perf_counter()
        try:
            reply, blobs = worker.ask(request, limit=limit)
        except WorkerLost as lost:
            self._drop(worker)
            return Answer(lost=lost, seconds=time.perf_counter() - start)
        leaked = worker.rss > self.limits.between
        self.peak_rss = max(self.peak_rss, worker.peak_rss, reply.get("peak_rss", 0))
        if leaked:
            self._drop(worker)
        else:
            with self._lock:
                self._idle.append(worker)
        return Answer(reply, blobs, seconds=time.perf_counter() - start)

    def _take(self, avoid: int | None) -> Worker:
        with self._lock:
            others = [worker for worker in self._idle if worker.pid != avoid]
            for worker in others or self._idle:
                self._idle.remove(worker)
                return worker
        worker = self._spawn()
        worker.start()
        return worker

    def _drop(self, worker: Worker) -> None:
        with self._lock:
            self.replaced += 1
            self.peak_rss = max(self.peak_rss, worker.peak_rss)
            self._all.discard(worker)
        worker.stop()

    def close(self) -> None:
        """Stops everything at once, requests under way included; safe to call twice."""
        with self._lock:
            self._closed = True
            workers, self._all = list(self._all), set()
        self._executor.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.stop()
        if self._own_scratch:
            self.scratch.close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
