"""What the tests of the gate share: one place for files, and one worker of the release as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.dispatch.scratch import Scratch
from harness.gate.release import Side
from tests.gate.sides import side


@pytest.fixture(scope="package")
def scratch() -> Iterator[Scratch]:
    place = Scratch()
    yield place
    place.close()


@pytest.fixture(scope="package")
def sound(scratch: Scratch) -> Iterator[Side]:
    release = side("baseline", scratch)
    yield release
    release.pool.close()
