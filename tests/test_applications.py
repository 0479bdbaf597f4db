"""Which models of keras.applications are run, by whom, and that one the table does not know is told."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from harness.architectures.applications import LIGHT, SECONDS, SIDES, application, unknown
from harness.check.profiles import PROFILES
from harness.check.reach import applications_reached
from harness.reporting.console import print_applications
from tests.vocabularies import vocabulary


def test_every_builder_of_both_kerases_is_known() -> None:
    assert unknown(vocabulary("2.15")) == unknown(vocabulary()) == []


def test_profiles_name_only_what_there_is() -> None:
    assert set(SECONDS) <= set(LIGHT) <= set(SIDES)
    assert all(set(profile.applications) <= set(SIDES) for profile in PROFILES.values())


def test_bases_go_under_their_heads_in_both_ways() -> None:
    """By the seed: one light base and more in each."""
    ways = {application(name).seed // 4 % 2 for name in LIGHT}
    assert ways == {0, 1}


def test_a_builder_that_the_table_does_not_know_is_told() -> None:
    newer = replace(vocabulary(), arguments={**vocabulary().arguments, "applications.VisionMamba": ()})
    found = applications_reached(newer)
    assert found["applications not reached"] == ["VisionMamba"]
    assert found["applications"]["InceptionV3"] == ["quick", "ci", "thorough"]
    assert found["applications"]["ConvNeXtXLarge"] == ["thorough"]
    assert "RegNetX002" not in found["applications"]
    stream = io.StringIO()
    print_applications(found, Console(file=stream, width=400))
    assert "not reached: VisionMamba" in stream.getvalue()
    assert "run by quick, ci, thorough: InceptionV3" in stream.getvalue()
