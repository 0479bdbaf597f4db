"""The command `validate`: exit codes, reports, accepted findings, and no text of a stranger's as it is."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harness.commands.trial import Trial
from harness.commands.validate import validate as command
from harness.inspection.collect import collect
from harness.inspection.limits import Limits
from harness.inspection.recognise import inspect
from harness.inspection.report import Report
from harness.inspection.rules import RULES, SECURITY, VERDICTS
from harness.loading.loader import GIVEN, UNCALLED, Loader, Settings, accept_given
from harness.reporting import rules_page
from tests.inspection import building as b
from tests.inspection.bad_places import index
from tests.inspection.bad_references import with_lambda
from tests.inspection.saved_models import saved_model

ROOT = Path(__file__).resolve().parents[2]


def validate(*arguments: object, folder: Path, stdin: str = "", command: str = "validate", **variables: str) -> Any:
    code = "from harness.__main__ import main; main()"
    no_load = ["--no-load"] if command == "validate" else []
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **variables}
    return subprocess.run(
        [sys.executable, "-c", code, command, *map(str, arguments), *no_load],
        input=stdin, capture_output=True, text=True, timeout=120, check=False, cwd=folder, env=environment,
    )  # fmt: skip


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return b.keras(tmp_path).rename(tmp_path / "good.keras")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return b.keras(tmp_path, with_lambda(b.python_lambda())).rename(tmp_path / "bad.keras")


@pytest.fixture
def custom(tmp_path: Path) -> Path:
    return b.keras(tmp_path, b.model(activation=b.function("mine", "my"))).rename(tmp_path / "custom.keras")


def test_a_good_file_is_exit_0(good: Path, tmp_path: Path) -> None:
    done = validate(good, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ok ")
    assert "none loaded: 1 ok" in done.stdout


def test_a_bad_file_is_exit_1_and_says_what_where_and_what_to_do(bad: Path, good: Path, tmp_path: Path) -> None:
    done = validate(good, bad, folder=tmp_path)
    assert done.returncode == 1
    assert "python-code at config.json$.config.layers[3].config.function" in done.stdout
    assert RULES["python-code"].do in done.stdout
    assert "1 unsafe, 1 ok" in done.stdout


def test_what_could_not_be_decided_is_exit_3(tmp_path: Path, good: Path) -> None:
    assert validate("gone.keras", good, folder=tmp_path).returncode == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no file is named"),
        (("",), "a file without a name"),
        (("a", "--fail-on", "unsave"), "did you mean unsafe"),
        (("a", "--limit", "layer=3"), "did you mean layers"),
        (("a", "--limit", "layers=many"), "NAME=NUMBER"),
        (("a", "--limit", "layers=0"), "leaves nothing"),
        (("a", "--suppressions", "gone.toml"), "gone.toml"),
        (("a", "--jsonn", "x"), "--json"),
        (("a", "--memory", "nan"), "memory"),
        (("a", "--seconds", "0"), "seconds"),
    ],
)
def test_wrong_usage_is_exit_2_in_one_line(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = validate(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_fail_on_takes_only_the_verdicts_named(custom: Path, bad: Path, tmp_path: Path) -> None:
    assert validate(custom, folder=tmp_path).returncode == 1
    assert validate(custom, "--fail-on", "unsafe", "--fail-on", "bomb", folder=tmp_path).returncode == 0
    assert validate(custom, bad, "--fail-on", "unsafe", folder=tmp_path).returncode == 1


def test_a_limit_can_be_set(good: Path, tmp_path: Path) -> None:
    done = validate(good, "--limit", "json-depth=3", folder=tmp_path)
    assert done.returncode == 1
    assert "json-bomb" in done.stdout


def test_folders_are_walked_and_a_list_of_paths_is_read(good: Path, bad: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no model")
    (tmp_path / "data.json").write_text("{}")
    unzipped = tmp_path / "deeper" / "model"
    unzipped.mkdir(parents=True)
    for name, data in b.entries().items():
        (unzipped / name).write_bytes(data)
    assert "3 inspected" in validate(tmp_path, folder=tmp_path).stdout
    done = validate("-", folder=tmp_path, stdin=f"{good}\n\n{bad}\n")
    assert "2 inspected" in done.stdout
    assert done.returncode == 1


def test_a_folder_without_a_model_is_not_ok(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no model")
    assert validate(tmp_path, folder=tmp_path).returncode == 3


def test_links_below_a_folder_are_not_followed(good: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link.keras").symlink_to(good)
    done = validate(inner, folder=tmp_path)
    assert done.returncode == 3
    assert "no model in it" in done.stdout


def test_the_report_has_every_file(good: Path, bad: Path, tmp_path: Path) -> None:
    validate(good, bad, "--json", "report.json", folder=tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["schema_version"], report["command"], report["verdict"]) == (1, "validate", "fail")
    first, second = report["files"]
    assert first["verdict"] == "ok"
    assert first["sha256"] == hashlib.sha256(good.read_bytes()).hexdigest()
    assert (first["size"], first["format"], first["keras_version"]) == (good.stat().st_size, "keras", "3.15.1")
    assert (first["layers"], first["parameters"], first["loaded"], first["findings"]) == (3, 26, None, [])
    assert second["findings"][0]["rule"] == "python-code"
    assert {"CVE-2024-3660"} <= set(second["findings"][0]["cve"])
    assert report["findings"][0]["subject"] == {"file": str(bad)}


def test_junit_has_a_case_for_each_file(good: Path, bad: Path, tmp_path: Path) -> None:
    validate(good, bad, "--junitxml", "report.xml", folder=tmp_path)
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    assert "python-code" in suite.findall("testcase/failure")[0].text


def test_a_file_that_was_not_read_is_no_pass_whatever_fails(good: Path, tmp_path: Path) -> None:
    done = validate(good, "gone.keras", "--fail-on", "unsafe", "--junitxml", "report.xml", folder=tmp_path)
    assert ElementTree.parse(tmp_path / "report.xml").getroot().get("errors") == "1"
    assert done.returncode == 3, done.stdout


def test_one_address_in_a_list_does_not_keep_the_others_from_being_read(good: Path, bad: Path, tmp_path: Path) -> None:
    listed = f"{good}\nhttps://nowhere/model.keras\n{bad}\n"
    done = validate("-", "--json", "report.json", folder=tmp_path, stdin=listed)
    assert done.returncode == 1
    files = json.loads((tmp_path / "report.json").read_text())["files"]
    assert [each["verdict"] for each in files] == ["ok", "unsupported", "unsafe"]
    assert "--allow-remote" in done.stdout


@pytest.mark.parametrize("given", ["https://x/\x1b[31mred", "--option\x1b[31m"])
def test_what_was_given_is_quoted_without_what_a_terminal_obeys(given: str, tmp_path: Path) -> None:
    done = validate(given, folder=tmp_path)
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert "\\x1b[31m" in done.stderr


def test_a_reader_that_has_seen_enough_ends_it_without_a_traceback(good: Path, tmp_path: Path) -> None:
    code = "from harness.__main__ import main; main()"
    listed = tmp_path / "listed"
    listed.write_text(f"{good}\n" * 2000)  # what is said of them is more than a pipe holds
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with listed.open() as given, subprocess.Popen(
        [sys.executable, "-c", code, "validate", "-", "--no-load"], cwd=tmp_path, env=environment, text=True,
        stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().startswith("ok ")
        running.stdout.close()
        said = running.stderr.read()
    assert running.returncode == 141
    assert said == ""


def test_a_finding_can_be_accepted_for_one_file_with_a_reason_until_a_day(custom: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(custom.read_bytes()).hexdigest()
    entry = '[[accepted]]\nsha256 = "{}"\nrule = "custom-object"\nreason = "our own, read"\nexpires = {}\n'
    accepted = tmp_path / "accepted.toml"
    accepted.write_text(entry.format(digest, "2999-01-01"))
    done = validate(custom, "--suppressions", accepted, "--json", "report.json", folder=tmp_path)
    assert done.returncode == 0
    assert "our own, read" in done.stdout
    assert json.loads((tmp_path / "report.json").read_text())["findings"][0]["status"] == "known"
    accepted.write_text(entry.format(digest, "2020-01-01"))
    done = validate(custom, "--suppressions", accepted, folder=tmp_path)
    assert done.returncode == 1
    assert "no longer" in done.stdout
    accepted.write_text(entry.format("0" * 64, "2999-01-01"))
    assert validate(custom, "--suppressions", accepted, folder=tmp_path).returncode == 1
    for wrong in (entry.format(digest, '"soon"'), entry.format(digest, "2999-01-01").replace("custom-object", "none"),
                  entry.format("7", "2999-01-01"), "[[accepted]]\n", "[other]\n", "["):  # fmt: skip
        accepted.write_text(wrong)
        assert validate(custom, "--suppressions", accepted, folder=tmp_path).returncode == 2


def test_nothing_of_a_strangers_reaches_the_terminal_as_it_is(tmp_path: Path) -> None:
    layer = b.layer("Mine\x1b[2J\x07\u202e", module="m\x1b]0;x\x07", registered="my>\x1b[31mMine\nok all is well")
    name = tmp_path / "a\x1b[31m\nok   all.keras"
    b.keras(tmp_path, b.sequential(layer)).rename(name)
    done = validate(name, "--junitxml", "r.xml", "--sarif", "r.sarif", "--json", "r.json", folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout.replace("\n", "").isprintable()
    assert "\\x1b[31m\\n" in done.stdout
    assert not any(line.startswith("ok") for line in done.stdout.splitlines())
    ElementTree.parse(tmp_path / "r.xml")
    json.loads((tmp_path / "r.sarif").read_text())


def test_ten_thousand_findings_are_counted_and_a_few_are_shown(tmp_path: Path) -> None:
    layers = [b.layer("Mine", module="mine", registered=f"my>Mine{at}", name=f"m{at}") for at in range(10_000)]
    path = b.keras(tmp_path, b.sequential(*layers))
    done = validate(path, "--json", "report.json", folder=tmp_path)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) < 60
    (file,) = json.loads((tmp_path / "report.json").read_text())["files"]
    assert len(file["findings"]) + sum(file["more_findings"].values()) >= 10_000
    assert file["seconds"] < 5


def test_neither_tensorflow_nor_numpy_is_imported(good: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom harness.cli import main\n"
        f"try: main(['validate', '--no-load', {str(good)!r}])\nexcept SystemExit: pass\n"
        "print([m for m in ('tensorflow', 'keras', 'hypothesis', 'numpy', 'h5py', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.strip().endswith("[]"), done.stdout


def test_every_rule_is_written_out() -> None:
    page = (ROOT / "docs" / "rules.md").read_text()
    assert page == rules_page.page(), (
        "python -c 'from harness.__main__ import main; main()' rules --markdown docs/rules.md"
    )
    for name, rule in RULES.items():
        assert rule.verdict is None or rule.verdict in VERDICTS
        assert rule.severity in SECURITY
        assert all((rule.title, rule.why, rule.do)), name
        assert f"## {name}\n" in page


def test_rules_are_listed(tmp_path: Path) -> None:
    done = validate(folder=tmp_path, command="rules")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(RULES)


@pytest.mark.parametrize(
    "text",
    [
        "accepted = 5",
        f'[[accepted]]\nsha256 = "{"a" * 64}"\nrule = []\nreason = "x"\nexpires = 2027-01-01',
    ],
)
def test_what_is_accepted_must_be_entries_of_text(text: str, good: Path, tmp_path: Path) -> None:
    (tmp_path / "accepted.toml").write_text(text)
    done = validate(good, "--suppressions", "accepted.toml", folder=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["x" * 300 + ".keras", "x" * 5000])
def test_a_name_that_no_file_can_have_does_not_end_the_run(name: str, good: Path, tmp_path: Path) -> None:
    done = validate(name, good, folder=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "File name too long" in done.stdout
    assert "2 inspected" in done.stdout


def test_a_folder_that_cannot_be_listed_is_not_left_out(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    listing = os.scandir

    def refusing(path: Any) -> Any:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert list(collect([tmp_path])) == [good, closed]


def test_a_folder_that_cannot_be_entered_is_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "exists", refusing)  # as it does where the folder's permissions end it
    (path,) = collect([tmp_path])
    assert [each.rule for each in inspect(path).findings] == ["not-a-plain-file"]


def test_letters_that_the_terminal_lacks_do_not_end_the_run(good: Path, tmp_path: Path) -> None:
    renamed = good.rename(tmp_path / "日本.keras")
    done = validate(renamed, folder=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert r"\u65e5\u672c.keras" in done.stdout


@pytest.mark.parametrize("changed", ["saved_model.pb", "variables/variables.index"])
def test_a_finding_of_a_folder_is_accepted_until_one_of_its_files_is_another(changed: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    saved_model(folder, "Add")
    printed = "".join(
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("saved_model.pb", "variables/variables.index")
    )
    digest = hashlib.sha256(printed.encode()).hexdigest()
    (tmp_path / "accepted.toml").write_text(
        f'[[accepted]]\nsha256 = "{digest}"\nrule = "saved-model"\nreason = "ours"\nexpires = 2999-01-01\n'
    )
    assert validate(folder, "--suppressions", "accepted.toml", folder=tmp_path).returncode == 0
    with (folder / changed).open("ab") as file:
        file.write(b"\x0a\x00")
    assert validate(folder, "--suppressions", "accepted.toml", folder=tmp_path).returncode == 3


@pytest.mark.parametrize(
    ("loads", "verdict", "rules"),
    [
        ("yes", "ok", ["not-called"]),
        ("only with compile=False", "incompatible", ["not-called", "loads-without-compile"]),
    ],
)
def test_a_model_that_says_nothing_of_its_inputs_is_not_called_and_that_is_no_fault(
    loads: str, verdict: str, rules: list[str], tmp_path: Path
) -> None:
    loader = Loader(Settings())
    loader._about = {"keras": "3.15.1"}
    report = Report("m.keras", loaded={})
    error = {"type": next(iter(UNCALLED)), "message": "give some"}
    loader._refused(report, "give some", {"error": error, "at": "the first call", "loads": loads})
    assert [each.rule for each in report.findings] == rules
    assert report.verdict == verdict


def test_what_comes_of_loading_a_file_can_be_accepted(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trial, "take", lambda self, path, report: report.add("loads-without-compile", "", "so"))
    assert command(str(good)) == 1
    accepted = tmp_path / "accepted.toml"
    accepted.write_text(
        f'[[accepted]]\nsha256 = "{hashlib.sha256(good.read_bytes()).hexdigest()}"\n'
        'rule = "loads-without-compile"\nreason = "ours"\nexpires = 2999-01-01\n'
    )
    assert command(str(good), suppressions=accepted) == 0


def test_what_is_accepted_of_an_index_is_so_of_its_shards(tmp_path: Path) -> None:
    path = index(tmp_path, None)
    before = inspect(path).sha256
    (tmp_path / "m_00000.weights.h5").write_bytes(b.hdf5(b.arrays(seed=1)))
    assert inspect(path).sha256 != before


def test_what_is_accepted_of_a_config_is_so_of_the_weights_beside_it(tmp_path: Path) -> None:
    alone = inspect(b.keras_json(tmp_path, b.model()))
    both = inspect(b.pair(tmp_path))
    files = [tmp_path / "model.json", tmp_path / "model.weights.h5"]
    printed = "".join(f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in files)
    assert alone.sha256 == hashlib.sha256(files[0].read_bytes()).hexdigest()
    assert both.sha256 == hashlib.sha256(printed.encode()).hexdigest()
    assert both.size == sum(each.stat().st_size for each in files)
    assert both.weights == files[1]


def test_a_report_that_cannot_be_written_takes_no_other_with_it(good: Path, tmp_path: Path) -> None:
    done = validate(good, "--json", "gone/x.json", "--sarif", "x.sarif", folder=tmp_path)
    assert done.returncode == 3
    assert "could not be written" in done.stdout
    assert json.loads((tmp_path / "x.sarif").read_text())["version"] == "2.1.0"


def test_a_pointer_of_git_lfs_is_called_that(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    (finding,) = inspect(path).findings
    assert (finding.rule, "git lfs pull" in finding.what) == ("format-unknown", True)


def test_findings_that_are_only_counted_are_not_accepted_with_the_others(tmp_path: Path) -> None:
    layers = [b.layer("Ours" if at < 5 else "Theirs", module="x", registered=None, name=f"l{at}") for at in range(6)]
    report = inspect(b.keras(tmp_path, b.sequential(*layers), weights=b.hdf5({})), limits=Limits(findings=3))
    assert report.more["custom-object"] == 3
    accept_given(report, ["ours:Ours"])
    assert report.verdict == "needs custom objects"
    assert any("Theirs" in each.what for each in report.findings if not each.suppressed)
    accept_given(report, ["ours:Ours", "ours:Theirs"])
    assert {each.suppressed for each in report.findings if each.rule == "custom-object"} == {GIVEN}


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted: what"), (signal.SIGTERM, 143, "interrupted by SIGTERM: what")],
)
def test_an_interruption_keeps_what_was_found(number: int, code: int, word: str, bad: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "harness", "validate", "--no-load", "-", "--json", "report.json", "--junitxml", "r.xml"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{bad}\n")
        process.stdin.flush()  # it waits for the next line
        assert process.stdout.readline().startswith("unsafe")
        process.send_signal(number)
        told, wrong = process.communicate()
    assert (process.returncode, wrong) == (code, "")
    assert word in told
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["verdict"], [each["verdict"] for each in report["files"]]) == ("error", ["unsafe"])
    assert ElementTree.parse(tmp_path / "r.xml").getroot().get("errors") == "1"
