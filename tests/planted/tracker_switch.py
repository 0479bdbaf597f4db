"""Runs in a worker: plants the fault that a request names under ``planted``, and takes out the one before it."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

from tests.planted.tracker import Fault, Patch

FAMILIES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("tracker_*_bugs.py")))


def faults() -> dict[str, Fault]:
    """Every fault of every family by its name."""
    return {
        name: fault
        for family in FAMILIES
        for name, fault in importlib.import_module(f"tests.planted.{family}").FAULTS.items()
    }


def install() -> None:
    """Lets the server of this process plant faults."""
    from harness.worker.dialect import keras
    from harness.worker.serve import Server

    patch, known, answer = Patch(), faults(), Server.answer

    def plant_and_answer(self: Server, request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
        patch.undo()
        if request.get("planted"):
            try:
                known[request["planted"]].plant(keras, patch)
            except Exception as error:
                return {"fault": f"not planted: {type(error).__name__}: {error}", "pid": os.getpid()}, {}
        return answer(self, request)

    Server.answer = plant_and_answer  # type: ignore[method-assign]
