"""An architecture is data: it goes to JSON and back, and its name is the same everywhere."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.architectures.families import all_rules
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import (
    Architecture,
    Call,
    Input,
    Node,
    Ref,
    Slice,
    dumps,
    from_json,
    loads,
    to_json,
    widened,
)
from tests.vocabularies import vocabulary

RULES = all_rules()
KERAS = vocabulary()


def test_tuples_lists_and_odd_keys_survive_json() -> None:
    value = {"a": (1, [2.5, None]), "b": {1: "x", "$": "y"}, "c": Slice(1, None), "d": float("inf")}
    assert loads(dumps(value)) == value


def test_an_architecture_survives_json() -> None:
    node = Node("d", Call("layers.Dense", {"units": 2}), (Ref("x"),), shapes=((2,),))
    whole = Architecture("m", inputs=(Input("x", (3,)),), nodes=(node,), outputs=Ref("d"))
    assert from_json(json.loads(json.dumps(to_json(whole)))) == whole


def test_an_architecture_is_written_once_and_one_that_was_made_of_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Architecture("m", inputs=(Input("x", (3,)),), outputs=Ref("x"))
    assert whole.text == dumps(whole)
    wider = replace(whole, inputs=(Input("x", (4,)),))
    assert wider.text == dumps(wider) != whole.text
    monkeypatch.setattr("harness.protocol.architecture.dumps", None)
    assert whole.text is whole.text
    assert wider.digest() != whole.digest()


def test_an_unknown_tag_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unknown tag 'Exec'"):
        from_json({"$": "Exec", "code": "1"})


@pytest.mark.parametrize(
    "data",
    [
        {"$": "Call", "name": "layers.Dense(); exit", "arguments": {}},
        {"$": "Name", "name": "ops.exp or print"},
        {"$": "Call", "name": "layers.Dense", "arguments": {"units=2), print(": 1}},
        {"$": "Method", "name": "adapt(); print"},
        {"$": "Method", "name": 3},
        {"$": "Data", "shape": {"$": "tuple", "of": ["print()"]}},
        {"$": "Data", "shape": [2], "dtype": 'int32"); print("'},
        {"$": "Data", "shape": [2], "values": {"$": "Values", "low": "print()"}},
        {"$": "Input", "name": "x", "shape": [3], "batch_size": "print()"},
        {"$": "Input", "name": ["x"], "shape": [3]},
        {"$": "Slice", "start": "print()"},
        {"$": "Ref", "node": "x", "index": "0]; print()"},
        {"$": "Freeze", "path": ["x"], "trainable": "print()"},
        {"$": "Compile", "steps": "print()"},
        {"$": "Node", "name": "d", "layer": None, "keywords": {"mask=1, x=print(), y": 1}},
        {"$": "Architecture", "name": "m", "form": "application:MobileNet()"},
        {"$": "Architecture", "name": "m", "seed": "print()"},
        {"$": "Architecture", "name": "m", "nodes": [{"$": "Ref", "node": "x"}]},
        {"$": "Exported", "architecture": "print()"},
    ],
    ids=str,
)
def test_text_in_the_place_of_a_number_or_a_name_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=rf"{data['$']}|Values"):
        from_json(data)


def test_what_is_no_data_is_refused() -> None:
    with pytest.raises(TypeError, match="function"):
        to_json(lambda: None)


def test_the_digest_does_not_change_from_release_to_release() -> None:
    assert Architecture("m", inputs=(Input("x", (3,)),), outputs=Ref("x")).digest() == "ce69a0140780"


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_every_draw_survives_json(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(RULES)), min_size=1, max_size=4, unique=True))
    goals = [Goal(name) for name in names if KERAS.has(RULES[name].public)]
    drawn = data.draw(architectures(vocabulary=KERAS, rules=RULES, goals=goals or [Goal("Dense")]))
    assert loads(dumps(drawn)) == drawn


def test_a_vocabulary_knows_what_the_base_layer_takes() -> None:
    small = Vocabulary((3, 15), {"layers.Add": ("**",), "layers.Odd": ("units",)})
    assert small.has("layers.Add", "dtype")
    assert not small.has("layers.Odd", "dtype")
    assert not small.has("layers.Add", "units")


def test_only_a_dense_that_is_an_output_and_is_called_once_is_widened() -> None:
    def dense(name: str, source: str, units: int) -> Node:
        return Node(name, Call("layers.Dense", {"units": units}), (Ref(source),))

    once = (dense("hidden", "x", 3), dense("head", "hidden", 2))
    shared = (*once, Node("again", Ref("head"), (Ref("head"),)))
    model = Architecture("m", inputs=(Input("x", (3,)),), nodes=once, outputs=[Ref("head"), Ref("x")])
    found = widened(model, lambda units: units + 1)
    assert found == ("head", Architecture("m", inputs=model.inputs, nodes=(once[0], dense("head", "hidden", 3)),
                                          outputs=model.outputs))  # fmt: skip
    for other in (
        Architecture("m", inputs=model.inputs, nodes=shared, outputs=Ref("head")),
        Architecture("m", inputs=model.inputs, nodes=once, outputs=Ref("x")),
    ):
        assert widened(other, lambda units: units + 1) is None
