"""How the worlds of the second half of the course are drawn in widgets: the point mass as a path, the arm as a path of
its fingertip with two bones. Positions in metres, y upwards."""

from dataclasses import dataclass

import numpy as np

from tlteach.course.widgets.drawing import Axes, line
from tlteach.errors import InvalidInput
from tlteach.tasks.families import Family, Navigation, Reacher
from tlteach.tasks.families.reacher import UPPER_ARM


@dataclass(frozen=True)
class Scene:
    """Where a family's states are in the plane.

    place: components of an observation that are (x, y). half: metres from the middle of the window to its edge.
    unit, per_metre: what distances are told in. bones: whether an arm leads from the origin to that place.
    """

    place: slice
    half: float
    unit: str = "m"
    per_metre: float = 1.0
    bones: bool = False

    def window(self, x: float, y: float, side: float) -> Axes:
        """A square plotting box."""
        return Axes(x, y, side, side, (-self.half, self.half), (-self.half, self.half))

    def path(self, axes: Axes, states: np.ndarray, color: str, dash: str = "", width: float = 2.2, **more) -> str:
        """The way through states (T, O)."""
        xy = states[:, self.place]
        return axes.line(xy[:, 0], xy[:, 1], color, dash, width, **more)

    def dot(self, axes: Axes, state: np.ndarray, color: str, radius: float = 5) -> str:
        x, y = state[self.place]
        return axes.point(x, y, color, radius)

    def arm(self, axes: Axes, state: np.ndarray, color: str, width: float, **more) -> str:
        """Upper arm and forearm of a state (O,), or nothing where there is no arm.

        The elbow is where the observed cosine and sine say. What a model imagines need not be the angle of anything:
        the bones may then stretch.
        """
        if not self.bones:
            return ""
        x, y = state[self.place]
        elbow = UPPER_ARM * state[0], UPPER_ARM * state[2]
        joints = [(0.0, 0.0), elbow, (x, y)]
        return "".join(
            line(axes.px(a), axes.py(b), axes.px(c), axes.py(d), color, width, stroke_linecap="round", **more)
            for (a, b), (c, d) in zip(joints[:-1], joints[1:], strict=True)
        )


SCENES: dict[type[Family], Scene] = {
    Navigation: Scene(slice(0, 2), 3.5),
    Reacher: Scene(slice(6, 8), 0.25, "cm", 100.0, bones=True),
}


def scene(family: Family) -> Scene:
    """How `family` is drawn. Raises InvalidInput for families that are not drawn in the plane."""
    if type(family) not in SCENES:
        known = ", ".join(kind.__name__ for kind in SCENES)
        raise InvalidInput(f"{type(family).__name__} is not drawn in the plane; there are {known}")
    return SCENES[type(family)]


def clipped(x: float, y: float, side: float, body: str) -> str:
    """A square part of a picture, with its own origin; what sticks out is cut off."""
    return f'<svg x="{x:.5g}" y="{y:.5g}" width="{side:.5g}" height="{side:.5g}">{body}</svg>'
