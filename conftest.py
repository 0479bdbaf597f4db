"""How the tests of the project are spread over the cores; the options of the suite come from the installed plugin."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).parent / "tests"
SHARING = {TESTS / "gate"}  # folders whose files share a worker


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A process for each core, four at most, for the whole of the tests; what is named is run in this one."""
    whole = config.args_source is config.ArgsSource.TESTPATHS and not config.option.keyword
    return min(4, os.cpu_count() or 1) if whole else 0


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests share what was made for them stay together; those with slow tests come first."""
    slow = {_group(item) for item in items if item.get_closest_marker("slow")}
    for item in items:
        if item.path.is_relative_to(TESTS):
            item.add_marker(pytest.mark.xdist_group(str(_group(item))))
    items.sort(key=lambda item: _group(item) not in slow)


def _group(item: pytest.Item) -> Path:
    of = item.path.parent if item.path.parent in SHARING else item.path
    return of.relative_to(TESTS.parent)
