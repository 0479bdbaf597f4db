"""How long an inspection may take, so that what is slow in a way that nobody has thought of ends all the same.

Counted are the seconds that its thread computes, and those that the child that reads HDF5 computes for it. A busy
machine or a slow disk is not the file's fault.
"""

from __future__ import annotations

import time

from harness.inspection.limits import MB, Limits


class TooLong(Exception):
    """The time is over; says how much that was."""


class Clock:
    """The time of one inspection. What walks over what somebody else wrote asks it now and then."""

    def __init__(self, limits: Limits) -> None:
        # One limit that is raised raises both: HDF5 is read in a part of the whole.
        self.limit = max(limits.total_seconds, limits.seconds)
        self.waited = 0.0
        self._started = time.thread_time()
        self._asked = 0

    def more(self, size: int) -> None:
        """So many bytes are to be read."""
        self.limit += size / (100 * MB)

    def left(self) -> float:
        """Seconds, fewer than none where the time is over."""
        return self.limit - self.waited - (time.thread_time() - self._started)

    def check(self) -> None:
        """Raises TooLong where the time is over."""
        left = self.left()
        if left < 0:
            raise TooLong(f"not done after {self.limit - left:.1f} s; the limit is {self.limit:.1f}")

    def tick(self) -> None:
        """The same for the innermost loops, where to ask each time would take longer than what is done."""
        self._asked += 1
        if not self._asked & 0xFF:
            self.check()
