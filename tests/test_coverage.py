"""What is public of a Keras and what of it is drawn is counted, and a plan keeps what its profile promises."""

from dataclasses import replace
from functools import lru_cache
from io import StringIO
from itertools import islice

import pytest
from rich.console import Console

from harness.architectures.drawing import draws
from harness.architectures.families import all_rules
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.architectures.vocabulary import Vocabulary
from harness.check.coverage import Coverage
from harness.check.kinds import KINDS, drawable, mentions
from harness.check.operations import operation_models
from harness.check.plan import UNASKED, Plan
from harness.check.profiles import PROFILES
from harness.check.reach import reach_of_kinds
from harness.check.wishes import ALONE, PATIENCE
from harness.protocol.architecture import Architecture, Call, Compile, Input, Method, Name, Node, Ref, nodes_of
from harness.reporting.console import print_kinds
from tests.vocabularies import vocabulary

RULES = all_rules()
VERSIONS = ("2.15", "3.15")


def with_news(version: str = "3.15") -> Vocabulary:
    """A later Keras: a loss and an argument of one that nobody here has heard of."""
    known = vocabulary(version)
    huber = (*known.arguments["losses.Huber"], "sharpness")
    return replace(known, arguments={**known.arguments, "losses.Novel": ("margin",), "losses.Huber": huber})


@lru_cache
def plan_with_news() -> Plan:
    plan = Plan(with_news(), RULES, PROFILES["ci"])
    list(plan.of_wishes())
    return plan


def model(layer: Call, compiled: Compile | None = None, *methods: Method) -> Architecture:
    node = Node("layer", layer, (Ref("input"),), methods=methods)
    return Architecture("m", inputs=(Input("input", (3,)),), nodes=(node,), outputs=Ref("layer"), compile=compiled)


def seen(architecture: Architecture, version: str = "3.15") -> set[str]:
    return {name for name, _ in mentions(architecture, vocabulary(version))}


LEARNING = ("Normalization", "Discretization", "StringLookup", "IntegerLookup", "TextVectorization")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("layer", LEARNING)
def test_a_layer_that_can_learn_from_data_is_promised_to_and_does_where_that_is_wanted(
    version: str, layer: str
) -> None:
    keras, learns = vocabulary(version), f"layers.{layer}.adapt"
    assert learns in drawable(keras)
    strategy = architectures(vocabulary=keras, rules=RULES, goals=[Goal(layer)], wanted={learns: frozenset()})
    models = draws(strategy, 20, seed_value=1)
    # Of what knows all of its words in advance none are learnt: the layer is asked again, in another model.
    assert sum(learns in seen(each, version) for each in models) >= 12
    modes = {node.layer.arguments.get("output_mode") for each in models for node in nodes_of(each.nodes)
             if isinstance(node.layer, Call) and node.methods}  # fmt: skip
    assert "tf_idf" in modes or layer in LEARNING[:2]


@pytest.mark.parametrize(("version", "seed"), [("2.15", 1), ("3.15", 3)])
def test_the_ci_profile_reaches_all_that_it_promises(version: str, seed: int) -> None:
    """With these seeds things stood in each other's way: a policy of the whole model, quantization, adapters."""
    plan = Plan(vocabulary(version), RULES, PROFILES["ci"], seed=seed)
    assert len(list(plan)) < 160
    assert plan.unreached() == {}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("seed", [0, 1])
def test_small_models_reach_every_loss_optimizer_and_so_on_that_can_be_drawn(version: str, seed: int) -> None:
    plan = Plan(vocabulary(version), RULES, PROFILES["ci"], seed=seed)
    models = list(plan.of_wishes())
    assert plan.wishes.missing() == {}
    assert len(models) < 90
    reached = reach_of_kinds(plan.coverage)
    for kind in ("losses", "metrics", "optimizers", "schedules", "initializers", "regularizers", "constraints"):
        assert not reached[kind]["not reached"] + reached[kind]["arguments not reached"]
        assert reached[kind]["drawn"] > 3
        assert reached[kind]["arguments drawn"] > 5


@pytest.mark.parametrize("version", VERSIONS)
def test_the_models_of_the_layers_take_nearly_all_of_them_by_the_way(version: str) -> None:
    plan = Plan(vocabulary(version), RULES, PROFILES["quick"], seed=0)
    models = list(plan)
    of_operations = list(operation_models(plan.vocabulary, RULES, of=PROFILES["quick"].one_operation_in, seed=0))
    # A chain leaves a layer out now and then, and another model holds it. Some topologies are a model by themselves.
    alone = sum(each.whole is not None for each in plan.topologies) + len(of_operations)
    assert len(models) <= len(plan.targets) / PROFILES["quick"].layers_per_model + 3 + alone
    promised = sum(map(len, plan.wishes.promised.values()))
    assert len(plan.wishes.missing()) < promised / 5
    # A model of which no output can be trained towards takes no loss, and the others have room for two each.
    trained = [name for name in plan.wishes.missing() if name.startswith(("losses.", "metrics."))]
    assert len(trained) < len({**plan.wishes.promised["losses"], **plan.wishes.promised["metrics"]}) / 10


