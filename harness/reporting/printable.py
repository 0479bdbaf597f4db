"""Text of somebody else's, for a terminal: it cannot move the cursor, change a colour or turn the line round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def printable(text: str) -> str:
    """The text with every character that is not simply shown as an escape; its length stays of the same order."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escape(each) for each in text)


def printable_lines(text: str) -> str:
    """The same of each line of a text; the lines stay lines."""
    return "\n".join(map(printable, text.split("\n")))


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def keras_of(environment: Mapping[str, Any]) -> str:
    """The release of Keras, with the module that it is imported as where that is another than keras.

    >>> keras_of({"keras": "2.17.0", "module": "tf_keras"})
    '2.17.0 (tf_keras)'
    """
    module = environment.get("module", "keras")
    return str(environment["keras"]) if module == "keras" else f"{environment['keras']} ({module})"
