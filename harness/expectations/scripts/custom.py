"""The source of a custom class, cut out of the file of the worker that holds it, with the classes that it needs."""

from __future__ import annotations

import ast
import copy
from functools import lru_cache
from pathlib import Path

WORKER = Path(__file__).resolve().parents[2] / "worker"
FILES = ("custom_layers.py", "custom_models.py", "custom.py")


class _Plain(ast.NodeTransformer):
    """Takes annotations and docstrings out, and what holds for another Keras."""

    def __init__(self, major: int) -> None:
        self.major = major

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        for argument in (*node.args.args, *node.args.kwonlyargs, *filter(None, (node.args.vararg, node.args.kwarg))):
            argument.annotation = None
        self.generic_visit(node)
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is None:
            return node
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        self.generic_visit(node)
        node.body = [each for each in node.body if not _only_asks_its_base(each)]
        return node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        if ast.unparse(node.test) == "MAJOR >= 3":
            return node.body if self.major >= 3 else node.orelse
        return node


def _only_asks_its_base(method: ast.stmt) -> bool:
    """Whether a method does nothing but return what that of the base class returns: it is there for its types."""
    if not isinstance(method, ast.FunctionDef) or len(method.body) != 2:
        return False
    asked, given = method.body
    return (
        isinstance(asked, ast.Assign)
        and isinstance(given, ast.Return)
        and ast.unparse(asked.value) == f"super().{method.name}()"
        and given.value is not None
        and ast.unparse(given.value) == ast.unparse(asked.targets[0])
    )


@lru_cache
def _parsed() -> dict[str, ast.ClassDef | ast.FunctionDef]:
    return {
        node.name: node
        for file in FILES
        for node in ast.parse((WORKER / file).read_text(encoding="utf-8")).body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    }


@lru_cache
def source(name: str, major: int) -> tuple[str, ...]:
    """The lines of the class called `name`, registered as users do it; raises LookupError for an unknown one."""
    if name not in _parsed():
        raise LookupError(f"no custom class is called {name!r}")
    node = copy.deepcopy(_parsed()[name])
    bases = [each.id for each in getattr(node, "bases", ()) if isinstance(each, ast.Name)]
    text = ast.unparse(_Plain(major).visit(node))
    text = text.replace("@register(", "@keras.saving.register_keras_serializable(").replace("'", '"')
    before = [line for base in bases for line in (*source(base, major), "")]
    return (*before, *text.replace("):\n\n", "):\n").splitlines())
