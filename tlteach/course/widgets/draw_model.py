"""What the drawing pad computes, without a page: strokes become a drawing as Omniglot's, and the network names it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from tlteach.data.paper import FILTER, SIDE
from tlteach.errors import InvalidInput
from tlteach.experiments.one_shot import OneShotNetwork

SIZE = 31  # pixels of a side of what the network is given
LARGEST = 8  # characters that can be told apart on a page
PEN = 5  # pixels on Omniglot's paper of 105, as thick as its strokes
SPAN = (42, 88)  # pixels of the longer side of nine drawings in ten there
Stroke = Sequence[tuple[float, float]]


def drawing(strokes: Sequence[Stroke]) -> np.ndarray:
    """Strokes on a page of 1 x 1, (x, y) from its upper left corner -> (31, 31) float32, 1 paper and 0 ink.

    The same way as Omniglot's drawings: ink on a page of 105 x 105 pixels, reduced by the same filter. What is much
    smaller or larger than Omniglot's is made to fit (at most doubled), and all is put in the middle.
    """
    page = Image.new("L", (SIDE, SIDE), 255)
    pen, half = ImageDraw.Draw(page), PEN / 2
    for points in _in_the_middle([np.asarray(stroke, float).reshape(-1, 2) * SIDE for stroke in strokes]):
        places = [tuple(point) for point in points.tolist()]
        if len(places) > 1:
            pen.line(places, fill=0, width=PEN, joint="curve")
        for x, y in (places[0], places[-1]):  # round ends; a point is a dot
            pen.ellipse((x - half, y - half, x + half, y + half), fill=0)
    return np.asarray(page.resize((SIZE, SIZE), FILTER), np.float32) / 255


def _in_the_middle(strokes: list[np.ndarray]) -> list[np.ndarray]:
    if not strokes:
        return []
    points = np.concatenate(strokes)
    if not np.isfinite(points).all():
        raise InvalidInput("strokes must be finite numbers, x and y in 0 to 1.")
    low, high = points.min(0), points.max(0)
    span = max((high - low).max(), 1.0)
    scale = min(np.clip(span, *SPAN) / span, 2.0)
    return [(stroke - (low + high) / 2) * scale + (SIDE - 1) / 2 for stroke in strokes]


@dataclass(frozen=True)
class Answer:
    """probabilities: (N,) of the names. logits: (N,). query: (F,) features of the drawing without a name.

    trace: (N, F) the readout's Hebb, one row a name; 0 where no drawing was shown, or nothing is plastic.
    agreement: (N, F) query * alpha * trace: what each feature says for each name; logits less those of w are its sums.
    """

    probabilities: np.ndarray
    logits: np.ndarray
    query: np.ndarray
    trace: np.ndarray
    agreement: np.ndarray


class DrawModel:
    """A one-shot network and its answers, by the plastic layer itself, step by step.

    Raises InvalidInput for another network or one of more than 8 ways.
    """

    def __init__(self, network: OneShotNetwork):
        if not isinstance(network, OneShotNetwork):
            raise InvalidInput(f"DrawPad needs a OneShotNetwork, got {type(network).__name__}.")
        self.network, self.n_ways = network, network.readout.out_features
        if self.n_ways > LARGEST:
            raise InvalidInput(f"DrawPad has room for {LARGEST} characters, the network has {self.n_ways} ways.")

    @torch.no_grad()
    def answer(self, shown: Sequence[np.ndarray | None], query: np.ndarray) -> Answer:
        """shown: a drawing (31, 31) for each name, 1 paper and 0 ink, or None; query: (31, 31)."""
        if len(shown) != self.n_ways:
            raise InvalidInput(f"expected a drawing or None for each of {self.n_ways} names, got {len(shown)}.")
        named = [i for i, picture in enumerate(shown) if picture is not None]
        pictures = torch.stack([_picture(shown[i]) for i in named] + [_picture(query)])
        *features, asked = self.network.embed(pictures).split(1)  # (1, F) each
        readout, state = self.network.readout, None
        for name, f in zip(named, features, strict=True):
            state = self.network.look(f, torch.tensor([name]), state)
        state = readout.initial_state(1) if state is None else state
        probabilities, _ = readout.step(asked, state)  # (1, N)
        empty = readout.rule is None
        trace = asked.new_zeros(self.n_ways, asked.shape[1]) if empty else state.trace[0].t()  # (N, F)
        alpha = 0.0 if empty else readout.alpha.t()  # (N, F) or one number
        agreement = asked * alpha * trace  # (N, F)
        logits = (asked @ readout.weight)[0] + agreement.sum(-1)  # (N,) eq 1 without its softmax
        return Answer(*(t.numpy() for t in (probabilities[0], logits, asked[0], trace, agreement)))


def _picture(picture: np.ndarray) -> Tensor:
    picture = np.asarray(picture, np.float32)
    if picture.shape != (SIZE, SIZE) or not (picture.min() >= 0 and picture.max() <= 1):
        raise InvalidInput(
            f"expected a drawing ({SIZE}, {SIZE}) of numbers from 0 (ink) to 1 (paper), got {picture.shape}."
        )
    return torch.from_numpy(picture)
