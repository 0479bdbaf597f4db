"""What a diagnosis is."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.own.making import Made
from harness.own.report import Failure


class NotChecked(Exception):
    """There is nothing here that the diagnosis could be made of; the message is the reason."""


Diagnosis = Callable[[Made], Iterable[Failure]]
