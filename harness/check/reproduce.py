"""One finding of a report once more: its script run where it was seen, and a bug report made of it.

The script is run as it stands in the report, and nothing keeps it from anything: a report of a stranger is a program of
a stranger. It is not written anew from the architecture, for the driver has no Keras that could say what is harmless.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.check.proof import Proof, run_script
from harness.environments.environment import Environment

Data = Mapping[str, Any]


def interpreter_of(report: Data) -> str:
    """The interpreter under which a report was made."""
    return str(report.get("environments", {}).get("candidate", {}).get("interpreter") or sys.executable)


def environment_of(report: Data) -> str:
    """The environment of a report as `--env` takes it: what was asked for, where it was made of that."""
    candidate = report.get("environments", {}).get("candidate", {})
    return str(candidate["asked"]) if "made" in candidate else interpreter_of(report)


def rerun(finding: Data, environment: Environment) -> Proof:
    """Runs the script of a finding again."""
    script = finding.get("script")
    if not script:
        return Proof(None, "the finding has no script")
    return run_script(
        str(script), environment.interpreter, Path(tempfile.gettempdir()), variables=environment.variables
    )


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
