"""A goal to drag about, and a fresh policy that is warmed up for it while you watch, in imagination only."""

import asyncio
from typing import Any

import ipywidgets

from tlteach.course.widgets import practice_picture
from tlteach.course.widgets.base import Widget, button
from tlteach.course.widgets.drawing import number, thousands
from tlteach.course.widgets.pad import PointPad
from tlteach.course.widgets.practice_model import PracticeModel, Progress
from tlteach.course.widgets.practice_picture import SIDE
from tlteach.course.widgets.world_picture import scene
from tlteach.modelbased.algorithm import Shared

PAUSE = 0.02  # seconds between two updates, in which the page is listened to


class PracticeField(Widget):
    """Drag the goal (or press the arrow keys): a fresh policy practises for it in the learned model, through `warm_up`.

        field = widgets.PracticeField(shared)
        field

    and, in the next cell, with the field in view, `field.practise(20)`. What is started on the page runs between cells,
    an update at a time, and can be stopped.

    Args:
        shared: model, buffer and value of the tasks so far; it is not changed.
        goal: where the goal is at first.
        iterations: of a warm-up, each with `fit_steps` on the model and one update of the policy.
        seed: of the fresh policies.

    Raises InvalidInput as `PracticeModel` does.
    """

    title = "Practice in imagination"

    def __init__(
        self,
        shared: Shared,
        goal: tuple[float, float] = (1.0, 1.0),
        *,
        iterations: int = 40,
        fit_steps: int = 20,
        seed: int = 0,
    ):
        self.model = PracticeModel(shared, iterations, fit_steps, seed)
        self.scene = scene(shared.family)
        self.task: asyncio.Task | None = None
        self._display: Any = None
        self.goals = 0
        label = "The goal: drag it, or move it with the arrow keys, with Shift in large steps"
        self.pad = PointPad(label, SIDE, self.scene.half, self._moved)
        self.pad.place = goal
        self.plane, self.status = ipywidgets.HTML(), ipywidgets.HTML()
        self.play = button("", "Let the policy practise in the model, or stop it", self.toggle, "8em")
        self.again = button("Fresh policy", "Forget what was practised for this goal", self.restart, "8em")
        self.other = button("Another goal", "Draw a goal as in training", self.draw_goal, "8em")
        super().__init__()
        self.model.restart(self.pad.place)
        self.pad.draw()
        self._say()

    def layout(self) -> ipywidgets.DOMWidget:
        stack = ipywidgets.Box([self.plane, self.pad.view])
        stack.add_class("tl-stack")
        row = {"flex_flow": "row wrap", "grid_gap": "16px"}
        buttons = ipywidgets.HBox([self.play, self.again, self.other], layout={"flex_flow": "row wrap"})
        return ipywidgets.VBox([ipywidgets.HBox([stack, self.picture], layout=row), buttons, self.status])

    def parameters(self) -> dict[str, Any]:
        return {"progress": self.model.progress}

    def render(self, progress: Progress) -> str:
        return practice_picture.both(progress, self.model.known, self._reach, self.scene, self.describe(progress))

    def describe(self, progress: Progress) -> str:
        p, (x, y) = progress, progress.goal
        imagined = "it diverges" if p.imagined is None else number(p.imagined.total)
        times = "1 update" if p.updates == 1 else f"{p.updates} updates"
        return (
            f"Goal at {x:.1f}, {y:.1f} m, after {times} of the policy: return {imagined} in imagination, "
            f"{number(p.happened.total)} in the real world. Practised: {thousands(p.virtual_steps)} virtual steps, "
            "0 real ones."
        )

    # What can be done

    def practise(self, updates: int) -> None:
        """So many updates before going on, each shown; the picture that the notebook keeps is then the last one."""
        for _ in range(updates):
            if not self.model.advance():
                break
            self._redraw()
        self._redraw()
        self._say()
        if self._display is not None:
            self._display.update(self._repr_mimebundle_(), raw=True)

    def restart(self) -> None:
        """A fresh policy for the goal where it is."""
        self.model.restart(self.pad.place)
        self._redraw()
        self._say(running=self.task is not None)

    def draw_goal(self) -> None:
        self.goals += 1
        self.pad.place = tuple(self.model.family.sample_tasks(1, self.model.seed + self.goals)[0].tolist())
        self.pad.draw()
        self._moved()

    def toggle(self) -> None:
        """Practise, or stop. Without a running event loop: one update."""
        if self.task is not None:
            self.task.cancel()
            return
        try:
            self.task = asyncio.get_running_loop().create_task(self._run())
        except RuntimeError:
            self.practise(1)

    def _moved(self) -> None:
        """The goal is somewhere else: a fresh policy begins there; while somebody drags, again and again."""
        self.restart()
        if self.task is None:
            self.toggle()

    async def _run(self) -> None:
        self._say(running=True)
        try:
            while self.model.advance():
                self._redraw()
                await asyncio.sleep(PAUSE)
        finally:
            self.task = None
            self._redraw()
            self._say()

    # What is on the page. `display` is asked for by name, so that `practise` can renew the picture that is kept.

    def _ipython_display_(self) -> None:
        from IPython.display import display

        self._display = display(self._repr_mimebundle_(), raw=True, display_id=True)

    @property
    def _reach(self) -> float:
        return self.model.family.reach

    def _redraw(self, change: Any = None) -> None:
        progress = self.model.progress
        words = self.describe(progress)
        plane = practice_picture.field(progress, self.model.known, self._reach, self.scene, words)
        self.plane.value = f'<div style="width:{SIDE}px">{plane}</div>'
        shown = practice_picture.results(progress, f"The same in numbers. {words}")
        self.picture.value = f'<div style="width:{practice_picture.WIDTH}px;max-width:100%">{shown}</div>'

    def _say(self, running: bool = False) -> None:
        """Beside the pictures, in words, at the beginning and at the end of practice: a screen reader reads it."""
        self.play.description = "\u23f9 Stop" if running else "\u25b6 Practise"
        words = "Practising. " if running else self.describe(self.model.progress)
        trouble = self.model.trouble
        self.status.value = f'<div role="status">{words}{" " + trouble if trouble else ""}</div>'
