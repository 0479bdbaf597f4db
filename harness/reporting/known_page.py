"""Known issues to read: on a terminal, and as a page by layer and version."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from harness.expectations.known import KnownIssue

if TYPE_CHECKING:
    from harness.check.confirm import Confirmation

_HEAD = """# What Keras is known to break

{count} ways in which a Keras model is no longer the same model after it was saved, loaded, cloned, frozen or exported.
`keras-harness check` found them; each was checked by hand against the source of Keras and has a script that needs
nothing but Keras, its TensorFlow and NumPy. It exits with 1 while its issue shows and with 0 when it does not:

```
keras-harness known --verify                      # all of them, under the Keras at hand: a minute
keras-harness known --verify --env path/to/venv   # under another one
```

An issue whose script shows nothing any more fails that command: this page tells what is broken, not what once was. It
is made by `keras-harness known --markdown docs/known-issues.md` from `harness/expectations/known_issues/`.
"""
_FAMILIES = {
    "layers": "Layers and initializers",
    "hdf5": "The .h5 format",
    "training": "Optimizers, losses and metrics",
    "export": "Exported models",
    "topologies": "Ways to put models together",
    "operations": "Operations",
    "own": "Layers and models of one's own",
}
_OTHERS = "Layers, optimizers and files"


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
    """All issues in Markdown: a table by what they are about, then each with its reason and its script."""
    chapters: dict[tuple[int, int, str], list[KnownIssue]] = {}
    for issue in issues:
        title = _FAMILIES.get(issue.family, _OTHERS)
        order = [*_FAMILIES.values(), _OTHERS].index(title)
        chapters.setdefault((-_major(issue), order, title), []).append(issue)
    told = [issue for chapter in sorted(chapters) for issue in chapters[chapter]]
    lines = [_HEAD.format(count=len(told)), *_by_subject(told)]
    for (version, _, title), of_chapter in sorted(chapters.items()):
        lines += ["", f"## Keras {-version}: {title}" if version else f"## {title}"]
        for issue in of_chapter:
            lines += _told(issue)
    return "\n".join(lines) + "\n"


def _by_subject(issues: Sequence[KnownIssue]) -> list[str]:
    """A table: for each layer, or what else issues are about, those of each major version."""
    subjects: dict[str, dict[int, list[KnownIssue]]] = {}
    for issue in issues:
        for subject in issue.about or ("anything else",):
            subjects.setdefault(subject, {}).setdefault(_major(issue), []).append(issue)
    versions = sorted({_major(issue) for issue in issues}, reverse=True)
    columns = ["about", *(f"Keras {each}" if each else "Keras" for each in versions)]
    lines = ["## By layer", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for subject in sorted(subjects, key=lambda each: (not each[0].isupper(), each)):  # classes first
        cells = ("<br>".join(f"[{each.id}](#{each.id})" for each in subjects[subject].get(v, ())) for v in versions)
        lines.append(f"| {subject} | {' | '.join(cells)} |")
    return lines


def _told(issue: KnownIssue) -> list[str]:
    lines = [
        "",
        f"### {issue.id}",
        "",
        f"*{', '.join((*issue.about, f'Keras {issue.keras}'.rstrip()))}.* {issue.reason}",
    ]
    if issue.link:
        lines += ["", f"Upstream: <{issue.link}>"]
    return [*lines, "", "```python", issue.script.strip(), "```"] if issue.script else lines


def _major(issue: KnownIssue) -> int:
    """The major version that an issue is of, 0 for any."""
    match = re.search(r"\d+", issue.keras)
    return int(match[0]) if match else 0


def _reason(issue: KnownIssue) -> str:
    return textwrap.fill(issue.reason, 110, initial_indent="    ", subsequent_indent="    ")
