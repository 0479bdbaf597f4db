"""No test writes into the caches of whoever runs it: what one check finds there, the next one tries first."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests import warm as forking

# Where the tests themselves run in the background it is ignored, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The cache folder of the user, for as long as the tests run."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield folder


@pytest.fixture(scope="session")
def warm(request: pytest.FixtureRequest) -> Iterator[str]:
    """An interpreter that has imported TensorFlow already, for what is planted in many workers and scripts.

    What is as released beside it has imported its own.
    """
    fresh = request.config.getoption("--fresh")
    with nullcontext(sys.executable) if fresh else forking.python() as path:
        yield path


@pytest.fixture(autouse=True)
def signals_as_they_were() -> Iterator[None]:
    """A command that was interrupted leaves signals ignored in its process; those that a test starts inherit that."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
