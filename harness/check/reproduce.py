"""One finding of a report once more: its script run where it was seen, and a bug report made of it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.check.proof import Proof, run_script

Data = Mapping[str, Any]


def interpreter_of(report: Data, env: str | None) -> str | None:
    """The interpreter to run under: the one asked for, else the one of the report; None where that one is gone."""
    path = env or report.get("environments", {}).get("candidate", {}).get("interpreter") or sys.executable
    return path if Path(path).exists() else None


def rerun(finding: Data, interpreter: str) -> Proof:
    """Runs the script of a finding again."""
    script = finding.get("script")
    if not script:
        return Proof(None, "the finding has no script")
    return run_script(str(script), interpreter, Path(tempfile.gettempdir()))


def versions(interpreter: str) -> dict[str, str]:
    """The releases that an interpreter has, without starting TensorFlow; empty where it cannot be asked."""
    names = ("keras", "tensorflow", "tensorflow-cpu", "numpy")
    code = (
        "import importlib.metadata as m\n"
        f"for name in {names!r}:\n"
        "    try: print(name, m.version(name))\n"
        "    except m.PackageNotFoundError: pass"
    )
    try:
        done = subprocess.run([interpreter, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    return {name.removesuffix("-cpu"): version for name, version in found.items()}


def markdown_of(finding: Data, report: Data, output: str) -> str:
    """A bug report, ready to be pasted: what happens, what should, the script, the versions."""
    environment = report.get("environments", {}).get("candidate", {})
    packages = environment.get("packages", {})
    stated = {
        "Keras": environment.get("keras"),
        "TensorFlow": environment.get("tensorflow"),
        "NumPy": packages.get("numpy"),
        "Python": environment.get("python"),
    }
    error = finding.get("error")
    if error:
        expected, actual = "No error.", f"`{error['type']}`: {str(error['message']).strip()[:1000]}"
    else:
        place = f" at `{finding['where']}`" if finding.get("where") else ""
        expected = f"`{finding['expected']!s:.500}`{place}"
        actual = f"`{finding['actual']!s:.500}`"
    parts = [
        f"# {finding['title']}",
        f"Seen on: {', '.join(finding['routes'])}",
        "## Versions\n\n" + "\n".join(f"- {name} {version}" for name, version in stated.items() if version),
        f"## Script\n\n```python\n{str(finding['script']).rstrip()}\n```",
        f"## Expected\n\n{expected}",
        f"## Actual\n\n{actual}",
    ]
    if output.strip():
        parts.append(f"The script prints:\n\n```\n{output.strip()[-2000:]}\n```")
    return "\n\n".join(parts)
