"""Known issues: a file that cannot be used says where, an expired one is waited for no longer, each script tells."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from harness.check.confirm import confirm
from harness.expectations.finding import Finding
from harness.expectations.known import SHIPPED, KnownIssue, KnownIssues, KnownIssuesError
from harness.reporting import known_page

FINDING = Finding("outputs", "value", ("#",), ("keras_zip",), "an output is another one")
ENTRY = '[[issue]]\nid = "one"\nreason = "why"\n'


def read(folder: Path, text: str) -> KnownIssues:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return KnownIssues.read(file)


def test_an_entry_is_waited_for_until_its_date(tmp_path: Path) -> None:
    tomorrow = datetime.date.today() + datetime.timedelta(days=1)
    waiting = read(tmp_path, f'{ENTRY}expires = "{tomorrow}"').marked(FINDING, {"keras": "3.15.1"})
    assert waiting.status == "known"
    due = read(tmp_path, f'{ENTRY}expires = "{datetime.date.today()}"').marked(FINDING, {"keras": "3.15.1"})
    assert due.status == "new"
    assert due.known_issue is not None
    assert due.known_issue["expired"] == str(datetime.date.today())


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('error = "("', "error is no regular expression"),
        ('keras = "three"', "'three' is not a range of versions"),
        ('expires = "soon"', "soon"),
        ('checks = "keras_zip/*"', "checks must be a list"),
        ('layer = ["Dense"]', "unknown keys layer"),
    ],
)
def test_a_file_that_cannot_be_used_says_which_entry_and_why(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(KnownIssuesError, match=rf"mine\.toml: one: .*{says}"):
        read(tmp_path, ENTRY + line)


def test_the_page_lists_every_shipped_issue_once_with_its_reason() -> None:
    issues = KnownIssues.read(SHIPPED).entries
    page = known_page.page(issues)
    for issue in issues:
        assert page.count(f"\n## {issue.id}\n") == 1
        assert issue.reason in page


@pytest.mark.slow
def test_a_script_that_shows_is_told_from_one_that_does_not_and_one_that_fails() -> None:
    scripts = ("raise SystemExit(1)", "raise SystemExit(0)", "1 / 0", "pass", "")
    issues = [KnownIssue(str(number), "why", script=script) for number, script in enumerate(scripts)]
    found = {each.issue.id: (each.state, each.detail) for each in confirm(issues)}
    assert found["0"] == ("shows", "")
    assert found["1"] == ("stale", "")
    assert found["2"][0] == "broken"
    assert "ZeroDivisionError in line 1" in found["2"][1]
    assert found["3"][0] == "broken"
    assert found["4"] == ("no script", "")
