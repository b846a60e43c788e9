"""From one text source to a student notebook and a solution notebook.

A source is `solutions/NN_name.py` in jupytext's `py:percent` form. What is asked of the student stands between
nbgrader's markers:

    ### BEGIN SOLUTION
    ### STUB: return trace            <- optional: what the student sees instead of the default stub
    return (1 - eta) * trace + ...
    ### END SOLUTION

Everything here is a pure function of the text, cell ids included, so that a second run gives the same bytes.
"""

import hashlib
import re
from collections import Counter
from copy import deepcopy
from pathlib import Path

from tlteach.errors import BadFile, InvalidInput

NAME = re.compile(r"\d\d_[a-z0-9_]+")
STUB = {"code": 'raise NotImplementedError("your turn")', "markdown": "*Your answer here.*"}
_BEGIN, _END, _STUB = "### BEGIN SOLUTION", "### END SOLUTION", "### STUB:"
_LOOKS_LIKE_MARKER = re.compile(r"#+ *((BEGIN|END)\b.*\bSOL\w*|STUB:?)(?!\w)", re.IGNORECASE)


class SourceError(InvalidInput):
    """A lesson's source that cannot be turned into a notebook."""


def read(path: str | Path):
    """The whole notebook written at `path`: solutions and markers in it, no outputs, ids derived from the text.

    Raises SourceError (file, cell, what to do) when the file cannot be read, has no `parameters` cell or has
    markers that do not pair up.
    """
    try:
        import jupytext  # slow, and only instructors have it
    except ImportError:
        raise SourceError(
            'reading a source needs jupytext: pip install "tlteach[instructor]", or `make build`.'
        ) from None
    import nbformat

    path = Path(path)
    if not NAME.fullmatch(path.stem):
        raise SourceError(f"{path.name}: a lesson's source is called NN_name.py, for example 03_learning_to_learn.py.")
    try:
        notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist; lesson sources are the files solutions/NN_name.py.") from None
    except Exception as error:  # jupytext lets the errors of YAML and of the file system through
        raise SourceError(f"{path.name} cannot be read as py:percent: {error}") from error
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    _normalise(notebook, path.stem)
    _check(notebook, path.stem)
    return nbformat.from_dict(notebook)


def student(notebook):
    """A copy of `notebook` in which every solution is replaced by its stub."""
    return _rewritten(notebook, _stub)


def solution(notebook):
    """A copy of `notebook` without the marker lines."""
    return _rewritten(notebook, lambda cell_type, indent, lines: [line for line in lines if not _is_stub(line)])


def dumps(notebook) -> str:
    """The text of `notebook` as it stands on disk; the same notebook always gives the same text."""
    import nbformat

    return nbformat.writes(notebook) + "\n"


def load(path: Path):
    """The notebook that stands at `path`. Raises BadFile when it is missing or damaged."""
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise BadFile(f"{path.parent.name}/{path.name} is missing; run `tlteach build {path.stem[:2]}`.") from None
    except Exception as error:  # nbformat raises many kinds
        told = f"{path.parent.name}/{path.name} is not a notebook ({error})"
        raise BadFile(f"{told}; delete it and run `tlteach build {path.stem[:2]}`.") from None


def is_exercise(cell) -> bool:
    """Whether `cell` asks something of the student (it holds a solution region)."""
    return any(line.strip() == _BEGIN for line in cell.source.split("\n"))


def _normalise(notebook, name: str) -> None:
    """Derived ids, and no metadata but what a reader of the notebook needs."""
    notebook.metadata.pop("jupytext", None)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python"}
    seen = Counter()
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)
        if "hide-input" in cell.metadata.get("tags", []):
            cell.metadata["jupyter"] = {"source_hidden": True}
        # An id follows its text, so that inserting a cell leaves all the others alone.
        text = f"{name}/{cell.cell_type}/{cell.source}"
        cell["id"] = hashlib.sha256(f"{text}/{seen[text]}".encode()).hexdigest()[:12]
        seen[text] += 1


def _check(notebook, name: str) -> None:
    """Raise SourceError unless the parameters cell is there and the markers pair up."""
    first = next((cell for cell in notebook.cells if cell.cell_type == "code"), None)
    if first is None or "parameters" not in first.metadata.get("tags", []):
        raise SourceError(
            f"{name}: the first code cell must be the parameters cell. "
            'Begin it with `# %% tags=["parameters"]` and set PRESET and SEED in it.'
        )
    for number, cell in enumerate(notebook.cells, 1):
        where, inside = f"{name}, cell {number}", False
        for line in cell.source.split("\n"):
            text = line.strip()
            if text == _BEGIN and inside:
                raise SourceError(f"{where}: `{_BEGIN}` inside a solution; close the first with `{_END}`.")
            if text == _END and not inside:
                raise SourceError(f"{where}: `{_END}` without a `{_BEGIN}` before it.")
            if text in (_BEGIN, _END):
                inside = text == _BEGIN
            elif _is_stub(line):
                if not inside:
                    raise SourceError(f"{where}: `{text}` stands outside a solution; put it below `{_BEGIN}`.")
            elif _LOOKS_LIKE_MARKER.fullmatch(text):
                # A misspelt marker would hand the solution to the students.
                raise SourceError(f"{where}: `{text}` is no marker; write `{_BEGIN}`, `{_STUB} ...` or `{_END}`.")
        if inside:
            raise SourceError(f"{where}: `{_BEGIN}` is never closed; add `{_END}` in the same cell.")


def _rewritten(notebook, region):
    """A copy of `notebook` whose solution regions are replaced by `region(cell_type, indent, lines)`."""
    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        lines, held, indent = [], None, ""
        for line in cell.source.split("\n"):
            if line.strip() == _BEGIN:
                held, indent = [], line[: len(line) - len(line.lstrip())]
            elif line.strip() == _END:
                lines += region(cell.cell_type, indent, held)
                held = None
            elif held is not None:
                held.append(line)
            else:
                lines.append(line)
        cell.source = "\n".join(lines)
    return notebook


def _stub(cell_type: str, indent: str, lines: list[str]) -> list[str]:
    """The authored stub of a region, else the default one."""
    authored = [line.strip()[len(_STUB) :].removeprefix(" ") for line in lines if _is_stub(line)]
    return [(indent + line).rstrip() for line in authored or [STUB[cell_type]]]


def _is_stub(line: str) -> bool:
    return line.strip().startswith(_STUB)
