"""Draws from a strategy outside of a test: the same seed gives the same draws."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

T = TypeVar("T")


def draws(strategy: st.SearchStrategy[T], count: int, *, seed_value: int) -> list[T]:
    """`count` draws (fewer where the strategy holds fewer), the simplest one left out.

    Hypothesis tries the simplest draw first; it is dropped, for in a plan every draw should be a new one.

    >>> len(draws(st.integers(), 3, seed_value=0))
    3
    """
    found: list[T] = []

    @seed(seed_value)
    @settings(
        max_examples=count + 1,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(drawn: T) -> None:
        found.append(drawn)

    collect()
    return found[1:] if len(found) > 1 else found
