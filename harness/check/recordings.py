"""Found failures, kept and tried first in the next check: a file of JSON each, in a folder per major release of Keras.

Kept is the finding with its model, as data: Hypothesis's own database holds choices, which mean something to the
strategy that made them alone, and ours change with every layer that is added.

By the major release, not by the interpreter: whether an upgrade has mended a failure is what one wants to know, and a
virtual environment is often made anew. A failure that is gone under a later release is not forgotten, only not tried
there again, for it still shows under the one it was found in. Bases of keras.applications are not kept: a check that
has them sends them first of all anyway.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from harness.expectations.finding import Finding
from harness.protocol.architecture import Architecture, from_json, to_json

SCHEMA_VERSION = 1
FAILED, FIXED, KNOWN, SKIPPED = "failed", "fixed", "known", "skipped"
_ENVIRONMENT = ("python", "tensorflow", "keras")


@dataclass(frozen=True)
class Recording:
    """A finding that was kept: `environment` and `seed` are those of the check that saw it last."""

    finding: Finding
    environment: Mapping[str, str]
    seed: int
    fixed_under: tuple[str, ...] = ()  # releases of Keras under which it did not show
    file: str = field(default="", compare=False)  # the name of the file that it was read from


@dataclass(frozen=True)
class Replayed:
    """What came of a recording: `status` is failed, fixed, known (it is waited for now) or skipped, with a reason."""

    id: str
    status: str
    recording: Recording | None = None  # None where it could not be read
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `report.json` holds it."""
        found = self.recording and {**self.recording.environment, "seed": self.recording.seed}
        check = self.recording.finding.check if self.recording else None
        return {"id": self.id, "status": self.status, "check": check, "found": found, "reason": self.reason}


def place() -> Path:
    """Where recordings lie if no folder is named: beside the report of the last check."""
    return user_cache_path("keras-harness") / "recordings"


def read(folder: Path, keras: str) -> tuple[list[Recording], list[Replayed]]:
    """The recordings to be tried under this Keras, by id, and those that could not be read."""
    found: list[Recording] = []
    damaged: list[Replayed] = []
    try:
        paths = sorted(_of_major(folder, keras).glob("*.json"))
    except OSError:
        return [], []
    for path in paths:
        try:
            recording = replace(_recording(json.loads(path.read_text(encoding="utf-8"))), file=path.name)
        except FileNotFoundError:
            continue  # another check has found it fixed in the meantime
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            why = f"{path} is no recording: {type(error).__name__}: {error!s:.120}; delete it"
            damaged.append(Replayed(path.stem, SKIPPED, reason=why))
            continue
        if keras not in recording.fixed_under:
            found.append(recording)
    return found, damaged


def keep(
    folder: Path, findings: Iterable[Finding], replayed: Iterable[Replayed], environment: Mapping[str, Any], seed: int
) -> str | None:
    """Keeps the new findings of a check, and forgets what is fixed or known; None, or why that could not be done.

    Each file takes its place at once, so that two checks at a time leave whole ones: of one finding, that of the last.
    """
    of_before = {each.id: each.recording for each in replayed if each.recording is not None}
    keras = str(environment.get("keras", "0"))
    stated = {name: str(environment.get(name, "")) for name in _ENVIRONMENT}
    try:
        for finding in findings:
            kept = finding.architecture is not None and not finding.architecture.form.startswith("application:")
            if finding.status == "new" and kept:
                earlier = of_before.get(finding.id)
                gone = () if earlier is None else tuple(each for each in earlier.fixed_under if each != keras)
                _write(folder, keras, Recording(finding, stated, seed, gone))
        for each in replayed:
            if each.recording is None or each.status == SKIPPED:
                continue
            name = each.recording.file or f"{each.id}.json"
            elsewhere = each.status == FIXED and each.recording.environment["keras"] != keras
            if elsewhere:
                gone = (*each.recording.fixed_under, keras)
                _write(folder, keras, replace(each.recording, fixed_under=gone))
            # An earlier release of the harness may have given it another id: it would be tried twice, and never go.
            if name != f"{each.id}.json" or (each.status in (FIXED, KNOWN) and not elsewhere):
                (_of_major(folder, keras) / name).unlink(missing_ok=True)
    except OSError as error:
        return f"found failures could not be kept in {folder}: {error.strerror or error}"
    return None


def _of_major(folder: Path, keras: str) -> Path:
    return folder / f"keras-{keras.partition('.')[0]}"


def _write(folder: Path, keras: str, recording: Recording) -> None:
    finding = recording.finding
    path = _of_major(folder, keras) / f"{finding.id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {
        "schema_version": SCHEMA_VERSION,
        "id": finding.id,
        "seed": recording.seed,
        "environment": dict(recording.environment),
        "fixed_under": list(recording.fixed_under),
        "finding": {
            "observation": finding.observation,
            "kind": finding.kind,
            "place": list(finding.place),
            "routes": list(finding.routes),
            "title": finding.title,
            "layers": list(finding.layers),
            "error": None if finding.error is None else dict(finding.error),
            "architecture": to_json(finding.architecture),
        },
    }
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(json.dumps(data, indent=1, default=str) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def _recording(data: Any) -> Recording:
    """The recording in a file; raises ValueError, TypeError, KeyError or AttributeError for what is none."""
    if data["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"it is of schema version {data['schema_version']!r}")
    told = data["finding"]
    architecture, error = from_json(told["architecture"]), told["error"]
    if not isinstance(architecture, Architecture):
        raise ValueError("it holds no model")
    architecture.digest()  # what is no data has none
    if error is not None and not {"type", "message"} <= set(error):
        raise ValueError("its error has no type or message")
    finding = Finding(
        _text(told["observation"]), _text(told["kind"]), _texts(told["place"]), _texts(told["routes"]),
        _text(told["title"]), layers=_texts(told["layers"]), error=error, architecture=architecture,
    )  # fmt: skip
    if not finding.routes:
        raise ValueError("it has no route")
    environment = {name: _text(data["environment"][name]) for name in _ENVIRONMENT}
    return Recording(finding, environment, int(data["seed"]), _texts(data["fixed_under"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.40} is no list")
    return tuple(map(_text, value))
