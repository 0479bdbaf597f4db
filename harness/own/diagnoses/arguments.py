"""Arguments: what a layer's constructor was given, it is given again when the layer comes out of its config.

The config is written and read as a file does it, through JSON, and what the constructor is given on the way back is
held against what it was given first. So it does not matter by which keys a config says it, only that it does. An
argument that is missing from `get_config` is the commonest fault of all: the layer comes back with its default.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.own.diagnoses.diagnosis import NotChecked
from harness.own.making import Made, anew
from harness.own.parts import Part, parts, recorded, reread
from harness.own.report import Failure, essence
from harness.own.values import altered, brief, differs, unserializable
from harness.worker.dialect import keras

CHECK = "arguments"
SAID_WHERE_GIVEN = ("activity_regularizer",)  # Layer.get_config returns it where there is one alone


def diagnose(built: Made) -> Iterator[Failure]:
    """Failures of every class of one's own, an argument at a time."""
    found = parts(built)
    if not found:
        raise NotChecked("it holds no class of one's own")
    for part in found:
        yield from _diagnosed(part)


def _diagnosed(part: Part) -> Iterator[Failure]:
    name = part.cls.__name__
    try:
        config = part.object.get_config()
    except Exception as error:
        yield Failure(
            CHECK,
            f"{name}.get_config() raises {type(error).__name__}: {essence(error)}",
            part.place("get_config"),
            mend="return super().get_config() with every argument of __init__ in it, by its name",
        )
        return
    if not isinstance(config, Mapping):
        yield Failure(
            CHECK,
            f"{name}.get_config() returns {brief(config)}, and no dict",
            part.place("get_config"),
            mend='end get_config() with a return: config = super().get_config(); config.update({"units": self.units});'
            " return config (dict.update returns None)",
        )
        return
    yield from _spoilt(part)
    bad = {key: why for key, value in config.items() if (why := unserializable(value))}
    if bad:
        survivors = _survivors(part, bad)
        bad = {key: why for key, why in bad.items() if key not in survivors}
    for key, why in bad.items():
        yield Failure(
            CHECK,
            f"{name}.get_config() returns for {key!r} what JSON cannot hold: {why.what}",
            part.place("get_config"),
            mend=why.mend.format(key=key),
        )
    if bad:
        yield from _lost(part, config, None)
    else:
        yield from _rebuilt(part, config)


def _survivors(part: Part, keys: Iterable[str]) -> list[str]:
    """Those of which Keras and `from_config` make the kind of thing that was given, or the function that was named."""
    with recorded([part.cls]) as calls:
        try:
            reread(part.object)
        except Exception:
            return []
    back = calls[part.cls][0][1] if calls[part.cls] else {}
    parameters = inspect.signature(part.cls.__init__).parameters
    given = {key: part.given.get(key, parameters[key].default if key in parameters else None) for key in keys}
    return [key for key in keys if _alike(given[key], back.get(key)) or _named(given[key], back.get(key))]


def _alike(given: Any, back: Any) -> bool:
    """Whether it is of the same kind, and all that it holds."""
    if type(back) is not type(given):
        return False
    if isinstance(given, dict):
        return all(_alike(value, back[key]) for key, value in given.items() if key in back)
    return all(map(_alike, given, back)) if isinstance(given, (list, tuple)) else True


def _named(given: Any, back: Any) -> bool:
    """Whether a function came back for its name, or what Keras writes of one: every file holds its own by that."""
    name = back.get("config") if isinstance(back, dict) and back.get("class_name") == "function" else back
    return isinstance(given, str) and getattr(name, "__name__", name) == given


def _spoilt(part: Part) -> Iterator[Failure]:
    """The defaults that a constructor changes: every other object of the class is given them, changed."""
    if not part.known:
        return
    parameters = inspect.signature(part.cls.__init__).parameters.values()
    shared = {each.name: each.default for each in parameters if isinstance(each.default, (list, dict, set))}
    before = {key: value.copy() for key, value in shared.items()}
    if shared:
        part.cls(**anew(part.given))
    for key, was in before.items():
        if shared[key] != was:
            yield Failure(
                CHECK,
                f"{part.cls.__name__}.__init__ changes the default of {key!r}, which all of its objects share",
                part.place("__init__"),
                was,
                shared[key],
                mend=f"let it be {key}=None, and make a new one in __init__: a default is made once, with the class",
            )


