"""One plastic network through time: w, alpha, Hebb(t) and w + alpha * Hebb(t), and any one synapse's history.

Equations 1 and 2 of Miconi et al. 2018, seen: step t computes x(t) with the old trace and then writes the new one.
"""

from collections.abc import Sequence
from typing import Any

import ipywidgets
import numpy as np

from tlteach.course.widgets import drawing
from tlteach.course.widgets.base import ClickBridge, Player, Widget, array, slider
from tlteach.course.widgets.drawing import Axes, number, rect, text
from tlteach.errors import InvalidInput

LARGEST = 16  # units; more cells than that cannot be told apart
SIDE, GAP, LEFT, TOP = 172, 44, 56, 48  # panels, in pixels
WIDTH = LEFT + 4 * SIDE + 3 * GAP + 14
BLUE, ORANGE, RED, PURPLE = drawing.COLORS[:4]


class TraceScrubber(Widget):
    """Scrub a trace through time, and follow one synapse.

    Args:
        weight: (N, N) w, [pre, post], 2 <= N <= 16.
        alpha: (N, N), or one number where the plasticity is shared.
        hebb: (T, N, N) the trace AFTER each step (`state.trace`): hebb[t] is what step t + 1 will use.
        x: (T, N) the activities of each step; before step 0 they are 0.
        labels: N short names of the units; numbers unless given.

    Raises InvalidInput when shapes do not fit together or values are not finite.
    """

    title = "A trace through time"

    def __init__(self, weight: Any, alpha: Any, hebb: Any, x: Any, labels: Sequence[str] | None = None):
        self.weight, self.hebb, self.x = array("weight", weight, 2), array("hebb", hebb, 3), array("x", x, 2)
        n_steps, n = self.x.shape
        if not 2 <= n <= LARGEST or self.weight.shape != (n, n) or self.hebb.shape != (n_steps, n, n):
            raise InvalidInput(
                f"TraceScrubber needs weight (N, N), hebb (T, N, N) and x (T, N) with N from 2 to {LARGEST}; got "
                f"weight {self.weight.shape}, hebb {self.hebb.shape}, x {self.x.shape}."
            )
        alpha = array("alpha", alpha, (0, 2))
        if alpha.ndim and alpha.shape != (n, n):
            raise InvalidInput(f"alpha must be one number or have shape {(n, n)}, got {alpha.shape}.")
        self.labels = [str(i) for i in range(n)] if labels is None else [str(label) for label in labels]
        if len(self.labels) != n:
            raise InvalidInput(f"labels must name the {n} units, got {len(self.labels)} labels.")
        self.alpha = np.broadcast_to(alpha, (n, n))
        self.effective = self.weight + self.alpha * self.hebb  # (T, N, N)
        self.before = np.vstack([np.zeros((1, n)), self.x[:-1]])  # (T, N) x(t - 1)
        pre, post = np.unravel_index(np.abs(self.alpha * self.hebb).max(0).argmax(), (n, n))
        units = [(label, i) for i, label in enumerate(self.labels)]
        time = slider("step t", n_steps - 1, 0, n_steps - 1)
        chosen = {
            name: ipywidgets.Dropdown(options=units, value=int(value), description=words, layout={"width": "13em"})
            for name, value, words in (("pre", pre, "from (pre)"), ("post", post, "to (post)"))
        }
        super().__init__({"time": time, **chosen})
        self.player, self.bridge = Player(time), ClickBridge(self._pick)

    @classmethod
    def of(cls, layer: Any, inputs: Any, labels: Sequence[str] | None = None) -> "TraceScrubber":
        """Run a plastic layer over inputs (T, input_size) from an empty state and show what happened."""
        import torch

        state, xs, traces = layer.initial_state(1), [], []
        with torch.no_grad():
            for drive in inputs:
                _, state = layer.step(drive[None], state)
                xs.append(state.hidden[0])
                traces.append(state.trace[0])
        return cls(layer.weight, layer.alpha, torch.stack(traces), torch.stack(xs), labels)

    def layout(self) -> ipywidgets.DOMWidget:
        hint = ipywidgets.HTML("Choose a synapse here, or click a cell in any of the four panels.")
        synapse = ipywidgets.HBox([self.controls["pre"], self.controls["post"], hint], layout={"flex_flow": "row wrap"})
        return ipywidgets.VBox([self.player.view(), synapse, self.picture, self.bridge.field])

    def _pick(self, row: int, column: int) -> None:
        self.controls["pre"].value, self.controls["post"].value = row, column

    def values(self, time: int, pre: int, post: int) -> dict[str, float]:
        """The numbers of one synapse at one step."""
        return {
            "pre": float(self.before[time, pre]),
            "post": float(self.x[time, post]),
            "weight": float(self.weight[pre, post]),
            "alpha": float(self.alpha[pre, post]),
            "trace": float(self.hebb[time, pre, post]),
            "effective": float(self.effective[time, pre, post]),
        }

    def describe(self, time: int, pre: int, post: int) -> str:
        v = {name: number(value) for name, value in self.values(time, pre, post).items()}
        return (
            f"Network of {len(self.labels)} units after step {time} of {len(self.x) - 1}. Synapse from "
            f"{self.labels[pre]} to {self.labels[post]}: pre {v['pre']}, post {v['post']}, w {v['weight']}, "
            f"alpha {v['alpha']}, trace {v['trace']}, w + alpha Hebb {v['effective']}."
        )

    def render(self, time: int, pre: int, post: int) -> str:
        n, scale = len(self.labels), drawing.limit(self.weight, self.effective)
        panels = [
            ("w: learned, fixed", self.weight, scale),
            ("\u03b1: how plastic, fixed", self.alpha, drawing.limit(self.alpha)),
            (f"Hebb after step {time}", self.hebb[time], drawing.limit(self.hebb)),
            ("w + \u03b1\u00b7Hebb: what acts", self.effective[time], scale),
        ]
        parts = [self._panel(k, *panel, pre, post) for k, panel in enumerate(panels)]
        for k, sign in enumerate(("", "", "\u2192")):
            parts.append(text(LEFT + (k + 1) * (SIDE + GAP) - GAP / 2, TOP + SIDE / 2, sign, "middle", 18))
        top = TOP + SIDE + 92
        height = max(14 * n, 60)
        parts += self._activities(top, height, time, pre, post)
        parts += self._history(top + height + 52, time, pre, post)
        return drawing.svg(WIDTH, top + height + 52 + 190, parts, self.describe(time, pre, post))

    def _panel(self, k: int, title: str, matrix: np.ndarray, scale: float, pre: int, post: int) -> str:
        n = len(self.labels)
        x, cell = LEFT + k * (SIDE + GAP), SIDE / n
        parts = [text(x, TOP - 12, title, size=13, font_weight="600")]
        parts += [drawing.heatmap(matrix, x, TOP, SIDE, SIDE, -scale, scale)]
        if n <= 5:
            parts += [
                text(x + (j + 0.5) * cell, TOP + (i + 0.5) * cell + 4, number(round(matrix[i, j], 2)), "middle", 11,
                     style=f"fill:{'#fff' if abs(matrix[i, j]) > 0.6 * scale else '#111'}")
                for i in range(n) for j in range(n)
            ]  # fmt: skip
        at = f"rotate(-90 {LEFT - 38} {TOP + SIDE / 2})"
        parts += [text(LEFT - 38, TOP + SIDE / 2, "from (pre)", "middle", 11, transform=at)] if k == 0 else []
        parts += [text(x + SIDE / 2, TOP + SIDE + 27, "to (post)", "middle", 11)]
        parts += [text(x - 5, TOP + (i + 0.5) * cell + 4, label, "end", 10) for i, label in enumerate(self.labels)]
        parts += [
            text(x + (j + 0.5) * cell, TOP + SIDE + 13, label, "middle", 10) for j, label in enumerate(self.labels)
        ]
        px, py = x + post * cell, TOP + pre * cell
        parts += [rect(px, py, cell, cell, stroke=c, stroke_width=w) for c, w in (("#fff", 4), ("#000", 2))]
        parts += [drawing.colorbar(x, TOP + SIDE + 36, SIDE, -scale, scale)]
        parts += [self.bridge.area(x, TOP, SIDE, SIDE, n, n)]
        return "".join(parts)

    def _activities(self, top: float, height: float, time: int, pre: int, post: int) -> list[str]:
        n, n_steps = self.x.shape[1], len(self.x)
        width, scale = WIDTH - LEFT - 14, max(1.0, drawing.limit(self.x))
        row, column = height / n, width / n_steps
        parts = [text(LEFT, top - 8, "x(t): activity of every unit, step by step", size=13, font_weight="600")]
        parts += [drawing.heatmap(self.x.T, LEFT, top, width, height, -scale, scale)]
        for i, label in enumerate(self.labels):
            role = "pre " if i == pre else "post " if i == post else ""
            role = "both " if pre == post == i else role
            weight = {"font_weight": "700"} if role else {}
            parts.append(text(LEFT - 5, top + (i + 0.5) * row + 4, role + label, "end", 10, **weight))
        parts.append(rect(LEFT + time * column, top - 2, column, height + 4, stroke="currentColor", stroke_width=2.5))
        return parts

    def _history(self, top: float, time: int, pre: int, post: int) -> list[str]:
        trace, effective = self.hebb[:, pre, post], self.effective[:, pre, post]
        most = max(1.0, drawing.limit(trace, effective)) * 1.08
        axes = Axes(LEFT, top, WIDTH - LEFT - 14, 118, (-0.5, len(self.x) - 0.5), (-most, most))
        steps = np.arange(len(self.x))
        curves = [
            ("pre x(t\u22121)", self.before[:, pre], BLUE, "2 3", "pre"),
            ("post x(t)", self.x[:, post], ORANGE, "7 3", "post"),
            ("trace Hebb", trace, RED, "", "trace"),
            ("w + \u03b1\u00b7Hebb", effective, PURPLE, "9 3 2 3", "effective"),
        ]
        values = self.values(time, pre, post)
        title = f"Synapse {self.labels[pre]} \u2192 {self.labels[post]}"
        parts = [axes.frame("step t", title=title), axes.horizontal(0, "", stroke_opacity=0.35)]
        for k, (name, curve, color, dash, key) in enumerate(curves):
            parts += [axes.line(steps, curve, color, dash), axes.point(time, curve[time], color, 4)]
            x = LEFT + 118 + k * 182
            parts += [drawing.line(x, top - 12, x + 26, top - 12, color, 2.5, stroke_dasharray=dash)]
            parts += [text(x + 31, top - 8, f"{name} = {number(round(values[key], 3))}")]
        return [*parts, axes.vertical(time, width=1.5)]
