"""The third face: each check of each case is a test of pytest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness.own.case import Case
from harness.own.names import CHECKS
from harness.own.report import Report, known_names


class Check:
    """One check by name; called with a case it fails, skips with the reason, or passes.

    The first check of a case examines the whole of it, the others look at what was found: a breakpoint in a layer is
    reached in the first test.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __call__(self, case: Case) -> None:
        """Raises AssertionError with what failed in this check; skips where it was not made."""
        import pytest

        report = examined(case)
        failures = report.of(self.name)
        if failures:
            raise AssertionError("\n\n".join(each.text() for each in failures))
        if self.name in report.expected:
            pytest.xfail(report.expected[self.name])
        if self.name in report.unchecked:
            pytest.skip(report.unchecked[self.name])


def examined(case: Case) -> Report:
    """The report of a case, made once for each and kept with it."""
    report = vars(case).get("_report")
    if report is None:
        from harness.own.examination import examine

        report = examine(case)
        object.__setattr__(case, "_report", report)
    return report


def parametrize_with_checks(cases: Sequence[Case]) -> Callable[[Any], Any]:
    """Decorates a test that takes `case` and `check`: it is run for every check of every case.

    Raises ValueError for an expected failure of a check that is none.

        @parametrize_with_checks([LayerCase(MyDense, {"units": 3}, inputs=(8,))])
        def test_my_layers(case, check):
            check(case)
    """
    import pytest

    for case in cases:
        known_names(case.expected_failures, CHECKS, f"expected_failures of {case.name}")
    items = [pytest.param(case, Check(name), id=f"{case.name}-{name}") for case in cases for name in CHECKS]
    return pytest.mark.parametrize(("case", "check"), items)
