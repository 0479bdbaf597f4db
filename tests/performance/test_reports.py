"""The reports of a measurement: whole, safe with names of a stranger's, readable without a mouse or a network."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import struct
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
from harness.performance.machine import about
from harness.performance.measured import Benchmark, Sample
from harness.performance.options import Options
from harness.performance.paired import log_ratios
from harness.performance.result import Result
from harness.performance.sequential import Decisions
from harness.performance.series import series
from harness.performance.verdicts import VERDICTS, WORDS, alarms_of, rows
from harness.reporting import bench_markdown, history_markdown, performance_page, picture, plots
from harness.reporting.comparison_text import print_comparison, shown
from tests.performance.stub import interpreter
from tests.performance.test_history import line

NASTY = "<script>alert(1)</script> | x"


def result(*, slower: float = 1.0, name: str = "one") -> Result:
    """A comparison of one benchmark, without the running."""
    about = {"tensorflow": "2.21.0", "keras": "3.15.1", "python": "3.11.7", "packages": {"numpy": "2.4.6"}}
    made = Result(Options(), {"processor": "p", "memory_gib": 1}, {"baseline": about, "candidate": about})
    benchmark = Benchmark(name, "predict")
    made.benchmarks, made.alarms, made.processes = [benchmark], alarms_of(()), 10
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
    looked = [(each, []) for each in series(read(tmp_path / "history").lines)]
    drawn = plots.histories(looked, "title")
    ElementTree.fromstring(drawn)
    tables = bench_markdown.markdown(result(name=HOSTILE, slower=1.3)), history_markdown.markdown(looked)
    for text in (capsys.readouterr().out, page.read_text(), console.file.getvalue(), picture, drawn, *tables):
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


def history_of(tmp_path: Path) -> str:
    """A history with one benchmark that became slower with 2.21.0, one that did not, and one of another machine."""
    folder = tmp_path / "history"
    for run in range(30):
        release = "2.20.0" if run < 15 else "2.21.0"
        value = (1.0 + 0.2 * (run >= 15)) * (1.01 if run % 2 else 1.0)
        benchmarks = {"one / predict": {"time": value, "memory": 5.0 * 2**20}, "two | x / predict": {"time": 1.0}}
        append(folder, [line(day=run + 1, release=release, commit=f"{run:040d}", benchmarks=benchmarks)])
    append(folder, [line(machine={"id": "other", "processor": "p", "cores": 64})])
    return str(folder)


def test_the_report_of_a_history_has_a_series_for_each_benchmark_with_its_points_changes_and_releases(
    tmp_path: Path,
) -> None:
    path = tmp_path / "report.json"
    assert code("history", "--history", history_of(tmp_path), "--machine", "all", "--json", str(path)) == 0
    report = json.loads(path.read_text())
    assert (report["schema_version"], report["command"], report["verdict"]) == (1, "history", "pass")
    assert report["machines"]["other"]["cores"] == 64
    found = {(each["name"], each["machine"]): each for each in report["benchmarks"]}
    assert len(found) == 3
    one = found["one / predict", about()["id"]]
    assert (one["measure"], one["threads"], len(one["points"])) == ("time", 2, 30)
    assert one["points"][0] == {
        "time": "2026-01-01T00:00:00+00:00", "tensorflow": "2.20.0", "keras": "3.15.1", "value": 1.0,
        "commit": f"{0:040d}", "quick": False,
    }  # fmt: skip
    (change,) = one["changes"]
    assert (change["at"], change["time"]) == (15, one["points"][15]["time"])
    assert change["ratio"] == pytest.approx(1.2, rel=0.02)
    assert (change["before"]["tensorflow"], change["after"]["tensorflow"]) == ("2.20.0", "2.21.0")
    assert [(each["at"], each["tensorflow"]) for each in one["releases"]] == [(0, "2.20.0"), (15, "2.21.0")]
    assert found["two | x / predict", about()["id"]]["changes"] == []


def test_a_history_in_a_pull_request_has_a_row_for_each_benchmark_and_folds_what_did_not_change(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    assert code("history", "--history", history_of(tmp_path), "--markdown", str(path)) == 0
    written = path.read_text()
    assert written.startswith("## 2 benchmarks, 1 of them changed\n")
    changed, folded = written.split("<details><summary>1 without a change</summary>")
    (row,) = (each for each in changed.splitlines() if each.startswith("| one / predict"))
    cells = [each.strip() for each in row.strip("|").split("|")]
    assert cells[2:4] == ["1.21 s (TensorFlow 2.21.0 Keras 3.15.1)", "30"]
    assert "% slower since 2026-01-16 (TensorFlow 2.20.0 Keras 3.15.1 to TensorFlow 2.21.0" in cells[4]
    (row,) = (each for each in folded.splitlines() if each.startswith("| two"))
    assert row.count("|") == 6  # the one in the name ends no cell


def test_a_history_is_drawn_as_one_picture_with_its_changes_and_releases(tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    assert code("history", "--history", history_of(tmp_path), "--machine", "all", "--svg", str(path)) == 0
    drawing = ElementTree.fromstring(path.read_text())
    space = "{http://www.w3.org/2000/svg}"
    plots_of = list(drawing.findall(f"{space}svg"))
    assert len(plots_of) == 3
    assert [len(list(each.iter(f"{space}circle"))) for each in plots_of] == [30, 30, 1]
    said = [each.text for each in drawing.iter(f"{space}text")]
    assert "keras-harness history: 3 benchmarks, 1 of them changed" in said
    assert any(text and "% slower since 2026-01-16" in text for text in said)
    assert {"2.20.0", "2.21.0", "machine other: p, 64 processors"} <= set(said)
    for plot in plots_of:  # none is cut off by the edge
        assert float(plot.get("x", "")) + float(plot.get("width", "")) <= float(drawing.get("width", ""))
        assert float(plot.get("y", "")) + float(plot.get("height", "")) <= float(drawing.get("height", ""))
    assert "prefers-color-scheme: dark" in path.read_text()


def test_what_is_damaged_or_not_there_is_in_the_reports_of_a_history_too(tmp_path: Path, capsys) -> None:
    folder = tmp_path / "history"
    (path,) = append(folder, [line(machine={"id": "other"})])
    path.write_text("{]\n" + path.read_text())
    options = ("--json", str(tmp_path / "r.json"), "--markdown", str(tmp_path / "r.md"))
    assert code("history", "--history", str(folder), *options) == 3
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["verdict"], report["benchmarks"]) == ("error", [])
    assert "is damaged" in report["problems"][0]
    assert "nothing of this machine" in report["problems"][1]
    written = (tmp_path / "r.md").read_text()
    assert "No history to show" in written
    assert "nothing of this machine" in written
    assert code("history", "--history", str(folder), "--machine", "all", *options) == 0
    assert "is damaged" in (tmp_path / "r.md").read_text()


def test_series_that_are_called_alike_say_what_they_differ_in(tmp_path: Path, capsys) -> None:
    environment = line()["environment"]
    append(tmp_path, [line(), line(environment={**environment, "threads": 8})])
    imported = {**environment, "threads": None, "source": "pytest-benchmark"}
    append(tmp_path, [line(environment=imported), line(benchmarks={"alone / predict": {"time": 1.0}})])
    assert code("history", "--history", str(tmp_path)) == 0
    said = capsys.readouterr().out
    for name in ("(2 threads, bench)", "(8 threads, bench)", "(pytest-benchmark)", "alone / predict  "):
        assert name in said


def test_without_jinja2_it_says_how_to_get_it_before_anything_is_measured(
    tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert code("bench", "--env", interpreter(tmp_path / "a"), "--html", str(tmp_path / "p.html")) == 3
    assert 'pip install "keras-harness[bench]"' in capsys.readouterr().err
    assert not (tmp_path / "a" / "started").exists()


@pytest.mark.parametrize("option", ["--svg", "--png"])
def test_a_picture_of_one_release_is_wrong_usage(option: str, tmp_path: Path, capsys) -> None:
    assert code("bench", "--env", "x", option, str(tmp_path / "picture")) == 2
    assert f"{option} draws a comparison: name --baseline" in capsys.readouterr().err


with_fonts = pytest.mark.skipif("a font" in (picture.lacking() or ""), reason="no font is installed here")


def size_of(png: bytes) -> tuple[int, int]:
    """The width and height that a PNG says it has."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@with_fonts
