"""What was measured as Markdown, for a comment in a pull request or the summary of a job."""

from __future__ import annotations

from collections.abc import Iterator

from harness.performance.paired import CONFIDENCE
from harness.performance.result import ALONE, Result
from harness.performance.sequential import SAME
from harness.performance.verdicts import rows, verdict
from harness.reporting import bench_text, comparison_text
from harness.reporting.markdown_text import safe
from harness.reporting.quantities import amount, percent

ICONS = {"pass": "✅", "fail": "❌", "error": "⚠️"}


def markdown(result: Result) -> str:
    """The verdict, the environments, and a table: of a comparison what is not the same, the rest below a fold."""
    if result.compares:
        lines = [f"## {ICONS[verdict(result)]} {safe(comparison_text.verdict_line(result))}", ""]
    else:
        lines = [f"## {safe(bench_text.alone_line(result))}", ""]
    lines += [f"- {safe(line)}" for line in bench_text.environment_lines(result)]
    lines += [f"- {safe(line)}" for line in bench_text.disturbance_lines(result)]
    lines += ["", *(_compared(result) if result.compares else _alone(result))]
    lines += [f"\n> not measured: {safe(problem)}" for problem in result.problems]
    return "\n".join(lines) + "\n"


def _compared(result: Result) -> Iterator[str]:
    every = list(rows(result))
    changed = [row for row in every if row.verdict != SAME]
    for part, title in ((changed, ""), ([row for row in every if row.verdict == SAME], "the same")):
        if not part:
            continue
        if title:
            yield f"\n<details><summary>{len(part)} {title}</summary>\n"
        yield f"| benchmark | measure | baseline | candidate | difference | {CONFIDENCE:.0%} interval | verdict |"
        yield "|---|---|---:|---:|---:|---:|---|"
        for row in part:
            cells = (
                row.benchmark.name, row.measure, amount(row.baseline, row.measure), amount(row.candidate, row.measure),
                percent(row.ratio.estimate) if row.ratio.pairs else "", comparison_text.interval(row),
                f"{row.said}: {row.told}" if row.told else row.said,
            )  # fmt: skip
            yield f"| {' | '.join(map(safe, cells))} |"
        if title:
            yield "\n</details>"


def _alone(result: Result) -> Iterator[str]:
    yield "| benchmark | time | processes apart | peak memory | file |"
    yield "|---|---:|---:|---:|---:|"
    for benchmark, cells in bench_text.rows(result, ALONE):
        yield f"| {' | '.join(map(safe, (benchmark.name, *cells)))} |"