def suspects(built: Made) -> list[str]:
    """The arguments that came back of another type or value, and that the constructor made nothing else of."""
    found: list[str] = []
    for part in parts(built):
        with recorded([part.cls]) as calls:
            try:
                again = reread(part.object)
            except Exception:
                again = None
        back = calls[part.cls][0][1] if calls[part.cls] else {}
        for key, given in part.given.items():
            if key in back and altered(given, back[key]):
                mine, its = (getattr(each, key, each) for each in (part.object, again))
                if again is None or altered(mine, its) or mine is part.object:
                    found.append(f"{key!r} of {part.cls.__name__} ({brief(back[key])} instead of {brief(given)})")
    return found


def _rebuilt(part: Part, config: dict[str, Any]) -> Iterator[Failure]:
    name = part.cls.__name__
    error: Exception | None = None
    with recorded([part.cls]) as calls:
        try:
            reread(part.object)
        except Exception as raised:
            error = raised
    back = calls[part.cls][0][1] if calls[part.cls] else None
    lost = list(_lost(part, config, back))
    yield from lost
    if error is not None and not lost:
        yield Failure(
            CHECK,
            f"{name} cannot be made again from its config: {type(error).__name__}: {essence(error)}",
            part.place("from_config"),
            mend=_mend_of_rebuilding(part, config, str(error)),
        )


def _mend_of_rebuilding(part: Part, config: dict[str, Any], message: str) -> str:
    parameters = inspect.signature(part.cls.__init__).parameters.values()
    names = {each.name for each in parameters}
    if not any(each.kind is each.VAR_KEYWORD for each in parameters):
        surplus = [key for key in config if key not in names]
        if surplus and not part.writes("from_config"):
            return (
                f"__init__ does not take {', '.join(map(repr, surplus))}, which get_config() returns: add **kwargs to"
                " it, and hand them on with super().__init__(**kwargs)"
            )
    return "get_config() must return what __init__ takes, or from_config must turn the one into the other"


def _lost(part: Part, config: dict[str, Any], back: dict[str, Any] | None) -> Iterator[Failure]:
    """The arguments that did not come back as they were given."""
    name = part.cls.__name__
    parameters = {
        each.name: each
        for each in list(inspect.signature(part.cls.__init__).parameters.values())[1:]
        # `weights` are the first values of variables: what becomes of them is in the variables.
        if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY) and each.name != "weights"
    }
    for argument, parameter in parameters.items():
        there = argument in part.given
        if back is not None and argument in back:
            if there and (why := differs(part.given[argument], back[argument])):
                yield Failure(
                    CHECK,
                    f"{name} was given {argument!r} and is given another one when it is loaded{why}",
                    part.place("get_config"),
                    part.given[argument],
                    back[argument],
                    mend=f'return {{"{argument}": …}} from get_config() as it was given to __init__',
                )
            continue
        if argument in config and back is None:
            continue  # from_config raised before it came so far
        if not there and argument in SAID_WHERE_GIVEN:
            continue
        if there or (part.writes("get_config") and not part.writes("from_config") and argument not in config):
            yield _missing(part, argument, parameter, config)


def _missing(part: Part, argument: str, parameter: inspect.Parameter, config: dict[str, Any]) -> Failure:
    name = part.cls.__name__
    what = "the layer" if issubclass(part.cls, keras.layers.Layer) else "it"
    if parameter.default is parameter.empty:
        so = f"{what} cannot be rebuilt"
        actual = "not given"
    else:
        so = f"{what} comes back with its default, {parameter.default!r}"
        actual = f"its default, {parameter.default!r}"
    if argument in config:
        return Failure(
            CHECK,
            f"{name}.from_config() does not hand on {argument!r}, which get_config() returns: {so}",
            part.place("from_config"),
            part.given.get(argument),
            actual,
            mend=f"hand {argument!r} to the constructor: return cls(**config)",
        )
    return Failure(
        CHECK,
        f"{name}.get_config() does not return {argument!r}: {so}",
        part.place("get_config"),
        part.given.get(argument, "whatever it is given"),
        actual,
        mend=f'add "{argument}": self.{argument} to what get_config() returns',
    )