def test_a_history_is_written_as_pixels_with_its_words_and_twice_as_fine_as_it_is_drawn(tmp_path: Path) -> None:
    paths = tmp_path / "p.svg", tmp_path / "p.png"
    options = ("--svg", str(paths[0]), "--png", str(paths[1]))
    assert code("history", "--history", history_of(tmp_path), *options) == 0
    drawn, pixels = paths[0].read_text(), paths[1].read_bytes()
    drawing = ElementTree.fromstring(drawn)
    assert size_of(pixels) == tuple(2 * round(float(drawing.get(key, ""))) for key in ("width", "height"))
    assert pixels == picture.png(drawn)
    without_words = re.sub(r"(<text[^>]*>)[^<]+", r"\1", drawn)
    assert without_words != drawn
    assert len(picture.png(without_words)) < len(pixels) / 1.5


@with_fonts
def test_a_comparison_is_written_as_pixels(tmp_path: Path) -> None:
    one = interpreter(tmp_path / "a", noise=0.002)
    path = tmp_path / "picture.png"
    assert code("bench", "--baseline", one, "--candidate", one, "--quick", "--no-history", "--png", str(path)) == 0
    width, height = size_of(path.read_bytes())
    assert width > 1200
    assert height > 200


def test_a_history_of_a_thousand_benchmarks_is_a_picture_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "MOST", 300.0)
    lines = [line(benchmarks={f"{number} / predict": {"time": 1.0} for number in range(20)})]
    assert max(size_of(picture.png(plots.histories([(each, []) for each in series(lines)], "title")))) <= 301


@pytest.mark.parametrize("command", [("history",), ("bench", "--baseline", "x", "--candidate", "y")])
def test_where_no_png_can_be_made_it_says_what_to_install_before_anything_is_done(
    command: tuple[str, ...], tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.png"
    monkeypatch.setattr(picture, "STYLE", "svg { font: 11px 'No Such Family'; }")
    assert code(*command, "--png", str(path)) == 3
    assert "a font, and finds none: install one" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert code(*command, "--png", str(path)) == 3
    assert capsys.readouterr().err == 'keras-harness: --png needs resvg-py: pip install "keras-harness[png]"\n'
    assert not path.exists()


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
