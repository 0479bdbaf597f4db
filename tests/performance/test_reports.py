"""The reports of a measurement: whole, safe with names of a stranger's, readable without a mouse or a network."""

from __future__ import annotations

import dataclasses
import io
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from harness.cli import main
from harness.performance.changes import Change
from harness.performance.history import append, read
from harness.performance.measured import Benchmark, Sample
from harness.performance.options import Options
from harness.performance.paired import log_ratios
from harness.performance.result import Result
from harness.performance.sequential import Decisions
from harness.performance.series import series
from harness.performance.verdicts import DEFAULT_ALARMS, VERDICTS, WORDS, rows
from harness.reporting import bench_markdown, performance_page, plots
from harness.reporting.comparison_text import print_comparison, shown
from tests.performance.stub import interpreter
from tests.performance.test_history import line

NASTY = "<script>alert(1)</script> | x"


def result(*, slower: float = 1.0, name: str = "one") -> Result:
    """A comparison of one benchmark, without the running."""
    about = {"tensorflow": "2.21.0", "keras": "3.15.1", "python": "3.11.7", "packages": {"numpy": "2.4.6"}}
    made = Result(Options(), {"processor": "p", "memory_gib": 1}, {"baseline": about, "candidate": about})
    benchmark = Benchmark(name, "predict")
    made.benchmarks, made.alarms, made.processes = [benchmark], DEFAULT_ALARMS, 10
    for number in range(5):
        noise = 1 + 0.001 * number
        made.take(benchmark, {"baseline": Sample((1.0,), 100), "candidate": Sample((slower * noise,), 100)})
    decisions = Decisions(made.options.plan, [f"{benchmark.name} [{measure}]" for measure in ("time", "memory")])
    logs = {}
    for measure in ("time", "memory"):
        before, after = (made.values(side, benchmark, measure) for side in ("baseline", "candidate"))
        logs[f"{benchmark.name} [{measure}]"] = log_ratios(list(zip(before, after, strict=True)))
    decisions.look(5, logs)
    made.decisions = decisions
    return made


