"""Names what broke: a regression, or broken before, or mended, or a file that does not pass between the two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from harness.expectations.finding import Finding

REGRESSION = "regression"  # fine within the baseline, broken within the candidate
PRE_EXISTING = "pre-existing"  # broken within both
FIXED = "fixed"  # broken within the baseline alone
INCOMPATIBLE = "incompatible"  # fine within each, and the file of one is not taken up by the other
FORWARD, BACK = "forward", "back"
# What is asked of two releases alone, and as what a check sees the same.
SEEN_AS = {"slots": "optimizer", "loss": "losses"}


def alone(baseline: Iterable[Finding], candidate: Iterable[Finding]) -> Iterator[Finding]:
    """The findings of one model within each release, named by where they show.

    An error is the same if the same observation of the same route fails in both: releases word their messages anew.
    """
    before, after = list(baseline), list(candidate)
    for finding in after:
        both = any(_same(finding, each) for each in before)
        yield replace(finding, status=PRE_EXISTING if both else REGRESSION)
    for finding in before:
        if not any(_same(finding, each) for each in after):
            yield replace(finding, status=FIXED)


def _same(one: Finding, other: Finding) -> bool:
    if one.signature == other.signature:
        return True
    failed = one.error is not None and other.error is not None
    return failed and one.observation == other.observation and bool({*one.routes} & {*other.routes})


def passing(
    across: Iterable[Finding], direction: str, baseline: Iterable[Finding], candidate: Iterable[Finding]
) -> Iterator[Finding]:
    """What broke on the way between the releases, and is not broken within one of them anyway.

    A route that fails within a release says nothing about its files; a difference that the route makes by itself is
    told of as that.
    """
    within = [*baseline, *candidate]
    for finding in across:
        known = any(
            {*finding.routes} & {*each.routes}
            and (
                each.observation in ("travel", SEEN_AS.get(finding.observation))
                or each.signature == replace(finding, direction="").signature
                or _took_places(each, finding)
            )
            for each in within
        )
        if not known:
            yield replace(finding, status=INCOMPATIBLE, direction=direction)


def _took_places(one: Finding, other: Finding) -> bool:
    """Whether weights that took each other's places within a release are told one by one of its file."""
    inside = one.where == "" or f"{other.where}/".startswith(f"{one.where}/")
    return one.kind == "moved" and (one.observation, other.kind) == (other.observation, "value") and inside
