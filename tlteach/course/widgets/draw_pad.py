"""Learning symbols from one drawing, by hand: draw a few characters, then one of them again, and see it named."""

from typing import Any

import ipywidgets
import numpy as np
import torch
from torch import Tensor

from tlteach.course.widgets import draw_picture
from tlteach.course.widgets.base import Widget, button
from tlteach.course.widgets.draw_model import SIZE, DrawModel, drawing
from tlteach.course.widgets.drawing import data_url, png
from tlteach.course.widgets.pad import StrokePad
from tlteach.course.widgets.pattern_model import letter
from tlteach.errors import InvalidInput
from tlteach.experiments.one_shot import OneShotNetwork
from tlteach.tasks.one_shot import OneShotTask

SHOWN, ASKED = 124, 200  # pixels of the pages with names, and of the one without


class Page:
    """One page to draw on: strokes by hand, or an example until the first of them."""

    def __init__(self, label: str, size: int, on_change):
        self.example: np.ndarray | None = None  # (31, 31)
        self.pad = StrokePad(label, size, on_change)

    @property
    def is_example(self) -> bool:
        return self.example is not None and not self.pad.touched

    @property
    def picture(self) -> np.ndarray | None:
        """(31, 31) as the network is given it, or None while the page is empty."""
        if self.is_example:
            return self.example
        return drawing(self.pad.strokes) if self.pad.strokes else None

    def show(self, example: np.ndarray | None = None) -> None:
        """Begin anew, with an example or an empty page."""
        self.example, self.pad.state, self.pad.touched, under = example, "", False, ""
        if example is not None:
            grey = (255 * example).round().astype(np.uint8)[..., None].repeat(3, -1)  # (31, 31, 3)
            source = data_url(png(grey), "image/png")
            under = f'<image class="tl-under tl-until-drawn" width="105" height="105" href="{source}"/>'
        self.pad.draw(under)

    def undo(self) -> None:
        if self.pad.strokes:
            self.pad.undo()
            self.pad.draw()


