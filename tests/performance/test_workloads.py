"""What is measured inside of a TensorFlow: every operation of the set can be, and a planted slow-down is found."""

from __future__ import annotations

import dataclasses
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.dispatch.scratch import Scratch
from harness.environments.environment import Environment
from harness.performance.comparison import Comparison
from harness.performance.measured import Benchmark, Failure, Sample
from harness.performance.options import Options
from harness.performance.process import Side
from harness.performance.sequential import Plan
from harness.performance.verdicts import rows

PLANTED = Path(__file__).parent / "planted" / "slower.py"
LARGE = ("MobileNetV2", "InceptionV3", "ResNet50", "EfficientNetB0", "big-weights", "narrow-200")
LEAST = {"seconds": 0.0, "least": 1, "most": 1}


class Short(Options):
    """Options that measure each benchmark once."""

    effort = LEAST  # type: ignore[assignment]


@pytest.fixture(scope="module")
def side() -> Iterator[Side]:
    scratch = Scratch()
    made = Side("measured", Environment(sys.executable), Short(), scratch)
    try:
        made.spawn(0)
        made.ready()
        yield made
    finally:
        made.stop()
        scratch.close()


def measure(side: Side, workload: str, operation: str, file: Path | None = None) -> Sample:
    found = side.measure(Benchmark(workload, operation, file=file and str(file)), [])
    assert not isinstance(found, Failure), found.told
    return found


def test_every_operation_of_a_model_is_measured(side: Side) -> None:
    operations = side.about["workloads"]["mlp-tabular"][1]
    assert len(operations) == 14
    samples = {name: measure(side, "mlp-tabular", name) for name in operations}
    assert all(0 < sample.time < 20 for sample in samples.values())

    def best(name: str) -> float:
        """Of several, for somebody else may be at work here."""
        return min(measure(side, "mlp-tabular", name).time for _ in range(5))

    assert samples["first predict"].time > best("predict")  # it traces
    assert best("eager call") > best("tf.function call")
    assert all(sample.memory > 50 * 2**20 for sample in samples.values())
    for name, sample in samples.items():
        assert (sample.bytes is not None) == name.startswith("save"), name
    assert (samples["save .keras"].bytes or 0) > 10_000


@pytest.mark.slow
def test_every_workload_of_the_set_can_be_measured_and_every_operation(side: Side) -> None:
    """Three operations of each workload, in turn; a large one is built, for all of all would take minutes."""
    measured = set()
    small = 0
    for name, (_, operations) in side.about["workloads"].items():
        if name in LARGE:
            chosen = ["build"]
        else:
            chosen = [operations[(3 * small + step) % len(operations)] for step in range(3)]
            small += 1
        for operation in chosen:
            measure(side, name, operation)
            measured.add(operation)
    assert measured == {each for _, operations in side.about["workloads"].values() for each in operations}


def test_the_set_names_what_the_readme_of_it_promises(side: Side) -> None:
    assert set(side.about["workloads"]) == {
        "MobileNetV2", "InceptionV3", "ResNet50", "EfficientNetB0", "lstm-text", "transformer", "unet", "conv1d",
        "mlp-tabular", "narrow-200", "big-weights",
    }  # fmt: skip
    assert set(side.about["quick"]) <= set(side.about["workloads"])


def test_what_the_process_is_is_told(side: Side) -> None:
    about = side.about
    assert re.match(r"2\.\d+\.\d+", about["tensorflow"])
    assert about["clock"]["resolution_ns"] < 100_000
    assert about["threads"] == len(Options().cores)


