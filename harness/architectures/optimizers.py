"""Optimizers and learning rate schedules, with the options that they take.

A row per optimizer holds what is its own; what all of them have is drawn by `_options`. Not drawn: learning
rates that are Python functions (no data).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from harness.architectures.losses import Strategies
from harness.architectures.rules import NOTHING, Arguments, Draw, Wanted
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import Call

# Small ones: two steps must not blow up a model that nobody has scaled.
_rates = st.sampled_from((0.002, 0.0005, 0.01))
_beta_1 = st.sampled_from((0.8, 0.5))
_beta_2 = st.sampled_from((0.95, 0.9))
_epsilon = st.sampled_from((1e-3, 1e-5))
_decay = st.sampled_from((0.01, 0.1))
_names = st.sampled_from(("my_optimizer", "Adam", "a.b"))
_accumulator = st.sampled_from((0.2, 0.0, 1.0))

_ADAM: Strategies = {"beta_1": _beta_1, "beta_2": _beta_2, "epsilon": _epsilon}
_FTRL: Strategies = {
    "learning_rate_power": st.sampled_from((-0.25, -1.0)),
    "initial_accumulator_value": st.sampled_from((0.2, 1.0)),
    "l1_regularization_strength": st.just(0.01),
    "l2_regularization_strength": st.just(0.01),
    "l2_shrinkage_regularization_strength": st.just(0.01),
    "beta": st.just(0.1),
}
_RMSPROP: Strategies = {
    "rho": st.sampled_from((0.5, 0.8)),
    "momentum": st.sampled_from((0.5, 0.9)),
    "epsilon": _epsilon,
    "centered": st.just(True),
}
_SGD: Strategies = {"momentum": st.sampled_from((0.9, 0.5)), "nesterov": st.just(True)}

OPTIMIZERS: Mapping[str, Strategies] = {
    "SGD": _SGD,
    "RMSprop": _RMSPROP,
    "Adam": {**_ADAM, "amsgrad": st.just(True)},
    "AdamW": {**_ADAM, "amsgrad": st.just(True)},
    "Adamax": _ADAM,
    "Nadam": _ADAM,
    "Adadelta": {"rho": st.sampled_from((0.5, 0.9)), "epsilon": _epsilon},
    "Adagrad": {"initial_accumulator_value": _accumulator, "epsilon": _epsilon},
    "Adafactor": {
        "beta_2_decay": st.sampled_from((-0.5, -0.9)),
        "epsilon_1": st.just(1e-20),
        "epsilon_2": st.just(1e-2),
        "clip_threshold": st.sampled_from((0.5, 2.0)),
        "relative_step": st.just(False),
    },
    "Ftrl": _FTRL,
    "Lion": {"beta_1": _beta_1, "beta_2": _beta_2},
    "Lamb": _ADAM,
    "Muon": {
        "adam_beta_1": _beta_1,
        "adam_beta_2": _beta_2,
        "adam_weight_decay": _decay,
        "epsilon": _epsilon,
        "exclude_layers": st.sampled_from((["dense"], ["head", "kernel$"])),
        "exclude_embeddings": st.just(False),
        # Near the defaults: the iteration diverges elsewhere.
        "muon_a": st.just(3.45),
        "muon_b": st.just(-4.75),
        "muon_c": st.just(2.0),
        "adam_lr_ratio": st.sampled_from((0.1, 0.5)),
        "momentum": st.sampled_from((0.9, 0.5)),
        "ns_steps": st.sampled_from((2, 3)),
        "nesterov": st.just(False),
        "rms_rate": st.sampled_from((None, 0.5)),
    },
    "ScheduleFreeAdamW": {**_ADAM, "warmup_steps": st.sampled_from((1, 10))},
}

# Keras 2 alone. Their further options go through **kwargs, so the vocabulary does not know of them.
LEGACY: Mapping[str, Strategies] = {
    "SGD": _SGD,
    "RMSprop": _RMSPROP,
    "Adam": {**_ADAM, "amsgrad": st.just(True)},
    "Adamax": _ADAM,
    "Nadam": _ADAM,
    "Adadelta": {"rho": st.sampled_from((0.5, 0.9)), "epsilon": _epsilon},
    "Adagrad": {"initial_accumulator_value": st.sampled_from((0.2, 1.0)), "epsilon": _epsilon},
    "Ftrl": _FTRL,
}

_steps = st.sampled_from((1, 3, 10))
_half = st.sampled_from((0.5, 0.9))
SCHEDULES: Mapping[str, tuple[Strategies, Strategies]] = {  # what must be given, what may be
    "ExponentialDecay": (
        {"initial_learning_rate": _rates, "decay_steps": _steps, "decay_rate": _half},
        {"staircase": st.just(True)},
    ),
    "InverseTimeDecay": (
        {"initial_learning_rate": _rates, "decay_steps": _steps, "decay_rate": _half},
        {"staircase": st.just(True)},
    ),
    "PolynomialDecay": (
        {"initial_learning_rate": _rates, "decay_steps": _steps},
        {"end_learning_rate": st.just(0.0002), "power": st.sampled_from((0.5, 2.0)), "cycle": st.just(True)},
    ),
    "PiecewiseConstantDecay": (
        {"boundaries": st.just([1, 3]), "values": st.just([0.01, 0.005, 0.001])},
        {},
    ),
    "CosineDecay": (
        {"initial_learning_rate": _rates, "decay_steps": _steps},
        {"alpha": _half, "warmup_target": st.just(0.02), "warmup_steps": st.sampled_from((1, 4))},
    ),
    "CosineDecayRestarts": (
        {"initial_learning_rate": _rates, "first_decay_steps": _steps},
        {"t_mul": st.sampled_from((1.0, 3.0)), "m_mul": _half, "alpha": _half},
    ),
}

STRINGS = (
    "adam",
    "sgd",
    "rmsprop",
    "Adam",
    "SGD",
    "RMSprop",
    "adagrad",
    "adamax",
    "nadam",
    "ftrl",
    "adadelta",
)
LATER_STRINGS = ("adamw", "adafactor", "lion", "muon", "AdamW", "Lion")

# Where the wrapper that scales losses is, in the order of preference: Keras 3, Keras 2.
SCALERS = ("optimizers.LossScaleOptimizer", "mixed_precision.LossScaleOptimizer")
SPARING = (
    "optimizers.Optimizer.exclude_from_weight_decay"  # a method, called by the function of `harness.worker.custom`
)
SPARED = "custom.spared"
MULTI, MAP = "optimizers.MultiOptimizer", "optimizers.OptimizerMap"


def drawable(vocabulary: Vocabulary) -> dict[str, frozenset[str]]:
    """The public optimizers and schedules that can be drawn, with their arguments."""
    tables = {f"optimizers.{name}": (*own, *_OPTIONS) for name, own in OPTIMIZERS.items()}
    tables |= {f"optimizers.legacy.{name}": (*own, "learning_rate", "name") for name, own in LEGACY.items()}
    tables |= {f"optimizers.schedules.{name}": (*must, *may, "name") for name, (must, may) in SCHEDULES.items()}
    tables |= dict.fromkeys(SCALERS, ("inner_optimizer", *_GROWTH, *(("name",) if vocabulary.major >= 3 else ())))
    tables[SPARING] = ()
    tables[MULTI] = ("optimizer_map", "loss_scale_factor", "name")
    tables[MAP] = ("default_optimizer", "optimizer_map")
    # The old ones are there in Keras 3 too, as stubs; its worker leaves that room out.
    return {
        public: frozenset(argument for argument in arguments if vocabulary.has(public, argument))
        for public, arguments in tables.items()
        if vocabulary.has(public)
    }


_one_in_ten = st.sampled_from((False,) * 9 + (True,))
_seven_in_ten = st.sampled_from((True,) * 7 + (False,) * 3)


def optimizer(draw: Draw, vocabulary: Vocabulary, *, wanted: Wanted, divisible: bool) -> Any:
    """An optimizer: a string, an object, or objects wrapped into one.

    `divisible`: every variable gets a gradient, so that they may be divided between several optimizers (one
    of which none of its variables had a gradient for would raise).
    """
    scalers = [name for name in SCALERS if vocabulary.has(name)][:1]
    several = [MULTI] if divisible and vocabulary.has(MULTI) and vocabulary.has(MAP) else []
    asked = {name for name in (*scalers, *several, MAP) if name in wanted}
    if asked:
        way = draw(st.sampled_from([name for name in (*scalers, *several) if name in asked or MAP in asked]))
        if MAP in asked and several:
            way = MULTI
    elif any(name.startswith("optimizers.") for name in wanted) or draw(_seven_in_ten):
        way = "single"
    else:
        way = draw(st.sampled_from(["string", *scalers, *several]))
    if way == "string":
        # Keras 2 lists fewer by these names.
        return draw(st.sampled_from(STRINGS + (LATER_STRINGS if vocabulary.major >= 3 else ())))
    if way in scalers:
        return _scaled(draw, vocabulary, way, wanted)
    if way in several:
        return _divided(draw, vocabulary, wanted)
    return single(draw, vocabulary, wanted=wanted)


def single(draw: Draw, vocabulary: Vocabulary, *, wanted: Wanted = NOTHING) -> Call:
    """One optimizer with options; one that is wanted, if any is."""
    names = [f"optimizers.{name}" for name in OPTIMIZERS if vocabulary.has(f"optimizers.{name}")]
    if vocabulary.major == 2:
        names += [f"optimizers.legacy.{name}" for name in LEGACY if vocabulary.has(f"optimizers.legacy.{name}")]
    name = draw(st.sampled_from([each for each in names if each in wanted] or names))
    old = name.startswith("optimizers.legacy.")
    own = (LEGACY if old else OPTIMIZERS)[name.rpartition(".")[2]]
    spares = not old and vocabulary.has(SPARING)
    asked = wanted.get(name, frozenset()) | ({"weight_decay"} if spares and SPARING in wanted else frozenset())
    a = Arguments(draw, vocabulary, name, wanted=asked)
    schedules = [f"optimizers.schedules.{each}" for each in SCHEDULES if vocabulary.has(f"optimizers.schedules.{each}")]
    wished = [each for each in schedules if each in wanted]
    if wished or a.chance("learning_rate"):
        # The old Nadam takes no schedule.
        if schedules and name != "optimizers.legacy.Nadam" and (wished or draw(st.booleans())):
            chosen = draw(st.sampled_from(wished or schedules))
            a.give(
                "learning_rate",
                schedule(draw, vocabulary, chosen, wanted.get(chosen, frozenset()), positive=name.endswith("Ftrl")),
            )
        else:
            a.required("learning_rate", _rates)
    a.several(own)
    if a.get("nesterov") and "momentum" in own and name.endswith("SGD"):
        a.values.setdefault("momentum", 0.9)
    _options(a, old=old)
    if spares and "weight_decay" in a.values and (SPARING in wanted or draw(_one_in_ten)):
        words = draw(st.sampled_from((["bias"], ["kernel", "gamma"])))
        return Call(SPARED, {"optimizer": Call(name, a.values), "words": words})
    return Call(name, a.values)


_OPTIONS = (
    "learning_rate", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum",
    "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps", "jit_compile", "name",
)  # fmt: skip
_OWN_AVERAGE = ("ema_momentum", "ema_overwrite_frequency")
_CLIPS: Strategies = {
    "clipnorm": st.sampled_from((0.5, 1.0)),
    "clipvalue": st.sampled_from((0.25, 1.0)),
    "global_clipnorm": st.sampled_from((0.5, 1.0)),
}


def _options(a: Arguments, *, old: bool) -> None:
    """What every optimizer takes; the three ways to clip exclude each other."""
    if old:
        if a.draw(st.booleans()):
            clip = a.draw(st.sampled_from(tuple(_CLIPS)))
            a.required(clip, _CLIPS[clip])
        if a.draw(st.booleans()):
            a.give("decay", 0.1)
        a.optional("name", _names)
        return
    clips = [option for option in _CLIPS if a.chance(option)]
    if clips:
        clip = a.draw(st.sampled_from(clips))
        a.required(clip, _CLIPS[clip])
    a.optional("weight_decay", _decay)
    if a.chance("use_ema") or a.wanted.intersection(_OWN_AVERAGE):
        a.give("use_ema", True)
        if "ema_momentum" in a.wanted or a.draw(st.booleans()):
            a.required("ema_momentum", st.sampled_from((0.5, 0.9)))
        if "ema_overwrite_frequency" in a.wanted or a.draw(st.booleans()):
            a.required("ema_overwrite_frequency", st.sampled_from((1, 2)))
    a.several(
        {
            "loss_scale_factor": st.sampled_from((2.0, 128.0)),
            "gradient_accumulation_steps": st.sampled_from((2, 3)),
            "jit_compile": st.just(False),
            "name": _names,
        }
    )


_schedule_names = st.sampled_from(("my_schedule", "a.b"))


def schedule(
    draw: Draw, vocabulary: Vocabulary, public: str, wanted: frozenset[str], *, positive: bool = False
) -> Call:
    """A learning rate schedule of this public name, with the arguments in `wanted`; a `positive` one never comes down
    to zero (Ftrl divides by the rate).
    """
    must, may = SCHEDULES[public.rpartition(".")[2]]
    may = {**may, "name": _schedule_names}
    a = Arguments(draw, vocabulary, public, wanted=wanted)
    for argument, values in must.items():
        a.required(argument, values)
    a.several(may)
    if positive and "alpha" in may:
        a.values.setdefault("alpha", 0.5)
    return Call(public, a.values)


_GROWTH: Strategies = {
    "initial_scale": st.sampled_from((8.0, 1024.0)),
    "dynamic_growth_steps": st.sampled_from((1, 2, 100)),
}


def _scaled(draw: Draw, vocabulary: Vocabulary, name: str, wanted: Wanted) -> Call:
    """An optimizer whose losses are scaled, so that float16 does not underflow."""
    inner = single(draw, vocabulary, wanted=wanted)
    arguments: dict[str, Any] = {"inner_optimizer": inner}
    asked = wanted.get(name, frozenset())
    arguments.update({key: draw(values) for key, values in _GROWTH.items() if key in asked or draw(st.booleans())})
    if vocabulary.major >= 3:
        if "name" in asked or draw(st.booleans()):
            arguments["name"] = "my_scaler"
    elif "initial_scale" in arguments and draw(st.booleans()):
        # Keras 2 can leave the scale as it is.
        arguments.pop("dynamic_growth_steps", None)
        arguments["dynamic"] = False
    return Call(name, arguments)


def _divided(draw: Draw, vocabulary: Vocabulary, wanted: Wanted) -> Call:
    """Several optimizers, each for the variables whose path matches its pattern."""
    first = single(draw, vocabulary, wanted=wanted)
    patterns = draw(st.sampled_from(((".*kernel",), (".*/bias",), (".*kernel", ".*/bias"), ("no such variable",), ())))
    arguments: dict[str, Any] = {"default_optimizer": first}
    if patterns or "optimizer_map" in wanted.get(MAP, ()) or draw(st.booleans()):
        arguments["optimizer_map"] = {each: single(draw, vocabulary) for each in patterns}
    outer: dict[str, Any] = {"optimizer_map": Call(MAP, arguments)}
    asked = wanted.get(MULTI, frozenset())
    if "loss_scale_factor" in asked or draw(st.booleans()):
        outer["loss_scale_factor"] = 4.0
    if "name" in asked or draw(st.booleans()):
        outer["name"] = "my_optimizers"
    return Call(MULTI, outer)
