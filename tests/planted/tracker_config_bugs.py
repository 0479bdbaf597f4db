"""Configs that forget an argument, or say another one than was given."""

from __future__ import annotations

from typing import Any

from harness.protocol.architecture import Data, Input, Method, Name, Node, Ref, Values
from tests.planted.tracker import (
    H5,
    H5_HERE,
    H5_LOADED,
    H5_TRAINED,
    HERE,
    LOADED,
    REBUILT,
    TRAINED,
    ZIP,
    Patch,
    chain,
    commit,
    family,
    issue,
    layer,
    pull,
    trained,
)

FAULTS, fault = family()
WORDS = Values("word", words=("red", "green", "blue"))


@fault(
    pull(23014),
    "Conv2DTranspose left `output_padding` out of its config: what was loaded gave another shape.",
    chain((4, 4, 2), layer("Conv2DTranspose", filters=2, kernel_size=3, strides=2, padding="same", output_padding=0)),
    given=("Conv2DTranspose", "build"),
    structure=("outputs/0/0/1", f"{REBUILT} {LOADED} {H5_LOADED}"),
    extracted=("saved alone: outputs of a", "extraction"),
)
def conv_transpose_forgets_output_padding(keras: Any, patch: Patch) -> None:
    patch.forgets(keras.layers.Conv2DTranspose, "output_padding")


@fault(
    pull(23029),
    "Attention left `seed` out of its config.",
    chain((4, 3), Node("a", layer("Attention", dropout=0.5, seed=7), ([Ref("x"), Ref("x")],))),
    given=("Attention", "build"),
)
def attention_forgets_its_seed(keras: Any, patch: Patch) -> None:
    patch.forgets(keras.layers.Attention, "seed")


@fault(
    pull(23023),
    "Layers that preprocess images left `data_format` out of their configs: channels became rows.",
    chain((3, 4, 4), layer("RandomHue", factor=0.5, data_format="channels_first", seed=3)),
    given=("RandomHue", "build"),
    training_outputs=("FailedPreconditionError", f"{TRAINED} {H5_TRAINED}"),
)
def images_forget_their_data_format(keras: Any, patch: Patch) -> None:
    patch.forgets(keras.layers.RandomHue, "data_format")


@fault(
    "https://github.com/tensorflow/tensorflow/pull/55936",
    "AUC left `from_logits` out of its config: a loaded model evaluated logits as if they were probabilities.",
    chain(
        (3,),
        layer("Dense", units=2),
        compile=trained(2, metrics=[layer("metrics.AUC", from_logits=True)], values=Values("integer", 0, 2)),
    ),
    given=("AUC", "build"),
    losses=("evaluation/auc", f"{TRAINED} {H5_TRAINED}"),
)
def auc_forgets_from_logits(keras: Any, patch: Patch) -> None:
    patch.forgets(keras.metrics.AUC, "from_logits")


@fault(
    issue(19820),
    "Layers left `activity_regularizer` out of their configs: a loaded model was not regularized.",
    chain((3,), layer("Dense", units=2, activity_regularizer=layer("regularizers.L2", l2=0.1)), compile=trained(2)),
    given=("Dense", "build"),
    losses=("evaluation/loss", f"{TRAINED} {H5_TRAINED}"),
)
def activity_regularizer_is_not_serialized(keras: Any, patch: Patch) -> None:
    patch.forgets(keras.layers.Dense, "activity_regularizer")


@fault(
    pull(22330),
    "TextVectorization in tf-idf mode loaded its weights into a variable that was not there yet.",
    chain(
        (),
        Node(
            "a",
            layer("TextVectorization", output_mode="tf_idf"),
            methods=(Method("adapt", (Data((6,), "string", WORDS),)),),
        ),
        x=Input("x", (), "string", WORDS),
    ),
    travel=("ValueError", f"{LOADED} extraction"),
)
def tf_idf_weights_are_not_there_yet(keras: Any, patch: Patch) -> None:
    lookup = keras.layers.StringLookup.__mro__[1]
    patch.rewrite(lookup, "load_own_variables", ('if hasattr(self, "idf_weights"):', "if True:"))


@fault(
    pull(20971),
    "Discretization wrote down `num_bins` and the boundaries that it had learnt, and took only one of them.",
    chain((3,), Node("a", layer("Discretization", num_bins=3), methods=(Method("adapt", (Data((9, 3)),)),))),
    travel=("ValueError", f"{REBUILT} {LOADED} {H5_LOADED} clone_inputs extraction"),
)
def discretization_takes_bins_or_boundaries(keras: Any, patch: Patch) -> None:
    patch.set(keras.layers.Discretization, "from_config", classmethod(lambda cls, config: cls(**config)))


