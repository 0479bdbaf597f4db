"""Graphs that come back wired in another way: shared, nested, with structures of inputs, taken apart, cloned."""

from __future__ import annotations

import importlib
from typing import Any

from harness.protocol.architecture import Architecture, Freeze, Input, Name, Node, Ref, Slice
from tests.planted.tracker import (
    CLONED,
    H5_HERE,
    H5_LOADED,
    HERE,
    LOADED,
    REBUILT,
    WEIGHTS,
    Patch,
    chain,
    commit,
    family,
    inner,
    issue,
    layer,
    pull,
)

FAULTS, fault = family()
FUNCTIONAL = "keras.src.models.functional"
CLONING = "keras.src.models.cloning"
X, Y = Input("x", (3,)), Input("y", (3,))

SHARED_AT_TWO_DEPTHS = Architecture(
    "model",
    inputs=(Input("x", (4,)), Input("y", (4,))),
    nodes=(
        Node("early", layer("Activation", activation="tanh"), (Ref("y"),)),
        Node("shared", layer("Dense", units=4), (Ref("early"),)),
        Node("first", Ref("shared"), (Ref("x"),)),
        Node("between", layer("Activation", activation="relu"), (Ref("first"),)),
        Node("second", Ref("shared"), (Ref("between"),)),
        Node("joined", layer("Concatenate"), ([Ref("second"), Ref("shared")],)),
    ),
    outputs=Ref("joined"),
    seed=5,
)


@fault(
    commit("7dae3e918fbc853cb511dfb680757096d6473aa6"),
    "A nested functional model that is an output was looked up at the wrong one of its calls.",
    chain((3,), inner((3,), layer("Dense", units=2))),
    travel=("IndexError", f"{LOADED} {H5_LOADED} from_config json transfer"),
)
def nested_output_is_of_another_call(keras: Any, patch: Patch) -> None:
    patch.rewrite(importlib.import_module(FUNCTIONAL), "functional_from_config", ("node_index -= 1", "pass"))


@fault(
    pull(11588),
    "A layer shared at two depths was called in another order when the graph was made again.",
    SHARED_AT_TWO_DEPTHS,
    structure=("order/0", f"{LOADED} {H5_LOADED} from_config json"),
    extracted=("saved alone: outputs of joined", "extraction"),
)
def shared_layer_is_called_in_another_order(keras: Any, patch: Patch) -> None:
    later = "if skipped:\n    some_nodes_processed = True\n    unprocessed_nodes[layer] = skipped\nelif True:"
    patch.rewrite(
        importlib.import_module(FUNCTIONAL),
        "functional_from_config",
        ("node_index = 0\n", "node_index, skipped = 0, []\n"),
        ("    break\n", "    skipped.append(node_data)\n"),
        ("if node_index >= len(node_data_list):", later.replace("\n", "\n" + " " * 16)),
    )


@fault(
    commit("b2eb9649e66762dacab6d3cb1b8b4ffd3360e96e"),
    "Calls of a layer outside of the model were counted when the graph was written down.",
    Architecture(
        "model",
        inputs=(X, Y),
        nodes=(
            Node("shared", layer("Dense", units=3), (Ref("y"),)),
            Node("again", Ref("shared"), (Ref("x"),)),
            Node("head", layer("Dense", units=2), (Ref("again"),)),
        ),
        outputs=[Ref("head"), Ref("again")],
        seed=5,
    ),
    travel=("ValueError", f"{LOADED} {H5_LOADED} extraction from_config json transfer"),
)
def calls_elsewhere_are_counted(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        importlib.import_module(FUNCTIONAL),
        "serialize_node",
        ("node_index - irrelevant_node_count", "node_index"),
    )


@fault(
    pull(21341),
    "A model with one input came back with a list of one: its config said another thing each time that it was saved.",
    chain((3,), layer("Dense", units=2)),
    structure=("takes", f"{LOADED} {H5_LOADED} from_config json"),
    config=("input_layers", f"{LOADED} {H5_LOADED} from_config json"),
)
def one_input_becomes_a_list_of_one(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        importlib.import_module(FUNCTIONAL),
        "functional_from_config",
        ('map_tensors(functional_config["input_layers"])', '[map_tensors(functional_config["input_layers"])]'),
    )


