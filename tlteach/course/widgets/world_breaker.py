"""A world to break by hand, under policies that practised in a model of it: promised and real, and what warns."""

import ipywidgets
from torch import Tensor

from tlteach.course.widgets import breaker_picture
from tlteach.course.widgets.base import Widget, slider
from tlteach.course.widgets.breaker_model import MOTORS, BreakerModel, Deployed
from tlteach.course.widgets.drawing import number
from tlteach.course.widgets.world_picture import scene
from tlteach.modelbased.dynamics import Dynamics
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.tasks.families import Family

ALL = -1  # no motor is dead: a drop-down shows nothing for None


class WorldBreaker(Widget):
    """Choose a goal, turn the drag of the real world up or down, cut a motor off: the policy practised without that.

        widgets.WorldBreaker(model, family, policies, goals, known=19)

    Args: as for `BreakerModel`; goals outside the training range are named so. goal, motor: numbers of the goal that is
    chosen at first, and of the motor that is dead (None: all work).
    """

    title = "Break the world"

    def __init__(
        self,
        model: Dynamics,
        family: Family,
        policies: GaussianPolicy,
        goals: Tensor,
        known: int,
        rate: float = 0.1,
        clip_margin: float | None = 0.5,
        seed: int = 0,
        *,
        goal: int = 0,
        motor: int | None = None,
    ):
        self.model = BreakerModel(model, family, policies, goals, known, rate, clip_margin, seed)
        self.scene = scene(family)
        wide = {"style": {"description_width": "8em"}, "layout": {"width": "26em"}}
        motors = [("all motors work", ALL), *((f"no push to the {name}", i) for i, name in enumerate(MOTORS[:2]))]
        motors += [(f"no push {name}", i) for i, name in enumerate(MOTORS) if i > 1]
        controls = {
            "goal": ipywidgets.Dropdown(options=self._named(), value=goal, description="goal", **wide),
            "drag": slider("drag, in %", 100, 0, 300, 10, continuous_update=False),
            "motor": ipywidgets.Dropdown(
                options=motors, value=ALL if motor is None else motor, description="motors", **wide
            ),
            "steps": slider("real steps", min(10, family.horizon), 1, family.horizon),
        }
        super().__init__(controls)

    def _named(self) -> list[tuple[str, int]]:
        """The goals by their place, those of the training range first; a place that comes twice is numbered."""
        family, goals = self.model.family, self.model.goals
        inside = family.in_range(goals).tolist()
        order = sorted(range(len(goals)), key=lambda i: (not inside[i], i))
        names: dict[str, int] = {}
        for i in order:
            x, y = goals[i].tolist()
            name = f"({x:.1f}, {y:.1f})".replace("-", "\u2212") + ("" if inside[i] else " outside")
            names[name if name not in names else f"{name}, goal {i + 1}"] = i
        return list(names.items())

    def layout(self) -> ipywidgets.DOMWidget:
        c = self.controls
        row = {"flex_flow": "row wrap"}
        world = ipywidgets.HBox([c["motor"], c["drag"]], layout=row)
        return ipywidgets.VBox([ipywidgets.HBox([c["goal"], c["steps"]], layout=row), world, self.picture])

    def shown(self, goal: int, drag: float, motor: int | None) -> Deployed:
        """What is shown; drag in per cent."""
        return self.model.deployed(goal, drag / 100, None if motor == ALL else motor)

    def render(self, goal: int, drag: float, motor: int | None, steps: int) -> str:
        words = self.describe(goal, drag, motor, steps)
        return breaker_picture.picture(self.shown(goal, drag, motor), steps, self.model.family.reach, self.scene, words)

    def describe(self, goal: int, drag: float, motor: int | None, steps: int) -> str:
        shown = self.shown(goal, drag, motor)
        x, y = shown.goal
        what = f"drag at {drag:g} per cent, " + (
            "all motors work" if motor in (None, ALL) else f"no push {MOTORS[motor]}"
        )
        lights = [shown.score > shown.score_limit, shown.errors[steps - 1] > shown.error_limits[steps - 1]]
        told = ["on" if light else "off" for light in lights]
        return (
            f"Goal at {x:.1f}, {y:.1f} m; {what}. Return: promised {number(shown.promised)}, real "
            f"{number(shown.real)}. Light of disagreement, without a real step: {told[0]}. Light of model error, after "
            f"{steps} real steps: {told[1]}."
        )
