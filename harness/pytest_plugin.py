"""The pytest plugin: options for the suite, and nothing that costs time where the suite is not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of `pytest --pyargs harness.suite`."""
    group = parser.getgroup("keras-harness", "promises of Keras about saved models")
    group.addoption(
        "--harness-env",
        default=None,
        help="The TensorFlow to check: requirements in one string, a requirements file, or an interpreter.",
    )
    group.addoption("--harness-seed", type=int, default=0, help="The same seed gives the same models.")
    group.addoption("--harness-workers", type=int, default=2, help="How many TensorFlow processes run at a time.")
    group.addoption(
        "--harness-memory-limit",
        type=float,
        default=8.0,
        help="GiB that one TensorFlow process may hold.",
    )
    group.addoption(
        "--harness-applications",
        choices=("light", "all"),
        default="light",
        help="Which models of keras.applications are trained on: the lightest of several kinds, or all of them.",
    )
    group.addoption(
        "--harness-known-issues",
        action="append",
        default=[],
        metavar="FILE",
        help="A known-issues file of your own, beside the one shipped (may be repeated).",
    )
    group.addoption(
        "--harness-no-known-issues",
        action="store_true",
        help="Let findings fail that were checked and are waited for, those of --harness-known-issues, too.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the markers of the suite."""
    config.addinivalue_line("markers", "slow: takes more than a few seconds (still run in CI)")
    if not config.pluginmanager.hasplugin("benchmark"):
        config.addinivalue_line("markers", "benchmark: measures (pip install pytest-benchmark)")
