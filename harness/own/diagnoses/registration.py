"""Registration: a file names a class by its registered name, and what is not registered cannot be loaded again.

Within one program it may go unseen for years, as every load is given `custom_objects`; the program that only loads the
model fails. Keras 3.9 and later import nothing that a file names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.own.making import Made
from harness.own.parts import functions_of, is_registered, parts, registered_over
from harness.own.report import Failure


def diagnose(built: Made) -> Iterator[Failure]:
    """A failure for each class, and each function compiled with, neither registered nor in `custom_objects`."""
    known = dict(built.case.custom_objects or {}).values()
    for part in parts(built):
        name = part.cls.__name__
        if part.cls in known or is_registered(part.cls):
            continue
        if (other := registered_over(part.cls)) is not None:
            yield Failure(
                "registration",
                f"the name under which {name} is registered names another class: a file that holds it is read as"
                f" {other.__module__}.{other.__qualname__}",
                part.place("__init__").partition(" ")[0],
                name,
                other.__name__,
                mend="give each class a name or a package of its own in register_keras_serializable; where the class"
                " was defined twice (a cell of a notebook run again), make the layer of the one that was defined last",
            )
            continue
        yield Failure(
            "registration",
            f"{name} is not registered: no file that holds it can be loaded by its name",
            part.place("__init__").partition(" ")[0],
            f"a registered name, such as 'my_package>{name}'",
            f"{name!r} alone",
            mend=_mend("class", name),
        )
    for function in functions_of(built.subject.model):
        if function in known or is_registered(function):
            continue
        name, code = function.__name__, function.__code__
        yield Failure(
            "registration",
            f"the function {name}, which the model is compiled with, is not registered: no file that holds it can be"
            " loaded by its name",
            f"{Path(code.co_filename).name}:{code.co_firstlineno}",
            f"a registered name, such as 'my_package>{name}'",
            f"{name!r} alone",
            mend="give it a name (def), and register that: @keras.saving.register_keras_serializable()"
            if name == "<lambda>"
            else _mend("def", name),
        )


def _mend(kind: str, name: str) -> str:
    return (
        f'write @keras.saving.register_keras_serializable(package="my_package") above {kind} {name}, or give'
        f' custom_objects={{"{name}": {name}}} to every load (and to this check)'
    )
