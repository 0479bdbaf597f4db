"""Text of somebody else's within Markdown."""

from __future__ import annotations

import re

from harness.reporting.printable import printable

MEANS = re.compile(r"[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])")  # something in Markdown; my_model.keras does not


def safe(text: str) -> str:
    """Text that is shown as it is: it ends no cell, begins no tag, link or emphasis, and calls nobody."""
    return MEANS.sub(lambda found: f"&#{ord(found[0])};", printable(" ".join(text.split()))).replace("@", "@&#8203;")
