"""What inspection has nothing against is loaded, in a process that can do no harm; what it is against is not."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.dispatch.confinement import Confinement, in_force
from harness.loading.loader import INITIAL
from tests.inspection import building as b
from tests.inspection.bad_references import with_lambda

ROOT = Path(__file__).resolve().parents[2]
# Asked of a program that is not ours: else a confinement that fails would be taken for a system that has none.
NAMESPACES = (
    bool(shutil.which("unshare"))
    and not subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "--mount", "true"], capture_output=True, check=False
    ).returncode
)
AUTHORS = """
import os, signal, socket, time
import keras
import tensorflow as tf

HERE = os.path.dirname(__file__)


class Mine(keras.layers.Layer):
    def call(self, x):
        return x


class Reaching(Mine):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        reached = []
        for what, reach in {
            "the network": lambda: socket.create_connection(("127.0.0.1", int(open(f"{HERE}/port").read())), 1),
            "a file": lambda: open(f"{HERE}/marker", "w"),
            "home": lambda: os.listdir(os.path.expanduser("~"))[0],
            "a secret": lambda: os.environ["SECRET_TOKEN"],
        }.items():
            try:
                reach()
            except Exception:
                continue
            reached.append(what)
        if reached:
            raise RuntimeError(f"reached {reached}")


class Crashing(Mine):
    def __init__(self, **kwargs):
        os.kill(os.getpid(), signal.SIGSEGV)


class Fragile(Mine):
    def call(self, x, training=False):
        if training:
            os.kill(os.getpid(), signal.SIGSEGV)
        return x


class Untrainable(Mine):
    def call(self, x, training=False):
        if training and not tf.executing_eagerly():
            os.kill(os.getpid(), signal.SIGSEGV)
        return x


class Endless(Mine):
    def __init__(self, **kwargs):
        time.sleep(1000)


class Greedy(Mine):
    def __init__(self, **kwargs):
        held = []
        while True:
            held.append(bytearray(os.urandom(1 << 20)) * 64)
"""


def run(*arguments: object, folder: Path) -> tuple[int, str, list[dict[str, Any]]]:
    code = "from harness.cli import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "SECRET_TOKEN": "42"}
    command = [sys.executable, "-c", code, "validate", *map(str, arguments), "--json", "report.json"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=200, check=False, cwd=folder, env=environment
    )
    report = folder / "report.json"
    return (
        done.returncode,
        done.stdout + done.stderr,
        json.loads(report.read_text())["files"] if report.exists() else [],
    )


def own(folder: Path, name: str) -> tuple[object, ...]:
    """The arguments for a file with a layer of the author's own, whose module lies beside it and was read."""
    (folder / "authors.py").write_text(AUTHORS)
    layer = b.layer(name, module="authors", registered=name, name="mine")
    path = b.keras(folder, b.sequential(b.dense("dense", 4, 3), layer, b.dense("dense_1", 2, 4)))
    return path, "--custom-objects", f"authors:{name}", "--import", "."


def test_without_loading_nothing_is_loaded(tmp_path: Path) -> None:
    code, said, (file,) = run(b.keras(tmp_path), "--no-load", folder=tmp_path)
    assert (code, file["loaded"]) == (0, None)
    assert "none loaded" in said


def test_what_cannot_be_loaded_safely_is_not_loaded(tmp_path: Path) -> None:
    code, _, (file,) = run(b.keras(tmp_path, with_lambda(b.python_lambda())), folder=tmp_path)
    assert (code, file["verdict"], file["loaded"]) == (1, "unsafe", None)


def test_classes_that_were_not_given_keep_a_file_from_being_loaded(tmp_path: Path) -> None:
    path, *_ = own(tmp_path, "Mine")
    code, _, (file,) = run(path, folder=tmp_path)
    assert (code, file["verdict"], file["loaded"]) == (1, "needs custom objects", None)
    code, _, (file,) = run(path, "--custom-objects", "authors:Other", "--import", ".", folder=tmp_path)
    assert (code, file["loaded"]) == (1, None)


