"""What every widget of the course is: a pure picture, controls that move it, and a still for where nothing can run.

A widget shows three things at once, and the page takes the best that it may: the live view (a trusted notebook), a
`<figure>` with a picture and its text alternative (an untrusted or exported one), and plain text. Pictures never go
through an Output area: it makes papermill wait for ever (jupyter/nbclient#312) and nbval fail.
"""

import asyncio
import itertools
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np

from tlteach.course.widgets.drawing import data_url
from tlteach.errors import InvalidInput

_ids = itertools.count(1)


def new_name(kind: str) -> str:
    """A class name by which the page script finds one field of this page."""
    return f"tl-{kind}-{next(_ids)}"


class Widget:
    """Base class. A subclass gives `controls`, `render`, `describe` and, where it needs one, its own `layout`.

    `controls` maps the names of `render`'s parameters to ipywidgets with a `value`; whatever moves one of them
    draws the picture again.
    """

    title = "Interactive picture"
    invitation = "Run this cell to move it."  # below its picture, where it cannot be moved

    def __init__(self, controls: dict[str, ipywidgets.DOMWidget] | None = None):
        self.controls = controls or {}
        self.picture = ipywidgets.HTML()
        self._view: ipywidgets.DOMWidget | None = None
        for control in self.controls.values():
            control.observe(self._redraw, "value")

    def render(self, **parameters: Any) -> str:
        """The picture for these parameters, as one `<svg>`. Pure: it changes nothing."""
        raise NotImplementedError

    def describe(self, **parameters: Any) -> str:
        """The same in words: the text alternative of the picture."""
        return self.title

    def layout(self) -> ipywidgets.DOMWidget:
        """The live view: controls above the picture."""
        return ipywidgets.VBox([*self.controls.values(), self.picture])

    def parameters(self) -> dict[str, Any]:
        """What the controls stand at now."""
        return {name: control.value for name, control in self.controls.items()}

    def still(self) -> str:
        """HTML of the picture as it stands now, for pages on which nothing can run."""
        parameters = self.parameters()
        return figure(self.render(**parameters), self.describe(**parameters), f"{self.title}. {self.invitation}")

    def view(self) -> ipywidgets.DOMWidget:
        """The live view, made at the first call."""
        if self._view is None:
            self._redraw()
            self._view = self.layout()
            self._view.add_class("tl-widget")
        return self._view

    def _redraw(self, change: Any = None) -> None:
        self.picture.value = self.render(**self.parameters())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        live = self.view()._repr_mimebundle_()
        words = self.describe(**self.parameters())
        return {**live, "text/html": self.still(), "text/plain": f"[{self.title}] {words}"}


def figure(svg: str, alt: str, caption: str = "") -> str:
    """A picture as `<figure><img alt>`: it survives the sanitiser of an untrusted notebook, inline SVG does not."""
    note = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    picture = f'<img alt="{escape(alt)}" src="{data_url(svg, "image/svg+xml")}" style="max-width: 100%"/>'
    return f"<figure>{picture}{note}</figure>"


def slider(name: str, value: float, low: float, high: float, step: float = 1, **traits: Any) -> ipywidgets.DOMWidget:
    """An integer or float slider with its visible name, wide enough to drag finely."""
    whole = all(isinstance(v, int | np.integer) for v in (value, low, high, step))
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    settings = {"description": name, "style": {"description_width": "8em"}, "layout": {"width": "30em"}} | traits
    return kind(value=value, min=low, max=high, step=step, **settings)


def button(description: str, tooltip: str, on_click: Callable[[], Any], width: str = "auto") -> ipywidgets.Button:
    """A button with words on it and a longer explanation under the pointer."""
    made = ipywidgets.Button(description=description, tooltip=tooltip, layout={"width": width})
    made.on_click(lambda _: on_click())
    return made


class Player:
    """Buttons that walk an integer slider: back, play or pause, next. Playing runs between cells, never inside one."""

    def __init__(self, slider: ipywidgets.IntSlider, seconds: float = 0.25):
        self.slider, self.seconds = slider, seconds
        self.task: asyncio.Task | None = None
        what = slider.description
        self.play = button("\u25b6 Play", f"Play {what}", self.toggle, "6em")
        self.buttons = [
            button("\u25c0 Back", f"{what}: one back", lambda: self.move(-1), "6em"),
            self.play,
            button("Next \u25b6", f"{what}: one on", lambda: self.move(1), "6em"),
        ]

    def view(self) -> ipywidgets.HBox:
        return ipywidgets.HBox([self.slider, *self.buttons], layout={"flex_flow": "row wrap"})

    def move(self, by: int) -> None:
        self.slider.value = min(max(self.slider.value + by, self.slider.min), self.slider.max)

    def toggle(self) -> None:
        """Start at this place (or at the beginning, from the end), or stop. Without a running event loop: one step."""
        if self.task is not None:
            self.task.cancel()
            return
        if self.slider.value >= self.slider.max:
            self.slider.value = self.slider.min
        try:
            self.task = asyncio.get_running_loop().create_task(self._run())
        except RuntimeError:
            self.move(1)

    async def _run(self) -> None:
        self.play.description = "\u23f8 Pause"
        try:
            while self.slider.value < self.slider.max:
                await asyncio.sleep(self.seconds)
                self.move(1)
        finally:
            self.task = None
            self.play.description = "\u25b6 Play"


class ClickBridge:
    """Carries clicks on a grid inside an SVG to Python: `cell(...)` is drawn over it, `on_pick(row, column)` is called.

    The page script writes `row,column` into a hidden text field. It is an extra for the pointer: every widget that
    has one offers the same by keyboard.
    """

    def __init__(self, on_pick: Callable[[int, int], Any]):
        self.name = new_name("bridge")
        self.field = ipywidgets.Text(layout={"display": "none"})
        self.field.add_class(self.name)
        self.on_pick = on_pick
        self.field.observe(self._received, "value")

    def area(self, x: float, y: float, width: float, height: float, rows: int, columns: int) -> str:
        return (
            f'<rect x="{x:.5g}" y="{y:.5g}" width="{width:.5g}" height="{height:.5g}" fill="transparent" '
            f'style="cursor:pointer" data-tl-bridge="{self.name}" data-tl-grid="{rows},{columns}"/>'
        )

    def _received(self, change: Any) -> None:
        if change["new"]:
            row, column = (int(part) for part in change["new"].split(","))
            self.on_pick(row, column)
            self.field.value = ""


def array(name: str, value: Any, ndim: int | tuple[int, ...]) -> np.ndarray:
    """A float array of one of the given numbers of dimensions, from an array or a tensor (detached).

    Raises InvalidInput when it is not numeric, has another number of dimensions, is empty or is not finite.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    wanted = (ndim,) if isinstance(ndim, int) else ndim
    try:
        result = np.asarray(value, float)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name} must be numbers, got {type(value).__name__}.") from error
    if result.ndim not in wanted or result.size == 0:
        expected = " or ".join(str(n) for n in wanted)
        raise InvalidInput(f"{name} must have {expected} dimensions and not be empty, got shape {result.shape}.")
    if not np.isfinite(result).all():
        raise InvalidInput(f"{name} contains NaN or infinite values; a picture of it would mislead.")
    return result


def accessibility_script() -> str:
    """The page script, shown once by `course.setup()`: it names slider handles after their visible labels (ipywidgets
    does not), carries clicks on pictures, lets arrow keys move within a grid of buttons, and draws on pads."""
    return f"<script>{Path(__file__).with_name('page.js').read_text(encoding='utf-8')}</script>"
