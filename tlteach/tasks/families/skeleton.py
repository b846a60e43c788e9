"""A robot as line segments: the axes of its capsules, seen from afar."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tlteach.tasks.families.drawing import GROUND, Picture, Stroke
from tlteach.tasks.families.simulator import need_mujoco


@dataclass(frozen=True)
class Look:
    """From where: azimuth 0 looks along y, elevation 90 down from above (degrees); a window of `span` metres.

    follow: name of the body at the centre, `height` metres up; None for the origin. camera: the model's own camera of
    OpenGL pictures, otherwise this look. grid: metres between the lines on the ground, 0 for none; depth: how far they
    go to the sides.
    """

    azimuth: float
    elevation: float
    span: float
    follow: str | None = None
    height: float = 0.0
    camera: str | None = None
    grid: float = 1.0
    depth: float = 1.0

    def axes(self) -> np.ndarray:
        """(3, 3): to the right, up, and into the picture."""
        a, e = np.radians([self.azimuth, self.elevation])
        right, ahead, up = (
            np.array([np.cos(a), np.sin(a), 0]),
            np.array([-np.sin(a), np.cos(a), 0]),
            np.array([0, 0, 1]),
        )
        return np.stack([right, np.sin(e) * ahead + np.cos(e) * up, np.cos(e) * ahead - np.sin(e) * up])


LOOKS = {
    "reacher.xml": Look(0, 90, 0.7, grid=0),
    "half_cheetah.xml": Look(0, 12, 2.6, follow="torso", height=0.5, camera="track", grid=0.5),
    "ant.xml": Look(30, 35, 3.0, follow="torso", height=0.4, camera="track", depth=6.0),
}


def picture(model: Any, data: Any, look: Look) -> Picture:
    """Capsules, cylinders and spheres of a MuJoCo model as strokes, the farthest first, on a grid of lines."""
    kinds = need_mujoco().mjtGeom
    sphere = int(kinds.mjGEOM_SPHERE)
    drawn = (sphere, int(kinds.mjGEOM_CAPSULE), int(kinds.mjGEOM_CYLINDER))
    axes = look.axes()
    focus = np.zeros(3)
    if look.follow:
        focus[:2], focus[2] = data.body(look.follow).xpos[:2], look.height
    found = []
    for i in range(model.ngeom):
        kind, (radius, half, _) = int(model.geom_type[i]), model.geom_size[i]
        if kind not in drawn:
            continue
        reach = 0 * focus if kind == sphere else half * data.geom_xmat[i].reshape(3, 3)[:, 2]  # along its axis
        ends = axes @ np.stack([data.geom_xpos[i] - reach, data.geom_xpos[i] + reach], 1)  # (3, 2)
        colour = tuple(int(255 * c) for c in model.geom_rgba[i][:3])
        found.append((ends[2].mean(), Stroke(tuple(ends[:2, 0]), tuple(ends[:2, 1]), 2 * radius, colour)))
    found.sort(key=lambda one: -one[0])
    return Picture([*ground(look, axes, focus), *(stroke for _, stroke in found)], tuple((axes @ focus)[:2]), look.span)


def ground(look: Look, axes: np.ndarray, focus: np.ndarray) -> list[Stroke]:
    """Lines that stand still while the robot moves: a strip of `depth` metres to both sides, without end along x."""
    if not look.grid:
        return []
    low, high = focus[:2] - (2 * look.span, look.depth), focus[:2] + (2 * look.span, look.depth)
    lines = []
    for across in (0, 1):
        for place in np.arange(np.ceil(low[across] / look.grid), high[across] / look.grid + 1e-9) * look.grid:
            ends = np.zeros((3, 2))
            ends[across], ends[1 - across] = place, (low[1 - across], high[1 - across])
            seen = axes @ ends
            lines.append(Stroke(tuple(seen[:2, 0]), tuple(seen[:2, 1]), 0.0, GROUND))
    return lines
