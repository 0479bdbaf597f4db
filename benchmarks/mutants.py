"""How many small changes of the code do the tests notice? The mutants of a room, made and run by mutmut.

    uv run --with mutmut python benchmarks/mutants.py expectations [FILE ...]
    uv run --with mutmut python benchmarks/mutants.py observations [FILE ...]

Each mutant is one change in one function: a comparison turned round, an argument left out, a word in capitals. It is
made in a copy, never in the repository. What is judged without Keras is held by the fast tests that speak of it, what
is seen inside of a worker by the sentences of `tests/inside`, in forks of a process that has imported TensorFlow.
Printed are the mutants that no test noticed, each as its difference, and the share of those that one did.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTICED = ("killed", "timeout", "segfault", "suspicious")
# As the module of the tests that holds what is seen inside of a worker; it imports TensorFlow, and pytest must not.
SENTENCES = """
import pytest
from tests.inside.run import sentences, tell


@pytest.mark.parametrize("sentence", [each for subject in ("stated", "computed") for each in sentences(subject)])
def test_it_is_so(sentence):
    assert tell(sentence) == ""
"""
SHOW = """
import json, sys
from mutmut.mutation.diff_apply import get_diff_for_mutant
print(json.dumps([get_diff_for_mutant(name) for name in sys.argv[1:]]))
"""


@dataclass(frozen=True)
class Room:
    """What is changed, what is asked whether it notices, and what is imported once for all of them."""

    tests: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()


ROOMS = {
    "expectations": Room(
        tests=tuple(
            f"tests/test_{name}.py"
            for name in (
                "compare",
                "findings",
                "given",
                "judge",
                "consequences",
                "frozen",
                "known",
                "known_files",
                "table",
                "original",
                "examples",
            )
        ),
        left_out=("harness/expectations/scripts/*",),  # programs as text: tests run them, with Keras, for minutes
    ),
    "observations": Room(tests=("tests/sentences.py",), imported=("tensorflow", "keras", "pytest", "numpy")),
}


def prepared(folder: Path, name: str, files: list[str]) -> None:
    """A copy of what git knows of, told which of it is to be changed and how that is to be noticed."""
    room = ROOMS[name]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for file in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / file).is_file():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, folder / file)
    (folder / "tests" / "sentences.py").write_text(SENTENCES, encoding="utf-8")
    (folder / "imported.txt").write_text("\n".join(room.imported), encoding="utf-8")
    only = [f"harness/{name}/{file.removesuffix('.py')}.py" for file in files] or [f"harness/{name}/*"]
    also = sorted({each.name for each in folder.iterdir()} - {"tests", "pyproject.toml"})
    settings = {
        "source_paths": ["harness"],
        "only_mutate": only,
        "do_not_mutate": list(room.left_out),
        "also_copy": also,
        "pytest_add_cli_args": ["-p", "harness.pytest_plugin", "-n0", "-m", "not slow", "-p", "no:cacheprovider"],
        "pytest_add_cli_args_test_selection": list(room.tests),
        "process_isolation": "forkserver" if room.imported else "fork",
        "forkserver_warmup": "import",
        "preload_modules_file": str(folder / "imported.txt"),
        "track_dependencies": False,
        "use_git_change_detection": False,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")


def main() -> None:
    """Makes them, runs them, and tells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("room", choices=sorted(ROOMS))
    parser.add_argument("files", nargs="*", metavar="FILE", help="modules of the room; all of them, if none is named")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    mutmut = [sys.executable, "-m", "mutmut"]
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        folder = Path(place)
        prepared(folder, asked.room, asked.files)
        subprocess.run([*mutmut, "run", "--max-children", str(asked.processes)], cwd=folder, check=True)
        told = subprocess.run(
            [*mutmut, "results", "--all", "true"], cwd=folder, capture_output=True, text=True, check=True
        )
        states = dict(line.strip().split(": ", 1) for line in told.stdout.splitlines() if ": " in line)
        survivors = [name for name, state in states.items() if state not in NOTICED]
        # `mutmut show` takes two seconds for each.
        shown = subprocess.run([sys.executable, "-c", SHOW, *survivors], cwd=folder, capture_output=True, check=True)
        for name, told in zip(survivors, json.loads(shown.stdout), strict=True):
            changed = [line for line in told.splitlines() if line[:1] in ("+", "-") and line[:3] not in ("+++", "---")]
            print(f"\n{states[name]}: {name}", *changed, sep="\n")
    files = sorted({name.split(".x")[0] for name in states})
    print()
    for file in (*files, ""):
        count = Counter(state in NOTICED for name, state in states.items() if name.startswith(f"{file}.x") or not file)
        share = count[True] / count.total()
        print(f"{file.rpartition('.')[2] or 'all':20} {count[True]:5} of {count.total():5} noticed: {share:.1%}")


if __name__ == "__main__":
    main()
