"""A half-cheetah whose target velocity is dragged, and beside it what the learned model dreams of it."""

import asyncio
import time
from typing import Any

import ipywidgets
from torch import Tensor

from tlteach.course.widgets import cheetah_picture
from tlteach.course.widgets.base import Widget, button
from tlteach.course.widgets.cheetah_model import CheetahModel, Moment
from tlteach.course.widgets.drawing import number
from tlteach.modelbased.dynamics import Dynamics
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.tasks.families import Family

TICK = 2  # steps between two pictures
PAUSE = 0.02  # seconds, at least, in which the page is listened to
LASTS = 20.0  # s of the cheetah's life until it stops by itself; every move of the target begins them anew


class CheetahStand(Widget):
    """Drag the target velocity (or press the arrow keys): the policy of that target drives both bodies.

        stand = widgets.CheetahStand(family, model, policies, targets)
        stand.run(100)
        stand

    It runs between cells, about as fast as a real cheetah of that kind would, and stops by itself.

    Arguments and errors as of `CheetahModel`.
    """

    title = "The real cheetah, and the model's dream of it"

    def __init__(
        self,
        family: Family,
        model: Dynamics,
        policies: GaussianPolicy,
        targets: Tensor,
        *,
        clip_margin: float | None = 0.5,
        seed: int = 0,
    ):
        self.model = CheetahModel(family, model, policies, targets, clip_margin=clip_margin, seed=seed)
        self.task: asyncio.Task | None = None
        self.left = 0  # steps until it stops
        offered = [round(float(target), 3) for target in self.model.targets]
        self.slider = ipywidgets.SelectionSlider(
            options=[(f"{number(target)} m/s", target) for target in offered],
            value=offered[self.model.chosen],
            description="target velocity",
            style={"description_width": "8em"},
            layout={"width": "30em"},
        )
        self.slider.observe(self._moved, "value")
        self.play = button("", "Let both run, or stop them", self.toggle, "6em")
        self.waking = button("Wake up", "The dream goes on from where the real body is now", self.wake, "7em")
        self.again = button("Start again", "Both at the start of another episode", self.restart, "8em")
        self.status = ipywidgets.HTML()
        super().__init__()
        self._say()

    def layout(self) -> ipywidgets.DOMWidget:
        buttons = ipywidgets.HBox([self.play, self.waking, self.again], layout={"flex_flow": "row wrap"})
        return ipywidgets.VBox([self.slider, buttons, self.picture, self.status])

    def parameters(self) -> dict[str, Any]:
        return {"moment": self.model.moment}

    def render(self, moment: Moment) -> str:
        real, dream = self.model.picture(moment.real), self.model.picture(moment.dream)
        return cheetah_picture.stand(moment, real, dream, float(self.model.targets[-1]), self.describe(moment))

    def describe(self, moment: Moment) -> str:
        words = f"Target {number(moment.target)} m/s, after {moment.time:.1f} s: "
        real, dream = moment.recent()
        if not moment.time:
            return words + "both bodies stand at the start."
        apart = abs(moment.real[0] - moment.dream[0])
        return (
            f"{words}the real body ran at {number(round(real, 2))} m/s in the last second, the dreamt one at "
            f"{number(round(dream, 2))}; dreaming for {moment.asleep:.1f} s, they are {number(round(apart, 2))} m "
            "apart."
        )

    # What can be done

    def run(self, steps: int) -> None:
        """So many steps at once, before going on."""
        self.model.advance(steps)
        self._redraw()
        self._say()

    def wake(self) -> None:
        """The dream begins where the real body is."""
        self.model.wake()
        self._redraw()
        self._say(running=self.task is not None)

    def restart(self) -> None:
        self.model.restart()
        self._redraw()
        self._say(running=self.task is not None)

    def toggle(self) -> None:
        """Run, or stop. Without a running event loop: one tick."""
        if self.task is not None:
            self.task.cancel()
            return
        self.left = round(LASTS / self.model.dt)
        try:
            self.task = asyncio.get_running_loop().create_task(self._run())
        except RuntimeError:
            self.run(TICK)

    def _moved(self, change: Any) -> None:
        """Another target: its policy takes over in the middle of the run."""
        self.model.choose(change["new"])
        self.left = round(LASTS / self.model.dt)
        if self.task is None:
            self.toggle()

    async def _run(self) -> None:
        self._say(running=True)
        try:
            while self.left > 0:
                begun = time.monotonic()
                self.model.advance(TICK)
                self.left -= TICK
                self._redraw()
                await asyncio.sleep(max(PAUSE, TICK * self.model.dt - (time.monotonic() - begun)))
        finally:
            self.task = None
            self._redraw()
            self._say()

    def _say(self, running: bool = False) -> None:
        """In words, at the beginning and at the end of a run: a screen reader reads it."""
        self.play.description = "\u23f9 Stop" if running else "\u25b6 Run"
        words = "Running." if running else self.describe(self.model.moment)
        self.status.value = f'<div role="status">{words}</div>'
