"""Runs one example: builds the model, observes it, sends it along routes, and observes what arrives."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.observations.catalogue import CALLING, LAST, OBSERVATIONS
from harness.protocol.architecture import FIRST, Architecture, Ref, from_json
from harness.routes.catalogue import ROUTES
from harness.routes.route import Route
from harness.routes.transfer import bears_a_head
from harness.worker import data, dialect, exported, states
from harness.worker.allowed import Refused
from harness.worker.arrays import Arrays
from harness.worker.build import Built, build, decode, fill, tensors_of
from harness.worker.subject import Subject


class Timings(dict[str, float]):
    """Seconds by what they were spent on."""

    def add(self, what: str, start: float) -> None:
        """Adds the time since `start`, a reading of `time.perf_counter`."""
        self[what] = self.get(what, 0.0) + time.perf_counter() - start


def run(request: dict[str, Any], folder: Path, tell: Callable[[str], None]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """One example. `request` holds the architecture and, for each route, the observations asked of it.

    With ``keep`` (a folder by route) files are left for another process, with ``data`` (a path) what the model was fed.

    Returns the reply (``build``, ``before``, ``routes``, ``timings``) and its arrays. What raises is an answer too:
    the error stands where the observation would. Only an architecture that asks for what it may not raises Refused.
    """
    architecture: Architecture = from_json(request["architecture"])
    timings = Timings()
    arrays = Arrays()
    start = time.perf_counter()
    dialect.clear()
    exported.trust(architecture)
    policy = dialect.policy()
    tell("build")
    try:
        if architecture.policy:
            dialect.set_policy(architecture.policy)
        try:
            subject, built = prepare(architecture, arrays)
        except Refused:
            raise
        except Exception as error:
            return {"build": {"error": describe(error)}, "timings": timings}, {}
        timings.add("building", start)
        if "data" in request:
            data.keep(Path(request["data"]), architecture)
        return send(subject, built.shapes, request, folder, tell, timings), arrays.blobs
    finally:
        dialect.set_policy(policy)


def send(
    subject: Subject,
    shapes: dict[str, Any],
    request: dict[str, Any],
    folder: Path,
    tell: Callable[[str], None],
    timings: Timings,
) -> dict[str, Any]:
    """The reply of a model that is built: what it was, and what arrived of it on each route that is asked for."""
    asked: dict[str, list[str]] = request["routes"]
    reply: dict[str, Any] = {
        "build": {"shapes": shapes, **facts(subject)},
        "routes": {},
        "unsent": {},  # what the model lacks for the other routes
        "timings": timings,
    }
    traits = set(reply["build"]["traits"])
    for name in asked:
        if dialect.MAJOR in ROUTES[name].majors and not ROUTES[name].needs <= traits:
            reply["unsent"][name] = sorted(ROUTES[name].needs - traits)
    wanted = {name for names in asked.values() for name in names} | set(request.get("also", ()))
    kept = {name: place for name, place in request.get("keep", {}).items() if ROUTES[name].needs <= traits}
    if asked and set(asked) == set(reply["unsent"]) and not kept:
        wanted = set()  # nothing will be held against it
    start = time.perf_counter()
    tell("observe")
    reply["before"] = observe(subject, [name for name in OBSERVATIONS if name in wanted and name not in LAST])
    timings.add("observing", start)
    # .keras first of all and .h5 last: saving to .h5 changes the compile config of the live model (Keras 3.15).
    subject.files = folder.with_name(f"{folder.name} files")
    held = {name for name, observations in asked.items() if "original" in observations}
    original = Original(subject) if held - set(reply["unsent"]) else None
    early = [name for name in kept if name not in asked and not name.startswith("hdf5")]
    for name in dict.fromkeys((*early, *asked, *kept)):
        route = ROUTES[name]
        if dialect.MAJOR not in route.majors or name in reply["unsent"]:
            continue
        tell(name)
        start = time.perf_counter()
        if name in asked:
            reply["routes"][name] = travel(subject, route, asked[name], folder)
        if name in kept:
            keep(reply, subject, route, Path(kept[name]))
        if original is not None and name in held:
            original.hold(reply["routes"][name])
        timings.add(f"route:{name}", start)
    shutil.rmtree(subject.files, ignore_errors=True)
    subject.files = None
    start = time.perf_counter()
    tell("observe")
    reply["before"].update(observe(subject, [name for name in LAST if name in wanted]))
    timings.add("observing", start)
    return reply


class Original:
    """The model that is sent: no route may change it. What it was before each of them, and what it is after it.

    It is looked at anew when all is observed: Keras 2 renames the metrics that it was given at the first evaluation.
    """

    OBSERVED = ("structure", "config", "weights", "flags", "optimizer", "compile")

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._seen = observe(subject, [*self.OBSERVED])

    def hold(self, answer: dict[str, Any]) -> None:
        """Adds to the answer of a route what it has changed, as it was and as it is; also where it raised."""
        now = observe(self._subject, [*self.OBSERVED])
        changed = [name for name, value in now.items() if value != self._seen[name]]
        answer.setdefault("before", {})["original"] = {name: self._seen[name] for name in changed}
        answer.setdefault("after", {})["original"] = {name: now[name] for name in changed}
        self._seen = now


def keep(reply: dict[str, Any], subject: Subject, route: Route, place: Path) -> None:
    """Saves the model where another process will load it; a save that fails was told by the route itself."""
    assert route.save is not None
    place.mkdir(parents=True, exist_ok=True)
    try:
        path = route.save(subject, place)
        if path.parent == subject.files:
            path = Path(shutil.copy(path, place))
        reply.setdefault("kept", {})[route.name] = str(path)
    except Exception:
        shutil.rmtree(place, ignore_errors=True)


def replay(request: dict[str, Any], tell: Callable[[str], None]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Takes up files that another process has saved, and observes what is in them.

    Nothing of the model was ever built here: what it needs must come from the file. Of a recording, whose files are
    from who knows where, the data is `given` in a file as well: another NumPy may draw other numbers from a seed.
    """
    architecture: Architecture = from_json(request["architecture"])
    timings = Timings()
    arrays = Arrays()
    dialect.clear()
    given = data.Given.read(Path(request["given"])) if "given" in request else data.Given()
    if "given" not in request:
        exported.trust(architecture)
    states.set_seed(architecture.seed + 1000)
    inputs = tensors_of(data.for_model(architecture, architecture.seed, given.inputs))
    targets = tensors_of(decode(given.in_place(architecture.compile.targets))) if architecture.compile else None
    subject = Subject(None, architecture, inputs, targets, arrays)
    reply: dict[str, Any] = {"routes": {}, "timings": timings}
    for name, asked in request["routes"].items():
        start = time.perf_counter()
        tell(f"{name}_process")
        path = Path(request["files"][name])
        route = ROUTES[name]
        assert route.take is not None
        taken = Route(name, lambda one, _, take=route.take, path=path: take(one, path))  # type: ignore[misc]
        reply["routes"][name] = travel(subject, taken, asked, path.parent)
        timings.add(f"route:{name}_process", start)
    return reply, arrays.blobs


