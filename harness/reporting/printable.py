"""Text of somebody else's, for a terminal: it cannot move the cursor, change a colour or turn the line round."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with every character that is not simply shown as an escape; its length stays of the same order."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escape(each) for each in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
