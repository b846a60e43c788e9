"""Curves that grow while a network trains, fed by the `Record`s of any experiment, and a still picture at the end.

Redrawn at most five times a second, so that watching costs next to nothing. The kernel's stop button ends the run
(`runs.drive` keeps what was computed); the picture then shows how far it came.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tlteach.course.widgets import drawing
from tlteach.course.widgets.base import Widget, figure
from tlteach.course.widgets.drawing import Axes, number, text
from tlteach.errors import InvalidInput
from tlteach.plots import LOOKS, running_mean

if TYPE_CHECKING:
    from tlteach.runs import Record

POINTS = 300  # of a curve that are drawn
METRICS = ("running_error", "error", "return", "loss")
PLACES = {name: k for k, name in enumerate(LOOKS)}  # of networks, among the colours and the dashes


@dataclass
class Curve:
    """One run: what it measured so far, and how much there is to come."""

    label: str
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    started: float | None = None  # seconds on the widget's clock; None for a recorded run
    now: float = 0.0
    part: float | None = None  # of the budget that is spent, where that is known
    running: bool = False

    def crossing(self, target: float | None) -> float | None:
        """The first x at which the curve is at or below the target."""
        return next((x for x, y in zip(self.x, self.y, strict=True) if target is not None and y <= target), None)

    def status(self, target: float | None, unit: str) -> str:
        """One line: where the run stands, and about how long it will take."""
        if not self.x:
            return "waiting"
        words = f"{number(self.y[-1])} after {drawing.thousands(self.x[-1])} {unit}"
        if (x := self.crossing(target)) is not None:
            words += f", reached {number(target)} at {drawing.thousands(x)}"
        if self.running and self.part:
            words += f", about {seconds((self.now - self.started) * (1 / self.part - 1))} left"
        elif self.started is not None:
            words += f", {seconds(self.now - self.started)}" + (" so far" if self.running else "")
        return words


class LiveTraining(Widget):
    """A live curve a run.

        live = LiveTraining("Remembering patterns", target=0.01)
        result = patterns.run(config, on_record=live.curve("plastic"))

    It shows itself at the first record if it is not on the page by then. `live` itself is a callback too, for a
    single curve.

    Args:
        title: what is trained.
        metric: the name of the number to draw, in `record.metrics`; unless given the first of running_error, error,
            return and loss that the first record has.
        x: the name of the number to draw it against, "step" for updates; episodes unless given, where there are some.
        target: a value to be reached, drawn as a line; when a curve gets there is marked.
        smooth: records in the running mean of each curve, 1 for none.
        logx, logy: logarithmic axes; the vertical one is unless said otherwise when there is a target above 0.
        ylim: limits of the vertical axis; from the data unless given.
        cpu_seconds: budget of a run, to tell the time left where a record does not tell its `total`.
        clock: gives seconds.

    Raises InvalidInput for a target or limits that the axis cannot show, or `smooth` below 1, and for a record
    that lacks the metric.
    """

    def __init__(
        self,
        title: str,
        *,
        metric: str | None = None,
        x: str | None = None,
        target: float | None = None,
        smooth: int = 1,
        logx: bool = False,
        logy: bool | None = None,
        ylim: tuple[float, float] | None = None,
        cpu_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        if smooth < 1 or (ylim is not None and not ylim[0] < ylim[1]):
            raise InvalidInput(
                f"LiveTraining: smooth must be at least 1 and ylim increase, got {smooth!r} and {ylim!r}."
            )
        logy = bool(target is not None and target > 0) if logy is None else logy
        if logy and min(1.0 if target is None else target, ylim[0] if ylim else 1.0) <= 0:
            raise InvalidInput(
                f"LiveTraining: a log axis shows only values above 0, got target={target!r}, ylim={ylim!r}."
            )
        self.title, self.metric, self.x, self.target, self.smooth = title, metric, x, target, smooth
        self.logx, self.logy, self.ylim, self.cpu_seconds, self.clock = logx, logy, ylim, cpu_seconds, clock
        self.curves: dict[str, Curve] = {}
        self.marks: list[tuple[float, str]] = []
        self._drawn, self._display, self._shell = -np.inf, None, None
        super().__init__()

    def __call__(self, record: Record) -> None:
        self._take("network", record)

    def curve(self, label: str) -> Callable[[Record], None]:
        """The callback that draws one run under this name; a name in `tlteach.plots.LOOKS` brings its colour."""
        return lambda record: self._take(label, record)

    def add(self, label: str, x: Sequence[float], y: Sequence[float]) -> None:
        """A finished curve to compare with, for example a recorded run."""
        x, y = list(map(float, x)), list(map(float, y))
        if len(x) != len(y) or not x:
            raise InvalidInput(f"LiveTraining.add needs as many x as y and at least one, got {len(x)} and {len(y)}.")
        self.curves[label] = Curve(label, x, y)
        self._redraw()

    def mark(self, x: float, label: str = "your prediction") -> None:
        """A vertical line at `x`, for example where a student expects the target to be reached."""
        self.marks.append((float(x), label))
        self._redraw()

    def render(self) -> str:
        """The curves as they stand."""
        curves = [c for c in self.curves.values() if c.x]
        axes = Axes(66, 44, 780, 250, self._limits("x", curves), self._limits("y", curves), self.logx, self.logy)
        parts = [axes.frame(_words(self.x), _words(self.metric), self.title)]
        if self.target is not None:
            parts += [axes.horizontal(self.target, "2 3")]
            parts += [text(axes.x + 6, axes.py(self.target) - 5, f"target {number(self.target)}", size=11)]
        for x, label in self.marks:
            parts += [axes.vertical(x, "6 4", width=1.5), text(axes.px(x) + 5, axes.y + 14, label, size=11)]
        beside = max([150.0] + [44 + 6.6 * len(curve.label) for curve in curves])  # right of the longest name
        for k, (curve, place) in enumerate(zip(curves, _places([c.label for c in curves]), strict=True)):
            x, y = _thin(np.array(curve.x), running_mean(np.array(curve.y), self.smooth))
            color, dash = drawing.COLORS[place], drawing.DASHES[place] if curve.started is not None else "1 3"
            parts += [axes.line(x, y, color, dash), axes.point(x[-1], y[-1], color, 4)]
            top = axes.y + axes.height + 56 + 20 * k
            parts += [drawing.legend(axes.x, top, [(curve.label, color, dash)])]
            parts += [text(axes.x + beside, top, curve.status(self.target, _words(self.x)))]
        return drawing.svg(870, 360 + 20 * max(len(curves), 1), parts, self.describe())

    def describe(self) -> str:
        lines = [f"{c.label}: {c.status(self.target, _words(self.x))}" for c in self.curves.values()]
        return (
            f"{self.title}: {_words(self.metric) or 'training'}. " + ("; ".join(lines) or "Nothing trained yet") + "."
        )

    def still(self) -> str:
        return figure(self.render(), self.describe())

    def _take(self, label: str, record: Record) -> None:
        self.metric = self.metric or next((name for name in METRICS if name in record.metrics), "error")
        self.x = self.x or ("episodes" if "episodes" in record.metrics else "step")
        for name in (self.metric, self.x):
            if name != "step" and name not in record.metrics:
                raise InvalidInput(f"LiveTraining: the record has no {name!r}; it has {', '.join(record.metrics)}.")
        now, x = self.clock(), record.step if self.x == "step" else record.metrics[self.x]
        curve = self.curves.get(label)
        if curve is None or not curve.running:  # a run that is over starts anew
            curve = self.curves[label] = Curve(label, started=now, running=True)
        curve.x.append(float(x))
        curve.y.append(float(record.metrics[self.metric]))
        curve.now, curve.part = now, self._part(record)
        if curve.part == 1:
            curve.running = False
        self._show()
        if now - self._drawn >= 0.2 or not curve.running:
            self._drawn = now
            self._redraw()

    def _part(self, record: Record) -> float | None:
        if record.total:
            return min(record.step / record.total, 1.0)
        if self.cpu_seconds and "cpu_seconds" in record.metrics:
            return min(record.metrics["cpu_seconds"] / self.cpu_seconds, 1.0)
        return None

    def _limits(self, which: str, curves: list[Curve]) -> tuple[float, float]:
        if which == "y" and self.ylim:
            return self.ylim
        log = self.logx if which == "x" else self.logy
        values = np.concatenate([np.array(getattr(c, which)) for c in curves] or [np.ones(1)])
        wanted = [x for x, _ in self.marks] if which == "x" else [self.target] if self.target is not None else []
        values = np.concatenate([values[np.isfinite(values)], wanted])
        values = values[values > 0] if log else values
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.1, 1.0)
        if log:
            return (low / 1.3, high * 1.3) if which == "y" else (low, max(high, low * 10))
        return min(low, 0.0), high * 1.05 if high > 0 else 1.0

    # The page. `display` is asked for by name so that the picture stored in the notebook is the last one.

    def _ipython_display_(self) -> None:
        from IPython.display import display

        self._display = display(self._repr_mimebundle_(), raw=True, display_id=True)

    def _show(self) -> None:
        """Appear below the running cell if not on the page yet, and have the still picture renewed when it ends."""
        if self._shell is not None or (shell := _shell()) is None:
            return
        if self._display is None:
            self._ipython_display_()
        self._shell = shell
        shell.events.register("post_execute", self.finish)

    def finish(self) -> None:
        """No run goes on: say so, and store the last picture. Called by itself when the cell ends."""
        for curve in self.curves.values():
            curve.running = False
        self._redraw()
        if self._shell is not None:
            self._shell.events.unregister("post_execute", self.finish)
            self._shell = None
            self._display.update(self._repr_mimebundle_(), raw=True)


def _places(labels: Sequence[str]) -> list[int]:
    """Which colour and dash each curve has: that of its network in every figure, else the first that is free.

    >>> _places(["rnn", "a", "b", "c"])
    [2, 0, 1, 3]
    """
    free = (k for k in range(len(drawing.COLORS)) if k not in {PLACES.get(label) for label in labels})
    free = list(free) or list(range(len(drawing.COLORS)))
    others = iter(range(len(labels)))
    return [PLACES[label] if label in PLACES else free[next(others) % len(free)] for label in labels]


def seconds(value: float) -> str:
    """A duration as a person says it.

    >>> seconds(4.2), seconds(75), seconds(7300)
    ('4 s', '1 min 15 s', '2 h 2 min')
    """
    whole = max(int(round(value)), 0)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def _words(name: str | None) -> str:
    return {"step": "updates", None: ""}.get(name, (name or "").replace("_", " "))


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most POINTS points, the first and the last among them."""
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), POINTS)).round().astype(int))
    return x[keep], y[keep]


def _shell() -> Any:
    """The running IPython kernel, or None."""
    from IPython import get_ipython

    shell = get_ipython()
    return shell if hasattr(shell, "kernel") else None
