"""An episode of several networks in the same maze, side by side and step by step: ways, finds, values, traces."""

from collections.abc import Mapping

import ipywidgets
import numpy as np

from tlteach.course.widgets import drawing, maze_picture
from tlteach.course.widgets.base import Player, Widget, button, slider
from tlteach.course.widgets.drawing import Axes, text
from tlteach.course.widgets.maze_model import MOST, MazeModel
from tlteach.experiments.maze import Episode, MazeNetwork
from tlteach.tasks.maze import MazeTask

WIDE, SMALL, GAP, LEFT, TOP, TRACE = 186, 158, 28, 58, 52, 120  # the smaller mazes where there are five


class MazeStepper(Widget):
    """Step through an episode; "Another goal" begins a new one.

    Args:
        networks: name -> trained `MazeNetwork`, one to five.
        task: the maze they were trained in.
        seed: number of the first episode.

    Raises InvalidInput as `MazeModel` does.
    """

    title = "The same maze, lived by each network"

    def __init__(self, networks: Mapping[str, MazeNetwork], task: MazeTask, seed: int = 0):
        self.model, self.number = MazeModel(networks, task), seed
        self.side = WIDE if len(networks) < MOST else SMALL
        self.under = TOP + self.side + 52  # where the traces begin
        self.below = self.under + TRACE + 72  # where the values begin
        time = slider("step of episode", task.episode_length, 0, task.episode_length)
        super().__init__({"time": time})
        self.player = Player(time, seconds=0.3)
        self.other = button("Another goal", "A new episode with another goal, for all networks", self.renew)

    def renew(self) -> None:
        """The next episode, from its beginning."""
        self.number += 1
        self.controls["time"].value = 0
        self._redraw()

    def layout(self) -> ipywidgets.DOMWidget:
        controls = ipywidgets.HBox([self.player.view(), self.other], layout={"flex_flow": "row wrap"})
        return ipywidgets.VBox([controls, self.picture])

    def describe(self, time: int) -> str:
        episodes = self.model.episodes(self.number)
        row, column = self.model.task.plan.cells[next(iter(episodes.values())).goal]
        parts = []
        for name, lived in episodes.items():
            r, c = self.model.task.plan.cells[lived.cell[time]]
            expects = f", expects {drawing.number(lived.value[min(time, len(lived.value) - 1)])}"
            finds = _finds(int(lived.found[:time].sum()))
            parts.append(f"{name} stands in row {r}, column {c}, {finds}{expects}")
        steps = self.model.task.episode_length
        return f"After step {time} of {steps}, the goal in row {row}, column {column}: {'; '.join(parts)}."

    def render(self, time: int) -> str:
        episodes = self.model.episodes(self.number)
        limit = self.model.limit(self.number)
        parts: list[str] = []
        for k, (name, lived) in enumerate(episodes.items()):
            written = self.model.written(self.number, name)
            parts += self._column(LEFT + k * (self.side + GAP), k, name, lived, written, time, limit)
        if limit is not None:
            parts += [drawing.colorbar(LEFT, self.under + TRACE + 10, self.side, -limit, limit)]
        width = max(len(episodes), 3) * (self.side + GAP) - GAP
        parts += self._values(episodes, time, width)
        return drawing.svg(LEFT + width + 14, self.below + 186, parts, self.describe(time))

    def _column(
        self, x: float, k: int, name: str, lived: Episode, written, time: int, limit: float | None
    ) -> list[str]:
        found, total = int(lived.found[:time].sum()), maze_picture.money(lived.reward[:time].sum())
        parts = [
            drawing.line(x, TOP - 34, x + 26, TOP - 34, drawing.COLORS[k], 2.5, stroke_dasharray=drawing.DASHES[k])
        ]
        parts += [text(x + 32, TOP - 30, name, size=13, font_weight="600")]
        parts += [text(x, TOP - 10, f"{_finds(found)}, {total} in all", size=12)]
        cells, paid = lived.cell[: time + 1].tolist(), lived.found.tolist()
        parts += [maze_picture.plan(self.model.task, x, TOP, self.side, lived.goal, cells, paid=paid)]
        parts += [text(x, self.under - 10, "\u03b1\u00b7Hebb: written so far", size=12, font_weight="600")]
        if written is None:
            return [*parts, text(x, self.under + 22, "nothing here is plastic", size=12)]
        now = written[min(time, len(written) - 1)]
        return [*parts, drawing.heatmap(now, x, self.under, TRACE, TRACE, -limit, limit)]

    def _values(self, episodes: Mapping[str, Episode], time: int, width: float) -> list[str]:
        every = np.concatenate([lived.value for lived in episodes.values()])
        low, high = min(0.0, float(every.min())), max(1.0, float(every.max()))
        axes = Axes(LEFT, self.below, width, 122, (0, self.model.task.episode_length), (low, high * 1.1))
        parts = [axes.frame("step of episode (dots: paid)", "value", "what each expects to earn: V")]
        for k, lived in enumerate(episodes.values()):
            color, steps = drawing.COLORS[k], np.arange(len(lived.value))
            parts += [axes.line(steps, lived.value, color, drawing.DASHES[k], 1.8)]
            parts += [axes.point(t, lived.value[t], color, 4) for t in np.flatnonzero(lived.found)]
        return [*parts, axes.vertical(time, width=1.5)]


def _finds(n: int) -> str:
    return "no find" if not n else f"{n} find{'s' * (n > 1)}"
