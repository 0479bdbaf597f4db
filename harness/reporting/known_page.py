"""Known issues to read: on a terminal, and as a page by layer and version."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from harness.expectations.known import KnownIssue

if TYPE_CHECKING:
    from harness.check.confirm import Confirmation

_HEAD = """# What Keras is known to break

Found by `keras-harness check`, checked by hand against the source of Keras, each with a script that exits 1 while it
shows. Made by `keras-harness known --markdown docs/known-issues.md` from `harness/expectations/known_issues/`;
`keras-harness known --verify` runs the scripts under the Keras at hand.
"""


def listing(issues: Iterable[KnownIssue]) -> str:
    """One paragraph for each issue."""
    return "\n".join(f"{each.id}  (Keras {each.keras or 'any'})\n{_reason(each)}" for each in issues)


def confirmations(confirmed: Sequence[Confirmation]) -> str:
    """A line for each issue that does not show as it should, and the counts."""
    lines = []
    for each in confirmed:
        if each.issue.expired:
            lines.append(f"EXPIRED    {each.issue.id}: waited for until {each.issue.expires}")
        if each.state == "stale":
            lines.append(
                f"STALE      {each.issue.id}: its script shows nothing any more; mended, or never Keras's fault?"
            )
        elif each.state != "shows":
            lines.append(f"{each.state.upper():10} {each.issue.id}{': ' if each.detail else ''}{each.detail}")
    shown = sum(each.state == "shows" for each in confirmed)
    lines.append(f"{shown} of {len(confirmed)} known issues show")
    return "\n".join(lines)


def page(issues: Iterable[KnownIssue]) -> str:
    """All issues in Markdown: a table by layer, then each with its reason and its script."""
    issues = sorted(issues, key=lambda each: (each.keras.startswith(">=2"), each.id))
    by_layer: dict[str, list[KnownIssue]] = {}
    for issue in issues:
        for layer in issue.layers or ("(any)",):
            by_layer.setdefault(layer, []).append(issue)
    lines = [_HEAD, "| about | Keras | issue |", "|---|---|---|"]
    for layer, about in sorted(by_layer.items()):
        lines += [f"| {layer} | {each.keras} | [{each.id}](#{each.id}) |" for each in about]
    for issue in issues:
        lines += ["", f"## {issue.id}", "", f"Keras {issue.keras or 'any'}. {issue.reason}"]
        if issue.link:
            lines += ["", f"Upstream: <{issue.link}>"]
        if issue.script:
            lines += ["", "```python", issue.script.strip(), "```"]
    return "\n".join(lines) + "\n"


def _reason(issue: KnownIssue) -> str:
    return textwrap.fill(issue.reason, 110, initial_indent="    ", subsequent_indent="    ")
