"""One association, then silence: how strongly is it recalled, and which learning rate keeps it best?

A connection sees pre = post = 1 for a few steps, then nothing for `delay` steps, then the presynaptic unit alone is
driven: the postsynaptic one answers tanh(alpha * Hebb) (equation 1 with w = 0). The trace comes from the library's own
rules, not from a formula; for one showing and the Hebbian rule it must be eta * (1 - eta) ** delay, largest at
eta = 1 / (delay + 1).
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import ipywidgets
import numpy as np
import torch

from tlteach.course.widgets import drawing
from tlteach.course.widgets.base import Widget, button, slider
from tlteach.course.widgets.drawing import Axes, number, text
from tlteach.errors import InvalidInput
from tlteach.plasticity.rules import make_rule

ETAS = np.round(np.arange(1, 101) * 0.01, 2)  # the stops of the slider
LONGEST = 60  # steps of silence
BLUE, _, RED, PURPLE = drawing.COLORS[:4]


@cache
def traces(rule: str, repetitions: int) -> np.ndarray:
    """Trace of one connection for each silence 0..60 and each eta of the slider: (61, 100), from the library's rule.

    rule: "hebb" or "oja". repetitions: steps with pre = post = 1 before the silence.
    """
    if repetitions < 1:
        raise InvalidInput(f"repetitions must be at least 1, got {repetitions!r}")
    update = make_rule(rule, 1, 1, dtype=torch.float64)
    update.eta = torch.nn.Parameter(torch.tensor(ETAS).view(-1, 1, 1))  # one eta a row of the batch
    trace = torch.zeros(len(ETAS), 1, 1, dtype=torch.float64)  # (etas, pre, post)
    on, off = torch.ones(len(ETAS), 1), torch.zeros(len(ETAS), 1)
    with torch.no_grad():
        for _ in range(repetitions):
            (trace,) = update(trace, on, on)
        kept = [trace]
        for _ in range(LONGEST):
            kept.append(update(kept[-1], off, off)[0])
    return torch.stack(kept)[:, :, 0, 0].numpy()


def recall(eta: float, alpha: float, delay: int, repetitions: int = 1, rule: str = "hebb") -> float:
    """The answer tanh(alpha * trace) after `delay` silent steps, for an eta of the slider (0.01 to 1 by 0.01)."""
    return float(np.tanh(alpha * traces(rule, repetitions)[delay, _index(eta)]))


def best_eta(delay: int, repetitions: int = 1, rule: str = "hebb") -> float:
    """The eta of the slider that leaves most of the trace after `delay` silent steps; the smallest among equals."""
    left = traces(rule, repetitions)[delay]
    return float(ETAS[np.argmax(left >= left.max() - 1e-12)])


def _index(eta: float) -> int:
    index = int(round(eta * 100)) - 1
    if not 0 <= index < len(ETAS):
        raise InvalidInput(f"eta must lie in [0.01, 1], got {eta!r}")
    return index


class MemoryBench(Widget):
    """Drag eta and alpha, see recall against delay, beside the last settings, and find the best eta for a delay.

    Args: the settings to start from: eta (0.01 to 1), alpha (0 to 20), delay (0 to 60 steps), repetitions (1 to 10),
        rule ("hebb" or "oja"). `clock` gives seconds: a setting that stood for a moment stays as a grey curve.

    Raises InvalidInput when a setting is out of its range.
    """

    title = "Memory bench"

    def __init__(
        self,
        eta: float = 0.1,
        alpha: float = 10.0,
        delay: int = 10,
        repetitions: int = 1,
        rule: str = "hebb",
        clock: Callable[[], float] = time.monotonic,
    ):
        for name, value, low, high in (
            ("eta", eta, 0.01, 1),
            ("alpha", alpha, 0, 20),
            ("delay", delay, 0, LONGEST),
            ("repetitions", repetitions, 1, 10),
        ):
            if not low <= value <= high:
                raise InvalidInput(f"MemoryBench: {name} must lie in [{low}, {high}], got {value!r}")
        if rule not in ("hebb", "oja"):
            raise InvalidInput(f"MemoryBench: rule must be 'hebb' or 'oja', got {rule!r}")
        self.clock, self.ghosts, self._moved, self._stood = clock, [], clock(), None
        super().__init__(
            {
                "eta": slider("\u03b7 (eta)", float(eta), 0.01, 1.0, 0.01),
                "alpha": slider("\u03b1 (alpha)", float(alpha), 0.0, 20.0, 0.5),
                "delay": slider("delay, steps", int(delay), 0, LONGEST),
                "repetitions": slider("shown, times", int(repetitions), 1, 10),
                "rule": ipywidgets.ToggleButtons(
                    options=[("Hebb, decaying (eq. 2)", "hebb"), ("Oja (eq. 3)", "oja")],
                    value=rule,
                    description="rule",
                    style={"description_width": "8em", "button_width": "13em"},
                    layout={"width": "40em"},
                ),
            }
        )
        self._stood = self.parameters()

    def layout(self) -> ipywidgets.DOMWidget:
        c = self.controls
        left, right = ipywidgets.VBox([c["eta"], c["alpha"]]), ipywidgets.VBox([c["delay"], c["repetitions"]])
        clear = button("Clear grey curves", "Forget the earlier settings", self.clear, "12em")
        rows = [ipywidgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in ([left, right], [c["rule"], clear])]
        return ipywidgets.VBox([*rows, self.picture])

    def clear(self) -> None:
        self.ghosts.clear()
        self._redraw()

    def _redraw(self, change: Any = None) -> None:
        now, curve = self.clock(), lambda p: tuple(p[k] for k in ("eta", "alpha", "repetitions", "rule"))
        if change is not None:
            if now - self._moved > 0.8 and curve(self._stood) != curve(self.parameters()):
                self.ghosts = [g for g in self.ghosts if curve(g) != curve(self._stood)][-2:] + [self._stood]
            self._moved, self._stood = now, self.parameters()
        super()._redraw(change)

    def describe(self, eta: float, alpha: float, delay: int, repetitions: int, rule: str) -> str:
        shown = "once" if repetitions == 1 else f"{repetitions} times"
        return (
            f"{rule.capitalize()} rule, association shown {shown}, eta {eta:.2f}, alpha {alpha:.1f}: recall after "
            f"{delay} silent steps is {number(recall(eta, alpha, delay, repetitions, rule))} (at once "
            f"{number(recall(eta, alpha, 0, repetitions, rule))}). The best eta for this delay is "
            f"{best_eta(delay, repetitions, rule):.2f}."
        )

    def render(self, eta: float, alpha: float, delay: int, repetitions: int, rule: str) -> str:
        setting = dict(eta=eta, alpha=alpha, delay=delay, repetitions=repetitions, rule=rule)
        now, delays = np.tanh(alpha * traces(rule, repetitions)), np.arange(LONGEST + 1)
        axes, value = Axes(62, 40, 370, 230, (0, LONGEST), (0, 1)), now[delay, _index(eta)]
        parts = [axes.frame("delay: silent steps", "recall  tanh(\u03b1\u00b7Hebb)", "How recall fades with the delay")]
        entries = [(_name(setting), BLUE, "")]
        for old, dash in zip(self.ghosts, drawing.DASHES[1:], strict=False):
            curve = np.tanh(old["alpha"] * traces(old["rule"], old["repetitions"])[:, _index(old["eta"])])
            parts += [axes.line(delays, curve, "currentColor", dash, 1.5, stroke_opacity=0.55)]
            entries.insert(1, (_name(old), "currentColor", dash))
        parts += [drawing.legend(axes.x + 160, 60, entries)]
        parts += [axes.line(delays, now[:, _index(eta)], BLUE, width=3), axes.vertical(delay)]
        parts += [axes.point(delay, value, BLUE)]
        parts += [text(axes.px(delay) + 8, axes.py(value) - 8, number(round(value, 3)), font_weight="600")]
        parts += self._search(now[delay], **setting)
        return drawing.svg(880, 340, parts, self.describe(**setting))

    def _search(
        self, values: np.ndarray, eta: float, alpha: float, delay: int, repetitions: int, rule: str
    ) -> list[str]:
        """The right-hand plot: recall after the chosen delay against eta."""
        axes, best = Axes(510, 40, 350, 230, (0, 1), (0, 1)), best_eta(delay, repetitions, rule)
        top, steps = values[_index(best)], "1 silent step" if delay == 1 else f"{delay} silent steps"
        words = f"best \u03b7 = {best:.2f}, recall {number(round(top, 3))}"
        if rule == "hebb" and repetitions == 1:
            words += f";  1/(delay+1) = {1 / (delay + 1):.3f}"
        if rule == "oja":
            words += "; silence does not erase it"
        return [
            axes.frame("\u03b7", "recall", f"Which \u03b7 is best after {steps}?"),
            axes.line(ETAS, values, PURPLE, width=3),
            axes.vertical(best, "2 3"),
            axes.vertical(eta, color=BLUE),
            axes.point(eta, values[_index(eta)], BLUE),
            f'<path d="M{axes.px(best):.1f} {axes.py(top) - 7:.1f}l5 -9h-10z" fill="{RED}"/>',
            text(510, 328, words, font_weight="600"),
        ]


def _name(setting: dict[str, Any]) -> str:
    shown = "" if setting["repetitions"] == 1 else f", \u00d7{setting['repetitions']}"
    return f"{setting['rule']}, \u03b7 {setting['eta']:.2f}, \u03b1 {setting['alpha']:.1f}{shown}"
