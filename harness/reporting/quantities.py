"""Times, bytes and ratios, as people read them."""

from __future__ import annotations

import math

from harness.performance.measured import TIME


def seconds(value: float) -> str:
    """Three digits and a unit.

    >>> seconds(0.00123), seconds(12.3), seconds(0.0000456)
    ('1.23 ms', '12.3 s', '45.6 µs')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{_digits(value / size)} {unit}"
    return f"{_digits(value / 1e-9)} ns"


def size(value: float) -> str:
    """Bytes, in the unit that fits.

    >>> size(1536), size(5 * 2**20)
    ('1.5 KiB', '5 MiB')
    """
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if value >= scale:
            return f"{float(_digits(value / scale)):g} {unit}"
    return f"{value:.0f} B"


def amount(value: float | None, measure: str) -> str:
    """A value of that measure."""
    if value is None:
        return "·"
    return seconds(value) if measure == TIME else size(value)


def percent(ratio: float) -> str:
    """How much more or less a ratio is.

    >>> percent(1.1), percent(0.5), percent(1.0)
    ('+10.0 %', '-50.0 %', '+0.0 %')
    """
    if not math.isfinite(ratio):
        return "?"
    return f"{(ratio - 1) * 100:+.1f} %" if ratio < 10 else f"x {ratio:.0f}"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