class Page(HTMLParser):
    """What a browser would see: tags that are open, what is fetched, ids and links to them."""

    VOID = {"meta", "link", "br", "col", "rect", "line", "circle", "polyline", "polygon", "hr", "input"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.fetched += [str(given[key]) for key in ("src", "href") if key in given and tag != "a"]
        self.links += [str(given["href"])] if tag == "a" else []
        self.ids += [str(given["id"])] if "id" in given else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_nothing_else_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    append(tmp_path, [line(1.0 + (run > 8), day=run + 1) for run in range(16)])
    looked = [(each, [Change(9, 2.0)]) for each in series(read(tmp_path).lines)]
    page = Page(performance_page.of_result(result(slower=1.3), looked))
    assert not page.open
    assert page.fetched == ["data:,"]
    assert "script" not in page.tags
    assert page.links
    assert {each.removeprefix("#") for each in page.links} == set(page.ids)
    assert "slower since 2026-01-10" in page.text
    assert "+30" in page.text


def test_names_of_a_stranger_s_are_text_on_the_page_and_in_markdown() -> None:
    text = performance_page.of_result(result(name=NASTY))
    assert "<script>" not in text
    assert NASTY in Page(text).text
    written = bench_markdown.markdown(result(name=NASTY, slower=1.3))
    assert "<script>" not in written
    (row,) = (each for each in written.splitlines() if "alert" in each and "time" in each and each.startswith("| "))
    assert len(re.split(r"(?<!\\)\|", row)) == 9


HOSTILE = "a\x1b[2J\u202e\ud800 / b\x00"


def test_a_name_cannot_steer_the_terminal_nor_cost_the_page_or_the_picture(tmp_path: Path, capsys) -> None:
    append(tmp_path / "history", [line(benchmarks={HOSTILE: {"time": 1.0}})])
    page = tmp_path / "page.html"
    assert code("history", "--history", str(tmp_path / "history"), "--html", str(page)) == 0
    console = Console(width=200, file=io.StringIO())
    print_comparison(result(name=HOSTILE), console)
    picture = plots.ratios(rows(result(name=HOSTILE)), 0.05, "title")
    ElementTree.fromstring(picture)
    for text in (capsys.readouterr().out, page.read_text(), console.file.getvalue(), picture,
                 bench_markdown.markdown(result(name=HOSTILE, slower=1.3))):  # fmt: skip
        assert "\\x1b" in text or "&#92;x1b" in text
        assert not set("\x1b\u202e\ud800\x00") & set(text)


def test_a_message_is_shown_as_it_is_in_markdown_and_calls_nobody() -> None:
    """A cell that ends in a backslash must not swallow the end of the cell, and __init__ is no bold init."""
    made = result(slower=1.3, name="x\\| a_b __init__ [a](http://b) `c` @team &lt;")
    (row,) = (each for each in bench_markdown.markdown(made).splitlines() if "init" in each and "| time |" in each)
    assert row.startswith(
        "| x&#92;&#124; a_b &#95;&#95;init&#95;&#95; &#91;a&#93;(http://b) &#96;c&#96; "
        "@&#8203;team &#38;lt; / predict | time |"
    )


def test_what_is_slower_is_told_as_that_everywhere() -> None:
    made = result(slower=1.3)
    assert "❌ FAILED: 1 benchmark" in bench_markdown.markdown(made)
    assert "slower" in Page(performance_page.of_result(made)).text
    assert "✅ PASSED" in bench_markdown.markdown(result())


def test_a_plot_shows_what_is_beyond_its_end_as_an_arrow() -> None:
    (near, *_), (far, *_) = list(rows(result(slower=1.2))), list(rows(result(slower=3.0)))
    assert "polygon" not in plots.bar(near, 0.05)
    assert "circle" in plots.bar(near, 0.05)
    assert "polygon" in plots.bar(far, 0.05)
    assert 'class="bad"' in plots.bar(far, 0.05)


def test_a_long_name_does_not_run_into_the_plot() -> None:
    name = "a model in a folder/of mine, which has a very long name/model.keras"
    drawing = ElementTree.fromstring(plots.ratios(rows(result(name=name)), 0.05, "title"))
    space = "{http://www.w3.org/2000/svg}"
    band = min(float(each.get("x", "")) for each in drawing.iter(f"{space}rect"))
    assert band > 8 + 6 * len(name)
    assert float(drawing.get("width", "")) > band + plots.BAR[0] / 2 + 190


def test_on_a_phone_the_rows_of_a_table_take_its_whole_width() -> None:
    """Rows that are grids within a table would all lie in its first column."""
    narrow = performance_page.of_result(result()).partition("@media (max-width: 44rem)")[2].partition("\n}")[0]
    assert ".stacked, .stacked tbody { display: block; }" in narrow
    assert ".stacked colgroup { display: none; }" in narrow


def test_a_series_is_drawn_with_its_changes_and_releases() -> None:
    lines = [line(1.0 + (run > 4), day=run + 1, release="2.20.0" if run < 5 else "2.21.0") for run in range(10)]
    (one,) = series(lines)
    drawing = ElementTree.fromstring(plots.line(one, [Change(5, 2.0)]))
    space = "{http://www.w3.org/2000/svg}"
    dots = [float(each.get("cy", "")) for each in drawing.iter(f"{space}circle")]
    assert len(dots) == 10
    assert min(dots[:5]) > max(dots[5:])  # slower is higher up
    said = [each.text for each in drawing.iter(f"{space}text")]
    assert said == ["2.20.0", "2.21.0", "+100.0 %"]
    assert len([each for each in drawing.iter(f"{space}line") if each.get("class") == "mark"]) == 1


def test_one_run_alone_can_be_drawn() -> None:
    assert "circle" in plots.line(series([line()])[0], [])


def code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def test_every_report_is_written_and_the_picture_is_whole(tmp_path: Path) -> None:
    one = interpreter(tmp_path / "a", noise=0.002)
    paths: dict[str, Any] = {each: tmp_path / f"report.{each}" for each in ("json", "markdown", "html", "svg")}
    options = [part for each, path in paths.items() for part in (f"--{each}", str(path))]
    assert code("bench", "--baseline", one, "--candidate", one, "--quick", *options) == 0
    assert ElementTree.fromstring(paths["svg"].read_text()).tag.endswith("svg")
    assert "one / predict" in paths["markdown"].read_text()
    assert "prefers-color-scheme: dark" in paths["html"].read_text()
    assert code("bench", "--env", one, "--quick", "--html", str(paths["html"])) == 0
    assert "What was measured" in paths["html"].read_text()


def test_the_page_of_a_history_is_written(tmp_path: Path) -> None:
    append(tmp_path / "history", [line(day=run + 1) for run in range(3)])
    page = tmp_path / "page.html"
    assert code("history", "--history", str(tmp_path / "history"), "--html", str(page)) == 0
    assert "one / predict" in Page(page.read_text()).text


def test_without_jinja2_it_says_how_to_get_it_before_anything_is_measured(
    tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert code("bench", "--env", interpreter(tmp_path / "a"), "--html", str(tmp_path / "p.html")) == 3
    assert 'pip install "keras-harness[bench]"' in capsys.readouterr().err
    assert not (tmp_path / "a" / "started").exists()


def test_a_picture_of_one_release_is_wrong_usage(tmp_path: Path, capsys) -> None:
    assert code("bench", "--env", "x", "--svg", str(tmp_path / "p.svg")) == 2
    assert "--baseline" in capsys.readouterr().err


def test_of_memory_that_grew_everywhere_the_terminal_shows_one_benchmark_of_each_model() -> None:
    made = list(rows(result()))
    (memory,) = (row for row in made if row.measure == "memory")
    grown = [
        dataclasses.replace(
            memory,
            benchmark=Benchmark(workload, operation),
            verdict="more-memory",
            ratio=dataclasses.replace(memory.ratio, estimate=estimate),
        )
        for workload, operation, estimate in (("a", "build", 1.2), ("a", "predict", 1.4), ("b", "build", 1.3))
    ]
    assert [row.benchmark.name for row in shown(grown)] == ["a / predict", "b / build"]


def test_a_verdict_is_counted_once() -> None:
    assert len(set(VERDICTS)) == len(VERDICTS)
    assert set(VERDICTS) >= {word for words in WORDS.values() for word in words.values()}
