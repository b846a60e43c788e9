"""`tlteach build --check`: do the committed notebooks follow from their sources?"""

import difflib
from collections.abc import Iterable

from tlteach.course import readme, source
from tlteach.course.lessons import Checkout
from tlteach.errors import BadFile


def check(checkout: Checkout, names: Iterable[str] = ()) -> list[str]:
    """What in the committed notebooks does not follow from the sources, in words; empty when all is in step."""
    problems = []
    for name in checkout.select(names):
        try:
            notebook = source.read(checkout.source(name))
        except source.SourceError as error:
            problems.append(str(error))
            continue
        for verdict in (_student(checkout, name, notebook), _solution(checkout, name, notebook)):
            if verdict:
                problems.append(verdict)
    if not names:
        known = set(checkout.names())
        files = [*checkout.root.glob("tutorials/*.ipynb"), *checkout.root.glob("solutions/*.ipynb")]
        problems += [
            f"{file.relative_to(checkout.root).as_posix()} has no source; delete it."
            for file in sorted(files)
            if file.stem not in known
        ]
        problems += _readme(checkout)
    return problems


def _readme(checkout: Checkout) -> list[str]:
    try:
        fresh = readme.is_fresh(checkout)
    except BadFile as error:
        return [str(error)]
    return [] if fresh else ["The table of lessons in README.md is out of date; run `tlteach build --no-execute`."]


def _student(checkout: Checkout, name: str, notebook) -> str:
    """What is wrong with a committed student notebook: it must equal what the source gives, byte for byte."""
    path, expected = checkout.student(name), source.student(notebook)
    label, repair = f"tutorials/{name}.ipynb", f"run `tlteach build {name[:2]} --no-execute`"
    if path.is_file() and path.read_bytes() == source.dumps(expected).encode():
        return ""
    try:
        found = source.load(path)
    except BadFile as error:
        return str(error)
    difference = _difference(found, expected) or "  (outputs, metadata or formatting)"
    return f"{label} differs from its source; edit solutions/{name}.py only, then {repair}.\n{difference}"


def _solution(checkout: Checkout, name: str, notebook) -> str:
    """What is wrong with a committed solution: its cells must be the source's, executed at the lesson preset."""
    path, expected = checkout.solution(name), source.solution(notebook)
    label, repair = f"solutions/{name}.ipynb", f"run `tlteach build {name[:2]}`"
    try:
        found = source.load(path)
    except BadFile as error:
        return str(error)
    if difference := _difference(found, expected):
        return f"{label} was executed from another version of its source; {repair}.\n{difference}"
    header = dict(found.metadata.get("tlteach", {}))
    how = header.pop("executed", {})
    if header != expected.metadata.get("tlteach", {}):
        return f"{label} has another header than its source; {repair}."
    if how.get("preset") != "lesson":
        return f"{label} was executed at preset {how.get('preset')!r}, not 'lesson'; {repair}."
    if any(output.output_type == "error" for cell in found.cells for output in cell.get("outputs", [])):
        return f"{label} holds an error; {repair}."
    return ""


def _difference(found, expected, limit: int = 12) -> str:
    """The first differing cell of two notebooks as an indented diff; empty when the cells are the same."""
    for number, (old, new) in enumerate(zip(found.cells, expected.cells, strict=False), 1):
        if (old.cell_type, old.source, old.metadata) != (new.cell_type, new.source, new.metadata):
            lines = difflib.unified_diff(
                old.source.splitlines(), new.source.splitlines(), "committed", "source", lineterm="", n=1
            )
            shown = list(lines)[:limit] or ["(kind or metadata)"]
            return "\n".join([f"  cell {number}:", *(f"    {line}" for line in shown)])
    if len(found.cells) != len(expected.cells):
        return f"  {len(found.cells)} cells committed, {len(expected.cells)} in the source"
    return ""
