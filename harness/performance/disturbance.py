"""Whether somebody else used the machine while something was measured."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence

import psutil

SHARE = 0.1  # of one processor that others may use
TICK = 0.05  # seconds of processor time that the accounts of a system may be wrong by
IDLE = ("idle", "iowait", "guest", "guest_nice")  # guests are counted among the users, too


def busy() -> float:
    """Seconds of processor time that the whole machine was busy, or that others on its host took from it."""
    times = psutil.cpu_times()
    return float(sum(value for name, value in times._asdict().items() if name not in IDLE))


def used(pids: Sequence[int]) -> float:
    """Seconds of processor time of these processes."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            total += times.user + times.system
    return total


class Watch:
    """Open while something is measured; `others` is then how many processors others used meanwhile.

    What they used for less than the accounts can tell (`TICK`) counts as nothing.
    """

    def __init__(
        self,
        pids: Sequence[int],
        *,
        busy: Callable[[], float] = busy,
        used: Callable[[Sequence[int]], float] = used,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pids = tuple(pids)
        self._clock, self._busy, self._used = clock, busy, used
        self.others = 0.0

    def _read(self) -> tuple[float, float, float]:
        return self._clock(), self._busy(), self._used(self._pids)

    def __enter__(self) -> Watch:
        self._before = self._read()
        return self

    def __exit__(self, *_: object) -> None:
        elapsed, all_of_it, ours = (after - before for after, before in zip(self._read(), self._before, strict=True))
        theirs = all_of_it - ours
        self.others = theirs / elapsed if elapsed > 0 and theirs > TICK else 0.0

    @property
    def disturbed(self) -> bool:
        """Whether that is too much to trust what was measured."""
        return self.others > SHARE
