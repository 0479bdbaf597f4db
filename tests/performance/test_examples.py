"""The examples in the docstrings are true."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = (
    "performance.paired", "performance.sequential", "performance.student", "performance.series", "performance.changes",
    "performance.sweep", "performance.options", "performance.selection", "performance.verdicts",
    "reporting.quantities", "reporting.sparkline", "reporting.bench_text", "workloads.clock",
)  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"harness.{name}"))
    assert result.attempted
    assert not result.failed
