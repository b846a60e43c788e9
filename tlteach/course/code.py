"""Reading a notebook cell's Python: what its names stand for, wherever they were imported."""

import ast
import re
from collections.abc import Iterator


def parse(text: str) -> ast.Module:
    """The syntax tree of a cell, its magics and shell lines taken as `pass`. Raises SyntaxError."""
    return ast.parse(re.sub(r"^[%!].*$", "pass", text, flags=re.MULTILINE))


def imports(tree: ast.AST) -> dict[str, str]:
    """What each imported name stands for, in full: `import a.b as c` gives {"c": "a.b"}."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                found[name.asname or name.name.split(".")[0]] = name.name if name.asname else name.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                found[name.asname or name.name] = f"{node.module or ''}.{name.name}"
    return found


def qualified(node: ast.AST, known: dict[str, str]) -> str:
    """The full dotted name of an expression like `w.Output`, given what names stand for; "" for anything else."""
    if isinstance(node, ast.Name):
        return known.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{qualified(node.value, known)}.{node.attr}"
    return ""


def assigned(text: str) -> set[str]:
    """The names that a cell assigns at its top level."""
    return {target for statement in parse(text).body for target in targets(statement)}


def targets(node: ast.AST) -> Iterator[str]:
    """The plain names that an assignment binds, also inside tuples."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from (part.id for part in ast.walk(target) if isinstance(part, ast.Name))


def makes_figure(node: ast.AST, known: dict[str, str]) -> bool:
    """Whether an assignment binds what `plt.subplots`, `plt.figure` or an experiment's `plot` returns."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
        return False
    name = qualified(node.value.func, known)
    return name in ("matplotlib.pyplot.subplots", "matplotlib.pyplot.figure") or (
        name.startswith("tlteach.experiments.") and name.endswith("plot")
    )


def walk_outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """Like `ast.walk`, without the bodies of functions and classes: what runs when the cell runs."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from walk_outside_functions(child)
