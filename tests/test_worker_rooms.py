"""The rooms that run inside the TensorFlow under test are understood by Python 3.9, where TensorFlow 2.12 still is."""

from __future__ import annotations

import ast
import builtins
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).resolve().parents[1] / "harness"
FILES = sorted(
    path
    for room in ("protocol", "worker", "routes", "observations", "workloads")
    for path in (HARNESS / room).glob("*.py")
)
TYPES = {name for name, value in vars(builtins).items() if isinstance(value, type)} | {"None", "Any"}
# Arguments that Python 3.10 brought, by the function that takes them.
LATER = {"zip": {"strict"}, "dataclass": {"slots", "kw_only"}, "field": {"kw_only"}}


def faults(source: str) -> list[str]:
    """What Python 3.9 would not take, each with its line."""
    tree = ast.parse(source, feature_version=(3, 9))
    found = [f"{each.lineno}: match" for each in ast.walk(tree) if isinstance(each, ast.Match)]
    postponed = any(isinstance(each, ast.ImportFrom) and each.module == "__future__" for each in tree.body)
    evaluated = [] if postponed else list(_annotations(tree))
    # A union that is no annotation is evaluated wherever it stands: in an alias, in isinstance.
    inside = {id(each) for annotation in _annotations(tree) for each in ast.walk(annotation)}
    found += [f"{each.lineno}: {ast.unparse(each)}" for each in evaluated for part in ast.walk(each) if _union(part)]
    for each in ast.walk(tree):
        if _union(each) and id(each) not in inside:
            found.append(f"{each.lineno}: {ast.unparse(each)}")  # type: ignore[attr-defined]
        if isinstance(each, ast.Call):
            name = ast.unparse(each.func).rpartition(".")[2]
            given = {keyword.arg for keyword in each.keywords} & LATER.get(name, set())
            found += [f"{each.lineno}: {name}({argument}=)" for argument in given]
    return found


def _annotations(tree: ast.AST) -> list[ast.expr]:
    found: list[ast.expr | None] = []
    for each in ast.walk(tree):
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append(each.returns)
        elif isinstance(each, (ast.arg, ast.AnnAssign)):
            found.append(each.annotation)
    return [each for each in found if each is not None]


def _union(node: ast.AST) -> bool:
    """``X | Y`` of types, as far as can be seen: one side is a built-in type, None, or has brackets."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)):
        return False
    sides = (node.left, node.right)
    return any(
        ast.unparse(side) in TYPES or (isinstance(side, ast.Subscript) and ast.unparse(side.value) in TYPES)
        for side in sides
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_worker_room_is_written_for_python_3_9(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "def f(x: int | None): ...",
        "from __future__ import annotations\nKind = int | None",
        "from __future__ import annotations\nisinstance(1, int | str)",
        "list(zip([], [], strict=True))",
        "@dataclass(frozen=True, slots=True)\nclass A: ...",
    ],
)
def test_what_python_3_9_does_not_take_is_seen(source: str) -> None:
    assert faults(source)


def test_syntax_of_later_pythons_is_seen() -> None:
    with pytest.raises(SyntaxError):
        faults("match 1:\n    case 1: pass")


def test_what_is_written_right_is_left_alone() -> None:
    assert not faults("from __future__ import annotations\ndef f(x: int | None): return {1} | {2}, a & b | c")


def test_nothing_of_the_driver_is_needed_to_read_an_architecture() -> None:
    """The protocol alone, in an interpreter that sees no site-packages."""
    code = f"import sys; sys.path.insert(0, {str(HARNESS.parent)!r})\nimport harness.protocol.architecture"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
