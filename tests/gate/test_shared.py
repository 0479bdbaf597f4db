"""Models for two releases hold what both have, and mean the same by it."""

from __future__ import annotations

from harness.architectures.vocabulary import Vocabulary
from harness.gate.shared import shared


def test_no_release_is_held_to_a_name_that_the_other_writes_as_another() -> None:
    names: dict[str, tuple[str, ...]] = {"activations.silu": (), "activations.swish": ()}
    older = Vocabulary((2, 15), names)
    newer = Vocabulary((3, 15), names, aliases={"activations.swish": "activations.silu"})
    for one, other in ((older, newer), (newer, older)):
        assert shared(one, other).aliases == {"activations.swish": "activations.silu"}


def test_no_model_is_compiled_with_what_the_two_kerases_write_in_values_of_their_own() -> None:
    names = {"Model.compile": ("loss", "steps_per_execution")}
    two, three, later = (Vocabulary(version, names) for version in ((2, 15), (3, 14), (3, 15)))
    assert shared(two, three).arguments == {"Model.compile": ("loss",)}
    assert shared(three, later).arguments == names