@fault(
    commit("ea98b399961fc85442ef297de5b66420cdfe6d82"),
    "Layers left their dtype out of their configs: what was loaded computed in that of the loading program.",
    chain((3,), layer("Dense", units=2, dtype="float64")),
    given=("Dense", "build"),
    structure=("outputs/0/1", f"{REBUILT} {LOADED} {H5_LOADED}"),
    fresh=("Dense", "clone_inputs"),
    extracted=("saved alone: outputs of a", "extraction"),
    frozen=("Dense", "transfer"),
)
def layers_forget_their_dtype(keras: Any, patch: Patch) -> None:
    patch.forgets(keras.layers.Dense, "dtype")


@fault(
    pull(21117),
    "A layer that is an activation of another layer could not be found again when the model was loaded.",
    chain((3,), layer("Dense", units=2, activation=layer("LeakyReLU", negative_slope=0.15))),
    travel=("TypeError", f"{REBUILT} {LOADED} {H5_LOADED} clone_inputs extraction transfer"),
)
def activation_that_is_a_layer_is_not_found(keras: Any, patch: Patch) -> None:
    import importlib

    module = importlib.import_module("keras.src.activations")
    patch.rewrite(module, "get", ("serialization_lib.deserialize_keras_object(identifier)", "deserialize(identifier)"))


@fault(
    commit("a5770601eba163cefbd97de89993ff07cf9cf430"),
    "Hashing without a salt wrote down a default salt: what was loaded hashed with another function.",
    chain((2,), layer("Hashing", num_bins=7), x=Input("x", (2,), "string", WORDS)),
    outputs=("Hashing", f"{REBUILT} {LOADED} {H5_LOADED}"),
    extracted=("saved alone: outputs of a", "extraction"),
)
def hashing_writes_down_a_default_salt(keras: Any, patch: Patch) -> None:
    def get_config(original: Any, self: Any) -> Any:
        config = original(self)
        return {**config, "salt": config["salt"] or [0xDECAFCAFFE, 0xDECAFCAFFE]}

    patch.around(keras.layers.Hashing, "get_config", get_config)


@fault(
    pull(17501),
    "Normalization left `invert` out of its config: what was loaded normalized where it should undo it.",
    chain((3,), layer("Normalization", mean=0.5, variance=2.0, invert=True)),
    given=("Normalization", "build"),
    outputs=("Normalization", f"{REBUILT} {LOADED} {H5_LOADED}"),
    extracted=("saved alone: outputs of a", "extraction"),
)
def normalization_forgets_invert(keras: Any, patch: Patch) -> None:
    patch.forgets(keras.layers.Normalization, "invert")


@fault(
    pull(20973),
    "Loading an .h5 dropped the `axis` of every layer that has one number for it.",
    chain((3, 4), layer("Softmax", axis=1)),
    config=("Softmax", H5_LOADED),
)
def h5_drops_the_axis(keras: Any, patch: Patch) -> None:
    import importlib

    module = importlib.import_module("keras.src.legacy.saving.saving_utils")
    patch.rewrite(module, "model_from_config", ("elif isinstance(axis, (int, float)):", "elif False:"))


@fault(
    "https://github.com/tensorflow/tensorflow/issues/61369",
    "StringLookup came back without the words that it was given: everything was out of vocabulary.",
    chain(
        (2,),
        layer("StringLookup", vocabulary=["red", "green"], num_oov_indices=1),
        x=Input("x", (2,), "string", WORDS),
    ),
    outputs=("StringLookup", f"{REBUILT} {ZIP} {H5}"),
    extracted=("saved alone: outputs of a", "extraction"),
)
def lookup_comes_back_without_its_words(keras: Any, patch: Patch) -> None:
    lookup = keras.layers.StringLookup
    patch.around(lookup, "get_config", lambda original, self: {**original(self), "vocabulary": ["nothing"]})


@fault(
    commit("7ef71ec94406ff4029710680474b3aa887999650"),
    "Layers that mask left the value that means nothing out of their configs.",
    chain(
        (4, 2),
        layer("Masking", mask_value=0.5),
        layer("LSTM", units=2),
        x=Input("x", (4, 2), values=Values(masked=True, mask_value=0.5)),
    ),
    given=("Masking", "build"),
    outputs=("Masking", f"{REBUILT} {LOADED}"),
)
def masking_forgets_its_value(keras: Any, patch: Patch) -> None:
    patch.forgets(keras.layers.Masking, "mask_value")


