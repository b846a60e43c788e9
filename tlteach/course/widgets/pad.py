"""Surfaces to draw on, by pointer or by keyboard: `StrokePad` for lines, `CellPad` for painting cells of a grid, and
`PointPad` for a single place.

The page script (page.js) draws while a pen moves and carries the pad's whole state to Python through a hidden text
field. Python draws a pad again only when it changes what is on it, never in the middle of a stroke; each such time
has a number, and what the page sends about an earlier one is ignored.
"""

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets
import numpy as np

from tlteach.course.widgets.base import new_name
from tlteach.errors import InvalidInput

PAPER, INK, MARK = "#fff", "#111", "#e42536"  # a page is white in the dark, too: the network sees it so


class Pad:
    """What both kinds share. `view` is to be laid out; `on_change()` is called when somebody has drawn."""

    kind, paper = "", PAPER

    def __init__(self, label: str, size: int, units: int, on_change: Callable[[], Any], step: float):
        self.label, self.size, self.units, self.step, self.on_change = label, size, units, step, on_change
        self.name, self.version, self.state, self.touched = new_name("pad"), 0, "", False
        self.html = ipywidgets.HTML()
        self.field = ipywidgets.Text(layout={"display": "none"})
        self.field.add_class(self.name)
        self.field.observe(self._received, "value")
        self.view = ipywidgets.VBox([self.html, self.field])

    def draw(self, under: str = "") -> None:
        """Show the state as it stands now, over a picture `under` (SVG, in the pad's units)."""
        self.version += 1
        data = {"pad": self.name, "kind": self.kind, "version": self.version, "units": self.units, "step": self.step}
        data |= self.settings() | {"state": self.state}
        attributes = " ".join(f'data-tl-{key}="{value}"' for key, value in data.items())
        self.html.value = (
            f'<div class="tl-pad" role="application" tabindex="0" aria-label="{escape(self.label)}" '
            f'{attributes}><svg aria-hidden="true" viewBox="0 0 {self.units} '
            f'{self.units}" width="{self.size}" height="{self.size}" style="background:{self.paper};border-radius:3px;'
            f'box-shadow:0 0 0 1px #888">{under}<path class="tl-ink" d="{self.path()}" {self.ink()}/>{self.pen()}'
            '</svg><div class="tl-say" role="status"></div></div>'
        )

    def settings(self) -> dict[str, Any]:
        return {}

    def _received(self, change: Any) -> None:
        version, _, state = change["new"].partition("|")
        if version == str(self.version) and state != self.state:
            self.state, self.touched = state, True
            self.on_change()


class StrokePad(Pad):
    """Lines. The page is 105 units wide, as Omniglot's; `strokes` are points (x, y) in 0 to 1."""

    kind = "strokes"

    def __init__(self, label: str, size: int, on_change: Callable[[], Any]):
        super().__init__(label, size, 105, on_change, step=7)

    @property
    def strokes(self) -> list[list[tuple[float, float]]]:
        return [[self._point(point) for point in stroke.split()] for stroke in self.state.split(";") if stroke]

    def undo(self) -> None:
        """Take the last stroke back."""
        self.state = self.state.rpartition(";")[0]

    def _point(self, point: str) -> tuple[float, float]:
        try:
            x, y = (min(max(float(part) / self.units, 0.0), 1.0) for part in point.split(","))
        except ValueError as error:
            raise InvalidInput(f"a pad sent {point!r}; expected a point x,y") from error
        return x, y

    def path(self) -> str:
        strokes = [stroke.split() for stroke in self.state.split(";") if stroke]
        return "".join(f"M{'L'.join(points)}" + ("h0.01" if len(points) < 2 else "") for points in strokes)

    def ink(self) -> str:
        return f'fill="none" stroke="{INK}" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"'

    def pen(self) -> str:
        return f'<circle class="tl-pen" r="4" fill="{MARK}" fill-opacity="0" stroke="{MARK}" stroke-width="1.5"/>'


class CellPad(Pad):
    """Cells of a grid of `units` x `units` that can be painted, `mask` says which are; `paint` False wipes them off."""

    kind = "cells"

    def __init__(self, label: str, size: int, units: int, on_change: Callable[[], Any], brush: int):
        super().__init__(label, size, units, on_change, step=1)
        self.brush, self.paint, self.state = brush, True, "0" * units**2

    def settings(self) -> dict[str, Any]:
        return {"brush": self.brush, "paint": int(self.paint)}

    @property
    def mask(self) -> np.ndarray:
        """(units * units,) bool."""
        if len(self.state) != self.units**2 or set(self.state) - {"0", "1"}:
            raise InvalidInput(f"a pad sent {self.state[:20]!r}; expected {self.units**2} times 0 or 1")
        return np.array([cell == "1" for cell in self.state])

    @mask.setter
    def mask(self, mask: np.ndarray) -> None:
        self.state = "".join("01"[int(cell)] for cell in mask)

    def path(self) -> str:
        return cells_path(self.mask, self.units)

    def ink(self) -> str:
        return f'fill="{MARK}" fill-opacity="0.55"'

    def pen(self) -> str:
        half = self.brush / 2
        return (
            f'<rect class="tl-pen" x="{-half}" y="{-half}" width="{self.brush}" height="{self.brush}" fill="{MARK}" '
            f'fill-opacity="0" stroke="{MARK}" stroke-width="{self.units / 100}"/>'
        )


class PointPad(Pad):
    """One place (x, y) in a square window from -half to half, y upwards: it follows the pointer, or the arrow keys.

    The pad is transparent: it lies over a picture of the same size, which may change while somebody drags.
    """

    kind, paper = "point", "transparent"

    def __init__(self, label: str, size: int, half: float, on_change: Callable[[], Any]):
        super().__init__(label, size, 1000, on_change, step=1000 / 2 / half / 10)  # a tenth of a unit a key
        self.half, self.state = half, "500,500"

    @property
    def place(self) -> tuple[float, float]:
        try:
            x, y = (min(max(float(part) / self.units, 0.0), 1.0) for part in self.state.split(","))
        except ValueError as error:
            raise InvalidInput(f"a pad sent {self.state[:20]!r}; expected a place x,y") from error
        return (2 * x - 1) * self.half, (1 - 2 * y) * self.half

    @place.setter
    def place(self, place: tuple[float, float]) -> None:
        x, y = (min(max(part / self.half, -1.0), 1.0) for part in place)
        self.state = f"{round((x + 1) / 2 * self.units, 1):g},{round((1 - y) / 2 * self.units, 1):g}"

    def path(self) -> str:
        x, y = (float(part) for part in self.state.split(","))
        r = self.units / 40
        circle = f"M{x - r:g} {y:g}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0"
        return f"{circle}M{x - 2 * r:g} {y:g}h{4 * r:g}M{x:g} {y - 2 * r:g}v{4 * r:g}"

    def ink(self) -> str:
        return f'fill="{MARK}" fill-opacity="0.35" stroke="{MARK}" stroke-width="6"'

    def pen(self) -> str:
        return '<g class="tl-pen"/>'


def cells_path(mask: np.ndarray, units: int) -> str:
    """The painted cells of a grid as an SVG path, one unit a cell."""
    return "".join(f"M{i % units} {i // units}h1v1h-1z" for i in np.flatnonzero(mask))
