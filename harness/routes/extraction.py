"""Layers taken out into a new model: up to a layer, all but the last, and a middle part.

The new model has the same layer objects with the same weights, computes what the layer computed inside of the old
one, and can be saved on its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.routes import keras_zip
from harness.routes.route import Arrival, Route
from harness.worker import dialect, states
from harness.worker.dialect import keras
from harness.worker.subject import Subject


def _journey(subject: Subject, folder: Path) -> Arrival:
    model = subject.model
    seen: dict[int, Any] = {}
    states.reset_states(model)
    recorded = dialect.recorded_calls(lambda layer, outputs: seen.setdefault(id(layer), outputs))
    with recorded, dialect.kept(model):  # a layer that counts its calls is not changed by the route
        model(subject.inputs, training=False)
    layers = [layer for layer in model.layers if _once(layer) and id(layer) in seen]
    before: dict[str, Any] = {"extracted": {}}
    after: dict[str, Any] = {"extracted": {}}
    if layers:
        chosen = layers[subject.architecture.seed % len(layers)]
        part = keras.Model(model.inputs, chosen.output, name="part")
        _hold(subject, "up to", chosen, part, dialect.flat(subject.inputs), seen, before, after)
        reloaded = keras_zip.load(keras_zip.save(subject.of(part), folder))
        _outputs(subject, "saved alone", chosen, reloaded, dialect.flat(subject.inputs), seen, before, after)
    if len(layers) > 1:
        last = layers[-2]
        part = keras.Model(model.inputs, last.output, name="all_but_last")
        _hold(subject, "all but the last", last, part, dialect.flat(subject.inputs), seen, before, after)
    for first, second in zip(layers, layers[1:]):
        if _follows(first, second):
            part = keras.Model(first.output, second.output, name="middle")
            inputs = dialect.flat(seen[id(first)])
            _hold(subject, "middle", second, part, inputs, seen, before, after)
            # Its graph begins where there is no Input: what lies before must not come into the file (keras#19185).
            reloaded = keras_zip.load(keras_zip.save(subject.of(part), folder))
            _outputs(subject, "middle saved alone", second, reloaded, inputs, seen, before, after)
            break
    return Arrival(None, before, after)


def _once(layer: Any) -> bool:
    """Called once in the graph, so that it has one output, and no input itself.

    A nested model's `output` is that of its own graph and not that of the call.
    """
    return (
        not isinstance(layer, (keras.layers.InputLayer, keras.Model)) and len(getattr(layer, "_inbound_nodes", ())) == 1
    )


def _follows(first: Any, second: Any) -> bool:
    """Whether the second layer takes the one output of the first, and nothing else."""
    outputs, inputs = dialect.flat(first.output), dialect.inputs_of(second)
    return len(outputs) == 1 and len(inputs) == 1 and outputs[0] is inputs[0]


def _hold(
    subject: Subject, part_name: str, layer: Any, part: Any, inputs: list[Any], seen: dict[int, Any],
    before: dict[str, Any], after: dict[str, Any],
) -> None:  # fmt: skip
    whole = {id(each) for each in dialect.weights_of(subject.model)}
    before["extracted"][f"{part_name}: weights are the same objects"] = True
    after["extracted"][f"{part_name}: weights are the same objects"] = all(
        id(each) in whole for each in dialect.weights_of(part)
    )
    _outputs(subject, part_name, layer, part, inputs, seen, before, after)


def _outputs(
    subject: Subject, part_name: str, layer: Any, part: Any, inputs: list[Any], seen: dict[int, Any],
    before: dict[str, Any], after: dict[str, Any],
) -> None:  # fmt: skip
    place = f"{part_name}: outputs of {layer.name}"
    states.reset_states(part)
    with dialect.kept(part):
        outputs = part(inputs[0] if len(inputs) == 1 else inputs, training=False)
    before["extracted"][place] = [subject.arrays.add(each) for each in dialect.flat(seen[id(layer)])]
    after["extracted"][place] = [subject.arrays.add(each) for each in dialect.flat(outputs)]


EXTRACTION = Route("extraction", _journey, needs=frozenset({"graph"}))
