"""Reading what a student's function raised: an empty stub, or a mistake on a certain line of theirs."""

import ast
import dis
import inspect
import linecache
import os
import site
import sysconfig
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

_BLANK = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "CACHE"}
_PACKAGE = Path(__file__).resolve().parents[2]
_FOLDERS = [sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
_LIBRARIES = ("<frozen ", *(f"{folder}{os.sep}" for folder in [_PACKAGE, site.getusersitepackages(), *_FOLDERS]))


def is_blank(function: Callable) -> bool:
    """Whether the body does nothing: `pass`, `...`, `return None`, a docstring alone."""
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    instructions = list(dis.get_instructions(code))
    constants = [step.argval for step in instructions if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return all(step.opname in _BLANK for step in instructions) and all(c is None or c is ... for c in constants)


def is_unfinished(error: Exception | None, function: Callable) -> bool:
    """Whether the error is the stub's own: `raise NotImplementedError`, or a `...` that was never replaced.

    The same class raised by torch (an operation that does not exist for a type) or by another stub that the function
    calls is a mistake like any other.
    """
    if isinstance(error, TypeError) and "ellipsis" in str(error):
        return True
    if not isinstance(error, NotImplementedError):
        return False
    last = _frames(error)[-1]
    code, at = last.tb_frame.f_code, last.tb_lasti
    own = getattr(inspect.unwrap(function), "__code__", code)
    return code is own and dis.opname[code.co_code[at]] == "RAISE_VARARGS"


def has_blanks(value: Any) -> bool:
    """Whether a `...` stands where an answer should be."""
    return value is ... or (isinstance(value, tuple | list) and any(map(has_blanks, value)))


def leftover(function: Callable, error: Exception | None) -> str:
    """What is still to be removed from a function that was begun; empty for an untouched stub."""
    if not isinstance(error, NotImplementedError):
        return "A `...` still stands where your answer should be."
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0].body
    except (OSError, TypeError, SyntaxError, AttributeError):
        return ""
    written = [line for line in body if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))]
    reached = "The line `raise NotImplementedError` is still reached: remove it when your code is in."
    return reached if len(written) > 1 else ""


def where(error: Exception, function: Callable) -> tuple[int, str] | None:
    """The line of the student's code that raised: its number in the cell or file, and its text."""
    theirs = [frame for frame in _frames(error) if _is_theirs(frame.tb_frame.f_code.co_filename)]
    if theirs:
        number, name = theirs[-1].tb_lineno, theirs[-1].tb_frame.f_code.co_filename
        return number, linecache.getline(name, number).strip()
    code = getattr(function, "__code__", None)  # called with the wrong arguments: the line of its `def`
    if code is None:
        return None
    return code.co_firstlineno, linecache.getline(code.co_filename, code.co_firstlineno).strip()


def full_trace(error: Exception) -> str:
    """The whole traceback, from the student's first line on."""
    frames = _frames(error)
    first = next((frame for frame in frames if _is_theirs(frame.tb_frame.f_code.co_filename)), None)
    return "".join(traceback.format_exception(type(error), error, first or error.__traceback__)).rstrip()


def _frames(error: BaseException) -> list[TracebackType]:
    frames, frame = [], error.__traceback__
    while frame:
        frames.append(frame)
        frame = frame.tb_next
    return frames


def _is_theirs(filename: str) -> bool:
    return not filename.startswith(_LIBRARIES)