class DrawPad(Widget):
    """Draw a character on each page with a name, once, then one of them again: the network answers while you draw.

    It begins with examples from a set, so that nobody needs to draw.

    Args:
        network: a `OneShotNetwork` of at most 8 ways, best a trained one.
        drawings: (C, D, 31, 31) in [0, 1], 1 paper and 0 ink, as `Characters.floats` gives them: where examples come
            from, best characters that the network was not trained on.
        source: where these come from, written below the numbers.
        seed: of the first examples.

    Raises InvalidInput for another network, and for drawings of another size or range or too few of them.
    """

    title = "One drawing is enough"
    invitation = "Run this cell to draw on its pages."

    def __init__(self, network: OneShotNetwork, drawings: Tensor, *, source: str = "", seed: int = 0):
        self.model, self.drawings, self.source = DrawModel(network), _checked(drawings), source
        self.task, self.generator = OneShotTask(self.model.n_ways), torch.Generator().manual_seed(seed)
        self.names = [letter(i) for i in range(self.model.n_ways)]
        how = "arrows move the pen, Space puts it down and lifts it, Backspace takes a stroke back"
        self.shown = [Page(f"Page {name}: {how}", SHOWN, self._redraw) for name in self.names]
        self.asked = Page(f"Page without a name: {how}", ASKED, self._redraw)
        self.target: int | None = None
        rows = ipywidgets.ToggleButtons(
            options=[("its trace", "trace"), ("its agreement with the query", "agreement")],
            style={"button_width": "auto"},
        )  # fmt: skip
        super().__init__({"rows": rows})
        self.examples()

    def layout(self) -> ipywidgets.DOMWidget:
        hint = ipywidgets.HTML(
            f"<b>Draw a character on each page, {self.names[0]} to {self.names[-1]}, then one of them again on the "
            "large page.</b> By keyboard: Tab to a page; arrows move the pen, Space puts it down and lifts it, "
            "Backspace takes a stroke back."
        )
        shown = [self._column(page, f"page {name}", name) for page, name in zip(self.shown, self.names, strict=True)]
        asked = self._column(self.asked, "the large page", "?")
        row = {"flex_flow": "row wrap", "grid_gap": "10px"}
        buttons = [
            button("New examples", "Characters that others have drawn", self.examples, "9em"),
            button("Ask again", "Another drawing of one of the examples", self.ask, "7em"),
            button("Clear all", "Empty every page", self.clear, "7em"),
        ]
        rows = ipywidgets.HBox([ipywidgets.Label("Each row shows"), self.controls["rows"]])
        answer = ipywidgets.VBox([self.picture, rows])
        below = ipywidgets.HBox([asked, answer], layout=row)
        return ipywidgets.VBox([hint, ipywidgets.HBox(buttons), ipywidgets.HBox(shown, layout=row), below])

    def _column(self, page: Page, where: str, name: str) -> ipywidgets.VBox:
        """A page with its name and its buttons."""
        undo = button("Undo", f"Take the last stroke on {where} back", lambda: self._edit(page.undo), "5em")
        clear = button("Clear", f"Empty {where}", lambda: self._edit(page.show), "5em")
        head = ipywidgets.HTML(f"<b>{name}</b>")
        return ipywidgets.VBox([head, page.pad.view, ipywidgets.HBox([undo, clear])])

    def _edit(self, change: Any) -> None:
        change()
        self._redraw()

    def examples(self) -> None:
        """Fill every page with a drawing from the set: other characters each time, the query by another hand."""
        C, D = self.drawings.shape[:2]
        episode = self.task.deal(1, C, D, self.generator)
        shots, query = episode.take(self.drawings)  # (1, N, 1, 31, 31), (1, 31, 31)
        self.rows, self.columns, self.target = episode.rows[0], episode.shots[0, :, 0], int(episode.target)
        for page, example in zip(self.shown, shots[0, :, 0].numpy(), strict=True):
            page.show(example)
        self.asked.show(query[0].numpy())
        self._redraw()

    def ask(self) -> None:
        """Another drawing of one of the characters that are still shown as examples, on the large page."""
        ready = [i for i, page in enumerate(self.shown) if page.is_example]
        if not ready:
            return self.examples()
        pick = lambda n: int(torch.randint(n, (), generator=self.generator))  # noqa: E731
        self.target = ready[pick(len(ready))]
        others = [d for d in range(self.drawings.shape[1]) if d != self.columns[self.target]]
        self.asked.show(self.drawings[self.rows[self.target], others[pick(len(others))]].numpy())
        self._redraw()

    def clear(self) -> None:
        """Empty every page."""
        for page in (*self.shown, self.asked):
            page.show()
        self._redraw()

    def parameters(self) -> dict[str, Any]:
        known = self.asked.is_example and self.shown[self.target].is_example
        return super().parameters() | {
            "shown": [page.picture for page in self.shown],
            "query": self.asked.picture,
            "target": self.target if known else None,
        }

    def describe(self, rows: str, shown: list, query: np.ndarray | None, target: int | None) -> str:
        return " ".join(self._words(shown, query, target))

    def _words(self, shown: list, query: np.ndarray | None, target: int | None) -> list[str]:
        missing = [name for name, picture in zip(self.names, shown, strict=True) if picture is None]
        words = [f"Still empty: {', '.join(missing)}."] if missing else []
        if query is None or len(missing) == len(self.names):
            return [*words, "The network answers when something is drawn on the large page and on one with a name."]
        p = self.model.answer(shown, query).probabilities
        best = int(p.argmax())
        verdict = (
            "" if target is None else ", and it is" if target == best else f"; in truth it is {self.names[target]}"
        )
        return [f"The network says {self.names[best]} ({p[best]:.0%}){verdict}.", *words]

    def render(self, rows: str, shown: list, query: np.ndarray | None, target: int | None) -> str:
        some = query is not None and any(picture is not None for picture in shown)
        answer = self.model.answer(shown, query) if some else None
        words = self._words(shown, query, target)
        return draw_picture.table(self.names, shown, query, answer, rows, words[0], self.source, " ".join(words))


def _checked(drawings: Any) -> Tensor:
    drawings = torch.as_tensor(drawings).detach().cpu()
    if drawings.ndim != 4 or drawings.shape[2:] != (SIZE, SIZE) or not drawings.is_floating_point():
        raise InvalidInput(
            f"DrawPad needs drawings (C, D, {SIZE}, {SIZE}) of real numbers, got {tuple(drawings.shape)} of "
            f"{drawings.dtype}. Characters.floats() gives them."
        )
    if not (drawings.min() >= 0 and drawings.max() <= 1 and drawings.mean() > 0.5):
        raise InvalidInput("DrawPad needs drawings from 0 (ink) to 1 (paper), mostly paper, as Characters.floats().")
    return drawings
