"""The picture of the cheetah's stand: the real body above the dreamt one, and how fast both have run."""

import numpy as np

from tlteach.course.widgets import drawing
from tlteach.course.widgets.cheetah_model import MEMORY, Moment
from tlteach.course.widgets.drawing import Axes, number, rect, text
from tlteach.tasks.families.drawing import GROUND, Picture

SIDE, HIGH, GAP = 380, 190, 34  # pixels: a body's window
LEFT = SIDE + 76
WIDTH, HEIGHT = LEFT + 330, 2 * (HIGH + GAP) + 12
DREAM, REAL = drawing.COLORS[:2]
MIDDLE = 0.5  # of the window's height is where the follower looks


def stand(moment: Moment, real: Picture, dream: Picture, fastest: float, label: str) -> str:
    """Everything in one picture. fastest: the end of the velocity's axis (m/s)."""
    parts = _body(0, "the real body (MuJoCo)", real, REAL)
    parts += _body(HIGH + GAP, "the model's dream of it", dream, DREAM)
    parts += [*_velocities(moment, fastest), *_told(moment)]
    return drawing.svg(WIDTH, HEIGHT, parts, label)


def _body(top: float, title: str, body: Picture, color: str) -> list[str]:
    """A window SIDE x HIGH on a picture, whose span fills its width."""
    scale, strokes = SIDE / body.span, []
    for stroke in body.strokes:
        ends = [
            (SIDE / 2 + (x - body.centre[0]) * scale, HIGH * MIDDLE - (y - body.centre[1]) * scale)
            for x, y in (stroke.start, stroke.end)
        ]
        (x1, y1), (x2, y2) = ends
        if stroke.colour == GROUND:
            look = 'stroke="currentColor" stroke-opacity="0.25" stroke-width="1"'
        else:
            look = f'stroke="{color}" stroke-width="{max(2.0, stroke.width * scale):.1f}" stroke-linecap="round"'
        strokes.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2 + 0.01:.2f}" y2="{y2:.1f}" {look}/>')
    frame = rect(0.5, top + GAP - 10.5, SIDE - 1, HIGH - 1, stroke="currentColor", stroke_opacity=0.45)
    words = text(2, top + GAP - 18, title, size=13, font_weight="600")
    inside = f'<svg x="0" y="{top + GAP - 11}" width="{SIDE}" height="{HIGH}">{"".join(strokes)}</svg>'
    return [inside, frame, words]


def _velocities(moment: Moment, fastest: float) -> list[str]:
    """Target, real and dreamt velocity of the last seconds."""
    told = moment.velocities
    end = max(moment.time, MEMORY)
    low = min(-0.5, float(np.nanmin(told[:, 2:])) if len(told) else 0.0)
    high = max(fastest, float(np.nanmax(told[:, 2:])) if len(told) else 0.0)
    axes = Axes(LEFT, GAP, 316, HIGH, (end - MEMORY, end), (max(low, -4.0), min(1.1 * high, 8.0)))
    parts = [axes.frame("time (s)", "m/s", "How fast it runs")]
    lines = [axes.line(told[:, 0], told[:, 1], "currentColor", "2 3", 2)]
    lines += [axes.line(told[:, 0], told[:, 2], REAL), axes.line(told[:, 0], told[:, 3], DREAM, "6 3")]
    return [*parts, *lines] if len(told) else parts


def _told(moment: Moment) -> list[str]:
    """What the lines are, and their last second in numbers."""
    top = GAP + HIGH + 62
    real, dream = (number(round(v, 2)) if np.isfinite(v) else "\u2013" for v in moment.recent())
    rows = [
        (f"target: {number(moment.target)} m/s", "currentColor", "2 3"),
        (f"real, last second: {real} m/s", REAL, ""),
        (f"dreamt, last second: {dream} m/s", DREAM, "6 3"),
    ]
    apart = abs(moment.real[0] - moment.dream[0])
    return [
        drawing.legend(LEFT, top, rows, 24),
        text(LEFT, top + 84, f"Dreaming for {moment.asleep:.1f} s: {number(round(apart, 2))} m apart."),
    ]
