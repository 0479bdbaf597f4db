"""Runs the sentences of `tests/inside` in one process: a worker's rooms import TensorFlow, and the tests do not.

A sentence is a function that asserts what its name says. Its random numbers are those of one seed each time; one that
has a parameter is given an empty folder.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import sys
import tempfile
import traceback
from pathlib import Path

HERE = Path(__file__).parent


def sentences(subject: str) -> list[str]:
    """Those of a file, as `file.name`, without importing it."""
    tree = ast.parse((HERE / f"{subject}.py").read_text(encoding="utf-8"))
    names = [each.name for each in tree.body if isinstance(each, ast.FunctionDef)]
    return [f"{subject}.{name}" for name in names if not name.startswith("_")]


def tell(name: str) -> str:
    """What the sentence of this name raised: nothing where it is true."""
    subject, _, sentence = name.partition(".")
    told = getattr(importlib.import_module(f"tests.inside.{subject}"), sentence)
    importlib.import_module("harness.worker.states").reseed(1)
    with tempfile.TemporaryDirectory() as folder:
        try:
            told(*[Path(folder)][: len(inspect.signature(told).parameters)])
        except Exception:
            return traceback.format_exc()
    return ""


def main(*subjects: str) -> None:
    """Prints, as JSON, what each of these raised."""
    json.dump({name: tell(name) for subject in subjects for name in sentences(subject)}, sys.stdout)
