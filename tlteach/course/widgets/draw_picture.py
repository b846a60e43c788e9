"""The picture of the drawing pad: what the network sees, what it remembers of each character, and what it answers."""

from collections.abc import Sequence

import numpy as np

from tlteach.course.widgets import drawing
from tlteach.course.widgets.draw_model import Answer
from tlteach.course.widgets.drawing import number, rect, text

ROW, SEEN, CELLS, WIDTH = 38, 34, 300, 640  # pixels: a row, what the network sees, 64 numbers, all
BAR = 110
BLUE = drawing.COLORS[0]
TITLES = {
    "trace": "remembered of each: its column of Hebb, as a row",
    "agreement": "query \u00d7 \u03b1 \u00d7 Hebb: what each feature says",
}


def table(
    names: Sequence[str],
    shown: Sequence[np.ndarray | None],
    query: np.ndarray | None,
    answer: Answer | None,
    rows: str,
    title: str,
    source: str,
    label: str,
) -> str:
    """A row for the query's features, then one for each name: drawing, 64 numbers, their sum, probability."""
    left, sums = 24 + SEEN + 12, 24 + SEEN + 12 + CELLS + 54
    parts = [text(2, 18, title, size=14, font_weight="600")]
    parts += [text(left, 44, "the query: its 64 features", size=11)]
    parts += _seen("?", query, 50)
    if answer is not None:
        parts += [_cells(answer.query, left, 50, 1.0)]
        parts += [drawing.colorbar(sums - 40, 58, 90, -1.0, 1.0)]
    top = 50 + ROW + 26
    parts += [text(left, top - 8, TITLES[rows], size=11)]
    parts += [text(sums, top - 8, "agreement", "end", 11), text(sums + 16, top - 8, "answer", size=11)]
    values = None if answer is None else getattr(answer, rows)
    scale = 1.0 if values is None else drawing.limit(values)
    best = -1 if answer is None else int(answer.probabilities.argmax())
    for i, (name, picture) in enumerate(zip(names, shown, strict=True)):
        y = top + i * ROW
        parts += _seen(name, picture, y)
        if answer is None:
            continue
        if picture is None:
            parts += [text(left, y + 22, "nothing drawn yet", fill_opacity=0.75)]
        else:
            parts += [_cells(values[i], left, y, scale)]
            parts += [text(sums, y + 22, number(answer.agreement[i].sum(), signed=True), "end")]
        p, weight = float(answer.probabilities[i]), "700" if i == best else "400"
        parts += [rect(sums + 16, y + 9, max(BAR * p, 0.5), 16, BLUE)]
        parts += [text(sums + 22 + BAR * p, y + 22, f"{p:.0%}", font_weight=weight)]
    bottom = top + len(names) * ROW
    if answer is not None:
        parts += [drawing.colorbar(left, bottom + 4, CELLS, -scale, scale)]
    parts += [text(2, bottom + 44, f"Examples: {source}", size=11)] if source else []
    return drawing.svg(WIDTH, bottom + (50 if source else 30), parts, label)


def _seen(name: str, picture: np.ndarray | None, y: float) -> list[str]:
    """A name and, beside it, its drawing as the network sees it."""
    pixels = np.ones((1, 1)) if picture is None else picture
    shown = drawing.heatmap(pixels, 24, y, SEEN, SEEN, 0, 1, "gray")
    return [text(4, y + 22, name, size=14, font_weight="600"), shown]


def _cells(values: np.ndarray, x: float, y: float, scale: float) -> str:
    return drawing.heatmap(values[None], x, y + 2, CELLS, SEEN - 4, -scale, scale)
