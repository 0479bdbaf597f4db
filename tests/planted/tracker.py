"""What a bug of Keras's tracker is written down as, and how it is put back into the Keras of a worker.

A fault is a function that patches Keras, with a row above it: the link, what the bug did, a model that shows it, and
the cells of the table that must report it. The driver reads the rows; a worker runs the functions, one at a time, and
takes each patch off before it puts on the next (`tracker_switch.py`). So this file imports no Keras.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.protocol.architecture import Architecture, Call, Compile, Data, Input, Node, Ref, Values

KERAS = "https://github.com/keras-team/keras"
ABSENT = object()

# Groups of routes, by what they do with a model.
TRAINED = "keras_zip keras_folder keras_zip_process"  # asked for losses and further training
ZIP = f"{TRAINED} keras_zip_twice"
LOADED = f"{ZIP} keras_elsewhere"
H5_TRAINED = "hdf5 hdf5_process"
H5 = f"{H5_TRAINED} hdf5_twice"
H5_LOADED = f"{H5} hdf5_elsewhere"
HERE = "keras_zip keras_folder keras_zip_twice keras_elsewhere"  # where nothing could be saved for another process
H5_HERE = "hdf5 hdf5_twice hdf5_elsewhere"
CLONED = "clone clone_function"
REBUILT = f"from_config json {CLONED}"
WEIGHTS = "weights_h5 weights_sharded"


@dataclass(frozen=True)
class Fault:
    """A bug that Keras had; `cells` holds route, observation and the place that the finding must name."""

    name: str
    link: str
    did: str
    model: Architecture
    cells: Mapping[tuple[str, str], str]
    majors: tuple[int, ...]
    plant: Callable[[Any, Patch], None]


class Patch:
    """Changes attributes, and takes all of it back."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Sets an attribute of a class or a module; what it had of its own comes back with `undo`."""
        self._before.append((owner, name, vars(owner).get(name, ABSENT)))
        setattr(owner, name, value)

    def around(self, owner: Any, name: str, changed: Callable[..., Any]) -> None:
        """Puts `changed(original, *arguments)` in the place of a function or a method."""
        original = inspect.getattr_static(owner, name)
        kind = type(original) if isinstance(original, (classmethod, staticmethod)) else None
        plain = original.__func__ if kind else original

        def call(*args: Any, **keywords: Any) -> Any:
            return changed(plain, *args, **keywords)

        self.set(owner, name, kind(call) if kind else call)

    def forgets(self, owner: Any, *arguments: str) -> None:
        """Lets `get_config` of a class leave arguments out."""

        def get_config(original: Any, self: Any) -> Any:
            return {name: value for name, value in original(self).items() if name not in arguments}

        self.around(owner, "get_config", get_config)

    def rewrite(self, owner: Any, name: str, *lines: tuple[str, str]) -> None:
        """Compiles a function or a method anew, each text that mended it put back to what it was before.

        Raises LookupError where the source does not have such a text: this Keras is another one.
        """
        original = inspect.getattr_static(owner, name)
        kind = type(original) if isinstance(original, (classmethod, staticmethod)) else None
        if isinstance(original, property):
            kind, plain = property, original.fget
        else:
            plain = inspect.unwrap(original.__func__ if kind else original)
        source = textwrap.dedent(inspect.getsource(plain))
        source = source[source.index("def ") :]
        for new, old in lines:
            if new not in source:
                raise LookupError(f"{name} has no {new!r} in it")
            source = source.replace(new, old)
        # Inside of another function, for `super()` looks for `__class__` there.
        body = f"def outer(__class__):\n{textwrap.indent(source, '    ')}\n    return {plain.__name__}\n"
        made: dict[str, Any] = {}
        exec(compile(body, f"<{name} with a bug>", "exec"), plain.__globals__, made)
        changed = made["outer"](owner)
        changed.__dict__.update(vars(plain))
        for each in [owner] if inspect.isclass(owner) else _importers(name, original):
            self.set(each, name, kind(changed) if kind else changed)

    def undo(self) -> None:
        """Takes all changes back, the last first."""
        while self._before:
            owner, name, value = self._before.pop()
            if value is ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


def _importers(name: str, original: Any) -> list[Any]:
    """The modules of Keras that have a function under this name, its own and those that import it."""
    return [
        each for each in list(sys.modules.values()) if "keras" in each.__name__ and vars(each).get(name) is original
    ]


def family() -> tuple[dict[str, Fault], Callable[..., Any]]:
    """The faults of a file by name, and the decorator that adds one."""
    faults: dict[str, Fault] = {}

    def fault(
        link: str, did: str, model: Architecture, majors: tuple[int, ...] = (3,), **cells: tuple[str, str]
    ) -> Callable[[Any], Any]:
        """The cells are given as ``observation=(place, "route route ...")``, an observation with `_` for its blank.

        The place is a layer's class, a part of where it is, or of the error.
        """
        told = {
            (route, observation.replace("_", " ")): place
            for observation, (place, routes) in cells.items()
            for route in routes.split()
        }

        def add(plant: Callable[[Any, Patch], None]) -> Any:
            name = plant.__name__
            faults[name] = Fault(name, link, did, model, told, majors, plant)
            return plant

        return add

    return faults, fault


def pull(number: int) -> str:
    """The link of a pull request of Keras that mended the bug."""
    return f"{KERAS}/pull/{number}"


def issue(number: int) -> str:
    """The link of an issue of Keras."""
    return f"{KERAS}/issues/{number}"


def commit(digest: str) -> str:
    """The link of a commit that mended the bug, where no pull request was made."""
    return f"{KERAS}/commit/{digest}"


def layer(name: str, /, **arguments: Any) -> Call:
    """A layer by its class, or anything else by its room and name."""
    return Call(name if "." in name else f"layers.{name}", arguments)


def chain(shape: tuple[int | None, ...], *layers: Any, names: str = "abcdefgh", **changes: Any) -> Architecture:
    """A functional model of layers, one behind another, on an input called `x`.

    The layers are called a, b, c, ..., or as `names` says; a Node may have inputs and methods of its own.
    """
    given = changes.pop("x", None) or Input("x", shape)
    nodes, source = [], given.name
    for name, each in zip(names, layers):
        node = each if isinstance(each, Node) else Node(name, each)
        nodes.append(replace(node, name=name, inputs=node.inputs or (Ref(source),)))
        source = name
    return Architecture("model", inputs=(given,), nodes=tuple(nodes), outputs=Ref(source), seed=5, **changes)


def inner(shape: tuple[int | None, ...], *layers: Any) -> Architecture:
    """A chain that is called `inner`, of layers p, q, ..., to be a layer of another one."""
    return replace(chain(shape, *layers, names="pqrs", x=Input("inner_x", shape)), name="inner")


def trained(
    *shape: int, optimizer: Call | None = None, steps: int = 1, values: Values | None = None, **arguments: Any
) -> Compile:
    """Compile settings for an output of this shape (batch axis left out), and one training step."""
    settings = {
        "optimizer": optimizer or Call("optimizers.Adam", {"learning_rate": 0.01}),
        "loss": Call("losses.MeanSquaredError"),
        "run_eagerly": True,
    }
    return Compile({**settings, **arguments}, Data((2, *shape), values=values or Values()), steps=steps)
