"""Whatever becomes of a worker, the driver, the disk or the terminal: what was measured is told, and nothing is left.

The workers are stand-ins without TensorFlow (`stub.py`), but for the last test.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.check.profiles import Profile
from harness.check.result import Options, Result
from harness.check.session import Session
from harness.check.unchecked import in_words, unchecked
from harness.dispatch.scratch import Scratch, sweep
from harness.dispatch.signals import Signals
from harness.dispatch.worker import GIB, Limits
from harness.reporting import files
from tests.processes import runs
from tests.stub import ROOT, interpreter, read, started, wrapped

PROFILE = Profile("test", 1, 1, False, ())
LAYERS = ("ReLU", "Softmax", "Flatten")
MAIN = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from harness.cli import main
main()
"""
UNWRITABLE = Path("/sys/kernel")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files, in which nothing may be left; what other tests found is not tried first."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    assert list(folder.iterdir()) == []
    tempfile.tempdir = None


def check(
    python: str,
    *,
    profile: Profile = PROFILE,
    layers: tuple[str, ...] = LAYERS,
    routes: tuple[str, ...] = ("json", "clone"),
    **options,
):
    result = Session(Options(profile, layers, routes, interpreter=python, **options)).run()
    assert alive(Path(python).parent) == []
    return result


def alive(folder: Path) -> list[int]:
    """The stand-ins that still run."""
    return [pid for pid in started(folder) if runs(pid)]


def command(python: str, *arguments: str, layers: tuple[str, ...] = LAYERS) -> list[str]:
    chosen = [word for layer in layers for word in ("--layer", layer)]
    return [sys.executable, "-c", MAIN, "check", "--env", python, "--route", "json", *chosen, *arguments]


@contextlib.contextmanager
def driving(*arguments, **more) -> Iterator[subprocess.Popen[str]]:
    """A command in the background, which does not outlive a test that fails."""
    with subprocess.Popen(command(*arguments, **more), stdout=subprocess.PIPE, text=True) as driver:
        try:
            yield driver
        finally:
            driver.kill()


def run(python: str, *arguments: str, **more) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(python, *arguments), capture_output=True, text=True, timeout=60, check=False, **more
    )  # fmt: skip


