"""The verbs of a worker: say what is here, run an example."""

from __future__ import annotations

import gc
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.worker import dialect, exported, installed
from harness.worker.run import describe, replay, run
from harness.worker.taken import send_off, take


class Server:
    """Answers requests, one at a time, in a temporary folder of its own; `tell` is told what it is at.

    Only so can the driver say where a process was lost.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.folder = folder
        self.tell = tell
        self.served = 0
        exported.keep_in(folder / "exported")
        dialect.tf.config.threading.set_intra_op_parallelism_threads(1)
        dialect.tf.config.threading.set_inter_op_parallelism_threads(1)

    def hello(self) -> dict[str, Any]:
        """What is installed here, and every public name with its arguments."""
        from harness.routes.catalogue import ROUTES

        about = {
            **installed.versions(),
            "names": installed.public_names(),
            "aliases": installed.aliases(),
            "defaults": installed.defaults(),
            "layer_defaults": installed.defaults(layers=True),
            "modes": installed.quantization_modes(),
            "layers": installed.layer_names(),
            "routes": [name for name, route in ROUTES.items() if dialect.MAJOR in route.majors],
        }
        return about

    def answer(self, request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Runs one request; what raises here is a fault of the harness and says so."""
        self.served += 1
        try:
            if request["verb"] == "replay":
                reply, blobs = replay(request, self.tell)
            elif request["verb"] == "take":
                reply, blobs = take(request, self.tell)
            elif request["verb"] == "send off":
                reply, blobs = send_off(request, self.folder / str(self.served), self.tell)
            else:
                reply, blobs = run(request, self.folder / str(self.served), self.tell)
        except Exception as error:
            reply, blobs = {"fault": describe(error)}, {}
        if self.served % 20 == 0:
            gc.unfreeze()  # what was in use when it was taken out of sight, and is garbage since
        reply["pid"] = os.getpid()
        reply["peak_rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return reply, blobs
