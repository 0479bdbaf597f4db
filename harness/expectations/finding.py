"""A finding: one promise that was broken, named by what failed where and not by numbers or names that were drawn."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.protocol.architecture import Architecture, Call, Node, nodes_of


@dataclass(frozen=True)
class Finding:
    """A broken promise with all that a reader needs; `routes` are those on which it showed."""

    observation: str
    kind: str
    place: tuple[str, ...]  # normalised: classes for layers, # for numbers
    routes: tuple[str, ...]
    title: str
    where: str = ""
    expected: Any = None
    actual: Any = None
    difference: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    layers: tuple[str, ...] = ()
    architecture: Architecture | None = None
    consequences: tuple[str, ...] = ()
    status: str = "new"
    direction: str = ""  # of a file that goes between two releases: forward (baseline to candidate) or back
    known_issue: Mapping[str, Any] | None = None
    times: int = 1
    path: tuple[str, ...] = ()  # `where`, in pieces: names may hold a slash
    raised: bool = False  # of what a route has left behind in the model that was sent: whether the route raised as well
    script: str = ""
    script_before: str = ""  # of a finding between two releases: what is run first, with the one that saves
    script_shows: bool | None = None  # None where it was not run, or failed itself
    script_problem: str = ""  # why it does not show

    @property
    def model(self) -> str:
        """The architecture as JSON, in which rows look for what a cause needs; ``null`` where there is none."""
        return "null" if self.architecture is None else self.architecture.text

    @property
    def check(self) -> str:
        """`route/observation`, of the first route."""
        return f"{self.routes[0]}/{self.observation}"

    @property
    def signature(self) -> str:
        """What names the cause: observation, kind, normalised place, and of an error its type and message."""
        parts = [self.observation, self.kind, *self._named_by]
        if self.error:
            parts += [str(self.error["type"]), normalised(str(self.error["message"]))[:160]]
        return "|".join([*parts, self.direction] if self.direction else parts)

    @property
    def _named_by(self) -> tuple[str, ...]:
        """The place; of what is frozen in a layer its class, and whether it lies further inside than the layer's own.

        One flag that is not set lets each part of a layer train, and every weight of it: that is one cause, however
        the layer calls its parts. A flag of the layer itself, or a weight of its own, has another one.
        """
        if self.observation not in ("flags", "frozen") or len(self.place) != 2 or not self.layers:
            return self.place
        pieces, layer = self.place[1].split("/"), self.layers[-1]
        if layer not in pieces:
            return self.place
        below = pieces[::-1].index(layer)
        weight = self.observation == "frozen"  # a weight is the last piece, where else it is a layer
        return (self.place[0], layer, *(() if below == weight else ("inside",)))

    @property
    def id(self) -> str:
        """Eight hex digits of the signature."""
        return hashlib.sha256(self.signature.encode()).hexdigest()[:8]

    def merged(self, other: Finding) -> Finding:
        """This finding, which has shown once more."""
        routes = tuple(dict.fromkeys((*self.routes, *other.routes)))
        return replace(self, routes=routes, times=self.times + other.times)

    def is_smaller(self, other: Finding) -> bool:
        """Whether its model has fewer layers than that of the other one, or as many and less said of them."""
        if self.architecture is None or other.architecture is None:
            return False
        one, two = (len(list(nodes_of(each.nodes))) for each in (self.architecture, other.architecture))
        return one < two or (one == two and len(self.model) < len(other.model))

    def to_json(self) -> dict[str, Any]:
        """The finding as `report.json` holds it."""
        from harness.protocol.architecture import to_json

        return {
            "id": self.id,
            "check": self.check,
            "routes": list(self.routes),
            "status": self.status,
            **({"direction": self.direction} if self.direction else {}),
            "layers": list(self.layers),
            "title": self.title,
            "where": self.where,
            "expected": self.expected,
            "actual": self.actual,
            "difference": dict(self.difference),
            "error": None if self.error is None else dict(self.error),
            "consequences": list(self.consequences),
            "times": self.times,
            "subject": {"architecture": to_json(self.architecture)},
            "script": self.script,
            **({"scripts": {"save": self.script_before, "load": self.script}} if self.script_before else {}),
            "script_shows": self.script_shows,
            "script_problem": self.script_problem,
            "known_issue": None if self.known_issue is None else dict(self.known_issue),
        }


def normalised(text: str) -> str:
    """A message without what was drawn, or is of one machine: quoted names, numbers, shapes, addresses, paths.

    Quoted words that look like classes stay: they are what the message is about.

    >>> normalised("Layer 'dense_3' expected 2 variables, but received 0 variables")
    "Layer '?' expected # variables, but received # variables"
    """
    text = _essence(text)
    text = re.sub(r"(?<![\w.<])/(?:[\w.+~@-]+/)+[\w.+~@-]*", "<path>", text)
    text = re.sub(r"0x[0-9a-f]+", "#", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(
        r"(['\"`])([^'\"`]{0,200}?)\1",
        lambda m: m[0] if re.fullmatch(r"[A-Z]\w*|keras[\w.]*", m[2]) else f"{m[1]}?{m[1]}",
        text,
    )
    # Between two numbers there must be something: else a long one could be cut in ever so many ways, for hours.
    number = r"(?:None|-?\d[\d.e+-]*)"
    text = re.sub(rf"[(\[]\s*{number}(?:[\s,]+{number})*[\s,]*[)\]]", "(#)", text)
    return re.sub(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", "#", text)


def _essence(text: str) -> str:
    """The sentence of a message that tells what is wrong: no colours, tensors, arguments or quoted source."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    text = re.sub(r"<(?:tf\.)?(?:Keras)?Tensor[^<>]*(?:<[^<>]*>[^<>]*)*>", "<tensor>", text)
    # As a tensor is printed within another object: with its numbers where it has some, else with its name.
    text = re.sub(r"\b(?:tf\.)?Tensor\((?:[^()]|\([^()]*\)){0,4000}\)", "<tensor>", text)
    text = re.sub(r"\{\{[^{}]*\}\}", "{node}", text)
    text = text.partition("Arguments received by")[0].partition("Call arguments received")[0].strip()
    # What was drawn stands in the config, the reason behind it.
    text = re.sub(
        r"(?:using config|Full object config: |config)=?\{.*\}\.?\s*(?=Exception encountered|$)", "", text, flags=re.S
    )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and "could not be deserialized properly" in lines[0]:
        # It says of the model around it how to write a layer of one's own, and behind that what is wrong in it.
        return text.rpartition("Exception encountered: ")[2]
    if len(lines) > 1 and re.match(r"(in user code|Exception encountered when calling)", lines[0]):
        # The error of the inside stands at the end, behind the way that it took, with its type in front.
        text = re.sub(r"^\w+: ", "", lines[-1]) if lines[0].startswith("in user code") else lines[1]
    return text


