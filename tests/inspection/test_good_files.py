"""What comes near to being bad, and is not, is `ok`; where there is something to note, it is noted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.inspection import Limits, inspect
from harness.inspection.hdf5_process import Reader
from tests.inspection.bad_references import Case
from tests.inspection.good_files import CASES


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader(Limits())
    yield made
    made.stop()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_good_file_is_ok(case: Case, tmp_path: Path, reader: Reader) -> None:
    report = inspect(case.make(tmp_path), reader=reader)
    assert not report.error
    assert report.verdict == "ok", [(each.rule, each.where, each.what) for each in report.findings]
    if case.rule is not None:
        assert case.rule in {each.rule for each in report.findings}
