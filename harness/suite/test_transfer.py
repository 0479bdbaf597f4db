"""Transfer learning: a frozen base stays bitwise as it was, whatever trains the head, and after a reload too."""

from __future__ import annotations

import pytest

from harness.architectures.applications import SECONDS, SIDES, unknown
from harness.suite.conftest import Promises


def test_frozen_base_stays_as_it_was(promises: Promises, layer: str) -> None:
    promises.kept(layer, "transfer")


@pytest.mark.parametrize(
    "builder", [pytest.param(name, marks=[] if name in SECONDS else pytest.mark.slow) for name in SIDES]
)
def test_frozen_application_under_a_new_head(promises: Promises, builder: str) -> None:
    promises.application(builder, "transfer", "hdf5", "keras_zip")


def test_no_application_is_unknown(promises: Promises) -> None:
    assert unknown(promises.vocabulary) == []