def test_a_file_of_the_user_s_is_measured_with_what_it_can_do(side: Side, tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    model.save(tmp_path / "uncompiled.keras")
    model.compile("sgd", loss=keras.losses.MeanSquaredError())
    model.save(tmp_path / "compiled.keras")
    for name, trained in (("compiled", True), ("uncompiled", False)):
        path = tmp_path / f"{name}.keras"
        reply = side.ask(Benchmark(str(path), "describe", file=str(path)), "describe")
        assert not isinstance(reply, Failure), reply.told
        assert ("training step" in reply["operations"]) == trained
        assert not {"frozen-base step", "build"} & set(reply["operations"])  # build would be another word for load
        for operation in reply["operations"]:
            measure(side, str(path), operation, path)


def test_a_classifier_of_the_user_s_is_trained_on_what_its_loss_takes_and_saved(side: Side, tmp_path: Path) -> None:
    """Numbers of classes for one output, values for the other: what is like the outputs would fail the whole file."""
    import keras

    inputs = keras.Input((4,))
    classes = keras.layers.Dense(3, activation="softmax", name="classes")(inputs)
    alone, both = (
        keras.Model(inputs, classes),
        keras.Model(inputs, [classes, keras.layers.Dense(1, name="one")(inputs)]),
    )
    alone.compile("sgd", loss=keras.losses.SparseCategoricalCrossentropy())
    both.compile("sgd", loss=[keras.losses.SparseCategoricalCrossentropy(), keras.losses.MeanSquaredError()])
    for name, model in (("alone", alone), ("both", both)):
        path = tmp_path / f"{name}.keras"
        model.save(path)
        for operation in ("save .keras", "training step"):
            measure(side, str(path), operation, path)


def test_a_model_whose_loss_takes_nothing_that_can_be_made_up_fails_in_training_alone(tmp_path: Path) -> None:
    import keras

    (tmp_path / "odd.py").write_text("def loss(true, predicted):\n    raise TypeError('not for you')\n")
    odd = runpy.run_path(str(tmp_path / "odd.py"))
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    model.compile("sgd", loss=odd["loss"])
    path = tmp_path / "odd.keras"
    model.save(path)
    scratch = Scratch()
    own = Side(
        "measured", Environment(sys.executable), Short(custom_objects=("odd:loss",), imports=(tmp_path,)), scratch
    )
    try:
        own.spawn(0)
        own.ready()
        for operation in ("save .keras", "predict"):
            measure(own, str(path), operation, path)
        found = own.measure(Benchmark(str(path), "training step", file=str(path)), [])
        assert isinstance(found, Failure)
        assert "not for you" in found.told
    finally:
        own.stop()
        scratch.close()


MINE = """
import keras

class Scale(keras.layers.Layer):
    def call(self, x):
        return x * 2.0

class Net(keras.Model):
    @classmethod
    def from_config(cls, config):
        return super().from_config(config)
"""


def test_a_model_of_the_user_s_own_classes_is_measured_with_them(tmp_path: Path) -> None:
    import keras

    (tmp_path / "mine.py").write_text(MINE)
    mine = runpy.run_path(str(tmp_path / "mine.py"))
    inputs = keras.Input((4,))
    made = mine["Net"](inputs, keras.layers.Dense(3)(mine["Scale"]()(inputs)))
    path = tmp_path / "own.keras"
    made.save(path)
    scratch = Scratch()
    own = Side(
        "measured",
        Environment(sys.executable),
        Short(custom_objects=("mine:Scale", "mine:Net"), imports=(tmp_path,)),
        scratch,
    )
    try:
        own.spawn(0)
        own.ready()
        for operation in ("from_config", "save .keras", "load .keras", "predict"):
            measure(own, str(path), operation, path)
    finally:
        own.stop()
        scratch.close()


@pytest.mark.parametrize("unsafe", [True, False])
def test_a_model_that_holds_code_is_measured_where_that_was_allowed(tmp_path: Path, unsafe: bool) -> None:
    import keras

    path = tmp_path / "lambda.keras"
    x = keras.Input((4,))
    keras.Model(x, keras.layers.Lambda(lambda y: 2 * y)(keras.layers.Dense(3)(x))).save(path)
    scratch = Scratch()
    own = Side("measured", Environment(sys.executable), Short(unsafe=unsafe), scratch)
    try:
        own.spawn(0)
        own.ready()
        found = [own.measure(Benchmark(str(path), name, file=str(path)), []) for name in ("predict", "load .keras")]
    finally:
        own.stop()
        scratch.close()
    assert [isinstance(each, Failure) for each in found] == [not unsafe, not unsafe]


def test_a_file_that_is_no_model_is_a_failure_and_not_the_end(side: Side, tmp_path: Path) -> None:
    path = tmp_path / "no.keras"
    path.write_text("no model")
    found = side.measure(Benchmark(str(path), "predict", file=str(path)), [])
    assert isinstance(found, Failure)
    assert found.reason == "raised"
    measure(side, "mlp-tabular", "predict")


@pytest.mark.slow
def test_a_planted_slow_down_is_found_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.performance.disturbance.SHARE", 1e9)
    here = Environment(sys.executable, variables={"PLANTED_PART": "2", "PLANTED_IN": "load"})
    options = Options(
        quick=True, workloads=("mlp-tabular",), operations=("load .keras", "save .keras", "build"),
        modules={"candidate": (PLANTED,)}, plan=dataclasses.replace(Plan(), looks=(6,), margin=0.25),
    )  # fmt: skip
    result = Comparison(here, here, options).run()
    assert not result.problems
    verdicts = {row.benchmark.operation: row.verdict for row in rows(result) if row.measure == "time"}
    assert verdicts["load .keras"] == "slower"
    assert verdicts["save .keras"] != "slower"
    assert verdicts["build"] != "slower"
