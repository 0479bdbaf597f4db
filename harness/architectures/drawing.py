"""Draws from a strategy outside of a test: the same seed gives the same draws, whatever else the process has imported.

Hypothesis of itself takes one choice in twenty from the numbers and strings that stand in the source of modules outside
of site-packages: what it draws would hang on how the harness is installed, and on which of its files are imported yet.
"""

from __future__ import annotations

from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

T = TypeVar("T")
STEADY = "keras-harness"


class Steady(HypothesisProvider):
    """Makes the choices of a draw as Hypothesis does, by their ranges and the seed alone."""

    def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
        return None


AVAILABLE_PROVIDERS[STEADY] = f"{__name__}.{Steady.__name__}"


def draws(strategy: st.SearchStrategy[T], count: int, *, seed_value: int) -> list[T]:
    """`count` draws (fewer where the strategy holds fewer), the simplest one left out.

    Hypothesis tries the simplest draw first; it is dropped, for in a plan every draw should be a new one.

    >>> len(draws(st.integers(), 3, seed_value=0))
    3
    """
    found: list[T] = []

    @seed(seed_value)
    @settings(
        backend=STEADY,
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
