"""What a check says: one message, as text that is the same at every run and as HTML for both themes.

Colour only repeats what a symbol and a word already say, and comes from JupyterLab's own variables.
"""

import html
import itertools
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from tlteach.course.exercises.behaviour import is_number, same

SYMBOLS = {"right": "✓", "wrong": "✗", "error": "⚠", "not attempted": "◻", "tried": "✗", "solved": "✓", "hint": "?"}
_COLOURS = {"right": "success", "solved": "success", "wrong": "error", "tried": "error", "error": "warn"}


@dataclass(frozen=True)
class Code:
    """Text that is shown letter by letter."""

    text: str

    def html(self) -> str:
        return (
            '<pre style="margin: 4px 0; padding: 4px 8px; color: inherit; background: transparent; '
            f'border: 1px solid var(--jp-border-color2, currentColor)">{html.escape(self.text, quote=False)}</pre>'
        )


@dataclass(frozen=True)
class Message:
    """A headline and what follows: sentences, code, tables of named values."""

    tone: str  # a key of SYMBOLS
    head: str
    body: Sequence["str | Code | Tables"] = field(default_factory=tuple)
    items: Sequence[str] = field(default_factory=tuple)  # short things after the headline, on the same line

    def __repr__(self) -> str:
        lines = [f"{SYMBOLS[self.tone]} {self.head}" + ("   " + " · ".join(self.items) if self.items else "")]
        for part in self.body:
            text = part if isinstance(part, str) else part.text
            lines += ["  " + line if line else "" for line in text.splitlines()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        colour = f"var(--jp-{_COLOURS[self.tone]}-color1, currentColor)" if self.tone in _COLOURS else "currentColor"
        parts = [f"<strong>{SYMBOLS[self.tone]} {_inline(self.head)}</strong>"]
        parts += [f' <span style="white-space: nowrap; margin-left: 1em">{_inline(item)}</span>' for item in self.items]
        for part in self.body:
            parts.append(_prose(part) if isinstance(part, str) else part.html())
        return (
            f'<div role="note" style="border-left: 4px solid {colour}; padding: 2px 0 2px 10px; '
            f'color: var(--jp-content-font-color1, currentColor); line-height: 1.5">{"".join(parts)}</div>'
        )

    def with_notes(self, notes: Sequence[str]) -> "Message":
        """The same with further sentences at its end."""
        return replace(self, body=[*self.body, *notes]) if notes else self

    def show(self) -> None:
        """Display in a notebook; print anywhere else, with `?` for what the terminal cannot show."""
        if "IPython" in sys.modules:
            from IPython import get_ipython
            from IPython.display import display

            if get_ipython() is not None:
                display(self)
                return
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        print(repr(self).encode(encoding, "replace").decode(encoding))


class Tables:
    """Named values as small tables. `pairs` sets one name against another: the cells that differ are marked."""

    def __init__(self, values: Mapping[str, Any], pairs: Mapping[str, str] | None = None):
        self.values, self.pairs = values, pairs or {}

    @property
    def text(self) -> str:
        width = max(map(len, self.values), default=0)
        blocks = []
        for name, value in self.values.items():
            lines = _rows_as_text(self._cells(name, value))
            blocks.append(f"{name:<{width}}  " + ("\n" + " " * (width + 2)).join(lines))
        return "\n".join(blocks)

    def html(self) -> str:
        tables = "".join(self._table(name, value) for name, value in self.values.items())
        style = "display: flex; flex-wrap: wrap; align-items: flex-start; gap: 4px 20px; margin: 6px 0"
        return f'<div style="{style}">{tables}</div>'

    def _table(self, name: str, value: Any) -> str:
        cells = self._cells(name, value)
        if isinstance(cells, str):
            return f"<div>{html.escape(name)}<br/><code>{html.escape(cells)}</code></div>"
        other = self._cells(self.pairs[name], self.values[self.pairs[name]]) if name in self.pairs else cells
        alike = [len(row) for row in cells] == [len(row) for row in other] if not isinstance(other, str) else False
        rows = ""
        for i, row in enumerate(cells):
            marks = [alike and cell != other[i][j] for j, cell in enumerate(row)]
            rows += "<tr>" + "".join(_cell(cell, mark) for cell, mark in zip(row, marks, strict=True)) + "</tr>"
        style = "text-align: left; color: inherit; white-space: nowrap"
        caption = f'<caption style="{style}">{html.escape(name)}</caption>'
        return f'<table style="margin: 0; border-collapse: collapse; color: inherit">{caption}{rows}</table>'

    def _cells(self, name: str, value: Any) -> "str | list[list[str]]":
        """Rows of numbers as text, with digits enough to tell a value from the one it is set against."""
        partner = {**self.pairs, **{b: a for a, b in self.pairs.items()}}.get(name)
        for digits in (3, 5, 8):
            cells = _cells(value, digits)
            if partner is None or same(value, self.values[partner]) or cells != _cells(self.values[partner], digits):
                break
        return cells


def _cells(value: Any, digits: int) -> "str | list[list[str]]":
    if isinstance(value, tuple | list) and value and all(map(is_number, value)):
        return ", ".join(f"{_cells(item, digits)}" for item in value)
    if not is_number(value):
        return str(value)
    if isinstance(value, bool):
        return str(value)
    if not isinstance(value, torch.Tensor) or value.dim() == 0:
        return number(float(value.item() if isinstance(value, torch.Tensor) else value), digits)
    if not value.numel():
        return f"nothing, of shape {tuple(value.shape)}"
    places = itertools.product(*map(range, value.shape[:-1]))
    return [
        [f"[{','.join(map(str, place))}]"] * (len(place) > 1) + [number(item, digits) for item in value[place].tolist()]
        for place in places
    ]


def number(value: float, digits: int = 3) -> str:
    """A number in a few digits, without trailing zeros and without minus zero."""
    text = f"{value:.{digits}g}"
    return "0" if text == "-0" else text


def _rows_as_text(cells: "str | list[list[str]]") -> list[str]:
    if isinstance(cells, str):
        return cells.splitlines() or [""]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [" ".join(map(str.rjust, row, widths)) for row in cells]


def _cell(text: str, differs: bool) -> str:
    inside = f"<strong>≠ {text}</strong>" if differs else text
    return f'<td style="text-align: right; padding: 1px 6px; border: 1px solid currentColor">{inside}</td>'


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def _prose(text: str) -> str:
    """Paragraphs; one whose lines are all indented is code."""
    parts = []
    for paragraph in text.split("\n\n"):
        if all(line.startswith("    ") for line in paragraph.splitlines()):
            parts.append(Code(re.sub(r"(?m)^ {4}", "", paragraph)).html())
        else:
            parts.append(f'<div style="margin: 2px 0">{_inline(paragraph)}</div>')
    return "".join(parts)
