"""What is drawn follows from the seed, and from nothing else in the process."""

from __future__ import annotations

from pathlib import Path

from tests.processes import printed

DRAWS = """
from hypothesis import strategies as st
from harness.architectures.drawing import draws
for drawn in draws(st.lists(st.integers(0, 10**9) | st.text(max_size=4), min_size=8), 30, seed_value=3):
    print(drawn)
"""


def test_the_same_seed_gives_the_same_draws_whatever_numbers_stand_in_the_modules_that_are_imported(
    tmp_path: Path,
) -> None:
    module = tmp_path / "numbers_and_words.py"
    module.write_text("\n".join(f"x{number} = {number * 999_983}, 'w{number}'" for number in range(1, 300)))
    imported = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import numbers_and_words\n"
    assert printed(imported + DRAWS) == printed(DRAWS)
