"""Pictures in a network's memory: choose three, paint over a part of one, and watch it come back step by step."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

import ipywidgets
import numpy as np
import torch
from torch import Tensor

from tlteach.course.widgets import image_picture
from tlteach.course.widgets.base import ClickBridge, Player, Widget, button, slider
from tlteach.course.widgets.drawing import number
from tlteach.course.widgets.image_model import BASELINES, ImageModel
from tlteach.course.widgets.pad import CellPad
from tlteach.course.widgets.pattern_model import letter
from tlteach.course.widgets.picture_file import WANTED, read_picture
from tlteach.course.widgets.upload import File, Upload
from tlteach.errors import BadFile, InvalidInput
from tlteach.experiments.images import ImageNetwork
from tlteach.tasks.images import ImageTask

GALLERY, PAD = 12, 264  # pictures to choose from; pixels of the side of the one that is painted on


class ImageBench(Widget):
    """Choose the pictures (or upload your own), paint over a part of one, and compare what networks make of it.

    Args:
        networks: name -> `ImageNetwork`, 1 to 4 of them. In the order plastic, shared, without plasticity they have the
            colours of the figures.
        pictures: (M, side * side) to choose from, in [-1, 1] as `data.normalise` gives them; best withheld ones.
        task: the `ImageTask` that the networks were trained on.
        source: where the pictures come from, written below the numbers.
        seed: of the first choice of pictures, and of the order in which they are shown.

    Raises InvalidInput as `ImageModel` does, and for pictures of another size or range, or too few of them.
    """

    title = "Picture memory"

    def __init__(
        self,
        networks: Mapping[str, ImageNetwork],
        pictures: Tensor,
        task: ImageTask,
        *,
        source: str = "",
        seed: int = 0,
    ):
        self.model = ImageModel(networks, task, seed)
        self.pictures, self.source, self.seed = _checked(pictures, task), source, seed
        self._quiet = False
        self.uploads: list[tuple[str, np.ndarray]] = []
        self.letters = [letter(i) for i in range(task.n_images)]
        self.gallery = self._draw_gallery()
        controls: dict[str, ipywidgets.DOMWidget] = {
            f"picture {name}": ipywidgets.Dropdown(
                options=self._options(), value=i, description=f"{name} is", layout={"width": "13em"},
                style={"description_width": "3em"},
            )
            for i, name in enumerate(self.letters)
        }  # fmt: skip
        controls["asked"] = ipywidgets.ToggleButtons(
            options=[(name, i) for i, name in enumerate(self.letters)], style={"button_width": "3em"}
        )  # fmt: skip
        controls["time"] = slider("test step", task.test_steps, 0, task.test_steps, layout={"width": "22em"})
        self.pad = CellPad("", PAD, task.side, self._painted, brush=max(1, round(task.side / 6)))
        self.pad.mask = task.half("bottom").numpy()
        self.brush = ipywidgets.ToggleButtons(
            options=[("Paint", True), ("Wipe off", False)], style={"button_width": "7em"},
            tooltips=["The brush loses pixels", "The brush brings pixels back"],
        )  # fmt: skip
        self.upload = Upload("Your own:", "image/*", self.receive)
        self.note = ipywidgets.HTML()
        self.chooser = ipywidgets.HTML()
        self.slots, self.shelf = ClickBridge(self._ask), ClickBridge(self._take)
        super().__init__(controls)
        self.player = Player(controls["time"], seconds=0.6)
        self.brush.observe(self._show_pad, "value")

    def layout(self) -> ipywidgets.DOMWidget:
        c, half = self.controls, self.model.task.half
        hint = ipywidgets.HTML(
            "<b>Paint over a part of it.</b> Drag, or by keyboard:<br/>"
            "arrows move the brush, Space puts it down and lifts it."
        )
        masks = [
            button("Top half", "Lose the top half", lambda: self.erase(half("top").numpy()), "7em"),
            button("Bottom half", "Lose the bottom half", lambda: self.erase(half("bottom").numpy()), "8.5em"),
            button("Clear", "Lose nothing", lambda: self.erase(np.zeros(self.model.task.n_pixels, bool)), "5em"),
        ]
        left = ipywidgets.VBox([hint, self.pad.view, self.brush, ipywidgets.HBox(masks)])
        row = {"flex_flow": "row wrap"}
        places = ipywidgets.HBox([c[f"picture {name}"] for name in self.letters], layout=row)
        more = ipywidgets.HBox(
            [self.upload.view, button("Other pictures", "Draw another choice", self.renew, "9em")], layout=row
        )
        asked = ipywidgets.HBox([ipywidgets.Label("Paint over"), c["asked"]])
        right = ipywidgets.VBox([self.chooser, places, asked, more, self.note])
        top = ipywidgets.HBox([left, right], layout=row | {"grid_gap": "16px"})
        bridges = ipywidgets.HBox([self.slots.field, self.shelf.field])
        return ipywidgets.VBox([top, self.player.view(), self.picture, bridges])

    def describe(self, images: np.ndarray, asked: int, erased: np.ndarray, time: int) -> str:
        lost, name = int(erased.sum()), self.letters[asked]
        words = f"Picture {name} of {len(images)}, {lost} of {len(erased)} pixels lost"
        if not lost:
            return f"{words}: nothing to bring back."
        rows = [(n, self.model.answer(n, images, asked, erased)) for n in self.model.networks]
        rows += [(BASELINES[n], self.model.baseline(n, images, asked, erased)) for n in BASELINES]
        errors = ", ".join(f"{n} {number(answer.errors[-1])}" for n, answer in rows)
        now = f"shown after {time} of {self.model.task.test_steps} test steps"
        return f"{words}; {now}. Squared error for each lost pixel at the last step: {errors}."

    def render(self, images: np.ndarray, asked: int, erased: np.ndarray, time: int) -> str:
        here = dict(images=images, asked=asked, erased=erased)
        return image_picture.results(
            {name: self.model.answer(name, **here) for name in self.model.networks},
            {name: self.model.baseline(name, **here) for name in BASELINES},
            images[asked], erased, time, self.letters[asked], self.source, self.describe(time=time, **here),
        )  # fmt: skip

    # What is chosen

    @property
    def images(self) -> np.ndarray:
        """(P, N) the pictures that are remembered."""
        return self.gallery[[self.controls[f"picture {name}"].value for name in self.letters]]

    def parameters(self) -> dict[str, Any]:
        values = {name: self.controls[name].value for name in ("asked", "time")}
        return values | {"images": self.images, "erased": self.pad.mask}

    def renew(self) -> None:
        """Other pictures to choose from; what was uploaded stays."""
        self.seed += 1
        self.gallery = self._draw_gallery()
        self._redraw()

    def erase(self, mask: np.ndarray) -> None:
        """Lose exactly the pixels where `mask` (N,) is True."""
        self.pad.mask = mask
        self._redraw()

    def add(self, name: str, content: bytes, place: int | None = None) -> None:
        """A picture file joins the gallery, and the remembered ones at `place` (that which is painted over).

        Raises BadFile when it cannot be used; nothing is changed then.
        """
        picture = read_picture(content, self.model.task.side, name).numpy()  # (1, N)
        if len(self.uploads) >= GALLERY:
            raise BadFile(f"{name}: got more than {GALLERY} pictures; run the cell again to begin anew.")
        self.uploads.append((name, picture))
        self.gallery = np.concatenate([self.gallery, self.uploads[-1][1]])
        place = self.controls["asked"].value if place is None else place
        with self._together():
            for i, each in enumerate(self.letters):
                field = self.controls[f"picture {each}"]
                value = len(self.gallery) - 1 if i == place else field.value
                field.options = self._options()  # this forgets the value
                field.value = value

    def receive(self, files: Sequence[File]) -> None:
        """Every file that can be used takes a place; of every other one it is said why not, and nothing changes."""
        place, problems, good = self.controls["asked"].value, [], []
        for name, file in zip(_told_apart([file.name for file in files]), files, strict=True):
            try:
                if file.content is None:
                    raise BadFile(f"{name}: got {file.size / 1e6:.1f} MB that are no picture; {WANTED}.")
                self.add(name, file.content, place)
                good.append(self.letters[place])
                place = (place + 1) % len(self.letters)
            except BadFile as error:
                problems.append(f"\u26a0 {error}")
        kept = good[-len(self.letters) :]  # a later one takes the place of an earlier one
        lines = [f"Remembered as {', '.join(kept)}."] if kept else []
        if len(good) > len(kept):
            lines += [f"That is the last {len(kept)} of {len(good)}; the others can be chosen from the pictures."]
        self.note.value = f'<div role="alert">{"<br/>".join(map(escape, lines + problems))}</div>'

    def _draw_gallery(self) -> np.ndarray:
        which = np.random.default_rng(self.seed).permutation(len(self.pictures))[:GALLERY]
        return np.concatenate([self.pictures[which], *(picture for _, picture in self.uploads)])

    def _options(self) -> list[tuple[str, int]]:
        drawn = len(self.gallery) - len(self.uploads)
        names = [str(i + 1) for i in range(drawn)] + [f"{drawn + i + 1}: {n}" for i, (n, _) in enumerate(self.uploads)]
        return [(name, i) for i, name in enumerate(names)]

    def _ask(self, row: int, column: int) -> None:
        self.controls["asked"].value = column

    def _take(self, row: int, column: int) -> None:
        which = row * GALLERY + column
        if which < len(self.gallery):
            self.controls[f"picture {self.letters[self.controls['asked'].value]}"].value = which

    # What is on the page

    @contextmanager
    def _together(self) -> Iterator[None]:
        """Several changes, one new picture."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False
        self._redraw()

    def _redraw(self, change: Any = None) -> None:
        if self._quiet:
            return
        if change is None or change["owner"] is not self.controls["time"]:
            chosen = [self.controls[f"picture {name}"].value for name in self.letters]
            shown = (self.gallery, chosen, self.letters, self.controls["asked"].value, self.slots, self.shelf)
            self.chooser.value = image_picture.choice(*shown)
            self._show_pad()
        super()._redraw(change)

    def _painted(self) -> None:
        """Somebody is painting: the pad itself is left alone."""
        super()._redraw()

    def _show_pad(self, change: Any = None) -> None:
        side, asked = self.model.task.side, self.controls["asked"].value
        self.pad.paint = self.brush.value
        self.pad.label = f"Picture {self.letters[asked]}, to be painted over: arrows move, Space puts the brush down"
        self.pad.draw(image_picture.picture(self.images[asked], 0, 0, side))


def _told_apart(names: Sequence[str]) -> list[str]:
    """Names that occur once as they are, others with a number.

    >>> _told_apart(["cat.png", "me.png", "cat.png"])
    ['cat.png (1)', 'me.png', 'cat.png (2)']
    """
    return [
        name if names.count(name) == 1 else f"{name} ({names[: i + 1].count(name)})" for i, name in enumerate(names)
    ]


def _checked(pictures: Any, task: ImageTask) -> np.ndarray:
    """(M, N) float32."""
    pictures = np.asarray(torch.as_tensor(pictures).detach().cpu(), np.float32)
    if pictures.ndim != 2 or pictures.shape[1] != task.n_pixels or len(pictures) < task.n_images:
        raise InvalidInput(
            f"ImageBench needs at least {task.n_images} pictures (M, {task.n_pixels}), rows of {task.side} x "
            f"{task.side} pixels; got {pictures.shape}. tlteach.data.normalise brings them to this form."
        )
    if not (np.isfinite(pictures).all() and np.abs(pictures).max() <= 1):
        raise InvalidInput("ImageBench needs pictures in [-1, 1], as tlteach.data.normalise gives them.")
    return pictures