@fault(
    commit("094acd9319664c27caa5a87e68fcb1b48c7129c1"),
    "Recurrent layers left the activation of their gates out of their configs.",
    chain((4, 2), layer("LSTM", units=2, recurrent_activation="relu")),
    given=("LSTM", "build"),
    outputs=("inner/LSTMCell/outputs/0", f"{REBUILT} {LOADED} {H5_LOADED}"),
    extracted=("saved alone: outputs of a", "extraction"),
)
def lstm_forgets_its_recurrent_activation(keras: Any, patch: Patch) -> None:
    patch.forgets(keras.layers.LSTM, "recurrent_activation")


@fault(
    pull(5810),
    "Dense wrote the initializer of its kernel down as that of its bias.",
    chain((3,), layer("Dense", units=2, kernel_initializer="ones")),
    fresh=("Dense", f"{REBUILT} clone_inputs"),
)
def bias_initializer_is_that_of_the_kernel(keras: Any, patch: Patch) -> None:
    def get_config(original: Any, self: Any) -> Any:
        config = original(self)
        return {**config, "bias_initializer": config["kernel_initializer"]}

    patch.around(keras.layers.Dense, "get_config", get_config)


@fault(
    pull(21979),
    "AugMix wrote the number of its chains down as their depth, and the other way round.",
    chain((4, 4, 3), layer("AugMix", num_chains=2, chain_depth=1, seed=3)),
    given=("AugMix", "build"),
    config=("AugMix", f"{REBUILT} {TRAINED} {H5_TRAINED} hdf5_elsewhere keras_elsewhere"),
)
def augmix_swaps_two_arguments(keras: Any, patch: Patch) -> None:
    def get_config(original: Any, self: Any) -> Any:
        config = original(self)
        return {**config, "num_chains": config["chain_depth"], "chain_depth": config["num_chains"]}

    patch.around(keras.layers.AugMix, "get_config", get_config)


@fault(
    pull(20367),
    "A Pipeline took the configs of its layers for the layers.",
    chain((3,), layer("Pipeline", layers=[layer("Rescaling", scale=2.0)])),
    travel=("AttributeError", f"{REBUILT} {LOADED} {H5_LOADED} clone_inputs extraction"),
)
def pipeline_takes_configs_for_layers(keras: Any, patch: Patch) -> None:
    patch.set(keras.layers.Pipeline, "from_config", classmethod(lambda cls, config: cls(**config)))


@fault(
    commit("82971dedc435ef90978c72b12d4b9aac32e84492"),
    "AveragePooling asked for its config as a MaxPooling, which it is not: an error.",
    chain((4, 2), layer("AveragePooling1D", pool_size=2)),
    config=("TypeError", "build"),
    travel=(
        "TypeError",
        f"{REBUILT} {HERE} {H5_HERE} clone_inputs extraction",
    ),
)
def pooling_cannot_say_its_config(keras: Any, patch: Patch) -> None:
    patch.set(
        keras.layers.AveragePooling1D,
        "get_config",
        lambda self: super(keras.layers.MaxPooling1D, self).get_config(),
    )


@fault(
    pull(19364),
    "Random initializers took the seed 0 for no seed: weights that should be the same each time were not.",
    chain(
        (3,),
        layer(
            "Dense",
            units=2,
            kernel_initializer=layer("initializers.RandomNormal", seed=0),
        ),
    ),
    fresh=("Dense", f"{REBUILT} clone_inputs"),
)
def seed_zero_is_no_seed(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        keras.initializers.RandomNormal.__mro__[1],
        "__init__",
        ("if seed is None:", "if not seed:"),
    )


@fault(
    pull(8845),
    "The cells of recurrent layers had no config of their own: an RNN with one could not be loaded.",
    chain((4, 2), layer("RNN", cell=layer("LSTMCell", units=2))),
    travel=("TypeError", f"{REBUILT} {LOADED} {H5_LOADED} clone_inputs extraction transfer"),
)
def cells_have_no_config(keras: Any, patch: Patch) -> None:
    patch.set(
        keras.layers.LSTMCell,
        "get_config",
        lambda self: {"name": self.name, "trainable": self.trainable},
    )


@fault(
    pull(19827),
    "Lambda compared the sizes of its `output_shape` with None as if that were a class: an error.",
    chain(
        (None, 2), layer("Lambda", function=Name("activations.relu"), output_shape=(None, 2)), x=Input("x", (None, 2))
    ),
    travel=("TypeError", f"{REBUILT} {LOADED} {H5_LOADED} clone_inputs extraction"),
)
def lambda_takes_none_for_a_class(keras: Any, patch: Patch) -> None:
    patch.rewrite(
        keras.layers.Lambda, "from_config", ("isinstance(e, (int, type(None)))", "isinstance(e, (None, int))")
    )
