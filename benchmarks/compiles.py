"""How many of the draws compile and train: small models with heads of many shapes.

    python benchmarks/compiles.py [--draws N] [--seed N] [NAME ...]

Each loss, metric, optimizer and schedule (or those named, as losses.Huber) is wanted in N draws. Prints
each draw that does not compile, train for two steps and evaluate, each loss that is not finite, what was
wanted and was never drawn, the arguments that were never given, and the share that works.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from hypothesis import strategies as st

from harness.architectures.drawing import draws
from harness.architectures.heads import promised
from harness.architectures.rules import Wanted
from harness.architectures.spec import Spec
from harness.architectures.training import compiles
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import (
    Architecture,
    Call,
    Compile,
    Input,
    Name,
    Node,
    Ref,
    calls,
    dumps,
    loads,
)
from harness.worker import data, dialect, installed
from harness.worker.build import build, decode

ROOMS = ("losses.", "metrics.", "optimizers.")
# The vocabulary holds these as well, and they are neither losses nor metrics nor optimizers.
OTHERS = (
    "get",
    "serialize",
    "deserialize",
    "Reduction",
    "Loss",
    "Metric",
    "Optimizer",
    "LearningRateSchedule",
)
COUNTED = ("name", "dtype", "**")


@st.composite
def models(draw: st.DrawFn, *, vocabulary: Vocabulary, name: str) -> Architecture:
    """Input, a body, and one to three heads of their own rank and activation; half of the arguments of `name`."""
    arguments = vocabulary.arguments.get(name, ())
    wanted: Wanted = {name: frozenset(argument for argument in arguments if draw(st.booleans()))}
    batch = draw(st.sampled_from((2, 3)))
    nodes = [Node("body", Call("layers.Dense", {"units": 4}), (Ref("input"),))]
    outputs: list[tuple[str, Spec]] = []
    promises = {}
    for number in range(draw(st.sampled_from((1, 1, 2, 3)))):
        name = f"head_{number}"
        rank = draw(st.sampled_from((1, 1, 2, 3)))
        shape = (*(draw(st.integers(1, 4)) for _ in range(rank - 1)), draw(st.sampled_from((2, 3, 4, 1))))
        size = int(np.prod(shape))
        activation = draw(st.sampled_from((None, None, "softmax", "sigmoid", "relu")))
        nodes.append(Node(f"{name}_flat", Call("layers.Dense", {"units": size}), (Ref("body"),)))
        if rank > 1:
            nodes.append(Node(f"{name}_shape", Call("layers.Reshape", {"target_shape": shape}), (Ref(nodes[-1].name),)))
        last = Call("layers.Activation", {"activation": activation or "linear"})
        nodes.append(Node(name, last, (Ref(nodes[-1].name),)))
        promises[name] = promised(last)
        outputs.append((name, Spec(shape)))
    refs = [Ref(name) for name, _ in outputs]
    shapes: list[Any] = [refs, tuple(refs), {f"out_{name}": ref for (name, _), ref in zip(outputs, refs)}]
    if len(refs) == 1:
        shapes = [refs[0], refs[0], refs[0], *shapes]
    if len(refs) == 3:
        shapes += [[refs[0], {"b": refs[1], "c": refs[2]}], {"a": refs[0], "z": (refs[1], refs[2])}]
    structure = draw(st.sampled_from(shapes))
    made = compiles(draw, vocabulary, outputs, structure, batch, wanted=wanted, promises=promises)
    return Architecture(
        "model", "functional", (Input("input", (3,)),), tuple(nodes), structure, compile=made, batch=batch
    )


def train(architecture: Architecture) -> list[str]:
    """Builds, compiles, trains for two steps and evaluates; says what is not finite."""
    model = build(architecture).model
    made = architecture.compile
    assert made is not None
    model.compile(**{key: decode(value) for key, value in made.arguments.items()})
    x = data.for_model(architecture, architecture.seed)
    y = decode(made.targets)
    notes = []
    for step in range(2):
        logs = model.train_on_batch(x, y, return_dict=True)
        notes += [
            f"{key} is {value} at step {step}" for key, value in logs.items() if _loss(key) and not np.isfinite(value)
        ]
    logs = model.evaluate(x, y, verbose=0, batch_size=architecture.batch, return_dict=True)
    notes += [f"{key} is {value} at last" for key, value in logs.items() if _loss(key) and not np.isfinite(value)]
    notes += [f"{each.name} is not finite" for each in model.weights if not np.isfinite(np.asarray(each)).all()]
    return notes


def _loss(key: str) -> bool:
    return key.endswith("loss") and "hinge" not in key


def mentioned(value: Any) -> set[str]:
    """Public names in a value, those of functions too."""
    if isinstance(value, Name):
        return {value.name}
    if isinstance(value, Call):
        return {value.name} | mentioned(list(value.arguments.values()))
    if isinstance(value, dict):
        return mentioned(list(value.values()))
    if isinstance(value, (list, tuple)):
        return set().union(*(mentioned(item) for item in value)) if value else set()
    return set()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--draws", type=int, default=6)
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), help="which part of how many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--also", nargs="*", default=[], help="public names taken to be in the vocabulary")
    options = parser.parse_args()
    names_of = {**installed.public_names(), **{name: ["**"] for name in options.also}}
    vocabulary = Vocabulary.from_report({**installed.versions(), "names": names_of, "layers": installed.layer_names()})
    everything = [
        name
        for name in vocabulary.arguments
        if (name.startswith(ROOMS) or name in options.also) and name.rpartition(".")[2] not in OTHERS
    ]
    names = (options.names or everything)[options.part[0] :: options.part[1]]
    failed: Counter[str] = Counter()
    worked: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    given: dict[str, set[str]] = {}
    compile_given: Counter[str] = Counter()
    unsound = 0
    start = time.time()
    for name in names:
        strategy = models(vocabulary=vocabulary, name=name)
        for drawn in draws(strategy, options.draws, seed_value=options.seed):
            assert loads(dumps(drawn)) == drawn
            made = drawn.compile
            assert isinstance(made, Compile)
            compile_given.update(list(made.arguments))
            for call in calls(made):
                given.setdefault(call.name, set()).update(call.arguments)
            seen = mentioned(dict(made.arguments))
            missed[name] += name not in seen
            try:
                notes = train(drawn)
                worked[name] += 1
                if notes:
                    unsound += 1
                    print(f"NOT FINITE {name}: {'; '.join(notes)}\n    {made.arguments}")
            except Exception as error:
                failed[name] += 1
                where = traceback.extract_tb(error.__traceback__)[-1]
                print(f"FAILED {name}: {type(error).__name__}: {str(error)[-500:]}")
                print(f"    {where.filename}:{where.lineno}\n    {drawn.outputs}")
                print(f"    {[node.layer for node in drawn.nodes if node.name in str(drawn.outputs)]}")
                print(f"    {made.arguments}\n    {made.targets}")
            dialect.clear()
    for name in names:
        public = vocabulary.arguments.get(name, ())
        never = [a for a in public if a not in COUNTED and a not in given.get(name, set())]
        total = worked[name] + failed[name]
        if never or missed[name] == total or failed[name]:
            print(
                f"{name:48} worked {worked[name]:3} failed {failed[name]:3} missed {missed[name]:3}"
                f"  never given: {', '.join(never) or '-'}"
            )
    total = worked.total() + failed.total()
    print(f"compile arguments: {dict(compile_given)}")
    print(
        f"{worked.total()} of {total} work ({worked.total() / max(total, 1):.2%}), {unsound} not finite,"
        f" {missed.total()} without what was wanted, {time.time() - start:.0f} s"
    )
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
