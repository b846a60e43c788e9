"""The pictures of the practice field: the plane with both worlds' paths, and what practice has cost and brought."""

import numpy as np

from tlteach.course.widgets import drawing
from tlteach.course.widgets.drawing import Axes, line, number, rect, text, thousands
from tlteach.course.widgets.pad import MARK
from tlteach.course.widgets.practice_model import Progress
from tlteach.course.widgets.world_picture import Scene, clipped

SIDE, WIDTH, HEIGHT = 400, 400, 400
IMAGINED, REAL = drawing.COLORS[:2]
DOTS = 400  # states of the data that are drawn


def field(progress: Progress, known: np.ndarray, reach: float, scene: Scene, label: str, goal: bool = False) -> str:
    """The plane, SIDE x SIDE: the data as grey dots, the square of the training goals, paths in both worlds."""
    body = "".join(_field(progress, known, reach, scene, goal))
    return drawing.svg(SIDE, SIDE, [body], label)


def results(progress: Progress, label: str) -> str:
    return drawing.svg(WIDTH, HEIGHT, _results(progress), label)


def both(progress: Progress, known: np.ndarray, reach: float, scene: Scene, label: str) -> str:
    """Everything in one picture, for pages on which nothing can run."""
    left = clipped(0, 0, SIDE, "".join(_field(progress, known, reach, scene, True)))
    right = f'<g transform="translate({SIDE + 20} 0)">{"".join(_results(progress))}</g>'
    return drawing.svg(SIDE + 20 + WIDTH, SIDE, [left, right], label)


def _field(progress: Progress, known: np.ndarray, reach: float, scene: Scene, goal: bool) -> list[str]:
    axes = scene.window(0, 0, SIDE)
    parts = [rect(0.5, 0.5, SIDE - 1, SIDE - 1, stroke="currentColor", stroke_opacity=0.45)]
    seen = known[:: max(1, len(known) // DOTS), scene.place]
    parts += [
        f'<path d="{"".join(f"M{axes.px(x):.0f} {axes.py(y):.0f}h0.1" for x, y in seen)}" stroke="currentColor" '
        'stroke-width="3" stroke-linecap="round" stroke-opacity="0.25"/>'
    ]
    low, high = axes.px(-reach), axes.px(reach)
    parts += [rect(low, low, high - low, high - low, stroke="currentColor", stroke_dasharray="4 4", stroke_opacity=0.6)]
    parts += [text(low + 4, low - 5, "training goals lie in here", size=11)]
    for path in progress.happened.paths:
        parts += [scene.path(axes, path, REAL, width=2)]
    if progress.imagined:
        for path in progress.imagined.paths:
            parts += [scene.path(axes, path, IMAGINED, "5 4", width=2)]
    if goal:
        x, y = axes.px(progress.goal[0]), axes.py(progress.goal[1])
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{MARK}" fill-opacity="0.35" stroke="{MARK}"/>']
        parts += [line(x - 16, y, x + 16, y, MARK, 2), line(x, y - 16, x, y + 16, MARK, 2)]
    return parts


def _results(progress: Progress) -> list[str]:
    updates, shown = progress.updates, np.concatenate([progress.virtual, progress.real])
    low = float(np.nanmin(shown)) * 1.05
    axes = Axes(52, 34, WIDTH - 62, 150, (0, max(updates, 10)), (min(low, -1.0), 0))
    parts = [axes.frame("updates of the policy", "", "Return of the policy (0 is best)")]
    curves = [("imagined", progress.virtual, IMAGINED, "5 4"), ("real", progress.real, REAL, "")]
    for _, values, color, dash in curves:
        parts += (
            [axes.line(np.arange(len(values)), values, color, dash), axes.point(updates, values[-1], color, 4)]
            if (np.isfinite(values[-1]))
            else [axes.line(np.arange(len(values)), values, color, dash)]
        )
    top = 236
    for k, (name, values, color, dash) in enumerate(curves):
        y, value = top + 26 * k, values[-1]
        parts += [line(2, y + 8, 30, y + 8, color, 3, stroke_dasharray=dash), text(36, y + 12, name)]
        if np.isfinite(value):
            length = min(190 * value / min(low, -1.0), 190)
            parts += [rect(104, y, max(length, 0.5), 16, color), text(110 + length, y + 12.5, number(value))]
        else:
            parts += [text(104, y + 12.5, "diverged")]
    y = top + 78
    parts += [text(2, y, f"{thousands(progress.virtual_steps)} virtual steps practised", font_weight="600")]
    parts += [text(2, y + 20, "0 real steps practised", font_weight="600")]
    parts += [
        text(
            2, y + 40, f"The model was fitted on {thousands(progress.known_steps)} real steps for other goals.", size=11
        )
    ]
    parts += [text(2, y + 56, "The real paths are drawn for you; practice never sees them.", size=11)]
    if progress.trouble:
        parts += [text(2, y + 74, "\u26a0 The model diverged: practice had to stop.", font_weight="600")]
    return parts