def prepare(architecture: Architecture, arrays: Arrays) -> tuple[Subject, Built]:
    """The model built, filled, compiled, frozen and trained as the architecture says, with its data."""
    states.set_seed(architecture.seed)
    built = build(architecture)
    model = built.model
    subject = Subject(
        model,
        architecture,
        tensors_of(data.for_model(architecture, architecture.seed)),
        None,
        arrays,
    )
    subject.initial = subject.weights()
    fill(model, architecture.seed)
    freeze(subject, "built")
    if architecture.compile is not None:
        subject.targets = tensors_of(decode(architecture.compile.targets))
        compile_model(model, architecture)
        if freeze(subject, "compiled"):
            compile_model(model, architecture)
        for step in range(architecture.compile.steps):
            states.rewind(model, architecture.seed + 100 + step)
            try:
                model.train_on_batch(subject.inputs, subject.targets)
            except Exception as error:
                # There is still all to be seen that needs no training. What the step has left of an optimizer, built in
                # a graph that came to nothing, is no state that anybody could save.
                subject.untrained = describe(error)
                compile_model(model, architecture)
                break
        if freeze(subject, "trained"):
            compile_model(model, architecture)
    return subject, built


def compile_model(model: Any, architecture: Architecture) -> None:
    """Compiles with objects made anew: a second compile must not share an optimizer with the first."""
    assert architecture.compile is not None
    model.compile(**decode(architecture.compile.arguments))


def freeze(subject: Subject, when: str) -> bool:
    """Sets the trainable flags of this moment; returns whether there were any."""
    moments = [each for each in subject.architecture.freezes if each.when == when]
    for each in moments:
        find(subject, tuple(each.path)).trainable = each.trainable
    return bool(moments)


