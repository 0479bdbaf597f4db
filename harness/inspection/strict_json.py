"""JSON that somebody else wrote: parsed with bounds, and with everything noted that two readers may read differently.

A refusal is a `Refused` with the rule. Duplicate keys are found because readers disagree on which of them counts: a
scanner may see the first and Keras the last.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

from harness.inspection.limits import Limits
from harness.inspection.report import Report


class Refused(Exception):
    """What is wrong, as the rule and the sentence of a finding."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(what)
        self.rule, self.what = rule, what


def parse(data: bytes, limits: Limits) -> tuple[Any, list[tuple[str, str]]]:
    """The value, and (rule, what) of all that is odd about it; raises Refused."""
    if len(data) > limits.json_bytes:
        raise Refused("json-bomb", f"{len(data):,} bytes of JSON; the limit is {limits.json_bytes:,}")
    # Counted before anything is built: an empty list costs the file three bytes and us seventy.
    brackets, commas = data.count(b"[") + data.count(b"{"), data.count(b",")
    if brackets * 8 + commas > limits.json_items:
        raise Refused("json-bomb", f"{brackets:,} brackets and {commas:,} commas; the limit is {limits.json_items:,}")
    # Keras gives the bytes of a zip's entry to `json.loads`, which reads these too; other readers see something else.
    encoding = json.detect_encoding(data)
    if encoding != "utf-8":
        marked = " (a byte order mark)" if encoding == "utf-8-sig" else ""
        raise Refused("json-invalid", f"in {encoding}{marked}, which Keras reads in some files and writes in none")
    odd: list[tuple[str, str]] = []
    huge: list[tuple[str, str]] = []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("json-invalid", f"no UTF-8 at byte {error.start:,}") from None
    # The text, its strings once more, and 70 bytes an item; one letter of a rare kind takes four times as much.
    memory = 2 * sys.getsizeof(text) + 70 * (brackets * 8 + commas)
    if memory > limits.json_memory:
        raise Refused("json-bomb", f"{memory:,} bytes of memory for JSON; the limit is {limits.json_memory:,}")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) != len(items) and len(odd) < limits.findings:
            counts = Counter(name for name, _ in items)
            twice = sorted(name for name, count in counts.items() if count > 1)[:5]
            odd.append(("json-duplicate-key", f"written twice in one object: {', '.join(map(repr, twice))}"))
        return made

    def integer(digits: str) -> int:
        if len(digits) > limits.integer_digits:
            huge.append(("json-bomb", f"an integer of {len(digits):,} digits; the limit is {limits.integer_digits}"))
            del huge[limits.findings :]
            return 0
        return int(digits)

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_int=integer)
    except RecursionError:
        raise Refused("json-bomb", f"nested deeper than {limits.json_depth}") from None
    except ValueError as error:
        raise Refused("json-invalid", f"no JSON: {error}") from None
    except MemoryError:
        raise Refused("json-bomb", "more memory than there is") from None
    deep, longest = _extent(value)
    if deep > limits.json_depth:
        raise Refused("json-bomb", f"nested {deep} deep; the limit is {limits.json_depth}")
    if longest > limits.json_string:
        raise Refused("json-bomb", f"a string of {longest:,} characters; the limit is {limits.json_string:,}")
    return value, odd + huge


def _extent(value: Any) -> tuple[int, int]:
    """How deep it goes, and its longest string or key."""
    deep, longest, level = 0, 0, [value]
    while level:
        deep += 1
        below: list[Any] = []
        for each in level:
            if isinstance(each, str):  # first, because a list of millions is one of these
                if len(each) > longest:
                    longest = len(each)
            elif isinstance(each, dict):
                below.extend(each.values())
                longest = max(longest, max(map(len, each), default=0))
            elif isinstance(each, list):
                below.extend(each)
        level = below
    return deep - 1, longest


def parse_into(report: Report, data: bytes, where: str, limits: Limits) -> Any:
    """The value, or None where it was refused or is null: what was wrong stands in the report."""
    try:
        value, odd = parse(data, limits)
    except Refused as refused:
        report.add(refused.rule, where, refused.what)
        return None
    for rule, what in odd:
        report.add(rule, where, what)
    if value is None:
        report.add("json-invalid", where, "null, and nothing else")
    return value
