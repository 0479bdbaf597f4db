"""Transfer learning: a frozen base stays bitwise as it was, whatever trains the head, and after a reload too."""

from __future__ import annotations

import pytest

from harness.suite.conftest import Promises


def test_frozen_base_stays_as_it_was(promises: Promises, layer: str) -> None:
    promises.kept(layer, "transfer")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "InceptionV3"])
def test_frozen_application_under_a_new_head(promises: Promises, name: str) -> None:
    promises.application(name, "transfer", "hdf5", "keras_zip")
