"""One finding as plain text: what, where, how big, the script that shows it, and the line that reproduces it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.expectations.finding import Finding


def finding_text(finding: Finding) -> str:
    """Several lines, the title first."""
    return stored_text(finding.to_json())


def stored_text(finding: Mapping[str, Any]) -> str:
    """The same of a finding as a report holds it."""
    lines = [f"{finding['id']} {finding['check']}: {finding['title']}"]
    if finding["where"]:
        lines.append(f"  where     {finding['where']}")
    if finding["error"] is not None:
        lines.append(f"  raised    {finding['error']['message']!s:.600}")
        lines.append(f"  in        {finding['error']['place']}")
    else:
        lines.append(f"  expected  {finding['expected']!r:.300}")
        lines.append(f"  actual    {finding['actual']!r:.300}")
    if finding["difference"]:
        size = ", ".join(f"{key} {value}" for key, value in finding["difference"].items() if value not in (None, False))
        lines.append(f"  size      {size}")
    lines.append(f"  routes    {', '.join(finding['routes'])}; layers: {', '.join(finding['layers'])}")
    if finding["consequences"]:
        lines.append(f"  also      {', '.join(finding['consequences'])}")
    for script in (finding.get("scripts") or {"load": finding["script"]}).values():
        lines += ["", script.rstrip(), ""] if script else []
    if finding["script_problem"]:
        lines.append(f"the script does not show the fault by itself: {finding['script_problem']}")
    lines.append(f"keras-harness reproduce {finding['id']}")
    return "\n".join(lines)
