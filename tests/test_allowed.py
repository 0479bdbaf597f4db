"""What a stranger's architecture asks for and may not have is refused by the worker, and nothing of it is done.

Most of what is asked for here is done by a worker that follows every name: a command of the shell is run, a file is
loaded, fetched or read. All of it is asked of one process, in a folder that must be as empty afterwards as it was; and
what a worker says that it has, it builds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.protocol.architecture import (
    Architecture,
    Call,
    Compile,
    Data,
    Exported,
    Freeze,
    Input,
    Method,
    Name,
    Node,
    Ref,
    Values,
    to_json,
)

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
MODEL = Architecture(
    "model",
    inputs=(Input("x", (3,)),),
    nodes=(Node("dense", Call("layers.Dense", {"units": 2}), (Ref("x"),)),),
    outputs=Ref("dense"),
    compile=Compile({"optimizer": "sgd", "loss": "mse"}, Data((2, 2))),
)
WORDS = Input("x", (1,), "string", Values("word", words=("a", "b")))
PATH = "/etc/hosts"
TOUCH = {"command": "touch done"}
# As Keras 3 writes a Python function into a config: base64 of marshalled code, which it runs once it is trusted.
LAMBDA = {"class_name": "__lambda__", "config": {"value": "4wAAAA==", "defaults": None, "closure": None}}
IMPORT = {"module": "this", "class_name": "function", "config": "d", "registered_name": "function"}


def dense(**arguments: Any) -> Architecture:
    return with_node(Node("dense", Call("layers.Dense", {"units": 2, **arguments}), (Ref("x"),)))


def with_node(node: Node, inputs: tuple[Input, ...] = MODEL.inputs) -> Architecture:
    return replace(MODEL, inputs=inputs, nodes=(replace(node, name="dense"),), compile=None)


def calling(public: str, /, **arguments: Any) -> Architecture:
    """The call stands where a number should, so that it is made before anybody looks at what comes of it."""
    return dense(units=Call(public, arguments))


def telling(name: str, *arguments: Any) -> Architecture:
    return with_node(Node("", Call("layers.Dense", {"units": 2}), (Ref("x"),), methods=(Method(name, arguments),)))


def reading(layer: str, **arguments: Any) -> Architecture:
    return with_node(Node("", Call(f"layers.{layer}", arguments), (Ref("x"),)), (WORDS,))


HOSTILE = {
    "a module behind Keras": calling("src.utils.file_utils.os.system", **TOUCH),
    "a module behind a room": calling("layers.src.utils.file_utils.os.system", **TOUCH),
    "a module behind the backend": calling("backend.np.save", file="done", arr=1),
    "a download": calling("utils.get_file", fname="done", origin=f"file://{PATH}"),
    "a file that is loaded": calling("saving.load_model", filepath=PATH),
    "a file that is loaded by its old name": calling("models.load_model", filepath=PATH),
    "the end of safe mode": calling("config.enable_unsafe_deserialization"),
    "a method of Model": calling("Model.load_weights", filepath=PATH),
    "a method of a layer class": calling("layers.Dense.from_config", config={"units": 1}),
    "the loader of a module": calling("layers.__loader__.get_data", path=PATH),
    "a private name": dense(activation=Name("layers.__class__")),
    "a helper that makes things": calling("layers.deserialize", config={}),
    "a helper that gets things": dense(activation=Call("activations.get", {"identifier": "relu"})),
    "weights from the network": calling("applications.MobileNetV3Small", weights="imagenet"),
    "weights from a file": calling("applications.MobileNetV3Small", weights=PATH),
    "a form that is no builder": replace(MODEL, form="application:imagenet_utils.keras.utils.get_file"),
    "a form that is private": replace(MODEL, form="application:__loader__"),
    "what the custom module imports": calling("custom.keras"),
    "what lies behind the custom module": calling("custom.keras.utils.get_file", fname="done", origin="file:///"),
    "a table of the custom module": calling("custom.CUSTOM_OBJECTS.clear"),
    "an operator that is not listed": calling("operator.methodcaller", name="save"),
    "a built-in": calling("builtins.exec", source="open('done', 'w')"),
    "no name at all": calling(""),
    "an expression": calling("layers.Dense and exec('done')"),
    "code in a config": dense(activation=LAMBDA),
    "code in a config within a list": dense(bias_initializer=[{"any": (LAMBDA,)}]),
    "a config that imports a module": dense(kernel_regularizer=IMPORT),
    "a config as dtype of an input": replace(MODEL, inputs=(Input("x", (3,), dtype=LAMBDA),)),  # type: ignore[arg-type]
    "a config among what is compiled": replace(MODEL, compile=Compile({"optimizer": IMPORT, "loss": "mse"})),
    "a config in a freeze": replace(MODEL, freezes=(Freeze(("dense",), "built", IMPORT),)),  # type: ignore[arg-type]
    "a SavedModel from anywhere": with_node(Node("", Call("layers.TFSMLayer", {"filepath": "/tmp"}), (Ref("x"),))),
    "words from a file": reading("StringLookup", vocabulary=PATH),
    "words from a file, for text": reading("TextVectorization", vocabulary=PATH),
    "a path that is drawn": reading("StringLookup", vocabulary=Data((), "string", Values("word", words=(PATH,)))),
    "a layer that somebody else makes": with_node(
        Node("", Name("layers.StringLookup"), (None, 1, None, "[UNK]", PATH)), (WORDS,)
    ),
    "a layer handed on": dense(activation=Name("layers.TFSMLayer")),
    "a method that saves": telling("save_own_variables", {}),
    "a method that exports": telling("export", "done"),
    "a private method": telling("__setattr__", "call", 1),
    "a nested model": with_node(Node("", replace(telling("__init__"), name="inner"), (Ref("x"),))),
    "an exported model": with_node(
        Node("", Call("layers.TFSMLayer", {"filepath": Exported(calling("custom.keras"))}), (Ref("x"),))
    ),
}  # fmt: skip
HARMLESS = {
    "the model": MODEL,
    "operations and functions": replace(
        MODEL,
        nodes=(
            Node("dense", Call("layers.Dense", {"units": 3, "activation": Name("activations.relu")}), (Ref("x"),)),
            Node("sum", Name("operator.add"), (Ref("dense"), Ref("x"))),
            Node("scale", Call("custom.Scale"), (Ref("sum"),)),
        ),
        outputs=Ref("scale"),
        compile=None,
    ),
    "words in a list": reading("StringLookup", vocabulary=["a", "b"]),
    "words that are learnt": with_node(
        Node("", Call("layers.StringLookup"), (Ref("x"),),
             methods=(Method("adapt", (Data((2, 1), "string", WORDS.values),)),)),
        (WORDS,),
    ),
}  # fmt: skip

CODE = """
import json, sys
from pathlib import Path
from harness.worker import allowed, installed
from harness.worker.run import run

