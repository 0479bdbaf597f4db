"""Exports, summaries and what else looks at a model from outside."""

from __future__ import annotations

import importlib
from typing import Any

from harness.protocol.architecture import Architecture, Input, Name, Node, Ref, Values
from tests.planted.tracker import Patch, chain, family, layer, pull

FAULTS, fault = family()
WORDS = Values("word", words=("red", "green", "blue"))
LOOKUP = layer("StringLookup", vocabulary=["red", "green"], name="lookup")


@fault(
    pull(21095),
    "A model that takes a dict of inputs could not be exported.",
    Architecture(
        "model",
        inputs=(Input("x", (3,)), Input("y", (3,))),
        nodes=(Node("a", layer("Add"), ([Ref("x"), Ref("y")],)), Node("b", layer("Dense", units=2), (Ref("a"),))),
        outputs=Ref("b"),
        input_structure="dict",
        seed=5,
    ),
    travel=("TypeError", "export"),
)
def dict_of_inputs_cannot_be_exported(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        importlib.import_module("keras.src.export.export_utils"),
        "get_input_signature",
        (
            "tree.map_structure(make_input_spec, model._inputs_struct)",
            "tree.map_structure(make_input_spec, model.inputs)",
        ),
    )


@fault(
    pull(22172),
    "A lookup table in a list of layers was not tracked: the model could be exported, and not be loaded.",
    Architecture(
        "model",
        form="subclass",
        inputs=(Input("x", (2,), "string", WORDS),),
        nodes=(Node("a", layer("custom.Steps", layers=[LOOKUP], kept="list"), (Ref("x"),)),),
        outputs=Ref("a"),
        seed=5,
    ),
    travel=("AssertionError", "export"),
)
def table_in_a_list_is_not_tracked(keras: Any, patch: Patch) -> None:
    archive = importlib.import_module("keras.src.export.saved_model_export_archive").SavedModelExportArchive
    patch.rewrite(archive, "_filter_and_track_resources", ('save_type="savedmodel"', 'save_type="checkpoint"'))


@fault(
    pull(20102),
    "`summary(show_trainable=True)` raised an error where the graph has an operation, which has no weights.",
    chain((3,), Node("a", Name("ops.abs")), layer("Dense", units=2)),
    summary=("AttributeError", "build"),
)
def summary_asks_operations_for_weights(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        importlib.import_module("keras.src.utils.summary_utils"),
        "print_summary",
        ('if hasattr(layer, "weights") and len(layer.weights) > 0:', "if layer.weights:"),
    )
