"""What keeps a run from its end: whatever it is, the run tells of it in its result."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping

from harness.dispatch.signals import Signals
from harness.dispatch.worker import WorkerFailed


class Ending:
    """Notes how a run ended: `stopped` is None where it came to its end; what is a problem is added to `problems`.

    `lost` words the loss of a worker, `expected` says by its class what another exception stops the run with; the
    problem is then its message.
    """

    def __init__(
        self,
        problems: list[str],
        signals: Signals,
        lost: Callable[[WorkerFailed], str],
        expected: Mapping[type[Exception], str] | None = None,
    ) -> None:
        self.stopped: str | None = None
        self._problems = problems
        self._signals = signals
        self._lost = lost
        self._expected = expected or {}

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """While open, the run; afterwards signals are only noted, for what is tidied up must come to its end."""
        try:
            yield
        except KeyboardInterrupt:
            self.stopped = self._signals.name
        except WorkerFailed as error:
            self._note("no worker", self._lost(error))
        except tuple(self._expected) as error:
            self._note(next(why for kind, why in self._expected.items() if isinstance(error, kind)), str(error))
        except OSError as error:
            self._note("no place", f"the machine is in the way: {error}")
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            self._note("the harness failed", f"the harness failed: {type(error).__name__}: {error}")
        finally:
            self._signals.hold()

    def _note(self, stopped: str, problem: str) -> None:
        self.stopped = stopped
        self._problems.append(problem)
