"""A file of known issues says where it cannot be used; an entry is waited for until its date and in its versions."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from harness.expectations.finding import Finding
from harness.expectations.known import KnownIssues, KnownIssuesError

FINDING = Finding("outputs", "value", ("#",), ("keras_zip",), "an output is another one")
ENTRY = '[[issue]]\nid = "one"\nreason = "why"\n'


def read(folder: Path, text: str) -> KnownIssues:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return KnownIssues.read(file)


def test_an_entry_is_waited_for_until_its_date(tmp_path: Path) -> None:
    tomorrow = datetime.date.today() + datetime.timedelta(days=1)
    waiting = read(tmp_path, f'{ENTRY}kind = "value"\nexpires = "{tomorrow}"').marked(FINDING, {"keras": "3.15.1"})
    assert waiting.status == "known"
    due = read(tmp_path, f'{ENTRY}kind = "value"\nexpires = "{datetime.date.today()}"').marked(
        FINDING, {"keras": "3.15.1"}
    )
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
        ('kind = "value"\n[[issue.match]]\nwhere = "^#$"', r"kind beside \[\[issue.match\]\]"),
        ("[[issue.match]]", "an empty .* would match every finding"),
        ("match = []", "match must be tables"),
        ('match = "value"', "match must be tables"),
        ('[[issue.match]]\nwhere = "("', "where is no regular expression"),
        ('[[issue.match]]\nlink = "https://"', "unknown keys link"),
        ("", "an entry without any pattern would match every finding"),
        ("checks = []", "an entry without any pattern would match every finding"),
        ("checks = [3]", "checks must be a list of strings"),
        ('checks = ["hdf5"]', "no check is called 'hdf5'"),
        ('kind = "value"\nkeras = ">=3,!=3.15.1"', "is not a range of versions: '!=3.15.1'"),
    ],
)
def test_a_file_that_cannot_be_used_says_which_entry_and_why(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(KnownIssuesError, match=rf"mine\.toml: one: .*{says}"):
        read(tmp_path, ENTRY + line)


@pytest.mark.parametrize("text", ['[[issues]]\nid = "one"', '[issue]\nid = "one"', 'issue = "one"', "issue = [1]"])
def test_a_file_whose_entries_are_called_otherwise_is_told_and_not_read_as_empty(tmp_path: Path, text: str) -> None:
    with pytest.raises(KnownIssuesError, match=r"mine\.toml: entries are tables, \[\[issue\]\], and it holds"):
        read(tmp_path, text)


def test_a_file_without_entries_and_one_that_begins_with_a_byte_order_mark_can_be_read(tmp_path: Path) -> None:
    assert read(tmp_path, "# none yet\n").entries == ()
    assert len(read(tmp_path, "\ufeff" + ENTRY + 'kind = "value"').entries) == 1


def test_an_entry_with_several_patterns_is_each_of_them_and_no_mixture(tmp_path: Path) -> None:
    known = read(
        tmp_path,
        ENTRY
        + '[[issue.match]]\nchecks = ["keras_zip/*"]\nkind = "value"\n'
        + '[[issue.match]]\nchecks = ["hdf5/*"]\nkind = "error"\nerror = "^ValueError: Unknown"\n',
    )
    unknown = {"type": "ValueError", "message": "Unknown layer", "place": ""}
    first, second = FINDING, replace(FINDING, routes=("hdf5",), kind="error", error=unknown)
    assert [known.marked(each, {"keras": "3.15.1"}).status for each in (first, second)] == ["known", "known"]
    assert known.seen == {"one": 2}
    neither = [
        replace(first, routes=("hdf5",)),
        replace(second, routes=("keras_zip",)),
        replace(second, error={**unknown, "message": "another"}),
    ]
    assert {known.marked(each, {"keras": "3.15.1"}).status for each in neither} == {"new"}


def test_patterns_hold_within_the_range_of_versions_of_their_entry(tmp_path: Path) -> None:
    known = read(tmp_path, f'{ENTRY}keras = ">=3.15,<3.16"\n[[issue.match]]\nkind = "value"\n')
    assert known.marked(FINDING, {"keras": "3.15.1"}).status == "known"
    assert known.marked(FINDING, {"keras": "3.16.0"}).status == "new"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[issue", "mine.toml: Expected"),
        ('[[issue]]\nreason = "why"', "mine.toml: an entry without id: {'reason': 'why'}"),
        ('[[issue]]\nid = "one"', "mine.toml: an entry without reason: {'id': 'one'}"),
        (f'{ENTRY}kind = "value"\n' * 2, "mine.toml: two entries called one"),
        ("[a]\n[b]", "mine.toml: entries are tables, [[issue]], and it holds a, b"),
        ("issue = [1]", "mine.toml: entries are tables, [[issue]], and it holds issue = [1]"),
        (f"{ENTRY}a = 1\nb = 2", "mine.toml: one: unknown keys a, b"),
        (f'{ENTRY}kind = "value"\nwhere = "a"\n[[issue.match]]\nkind = "value"',
         "mine.toml: one: kind, where beside [[issue.match]]: say it in each match"),
        (f"{ENTRY}[[issue.match]]", "mine.toml: one: an empty [[issue.match]] would match every finding: say checks, "
         "layers, where, error, kind, holds, expected, or one of them"),
        (ENTRY, "mine.toml: one: an entry without any pattern would match every finding: say checks"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said_word_by_word(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(KnownIssuesError) as told:
        read(tmp_path, text)
    assert str(told.value).startswith(f"{tmp_path}/{says}")


def test_of_a_folder_every_toml_file_is_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        entry = ENTRY.replace("one", f"of {name}")
        (tmp_path / f"{name}.toml").write_text(f'{entry}kind = "value"', encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no issue", encoding="utf-8")
    entries = KnownIssues.read(tmp_path).entries
    assert [(each.id, each.family) for each in entries] == [("of a", "a"), ("of b", "b")]
    assert [each.file for each in entries] == [str(tmp_path / "a.toml"), str(tmp_path / "b.toml")]


def test_a_finding_that_was_known_is_new_where_nothing_waits_for_it_any_longer(tmp_path: Path) -> None:
    known = replace(FINDING, status="known", known_issue={"id": "one"})
    gone = read(tmp_path, '[[issue]]\nid = "other"\nreason = "why"\nkind = "missing"').marked(known, {})
    assert (gone.status, gone.known_issue) == ("new", None)
    due = read(tmp_path, f'{ENTRY}kind = "value"\nexpires = "{datetime.date.today()}"').marked(known, {})
    assert due.status == "new"
