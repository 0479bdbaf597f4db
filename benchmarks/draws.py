"""How many of the draws build: every rule (or those named) drawn with few and with all arguments, and built.

    python benchmarks/draws.py [--draws N] [--seed N] [LAYER ...]

Prints each draw that does not build, each shape on which the rule and Keras disagree, the arguments of each layer
that no draw has given, and the share that builds. Runs the driver's draws and the worker's building in one process.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.architectures.drawing import draws
from harness.architectures.families import all_rules
from harness.architectures.graph import Goal
from harness.architectures.models import architectures
from harness.architectures.vocabulary import Vocabulary
from harness.protocol.architecture import dumps, layer_calls, loads
from harness.worker import data, dialect, installed
from harness.worker.build import build, tensors_of


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layers", nargs="*")
    parser.add_argument("--draws", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    vocabulary = Vocabulary.from_report(
        {**installed.versions(), "names": installed.public_names(), "layers": installed.layer_names()}
    )
    rules = all_rules()
    failed: Counter[str] = Counter()
    built: Counter[str] = Counter()
    given: dict[str, dict[str, set[str]]] = {}
    start = time.time()
    names = options.layers or [name for name, rule in rules.items() if vocabulary.has(rule.public)]
    for name in names:
        rule = rules[name]
        everything = frozenset(vocabulary.arguments.get(rule.public, ()))
        for wanted in (frozenset(), everything):
            strategy = architectures(vocabulary=vocabulary, rules=rules, goals=[Goal(name, wanted)], plain=True)
            for drawn in draws(strategy, options.draws, seed_value=options.seed):
                assert loads(dumps(drawn)) == drawn
                for call in layer_calls(drawn):
                    for argument, value in call.arguments.items():
                        given.setdefault(call.name, {}).setdefault(argument, set()).add(repr(value))
                try:
                    made = build(drawn)
                    made.model(tensors_of(data.for_model(drawn, drawn.seed)))
                    built[name] += 1
                except Exception as error:
                    failed[name] += 1
                    print(f"FAILED {name}: {type(error).__name__}: {str(error)[:400]}\n    {drawn.nodes}")
                    continue
                for node in drawn.nodes:
                    expected = [tuple(shape) for shape in node.shapes or ()]
                    seen = [shape[1:] for shape in made.shapes[node.name]]
                    if node.shapes is not None and expected != seen:
                        print(f"SHAPE {name}: the rule says {expected}, Keras {seen}\n    {node}")
        dialect.clear()
    for name in names:
        public = rules[name].public
        missing = [a for a in vocabulary.arguments.get(public, ()) if a != "**" and a not in given.get(public, {})]
        print(f"{name:28} built {built[name]:3}  failed {failed[name]:3}  never given: {', '.join(missing) or '-'}")
    total = built.total() + failed.total()
    print(f"{built.total()} of {total} build ({built.total() / max(total, 1):.2%}), {time.time() - start:.0f} s")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
