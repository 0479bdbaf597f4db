"""What the group of a layer is called: by its class in small letters, and its number among those of the class."""

from __future__ import annotations

import re
from collections import Counter

# Exported under another name than the class has, after which its group is called.
CLASSES = {"GroupQueryAttention": "GroupedQueryAttention"}


def numbered(class_name: str, used: Counter[str]) -> str:
    """The name of the next group of a class, which is counted."""
    own = class_name.rpartition(">")[2]
    word = _snake(CLASSES.get(own, own))
    name = f"{word}_{used[word]}" if used[word] else word
    used[word] += 1
    return name


def _snake(name: str) -> str:
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
