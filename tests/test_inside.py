"""What is seen of a model and how it travels, looked at inside of a worker: its sentences stand in `inside/`."""

from __future__ import annotations

import json

import pytest

from tests.inside.run import sentences
from tests.processes import printed

pytestmark = pytest.mark.slow
SUBJECTS = ("stated", "computed", "routes")


@pytest.fixture(scope="module")
def told(warm: str) -> dict[str, str]:
    """What each sentence raised; all of them are run in one process."""
    names: dict[str, str] = json.loads(printed(f"from tests.inside.run import main; main{SUBJECTS}", warm))
    return names


@pytest.mark.parametrize("sentence", [each for subject in SUBJECTS for each in sentences(subject)])
def test_it_is_so(sentence: str, told: dict[str, str]) -> None:
    assert told[sentence] == "", told[sentence]