@fault(
    pull(18603),
    "`clone_model` took the batch axis of an input for one of its axes.",
    chain((3,), layer("Dense", units=2)),
    structure=("inputs/0/0", CLONED),
    config=("layers/x/config/batch_shape", CLONED),
)
def clone_adds_an_axis(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        importlib.import_module(CLONING), "_clone_functional_model", ("Input(batch_shape=x.shape,", "Input(x.shape,")
    )


@fault(
    commit("df7ce56cf164f850e9684e2c29d8463f18273b10"),
    "A functional model that was frozen came back trainable.",
    chain((3,), layer("Dense", units=2), freezes=(Freeze(()),)),
    config=("trainable", f"{LOADED} {H5_LOADED} from_config json"),
    flags=("model", f"{LOADED} {H5_LOADED} from_config json"),
)
def frozen_model_comes_back_trainable(keras: Any, patch: Patch) -> None:
    patch.rewrite(importlib.import_module(FUNCTIONAL), "functional_from_config", ("trainable=trainable,", ""))


@fault(
    pull(21373),
    "Operations left their names out of their configs.",
    chain((3,), Node("a", Name("ops.abs")), layer("Dense", units=2)),
    config=("layers", f"{REBUILT} {HERE}"),
)
def operations_forget_their_names(keras: Any, patch: Patch) -> None:
    patch.rewrite(keras.Operation, "get_config", ("if not init_has_name and not init_has_kwargs:", "if True:"))


@fault(
    pull(21532),
    "Saving a model with an operation in a list of its attributes raised an error.",
    chain((3,), Node("a", Name("ops.abs")), layer("Dense", units=2)),
    travel=(
        "ValueError",
        f"{WEIGHTS} {HERE} extraction refused skip_mismatch transfer",
    ),
)
def operations_cannot_be_walked(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        importlib.import_module("keras.src.saving.saving_lib"),
        "get_attr_skipset",
        ('elif obj_type == "Layer":', 'if obj_type == "Layer":'),
    )


@fault(
    commit("eb3a6d5325b87f69cff52276526bd7d8631bd9db"),
    "A model with one output came back with a list of one.",
    chain((3,), layer("Dense", units=2)),
    structure=("gives", f"{LOADED} {H5_LOADED} from_config json"),
    config=("output_layers", f"{LOADED} {H5_LOADED} from_config json"),
)
def one_output_becomes_a_list_of_one(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        importlib.import_module(FUNCTIONAL),
        "functional_from_config",
        ('map_tensors(functional_config["output_layers"])', '[map_tensors(functional_config["output_layers"])]'),
    )


@fault(
    issue(4160),
    "Two layers that are called in turns, A(B(A(B(x)))), could not be put together again.",
    Architecture(
        "model",
        inputs=(X,),
        nodes=(
            Node("one", layer("Dense", units=3), (Ref("x"),)),
            Node("other", layer("Dense", units=3), (Ref("one"),)),
            Node("one_again", Ref("one"), (Ref("other"),)),
            Node("other_again", Ref("other"), (Ref("one_again"),)),
        ),
        outputs=Ref("other_again"),
        seed=5,
    ),
    travel=("ValueError", f"{LOADED} {H5_LOADED} from_config json transfer"),
)
def layers_in_turns_are_a_loop(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        importlib.import_module(FUNCTIONAL),
        "functional_from_config",
        ("elif node_index > 0:", "elif False:"),
    )


@fault(
    commit("3eab6103e0069d261c3e3586c12d5aaf0a331429"),
    "A Sequential that its first call had built forgot the shape that it was built with.",
    Architecture(
        "model",
        form="sequential",
        inputs=(X,),
        nodes=(Node("a", layer("Dense", units=2)),),
        outputs=Ref("a"),
        seed=5,
        deferred=True,
    ),
    travel=("ValueError", H5_LOADED),
)
def sequential_forgets_its_shape(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        keras.Sequential,
        "get_config",
        ("for layer in super().layers:", "for layer in self.layers:"),
        ("if self._functional is not None:", "if False:"),
    )


