"""What a model computes, one observation after another: each of these fails where it sees less than it says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from harness.observations import loss, losses, outputs, repeats, sensitivity, training, training_outputs
from harness.observations.catalogue import CALLING, LAST, OBSERVATIONS
from harness.protocol.architecture import Compile
from harness.worker.dialect import keras, tf
from tests.inside.models import COMPILED, ONES, chain, compiled, layers, subject_of, value


def a_loss_is_that_of_the_batch_in_inference_with_all_that_layers_add_to_it() -> None:
    ones = {"kernel_initializer": "ones", "kernel_regularizer": keras.regularizers.L2(0.5)}
    subject = compiled(layers.Dropout(0.5), layers.Dense(2, **ones))
    told = loss.observe(subject)
    assert told["dtype"] == "float32"
    assert float(value(subject, told)) == 4.0 + 3.0  # ones against threes; six ones, squared and halved


class _Doubling(layers.Layer):
    """Doubles, unless it is told that nobody trains."""

    def call(self, x: Any, training: bool = True) -> Any:
        return x * 2 if training else x


def what_is_seen_in_inference_is_so_for_a_layer_that_trains_unless_it_is_told_otherwise() -> None:
    subject = compiled(_Doubling(), layers.Dense(2, kernel_initializer="ones"))
    (told,) = outputs.observe(subject)["outputs"]
    assert (value(subject, told) == 3.0).all()
    assert (repeats.outputs(subject, subject.inputs)[0] == 3.0).all()
    assert float(value(subject, loss.observe(subject))) == 4.0  # ones against threes


def there_is_no_loss_without_compile_settings_targets_or_an_optimizer() -> None:
    subject = compiled(layers.Dense(2))
    settings = subject.architecture.compile
    assert loss.has_one(subject)
    assert loss.observe(subject_of(subject.model, targets=np.ones((2, 2)))) is None
    assert loss.observe(subject_of(subject.model, compile=settings)) is None
    assert loss.observe(subject_of(chain(layers.Dense(2)), targets=np.ones((2, 2)), compile=settings)) is None


def _stateful() -> Any:
    model = keras.Sequential([keras.Input((4, 3), batch_size=2), layers.SimpleRNN(2, stateful=True), layers.Dense(2)])
    model.compile(**COMPILED)
    return subject_of(model, np.ones((2, 4, 3), "float32"), np.ones((2, 2), "float32"), compile=Compile(dict(COMPILED)))


def what_a_recurrent_layer_remembers_is_forgotten_before_each_observation() -> None:
    for see in (
        loss.observe, outputs.observe, repeats.observe, training_outputs.observe, losses.observe, sensitivity.observe,
    ):  # fmt: skip
        subject = _stateful()
        first = see(subject)
        subject.model(subject.inputs)
        assert see(subject) == first, see.__module__
    assert repeats.observe(_stateful()) == [True]


def of_a_model_that_is_not_compiled_the_regularization_is_seen_after_a_call() -> None:
    model = chain(layers.Dense(1, kernel_initializer="ones", activity_regularizer=keras.regularizers.L1(0.5)))
    subject = subject_of(model)
    (told,) = losses.observe(subject)["regularization"]
    assert float(value(subject, told)) == 1.5  # of two threes, halved, for each of a batch of two
    settings = Compile(dict(COMPILED))
    assert "regularization" in losses.observe(subject_of(model, compile=settings))
    model.compile(**COMPILED)
    assert "regularization" in losses.observe(subject_of(model))


def regularization_is_that_of_inference() -> None:
    called: list[Any] = []

    class Adding(layers.Layer):
        def call(self, inputs: Any, training: Any = None) -> Any:
            called.append(training)
            return inputs

    model = chain(Adding())
    called.clear()
    losses.observe(subject_of(model))
    assert called == [False]


def an_evaluation_holds_loss_and_metrics_begun_anew() -> None:
    subject = compiled(layers.Dense(2, kernel_initializer="ones"), metrics=["mae"])
    subject.model.train_on_batch(ONES, np.zeros((2, 2)))
    for layer in subject.model.layers[1:]:
        layer.set_weights([np.ones((3, 2)), np.zeros(2)])
    told = losses.observe(subject)["evaluation"]
    assert {name: float(value(subject, each)) for name, each in told.items()} == {"loss": 4.0, "mae": 2.0}
    assert {each["dtype"] for each in told.values()} == {"float32"}


def logs_within_logs_go_by_the_names_around_them() -> None:
    flat = losses._flat_logs({"a": 1, "b": {"c": 2, "d": {"e": 3}}, "f": 4})
    assert flat == [("a", 1), ("b/c", 2), ("b/d/e", 3), ("f", 4)]


def what_is_drawn_is_the_same_for_every_model_that_is_looked_at() -> None:
    """Losses, further training and outputs in training mode: of two models alike, whose generators are not."""

    def made(seed: int) -> Any:
        drawing = _Drawing(seed, name="drawing")
        subject = compiled(drawing, layers.Dense(2, kernel_initializer="ones", name="head"), metrics=["mae"])
        subject.model(ONES, training=True)
        return subject

    for see in (training_outputs.observe, losses.observe, training.observe):
        assert see(made(3)) == see(made(4)), see.__module__


def a_model_runs_as_its_architecture_says_where_it_is_evaluated_and_trained() -> None:
    for see in (losses.observe, training.observe):
        subject = compiled(layers.Dense(2))
        subject.model.run_eagerly = False
        see(subject)
        assert subject.model.run_eagerly is True, see.__module__


def outputs_are_seen_and_what_each_layer_inside_gave_in_the_order_of_the_calls() -> None:
    model = chain(layers.Dense(3, kernel_initializer="ones", name="first"), layers.Dropout(0.5, name="second"))
    subject = subject_of(model)
    subject.shared["names"] = {"first", "m"}
    told = outputs.observe(subject)
    assert [(each["layer"], each["class"]) for each in told["inner"]] == [("first", "Dense"), ("Dropout", "Dropout")]
    assert value(subject, told["inner"][0]["outputs"][0]).tolist() == [[3.0] * 3] * 2
    assert value(subject, told["outputs"][0]).tolist() == [[3.0] * 3] * 2


def a_layer_that_another_one_holds_goes_by_its_class_whatever_it_is_called() -> None:
    given = keras.Input((4, 3), name="x")
    around = layers.RNN(layers.SimpleRNNCell(2, name="named"), name="around")
    subject = subject_of(keras.Model(given, around(given)), np.ones((2, 4, 3), "float32"))
    subject.shared["names"] = {"around", "named"}
    inner = outputs.observe(subject)["inner"]
    assert {each["layer"] for each in inner} == {"around", "SimpleRNNCell"}


def what_a_layer_makes_anew_at_each_call_is_not_seen_and_what_is_no_tensor_neither() -> None:
    class Holding(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return layers.ReLU()(inputs), None

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.holding = Holding()

        def call(self, inputs: Any) -> Any:
            return self.holding(inputs)

    told = outputs.observe(subject_of(Own()))
    assert {each["class"] for each in told["inner"]} == {"Holding"}
    assert len(told["inner"][0]["outputs"]) == len(told["outputs"]) == 1


class _Drawing(layers.Layer):
    """Draws at every call, in inference too."""

    def __init__(self, seed: int = 0, **settings: Any) -> None:
        super().__init__(**settings)
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any) -> Any:
        return inputs + keras.random.normal(keras.ops.shape(inputs), seed=self.generator)


class _Late(layers.Layer):
    """Gives the same twice, and from the third call on something else."""

    def build(self, shape: Any) -> None:
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

    def call(self, inputs: Any) -> Any:
        self.calls.assign_add(1.0)
        return inputs + keras.ops.cast(self.calls > 2.5, inputs.dtype)


def an_output_repeats_where_all_of_three_calls_gave_the_same() -> None:
    given = keras.Input((3,))
    outs = [layers.Dense(2)(given), _Drawing()(given), layers.Activation("linear", dtype="bfloat16")(given)]
    assert repeats.observe(subject_of(keras.Model(given, outs))) == [True, False, True]
    given = keras.Input((3,))
    assert repeats.observe(subject_of(keras.Model(given, _Late()(given)))) == [False]


def an_output_that_is_no_number_each_time_repeats() -> None:
    model = chain(layers.Rescaling(float("nan")))
    assert repeats.observe(subject_of(model)) == [True]


def two_outputs_are_the_same_where_shape_and_bits_are() -> None:
    ones = np.ones((2, 3), "float32")
    assert repeats._same(ones, ones.copy())
    assert not repeats._same(ones, ones.reshape(3, 2))
    assert not repeats._same(np.zeros(2), -np.zeros(2))


def outputs_to_be_compared_are_those_of_inference_and_wide_enough_for_numpy() -> None:
    halved = subject_of(chain(layers.Dropout(0.5, dtype="bfloat16")))
    (told,) = repeats.outputs(halved, halved.inputs)
    assert (told.dtype, told.tolist()) == (np.dtype("float32"), ONES.tolist())
    kept = subject_of(chain(layers.Dropout(0.5, dtype="float16")))
    assert repeats.outputs(kept, kept.inputs)[0].dtype == np.float16


def a_number_moves_by_one_unit_up_or_down_or_stays() -> None:
    random = np.random.default_rng(0)
    for dtype in ("float32", "float64", "float16"):
        before = np.linspace(-2, 2, 600).astype(dtype).reshape(20, 30)
        after = sensitivity._by_one(before, "float32", random)
        assert after.dtype == before.dtype
        up, down = np.nextafter(before, np.inf), np.nextafter(before, -np.inf)
        shares = [float((after == each).mean()) for each in (up, down, before)]
        assert sum(shares) == 1.0
        assert min(shares) > 0.15, shares
        assert shares[2] < 0.35, shares


def what_is_not_finite_stays_and_what_is_no_float_is_left_alone() -> None:
    random = np.random.default_rng(0)
    odd = np.array([np.inf, -np.inf] * 50 + [np.finfo("float32").max] * 50, "float32")
    moved = sensitivity._by_one(odd, "float32", random)
    assert np.array_equal(np.isfinite(moved), np.isfinite(odd))
    assert sensitivity._by_one(np.arange(3), "float32", random) is None
    assert sensitivity._by_one(np.zeros((0, 3), "float32"), "float32", random) is None
    assert sensitivity._by_one_of_float16(np.arange(3), "float16", random) is None
    assert sensitivity._by_one_of_float16(np.zeros((0, 3), "float32"), "float16", random) is None


def what_is_computed_in_float16_moves_by_a_unit_of_that_where_it_has_one() -> None:
    random = np.random.default_rng(0)
    before = np.array([1.0] * 100 + [1e6] * 100, "float32")
    moved = sensitivity._by_one_of_float16(before, "float16", random)
    assert moved.dtype == np.float32
    assert {1.0, 1.0 + 2**-10, 1.0 - 2**-11} == set(moved[:100].tolist())
    assert set(moved[100:].tolist()) == {1e6}
    fine = sensitivity._by_one_of_float16(before, "float32", random)
    assert 0 < np.abs(fine[:100] - 1).max() < 1e-6


def a_sum_has_as_many_terms_as_its_weight_has_numbers_for_each_output() -> None:
    weight = SimpleNamespace(shape=(3, 4, 5), path="m/head/kernel", name="kernel")
    assert sensitivity._terms(weight) == 12
    assert sensitivity._terms(SimpleNamespace(shape=(7,), path="m/head/bias", name="bias")) == 1
    assert sensitivity._terms(SimpleNamespace(shape=(9, 4), path="m/table/embeddings", name="embeddings")) == 1


def of_the_inputs_only_floats_move_and_keep_their_dtype() -> None:
    random = np.random.default_rng(0)
    whole, given = tf.constant([1, 2]), tf.ones((4, 5))
    move = sensitivity._by_one
    assert sensitivity._tensor(None, "float32", move, random) is None
    assert sensitivity._tensor(whole, "float32", move, random) is whole
    half = tf.cast(given, "bfloat16")
    assert sensitivity._tensor(half, "float32", move, random) is half
    moved = sensitivity._tensor(given, "float32", move, random)
    assert moved.dtype == tf.float32
    assert 0 < np.abs(moved.numpy() - 1).max() < 1e-6


def weights_are_moved_while_a_trial_lasts_and_put_back_however_it_ends() -> None:
    model = chain(layers.Dense(4), layers.Dense(4, dtype="bfloat16"), layers.BatchNormalization())
    subject = subject_of(model)
    before = [np.array(each.value) for each in model.weights]
    seen = []
    for inputs in sensitivity.moved(subject, sensitivity._by_one):
        seen.append((np.array(inputs).tobytes(), np.array(model.weights[0].value).tobytes()))
    assert len(seen) == len({one for one, _ in seen}) == len({other for _, other in seen}) == 3
    assert ONES.tobytes() not in {one for one, _ in seen}
    assert before[0].tobytes() not in {other for _, other in seen}
    trials = sensitivity.moved(subject, lambda value, *_: value * 2)
    next(trials)
    assert np.array_equal(np.array(model.weights[0].value), before[0] * 2)
    trials.close()
    assert [np.array(each.value).tobytes() for each in model.weights] == [each.tobytes() for each in before]


def each_weight_is_moved_in_what_its_own_layer_computes_in() -> None:
    half = layers.Dense(4, dtype="mixed_float16", name="half")
    inner = keras.Sequential([keras.Input((3,)), half], name="inner")
    subject = subject_of(chain(inner, layers.Dense(2, name="whole")))
    told = []
    next(sensitivity.moved(subject, lambda value, dtype, _: told.append((value.shape, dtype))))
    assert told == [((3, 4), "float16"), ((4,), "float16"), ((4, 2), "float32"), ((2,), "float32"), ((2, 3), "float32")]


def a_step_is_the_largest_of_any_trial_and_of_any_finite_number() -> None:
    given = keras.Input((3,), name="x")
    model = keras.Model(given, [given, keras.ops.cast(given > 1.5, "int32"), keras.ops.cast(given > 9, "int32"), given])
    subject = subject_of(model)
    before = [np.ones((2, 3), "float32"), np.zeros((2, 3), "int32"), np.zeros((2, 3), "int32")]
    before.append(np.full((2, 3), np.inf, "float32"))
    trials = [tf.ones((2, 3)) + by for by in (0.25, 1.0, -0.5)]
    told = sensitivity._steps(subject, before, None, iter(trials))
    assert told == {"steps": [1.0, None, None, 0.0], "settled": [True, False, True, True], "loss": None}


def an_output_of_another_shape_is_not_settled() -> None:
    subject = subject_of(chain())
    for wrong in (np.ones((3, 3), "float32"), np.ones((3, 3), "int32")):
        told = sensitivity._steps(subject, [wrong], None, iter([tf.ones((2, 3))]))
        assert told["settled"] == [False]


def the_step_of_the_loss_is_the_largest_of_any_trial() -> None:
    subject = compiled(layers.Dense(2, kernel_initializer="ones"))
    before = repeats.outputs(subject, subject.inputs)
    trials = [tf.ones((2, 3)) * by for by in (1.0, 2.0, 0.5)]
    told = sensitivity._steps(subject, before, np.float32(4.0), iter(trials))
    assert told["loss"] == 21.0  # of (6 - 1)² and 4; it falls to 0.25 in the last
    assert told["steps"] == [3.0]
    assert 0 < sensitivity.observe(compiled(layers.Dense(64), layers.Dense(2)))["loss"] < 1e-4
    assert sensitivity.observe(subject_of(subject.model))["loss"] is None


def the_longest_sum_in_float16_and_what_hangs_on_its_last_bit_are_told() -> None:
    given = keras.Input((3,), name="x")
    half = layers.Dense(3, dtype="mixed_float16", kernel_initializer="identity", name="half")(given)
    longer = layers.Dense(2, dtype="mixed_float16", name="longer")(layers.Concatenate()([half] * 4))
    fine = layers.Dense(2, name="fine")(layers.Concatenate()([given] * 9))
    hanging = keras.ops.cast(keras.ops.equal(half, 1.0), "int32")
    told = sensitivity.observe(subject_of(keras.Model(given, [half, hanging, longer, fine])))
    assert told["coarse"]["terms"] == 12
    assert "settled" not in told["coarse"]
    assert told["steps"][0] == 0.0
    assert told["coarse"]["steps"][0] > 2**-11
    assert told["settled"] == [True, False, True, True]


def a_layer_of_float16_without_a_weight_has_one_term() -> None:
    assert sensitivity.observe(subject_of(chain(layers.Rescaling(2.0, dtype="float16"))))["coarse"]["terms"] == 1


def two_further_steps_are_trained_and_their_logs_and_weights_told() -> None:
    subject = compiled(layers.Dense(2, kernel_initializer="ones", name="head"), optimizer=keras.optimizers.SGD(0.125))
    subject.model.train_on_batch(ONES, np.full((2, 2), 50.0))
    subject.model.get_layer("head").set_weights([np.ones((3, 2)), np.zeros(2)])
    subject.model.optimizer.iterations.assign(0)
    told = training.observe(subject)
    # Of 3 against 1 every gradient is 2, and an eighth of it goes off each weight: it is 2 against 1 then.
    assert [float(value(subject, each["loss"])) for each in told["logs"]] == [4.0, 1.0]
    assert all(each["loss"]["dtype"] == "float32" for each in told["logs"])
    assert [each["path"] for each in told["weights"]] == ["head/kernel", "head/bias"]
    assert np.array_equal(value(subject, told["weights"][1]["value"]), np.array(subject.model.weights[1]))
    assert int(subject.model.optimizer.iterations) == 2
    assert training.observe(subject_of(chain(layers.Dense(2)))) is None


def training_outputs_are_those_of_training() -> None:
    subject = subject_of(chain(layers.Dropout(0.5)), np.ones((50, 3), "float32"))
    (told,) = training_outputs.observe(subject)
    assert set(value(subject, told).ravel().tolist()) == {0.0, 2.0}


def what_a_model_gives_that_is_no_tensor_is_no_output() -> None:
    class Own(keras.Model):
        def call(self, inputs: Any, training: Any = None) -> Any:
            return {"a": inputs, "b": None}

    subject = subject_of(Own())
    assert len(training_outputs.observe(subject)) == len(repeats.outputs(subject, subject.inputs)) == 1


def observations_that_call_the_model_and_those_that_change_it_are_known_as_such() -> None:
    """Each of a model whose weights move when it is called."""
    for name, see in OBSERVATIONS.items():
        given = keras.Input((3,), name="x")
        model = keras.Model(given, layers.Dense(2)(_Late()(given)))
        model.compile(**COMPILED)
        subject = subject_of(model, targets=np.ones((2, 2), "float32"), compile=Compile(dict(COMPILED)))
        before = [np.array(each).tobytes() for each in model.weights]
        see(subject)
        moved = [np.array(each).tobytes() for each in model.weights] != before
        assert moved == (name in CALLING or name in LAST), name
    assert tuple(OBSERVATIONS)[-len(LAST) :] == LAST
