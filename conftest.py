"""How the tests of the project are spread over the cores; the options of the suite come from the installed plugin."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Any

import pytest

from harness.suite.spreading import model_of, scheduler

SHARING = {"tests/gate"}  # folders whose files share a worker
TOGETHER = {"tests/test_scripts.py": "tests/test_planted.py"}  # what is found there has its script proved here


def pytest_addoption(parser: pytest.Parser) -> None:
    """What costs more and must come to the same."""
    parser.addoption("--fresh", action="store_true", help="every process imports TensorFlow by itself (tests/warm.py)")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A process for each core, four at most, for the whole of the tests; what is named is run in this one."""
    whole = config.args_source is config.ArgsSource.TESTPATHS and not config.option.keyword
    return min(4, os.cpu_count() or 1) if whole else 0


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests that share what was made for them stay together."""
    return scheduler(config, log, lambda nodeid: model_of(nodeid) or _together(nodeid))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is slow is begun first."""
    slow = {_together(item.nodeid) for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: _together(item.nodeid) not in slow)


def _together(nodeid: str) -> str:
    """The file of a test, or its folder."""
    file = PurePath(nodeid.partition("::")[0])
    return file.parent.as_posix() if file.parent.as_posix() in SHARING else TOGETHER.get(str(file), file.as_posix())
