"""An environment is made once, whole or not at all, whatever comes between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.environments import environment as making
from harness.environments.environment import Environment, EnvironmentFailed, environment
from tests.environments.conftest import FakeUv

OLD = "python==3.11 tensorflow-cpu==2.18.1 keras==3.6.0"
ROOT = Path(__file__).resolve().parents[2]
KERAS_2 = "python==3.11 tensorflow-cpu==2.15.1"
MAIN = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from harness.cli import main; main()"
ONE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from harness.environments import environment as making
from harness.environments.environment import environment
with environment({OLD!r}, print) as found:
    print(found.id)
"""


def made(text: str | None) -> Environment:
    with environment(text) as found:
        return found


def failed(text: str) -> str:
    with pytest.raises(EnvironmentFailed) as raised:
        made(text)
    return str(raised.value)


def test_it_is_made_of_what_was_asked_and_says_what_was_resolved(uv: FakeUv, cache: Path) -> None:
    found = made(OLD)
    assert found.interpreter == str(cache / str(found.id) / "env" / "bin" / "python")
    assert found.resolved == {"python": "3.11.7", "tensorflow": "2.18.1", "keras": "3.6.0"}
    assert "TF_USE_LEGACY_KERAS" not in found.variables
    assert found.origin["asked"] == OLD
    venv, install = uv.calls
    assert "--python 3.11 " in venv
    assert install.endswith(f"-r {cache / str(found.id) / 'requirements.txt'}")


def test_a_nightly_keras_is_not_lain_over_by_the_one_that_tensorflow_asks_for(uv: FakeUv, cache: Path) -> None:
    found = made("tensorflow-cpu==2.18.1 keras-nightly")
    overrides = cache / str(found.id) / "overrides.txt"
    assert f"--override {overrides} " in uv.calls[-1]
    assert overrides.read_text(encoding="utf-8") == "keras ; sys_platform == 'never'\n"


def test_it_is_made_once(uv: FakeUv) -> None:
    assert made(OLD) == made(OLD)
    assert uv.installs == 1


def test_legacy_keras_reaches_its_processes_as_a_variable(uv: FakeUv) -> None:
    assert made("tensorflow==2.21.0 tf_keras==2.21.0").variables["TF_USE_LEGACY_KERAS"] == "1"


def test_what_its_processes_compile_is_kept_beside_it_and_nowhere_else(uv: FakeUv, cache: Path, tmp_path: Path) -> None:
    found = made(OLD)
    (tmp_path / "module.py").write_text("")
    environ = {**os.environ, **found.variables, "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", "import module"], env=environ, check=True)
    compiled = list(tmp_path.rglob("module.*.pyc"))
    assert compiled
    assert all((cache / str(found.id)) in each.parents for each in compiled)


def test_no_string_is_the_drivers_own_environment() -> None:
    assert made(None).interpreter == sys.executable
    assert made(None).origin == {}


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("no solution", "there is no version of tensorflow-cpu==9.9 and you require tensorflow-cpu==9.9"),
        ("full disk", "the disk is full"),
        ("no python", "uv python install"),
        ("old python", "needs Python 3.9 there, and this is 3.8.18"),
    ],
)
def test_what_uv_cannot_do_is_told_and_leaves_nothing(uv: FakeUv, cache: Path, does: str, said: str) -> None:
    uv.does(does)
    told = failed(OLD)
    assert said in told
    assert OLD in told
    assert "\n" not in told
    assert list(cache.iterdir()) == []


def test_an_environment_without_tensorflow_is_not_kept(uv: FakeUv, cache: Path) -> None:
    assert "there is no TensorFlow in it" in failed("python==3.11 keras==3.6.0")
    assert list(cache.iterdir()) == []


def test_without_uv_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "uv", None)
    assert "pip install uv" in failed(OLD)


def test_an_uv_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV", "/no/such/uv")
    assert "/no/such/uv" in failed(OLD)


def test_a_half_made_one_is_made_anew(uv: FakeUv, cache: Path) -> None:
    uv.does("kill driver")
    assert subprocess.run([sys.executable, "-c", ONE], check=False).returncode == -signal.SIGKILL
    assert [each.name for each in cache.iterdir() if each.is_dir()]
    uv.does("")
    assert made(OLD).resolved["keras"] == "3.6.0"
    assert uv.installs == 2


def test_one_whose_python_is_gone_is_made_anew(uv: FakeUv) -> None:
    Path(made(OLD).interpreter).unlink()
    assert made(OLD).resolved["keras"] == "3.6.0"
    assert uv.installs == 2


def test_two_runs_that_want_it_make_it_once(uv: FakeUv) -> None:
    uv.does("slow")
    with ThreadPoolExecutor(2) as threads:
        done = list(
            threads.map(
                lambda _: subprocess.run([sys.executable, "-c", ONE], capture_output=True, text=True, check=True),
                range(2),
            )
        )
    assert uv.installs == 1
    assert len({each.stdout.splitlines()[-1] for each in done}) == 1
    assert sum("another run is making" in each.stdout for each in done) == 1


def test_ctrl_c_in_the_middle_leaves_nothing(uv: FakeUv, cache: Path) -> None:
    uv.does("hang")
    process = subprocess.Popen([sys.executable, "-c", ONE], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    uv.wait_until_begun()
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(20) != 0
    assert list(cache.iterdir()) == []


def test_after_a_day_it_is_asked_whether_the_requirements_mean_newer_releases(
    uv: FakeUv, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made(OLD)
    monkeypatch.setattr(making, "FRESH", 0.0)
    assert made(OLD).made == first.made
    uv.does("newer")
    assert made(OLD).made != first.made
    assert uv.installs == 2


def test_where_newer_releases_cannot_be_seen_the_one_that_is_there_is_taken_and_told(
    uv: FakeUv, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made(OLD)
    monkeypatch.setattr(making, "FRESH", 0.0)
    uv.does("no solution")
    said: list[str] = []
    with environment(OLD, said.append) as found:
        assert found == first
    assert "cannot be seen" in said[0]


def test_one_in_use_is_not_made_anew_under_those_who_use_it(uv: FakeUv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "FRESH", 0.0)
    uv.does("newer")
    with environment(OLD) as first, environment(OLD) as second:
        assert first == second
    assert uv.installs == 1


def test_a_record_of_another_release_of_the_harness_is_made_anew(uv: FakeUv, cache: Path) -> None:
    record = cache / str(made(OLD).id) / "environment.json"
    record.write_text('{"asked": "something"}')
    assert made(OLD).resolved["keras"] == "3.6.0"
    assert uv.installs == 2


def test_a_cache_that_cannot_be_written_is_told(uv: FakeUv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    assert "/proc/none/keras-harness/environments" in failed(OLD)


@pytest.mark.slow
def test_keras_2_is_made_of_requirements_and_checked(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the uv, and the package cache, that are here."""
    monkeypatch.setenv("UV_CACHE_DIR", os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv"))
    report = tmp_path / "report.json"
    words = ["check", "--env", KERAS_2, "--layer", "ReLU", "--route", "json", "--workers", "1", "--json", str(report)]
    done = subprocess.run([sys.executable, "-c", MAIN, *words], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    candidate = json.loads(report.read_text())["environments"]["candidate"]
    assert (candidate["tensorflow"], candidate["keras"]) == ("2.15.1", "2.15.0")
    assert candidate["python"].startswith("3.11.")
    assert candidate["asked"] == KERAS_2
    assert "made in" in done.stdout
    subprocess.run([sys.executable, "-c", MAIN, "environments", "--clean"], check=True)
    assert list(cache.iterdir()) == []
