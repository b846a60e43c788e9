"""The pictures of the broken world: the plane with both worlds' paths, the two returns, and two warning lights."""

import numpy as np

from tlteach.course.widgets import drawing
from tlteach.course.widgets.breaker_model import Deployed
from tlteach.course.widgets.drawing import Axes, line, number, rect, text
from tlteach.course.widgets.pad import MARK
from tlteach.course.widgets.world_picture import Scene, clipped

SIDE, LEFT, TOP, WIDTH = 360, 58, 30, 860
RIGHT = LEFT + SIDE + 72
IMAGINED, REAL = drawing.COLORS[:2]
ALARM, WARNING = drawing.COLORS[2], "\u26a0 ON"


def picture(shown: Deployed, steps: int, reach: float, scene: Scene, label: str) -> str:
    """Everything, for the first `steps` real steps looked at. reach: of the training goals."""
    parts = [*_plane(shown, reach, scene), *_returns(shown), *_lights(shown, steps), *_errors(shown, steps)]
    return drawing.svg(WIDTH, TOP + SIDE + 44, parts, label)


def _plane(shown: Deployed, reach: float, scene: Scene) -> list[str]:
    axes = scene.window(0, 0, SIDE)
    low, high = axes.px(-reach), axes.px(reach)
    square = dict(stroke="currentColor", stroke_dasharray="4 4", stroke_opacity=0.6)
    parts = [rect(low, low, high - low, high - low, **square)]
    parts += [text(low + 4, low - 5, "training goals lie in here", size=11)]
    parts += [scene.path(axes, path, REAL, width=2) for path in shown.happened]
    parts += [scene.path(axes, path, IMAGINED, "5 4", width=2) for path in shown.imagined]
    x, y = axes.px(shown.goal[0]), axes.py(shown.goal[1])
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="{MARK}" fill-opacity="0.35" stroke="{MARK}"/>']
    parts += [line(x - 14, y, x + 14, y, MARK, 2), line(x, y - 14, x, y + 14, MARK, 2)]
    frame = scene.window(LEFT, TOP, SIDE).frame("x (m)", "y (m)", "Imagined and real paths")
    return [frame, clipped(LEFT, TOP, SIDE, "".join(parts))]


def _returns(shown: Deployed) -> list[str]:
    parts = [text(RIGHT, TOP - 8, "Return (0 is best)", size=13, font_weight="600")]
    low = min(shown.promised, shown.real, -1.0)
    rows = (("promised", shown.promised, IMAGINED, "5 4"), ("real", shown.real, REAL, ""))
    for k, (name, value, color, dash) in enumerate(rows):
        y = TOP + 4 + 26 * k
        parts += [line(RIGHT, y + 8, RIGHT + 26, y + 8, color, 3, stroke_dasharray=dash)]
        parts += [text(RIGHT + 32, y + 12, name)]
        length = max(190 * value / low, 0.5)
        parts += [rect(RIGHT + 98, y, length, 16, color), text(RIGHT + 104 + length, y + 12.5, number(value))]
    return parts


def _lights(shown: Deployed, steps: int) -> list[str]:
    error, limit = shown.errors[steps - 1], shown.error_limits[steps - 1]
    counted = "after 1 real step" if steps == 1 else f"after {steps} real steps"
    rows = (
        ("Do the members disagree?", "without a real step", shown.score, shown.score_limit),
        ("Is the model wrong?", counted, error, limit),
    )
    return [part for k, row in enumerate(rows) for part in _light(TOP + 66 + 48 * k, *row)]


def _light(top: float, question: str, cost: str, value: float, limit: float) -> list[str]:
    """A lamp: full and named ON above its limit, empty and named off below."""
    on, x, y = value > limit, RIGHT + 14, top + 18
    lamp = f'<circle cx="{x}" cy="{y}" r="12" fill="{ALARM if on else "none"}" stroke="currentColor" stroke-width="2"/>'
    words = f"{number(value)}, limit {number(limit)}"
    return [
        lamp,
        text(RIGHT + 36, top + 14, f"{question} {WARNING if on else 'off'}", font_weight="600"),
        text(RIGHT + 36, top + 31, f"{cost}: {words}"),
    ]


def _errors(shown: Deployed, steps: int) -> list[str]:
    n, top = np.arange(1, len(shown.errors) + 1), TOP + 196
    most = 1.1 * max(float(shown.errors.max()), float(shown.error_limits.max()), 1e-3)
    axes = Axes(RIGHT, top, 300, TOP + SIDE - top, (0, len(n)), (0, most))
    return [
        axes.frame("real steps of one episode", "", "Error of the model so far (usual changes)"),
        axes.line(n, shown.error_limits, "currentColor", "2 3", 1.6),
        axes.line(n, shown.errors, REAL),
        axes.vertical(steps),
        axes.point(steps, shown.errors[steps - 1], REAL, 4),
        text(RIGHT + 296, float(axes.py(shown.error_limits[-1])) - 5, "limit", "end", 11),
    ]
