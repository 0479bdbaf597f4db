"""The source of a custom class, cut out of the file of the worker that holds it."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "worker" / "custom.py"


class _Plain(ast.NodeTransformer):
    """Takes annotations and docstrings out, and what holds for another Keras."""

    def __init__(self, major: int) -> None:
        self.major = major

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        for argument in (*node.args.args, *node.args.kwonlyargs, *filter(None, (node.args.vararg, node.args.kwarg))):
            argument.annotation = None
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        self.generic_visit(node)
        return node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        if ast.unparse(node.test) == "MAJOR >= 3":
            return node.body if self.major >= 3 else node.orelse
        return node


@lru_cache
def source(name: str, major: int) -> tuple[str, ...]:
    """The lines of the class called `name`, registered as users do it; raises LookupError for an unknown one."""
    tree = ast.parse(FILE.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            text = ast.unparse(_Plain(major).visit(node))
            text = text.replace("@register(", "@keras.saving.register_keras_serializable(").replace("'", '"')
            return tuple(text.replace("):\n\n", "):\n").splitlines())
    raise LookupError(f"no custom class is called {name!r}")