def test_a_quick_check_asks_for_a_share_of_the_arguments_and_those_of_the_next_seeds_for_the_rest() -> None:
    of = PROFILES["quick"].one_argument_in
    assert of > 1
    # What a layer is asked for is put into a goal; what a model then holds is counted by the coverage.
    plans = [Plan(vocabulary(), RULES, PROFILES["quick"], seed=seed) for seed in range(3, 3 + of)]
    asked: list[set[tuple[str, str]]] = [
        {(RULES[goal.layer].public, argument) for goal in plan._goals_of_a_seed() for argument in goal.arguments}
        for plan in plans
    ]
    known = vocabulary().arguments
    every = {
        (RULES[name].public, argument)
        for name in plans[0].targets
        for argument in known.get(RULES[name].public, ())
        if argument not in UNASKED
    }
    assert set().union(*asked) == every
    assert sum(map(len, asked)) == len(every)
    assert all(len(every) / of * 0.8 < len(each) < len(every) / of * 1.2 for each in asked)


def test_of_what_a_quick_check_asks_for_most_is_given() -> None:
    left = []
    for share in (PROFILES["quick"].one_argument_in, 0):
        plan = Plan(vocabulary(), RULES, replace(PROFILES["quick"], one_argument_in=share), seed=0)
        list(plan)
        left.append(sum(map(len, plan.ungiven().values())))
    asked, unasked = left
    assert asked < 0.65 * unasked


def test_the_same_seed_asks_for_the_same_in_the_same_order() -> None:
    first, second, other = (
        [each.digest() for each in islice(Plan(vocabulary(), RULES, PROFILES["ci"], seed=seed).of_wishes(), 10)]
        for seed in (4, 4, 5)
    )
    assert first == second
    assert first != other


def test_a_loss_that_nobody_knows_is_shown_as_not_reached_and_breaks_nothing() -> None:
    plan = plan_with_news()
    losses = reach_of_kinds(plan.coverage)["losses"]
    assert losses["not reached"] == ["losses.Novel"]
    assert losses["arguments not reached"] == ["losses.Huber: sharpness"]
    assert losses["drawn"] == losses["public"] - 1 - len([x for x in losses["left out"] if ":" not in x])
    # It was never promised, so it is no problem of a check.
    assert plan.wishes.missing() == {}


def test_what_was_promised_and_not_reached_is_a_problem_of_the_check() -> None:
    plan = Plan(vocabulary(), RULES, PROFILES["ci"])
    plan.coverage.layers = {RULES[name].public: 1 for name in plan.targets}
    missing = plan.unreached()
    assert missing["optimizers.Lion"]
    assert "delta" in missing["losses.Huber"]
    assert missing["activations.gelu"] == ["(not at all)"]
    assert not Plan(vocabulary(), RULES, PROFILES["ci"], only=["Dense"]).wishes.missing()


def test_an_impossible_wish_is_given_up() -> None:
    wishes = Plan(vocabulary(), RULES, PROFILES["ci"]).wishes
    most = (PATIENCE + ALONE) * sum(map(len, wishes.promised.values()))
    asked = 0
    while wishes.some():
        asked += 1
        assert asked <= most
    assert "initializers.Zeros" in wishes.missing()


def test_things_count_however_they_are_written() -> None:
    dense = Call(
        "layers.Dense",
        {
            "kernel_initializer": "he_normal", "bias_initializer": Call("initializers.Constant", {"value": 2.0}),
            "kernel_regularizer": "l2", "activation": Name("activations.swish"), "dtype": "int8_from_float32",
        },
    )  # fmt: skip
    compiled = Compile({"optimizer": "adam", "loss": [Name("losses.huber")], "metrics": {"layer": ["AUC"]}})
    names = seen(model(dense, compiled, Method("enable_lora", (1,))))
    assert names >= {
        "initializers.HeNormal", "initializers.Constant", "regularizers.L2", "activations.silu", "mode.int8",
        "optimizers.Adam", "losses.huber", "metrics.AUC", "Model.compile", "layers.Dense", "layers.Dense.enable_lora",
    }  # fmt: skip
    assert "activations.swish" not in names


def test_a_name_of_a_layer_is_no_initializer_or_loss() -> None:
    assert seen(model(Call("layers.Dense", {"units": 1, "name": "zeros"}))) == {"layers.Dense"}


def test_a_default_that_is_given_reaches_no_argument() -> None:
    coverage = Coverage(vocabulary())
    for delta in (1.0, 2.0):
        assert not coverage.reached("losses.Huber", "delta")
        coverage.add(
            model(Call("layers.Dense", {"units": 1}), Compile({"loss": Call("losses.Huber", {"delta": delta})}))
        )
    assert coverage.reached("losses.Huber", "delta")


@pytest.mark.parametrize("version", VERSIONS)
def test_all_that_can_be_drawn_is_public_and_of_one_kind(version: str) -> None:
    known = vocabulary(version)
    public = [name for kind in KINDS for name in kind.public(known)]
    assert len(public) == len(set(public))
    assert set(drawable(known)) <= set(public)


def test_the_figures_are_printed_with_what_is_missing_and_why() -> None:
    plan = plan_with_news()
    text = StringIO()
    print_kinds(reach_of_kinds(plan.coverage), Console(file=text, width=200))
    (row,) = [line for line in text.getvalue().splitlines() if line.startswith("│ losses")]
    assert "43 of 46" in row
    for part in ("losses.Novel: not reached", "losses.Huber: sharpness: not reached", "losses.Loss: the base class"):
        assert part in text.getvalue()