@pytest.mark.slow
def test_a_good_file_is_loaded_and_sent_along_routes(tmp_path: Path) -> None:
    code, said, (file,) = run(b.keras(tmp_path), folder=tmp_path)
    assert (code, file["verdict"]) == (0, "ok"), said
    assert file["loaded"]["loads"] == "yes"
    assert set(file["loaded"]["routes"].values()) == {"passed"}
    assert len(file["loaded"]["routes"]) == 4


@pytest.mark.slow
def test_a_config_is_loaded_with_the_weights_beside_it_and_else_with_its_initial_ones(tmp_path: Path) -> None:
    code, said, (alone,) = run(b.keras_json(tmp_path, b.model()), folder=tmp_path)
    assert (code, alone["verdict"], alone["loaded"]["weights"]) == (0, "ok", INITIAL), said
    assert f"with {INITIAL}" in said
    assert set(alone["loaded"]["routes"].values()) == {"passed"}
    code, said, (both,) = run(b.pair(tmp_path), folder=tmp_path)
    assert (code, both["verdict"], both["loaded"]["weights"]) == (0, "ok", "model.weights.h5"), said
    assert set(both["loaded"]["routes"].values()) == {"passed"}


def test_a_config_beside_weights_that_were_refused_is_not_loaded(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.weights.h5")
    code, _, (file,) = run(b.keras_json(tmp_path, b.model()), folder=tmp_path)
    assert (code, file["verdict"], file["loaded"]) == (3, "unsupported", None)


@pytest.mark.slow
def test_a_file_that_this_keras_refuses_is_incompatible_and_says_why(tmp_path: Path) -> None:
    path = ROOT / "fixtures" / "models" / "keras-2.15.0" / "dense.keras"
    code, said, (file,) = run(path, folder=tmp_path)
    assert (code, file["verdict"], file["loaded"]["loads"]) == (1, "incompatible", "no"), said
    assert file["loaded"]["cause"]


@pytest.mark.slow
def test_a_file_of_a_newer_keras_is_told_why_an_older_one_refuses_it(tmp_path: Path) -> None:
    path = ROOT / "fixtures" / "models" / "keras-3.15.1" / "rescaling.h5"
    code, said, (file,) = run(path, "--env", "python==3.11 tensorflow-cpu==2.15.1", folder=tmp_path)
    assert (code, file["verdict"], file["loaded"]["loads"]) == (1, "incompatible", "no"), said
    assert file["loaded"]["cause"] == "batch-shape-of-an-input", said
    assert "Keras 2 knows batch_input_shape alone" in said


@pytest.mark.slow
def test_a_layer_that_an_older_keras_3_lacks_is_named_as_the_reason(tmp_path: Path) -> None:
    path = ROOT / "fixtures" / "models" / "keras-3.15.1" / "adaptiveaveragepooling3d.keras"
    environment = "python==3.11 tensorflow-cpu==2.18.1 keras==3.6.0"
    code, said, (file,) = run(path, "--env", environment, folder=tmp_path)
    assert (code, file["verdict"], file["loaded"]["loads"]) == (1, "incompatible", "no"), said
    assert file["loaded"]["cause"] == "layers-of-a-later-keras", said
    assert "this one lacks: it calls it unknown, or custom. Load it with the release" in said
    assert "(It said: Could not locate class 'AdaptiveAveragePooling3D'." in said


@pytest.mark.slow
def test_the_authors_code_reaches_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        (tmp_path / "port").write_text(str(server.getsockname()[1]))
        code, said, (file,) = run(*own(tmp_path, "Reaching"), folder=tmp_path)
    if not NAMESPACES:
        assert "no network" in file["loaded"]["not_confined"]
        pytest.skip("this system lets an ordinary user make no namespaces")
    assert [what for what in file["loaded"]["not_confined"] if "processes" not in what] == []
    assert (code, file["verdict"], file["loaded"]["loads"]) == (0, "ok", "yes"), said
    assert not (tmp_path / "marker").exists()


FORKS = """
import os, time
forked = 0
try:
    for _ in range(60):
        if os.fork() == 0:
            time.sleep(2)
            os._exit(0)
        forked += 1
except BlockingIOError:
    pass
print(forked)
"""


def test_a_number_of_processes_is_said_to_be_limited_where_it_is(tmp_path: Path) -> None:
    """Of root's processes it is not, whatever `setrlimit` says."""
    command = Confinement(processes=30).command(tmp_path, [sys.executable, "-c", FORKS])
    forked = int(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)
    done, not_done = in_force(tmp_path)
    limited = "30 processes and threads" in done
    assert limited != ("30 processes and threads" in not_done)
    assert limited == (forked < 30)
    assert forked == 60 or limited


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "passed"), [("Untrainable", ["keras_zip", "keras_zip_twice", "extraction"]), ("Fragile", [])]
)
def test_a_model_that_ends_the_process_on_a_route_was_loaded_and_passes_the_others(
    tmp_path: Path, name: str, passed: list[str]
) -> None:
    code, said, (file,) = run(*own(tmp_path, name), folder=tmp_path)
    assert (code, file["verdict"], file["loaded"]["loads"]) == (0, "ok", "yes"), said
    routes = file["loaded"]["routes"]
    assert [route for route, told in routes.items() if told == "passed"] == passed
    others = [route for route in routes if route not in passed]
    assert all("SIGSEGV" in routes[route] for route in others)
    assert [each["where"] for each in file["findings"] if each["rule"] == "does-not-survive"] == others


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rule", "options"),
    [
        ("Crashing", "loading-crashes", ()),
        ("Endless", "loading-without-end", ("--seconds", "5")),
        ("Greedy", "loading-without-end", ("--memory", "1.5")),
    ],
)
def test_a_file_whose_loading_goes_wrong_costs_that_file_alone(
    tmp_path: Path, name: str, rule: str, options: tuple[str, ...]
) -> None:
    after = b.keras(tmp_path).rename(tmp_path / "zz.keras")
    path, *given = own(tmp_path, name)
    code, said, (bad, good) = run(path, after, *given, *options, folder=tmp_path)
    assert code == 1, said
    assert rule in [each["rule"] for each in bad["findings"]]
    assert good["verdict"] == "ok"
    assert good["loaded"]["loads"] == "yes"


