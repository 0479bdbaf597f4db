"""Every cause is recognised by what it says and holds, in each place where it may stand, and in good time."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from harness.gate.causes import Break, cause_of, causes, diagnose
from harness.protocol.architecture import dumps
from tests.gate.breaks import DENSE, SAID, Case, told_of


@pytest.mark.parametrize("cause", SAID)
def test_a_cause_is_recognised_by_what_is_said_and_what_is_held(cause: str) -> None:
    case = SAID[cause]
    of_a_file = replace(case, model=dumps(case.finding.architecture))
    told = cause_of(of_a_file) if case.format or case.own else diagnose(case.finding, case.keras, case.saved_by)
    assert told is not None
    assert told.id == cause
    assert told.explanation
    assert told.remedy
    # `validate` tells it, too, of one file and one Keras.
    assert not re.search("baseline|candidate", told.explanation + told.what_to_do())


@pytest.mark.parametrize(
    ("cause", "observation", "said", "where", "config"),
    [
        ("contrast-in-one-direction", "config", "", "layers/random_contrast/config/factor",
         '{"class_name": "RandomContrast", "config": {"factor": 0.2}}'),
        ("random-crop-when-not-training", "outputs", "", "outputs/0",
         '{"class_name": "RandomCrop", "config": {"height": 2}}'),
        ("dtype-behind-a-spectral-normalization", "outputs", "", "outputs/0",
         '{"class_name": "SpectralNormalization", "config": {"dtype": {"config": {"name": "mixed_bfloat16"}}}}'),
        ("order-of-the-axes-of-a-layer-normalization", "travel", "in layer_normalization: shapes differ", "",
         '{"class_name": "LayerNormalization", "config": {"name": "layer_normalization", "axis": [3, 1, 2]}}'),
        ("operations-in-h5", "travel", "Unknown layer: 'NotEqual'.", "",
         '{"class_name": "NotEqual", "config": {"name": "not_equal"}, "name": "not_equal", "inbound_nodes": []}'),
        ("operations-in-h5", "travel", "Unknown layer: 'Sum'.", "",
         '{"class_name": "Sum", "config": {"name": "sum", "axis": 1, "keepdims": false}, "name": "sum"}'),
        ("own-weights-of-a-model", "travel", "Shape mismatch in layer #0 (named mine)for weight mine/factor.", "",
         '{"class_name": "Mine", "registered_name": "pkg>Mine"}'),
    ],
)  # fmt: skip
def test_a_cause_is_recognised_in_the_config_of_a_file_as_well(
    cause: str, observation: str, said: str, where: str, config: str
) -> None:
    told = cause_of(Break(observation, "forward", said, where, config))
    assert told is not None
    assert told.id == cause


@pytest.mark.parametrize("module", ["keras.src.engine.functional", "'keras.src.engine.functional'"])
def test_the_words_of_a_coming_release_are_understood(module: str) -> None:
    """Keras 3.16 puts quotation marks around the module."""
    said = f"TypeError: Could not deserialize class 'Functional' because its parent module {module} cannot be imported."
    told = cause_of(Break("travel", "forward", said))
    assert told is not None
    assert told.id == "keras-2-module-path"
    other = cause_of(Break("travel", "forward", said.replace("keras.src", "tf_keras.src")))
    assert other is not None
    assert other.id == "tf-keras-module-path"


# What expressions look for first, written again and again by somebody who means them no good.
AGAIN = ("Unknown layer: 'a", '"axis":[1,', '"LayerNormalization","config"', '"arguments":{"dtype":"float16","layer":',
         "'InputLayer'", '"SpectralNormalization","config"',
         "'InputLayer'Unrecognized keyword arguments", '"registered_name":"a',
         "Unrecognized keyword arguments ", "layernormalization", "Cannot assign value to variable",
         '"layer":{"$":"Call",', '"output_shape":[null]', '"EinsumDense","config"',
         '"BatchNormalization","config"', '"output_mode":"count"', 'StringLookup"',
         "mixed types to Tensor", '"dilation_rate":2',
         '"layer":{"$":"Call","arguments":"dilation_rate":', '"output_mode":"tf_idf"',
         '"output_shape":[null]TextVectorization"', "incompatible with the layer",
         '"data_format":"channels_first"', 'SpectralNormalization"',
         "`padding` argument must be a list/tuple or one of ", '"kept":"list of lists')  # fmt: skip


@pytest.mark.parametrize("text", AGAIN)
def test_no_stranger_s_text_keeps_a_cause_searching(text: str) -> None:
    many = text * (300_000 // len(text))
    started = time.thread_time()
    cause_of(Break("travel", "forward", many))
    for row in causes():
        replace(row, observation="", direction="", error="", where="", keras="", format="").matches(
            Break("", "", model=many)
        )
    assert time.thread_time() - started < 5


def test_a_cause_of_some_releases_and_one_format_is_told_of_no_other() -> None:
    lost = Break("slots", "forward", where="slots", keras="3.15.1", format="hdf5")
    assert cause_of(lost) is not None
    for other in (replace(lost, keras="3.14.0"), replace(lost, keras=""), replace(lost, format="keras")):
        assert cause_of(other) is None


def test_a_layer_of_the_author_s_own_is_no_operation() -> None:
    own = '{"class_name": "Mine", "config": {"name": "mine", "trainable": true, "dtype": "float32"}, "name": "mine"}'
    assert cause_of(Break("travel", "forward", "Unknown layer: 'Mine'.", model=own, format="hdf5")) is None


def test_what_keras_2_says_of_a_class_that_a_keras_file_names_and_nobody_gave_is_understood() -> None:
    """It takes the name for the class, and calls it."""
    broken = Break("travel", "forward", "TypeError: 'str' object is not callable", keras="2.15.0", own=True)
    told = cause_of(broken)
    assert told is not None
    assert told.id == "own-class-missing"
    assert cause_of(replace(broken, own=False)) is None


def test_no_file_of_the_later_release_is_advised_for_the_way_back() -> None:
    finding = SAID["keras-2-module-path"].finding
    forward, back = (diagnose(replace(finding, direction=way)) for way in ("forward", "back"))
    assert forward is not None
    assert back is not None
    assert "save it as .h5" in forward.what_to_do()
    assert back.what_to_do() == "build the model anew by its own code and load its weights alone"


def test_every_cause_has_a_case_and_a_name_of_its_own() -> None:
    assert [cause.id for cause in causes()] == list(SAID)


def test_what_fits_no_cause_has_none() -> None:
    assert told_of(Case(said="something else"), DENSE) == ""