@fault(
    pull(20120),
    "A model with a tuple of outputs came back with a list of them.",
    Architecture(
        "model",
        inputs=(X,),
        nodes=(
            Node("a", layer("Dense", units=2), (Ref("x"),)),
            Node("b", layer("Dense", units=2), (Ref("x"),)),
        ),
        outputs=(Ref("a"), Ref("b")),
        seed=5,
    ),
    structure=("gives/tuple", "from_config"),
)
def tuple_of_outputs_becomes_a_list(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        importlib.import_module(FUNCTIONAL),
        "functional_from_config",
        (
            "return tuple([map_tensors(v) for v in tensors])",
            "return [map_tensors(v) for v in tensors]",
        ),
    )


@fault(
    commit("3d0af7a0d153238c219d0e6715bd6a63bb66788a"),
    "A model that takes a dict of inputs came back taking a list.",
    Architecture(
        "model",
        inputs=(X, Y),
        nodes=(
            Node("a", layer("Add"), ([Ref("x"), Ref("y")],)),
            Node("b", layer("Dense", units=2), (Ref("a"),)),
        ),
        outputs=Ref("b"),
        input_structure="dict",
        seed=5,
    ),
    structure=("takes/x", f"{LOADED} {H5_LOADED} from_config json"),
)
def dict_of_inputs_becomes_a_list(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        keras.Model.__subclasses__() and importlib.import_module(FUNCTIONAL).Functional,
        "get_config",
        (
            "map_tensors(self._inputs_struct)",
            "map_tensors(tree.flatten(self._inputs_struct))",
        ),
    )


@fault(
    pull(19185),
    "A model that begins at a tensor inside of another one was wired to what lies before it.",
    chain((3,), layer("Dense", units=3), layer("Dense", units=3), layer("Dense", units=2)),
    travel=("RuntimeError", "extraction"),
)
def part_is_wired_to_what_lies_before(keras: Any, patch: Patch) -> None:
    module = importlib.import_module(FUNCTIONAL)
    patch.rewrite(
        module.Functional,
        "__init__",
        ("if not all(is_input_keras_tensor(t) for t in flat_inputs):", "if False:"),
    )


@fault(
    commit("a0673fef4e1410745b87cc6955006a79bb7f2a89"),
    "Layers that merge took shapes as tuples alone: in a file they are lists.",
    Architecture(
        "model",
        inputs=(X, Y),
        nodes=(Node("a", layer("Add"), ([Ref("x"), Ref("y")],)), Node("b", layer("Dense", units=2), (Ref("a"),))),
        outputs=Ref("b"),
        seed=5,
    ),
    travel=("ValueError", f"{LOADED} extraction json transfer"),
)
def merging_takes_tuples_alone(keras: Any, patch: Patch) -> None:
    merge = keras.layers.Add.__mro__[1]
    patch.rewrite(merge, "build", ("isinstance(input_shape[0], (tuple, list))", "isinstance(input_shape[0], tuple)"))


@fault(
    pull(19564),
    "A model with `...` in an index could not be saved.",
    chain((3, 2), Node("a", Name("operator.getitem"), (Ref("x"), (..., 0))), layer("Dense", units=2)),
    config=("TypeError", "build"),
    travel=("TypeError", f"{HERE} {H5_HERE} from_config json weights_by_name hdf5_weights extraction transfer"),
)
def ellipsis_cannot_be_written(keras: Any, patch: Patch) -> None:
    module = importlib.import_module("keras.src.saving.serialization_lib")
    patch.rewrite(module, "serialize_keras_object", ("if isinstance(obj, type(Ellipsis)):", "if False:"))


@fault(
    commit("03861428e51b1b6986d51bf6cee65190d4defcf5"),
    "A model with a slice in an index could not be saved.",
    chain((3, 2), Node("a", Name("operator.getitem"), (Ref("x"), (Slice(), Slice(1)))), layer("Dense", units=2)),
    config=("TypeError", "build"),
    travel=("TypeError", f"{HERE} {H5_HERE} from_config json weights_by_name hdf5_weights extraction transfer"),
)
def slices_cannot_be_written(keras: Any, patch: Patch) -> None:
    module = importlib.import_module("keras.src.saving.serialization_lib")
    patch.rewrite(module, "serialize_keras_object", ("if isinstance(obj, slice):", "if False:"))