answers, unknown = {}, []
for name, data in json.loads(Path(sys.argv[1]).read_text()).items():
    try:
        reply, _ = run({"architecture": data, "routes": {}}, Path("run"), lambda what: None)
        answers[name] = str(reply["build"].get("error", "built"))
    except Exception as error:
        answers[name] = f"{type(error).__name__}: {error}"
for name in installed.public_names():
    try:
        allowed.lookup(name)
    except LookupError:
        unknown.append(name)
Path(sys.argv[2]).write_text(json.dumps([answers, unknown]))
"""


@pytest.fixture(scope="module")
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], Any]:
    """What came of each architecture, and the public names that no architecture may hold."""
    asked, said, place = (tmp_path_factory.mktemp("allowed") / name for name in ("asked", "said", "place"))
    place.mkdir()
    asked.write_text(json.dumps({name: to_json(each) for name, each in (HOSTILE | HARMLESS).items()}))
    interpreter = request.config.getoption("--harness-env") or sys.executable
    done = subprocess.run(
        [interpreter, "-c", CODE, str(asked), str(said)], cwd=place, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert list(place.iterdir()) == [], "something was done"
    found, unknown = json.loads(said.read_text())
    return found, unknown


@pytest.mark.parametrize("name", HOSTILE)
def test_what_an_architecture_may_not_have_is_refused(answers: tuple[dict[str, str], Any], name: str) -> None:
    absent = "keras.layers.TFSMLayer" in answers[0][name]  # from a Keras 2 that has no such layer
    unread = answers[0][name].startswith("ValueError: ") and " holds " in answers[0][name]  # by `protocol.fields`
    assert answers[0][name].startswith("Refused: ") or absent or unread


@pytest.mark.parametrize("name", HARMLESS)
def test_what_it_may_have_is_built(answers: tuple[dict[str, str], Any], name: str) -> None:
    assert answers[0][name] == "built"


def test_every_public_name_may_be_held_that_is_no_method_no_helper_and_no_whole_application(
    answers: tuple[dict[str, str], list[str]],
) -> None:
    methods = {"adapt", "enable_lora", "quantize", "exclude_from_weight_decay"}
    others = [
        name
        for name in answers[1]
        if name != "Model.compile"
        and not name.startswith("applications.")
        and name.rpartition(".")[2] not in methods | {"get", "serialize", "deserialize"}
    ]
    assert answers[1]
    assert others == []
