"""Plots as SVG, drawn by hand: a ratio with its interval, and a series with its changes.

Colours are classes, which the page defines for light and dark; `standalone` gives a plot the same as its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from xml.etree import ElementTree

from harness.performance.changes import Change
from harness.performance.sequential import SAME
from harness.performance.series import Series
from harness.performance.verdicts import Row
from harness.reporting.history_text import Looked, by_machine, change_line, change_since, headline, machine_line, runs
from harness.reporting.printable import printable, printable_lines
from harness.reporting.quantities import amount, percent

BAR = (220, 22)  # pixels of one interval
LINE = (360, 150)  # and of one series
LETTER = 7  # and of a letter, at most on average
COLUMNS, GAP, ROW = 2, 16, 15  # series side by side, pixels between them, and of a row of text
REACH = math.log(2)  # how far from "the same" the bars go; what is beyond ends in an arrow
BAD = ("slower", "more-memory", "larger", "fails")
GOOD = ("faster", "less-memory", "smaller", "no-longer-fails")

# By name as well: what makes a PNG of a picture knows no other, and leaves out a text whose font it does not find.
FAMILIES = (
    'system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, Ubuntu, Cantarell, "Noto Sans", "Open Sans", '
    '"Liberation Sans", "DejaVu Sans", FreeSans, sans-serif'
)
STYLE = """
svg { font: 11px FAMILIES; } svg text { stroke: none !important; }
.ink { fill: #1c2024; } .faint { fill: #5c6670; } .grid { stroke: #c9d0d6; } .band { fill: #e9edf0; }
.bad { fill: #b3261e; stroke: #b3261e; } .good { fill: #14713d; stroke: #14713d; }
.even { fill: #4a5560; stroke: #4a5560; } .open { fill: #8a5a00; stroke: #8a5a00; }
.run { fill: none; stroke: #2a5db0; } .dot { fill: #2a5db0; } .mark { stroke: #b3261e; } .release { stroke: #98a2ab; }
@media (prefers-color-scheme: dark) {
.ink { fill: #e6e9ec; } .faint { fill: #a3adb6; } .grid { stroke: #454d55; } .band { fill: #262c32; }
.bad { fill: #ff8a80; stroke: #ff8a80; } .good { fill: #6fd69b; stroke: #6fd69b; }
.even { fill: #b6c0c9; stroke: #b6c0c9; } .open { fill: #f0bd58; stroke: #f0bd58; }
.run { stroke: #8ab4f8; } .dot { fill: #8ab4f8; } .mark { stroke: #ff8a80; } .release { stroke: #6c7680; }
}
""".replace("FAMILIES", FAMILIES)


def kind(row: Row) -> str:
    """The class of a row's colour."""
    if row.verdict in BAD:
        return "bad"
    if row.verdict in GOOD:
        return "good"
    return "even" if row.verdict == SAME else "open"


def bar(row: Row, margin: float) -> str:
    """The interval of one ratio between half and twice, over the band of what counts as the same."""
    return _text(_bar(row, margin, _svg(*BAR, label=f"{row.said}, {percent(row.ratio.estimate)}")))


def _bar(
    row: Row, margin: float, parent: ElementTree.Element, left: float = 0.0, top: float = 0.0
) -> ElementTree.Element:
    width, height = BAR
    middle = top + height / 2

    def place(ratio: float) -> float:
        part = math.log(min(max(ratio, 1e-9), 1e9)) / REACH
        return left + width / 2 * (1 + max(-1.0, min(1.0, part)) * 0.96)

    low, high = place(1 / (1 + margin)), place(1 + margin)
    _add(parent, "rect", "band", x=low, y=top, width=high - low, height=height)
    _add(parent, "line", "grid", x1=place(1), x2=place(1), y1=top, y2=top + height)
    if not row.ratio.pairs:
        return parent
    at, about = place(row.ratio.estimate), kind(row)
    ends = place(row.ratio.low), place(row.ratio.high)
    _add(parent, "line", about, x1=ends[0], x2=ends[1], y1=middle, y2=middle, stroke_width=2)
    if abs(math.log(row.ratio.estimate)) < REACH:
        _add(parent, "circle", about, cx=at, cy=middle, r=4)
    for edge, beyond in ((0, row.ratio.low < math.exp(-REACH)), (1, row.ratio.high > math.exp(REACH))):
        if beyond:
            tip, back = left + width * edge, left + width * edge + (-6 if edge else 6)
            points = f"{tip:.1f},{middle:.1f} {back:.1f},{middle - 5:.1f} {back:.1f},{middle + 5:.1f}"
            _add(parent, "polygon", about, points=points)
    return parent


def ratios(rows: Iterable[Row], margin: float, title: str) -> str:
    """All of them as one picture of its own, for a README or a pull request."""
    every = list(rows)
    names, gap = max(250, 8 + LETTER * max((len(printable(row.benchmark.name)) for row in every), default=0)), 24
    drawing = _svg(names + BAR[0] + 190, 50 + gap * len(every), label=title)
    _add(drawing, "style").text = STYLE
    _add(drawing, "text", "ink", x=8, y=20, font_weight="bold").text = title
    _add(drawing, "text", "faint", x=8, y=36).text = f"candidate over baseline; the band is ±{margin:.0%}"
    for number, row in enumerate(every):
        top = 46 + gap * number
        _add(drawing, "text", "ink", x=8, y=top + 15).text = printable(row.benchmark.name)
        _bar(row, margin, drawing, names, top)
        told = f"{percent(row.ratio.estimate)}  {row.said}" if row.ratio.pairs else row.said
        _add(drawing, "text", kind(row), x=names + BAR[0] + 8, y=top + 15).text = told
    return _text(drawing)


def line(series: Series, changes: Sequence[Change]) -> str:
    """One series: runs from left to right, time upwards (in logarithms), changes and releases as lines across."""
    return _text(_line(series, changes))


def histories(looked: Iterable[Looked], title: str) -> str:
    """All series as one picture of its own, for a README or a pull request; those of each machine below its name."""
    every = by_machine(looked)
    widest = max((len(text) for each in every for text, _ in _caption(*each)), default=0)
    column = max(LINE[0], LETTER * widest) + GAP
    across = COLUMNS if len(every) > 1 else 1
    drawing = _svg(0, 0, label=title)
    _add(drawing, "style").text = STYLE
    _add(drawing, "text", "ink", x=8, y=20, font_weight="bold").text = f"{title}: {headline(every)}"
    said = "dotted lines are new releases, dashed ones are changes; up is longer, or more"
    _add(drawing, "text", "faint", x=8, y=36).text = said
    top = 46
    for machine, of in groupby(every, key=lambda each: machine_line(each[0])):
        _add(drawing, "text", "faint", x=8, y=top + 14).text = printable(machine)
        top += 24
        series = list(of)
        for begin in range(0, len(series), across):
            row = series[begin : begin + across]
            for place, each in enumerate(row):
                _captioned(drawing, each, 8 + column * place, top)
            top += LINE[1] + GAP + ROW * max(len(_caption(*each)) for each in row)
    _sized(drawing, max(8 + column * across, 16 + LETTER * max(len(title) + 40, len(said))), top)
    return _text(drawing)


def _captioned(drawing: ElementTree.Element, each: Looked, left: float, top: float) -> None:
    caption = _caption(*each)
    for number, (text, of) in enumerate(caption):
        _add(drawing, "text", of, x=left, y=top + ROW * (number + 1)).text = text
    plot = _line(*each)
    plot.attrib.update(x=f"{left:g}", y=f"{top + ROW * len(caption) + 6:g}")
    drawing.append(plot)


def _caption(series: Series, changes: Sequence[Change]) -> list[tuple[str, str]]:
    """What stands above a series, line by line, and the classes of its colours."""
    last = amount(series.points[-1].value, series.measure)
    return [
        (printable(series.name), "ink"),
        (printable(f"{last}, {runs(series)}"), "faint"),
        *((printable(change_since(series, each)), "bad" if each.ratio > 1 else "good") for each in changes),
    ]


def _line(series: Series, changes: Sequence[Change]) -> ElementTree.Element:
    width, height = LINE
    left, right, top, bottom = 8.0, width - 8.0, 26.0, height - 22.0
    logs = [math.log(value) for value in series.values]
    low, high = min(logs), max(logs)
    if high - low < 0.1:  # else noise looks like mountains
        low, high = (low + high - 0.1) / 2, (low + high + 0.1) / 2

    def across(run: float) -> float:
        return left + (right - left) * (run / (len(logs) - 1) if len(logs) > 1 else 0.5)

    def up(log: float) -> float:
        return bottom - (bottom - top) * (log - low) / (high - low)

    drawing = _svg(width, height, label=f"{series.benchmark}: {len(logs)} runs")
    _add(drawing, "rect", "band", x=0, y=top - 8, width=width, height=bottom - top + 16, rx=4)
    _releases(drawing, series, across, (top - 8, bottom + 8))
    for change in changes:
        at = across(change.at - 0.5)
        mark = _add(
            drawing, "line", "mark", x1=at, x2=at, y1=top - 8, y2=bottom + 8, stroke_width=2, stroke_dasharray="5 3"
        )
        _add(mark, "title").text = change_line(series, change)
        anchor = "start" if at < width / 2 else "end"
        text = _add(
            drawing, "text", "bad" if change.ratio > 1 else "good", x=at, y=12, text_anchor=anchor, stroke="none"
        )
        text.text = percent(change.ratio)
    points = " ".join(f"{across(run):.1f},{up(log):.1f}" for run, log in enumerate(logs))
    _add(drawing, "polyline", "run", points=points, stroke_width=1.5)
    for run, (log, point) in enumerate(zip(logs, series.points, strict=True)):
        dot = _add(drawing, "circle", "dot", cx=across(run), cy=up(log), r=3)
        _add(dot, "title").text = f"{amount(point.value, series.measure)}, {point.day}, {point.release}"
    return drawing


def _releases(drawing: ElementTree.Element, series: Series, across: object, ends: tuple[float, float]) -> None:
    """A line where the release changes, and its number below where there is room."""
    assert callable(across)
    taken = -math.inf
    for run, point in enumerate(series.points):
        before = series.points[run - 1] if run else None
        if before is not None and before.tensorflow == point.tensorflow:
            continue
        at = float(across(max(0.0, run - 0.5)))
        if before is not None:
            _add(drawing, "line", "release", x1=at, x2=at, y1=ends[0], y2=ends[1], stroke_dasharray="1 3")
        if at >= taken and point.tensorflow:
            anchor = "start" if at < LINE[0] - 50 else "end"
            _add(drawing, "text", "faint", x=at, y=LINE[1] - 2, text_anchor=anchor).text = point.tensorflow
            taken = at + 7.0 * len(point.tensorflow)


def _svg(width: float, height: float, *, label: str) -> ElementTree.Element:
    drawing = ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "aria-label": label})
    _sized(drawing, width, height)
    return drawing


def _sized(drawing: ElementTree.Element, width: float, height: float) -> None:
    drawing.attrib.update(viewBox=f"0 0 {width:g} {height:g}", width=f"{width:g}", height=f"{height:g}")


def _add(parent: ElementTree.Element, tag: str, of: str = "", **attributes: float | str) -> ElementTree.Element:
    written = {
        key.replace("_", "-"): f"{value:.1f}" if isinstance(value, float) else str(value)
        for key, value in attributes.items()
    }
    return ElementTree.SubElement(parent, tag, {**({"class": of} if of else {}), **written})


def _text(drawing: ElementTree.Element) -> str:
    return printable_lines(ElementTree.tostring(drawing, encoding="unicode"))  # a name may hold what is no XML