def find(subject: Subject, path: tuple[str, ...]) -> Any:
    """The layer at a path of a Freeze; raises LookupError where there is none."""
    if not path:
        return subject.model
    layers = dict(dialect.layers_of(subject.model, subject.names))
    if path[-1] != FIRST:
        return layers[path]
    inside = dialect.children(layers[path[:-1]] if path[:-1] else subject.model)
    if not inside:
        raise LookupError(f"nothing with weights inside of {'/'.join(path[:-1])}")
    return inside[0]


def facts(subject: Subject) -> dict[str, Any]:
    """What the driver must know of the model to judge whether anything was checked at all."""
    model = subject.model
    traits = []
    if subject.compiled:
        traits.append("compiled")
        if subject.architecture.compile and subject.architecture.compile.steps and subject.untrained is None:
            traits.append("trained")
    if dialect.weights_of(model):
        traits.append("weights")
    if subject.make is None:
        traits.append("described")
    if subject.architecture.form == "subclass":
        outputs = dialect.flat(model(subject.inputs, training=False))
    else:
        outputs = model.outputs or ()
        if getattr(model, "inputs", None):
            traits.append("graph")
    if any(dialect.is_dense_float(each) for each in outputs):
        traits.append("floats")
    if any(bears_a_head(each) for each in outputs):
        traits.append("features")
    if _has_signature(subject.architecture):
        traits.append("signature")
    return {
        **({"untrained": subject.untrained} if subject.untrained else {}),
        "traits": traits,
        "weights": len(dialect.weights_of(model)),
        "trainable": len(model.trainable_weights),
        "parameters": int(model.count_params()),
    }


def _has_signature(architecture: Architecture) -> bool:
    """A SavedModel gives a tensor, a list or a dict of tensors, and nothing nested; and it takes no None."""
    if not all(each.given for each in architecture.inputs):
        return False
    outputs = architecture.outputs
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    return not isinstance(outputs, (list, tuple)) or all(isinstance(each, Ref) for each in outputs)


def travel(subject: Subject, route: Route, observations: list[str], folder: Path) -> dict[str, Any]:
    """Sends the model along a route, and observes what arrives."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        arrival = route.journey(subject, folder)
    except Exception as error:
        return {"error": describe(error)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    answer: dict[str, Any] = {"before": arrival.before, "after": arrival.after}
    if arrival.model is not None:
        arrived = subject.of(arrival.model)
        answer["after"].update(
            observe(
                arrived, [name for name in observations if name not in arrival.after and name not in arrival.unasked]
            )
        )
    return answer


def observe(subject: Subject, names: list[str]) -> dict[str, Any]:
    """The observations of these names; one that raises is the error that it raised."""
    return {name: _observed(subject, name) for name in names if name in OBSERVATIONS}


def _observed(subject: Subject, name: str) -> Any:
    """One observation. What a call moves (statistics, a counter) is put back: to be looked at changes no model."""
    try:
        with dialect.kept(subject.model) if name in CALLING else contextlib.nullcontext():
            return OBSERVATIONS[name](subject)
    except Exception as error:
        return {"$error": describe(error)}


def describe(error: BaseException) -> dict[str, Any]:
    """Type, message and the place in Keras or TensorFlow where an error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if _INSIDE.search(frame.filename.replace("\\", "/"))]
    place = inside[-1] if inside else (frames[-1] if frames else None)
    return {
        "type": type(error).__name__,
        "message": _whole(str(error)),
        "place": "" if place is None else f"{_public(place.filename)}:{place.name}",
        "ours": not inside,
    }


LONGEST = 4000  # letters of a message: Keras writes whole configs into some, and the reason behind them


def _whole(message: str) -> str:
    """A message without colours, or the beginning and the end of a long one."""
    message = re.sub(r"\x1b\[[0-9;]*m", "", message)
    half = LONGEST // 2
    return message if len(message) <= LONGEST else f"{message[:half]} … {message[-half:]}"


_INSIDE = re.compile(r"/(keras|tf_keras|tensorflow)/")  # a folder called keras-harness is none of these


def _public(filename: str) -> str:
    """The part of a path that is the same on every machine: below site-packages, or the name of the file alone."""
    filename = filename.replace("\\", "/")
    _, packages, below = filename.rpartition("-packages/")
    source = _INSIDE.search(filename)
    if packages or source is None:
        return below if packages else filename.rpartition("/")[2]
    return filename[source.start() + 1 :]
