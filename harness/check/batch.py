"""Runs scripts one after another in one process of an environment: TensorFlow is started once for all of them."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNNER = Path(__file__).resolve().parents[1] / "worker" / "scripts.py"


@dataclass(frozen=True)
class Script:
    """A source, and the folder that it runs in (one for all of a batch where none is named)."""

    source: str
    folder: Path | None = None


def run_scripts(
    scripts: Sequence[Script], interpreter: str, *, variables: Mapping[str, str] | None = None, limit: float = 1200.0
) -> list[dict[str, Any]]:
    """An answer for each, as `harness.worker.scripts` gives them, within `limit` seconds for all.

    Where the process is lost in the middle of a script, that one's answer is an error, and another process goes on
    with the next.
    """
    answers: list[dict[str, Any]] = []
    end = time.monotonic() + limit
    while len(answers) < len(scripts):
        left = end - time.monotonic()
        told, error = _run(scripts[len(answers) :], interpreter, variables or {}, left) if left > 1 else ([], "")
        answers += told
        if not error:
            error = f"not done within {limit:.0f} s" if time.monotonic() > end - 1 else "it was not run"
            answers += [{"error": error, "seconds": 0.0}] * (len(scripts) - len(answers))
        elif len(answers) < len(scripts):
            answers.append({"error": error, "seconds": 0.0})
    return answers


def _run(
    scripts: Sequence[Script], interpreter: str, variables: Mapping[str, str], limit: float
) -> tuple[list[dict[str, Any]], str]:
    """The answers that came, and what ended the process, if something has."""
    error = ""
    with tempfile.TemporaryDirectory(prefix="keras-harness-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "scripts.json"
        told = [{"source": each.source, "folder": str(each.folder or folder)} for each in scripts]
        file.write_text(json.dumps(told), encoding="utf-8")
        try:
            ended = subprocess.run(
                [interpreter, str(RUNNER), str(file)],
                cwd=folder, env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, errors="replace", timeout=limit, check=False,
            )  # fmt: skip
            if ended.returncode:
                error = f"the process ended with {ended.returncode}: {ended.stderr.strip()[-300:]}"
        except subprocess.TimeoutExpired:
            pass
        out = file.with_suffix(".out")
        answers: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8")) if out.exists() else []
    return answers, error
