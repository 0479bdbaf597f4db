"""How a model travels: what a route writes, what it fills in before it loads, and what it tells of that."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from harness.own import keras_faults
from harness.protocol.architecture import Call, Compile, Freeze, Input, Node, Ref
from harness.routes import checkpoint, extraction, other_source, weights_only
from harness.routes.route import Arrival, Route, by_file, file_of
from harness.worker import dialect, taken
from harness.worker.dialect import keras, tf
from tests.inside.models import COMPILED, chain, dense, described, layers, subject_of


def _kept(subject: Any, model: Any = None) -> list[bytes]:
    return [np.array(each.value).tobytes() for each in (model or subject.model).weights]


def a_file_is_written_anew_for_each_route_unless_there_is_a_folder_for_those_of_the_original(folder: Path) -> None:
    written: list[Path] = []

    def write(path: Path) -> None:
        written.append(path)
        path.write_text("whole")

    subject = subject_of(None)
    assert [file_of(subject, folder, "a", write) for _ in range(2)] == [folder / "a"] * 2
    assert written == [folder / "a"] * 2
    shared = folder / "of" / "all"
    subject.files = shared
    assert [file_of(subject, folder, "a", write) for _ in range(2)] == [shared / "a"] * 2
    assert file_of(subject, folder, "b", write) == shared / "b"
    assert written[2:] == [shared / "a", shared / "b"]


def half_a_file_is_no_file_of_the_original_whatever_ended_it(folder: Path) -> None:
    subject = subject_of(None)
    subject.files = folder

    def write(path: Path) -> None:
        path.write_text("ha")
        raise KeyboardInterrupt

    def nothing(path: Path) -> None:
        raise ZeroDivisionError

    for each, raised in ((write, KeyboardInterrupt), (nothing, ZeroDivisionError)):
        try:
            file_of(subject, folder, "a", each)
        except raised:
            assert not (folder / "a").exists()
        else:
            raise AssertionError


def a_route_by_file_saves_and_loads_and_another_process_may_do_either(folder: Path) -> None:
    def save(subject: Any, where: Path) -> Path:
        return where / str(subject)

    route = by_file("r", save, lambda path: path.name, needs=frozenset({"graph"}), majors=(3,))
    told: Any = "model"
    assert route.journey(told, folder).model == "model"
    assert route.save is save
    assert route.take is not None
    assert route.take(told, folder / "other").model == "other"
    assert (route.name, route.needs, route.majors) == ("r", {"graph"}, (3,))
    plain = Route("p", lambda *_: Arrival())
    assert (plain.save, plain.take, plain.needs, plain.majors) == (None, None, frozenset(), (2, 3))
    assert by_file("q", save, str).majors == (2, 3)


def an_arrival_has_observations_of_its_own() -> None:
    one, other = Arrival(), Arrival()
    one.before["a"] = one.after["a"] = 1
    assert (other.model, other.before, other.after, other.unasked) == (None, {}, {}, ())


def the_rebuilt_model_is_made_once_and_filled_with_other_numbers_each_time() -> None:
    subject = described(dense("a", "x", 4), dense("b", "a"))
    model = weights_only.rebuilt(subject)
    first = _kept(subject, model)
    assert not set(first) & set(_kept(subject))
    assert [place for place, _ in subject.shared["redrawn"]] == ["a/kernel", "a/bias", "b/kernel", "b/bias"]
    drawn = [value.tobytes() for _, value in subject.shared["redrawn"]]
    assert not {first[0], first[2]} & set(drawn)
    initial = [value.tobytes() for _, value in subject.initial]
    assert drawn[0] != initial[0]
    assert drawn[1] == initial[1]
    model.set_weights(subject.model.get_weights())
    assert weights_only.rebuilt(subject) is model
    assert _kept(subject, model) == first
    other = described(dense("a", "x", 4), dense("b", "a"))
    weights_only.rebuilt(other)
    assert [value.tobytes() for _, value in other.shared["redrawn"]] == drawn


def a_frozen_model_that_is_told_to_train_is_not_asked_for_outputs() -> None:
    told = replace(dense("a", "x"), keywords={"training": True})
    off = replace(dense("a", "x"), keywords={"training": False})
    for node, freezes, unasked in (
        (told, (Freeze(("a",)),), ("outputs",)), (told, (), ()), (off, (Freeze(("a",)),), ()),
        (dense("a", "x"), (Freeze(("a",)),), ()),
    ):  # fmt: skip
        subject = subject_of(None, nodes=(node,), freezes=freezes)
        arrival = weights_only.arrived(subject, "model")
        assert (arrival.model, arrival.unasked) == ("model", unasked)
        assert (arrival.before, arrival.after) == ({}, {})


def weights_come_back_along_each_route_of_weights_alone(folder: Path) -> None:
    routes = (
        weights_only.FILE, weights_only.SHARDED, weights_only.BY_HAND, weights_only.NPZ, other_source.BY_NAME,
    )  # fmt: skip
    subject = described(dense("a", "x", 64), dense("b", "a"))
    for route in routes:
        where = folder / route.name
        where.mkdir()
        before = _kept(subject)
        arrival = route.journey(subject, where)
        assert arrival.model is not subject.model
        assert _kept(subject, arrival.model) == before == _kept(subject), route.name
        assert arrival.unasked == ()
        assert "weights" in route.needs


def weights_are_saved_under_the_name_that_says_so(folder: Path) -> None:
    subject = described(dense("a", "x"))
    assert weights_only.save(subject, folder) == folder / "model.weights.h5"
    assert (folder / "model.weights.h5").exists()


def _sizes_asked(subject: Any, folder: Path) -> list[float]:
    """How large a shard may be, of what is saved in several."""
    told: list[float] = []
    save = subject.model.save_weights

    def saving(path: Path, max_shard_size: float) -> None:
        told.append(max_shard_size)
        save(path, max_shard_size=max_shard_size)

    subject.model.save_weights = saving
    weights_only.SHARDED.journey(subject, folder)
    return told


def _bytes(subject: Any) -> list[int]:
    return [np.array(each).nbytes for each in subject.model.weights]


def shards_are_several_and_each_holds_the_largest_weight(folder: Path) -> None:
    subject = described(dense("a", "x", 64), dense("b", "a", 64), dense("c", "b", 64), dense("d", "c", 64))
    assert _sizes_asked(subject, folder) == [max(_bytes(subject)) * 1.5 / 1e9]
    assert 1 < len(list(folder.glob("shards*.h5"))) < 4


def no_shard_is_asked_to_be_smaller_than_a_few_numbers(folder: Path) -> None:
    assert _sizes_asked(described(dense("a", "x")), folder) == [64 / 1e9]


def a_third_of_the_weights_goes_into_a_shard_where_none_is_that_large(folder: Path) -> None:
    subject = described(*(dense(name, before, 8) for before, name in zip("xabcdefg", "abcdefgh")))
    assert _sizes_asked(subject, folder) == [sum(_bytes(subject)) / 3 / 1e9]


def weights_are_loaded_under_the_policy_that_they_were_built_under_and_it_is_put_back(folder: Path) -> None:
    before = dialect.policy()
    subject = described(dense("a", "x"), policy="mixed_bfloat16")
    path = weights_only.save(subject, folder)
    assert dialect.policy() == before
    arrival = weights_only.take(subject, path)
    assert arrival.model.get_layer("a").compute_dtype == "bfloat16"
    assert dialect.policy() == before
    dialect.set_policy("float64")
    try:
        other = described(dense("a", "x"))
        assert weights_only.take(other, weights_only.save(other, folder)).model.get_layer("a").dtype == "float64"
        assert dialect.policy() == "float64"
        missing = described(Node("a", Call("layers.Dense", {"units": 2}), (Ref("x"),)))
        missing.make = lambda: 1 / 0
        try:
            weights_only.take(replace(missing, architecture=replace(missing.architecture, policy="float16")), path)
        except ZeroDivisionError:
            assert dialect.policy() == "float64"
        else:
            raise AssertionError
    finally:
        dialect.set_policy(before)


def weights_by_name_are_asked_for_by_name(folder: Path) -> None:
    asked: list[Any] = []
    load = keras.Model.load_weights
    keras.Model.load_weights = lambda _, path, **settings: asked.append((path.name, settings))
    try:
        other_source.BY_NAME.journey(described(dense("a", "x")), folder)
    finally:
        keras.Model.load_weights = load
    assert asked == [("model.h5", {"by_name": True})]
    assert other_source.BY_NAME.needs == {"weights", "graph"}
    assert weights_only.SHARDED.majors == (3,)


def what_numpy_cannot_keep_is_kept_wide_enough() -> None:
    half = np.array(tf.constant([1.5], "bfloat16"))
    assert weights_only._storable(half).dtype == np.float32
    assert weights_only._storable(np.array(["a", "b"], dtype=object)).dtype.kind == "S"
    for dtype in ("float16", "float32", "int8", "bool"):
        assert weights_only._storable(np.zeros(1, dtype)).dtype == dtype


def weights_of_bfloat16_come_back_from_numpys_own_file(folder: Path) -> None:
    subject = described(dense("a", "x", dtype="bfloat16"), dense("b", "a", dtype="float16"))
    arrival = weights_only.NPZ.journey(subject, folder)
    assert _kept(subject, arrival.model) == _kept(subject)


def a_part_that_is_taken_out_has_the_weights_and_the_outputs_of_the_whole(folder: Path) -> None:
    for seed, chosen in ((0, "a"), (2, "c"), (4, "b")):
        subject = described(dense("a", "x", 4), dense("b", "a", 3), dense("c", "b"), seed=seed)
        arrival = extraction.EXTRACTION.journey(subject, folder)
        assert arrival.model is None
        assert arrival.before == arrival.after
        assert list(arrival.after["extracted"]) == [
            "up to: weights are the same objects", f"up to: outputs of {chosen}", f"saved alone: outputs of {chosen}",
            "all but the last: weights are the same objects", "all but the last: outputs of b",
            "middle: weights are the same objects", "middle: outputs of b", "middle saved alone: outputs of b",
        ]  # fmt: skip
        outputs = arrival.after["extracted"]
        assert outputs[f"up to: outputs of {chosen}"] != [] != outputs["middle: outputs of b"]
    assert extraction.EXTRACTION.needs == {"graph"}


def a_part_that_computes_something_else_is_told(folder: Path) -> None:
    subject = described(dense("a", "x", 4), dense("b", "a", 3))
    made = keras.Model

    class Another(made):
        def __new__(cls, inputs: Any, outputs: Any, name: str) -> Any:
            return made(inputs, layers.Dense(outputs.shape[-1], name="new")(outputs), name=name)

    extraction.keras = SimpleNamespace(Model=Another, layers=layers)
    kind = (keras.layers.InputLayer, made)
    extraction._once, once = lambda layer: not isinstance(layer, kind), extraction._once
    try:
        arrival = extraction.EXTRACTION.journey(subject, folder)
    finally:
        extraction.keras, extraction._once = keras, once
    differs = [name for name, each in arrival.before["extracted"].items() if arrival.after["extracted"][name] != each]
    assert differs == list(arrival.before["extracted"])


def only_what_was_called_once_is_taken_out_and_no_model_and_no_input(folder: Path) -> None:
    given = keras.Input((3,), name="x")
    twice = layers.Dense(3, name="twice")
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(3)], name="inner")
    model = keras.Model(given, layers.Dense(2, name="last")(inner(twice(twice(given)))))
    assert [layer.name for layer in model.layers if extraction._once(layer)] == ["last"]
    arrival = extraction.EXTRACTION.journey(subject_of(model), folder)
    assert list(arrival.after["extracted"]) == [
        "up to: weights are the same objects", "up to: outputs of last", "saved alone: outputs of last",
    ]  # fmt: skip
    shared = keras.Model(given, twice(twice(given)))
    assert extraction.EXTRACTION.journey(subject_of(shared), folder).after == {"extracted": {}}


def a_middle_part_begins_where_a_layer_follows_another(folder: Path) -> None:
    both = Node("both", Call("layers.Add"), ([Ref("a"), Ref("b")],))
    subject = described(dense("a", "x"), dense("b", "x"), both, dense("c", "both"))
    arrival = extraction.EXTRACTION.journey(subject, folder)
    assert arrival.before == arrival.after
    assert [name for name in arrival.after["extracted"] if "middle" in name and "outputs" in name] == [
        "middle: outputs of c", "middle saved alone: outputs of c",
    ]  # fmt: skip


def a_layer_follows_another_where_it_takes_its_one_output_and_nothing_else() -> None:
    given = keras.Input((3,), name="x")
    first, second, both = layers.Dense(3), layers.Dense(3), layers.Add()
    one = first(given)
    both([one, second(one)])
    assert extraction._follows(first, second)
    assert not extraction._follows(second, first)
    assert not extraction._follows(second, both)
    sequence = keras.Input((4, 3))
    several, after = layers.LSTM(2, return_state=True), layers.Dense(1)
    after(several(sequence)[0])
    assert not extraction._follows(several, after)


def no_layer_is_changed_by_being_taken_out(folder: Path) -> None:
    class Counting(layers.Layer):
        def build(self, shape: Any) -> None:
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

        def call(self, inputs: Any) -> Any:
            self.calls.assign_add(1.0)
            return inputs

    counting = Counting()
    subject = subject_of(chain(layers.Dense(2), counting, layers.Dense(2)))
    before = float(counting.calls)
    with keras.utils.custom_object_scope({"Counting": Counting}):
        extraction.EXTRACTION.journey(subject, folder)
    assert float(counting.calls) == before


def states_are_as_new_in_each_part(folder: Path) -> None:
    given = keras.Input((4, 3), batch_size=2, name="x")
    model = keras.Model(given, layers.Dense(2)(layers.SimpleRNN(2, stateful=True)(given)))
    subject = subject_of(model, np.ones((2, 4, 3), "float32"))
    model(subject.inputs)
    arrival = extraction.EXTRACTION.journey(subject, folder)
    assert arrival.before == arrival.after


def parts_of_several_inputs_are_fed_with_all_of_them(folder: Path) -> None:
    node = Node("sum", Call("layers.Add"), ([Ref("x"), Ref("y")],))
    subject = described(node, dense("b", "sum"), inputs=(Input("x", (3,)), Input("y", (3,))))
    arrival = extraction.EXTRACTION.journey(subject, folder)
    assert arrival.before == arrival.after
    assert "all but the last: outputs of sum" in arrival.after["extracted"]


def what_fits_is_loaded_where_an_output_has_one_unit_more(folder: Path) -> None:
    subject = described(dense("a", "x", 4), dense("b", "a"))
    arrival = other_source.SKIP_MISMATCH.journey(subject, folder)
    assert arrival.model is None
    assert arrival.before == arrival.after
    assert [each["path"] for each in arrival.after["others restored"]] == ["a/bias", "a/kernel"]
    assert other_source.SKIP_MISMATCH.needs == {"weights", "described"}


def what_is_not_loaded_is_told_of_all_but_the_output_that_differs(folder: Path) -> None:
    subject = described(dense("a", "x", 4), dense("b", "a"))
    load = keras.Model.load_weights
    keras.Model.load_weights = lambda *_, **__: None
    try:
        arrival = other_source.SKIP_MISMATCH.journey(subject, folder)
    finally:
        keras.Model.load_weights = load
    pairs = zip(arrival.before["others restored"], arrival.after["others restored"])
    assert all(one["value"] != other["value"] for one, other in pairs)


def a_checkpoint_tells_the_layer_around_those_that_it_lacks(folder: Path) -> None:
    gates = [
        Node(name, Call("custom.Gate", {"units": 3, "kept": kept}), (Ref(before),))
        for name, kept, before in (("a", "attributes", "x"), ("b", "dict", "a"))
    ]
    arrival = checkpoint.CHECKPOINT.journey(described(*gates), folder)
    lacking = {"b": "all but value, gate"} if dialect.MAJOR >= 3 else {}  # Keras 2 wrote what lies in a list or a dict
    assert arrival.after["tracked"] == lacking
    assert arrival.before["tracked"] == dict.fromkeys(lacking, "all of its layers")


def what_a_checkpoint_lacks_is_keras_s_fault_where_that_layer_keeps_its_layers_in_a_list_or_a_dict(
    folder: Path,
) -> None:
    class Holds(keras.layers.Layer):
        def __init__(self, **held: Any) -> None:
            super().__init__()
            for name, value in held.items():
                setattr(self, name, value)

    layer = keras.layers.Dense(2)
    listed = (Holds(a=[layer]), Holds(a={"b": [layer]}), Holds(a={1: layer, "b": 2}))
    assert [keras_faults._holds_layers_in_lists(each) for each in listed] == [dialect.MAJOR >= 3] * 3
    others = (Holds(a=layer), Holds(a=[1, 2]), Holds(a=[]), keras.layers.StackedRNNCells([]), keras.Sequential([layer]))
    assert not any(keras_faults._holds_layers_in_lists(each) for each in others)
    subject = described(
        Node("a", Call("custom.Gate", {"units": 3}), (Ref("x"),)), Node("b", Call("layers.ReLU"), (Ref("a"),))
    )
    at = [keras_faults._layer_at(path, SimpleNamespace(subject=subject)) for path in ("a", "a/value", "Functional")]
    assert [type(each).__name__ for each in at] == ["Gate", "Dense", "Functional"]


def what_only_the_first_call_makes_is_read_from_a_checkpoint_as_it_is_made(folder: Path) -> None:
    subject = described(dense("a", "x", 3, activation=Call("layers.PReLU")))
    subject.files = folder / "of" / "all"
    subject.model(subject.inputs)
    alpha = subject.model.weights[-1]
    alpha.assign(alpha + 0.5)
    model = checkpoint.CHECKPOINT.journey(subject, folder / "gone").model
    assert not (folder / "gone").exists()
    model(subject.inputs)
    assert _kept(subject, model) == _kept(subject)


def a_model_without_an_output_that_can_be_wider_is_not_loaded_in_part(folder: Path) -> None:
    subject = described(dense("a", "x", 4), Node("b", Call("layers.ReLU"), (Ref("a"),)))
    arrival = other_source.SKIP_MISMATCH.journey(subject, folder)
    assert (arrival.model, arrival.before, arrival.after) == (None, {}, {})
    assert other_source._wider(subject.architecture) is None


def the_wider_model_has_one_unit_more_and_is_not_compiled() -> None:
    compiled = described(dense("a", "x", 4), dense("b", "a"), compile=Compile(dict(COMPILED)))
    assert compiled.model.compiled
    name, model = other_source._wider(compiled.architecture)
    assert name == "b"
    assert model.get_layer("b").units == 3
    assert not model.compiled


def a_kernel_with_an_adapter_is_compared_merged_and_its_factors_are_not() -> None:
    head = layers.Dense(2, name="head")
    other = layers.Dense(2, name="b")
    model = chain(head, other)
    head.enable_lora(1)
    head.lora_kernel_b.assign(np.ones((1, 2)))
    subject = subject_of(model)
    told = {each["path"]: each["value"] for each in other_source._others(subject, model, "b")}
    assert set(told) == {"head/kernel", "head/bias"}
    assert told["head/kernel"] == subject.arrays.add(head.kernel)
    assert told["head/kernel"] != subject.arrays.add(head._kernel)


def what_does_not_fit_is_refused(folder: Path) -> None:
    subject = described(dense("a", "x", 4), dense("b", "a"))
    arrival = other_source.REFUSED.journey(subject, folder)
    named = ["one weight fewer", "one of another shape", "a file of another shape"]
    assert arrival.model is None
    assert arrival.before == arrival.after == {"refused": dict.fromkeys(named, "refused")}


def what_is_accepted_and_should_not_be_is_told(folder: Path) -> None:
    subject = described(dense("a", "x", 4), dense("b", "a"))
    set_weights, load = keras.Model.set_weights, keras.Model.load_weights
    keras.Model.set_weights = keras.Model.load_weights = lambda *_, **__: None
    try:
        told = other_source.REFUSED.journey(subject, folder).after["refused"]
    finally:
        keras.Model.set_weights, keras.Model.load_weights = set_weights, load
    assert told == dict.fromkeys(told, "accepted")
    assert len(told) == 3


def an_error_of_another_kind_is_no_refusal(folder: Path) -> None:
    for name in ("set_weights", "load_weights"):
        subject = described(dense("a", "x", 4), dense("b", "a"))
        original = getattr(keras.Model, name)
        setattr(keras.Model, name, lambda *_, **__: 1 / 0)
        try:
            other_source.REFUSED.journey(subject, folder)
        except ZeroDivisionError:
            continue
        finally:
            setattr(keras.Model, name, original)
        raise AssertionError(name)


def a_subclassed_model_is_refused_a_whole_h5_and_a_clone_by_layers(folder: Path) -> None:
    """Keras 3 writes the first without a word (h5-takes-subclassed-models), which must be told."""
    subject = described(Node("own", Call("custom.Twice", {"units": 2}), (Ref("x"),)), form="subclass")
    told = other_source.REFUSED.journey(subject, folder)
    named = ["one weight fewer", "one of another shape", "a whole .h5 of a subclassed model", "a clone layer by layer"]
    assert told.before["refused"] == dict.fromkeys(named, "refused")
    written = (folder / "model.h5").exists()
    assert told.after["refused"] == {**told.before["refused"], named[2]: "accepted" if written else "refused"}


def a_keras_zip_is_copied_for_the_two_releases_that_open_it_for_writing(folder: Path) -> None:
    path, text = folder / "model.keras", folder / "no zip.keras"
    text.write_text("whole")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", "{}")
    own, copied = dialect.VERSION, {}
    try:
        for dialect.VERSION in ((2, 15), (3, 0), (3, 1), (3, 2), own):
            with taken.open_to_writing(text) as place:
                assert place == text  # Keras tells of it by its path
            with taken.open_to_writing(path) as place:
                assert (place.name, place.read_bytes()) == (path.name, path.read_bytes())
                copied[dialect.VERSION] = place != path
            assert place.exists() is (place == path)
    finally:
        dialect.VERSION = own
    assert [version for version, copy in copied.items() if copy] == [(3, 0), (3, 1)]
