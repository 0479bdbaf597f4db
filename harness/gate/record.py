"""Records a release: a fixed set of small models, each built, observed, and saved along every route that makes a file.

The set is one file of architectures (`recorded_models.json`), drawn once from what the Kerases from 2.12 on have in
common, so that every release records the same models and their numbers can be held against each other.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from harness.dispatch.pool import Answer
from harness.dispatch.scratch import Scratch
from harness.expectations.compare import clipped
from harness.gate.comparison import FILES, rows, to_run
from harness.gate.recording import Recorded
from harness.gate.release import Side
from harness.protocol.architecture import Architecture, from_json

MODELS = Path(__file__).with_name("recorded_models.json")
ALSO = ("losses", "training")  # kept beside what is compared today


@cache
def models() -> Mapping[str, Architecture]:
    """The models that are recorded, by name."""
    found: dict[str, Architecture] = from_json(json.loads(MODELS.read_text(encoding="utf-8")))
    return found


def record(
    side: Side, scratch: Scratch, listener: Callable[[str], None], *, limit: float = 300.0
) -> tuple[list[Recorded], dict[str, str]]:
    """The recorded models of a release, and of those that are left out the reason, by name.

    Raises WorkerFailed where its worker was lost and no other could be started.
    """
    table = {route: row for route, row in rows().items() if route in FILES and route in side.about["routes"]}
    found: list[Recorded] = []
    left_out: dict[str, str] = {}
    for name, architecture in models().items():
        folders = {route: scratch.folder(route) for route in table}
        place = scratch.folder("data")
        request = to_run(architecture, table, folders, also=ALSO)
        request["data"] = str(place / "data.npz")
        answer = side.pool.submit(request, limit=limit).result()
        why = _not_recorded(answer)
        if why:
            left_out[name] = why
        else:
            files = {route: _files(Path(path)) for route, path in answer.reply.get("kept", {}).items()}
            found.append(Recorded(name, architecture, answer, files, (place / "data.npz").read_bytes()))
        for folder in (*folders.values(), place):
            shutil.rmtree(folder, ignore_errors=True)
        listener(name)
    return found, left_out


def _files(path: Path) -> dict[str, bytes]:
    """What a route has saved: the file that it names, and what lies beside it."""
    beside = sorted(each for each in path.parent.iterdir() if each != path)
    return {each.name: each.read_bytes() for each in (path, *beside)}


def _not_recorded(answer: Answer) -> str:
    if answer.lost is not None:
        return f"its worker was lost: {answer.lost}"
    if "fault" in answer.reply:
        return f"the harness failed: {answer.reply['fault']['message']}"
    error = answer.reply["build"].get("error")
    if error:
        return clipped(f"it cannot be built: {error['type']}: {error['message']}", 300)
    return "" if answer.reply.get("kept") else "no route has saved a file of it"
