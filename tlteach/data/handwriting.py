"""Drawers and their hands: a template of strokes becomes twenty different drawings on Omniglot's paper.

A drawer has a size, a slant, a pen and rounder or sharper corners, and never draws the same stroke twice.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from tlteach.data.paper import SIDE

SAMPLES = 6  # points drawn for each segment of a stroke
MARGIN = 4  # pixels of the paper that stay empty


@dataclass(frozen=True)
class Stroke:
    """control: (2 n + 1, 2) ends and middles of n segments, x to the right and y down, a letter being about 1 high.

    kind: "line", "loop" (round for every drawer) or "dot" (drawn thicker).
    """

    control: np.ndarray
    kind: str = "line"

    def points(self, roundness: np.ndarray | float = 0.0) -> np.ndarray:
        """(P, 2) points of the curve; for control points of n drawers (n, K, 2) and `roundness` (n): (n, P, 2)."""
        sharp, smooth = _bases(self.control.shape[-2] // 2)
        r = np.asarray(1.0 if self.kind == "loop" else roundness)[..., None, None]
        return ((1 - r) * sharp + r * smooth) @ self.control


@cache
def _bases(segments: int) -> tuple[np.ndarray, np.ndarray]:
    """(P, K) weights of the control points, twice: parabolas through the three points of each segment, which leave
    corners where segments meet, and a Catmull-Rom spline through all, which does not."""
    k = 2 * segments + 1
    t = np.linspace(0, segments, SAMPLES * segments + 1)
    rows = np.arange(len(t))
    sharp, smooth = np.zeros((len(t), k)), np.zeros((len(t), k))
    at = np.minimum(t.astype(int), segments - 1)
    u = t - at
    for offset, weight in enumerate(((1 - u) * (1 - 2 * u), 4 * u * (1 - u), u * (2 * u - 1))):
        sharp[rows, 2 * at + offset] = weight
    at = np.minimum((2 * t).astype(int), k - 2)
    v = 2 * t - at
    weights = (-v + 2 * v**2 - v**3, 2 - 5 * v**2 + 3 * v**3, v + 4 * v**2 - 3 * v**3, -(v**2) + v**3)
    for offset, weight in zip((-1, 0, 1, 2), weights, strict=True):
        np.add.at(smooth, (rows, np.clip(at + offset, 0, k - 1)), weight / 2)
    return sharp, smooth


@dataclass(frozen=True)
class Hands:
    """n drawers. matrix: (n, 2, 2) size, slant and turn, in pixels. roundness: (n) of corners, 0 to 1.
    unsteady: (n) wobble, in heights of a letter. pen: (n) pixels. centre: (n, 2) where on the paper they draw."""

    matrix: np.ndarray
    roundness: np.ndarray
    unsteady: np.ndarray
    pen: np.ndarray
    centre: np.ndarray

    @classmethod
    def invent(cls, rng: Generator, n: int) -> "Hands":
        size, aspect = 58 * np.exp(rng.normal(0, 0.16, n)), np.exp(rng.normal(0, 0.12, n))
        slant, turn = rng.normal(0, 0.15, n), rng.normal(0, 0.07, n)
        zero = np.zeros(n)
        stretch = np.stack([size * aspect, zero, -size * slant, size / aspect], -1).reshape(n, 2, 2)
        turned = np.stack([np.cos(turn), np.sin(turn), -np.sin(turn), np.cos(turn)], -1).reshape(n, 2, 2)
        return cls(
            matrix=stretch @ turned,
            roundness=rng.beta(0.8, 1.2, n),
            unsteady=0.045 * np.exp(rng.normal(0, 0.35, n)),
            pen=rng.choice([4, 5, 5, 6, 6], n),
            centre=SIDE / 2 + rng.normal(0, 5, (n, 2)),
        )

    def draw(self, rng: Generator, strokes: list[Stroke]) -> list[Image.Image]:
        """The letter by every drawer: n pages of `SIDE` x `SIDE` pixels, black ink on white."""
        curves = self._on_paper(rng, [self._curve(rng, stroke) for stroke in strokes])
        pages = [Image.new("1", (SIDE, SIDE), 1) for _ in self.pen]
        for drawer, page in enumerate(pages):
            pen = ImageDraw.Draw(page)
            for stroke, curve in zip(strokes, curves, strict=True):
                width = int(self.pen[drawer])
                if stroke.kind == "dot":
                    pen.circle(curve[drawer].mean(0).tolist(), 0.7 * width, fill=0)
                else:
                    pen.line(list(map(tuple, curve[drawer].tolist())), fill=0, width=width, joint="curve")
        return pages

    def _curve(self, rng: Generator, stroke: Stroke) -> np.ndarray:
        """(n, P, 2) the stroke by every drawer, each with its own wobble."""
        n, unsteady = len(self.pen), self.unsteady[:, None, None]
        wobble = rng.normal(0, 1, (n, *stroke.control.shape))
        wobble[:, 1::2] *= 0.7  # middles are steadier than ends
        wobble *= 0.2 if stroke.kind == "dot" else 1
        whole = rng.normal(0, 0.6, (n, 1, 2))  # a stroke may be misplaced as a whole
        return Stroke(stroke.control + unsteady * (wobble + whole), stroke.kind).points(self.roundness)

    def _on_paper(self, rng: Generator, curves: list[np.ndarray]) -> list[np.ndarray]:
        """The curves in pixels, made smaller and moved where they would leave the paper."""
        n = len(self.pen)
        resized = np.exp(rng.normal(0, 0.06, (n, 1, 2)))
        centre = (self.centre + rng.normal(0, 3, (n, 2)))[:, None]
        pixels = [curve * resized @ self.matrix for curve in curves]
        low = np.min([curve.min(1, keepdims=True) for curve in pixels], axis=0)  # (n, 1, 2)
        high = np.max([curve.max(1, keepdims=True) for curve in pixels], axis=0)
        shrink = np.minimum(1, (SIDE - 1 - 2 * MARGIN) / (high - low).max(-1, keepdims=True))
        centre = np.clip(centre, MARGIN - shrink * low, SIDE - 1 - MARGIN - shrink * high)
        return [curve * shrink + centre for curve in pixels]