def headline(text: str) -> str:
    """The first line of a message that tells what is wrong, with the layer that was called if it begins with that.

    >>> headline("Exception encountered when calling Dense.call().\\n\\nno weights\\n\\nArguments received by …")
    'Dense.call(): no weights'
    >>> headline("in user code:\\n\\n    File a, line 1, in b\\n\\n    ValueError: no")
    'no'
    """
    called = re.match(r"(?:\x1b\[[0-9;]*m)*Exception encountered when calling (\S+\(\))\.", text.strip())
    first = (_essence(text).strip() or text.strip()).partition("\n")[0]
    return f"{called[1]}: {first}" if called and called[0] not in first else first


NO_LAYERS = ("Model", "Sequential", "InputLayer")  # classes of a name that are at fault of nothing


def layer_classes(architecture: Architecture) -> dict[str, str]:
    """Class by name, of every layer that the architecture names, nested models included.

    A name that is given twice, as it may be inside of a layer or a model, is that of the outer one; what is inside of
    a model stands there by its path, too.
    """
    classes = {each.name: "InputLayer" for each in architecture.inputs}
    inside: dict[str, str] = {}
    for node in architecture.nodes:
        classes[node.name] = class_of(node)
        if isinstance(node.layer, Architecture):
            nested = layer_classes(node.layer)
            classes[node.layer.name] = nested[node.layer.name]
            inside.update(nested)
            inside.update({f"{node.layer.name}/{path}": found for path, found in _members(node.layer)})
        elif isinstance(node.layer, Call):
            for call in _inner(node.layer):
                name = call.arguments.get("name")
                if isinstance(name, str):
                    inside[name] = call.name.rpartition(".")[2]
    classes[architecture.name] = _model_class(architecture)
    return {**inside, **classes}


def _model_class(architecture: Architecture) -> str:
    if architecture.form == "subclass" and architecture.nodes:
        return class_of(architecture.nodes[0])
    return "Sequential" if architecture.form == "sequential" else "Model"


def _members(architecture: Architecture) -> Iterator[tuple[str, str]]:
    """The path within a model, and the class, of each of its layers and of those within them."""
    for node in architecture.nodes:
        if isinstance(node.layer, Architecture):
            yield node.layer.name, _model_class(node.layer)
            for path, found in _members(node.layer):
                yield f"{node.layer.name}/{path}", found
        else:
            yield node.name, class_of(node)


def class_of(node: Node) -> str:
    """The class of layer that a node calls, as people name it."""
    if isinstance(node.layer, Architecture):
        return "Sequential" if node.layer.form == "sequential" else "Functional"
    if isinstance(node.layer, Call):
        return node.layer.name.rpartition(".")[2]
    return str(getattr(node.layer, "name", getattr(node.layer, "node", "?")))


def _inner(call: Call) -> list[Call]:
    found: list[Call] = []
    for value in call.arguments.values():
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(item, Call):
                found += [item, *_inner(item)]
    return found


def place_of(where: tuple[str, ...], classes: Mapping[str, str]) -> tuple[str, ...]:
    """The place without drawn names: layers by class, numbers as #."""
    place: list[str] = []
    for part in where:
        pieces: list[str] = []
        path = ""
        for piece in part.split("/"):
            stem = re.sub(r"_\d+$", "", piece)
            path = f"{path}/{piece}" if path else piece
            # A layer may be called as the first part of every place is.
            structural = piece in ("layers", "inner") and (not place or place[-1] == "config")
            known = None if structural else classes.get(path) or classes.get(piece) or classes.get(stem)
            pieces.append(known or re.sub(r"\d+", "#", piece))
        place.append("/".join(pieces))
    return tuple(place)
