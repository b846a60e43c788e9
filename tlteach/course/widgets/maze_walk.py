"""The maze by hand, blind: the student sees no more than the agent does, steers, and is then shown the whole."""

from dataclasses import replace
from functools import cached_property

import ipywidgets
import torch

from tlteach import checks
from tlteach.course.widgets import drawing, maze_picture
from tlteach.course.widgets.base import Widget, button
from tlteach.course.widgets.drawing import number, rect, text
from tlteach.errors import InvalidInput
from tlteach.tasks.maze import ACTIONS, BatchedMaze, MazeEnv, MazeTask, Planner, RandomPlayer, play

ARROWS = {"up": "\u2191", "down": "\u2193", "left": "\u2190", "right": "\u2192"}
EPISODES = 200  # of the planner and of chance, to compare with
SIDE, MIDDLE, RIGHT, TOP = 200, 250, 530, 46


class MazeWalk(Widget):
    """Steer with the four buttons, or with the arrow keys once one of them has the focus.

    Args:
        task: the maze; its length is replaced by `steps`.
        steps: how many there are in an episode.
        seed: of the goal and of the cells where one is put down; a new maze takes the next one.

    Raises InvalidInput for what is no `MazeTask`, and for less than one step.
    """

    title = "A maze that you cannot see"

    def __init__(self, task: MazeTask | None = None, steps: int = 60, seed: int = 0):
        task = MazeTask(size=5) if task is None else task
        if not isinstance(task, MazeTask):
            raise InvalidInput(f"MazeWalk needs a MazeTask, got {type(task).__name__}.")
        checks.whole(1, steps=steps)
        self.task, self.seed = replace(task, episode_length=steps), seed
        self.env = MazeEnv(**{name: getattr(self.task, name) for name in MazeTask.__dataclass_fields__})
        super().__init__()
        self.arrows = {
            name: button(f"{ARROWS[name]} {name}", f"one step {name}", lambda a=a: self.go(a), "7em")
            for a, name in enumerate(ACTIONS)
        }
        for name, arrow in self.arrows.items():
            arrow.add_class(f"tl-{name}")
        self.show_all = button("Show the maze", "Show the whole maze, the goal and your way", self.reveal)
        self.again = button("New maze", "Begin again with another goal", lambda: self.begin(self.seed + 1))
        self.said = ipywidgets.HTML()
        self.said.add_class("tl-live")
        self.begin(seed)

    def begin(self, seed: int) -> None:
        """A new episode, unseen."""
        self.seed, self.revealed = seed, False
        self.seen, _ = self.env.reset(seed=seed)
        self.cells, self.rewards = [self.env.cell], []
        self._tell()

    def go(self, action: int) -> None:
        """One step; nothing happens after the last."""
        if self.over:
            return
        self.seen, reward, *_ = self.env.step(action)
        self.cells.append(self.env.cell)
        self.rewards.append(float(reward))
        self.revealed = self.revealed or self.over
        self._tell()

    def reveal(self) -> None:
        """Show the whole maze."""
        self.revealed = True
        self._tell()

    @property
    def over(self) -> bool:
        return len(self.rewards) == self.task.episode_length

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """What chance earns in as many steps, and what a planner that is told the goal earns: means of 200 episodes."""
        generator = torch.Generator().manual_seed(0)
        maze = BatchedMaze(self.task, EPISODES, generator)
        return tuple(play(p, maze).mean().item() for p in (RandomPlayer(self.task, generator), Planner(self.task)))

    def layout(self) -> ipywidgets.DOMWidget:
        up, down, left, right = self.arrows.values()
        cross = ipywidgets.VBox([up, ipywidgets.HBox([left, right]), down], layout={"align_items": "center"})
        hint = ipywidgets.HTML("Steer with the buttons; once one has the focus, with the arrow keys.")
        others = ipywidgets.VBox([hint, ipywidgets.HBox([self.show_all, self.again]), self.said])
        box = ipywidgets.VBox([ipywidgets.HBox([cross, others], layout={"flex_flow": "row wrap"}), self.picture])
        box.add_class("tl-steer")
        return box

    def words(self) -> str:
        """What has just happened, and what is seen."""
        taken, length = len(self.rewards), self.task.episode_length
        if not taken:
            event = "You have not moved yet"
        elif self.task.finds(self.rewards[-1]):
            event = f"{maze_picture.money(self.rewards[-1])}! Paid, and put down somewhere"
        elif self.rewards[-1] < 0:
            event = f"{maze_picture.money(self.rewards[-1])}: you walked into a wall"
        else:
            event = "Nothing happened"
        total = maze_picture.money(sum(self.rewards))
        end = " The episode is over." if self.over else ""
        return f"{event}; {maze_picture.surroundings(self.seen)}. Step {taken} of {length}, {total} in all.{end}"

    def describe(self) -> str:
        if not self.revealed:
            return f"{self.title}, only the 3 by 3 cells around you. {self.words()}"
        row, column = self.task.plan.cells[self.env.goal]
        finds = sum(map(self.task.finds, self.rewards))
        chance, best = (number(value) for value in self.bounds)
        return (
            f"The whole maze, {self.task.size} by {self.task.size}: the goal was in row {row}, column {column}, "
            f"and you were paid {finds} times. {self.words()} "
            f"In {self.task.episode_length} steps chance earns {chance}, who knows the goal {best}."
        )

    def render(self) -> str:
        parts = [text(10, TOP - 14, "what you see", size=13, font_weight="600")]
        parts += [maze_picture.view(self.seen, 10, TOP, SIDE)]
        total, last = sum(self.rewards), self.rewards[-1] if self.rewards else 0.0
        lines = [
            ("step", f"{len(self.rewards)} of {self.task.episode_length}"),
            ("last reward", maze_picture.money(last)),
        ]
        for k, (name, value) in enumerate([*lines, ("in all", maze_picture.money(total))]):
            y = TOP + 24 + 30 * k
            parts += [text(MIDDLE, y, name, size=13), text(MIDDLE + 110, y, value, size=17, font_weight="700")]
        parts += [maze_picture.payments(self.rewards, self.task.episode_length, MIDDLE, TOP + 158, RIGHT - MIDDLE - 40)]
        parts += [text(RIGHT, TOP - 14, "the maze", size=13, font_weight="600")]
        if self.revealed:
            paid = [self.task.finds(reward) for reward in self.rewards]
            parts += [maze_picture.plan(self.task, RIGHT, TOP, SIDE, self.env.goal, self.cells, paid=paid)]
            chance, best = (number(value) for value in self.bounds)
            note = f"In {self.task.episode_length} steps: chance {chance}, who knows the goal {best}"
            parts += [text(RIGHT + SIDE, TOP + SIDE + 22, note, "end", 12)]
        else:
            parts += [rect(RIGHT, TOP, SIDE, SIDE, maze_picture.WALL)]
            parts += [text(RIGHT + SIDE / 2, TOP + SIDE / 2 + 16, "?", "middle", 48, style="fill:#fff")]
        return drawing.svg(RIGHT + SIDE + 12, TOP + SIDE + 36, parts, self.describe())

    def _tell(self) -> None:
        self.said.value = f"<p style='margin:0'>{self.words()}</p>"
        self._redraw()