def until(what, seconds: float = 60.0) -> None:
    """Waits for something to become true."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def healthy(result: Result, but: str) -> None:
    """Everything but one layer was checked on every route."""
    assert {layer.removeprefix("layers.") for layer, route in result.arrived if route == "json"} >= set(LAYERS) - {but}
    assert result.examples >= len(LAYERS)
    assert result.problems == []
    assert result.stopped is None


@pytest.mark.parametrize(
    ("fault", "kind", "detail"),
    [
        ("segv", "crashed", "SIGSEGV"),
        ("abort", "crashed", "SIGABRT"),
        ("exit", "crashed", "exit code 7"),
        ("garble", "garbled", "no frame begins with"),
        ("hang", "hung", "no answer for 3 s"),
        ("eat", "out of memory", "more than 0.3 GiB"),
    ],
)
def test_a_lost_worker_is_a_finding_about_one_layer_and_nothing_else_is_lost(
    tmp_path: Path, fault: str, kind: str, detail: str
) -> None:
    python = interpreter(tmp_path / "stub", ReLU=("clone", fault))
    # One that eats is no hung one where the machine has other work.
    result = check(python, hung_after=3.0 if fault == "hang" else 30.0, limits=Limits(memory=int(0.3 * GIB)))
    healthy(result, "ReLU")
    (found,) = result.findings.values()
    assert (found.observation, found.kind, found.routes) == ("worker", kind, ("clone",))
    assert found.error is not None
    assert detail in found.error["detail"]
    assert found.layers == ("ReLU",)
    assert found.architecture is not None
    assert len(found.architecture.nodes) == 1
    assert result.verdict == "fail"
    assert result.replaced >= 1


def test_a_large_application_that_memory_is_too_short_for_is_not_checked_and_no_finding(tmp_path: Path) -> None:
    profile = Profile("test", 6, 1, False, ("ConvNeXtBase", "MobileNet"), 4, 4, one_operation_in=24)
    eat = ("keras_zip", "eat")
    limits = Limits(memory=int(0.3 * GIB))
    python = interpreter(tmp_path / "large", ConvNeXtBase=eat)
    result = check(python, profile=profile, layers=(), routes=("keras_zip",), limits=limits)
    assert result.findings == {}
    assert unchecked(result)["applications"] == {"ConvNeXtBase": "more than 0.3 GiB"}
    assert "ConvNeXtBase of keras.applications (more than 0.3 GiB)" in in_words(result)
    python = interpreter(tmp_path / "light", MobileNet=eat)
    (found,) = check(python, profile=profile, layers=(), routes=("keras_zip",), limits=limits).findings.values()
    assert found.kind == "out of memory"


def test_what_turns_out_to_be_known_once_it_is_small_is_never_called_new(tmp_path: Path) -> None:
    issues = tmp_path / "known.toml"
    issues.write_text(
        """[[issue]]\nid = "it-crashes"\nreason = "One layer alone."\n"""
        """holds = '^(?!.*"\\$":"Node".*"\\$":"Node")'\n""",
        encoding="utf-8",
    )
    python = interpreter(tmp_path / "stub", Softmax=("json", "segv"))
    done = run(python, "--known-issues", str(issues))
    assert done.returncode == 0, done.stdout
    words = [line.split()[0] for line in done.stdout.splitlines() if " json/worker: " in line or "shrunk to" in line]
    assert words == ["to", "known"]
    assert "PASS: no new findings (1 known)" in done.stdout


def test_what_one_s_own_file_excuses_is_new_without_known_issues_which_is_said(tmp_path: Path) -> None:
    issues = tmp_path / "known.toml"
    issues.write_text('[[issue]]\nid = "ours"\nreason = "We have no such file."\nerror = "No such file"\n')
    python = interpreter(tmp_path / "stub", Softmax=("json", "error"))
    assert run(python, "--known-issues", str(issues)).returncode == 0
    done = run(python, "--known-issues", str(issues), "--no-known-issues")
    assert done.returncode == 1, done.stdout
    assert f"--no-known-issues: {issues} excuses nothing" in done.stdout
    assert run(python, "--known-issues", str(tmp_path / "none.toml"), "--no-known-issues").returncode == 2


def test_a_worker_that_has_grown_is_replaced_between_two_models(tmp_path: Path) -> None:
    result = check(interpreter(tmp_path / "stub", any=("json", "leak")), limits=Limits(between=GIB // 8), workers=1)
    healthy(result, "")
    assert result.findings == {}
    assert result.replaced == result.examples
    assert result.peak_rss > GIB // 8


@pytest.mark.parametrize("fault", ["print", "read"])
def test_what_a_layer_prints_or_reads_does_not_come_between_the_frames(tmp_path: Path, fault: str) -> None:
    result = check(interpreter(tmp_path / "stub", any=("json", fault)))
    healthy(result, "")
    assert result.verdict == "pass"


def test_an_answer_that_makes_no_sense_is_no_pass_and_the_others_are_judged(tmp_path: Path) -> None:
    result = check(interpreter(tmp_path / "stub", ReLU=("json", "nonsense")))
    assert result.verdict == "error"
    assert "could not be judged" in result.problems[0]
    assert {layer for layer, _ in result.arrived} >= {"layers.Softmax", "layers.Flatten"}
    assert result.stopped is None


def test_a_full_disk_is_said_and_is_no_finding(tmp_path: Path) -> None:
    result = check(interpreter(tmp_path / "stub", ReLU=("clone", "full disk")))
    assert result.findings == {}
    assert result.verdict == "error"
    assert "No space left on device" in result.problems[0]


def test_a_lost_worker_that_cannot_be_replaced_ends_the_run_and_keeps_what_was_found(tmp_path: Path) -> None:
    python = interpreter(tmp_path / "stub", start="once", ReLU=("clone", "segv"))
    result = check(python, workers=1)
    assert result.stopped == "no worker"
    assert "no second time" in result.problems[0]
    assert result.verdict in ("fail", "error")


def test_what_is_no_python_is_exit_3_and_is_named(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho welcome to this machine\n")
    other.chmod(0o755)
    done = run(str(other))
    assert done.returncode == 3
    assert "other does not answer as a Python does: " in done.stdout.replace("\n", " ")


def test_a_worker_that_does_not_start_in_time_is_exit_3_with_what_it_wrote(tmp_path: Path) -> None:
    done = run(interpreter(tmp_path / "stub", start="slow"), "--start-limit", "3", "--json", str(tmp_path / "r.json"))
    assert done.returncode == 3
    assert "no worker after 3 s" in done.stdout
    assert "importing very much" in done.stdout
    assert read(tmp_path / "r.json")["verdict"] == "error"


def test_a_hanging_worker_holds_up_a_time_limit_no_longer_than_the_grace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.check.session.GRACE", 1.0)
    start = time.monotonic()
    result = check(interpreter(tmp_path / "stub", any=("json", "hang")), time_limit=2.0)
    assert time.monotonic() - start < 20
    assert "given up" in str(result.stopped)
    assert result.verdict == "error"


@pytest.mark.parametrize("wrap", [False, True])
def test_a_driver_that_is_killed_leaves_a_report_and_nothing_else(tmp_path: Path, temporary: Path, wrap: bool) -> None:
    stub, folder = tmp_path / "stub", tmp_path / "reports"
    folder.mkdir()
    python = interpreter(stub, ReLU=("json", "segv"), Softmax=("json", "hang"), Flatten=("json", "write"))
    python = wrapped(python) if wrap else python
    with driving(python, "--json", str(folder / "r.json"), "--workers", "2"):
        until(lambda: (folder / "r.json").exists() and read(folder / "r.json")["findings"])
        until(lambda: alive(stub))
    until(lambda: not alive(stub))
    until(lambda: not list(temporary.iterdir()))
    report = read(folder / "r.json")
    assert (report["verdict"], report["stopped"]) == ("error", "unfinished")
    assert "SIGSEGV" in report["findings"][0]["title"]
    assert [path.name for path in folder.iterdir()] == ["r.json"]


@pytest.mark.parametrize(("sent", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.parametrize("times", [1, 3])
def test_a_run_that_is_interrupted_writes_its_report_and_leaves_nothing(
    tmp_path: Path, temporary: Path, sent: str, code: int, times: int
) -> None:
    stub = tmp_path / "stub"
    python = interpreter(stub, Softmax=("json", "hang"))
    report = tmp_path / "r.json"
    with driving(python, "--json", str(report)) as driver:
        until(lambda: report.exists() and len(started(stub)) == 2)
        for _ in range(times):
            driver.send_signal(getattr(signal, sent))
            time.sleep(0.05)
        printed = driver.communicate(timeout=60)[0]  # a disk may stall for long
    assert driver.returncode == code
    assert read(report)["stopped"].startswith("interrupted")
    assert "stopped: interrupted" in printed
    assert alive(stub) == []
    assert list(temporary.iterdir()) == []


def test_an_interruption_that_the_garbage_collector_swallows_comes_again_and_python_says_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def interrupt(phase: str, info: object) -> None:
        gc.callbacks.remove(interrupt)
        signal.raise_signal(signal.SIGTERM)

    with Signals() as signals:
        gc.callbacks.append(interrupt)
        gc.collect()
        with pytest.raises(KeyboardInterrupt):
            time.sleep(5)
        signals.hold()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    for number, handler in before.items():
        signal.signal(number, handler)
    assert signals.exit_code == 143
    assert said == []
    assert sys.unraisablehook == said.append


def test_a_disk_that_stalled_once_does_not_hold_back_the_next_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, written = [100.0], []

    def write(text: str, path: Path, *, synced: bool) -> None:
        written.append(clock[0])
        clock[0] += 2.0 if len(written) == 1 else 0.0

    monkeypatch.setattr(files, "write", write)
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    kept = files.Kept(tmp_path / "r.json", print)
    result = Result(Options(PROFILE, LAYERS, ("json",)))
    for event, at in (("started", 100.0), ("finding", 104.0), ("finding", 106.0), ("example", 106.1)):
        clock[0] = at
        kept(event, result, None)
    assert written == [100.0, 106.0]


def test_an_interruption_ends_the_shrinking_at_once(tmp_path: Path, temporary: Path) -> None:
    stub = tmp_path / "stub"
    report = tmp_path / "r.json"
    python = interpreter(stub, ReLU=("json", "hang"))
    with driving(python, "--json", str(report), "--hung-after", "3", layers=("ReLU",)) as driver:
        until(lambda: report.exists() and read(report)["findings"])
        time.sleep(0.5)
        start = time.monotonic()
        driver.send_signal(signal.SIGINT)
        driver.communicate(timeout=20)
        assert driver.returncode == 130
        assert time.monotonic() - start < 2.5
    assert read(report)["findings"][0]["check"] == "json/worker"
    assert read(report)["verdict"] == "fail"


def test_two_runs_in_one_folder_do_not_disturb_each_other(tmp_path: Path) -> None:
    both = [
        subprocess.Popen(
            command(interpreter(tmp_path / f"stub{number}", any=("json", "slow")), "--json", f"{number}.json"),
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
        )
        for number in range(2)
    ]
    assert [each.wait(60) for each in both] == [0, 0]
    assert read(tmp_path / "0.json")["coverage"] == read(tmp_path / "1.json")["coverage"]


def test_the_folder_of_a_run_that_is_gone_is_swept_and_that_of_another_is_not(temporary: Path) -> None:
    ours = Scratch()
    gone = temporary / "keras-harness-run-gone"
    gone.mkdir()
    (gone / "lock").touch()
    sweep()
    assert list(temporary.iterdir()) == [ours.path]
    ours.close()


@pytest.mark.parametrize("option", ["--json", "--junitxml"])
def test_a_report_for_a_folder_that_is_not_there_is_wrong_usage_before_anything_starts(
    tmp_path: Path, option: str
) -> None:
    done = run(interpreter(tmp_path / "stub"), option, str(tmp_path / "no" / "report"))
    assert done.returncode == 2
    assert f"there is no folder {tmp_path / 'no'}" in done.stderr
    assert started(tmp_path / "stub") == []


def test_a_report_that_cannot_be_written_is_said_before_anything_starts(tmp_path: Path) -> None:
    done = run(interpreter(tmp_path / "stub"), "--json", str(UNWRITABLE / "r.json"))
    assert done.returncode == 3
    assert f"{UNWRITABLE / 'r.json'} cannot be written" in done.stderr
    assert started(tmp_path / "stub") == []


def test_a_report_whose_disk_is_full_is_kept_elsewhere(tmp_path: Path, temporary: Path) -> None:
    done = run(interpreter(tmp_path / "stub"), "--json", "/dev/full")
    assert done.returncode == 3
    assert "/dev/full could not be written: No space left on device; it is in" in done.stdout
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    (kept,) = temporary.iterdir()
    assert str(kept) in done.stdout
    assert read(kept)["verdict"] == "pass"
    kept.unlink()


def test_a_disk_without_room_for_temporary_files_is_said_at_once(tmp_path: Path, temporary: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(temporary)], check=False)
    if mounted.returncode:
        pytest.skip("nothing may be mounted here")
    try:
        done = run(interpreter(tmp_path / "stub"), "--json", str(tmp_path / "r.json"))
        left = list(temporary.iterdir())
    finally:
        subprocess.run(["umount", str(temporary)], check=True)
    assert done.returncode == 3
    assert f"MiB are free in {temporary}" in done.stdout
    assert left == []
    assert started(tmp_path / "stub") == []


def test_no_home_no_tmpdir_and_a_folder_that_takes_no_files_are_no_hindrance(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "HOME"}
    done = run(
        interpreter(tmp_path / "stub"),
        cwd=UNWRITABLE,
        env={**environment, "TMPDIR": str(tmp_path / "no such folder")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""


def test_a_reader_who_goes_away_does_not_stop_the_run(tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    driver = subprocess.Popen(
        command(interpreter(tmp_path / "stub", any=("json", "slow")), "--json", str(report)), stdout=subprocess.PIPE
    )
    assert driver.stdout is not None
    driver.stdout.close()
    assert driver.wait(60) == 0
    assert read(report)["verdict"] == "pass"


def test_a_report_is_whole_at_every_moment(tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    driver = subprocess.Popen(
        command(interpreter(tmp_path / "stub", any=("json", "slow")), "--json", str(report)), stdout=subprocess.DEVNULL
    )
    seen = set()
    while driver.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            seen.add(read(report)["stopped"])
    assert driver.returncode == 0
    assert seen | {read(report)["stopped"]} == {"unfinished", None}


@pytest.mark.slow
def test_a_layer_of_keras_that_crashes_is_told_by_name_and_a_killed_driver_takes_tensorflow_with_it(
    tmp_path: Path,
) -> None:
    planted = Path(__file__).with_name("planted") / "a_layer_crashes.py"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@" "{planted}"\n', encoding="utf-8")
    python.chmod(0o755)
    report = tmp_path / "r.json"
    driver = subprocess.Popen(
        command(str(python), "--json", str(report), "--route", "keras_zip", "--workers", "1", layers=("Dense",)),
        stdout=subprocess.DEVNULL,
    )
    until(lambda: report.exists() and read(report)["findings"], 120)
    workers = [each.pid for each in psutil.Process(driver.pid).children()]
    driver.kill()
    driver.wait()
    until(lambda: not any(map(psutil.pid_exists, workers)), 30)
    finding = read(report)["findings"][0]
    assert (finding["check"], finding["error"]["message"]) == ("keras_zip/worker", "SIGSEGV")
    until(lambda: not list((tmp_path / "tmp").iterdir()))
