"""What is forked from a process that has imported TensorFlow is as what was started: it answers, ends and is ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.dispatch.pool import Pool
from harness.expectations.table import asked, parse
from harness.protocol.architecture import to_json
from tests import warm
from tests.processes import runs
from tests.stub import ROOT
from tests.test_planted import MODEL, PLANTED

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")]
TOLD = """
import json, os, random, sys, tempfile
import numpy
def like(one: int): pass
print(json.dumps({
    "warm": __name__ == "__main__" and "tensorflow" in sys.modules, "argv": sys.argv, "path": sys.path[0],
    "folder": os.getcwd(), "variable": os.environ.get("VIRTUAL_ENV"), "read": sys.stdin.read(),
    "temporary": tempfile.gettempdir(), "random": [random.random(), numpy.random.rand()],
    "files": sorted(os.listdir("/proc/self/fd")), "of tensorflow": os.environ.get("TF2_BEHAVIOR"),
    "annotations": repr(like.__annotations__),
}))
print("error", file=sys.stderr)
"""


@pytest.fixture(scope="module")
def python() -> Iterator[str]:
    """Whatever the tests of the others are started with."""
    with warm.python() as path:
        yield path


def run(python: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *arguments], capture_output=True, text=True, input="", timeout=60, check=False,
        env={**os.environ, **warm.VARIABLES, **variables},
    )  # fmt: skip


@pytest.mark.parametrize("as_file", [False, True])
def test_it_has_the_arguments_the_folder_the_variables_and_the_streams(
    python: str, as_file: bool, tmp_path: Path
) -> None:
    file = tmp_path / "told.py"
    file.write_text(TOLD)
    words = [str(file) if as_file else "-c", *(() if as_file else (TOLD,)), "a", "b c"]
    variables = {**os.environ, **warm.VARIABLES, "VIRTUAL_ENV": "x", "TMPDIR": str(tmp_path)}
    more: dict[str, Any] = {"cwd": tmp_path, "input": "in", "capture_output": True, "text": True, "env": variables}
    forked, begun = (subprocess.run([each, *words], **more, check=True) for each in (python, sys.executable))
    assert forked.stderr == begun.stderr == "error\n"
    told, expected = json.loads(forked.stdout), json.loads(begun.stdout)
    assert told.pop("warm")
    assert not expected.pop("warm")
    assert told.pop("of tensorflow") == "1"
    assert expected.pop("of tensorflow") == os.environ.get("TF2_BEHAVIOR")  # another test may have imported it
    assert told.pop("random") != expected.pop("random")
    assert told == expected


def test_no_two_draw_the_same(python: str) -> None:
    drawn = {run(python, "-c", TOLD).stdout.partition('"random": ')[2].partition("]")[0] for _ in range(2)}
    assert len(drawn) == 2


def test_who_starts_it_may_have_imported_tensorflow_meanwhile(python: str) -> None:
    variables = {"TF2_BEHAVIOR": "1", "HDF5_PLUGIN_PATH": "disable"}
    assert json.loads(run(python, "-c", TOLD, **variables).stdout)["warm"] is True


@pytest.mark.parametrize(
    "changed", [{"TF2_BEHAVIOR": "0"}, {"TF_USE_LEGACY_KERAS": "1"}, {"PYTHONHASHSEED": "1"}, {"A_VARIABLE": "x"}]
)
def test_what_could_be_read_while_tensorflow_is_imported_is_read_by_a_fresh_one(
    python: str, changed: dict[str, str]
) -> None:
    assert json.loads(run(python, "-c", TOLD, **changed).stdout)["warm"] is False


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("pass", 0),
        ("raise SystemExit(7)", 7),
        ("import os; os._exit(9)", 9),
        ("1 / 0", 1),
        ("import os; os.abort()", -signal.SIGABRT),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    ],
)
def test_it_ends_as_the_child_does(python: str, code: str, status: int) -> None:
    done = run(python, "-c", code)
    assert done.returncode == status
    assert ("ZeroDivisionError" in done.stderr) is ("/" in code)


def gone(pid: int) -> bool:
    """Whether a process ends within a few seconds."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if not runs(pid):
            return True
        time.sleep(0.05)
    return False


SLEEPS = "import os, time\nprint(os.getpid(), os.getppid(), flush=True)\ntime.sleep(600)"


def test_a_child_is_killed_with_what_was_started(python: str) -> None:
    with subprocess.Popen(
        [python, "-c", SLEEPS], stdout=subprocess.PIPE, text=True, env={**os.environ, **warm.VARIABLES}
    ) as started:
        assert started.stdout is not None
        child, server = map(int, started.stdout.readline().split())
        assert started.pid not in (child, server)
        started.kill()
        assert gone(child)
    assert runs(server)


def test_nothing_is_left_of_one_that_was_killed() -> None:
    code = (
        "import os, subprocess\nfrom tests import warm\n"
        "with warm.python() as path:\n"
        f"    subprocess.run([path, '-c', {SLEEPS!r}], env={{**os.environ, **warm.VARIABLES}})\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        child, server = map(int, tests.stdout.readline().split())
        folder = Path(os.readlink(f"/proc/{server}/cwd"))
        tests.kill()
        assert gone(server)
        assert gone(child)
    assert folder.name.startswith("warm-")
    assert not folder.exists()


def test_a_worker_answers_as_one_that_was_started_does(python: str) -> None:
    """To the bit, with a fault that is planted: all of what is compared, and the names that it knows."""
    modules = (PLANTED / "loaded_weights_are_swapped.py",)
    answers = []
    for each in (python, None):
        with Pool(each, size=1, modules=modules) as pool:
            about = pool.start()
            table = {name: row for name, row in parse().items() if name in about["routes"]}
            request = {"verb": "run", "architecture": to_json(MODEL), "routes": asked(table, compiled=True)}
            answer = pool.submit(request).result()
        assert answer.lost is None
        answers.append(([without_figures(about), without_figures(answer.reply)], answer.blobs))
    (forked, its_arrays), (started, arrays) = answers
    assert forked == started
    assert its_arrays == arrays


def without_figures(reply: dict[str, Any]) -> dict[str, Any]:
    """An answer without what no two processes have alike."""
    return {key: value for key, value in reply.items() if key not in ("pid", "peak_rss", "timings")}
