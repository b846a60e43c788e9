"""The pictures of the image bench: what there is to choose from, and what each network shows."""

from collections.abc import Mapping, Sequence

import numpy as np

from tlteach.course.widgets import drawing
from tlteach.course.widgets.drawing import number, rect, text
from tlteach.course.widgets.image_model import BASELINES, Answer
from tlteach.course.widgets.pad import MARK, cells_path

SLOT, THUMB, ROW = 92, 44, 12  # pixels of the pictures to remember and of those to choose from; of these in a row
BIG, GAP, TOP = 148, 16, 58  # of what the networks show
BLUE, GREY = drawing.COLORS[0], drawing.COLORS[4]  # of what is chosen, and of what only guesses


def picture(pixels: np.ndarray, x: float, y: float, size: float) -> str:
    """A square picture, its pixels (N,) in [-1, 1] from black to white."""
    side = round(len(pixels) ** 0.5)
    return drawing.heatmap(pixels.reshape(side, side), x, y, size, size, -1, 1, "gray")


def choice(gallery: np.ndarray, chosen: Sequence[int], names: Sequence[str], asked: int, slots, shelf) -> str:
    """The remembered pictures, the one that is painted over framed, above the gallery. `slots` and `shelf` are
    `ClickBridge`s."""
    parts, step, cell = [], SLOT + 14, THUMB + 6
    for i, (name, which) in enumerate(zip(names, chosen, strict=True)):
        x = 2 + i * step
        weight = "700" if i == asked else "400"
        parts += [text(x, 14, name, font_weight=weight)]
        parts += [picture(gallery[which], x, 20, SLOT)]
        parts += [rect(x - 1, 19, SLOT + 2, SLOT + 2, stroke=MARK, stroke_width=3)] if i == asked else []
    parts += [slots.area(0, 0, len(names) * step, SLOT + 22, 1, len(names))]
    top = SLOT + 50
    words = f"Click a picture to remember it in the place of {names[asked]}, or choose its number below."
    parts += [text(2, top - 10, words)]
    note = ["These are shown to the network.", "Click the one to be painted over."]
    parts += [text(8 + len(names) * step, 36 + 17 * i, line) for i, line in enumerate(note)]
    for i, pixels in enumerate(gallery):
        x, y = 2 + i % ROW * cell, top + i // ROW * (cell + 12)
        parts += [picture(pixels, x, y, THUMB), text(x + THUMB / 2, y + THUMB + 12, str(i + 1), "middle", 10)]
        if i in chosen:
            parts += [rect(x, y, THUMB, THUMB, stroke=BLUE, stroke_width=2.5)]
    rows = -(-len(gallery) // ROW)
    parts += [shelf.area(0, top, ROW * cell, rows * (cell + 12), rows, ROW)]
    given = ", ".join(f"{name} is number {which + 1}" for name, which in zip(names, chosen, strict=True))
    return drawing.svg(ROW * cell, top + rows * (cell + 12) + 4, parts, f"Pictures to remember: {given}.")


def outline(mask: np.ndarray, x: float, y: float, size: float) -> str:
    """The edge of the lost part."""
    side = round(len(mask) ** 0.5)
    lost = np.pad(mask.reshape(side, side), 1)
    path = [f"M{c} {r}h1" for r, c in zip(*np.nonzero(lost[:-1, 1:-1] != lost[1:, 1:-1]), strict=True)]
    path += [f"M{c} {r}v1" for r, c in zip(*np.nonzero(lost[1:-1, :-1] != lost[1:-1, 1:]), strict=True)]
    width = f'stroke-width="{1.5 * side / size:.3g}"'
    scale = f'transform="translate({x:.5g} {y:.5g}) scale({size / side:.5g})"'
    return f'<path d="{"".join(path)}" {scale} fill="none" stroke="{MARK}" {width} stroke-linecap="square"/>'


def results(
    answers: Mapping[str, Answer],
    baselines: Mapping[str, Answer],
    whole: np.ndarray,
    erased: np.ndarray,
    time: int,
    name: str,
    source: str,
    label: str,
) -> str:
    """What was given, what each network shows after `time` steps of the test, the right answer, and the errors."""
    steps = len(next(iter(answers.values())).frames) - 1
    title = f"After {time} of {steps} test steps" if time else "Before the test: the damaged picture"
    parts = [text(2, 18, title, size=14, font_weight="600")]
    given = np.where(erased, 0.0, whole)
    columns = [("what is given", given), *((n, a.frames[time]) for n, a in answers.items()), (f"{name} itself", whole)]
    for k, (words, pixels) in enumerate(columns):
        x = 2 + k * (BIG + GAP)
        parts += [text(x, TOP - 8, words, font_weight="600"), picture(pixels, x, TOP, BIG)]
        if k == 0:
            side = round(len(whole) ** 0.5)
            scale = f'transform="translate({x} {TOP}) scale({BIG / side:.5g})"'
            parts += [f'<path d="{cells_path(erased, side)}" {scale} fill="{MARK}" fill-opacity="0.55"/>']
        elif k <= len(answers):
            parts += [outline(erased, x, TOP, BIG), _film(answers[words], x, TOP + BIG + 8, time)]
    top = TOP + BIG + 76
    parts += _errors(answers, baselines, top, bool(erased.any()))
    height = top + 34 + 20 * (len(answers) + len(baselines))
    if source:
        parts += [text(2, height - 4, f"Pictures: {source}", size=11)]
    width = 4 + len(columns) * (BIG + GAP) - GAP
    return drawing.svg(max(width, 620), height + 4, parts, label)


def _film(answer: Answer, x: float, y: float, time: int) -> str:
    """All frames in a row, small, the one that is shown large framed."""
    frames = np.unique(np.linspace(0, len(answer.frames) - 1, min(len(answer.frames), 5)).round().astype(int))
    size = min((BIG - 4 * (len(frames) - 1)) / len(frames), 34)
    parts = []
    for i, k in enumerate(frames):
        left = x + i * (size + 4)
        parts += [picture(answer.frames[k], left, y, size)]
        parts += [text(left + size / 2, y + size + 13, "given" if k == 0 else str(k), "middle", 10)]
        parts += [rect(left, y, size, size, stroke=BLUE, stroke_width=2.5)] if k == time else []
    return "".join(parts)


def _errors(answers: Mapping[str, Answer], baselines: Mapping[str, Answer], top: float, lost: bool) -> list[str]:
    """A bar for each network and each baseline: the error that training makes small, at the last step."""
    if not lost:
        return [text(2, top, "Nothing is lost. Paint over a part of the picture.", font_weight="600")]
    parts = [text(2, top, "squared error for each lost pixel, at the last step", font_weight="600")]
    rows = [(name, answer, drawing.COLORS[k]) for k, (name, answer) in enumerate(answers.items())]
    rows += [(BASELINES[name], answer, GREY) for name, answer in baselines.items()]
    most = max(answer.errors[-1] for _, answer, _ in rows) or 1.0
    for k, (name, answer, color) in enumerate(rows):
        y, error = top + 10 + 20 * k, float(answer.errors[-1])
        parts += [text(2, y + 12, name), rect(170, y + 2, 320 * error / most, 13, color)]
        parts += [text(178 + 320 * error / most, y + 13, number(error))]
    return parts
