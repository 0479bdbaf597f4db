"""How pytest-xdist spreads the suite with `--dist loadgroup`: the tests that look at one model go to one process.

By the ids of the tests and not by markers, which some releases of pytest and pytest-xdist lose between them
(pytest-xdist#1386).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

_OF_THE_SUITE = re.compile(r"(?:^|/)harness/suite/test_\w+\.py::\w+\[(.+)\]$")


def model_of(nodeid: str) -> str:
    """The model that a test of the suite looks at; empty for other tests.

    >>> model_of("harness/suite/test_hdf5.py::test_hdf5_whole_model[Conv2D]")
    'Conv2D'
    """
    found = _OF_THE_SUITE.search(nodeid)
    return found[1] if found else ""


def scheduler(config: pytest.Config, log: Any, group: Callable[[str], str] = model_of) -> Any:
    """The scheduler for `--dist loadgroup`, None for other ones: tests of one `group` stay together.

    Those that are in none are spread as pytest-xdist does.
    """
    if config.getoption("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class Grouped(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid) or super()._split_scope(nodeid)

    return Grouped(config, log)
