"""What `bench --quick` says of a release against itself, and of one that a slow-down was planted in.

    python benchmarks/slow_downs.py --runs 3 --log FILE            a release against itself (A/A)
    python benchmarks/slow_downs.py --runs 3 --log FILE --planted load:0.15 --planted save:0.3 --planted memory:0.2

Each run is a whole comparison with TensorFlow, minutes long, on a machine that must do nothing else. Every run is a
line in the log, which is read again: runs may be added on another day. Prints a table of all that the log holds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.environments.environment import Environment
from harness.performance.comparison import Comparison
from harness.performance.options import QUICK_LIMIT, Options, plan
from harness.performance.verdicts import rows, verdict

PLANTED = Path(__file__).resolve().parents[1] / "tests" / "performance" / "planted" / "slower.py"
WORDS = {
    "load": ("load .keras", "load .h5"),
    "save": ("save .keras", "save .h5"),
    "predict": ("first predict", "predict"),
}
MEASURES = ("time", "memory")


def is_planted(where: str, operation: str, measure: str) -> bool:
    """Whether a benchmark is one that the slow-down is in."""
    if where == "memory":
        return measure == "memory"
    return measure == "time" and operation in WORDS.get(where, ())


def run(planted: str, workloads: tuple[str, ...], interpreter: str, limit: float) -> dict[str, Any]:
    """One comparison, as a line of the log."""
    where, _, part = planted.partition(":")
    here = Environment(interpreter, variables={"PLANTED_IN": where, "PLANTED_PART": part or "0"})
    modules = {"candidate": (PLANTED,)} if part else {}
    options = Options(quick=True, workloads=workloads, modules=modules, plan=plan(True, None, 0.05), time_limit=limit)
    result = Comparison(here, here, options).run()
    found = [row for row in rows(result) if row.measure in MEASURES]
    return {
        "planted": planted,
        "verdict": verdict(result),
        "seconds": round(result.seconds),
        "pairs": result.processes // 2,
        "repeated": result.repeated,
        "disturbed": result.disturbed,
        "problems": result.problems,
        "rows": [
            [
                row.benchmark.workload,
                row.benchmark.operation,
                row.measure,
                row.verdict,
                round(row.ratio.estimate, 4),
                row.ratio.pairs,
            ]
            for row in found
        ],
    }


def table(lines: list[dict[str, Any]]) -> None:
    """By what was planted: how much of it was seen, and what was said of all else."""
    print("| planted | runs | seen in | undecided | the same | all others: false alarms | minutes a run |")
    print("|---|---|---|---|---|---|---|")
    for planted in dict.fromkeys(line["planted"] for line in lines):
        of = [line for line in lines if line["planted"] == planted]
        where = planted.partition(":")[0]
        within, beside = Counter[str](), Counter[str]()
        for line in of:
            for _, operation, measure, said, *_ in line["rows"]:
                (within if is_planted(where, operation, measure) else beside)[said] += 1
        seen = within["slower"] + within["more-memory"]
        alarms = sum(beside[word] for word in ("slower", "faster", "more-memory", "less-memory"))
        all_within, all_beside = sum(within.values()), sum(beside.values())
        minutes = sum(line["seconds"] for line in of) / len(of) / 60
        print(
            f"| {planted or 'nothing'} | {len(of)} | {seen} of {all_within} | {within['undecided']} | {within['same']} "
            f"| {alarms} of {all_beside} ({beside['undecided']} undecided) | {minutes:.1f} |"
        )


def main() -> None:
    """Runs what is asked for, and prints the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--runs", type=int, default=0)
    options.add_argument("--log", type=Path, required=True)
    options.add_argument("--planted", action="append", help="save, load, predict or memory, and a part: load:0.15")
    options.add_argument("--workload", action="append", default=[])
    options.add_argument("--env", default=sys.executable, help="an interpreter with TensorFlow")
    options.add_argument("--time-limit", type=float, default=QUICK_LIMIT, help="seconds for each")
    given = options.parse_args()
    if not given.runs and not given.log.exists():
        options.error(f"there is no {given.log}, and nothing is to be run (--runs)")
    for _ in range(given.runs):
        for planted in given.planted or [""]:
            line = run(planted, tuple(given.workload), given.env, given.time_limit)
            with given.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            print(
                planted or "A/A",
                line["verdict"],
                f"{line['seconds']} s",
                Counter(row[3] for row in line["rows"]),
                flush=True,
            )
    table([json.loads(each) for each in given.log.read_text(encoding="utf-8").splitlines()])


if __name__ == "__main__":
    main()
