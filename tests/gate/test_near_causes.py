"""What looks like a cause and is none: another layer, another argument, another observation, the other way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.gate.causes import Break, cause_of, diagnose
from harness.protocol.architecture import Architecture, Call, Input, Name
from tests.gate.breaks import CONV_LSTM, DENSE, SAID, Case, told_of


def test_a_lookup_is_the_cause_of_another_dtype_and_of_no_other_number() -> None:
    differs = Case("outputs", where="outputs", kind="dtype")
    one_hot = Call("layers.IntegerLookup", {"output_mode": "one_hot"})
    assert told_of(differs, one_hot) == "lookups-compute-in-int64"
    assert told_of(replace(differs, kind="value"), one_hot) == ""
    assert told_of(differs, Call("layers.IntegerLookup", {"output_mode": "int"})) == ""
    assert told_of(differs, Call("layers.CategoryEncoding", {"output_mode": "one_hot"})) == ""
    assert told_of(differs, Call("layers.TextVectorization", {"output_mode": "count"})) == "lookups-compute-in-int64"
    assert told_of(differs, Call("layers.TextVectorization", {"output_mode": "int"})) == ""


def test_the_batch_of_an_encoding_is_unknown_where_it_is_sparse() -> None:
    case = SAID["batch-of-a-sparse-encoding"]
    sparse = {"output_mode": "count", "sparse": True}
    for layer in ("CategoryEncoding", "Hashing", "IntegerLookup", "StringLookup", "TextVectorization"):
        assert told_of(case, Call(f"layers.{layer}", sparse)) == "batch-of-a-sparse-encoding"
        assert told_of(case, Call(f"layers.{layer}", {**sparse, "sparse": False})) == ""
    assert told_of(case, Call("layers.Discretization", sparse)) == ""
    assert told_of(replace(case, where="inputs/0"), Call("layers.Hashing", sparse)) == ""
    assert told_of(replace(case, observation="outputs"), Call("layers.Hashing", sparse)) == ""


def test_a_discretization_gives_another_dtype_between_the_two_kerases_and_only_there() -> None:
    case = SAID["dtype-of-a-discretization"]
    crossing = replace(case, layers=("HashedCrossing",))
    assert told_of(crossing, Call("layers.HashedCrossing")) == "dtype-of-a-discretization"
    forth = replace(case, direction="forward", keras="3.15.1", saved_by="2.15.0")
    assert told_of(forth, case.layer) == "dtype-of-a-discretization"
    for other in (
        replace(case, keras="3.14.0"),
        replace(case, layers=("Rescaling",)),
        replace(case, kind="value"),
        replace(case, observation="weights"),
    ):
        assert told_of(other, case.layer) != "dtype-of-a-discretization"


def test_the_shape_of_a_discretization_is_told_of_the_releases_that_say_another_one() -> None:
    case = SAID["shape-of-a-symbolic-discretization"]
    back = replace(case, where="outputs/0/0/2", direction="back", keras="3.6.0", saved_by="3.15.1")
    assert told_of(back, case.layer) == "shape-of-a-symbolic-discretization"
    assert told_of(replace(case, saved_by="3.14.0"), case.layer) == ""
    assert told_of(replace(case, where="layers/bins/shape"), case.layer) == ""
    assert told_of(case, Call("layers.Discretization", {"bin_boundaries": [0.0], "output_mode": "int"})) == ""


def test_a_layer_of_any_name_has_its_cause_by_its_class_and_what_stands_beside_it_changes_nothing() -> None:
    given = Call("layers.LSTM", {"units": 1, "recurrent_activation": "tanh"})
    differs = Case("outputs", where="inner/dash-ed", layers=("ConvLSTM1D",))
    for beside in ([given, CONV_LSTM], [CONV_LSTM, given], [Call("layers.Bidirectional", {"layer": given}), CONV_LSTM]):
        assert told_of(differs, *beside) == "conv-lstm-recurrent-activation"
        assert told_of(replace(differs, layers=("LSTM",)), *beside) == ""


def test_a_recurrent_activation_that_the_code_gives_is_not_the_one_that_was_changed() -> None:
    given = Call("layers.ConvLSTM2D", {"filters": 1, "kernel_size": 2, "recurrent_activation": "tanh"})
    assert told_of(Case("outputs", where="inner/conv_lstm2_d"), given) == ""


LATER = [name for name in SAID if name.endswith("-of-a-later-keras")]


@pytest.mark.parametrize("name", LATER)
def test_what_a_later_keras_3_has_is_the_cause_on_the_way_back_to_keras_3_alone(name: str) -> None:
    case = SAID[name]
    assert told_of(case, case.layer) == name
    for other in (replace(case, direction="forward"), replace(case, keras="2.15.0"), replace(case, said="It failed")):
        assert told_of(other, case.layer) != name


def test_a_layer_is_that_of_a_later_keras_where_it_is_the_one_that_is_missing_and_keras_s_own() -> None:
    case = SAID["layers-of-a-later-keras"]
    own = '{"module": "mine", "class_name": "AutoContrast", "registered_name": "mine>AutoContrast"}'
    built_in = '{"module": "keras.layers", "class_name": "AutoContrast", "registered_name": null}'
    of_hdf5 = '{"class_name": "AutoContrast", "config": {"name": "auto_contrast"}}'

    def told(said: str, model: str) -> bool:
        return cause_of(Break("travel", "back", said, model=model, keras="3.6.0", saved_by="3.15.1")) is not None

    for said in (
        case.said,
        "Unknown layer: 'AutoContrast'. Please ensure you are using a",
        "Could not deserialize 'keras.layers.AutoContrast' because it is not a KerasSaveable subclass",
    ):
        assert told(said, built_in)
        assert told(said, of_hdf5)
        assert not told(said, own)
        assert not told(said.replace("AutoContrast", "Mine"), built_in)
        assert not told(said.replace("AutoContrast", "MixUp"), built_in)


def test_a_summand_is_taken_for_a_bias_by_the_layers_that_add_and_in_the_releases_that_do_so() -> None:
    case = SAID["summand-taken-for-a-bias"]
    for name in ("Add", "Average"):
        assert told_of(replace(case, layers=(name,)), Call(f"layers.{name}")) == "summand-taken-for-a-bias"
    # On the way back the release that adds so has saved.
    back = replace(case, direction="back", keras="2.15.0", saved_by="3.15.1")
    assert told_of(back, case.layer) == "summand-taken-for-a-bias"
    for other in (
        replace(case, layers=("Multiply",)),
        replace(case, layers=()),  # elsewhere in a model that holds one
        replace(case, keras="3.6.0"),
        replace(case, kind="dtype"),
        replace(case, observation="weights"),
    ):
        assert told_of(other, case.layer) == ""


def test_a_layer_was_removed_where_it_is_the_one_that_is_unknown_and_was_keras_s_own() -> None:
    def told(model: str, said: str = "Unknown layer: 'ThresholdedReLU'.") -> bool:
        found = cause_of(Break("travel", "forward", said, model=model, keras="3.15.1", saved_by="2.15.0"))
        return found is not None and found.id == "built-in-layer-removed"

    assert told('{"module": "keras.layers", "class_name": "ThresholdedReLU", "config": {}}')
    assert told('{"class_name": "ThresholdedReLU", "config": {"name": "thresholded_re_lu"}}')
    slicing = '{"module": "keras.src.layers.core.tf_op_layer", "class_name": "SlicingOpLambda", "config": {}}'
    assert told(slicing, "Could not locate class 'SlicingOpLambda'.")
    assert told('{"$":"Call","name":"ops.add"}', "Unknown layer: 'TFOpLambda'.")
    assert not told('{"module": "mine", "class_name": "ThresholdedReLU", "registered_name": "mine>ThresholdedReLU"}')
    assert not told(slicing)


def test_what_was_read_of_some_releases_is_no_cause_in_others_nor_of_another_name() -> None:
    activation = SAID["activations-of-a-later-keras"]
    assert told_of(replace(activation, said=f"{activation.said}_of_mine"), activation.layer) == ""
    for later in ("3.4.0", "3.13.1"):
        for name in ("one-tensor-of-a-later-keras", "orthogonal-of-a-later-keras"):
            assert told_of(replace(SAID[name], keras=later), SAID[name].layer) == ""
    assert told_of(replace(SAID["one-tensor-of-a-later-keras"], saved_by="3.10.0"), DENSE) == ""
    assert told_of(replace(SAID["pipeline-of-keras-3-6"], keras="3.7.0"), DENSE) == ""


def test_one_axis_in_a_list_is_a_cause_where_keras_2_has_saved_it_and_several_are_another() -> None:
    case = SAID["axis-of-a-batch-normalization"]
    in_other_words = replace(case, said=case.said.replace("a real number", "a number"))
    one, several = Call("layers.BatchNormalization", {"axis": 1}), Call("layers.BatchNormalization", {"axis": [1, 2]})
    assert told_of(case, one) == told_of(in_other_words, one) == "axis-of-a-batch-normalization"
    assert told_of(case, several) == "batch-normalization-over-several-axes"
    assert told_of(case, DENSE) == ""
    assert told_of(replace(case, saved_by="3.6.0"), one) == ""
    assert told_of(replace(case, direction="back"), one) == ""


def test_an_argument_is_that_of_a_later_keras_where_that_has_written_it_and_not_where_the_author_has() -> None:
    case = SAID["arguments-of-a-later-keras"]
    passed = "Unrecognized keyword arguments passed to {}: {{'{}': None"
    for said in (passed.format("Dense", "quantization_config"), passed.format("MultiHeadAttention", "use_gate")):
        assert told_of(replace(case, said=said), DENSE) == "arguments-of-a-later-keras"
    assert told_of(replace(case, said=passed.format("Mine", "factor")), DENSE) == ""
    assert told_of(replace(case, said="Mine.__init__() got an unexpected keyword argument 'axes'"), DENSE) == ""
    assert told_of(replace(case, direction="forward"), DENSE) == ""
    assert told_of(replace(case, keras="2.15.0"), DENSE) == ""


def test_an_input_shape_that_keras_2_has_not_written_has_another_cause_or_none() -> None:
    case = SAID["input-shape-of-an-inner-layer"]
    assert told_of(replace(case, saved_by="3.6.0"), DENSE) == ""
    assert told_of(replace(case, direction="back"), DENSE) == ""
    assert told_of(replace(case, said=case.said.replace("batch_input_shape", "mine")), DENSE) == ""


def test_what_a_class_of_one_s_own_makes_of_a_policy_of_keras_2_is_told_by_it() -> None:
    case = Case(said="Cannot convert 'Policy' to a mixed precision DTypePolicy. Valid policies include 'mixed_float16'")
    of_a_text = Case(said="'str' object has no attribute 'compute_dtype'")
    own = Call("custom.TwoBranches")
    assert told_of(case, own) == told_of(of_a_text, Call("custom.Counted")) == "dtype-policy-of-keras-2"
    assert told_of(replace(case, said=case.said.replace("'Policy'", "'float17'")), own) == ""
    assert told_of(replace(case, direction="back"), own) == ""


def test_a_tensor_that_is_written_as_its_place_in_the_graph_is_told_by_that_and_no_other_mixture() -> None:
    said = (
        "Exception encountered when calling Shift.call().\n\nCan't convert Python sequence with mixed types to Tensor."
    )
    for given, cause in (("[\"'input_5'\", '0', '0']", "tensors-as-call-arguments"), ("['1', '0.5']", "")):
        case = Case("outputs", said=f"{said}\n\n• by={given}\n• times=1.0")
        assert told_of(case, Call("custom.Shift")) == cause
    missing = Case(said="'args'").of(Call("custom.Mix"))
    for kind, cause in (("KeyError", "tensors-as-call-arguments"), ("TypeError", "")):
        told = diagnose(replace(missing, error={**(missing.error or {}), "type": kind}))
        assert (told.id if told else "") == cause


def test_a_size_that_a_model_does_not_state_is_told_by_the_layer_that_leaves_it_open() -> None:
    case = SAID["size-unknown-behind-an-einsum-dense"]
    for shape, cause in (((None, 2), "size-unknown-behind-an-einsum-dense"), ((3, 2), "")):
        layer = Call("layers.EinsumDense", {"equation": "...ab,bc->...ac", "output_shape": shape})
        assert told_of(case, layer) == cause
    assert told_of(case, Call("layers.MultiHeadAttention", {"output_shape": (None, 2)})) == ""


@pytest.mark.parametrize("observation", ["outputs", "sensitivity", "travel", "training"])
def test_an_image_of_another_size_is_the_cause_of_errors_of_sizes_alone(observation: str) -> None:
    crop = Call("layers.RandomCrop", {"height": 2, "width": 2})
    size = "Input 0 of layer 'head' is incompatible with the layer: expected axis -1 of input shape to have value 541"
    case = Case(observation, direction="", said=size)
    assert told_of(case, crop) == "random-crop-when-not-training"
    assert told_of(replace(case, said="no table"), crop) == ""
    assert told_of(case, DENSE) == ""


@pytest.mark.parametrize(
    "said",
    [
        "'bool' object has no attribute 'shape'",
        "All `outputs` values must be KerasTensors. Received: outputs=[True] including invalid value True of type"
        " <class 'bool'>",
        "The following argument value should be passed as a keyword argument: False (of type <class 'bool'>)",
    ],
)
def test_what_equals_what_is_told_by_that_operation_alone(said: str) -> None:
    case = Case("build", direction="", said=said)
    assert told_of(case, Name("operator.eq")) == "equality-of-symbolic-tensors"
    assert told_of(case, Name("operator.ne")) == ""
    assert told_of(replace(case, said="no"), Name("operator.eq")) == ""


@pytest.mark.parametrize(
    ("observation", "said"),
    [
        ("shape", ""),
        ("outputs", ""),
        ("travel", "The shape of the target variable and the shape of the target value do not match"),
        # Behind it stands a model that makes as many layers as what it is given is wide.
        ("travel", "Weight count mismatch for layer #1 (named late in the current model, late in the save file)."),
    ],
)
def test_a_dilation_is_the_cause_where_that_layer_has_one(observation: str, said: str) -> None:
    case = Case(observation, direction="", said=said)

    def layer(name: str, **more: object) -> Call:
        return Call(f"layers.{name}", {"filters": 2, "kernel_size": 3, **more})

    for rate, cause in ((2, True), ((2, 1, 1), True), ([1, 2, 1], True), (1, False), ((1, 1, 1), False)):
        dilated = layer("Conv3DTranspose", dilation_rate=rate)
        assert told_of(case, dilated) == "dilation-of-a-conv3d-transpose" * cause
    plain, other = layer("Conv3DTranspose"), layer("Conv3D", dilation_rate=2)
    for layers in ((plain,), (other,), (other, plain), (plain, other)):
        assert told_of(case, *layers) == ""
    assert told_of(Case(direction="", said="no table"), layer("Conv3DTranspose", dilation_rate=2)) == ""


@pytest.mark.parametrize(
    ("mode", "where", "cause"),
    [
        ("tf_idf", "a/string_lookup/Variable", "document-frequencies-of-a-lookup"),
        ("tf_idf", "a/kernel", ""),
        ("count", "a/string_lookup/Variable", ""),
    ],
)
def test_a_variable_without_a_name_is_told_where_documents_are_counted(mode: str, where: str, cause: str) -> None:
    case = Case("weights", where=where)
    assert told_of(case, Call("layers.StringLookup", {"output_mode": mode})) == cause


@pytest.mark.parametrize("way", ["forward", "back"])
def test_numbers_of_layers_with_weights_part_where_a_layer_has_some_in_one_release_alone(way: str) -> None:
    for cause in ("lookup-among-layers-with-weights", "discretization-among-layers-with-weights"):
        case = replace(SAID[cause], direction=way)
        assert told_of(case, DENSE, case.layer) == cause
        assert told_of(case, Call("layers.StringLookup", {"output_mode": "count"})) == ""
        assert told_of(replace(case, said="Weight count mismatch for layer #1"), case.layer) == ""


def test_what_takes_floats_alone_is_told_by_integers_of_a_normalized_embedding_and_by_no_others() -> None:
    case = SAID["integers-out-of-a-spectral-normalization"]
    in_other_words = replace(case, said="Value for attr 'T' of int32 is not in the list of allowed values: half")
    assert told_of(in_other_words, case.layer) == told_of(case, case.layer)
    assert told_of(replace(case, said=case.said.replace("int32", "string")), case.layer) == ""
    dense = Call("layers.SpectralNormalization", {"layer": Call("layers.Dense", {"units": 2})})
    assert told_of(case, dense) == ""
    of_itself = Case("outputs", where="inner/dash-ed", layers=("SpectralNormalization",), kind="dtype")
    assert told_of(of_itself, case.layer) == told_of(case, case.layer)
    assert told_of(replace(of_itself, layers=("ReLU",)), case.layer) == told_of(of_itself, dense) == ""
    assert told_of(case, Call("layers.Embedding", {"input_dim": 9})) == ""


def test_a_padding_is_told_of_the_layer_that_took_it() -> None:
    case = SAID["causal-separable-convolution"]
    assert told_of(case, Call("layers.Conv2D", {"padding": "causal"})) == ""
    assert told_of(replace(case, said=case.said.replace("causal", "full")), case.layer) == ""


@pytest.mark.parametrize("weight", ["late/factor", "model/late/factor"])
def test_a_weight_that_is_named_by_its_layer_is_so_within_a_scope_as_well(weight: str) -> None:
    said = f"Shape mismatch in layer #0 (named late)for weight {weight}. Weight expects shape (3,)."
    assert told_of(Case(said=said), Call("custom.Late")) == "own-weights-of-a-model"
    assert told_of(Case(said=said.replace("(named late)", "(named dense)")), Call("custom.Late")) == ""


def test_a_bias_along_the_width_is_told_of_a_convolution_of_channels_first_and_of_the_releases_that_add_so() -> None:
    case = SAID["bias-along-the-width"]
    first, last = (
        Call("layers.SeparableConv2D", {"data_format": f"channels_{axis}", "filters": 4, "kernel_size": 3})
        for axis in ("first", "last")
    )
    of_any_name = replace(case, where="inner/dash-ed", layers=("SeparableConv2D",))
    assert told_of(case, first) == told_of(of_any_name, first) == "bias-along-the-width"
    assert told_of(case, last) == ""
    assert told_of(replace(case, kind="dtype"), first) == ""
    assert told_of(replace(case, where="inner/pool", layers=("MaxPooling2D",)), first) == ""
    # Whichever of the two saves; where both add right there is another reason, or none.
    for keras, saved_by, told in (
        ("2.15.0", "3.15.1", True), ("3.7.0", "3.6.0", True), ("2.15.0", "3.6.0", False),
        ("3.16.0", "2.15.0", False), ("", "", False),
    ):  # fmt: skip
        assert bool(told_of(replace(case, keras=keras, saved_by=saved_by), first)) is told


def test_what_a_checkpoint_leaves_out_is_told_of_what_holds_layers_in_lists_and_of_keras_3() -> None:
    case = SAID["checkpoint-leaves-out-lists"]
    assert told_of(case, Call("custom.Steps", {"layers": []})) == "checkpoint-leaves-out-lists"
    for other, layer in (
        (case, DENSE),
        (replace(case, keras="2.15.0"), case.layer),
        (replace(case, observation="weights"), case.layer),
        (replace(case, kind="missing"), case.layer),
    ):
        assert told_of(other, layer) == ""


def test_what_a_layer_holds_in_containers_is_told_by_how_it_holds_it_and_by_the_releases() -> None:
    def held(kept: str, file: str, keras: str, saved_by: str, **changed: object) -> str:
        kind = "moved" if file.startswith("hdf5") else "value"
        found = replace(
            SAID["layers-in-nested-containers"].of(Call("custom.Gate", {"units": 2, "kept": kept})),
            **{"kind": kind, "routes": (file,), **changed},  # type: ignore[arg-type]
        )
        cause = diagnose(found, keras, saved_by)
        return cause.id if cause else ""

    for kept, of_h5, of_weights in (
        ("dict", "layers-in-a-dict", ""),
        ("list of lists", "", "layers-in-nested-containers"),
        ("dict of lists", "layers-in-a-dict", "layers-in-nested-containers"),
        ("attributes", "", ""),
    ):
        for releases in (("3.15.1", "2.15.0"), ("2.15.0", "3.15.1")):
            assert held(kept, "hdf5_weights", *releases) == of_h5
            assert held(kept, "weights_h5", *releases) == of_weights
    # The order is that of Keras 2, and what is nested is passed over until 3.15.
    assert held("dict", "hdf5", "3.15.1", "3.14.0") == held("dict of lists", "weights_h5", "3.16.0", "3.15.0") == ""
    assert held("list of lists", "keras_zip", "3.15.1", "3.14.0") == "layers-in-nested-containers"
    # What is lost has not changed places, and of another layer in that model neither says anything.
    old = ("3.15.1", "2.15.0")
    assert held("dict", "hdf5", *old, kind="value") == ""
    assert held("dict", "hdf5", *old, layers=("Dense",)) == held("dict of lists", "weights_h5", *old, layers=()) == ""


def test_the_weights_of_an_activation_are_told_where_a_prelu_is_one_and_of_keras_3_alone() -> None:
    first, late = (SAID[f"weights-of-an-activation-{how}"] for how in ("refused", "told-late"))
    behind = (Call("layers.Dense", {"units": 2, "activation": "relu"}), Call("layers.PReLU"))
    leaky = Call("layers.Dense", {"activation": Call("layers.LeakyReLU", {"alpha": 0.5})})
    for case in (first, late):
        for layers in (behind, (leaky, Call("layers.PReLU"))):
            assert told_of(case, *layers) == ""
        assert told_of(replace(case, keras=case.saved_by, saved_by=case.keras), case.layer) == ""
    given = Call("layers.PReLU", {"alpha_initializer": Call("initializers.Constant", {"value": 0.25})})
    never = (
        "A total of 1 objects could not be loaded. Example error message for object <PReLU name=p_re_lu, built=False>:"
    )
    assert told_of(replace(first, said=never), Call("layers.Dense", {"activation": given})) == (
        "weights-of-an-activation-refused"
    )
    assert (
        told_of(replace(first, said=never.replace("PReLU", "Gate")), Call("layers.Dense", {"activation": given})) == ""
    )
    assert told_of(replace(late, where="d/kernel"), late.layer) == ""


def test_a_model_in_a_model_is_told_from_a_list_that_reaches_a_layer_of_a_sequential() -> None:
    listed, counted = SAID["functional-in-a-sequential"], SAID["nested-models"]
    functional = Architecture("inner", inputs=(Input("x", (4,)),))
    one_after_the_other = Architecture("inner", inputs=(Input("x", (4,)),), form="sequential")
    assert told_of(listed, functional) == "functional-in-a-sequential"
    assert told_of(listed, one_after_the_other) == ""
    assert told_of(replace(listed, form="functional"), functional) == ""
    assert told_of(listed, DENSE) == ""
    assert told_of(counted, functional) == told_of(counted, one_after_the_other) == "nested-models"
    assert told_of(counted, DENSE) == ""
    assert told_of(replace(counted, direction="back"), functional) == ""


@pytest.mark.parametrize(
    "said",
    [
        'Layer "dense" expects 1 input(s), but it received 2 input tensors. Inputs received: []',
        "Exception encountered when calling Flatten.call().\n\n'list' object has no attribute 'shape'",
        "unsupported operand type(s) for %: 'tuple' and 'int'",
        "IndexError: list index out of range",
    ],
)
def test_the_files_of_keras_2_are_told_by_which_model_is_around_the_other(said: str) -> None:
    around = '{"class_name": "%s", "config": {"name": "m", "layers": [{"class_name": "%s", "config": {"layers": []}}]}}'
    told = Break("travel", "forward", said, model=around % ("Sequential", "Functional"))
    other = Break("travel", "forward", said, model=around % ("Functional", "Functional"))
    assert cause_of(told).id == "functional-in-a-sequential"
    assert (cause_of(other) is None) == ("index" not in said)
