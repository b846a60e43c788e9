"""A fan of imagined futures beside what really happened: how far can a learned world be trusted?"""

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np
from torch import Tensor

from tlteach.course.widgets import drawing
from tlteach.course.widgets.base import Player, Widget, slider
from tlteach.course.widgets.drawing import Axes, line, number, rect, text
from tlteach.course.widgets.world_model import Fan, FanModel
from tlteach.course.widgets.world_picture import clipped, scene
from tlteach.errors import InvalidInput
from tlteach.modelbased.dynamics import Dynamics
from tlteach.tasks.families import Family

SIDE, LEFT, TOP = 340, 58, 40  # pixels
RIGHT = LEFT + SIDE + 74
WIDTH = RIGHT + 330
MOST_DOTS = 600
GREY = "#8d8d96"


class WorldFan(Widget):
    """Choose a real episode and a step of it; every member of the ensemble imagines what follows the same actions.

    Args:
        models: name -> `Dynamics`, one or several to choose from.
        family: of the point mass or of the arm.
        obs: (T + 1, N, O) states of N real episodes, best held-out ones. action: (T, N, A) what was done.
        labels: N names of the episodes; numbers unless given.
        data: (M, O) states that the models were fitted on, drawn as dots.
        horizon: steps to imagine, at most T.

    Raises InvalidInput when these do not fit together.
    """

    title = "A fan of imagined futures"

    def __init__(
        self,
        models: Mapping[str, Dynamics],
        family: Family,
        obs: Tensor,
        action: Tensor,
        *,
        labels: Sequence[str] | None = None,
        data: Tensor | None = None,
        horizon: int = 30,
    ):
        self.scene, self.model = scene(family), FanModel(models, obs, action, horizon)
        n = obs.shape[1]
        self.labels = [f"episode {i + 1}" for i in range(n)] if labels is None else [str(label) for label in labels]
        if len(self.labels) != n or len(set(self.labels)) != n:
            raise InvalidInput(f"labels must be {n} different names, one for each episode, got {self.labels}.")
        if data is not None and (data.ndim != 2 or data.shape[-1] != obs.shape[-1]):
            raise InvalidInput(f"data must be states (M, {obs.shape[-1]}), got shape {tuple(data.shape)}.")
        self.dots = None if data is None else data[:: max(1, len(data) // MOST_DOTS)].numpy()
        wide = {"style": {"description_width": "8em"}, "layout": {"width": "26em"}}
        controls: dict[str, ipywidgets.DOMWidget] = {
            "episode": ipywidgets.Dropdown(
                options=[(label, i) for i, label in enumerate(self.labels)], value=0, description="episode", **wide
            ),
            "start": slider("from step", 0, 0, max(1, self.model.last_start)),
            "ahead": slider("steps ahead", horizon, 0, horizon),
        }
        if len(models) > 1:
            controls["model"] = ipywidgets.Dropdown(options=list(models), description="model", **wide)
        super().__init__(controls)
        self.player = Player(controls["ahead"], seconds=0.12)

    def layout(self) -> ipywidgets.DOMWidget:
        chosen = [self.controls[name] for name in ("model", "episode") if name in self.controls]
        row = ipywidgets.HBox(chosen, layout={"flex_flow": "row wrap"})
        return ipywidgets.VBox([row, self.controls["start"], self.player.view(), self.picture])

    def parameters(self) -> dict[str, Any]:
        return {"model": next(iter(self.model.models))} | super().parameters()

    def fan(self, model: str, episode: int, start: int) -> Fan:
        """The futures that are shown."""
        return self.model.fan(model, episode, min(start, self.model.last_start))

    def describe(self, model: str, episode: int, start: int, ahead: int) -> str:
        fan = self.fan(model, episode, start)
        words = f"{self.labels[episode]}, from step {min(start, self.model.last_start)}"
        words += f", model {model}. " if len(self.model.models) > 1 else ". "
        if not ahead:
            return f"{words}Nothing is imagined yet: everything starts where the real one stands."
        return words + "".join(self._below(fan, ahead))

    def _told(self, fan: Fan, ahead: int) -> str:
        """How far off and how far apart the members are."""
        s = self.scene
        off = fan.distance(s.place)[:, ahead] * s.per_metre
        apart = fan.spread(s.place)[ahead] * s.per_metre
        n = len(off)
        if n == 1:
            return f"the model imagines it {number(off[0])} {s.unit} away from that."
        return (
            f"the {n} members imagine it {number(off.min())} to {number(off.max())} {s.unit} away from that, and are "
            f"{number(apart)} {s.unit} apart."
        )

    def _below(self, fan: Fan, ahead: int) -> list[str]:
        """The lines under the picture."""
        s = self.scene
        x, y = fan.real[ahead, s.place] * s.per_metre
        head = f"{ahead} steps ahead it really is at ({number(x)}, {number(y)}) {s.unit}; "
        return [head, self._told(fan, ahead)] if ahead else ["Nothing is imagined yet. Move the horizon."]

    def render(self, model: str, episode: int, start: int, ahead: int) -> str:
        fan, begin = self.fan(model, episode, start), min(start, self.model.last_start)
        before = self.model.obs[: begin + 1, episode].numpy()
        parts = [*self._plane(fan, before, ahead), *self._errors(fan, ahead), self._key(fan)]
        words = self.describe(model, episode, start, ahead)
        parts += [text(LEFT, TOP + SIDE + 62 + 18 * i, told) for i, told in enumerate(self._below(fan, ahead))]
        return drawing.svg(WIDTH, TOP + SIDE + 90, parts, words)

    def _plane(self, fan: Fan, before: np.ndarray, ahead: int) -> list[str]:
        """The world from above: the data, the way here, the real way on, and those imagined."""
        s, axes = self.scene, self.scene.window(0, 0, SIDE)
        parts = []
        if self.dots is not None:
            parts += [
                f'<circle cx="{axes.px(x):.1f}" cy="{axes.py(y):.1f}" r="1.6" fill="{GREY}" fill-opacity="0.45"/>'
                for x, y in self.dots[:, s.place]
                if max(abs(x), abs(y)) <= s.half
            ]
        parts += [s.path(axes, before, GREY, width=1.5)]
        shown = slice(0, ahead + 1)
        for e, member in enumerate(fan.members):
            color = drawing.COLORS[e % 6]
            parts += [s.arm(axes, member[ahead], color, 3, stroke_opacity=0.6)]
            parts += [s.path(axes, member[shown], color, drawing.DASHES[e % 6], 1.8)]
        parts += [s.arm(axes, fan.real[ahead], "currentColor", 5, stroke_opacity=0.55)]
        parts += [s.path(axes, fan.real[shown], "currentColor", width=2.6)]
        parts += [s.dot(axes, member[ahead], drawing.COLORS[e % 6], 4) for e, member in enumerate(fan.members)]
        parts += [s.dot(axes, fan.real[ahead], "currentColor", 5)]
        outer = s.window(LEFT, TOP, SIDE)
        frame = outer.frame("x (m)", "y (m)", "What really happens, and what is imagined")
        return [frame, clipped(LEFT, TOP, SIDE, "".join(parts))]

    def _errors(self, fan: Fan, ahead: int) -> list[str]:
        """Distance from the truth, and the spread, against the steps ahead."""
        s, steps = self.scene, np.arange(len(fan.real))
        off, apart = fan.distance(s.place) * s.per_metre, fan.spread(s.place) * s.per_metre
        most = max(float(off.max()), float(apart.max()), 1e-9)
        axes = Axes(RIGHT, TOP, 310, SIDE - 110, (0, steps[-1]), (0, 1.05 * most))
        parts = [axes.frame("steps ahead", f"{s.unit}", "Distance from the truth, and spread")]
        parts += [axes.line(steps, d, drawing.COLORS[e % 6], drawing.DASHES[e % 6], 1.6) for e, d in enumerate(off)]
        if len(off) > 1:
            parts += [axes.line(steps, apart, "currentColor", "1 4", 4, stroke_linecap="round")]
        return [*parts, axes.vertical(ahead, width=1.5)]

    def _key(self, fan: Fan) -> str:
        """What the lines mean."""
        top = TOP + SIDE - 40
        rows = [("what really happens (left)", "currentColor", "")]
        if len(fan.members) > 1:
            rows += [("spread of the members (right)", "currentColor", "1 4")]
        parts = [drawing.legend(RIGHT, top, rows)]
        y = top + 18 * len(rows)
        for e in range(min(len(fan.members), 6)):
            parts += [line(RIGHT + 16 * e, y - 4, RIGHT + 16 * e + 12, y - 4, drawing.COLORS[e % 6], 3)]
        n = len(fan.members)
        parts += [text(RIGHT + 16 * min(n, 6) + 6, y, f"{n} members" if n > 1 else "the model")]
        if self.dots is not None:
            parts += [rect(RIGHT + 4, y + 11, 4, 4, GREY), text(RIGHT + 32, y + 18, "states in the data")]
        return "".join(parts)
