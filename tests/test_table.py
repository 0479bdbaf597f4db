"""The table of what must survive is whole, and every row of it is a route that exists."""

import json

import pytest

from harness.check.sender import PROCESS
from harness.expectations.judge import ORDER
from harness.expectations.table import TABLE, asked, parse
from harness.gate.comparison import ROWS
from tests.vocabularies import FOLDER


def test_every_row_is_a_route_of_the_worker_and_every_route_has_a_row() -> None:
    routes = set(json.loads((FOLDER / "keras-3.15.json").read_text())["routes"])
    rows = {route.removesuffix(PROCESS) for route in parse()}
    assert rows | set(ROWS) == routes
    assert not rows & set(ROWS)  # these are asked of two releases alone


def test_every_observation_of_the_table_is_judged() -> None:
    assert {name for row in parse().values() for name in row} == set(ORDER)


def test_every_route_asks_for_something() -> None:
    assert all(parse().values())


HEAD, OWN_HEAD = "route a b c", "route observation relation"


@pytest.mark.parametrize(
    ("rows", "own", "damaged"),
    [
        ("hdf5 = = ?", "", "hdf5 = = ?"),
        ("hdf5 ? = =", "", "hdf5 ? = ="),
        ("hdf5 = =", "", "hdf5 = ="),
        ("hdf5 = = = =", "", "hdf5 = = = ="),
        ("", "export moved ?", "export moved ?"),
        ("", "export moved", "export moved"),
    ],
)
def test_a_damaged_row_is_told(rows: str, own: str, damaged: str) -> None:
    with pytest.raises(ValueError, match="does not fit the table") as told:
        parse(f"{HEAD}\n{rows}", f"{OWN_HEAD}\n{own}")
    assert str(told.value) == f"the row of {damaged.split()[0]!r} does not fit the table: {damaged}"


def test_what_is_not_asked_is_not_in_the_table() -> None:
    assert parse(f"{HEAD}\nhdf5 = . ~", f"{OWN_HEAD}\nexport b_c no") == {
        "hdf5": {"a": "=", "c": "~"}, "export": {"b c": "no"},
    }  # fmt: skip


def test_a_model_that_is_not_compiled_is_not_asked_for_its_optimizer() -> None:
    assert "optimizer" not in asked(parse(), compiled=False)["keras_zip"]
    assert "optimizer" in asked(parse(), compiled=True)["keras_zip"]


def test_the_table_is_read_cell_by_cell() -> None:
    table = parse()
    head, *rows = [line.split() for line in TABLE.strip().splitlines()]
    assert len(rows) > 20
    for route, *cells in rows:
        for name, cell in zip(head[1:], cells, strict=True):
            assert table[route].get(name.replace("_", " "), ".") == cell
    assert table["transfer"] == {"frozen": "=", "moved": "="}
    assert table["export"] == {"exported": "~", "original": "="}


def test_of_a_model_that_is_not_compiled_nothing_is_asked_that_needs_it() -> None:
    table = {"a": {"flags": "=", "losses": "~t", "training": "~t", "optimizer": "=s", "compile": "="}}
    assert asked(table, compiled=True) == {"a": ["flags", "losses", "training", "optimizer", "compile"]}
    assert asked(table, compiled=False) == {"a": ["flags", "losses"]}


def test_every_keras_file_is_written_before_any_h5() -> None:
    """Keras 3.15 takes the optimizer out of the live model's compile config as it saves that to .h5."""
    here = [route for route in parse() if not route.endswith(PROCESS)]  # for another process files are kept apart
    last = max(here.index(route) for route in here if route.startswith("keras_"))
    assert last < min(here.index(route) for route in here if route.startswith("hdf5"))
