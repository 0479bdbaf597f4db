"""Whether each name of a script is there when it is used: Python looks no sooner than it runs the line."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator


def used_too_early(script: str) -> set[str]:
    """The names that the lines of a script use before a line has made them; functions are called later.

    >>> used_too_early("data = masked\\nmasked = 1")
    {'masked'}
    >>> used_too_early("for a in [b for b in range(3)]:\\n    print(a)")
    set()
    """
    made = {*dir(builtins), "__file__"}
    found: set[str] = set()

    def look(body: list[ast.stmt]) -> None:
        for statement in body:
            if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                made.add(statement.name)
                continue
            blocks = [each for _, each in ast.iter_fields(statement) if isinstance(each, list)]
            inner = [each for each in blocks if each and isinstance(each[0], (ast.stmt, ast.ExceptHandler))]
            within = {node for block in inner for each in block for node in ast.walk(each)}
            own = [node for node in ast.walk(statement) if node not in within]
            found.update(_of(own, ast.Load) - made - {name for node in own for name in _bound_in(node)})
            made.update(_of(own, ast.Store), *(_imported(node) for node in own))
            for block in inner:
                for each in block:
                    if isinstance(each, ast.ExceptHandler):
                        made.update([each.name] if each.name else [])
                        look(each.body)
                look([each for each in block if isinstance(each, ast.stmt)])

    look(ast.parse(script).body)
    return found


def _of(nodes: list[ast.AST], context: type[ast.expr_context]) -> set[str]:
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def _bound_in(node: ast.AST) -> Iterator[str]:
    """Names that an expression makes for itself."""
    if isinstance(node, ast.comprehension):
        yield from _of(list(ast.walk(node.target)), ast.Store)
    if isinstance(node, ast.Lambda):
        yield from (each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg))


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [(each.asname or each.name).partition(".")[0] for each in node.names]
    return []
