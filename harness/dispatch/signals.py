"""Ctrl-C and its like: the first ends the work, those that follow do not disturb the tidying up."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

INTERRUPTED = "interrupted"
CAUGHT = ("SIGINT", "SIGTERM", "SIGHUP")
AGAIN = 0.5  # seconds


class Signals:
    """While it is entered, the first of these signals raises KeyboardInterrupt in the main thread, no other does.

    `caught` is the number of the signal that came. A signal that was ignored before (`nohup`) stays so. What is raised
    in a callback of the garbage collector or in a `__del__` is lost, so it is raised again until `hold` is called, and
    Python's word that it was ignored is not printed.
    """

    def __init__(self) -> None:
        self.caught: int | None = None
        self._armed = False
        self._before: dict[int, Any] = {}
        self._unraisable: Any = None

    def _lost(self, what: Any) -> None:
        if self.caught is None or what.exc_type is not KeyboardInterrupt:
            self._unraisable(what)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again = number == signal.SIGALRM
        if not again and self.caught is not None:
            return
        self.caught = self.caught or number
        if self._armed:
            if not again:
                signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)
            raise KeyboardInterrupt

    def hold(self) -> None:
        """From now on signals are only noted: what is being tidied up must come to its end."""
        self._armed = False
        if self._before:
            signal.setitimer(signal.ITIMER_REAL, 0)

    @property
    def name(self) -> str:
        """What ended the work, for people."""
        if self.caught in (None, signal.SIGINT):
            return INTERRUPTED
        return f"{INTERRUPTED} by {signal.Signals(self.caught or 0).name}"

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that was ended so."""
        return 128 + (self.caught or signal.SIGINT)

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            self._armed = True
            for name in CAUGHT:
                number = getattr(signal, name)
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._handle)
            self._unraisable, sys.unraisablehook = sys.unraisablehook, self._lost
        return self

    def __exit__(self, *_: object) -> None:
        self.hold()
        if self._unraisable is not None:
            sys.unraisablehook = self._unraisable
        for number, before in self._before.items():
            # Once the end has begun, another Ctrl-C must not tear the interpreter out of it. The alarm is ours alone,
            # and children that were started with it ignored would never hear of their own.
            ending = self.caught is not None and number != signal.SIGALRM
            signal.signal(number, signal.SIG_IGN if ending else before)
