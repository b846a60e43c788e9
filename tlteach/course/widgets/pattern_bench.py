"""Remembering a pattern from a damaged copy, by hand: damage it, choose a network, and watch it answer step by step."""

from collections.abc import Mapping
from typing import Any

import ipywidgets
import numpy as np
from torch import nn

from tlteach.course.widgets import drawing
from tlteach.course.widgets.base import Player, Widget, button, slider
from tlteach.course.widgets.drawing import Axes, rect, text
from tlteach.course.widgets.pattern_model import AS_TRAINED, Answer, PatternModel, letter
from tlteach.tasks.patterns import PatternTask

COLUMNS, CELL = 10, 20  # of the grids: bits a row, pixels a bit
PLUS, MINUS, NONE = "#b2182b", "#2166ac", "#e9e9ec"  # +1, -1, no input: the ends and the middle of the colour scale
CROSS = (("#fff", 5), ("#000", 2.5))  # a black cross with a white edge
BLUE = drawing.COLORS[0]


class PatternBench(Widget):
    """Choose what is asked for, damage it bit by bit or by slider, and step through the network's answer.

    A click on a bit (or Enter on it; arrow keys move between bits) erases it, the next flips it, the next restores it.

    Args:
        networks: name -> `PatternNetwork`, or any module (T, B, n_bits) -> (T, B, n_bits); from plastic ones parts can
            be taken away.
        task: the `PatternTask` they were trained on, at most 100 bits.
        seed: of the patterns.

    Raises InvalidInput as `PatternModel` does.
    """

    title = "Pattern bench"

    def __init__(self, networks: Mapping[str, nn.Module], task: PatternTask, seed: int = 0):
        self.model, self.seed, self._quiet = PatternModel(networks, task), seed, False
        first, last = next(iter(self.model.networks)), task.n_steps - 1
        wide = {"style": {"description_width": "8em"}, "layout": {"width": "22em"}}
        choice = ipywidgets.Dropdown
        asked = [(letter(i), i) for i in range(task.n_patterns)]
        controls = {
            "network": choice(options=list(self.model.networks), value=first, description="network", **wide),
            "ablation": choice(options=self.model.ablations(first), description="take away", **wide),
            "asked": choice(options=asked, value=0, description="ask for pattern", **wide),
            "time": slider("step of episode", last, 0, last),
        }
        self.erase = slider("erased", task.erased_fraction, 0.0, 1.0, 0.02, readout_format=".0%")
        self.cue = self.model.cue(seed, 0, task.erased_fraction)
        self.bits = [ipywidgets.Button(layout={"width": "30px", "height": "28px", "padding": "0"}) for _ in self.cue]
        controls["network"].observe(self._offer, "value")  # before the base draws what these have changed
        controls["asked"].observe(self._damage, "value")
        super().__init__(controls)
        self.player = Player(controls["time"], seconds=0.5)
        for i, bit in enumerate(self.bits):
            bit.on_click(lambda _, i=i: self.touch(i))
        self.erase.observe(self._damage, "value")
        self._paint_bits()

    def parameters(self) -> dict[str, Any]:
        return super().parameters() | {"cue": self.cue, "seed": self.seed}

    def layout(self) -> ipywidgets.DOMWidget:
        c = self.controls
        grid = ipywidgets.GridBox(
            self.bits, layout={"grid_template_columns": f"repeat({COLUMNS}, 32px)", "width": "340px"}
        )
        for name in ("tl-grid", f"tl-columns-{COLUMNS}"):
            grid.add_class(name)
        hint = ipywidgets.HTML(
            "<b>The damaged pattern.</b> Click a bit to erase it, again to flip it (!), again to restore it. "
            "By keyboard: arrows and Enter."
        )
        fresh = button("New patterns", "Draw other patterns", self.renew, "9em")
        whole = button("Restore all bits", "Undo all damage", lambda: self._set_erased(0.0), "9em")
        left = ipywidgets.VBox([c["network"], c["ablation"], c["asked"], ipywidgets.HBox([fresh, whole])])
        right = ipywidgets.VBox([hint, self.erase, grid])
        top = ipywidgets.HBox([left, right], layout={"flex_flow": "row wrap", "grid_gap": "8px"})
        return ipywidgets.VBox([top, self.player.view(), self.picture])

    def touch(self, i: int) -> None:
        """The next state of bit i: as it is, erased, flipped, and as it is again."""
        original = int(self.model.pattern(self.seed, self.controls["asked"].value)[i])
        following = {original: 0, 0: -original, -original: original}[self.cue[i]]
        self._set_cue((*self.cue[:i], following, *self.cue[i + 1 :]))

    def renew(self) -> None:
        """Other patterns, equally damaged."""
        self.seed += 1
        self._damage()

    def describe(self, network: str, ablation: str, asked: int, time: int, cue: tuple[int, ...], seed: int) -> str:
        answer = self.model.answer(network, ablation, seed, asked, cue)
        erased, flipped = self._counts(asked, cue, seed)
        return (
            f"Pattern {letter(asked)}, {erased} of {len(cue)} bits erased, {flipped} flipped; network {network}, "
            f"{ablation}. At step {time} of {self.model.task.n_steps - 1} ({self.model.phase(seed, time)}) "
            f"{answer.wrong[time]} bits are wrong; at the last step {answer.wrong[-1]}."
        )

    def render(self, network: str, ablation: str, asked: int, time: int, cue: tuple[int, ...], seed: int) -> str:
        here = dict(network=network, ablation=ablation, asked=asked, time=time, cue=cue, seed=seed)
        answer, target = self.model.answer(network, ablation, seed, asked, cue), self.model.pattern(seed, asked)
        wide, gap, top = COLUMNS * CELL, 34, 46
        high = -(-len(target) // COLUMNS) * CELL
        panels = [
            (f"pattern {letter(asked)}: the right answer", target, None),
            ("what the network is given now", answer.inputs[time], None),
            (f"what it answers now: {answer.wrong[time]} wrong", answer.outputs[time], target),
        ]
        parts = [text(10, 18, f"Step {time}: {self.model.phase(seed, time)}", size=14, font_weight="600")]
        for k, panel in enumerate(panels):
            parts += [self._grid(10 + k * (wide + gap), top, *panel)]
        bar = top + high + 14
        parts += [drawing.colorbar(10 + 2 * (wide + gap), bar, wide, -1.0, 1.0)]
        parts += [
            text(10, bar + 10, "+ and \u2212 are the bits, empty is no input, \u00d7 marks a wrong answer.", size=11)
        ]
        axes = Axes(
            48, bar + 66, 400, 120, (0, self.model.task.n_steps - 1), (0, max(answer.wrong.max(), len(target) / 2))
        )
        parts += self._course(axes, answer, time) + self._rivals(
            500, bar + 66, network, ablation, seed=seed, asked=asked, cue=cue
        )
        return drawing.svg(740, bar + 232, parts, self.describe(**here))

    def _grid(self, x: float, y: float, title: str, values: np.ndarray, target: np.ndarray | None) -> str:
        """Bits as coloured cells with their signs; with a target, wrong ones are crossed."""
        rows = -(-len(values) // COLUMNS)
        padded = np.zeros(rows * COLUMNS)
        padded[: len(values)] = values
        parts = [text(x, y - 7, title, size=12, font_weight="600")]
        parts += [drawing.heatmap(padded.reshape(rows, COLUMNS), x, y, COLUMNS * CELL, rows * CELL, -1, 1)]
        for i, value in enumerate(values):
            cx, cy = x + (i % COLUMNS + 0.5) * CELL, y + (i // COLUMNS + 0.5) * CELL
            if target is not None and np.sign(value) != target[i]:
                cross = f"M{cx - 6} {cy - 6}l12 12m0 -12l-12 12"
                parts += [f'<path d="{cross}" stroke="{c}" stroke-width="{w}"/>' for c, w in CROSS]
            elif abs(value) >= 0.05:
                ink = "#fff" if abs(value) > 0.6 else "#111"
                parts += [text(cx, cy + 4, "+" if value > 0 else "\u2212", "middle", 12, style=f"fill:{ink}")]
        return "".join(parts)

    def _course(self, axes: Axes, answer: Answer, time: int) -> list[str]:
        """Wrong bits over the episode; they count from the moment the damaged pattern appears."""
        start, steps = self.model.task.test_start, np.arange(len(answer.wrong))
        left = float(axes.px(start - 0.5))
        return [
            axes.frame("step of episode (shaded: the test)", "wrong bits"),
            rect(left, axes.y, axes.x + axes.width - left, axes.height, BLUE, fill_opacity=0.15),
            axes.line(steps[: start + 1], answer.wrong[: start + 1], BLUE, "2 3", 1.5),
            axes.line(steps[start:], answer.wrong[start:], BLUE, width=3),
            axes.vertical(time),
            axes.point(time, answer.wrong[time], BLUE),
        ]

    def _rivals(self, x: float, y: float, network: str, ablation: str, **episode: Any) -> list[str]:
        """Every network (and this one with each thing taken away) on the same cue: wrong bits at the end."""
        rows = [(name, AS_TRAINED) for name in self.model.networks]
        rows += [(network, what) for what in self.model.ablations(network)[1:]]
        parts = [text(x, y - 8, "wrong at the last step, same cue", size=12, font_weight="600")]
        for k, (name, what) in enumerate(rows[:9]):
            wrong = self.model.answer(name, what, **episode).wrong[-1]
            chosen, line = (name, what) == (network, ablation), y + 14 + 17 * k
            label = name if what == AS_TRAINED else f"\u2013 {what}"
            parts += [text(x, line, ("\u25b8 " if chosen else "") + label, font_weight="700" if chosen else "400")]
            parts += [text(x + 200, line, str(wrong), "end", font_weight="700" if chosen else "400")]
        return parts

    def _counts(self, asked: int, cue: tuple[int, ...], seed: int) -> tuple[int, int]:
        signs = np.array(cue) * self.model.pattern(seed, asked)
        return int((signs == 0).sum()), int((signs < 0).sum())

    def _offer(self, change: Any) -> None:
        """Another network: offer what can be taken away from it."""
        self.controls["ablation"].options = self.model.ablations(change["new"])

    def _damage(self, change: Any = None) -> None:
        """Erase as much of the chosen pattern as the slider says; what was done by hand is undone."""
        self._set_cue(self.model.cue(self.seed, self.controls["asked"].value, self.erase.value))

    def _set_erased(self, fraction: float) -> None:
        self.erase.value = fraction
        self._damage()

    def _set_cue(self, cue: tuple[int, ...]) -> None:
        self.cue = cue
        self._paint_bits()
        self._redraw()

    def _paint_bits(self) -> None:
        target = self.model.pattern(self.seed, self.controls["asked"].value)
        for i, (bit, value, right) in enumerate(zip(self.bits, self.cue, target, strict=True)):
            flipped = bool(value == -right)
            bit.description = {1: "+", -1: "\u2212", 0: ""}[value] + "!" * flipped
            state = "erased" if value == 0 else f"{value:+d}, " + ("flipped" if flipped else "as shown")
            bit.tooltip = f"bit {i + 1}: {state}"
            bit.style.button_color = {1: PLUS, -1: MINUS, 0: NONE}[value]
            bit.style.text_color = "#fff"
