"""How far a long run is: one live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

EVERY = 10.0  # seconds between two plain lines where no terminal is there


class Line:
    """The line. `show` may be called as often as one likes."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._last = time.monotonic()
        self._progress: Progress | None = None
        if console.is_terminal:
            columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
            self._progress = Progress(*columns, console=console, transient=True)

    def start(self, text: str) -> None:
        """Begins with this text."""
        if self._progress is None:
            self.console.print(f"{text} …")
        else:
            self._progress.start()
            self._task = self._progress.add_task(text, total=None)

    def show(self, text: str) -> None:
        """Says this from now on."""
        if self._progress is not None:
            self._progress.update(self._task, description=text)
        elif time.monotonic() - self._last > EVERY:
            self._last = time.monotonic()
            self.console.print(text, highlight=False)

    def stop(self) -> None:
        """Takes the line away."""
        if self._progress is not None:
            self._progress.stop()
