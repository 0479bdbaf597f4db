"""One finding of a report once more: its script run where it was seen, and a bug report made of it.

The script is run as it stands in the report, and nothing keeps it from anything: a report of a stranger is a program of
a stranger. It is not written anew from the architecture, for the driver has no Keras that could say what is harmless.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.check.batch import Script, run_scripts
from harness.check.proof import Proof, run_script
from harness.environments.environment import Environment

Data = Mapping[str, Any]


def interpreter_of(report: Data) -> str:
    """The interpreter under which a report was made."""
    return str(report.get("environments", {}).get("candidate", {}).get("interpreter") or sys.executable)


def environment_of(report: Data, side: str = "candidate") -> str:
    """The environment of a report as `--env` takes it: what was asked for, where it was made of that."""
    stated = report.get("environments", {}).get(side, {})
    asked = "asked" in stated and ("made" in stated or "interpreter" not in stated)
    return str(stated["asked"]) if asked else interpreter_of(report)


def sides_of(finding: Data) -> tuple[str | None, str]:
    """Of a finding of a gate the side that saves, None where nothing is saved, and the one where the fault shows."""
    if not finding.get("scripts"):
        return None, "candidate"
    return ("candidate", "baseline") if finding.get("direction") == "back" else ("baseline", "candidate")


def rerun(finding: Data, environment: Environment, saver: Environment | None = None) -> Proof:
    """Runs the script of a finding again: both halves, where a file goes from one release to another."""
    script = finding.get("script")
    if not script:
        return Proof(None, "the finding has no script")
    if saver is not None:
        return _halves(finding, environment, saver)
    return run_script(
        str(script), environment.interpreter, Path(tempfile.gettempdir()), variables=environment.variables
    )


def _halves(finding: Data, loader: Environment, saver: Environment) -> Proof:
    with tempfile.TemporaryDirectory(prefix="keras-harness-") as folder:
        scripts = {name: Script(source, Path(folder)) for name, source in finding["scripts"].items()}
        (first,) = run_scripts([scripts["save"]], saver.interpreter, variables=saver.variables)
        if not first.get("ended"):
            return Proof(None, f"its first half failed: {first.get('error')}")
        (then,) = run_scripts([scripts["load"]], loader.interpreter, variables=loader.variables)
    if then.get("shows") or then.get("ended"):
        return Proof(bool(then.get("shows")), "", str(then.get("said", "")))
    return Proof(None, f"it failed itself: {then.get('error')}")


def markdown_of(finding: Data, report: Data, output: str, resolved: Mapping[str, str]) -> str:
    """A bug report, ready to be pasted: what happens, what should, the script, the versions.

    The versions are those under which it was run again, where that was another environment than the report's.
    """
    environment = report.get("environments", {}).get("candidate", {})
    packages = environment.get("packages", {})
    stated = {
        "Keras": environment.get("keras"),
        "TensorFlow": environment.get("tensorflow"),
        "NumPy": packages.get("numpy"),
        "Python": environment.get("python"),
    }
    if resolved:
        stated = {name: resolved.get(name.lower()) for name in stated}
    scripts = finding.get("scripts") or {"load": str(finding["script"])}
    error = finding.get("error")
    if error:
        expected, actual = "No error.", _fenced(f"{error['type']}: {str(error['message']).strip()[:1000]}")
    else:
        place = f" at `{finding['where']}`" if finding.get("where") else ""
        expected = f"`{finding['expected']!s:.500}`{place}"
        actual = f"`{finding['actual']!s:.500}`"
    parts = [
        f"# {finding['title']}",
        f"Seen on: {', '.join(finding['routes'])}",
        "## Versions\n\n" + "\n".join(f"- {name} {version}" for name, version in stated.items() if version),
        "## Script\n\n" + "\n\n".join(f"```python\n{each.rstrip()}\n```" for each in scripts.values()),
        f"## Expected\n\n{expected}",
        f"## Actual\n\n{actual}",
    ]
    if output.strip():
        parts.append(f"The script prints:\n\n{_fenced(output.strip()[-2000:])}")
    return "\n\n".join(parts)


def _fenced(text: str) -> str:
    """The text as it is: a page would read what stands in it, such as ``<Dense name=dense>``, as its own."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"
