"""HDF5 is read by a process that may die or hang: each is a finding, and the next file is read all the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from harness.inspection import Limits, hdf5_process, hdf5_start, inspect
from harness.inspection.hdf5_process import Reader
from tests.inspection import building as b

ROOT = Path(__file__).resolve().parents[2]


def _child(folder: Path, body: str) -> Path:
    path = folder / "child.py"
    path.write_text(f"""
import json, os, sys, time
sys.stdin.readline()
print("ready", flush=True)
for line in sys.stdin:
    {body}
""")
    return path


@pytest.mark.parametrize(
    ("body", "rule", "verdict"),
    [
        ("os.abort()", "hdf5-abort", "corrupt"),
        ("os.kill(os.getpid(), 11)", "hdf5-abort", "corrupt"),
        ("while True: pass", "hdf5-slow", "bomb"),
    ],
)
def test_a_child_that_dies_or_hangs_is_a_finding(
    body: str, rule: str, verdict: str, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(hdf5_start, "CHILD", str(_child(tmp_path, body)))
    reader = Reader(Limits(seconds=0.5))
    try:
        for _ in range(2):  # a new child for the next file
            report = inspect(b.keras(tmp_path), reader=reader)
            assert report.seconds < 5  # that it was the first of its child is no reason for more
            assert report.verdict == verdict
            assert rule in {each.rule for each in report.findings}
    finally:
        reader.stop()


def test_a_child_that_waits_for_ever_is_a_finding_and_one_that_waits_for_the_machine_is_none(
    tmp_path: Path, monkeypatch
) -> None:
    answer = 'print(json.dumps({"grown": 0, "answer": {"findings": [], "datasets": [], "groups": {}}}), flush=True)'
    for seconds, rules in ((60, ["hdf5-slow"]), (1, [])):
        child = _child(tmp_path, f"time.sleep({seconds}); {answer}")
        monkeypatch.setattr(hdf5_start, "CHILD", str(child))
        reader = Reader(Limits(seconds=0.2))
        try:
            assert [rule for rule, _, _ in reader.read(b.whole_hdf5(tmp_path)).findings] == rules
        finally:
            reader.stop()


def test_a_child_that_does_not_start_is_a_fault_of_ours(tmp_path: Path, monkeypatch) -> None:
    broken = tmp_path / "child.py"
    broken.write_text("raise SystemExit(1)")
    monkeypatch.setattr(hdf5_start, "CHILD", str(broken))
    report = inspect(b.keras(tmp_path))
    assert report.verdict == "error"
    assert "does not start" in report.error


def test_the_child_gives_up_what_it_does_not_need(tmp_path: Path) -> None:
    """The real child, with a reader of HDF5 that was taken over: what it tries is refused."""
    source = Path(hdf5_start.CHILD).read_text()
    tries = {
        "write": f"open({str(tmp_path / 'marker')!r}, 'w')",
        "run": "os.system('true')",
        "connect": "__import__('_socket').socket()",
        "unlink": f"os.remove({str(tmp_path / 'child.py')!r})",
        "import": "__import__('turtle')",
        "evaluate": "eval('1')",
        "memory": "bytearray(3 << 30)",
    }
    for name, attempt in tries.items():
        child = tmp_path / "child.py"
        child.write_text(
            source.replace("    reading = Reading(request", f"    {attempt}\n    reading = Reading(request")
        )
        assert attempt in child.read_text()
        reader = Reader(Limits())
        original, hdf5_start.CHILD = hdf5_start.CHILD, str(child)
        try:
            report = inspect(b.keras(tmp_path), reader=reader)
        finally:
            hdf5_start.CHILD = original
            reader.stop()
        assert report.verdict in ("error", "bomb"), name
        assert not (tmp_path / "marker").exists()
        assert child.exists()


def test_a_child_that_holds_much_after_a_file_is_replaced_and_another_reads_on(tmp_path: Path) -> None:
    """What can be read would hang on what was read before."""
    small, large = tmp_path / "small.weights.h5", tmp_path / "large.weights.h5"
    small.write_bytes(b.hdf5(b.arrays()))
    large.write_bytes(b.hdf5({"layers/dense/vars/0": np.ones((40_000, 4), "float32")}, chunks=(1, 4)))
    reader = Reader(Limits())
    try:
        processes = []
        for path in (small, small, large, small):
            assert reader.read(path).findings == []
            processes.append(None if reader._process is None else reader._process.pid)
        assert processes[0] == processes[1] is not None
        assert processes[2] is None
        assert processes[3] not in (None, processes[0])
    finally:
        reader.stop()


@pytest.fixture(params=["as usual", "ignored", "held back"])
def alarm(request):
    """What a child inherits of the alarm: a program that ignores or blocks a signal hands that on."""
    if not hasattr(signal, "alarm"):
        pytest.skip("the system has no alarm")
    handler = signal.getsignal(signal.SIGALRM)
    if request.param == "ignored":
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
    if request.param == "held back":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    yield request.param
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    signal.signal(signal.SIGALRM, handler)


@pytest.mark.usefixtures("alarm")
def test_a_child_that_goes_round_for_ever_ends_though_its_parent_is_gone(tmp_path: Path, monkeypatch) -> None:
    child = tmp_path / "child.py"
    source = Path(hdf5_start.CHILD).read_text()
    child.write_text(
        source.replace("    reading = Reading(request", "    while True: pass\n    reading = Reading(request")
    )
    assert child.read_text() != source
    monkeypatch.setattr(hdf5_start, "CHILD", str(child))
    monkeypatch.setattr(hdf5_process, "ORPHAN", 1)
    reader = Reader(Limits())
    wait = reader._line
    monkeypatch.setattr(
        reader, "_line", lambda most, spent: wait(most, spent) if not reader._ready else sys.exit("killed")
    )
    try:
        with pytest.raises(SystemExit):
            reader.read(b.whole_hdf5(tmp_path), most=0.0)
        assert reader._process is not None
        assert reader._process.wait(timeout=60) == -signal.SIGALRM
    finally:
        reader.stop()


def test_the_child_is_started_before_anything_that_takes_long_is_imported() -> None:
    code = "import sys; import harness.inspection.hdf5_start; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    imported = set(done.stdout.split())
    assert "harness.inspection.hdf5_start" in imported
    assert not imported & {"cyclopts", "numpy", "h5py", "dataclasses", "json", "harness.inspection.limits"}


def test_a_child_that_was_started_early_is_taken_and_one_that_nobody_needs_ends_by_itself(tmp_path: Path) -> None:
    hdf5_start.start_early()
    (early,) = hdf5_start._early
    reader = Reader(Limits())
    try:
        reader.start()
        assert reader._process is early
        assert inspect(b.keras(tmp_path), reader=reader).verdict == "ok"
    finally:
        reader.stop()
    code = (
        "import psutil, sys\n"
        "sys.argv = ['keras-harness', 'validate', '--no-such-option']\n"
        "from harness.__main__ import main\n"
        "try: main()\n"
        "finally: print(psutil.Process().children()[0].pid)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    end = time.monotonic() + 20
    while psutil.pid_exists(int(done.stdout)):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_many_files_are_read_by_one_child(tmp_path: Path) -> None:
    paths = []
    for number in range(50):
        folder = tmp_path / str(number)
        folder.mkdir()
        paths.append(b.keras(folder))
    reader = Reader(Limits())
    try:
        inspect(paths[0], reader=reader)
        started = time.monotonic()
        assert {inspect(path, reader=reader).verdict for path in paths} == {"ok"}
        assert time.monotonic() - started < 10
    finally:
        reader.stop()


def test_chunks_that_need_more_memory_than_the_limit_are_a_bomb_and_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "m.weights.h5"
    path.write_bytes(b.hdf5({"layers/dense/vars/0": np.ones((300, 200), "f4")}, chunks=(1, 2)))
    assert inspect(path).verdict == "ok"
    report = inspect(path, limits=Limits(child_memory=48 << 20))
    assert [(each.rule, each.where) for each in report.findings] == [("hdf5-bomb", "/layers/dense/vars/0")]


def test_a_file_that_changes_while_it_is_read_is_said_to(tmp_path: Path, monkeypatch) -> None:
    path = b.keras(tmp_path)
    read = Reader.read

    def touched(self, *arguments, **options):
        path.write_bytes(path.read_bytes() + b"\0")
        return read(self, *arguments, **options)

    monkeypatch.setattr(Reader, "read", touched)
    report = inspect(path)
    assert "changed-while-read" in {each.rule for each in report.findings}
    assert json.dumps(report.to_json())