@pytest.mark.slow
def test_what_does_not_say_what_it_takes_is_loaded_and_not_called(tmp_path: Path) -> None:
    """A model that was never built, and a FeatureSpace, which is no model."""
    made = """import keras
keras.Sequential([keras.layers.Dense(2)]).save('unbuilt.keras')
keras.utils.FeatureSpace({'size': keras.utils.FeatureSpace.float()}).save('features.keras')"""
    subprocess.run([sys.executable, "-c", made], cwd=tmp_path, check=True, capture_output=True)
    code, said, files = run(tmp_path / "unbuilt.keras", tmp_path / "features.keras", folder=tmp_path)
    assert code == 0, said
    for each in files:
        assert (each["verdict"], each["loaded"]["loads"]) == ("ok", "yes")
        assert [found["rule"] for found in each["findings"] if "call" in found["rule"]] == ["not-called"]


@pytest.mark.slow
def test_custom_objects_that_are_not_there_are_wrong_usage(tmp_path: Path) -> None:
    path = b.keras(tmp_path)
    code, said, _ = run(path, "--custom-objects", "nowhere:Mine", folder=tmp_path)
    assert code == 2
    assert "nowhere" in said


@pytest.mark.slow
def test_an_environment_without_tensorflow_is_exit_3_and_the_file_is_inspected(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    code, said, (file,) = run(b.keras(tmp_path), "--env", python, folder=tmp_path)
    assert (code, file["verdict"], file["loaded"]) == (3, "ok", None), said
    assert "TensorFlow could not be started" in said
