"""Alphabets that nobody uses: drawn characters in Omniglot's structure, so that lessons run without a download.

An alphabet has a grid of anchor points and habits: how many strokes, how often they turn, bend or close. A letter is
a few strokes from anchor to anchor, drawn by twenty hands (`handwriting`).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from tlteach import checks
from tlteach.data.handwriting import Hands, Stroke
from tlteach.data.kinds import Characters
from tlteach.data.paper import DRAWINGS, check_size, shrink

LETTERS = 20  # of an alphabet


def drawn_characters(n_alphabets: int = 20, seed: int = 0, size: int = 31) -> Characters:
    """Characters of made-up alphabets, 20 in each, in 20 drawings each.

    Args:
        n_alphabets: how many; more of them leave the first ones as they are.
        seed: of alphabets, drawers and drawings.
        size: pixels of a side, 1 to 105.

    Returns: C = 20 * `n_alphabets` characters. Drawing d of an alphabet's characters is by the same drawer d.

    Raises InvalidInput for a bad argument.
    """
    checks.whole(1, n_alphabets=n_alphabets)
    checks.whole(0, seed=seed)
    check_size(size)
    images, names = [], []
    for number in range(n_alphabets):
        rng = np.random.default_rng([seed, number])
        alphabet = _Alphabet.invent(rng)
        hands = Hands.invent(rng, DRAWINGS)
        for letter, strokes in enumerate(alphabet.letters(rng, LETTERS)):
            images.append([shrink(page, size) for page in hands.draw(rng, strokes)])
            names.append(f"Drawn_{number + 1:02}/character{letter + 1:02}")
    alphabets = tuple(name.partition("/")[0] for name in names)
    source = f"drawn alphabets (made by tlteach, not Omniglot; seed {seed})"
    return Characters(np.array(images, np.uint8), alphabets, tuple(names), source, real=False)


@dataclass(frozen=True)
class _Alphabet:
    """Habits. anchors: (A, 2) where strokes start and end. The rest are probabilities, and sizes of the unit box."""

    anchors: np.ndarray
    strokes: np.ndarray  # probability of 1, 2, 3 and 4 strokes
    turn: float  # a stroke goes on to another anchor
    bend: float  # a segment is an arc
    bow: float  # height of an arc over its chord
    loop: float  # a stroke is a closed loop
    dot: float  # a letter has a dot
    slanted: float  # a segment may be neither upright nor level
    shared: Stroke | None  # a stroke that every letter has, as the bar on top in Devanagari

    @classmethod
    def invent(cls, rng: Generator) -> "_Alphabet":
        columns, rows = rng.choice([2, 3, 3]), rng.choice([2, 3, 3, 4])
        width = rng.uniform(0.55, 1.0)
        x, y = np.linspace(0.5 - width / 2, 0.5 + width / 2, columns), np.linspace(0, 1, rows)
        anchors = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
        many = rng.uniform(0.3, 2.0, 4) * (0.6, 1.2, 1.0, 0.3)
        bar = _segments(rng, [anchors[0], anchors[columns - 1]], 0, 0) if rng.random() < 0.12 else None
        return cls(
            anchors,
            many / many.sum(),
            turn=rng.uniform(0.2, 0.7),
            bend=rng.beta(0.7, 0.7),
            bow=rng.uniform(0.15, 0.45),
            loop=rng.choice([0.0, 0.15, 0.3]),
            dot=rng.choice([0.0, 0.0, 0.15, 0.3]),
            slanted=rng.uniform(0.1, 0.9),
            shared=bar,
        )

    def letters(self, rng: Generator, n: int) -> list[list[Stroke]]:
        """`n` letters that cover most of the box and differ from each other."""
        known: list[np.ndarray] = []
        letters: list[list[Stroke]] = []
        nearest = 0.35  # how much two letters must differ; given up slowly where an alphabet is narrow
        while len(letters) < n:
            strokes = self._letter(rng)
            curves = [stroke.points() for stroke in strokes]  # each (P, 2)
            cloud = np.concatenate(curves)
            middle = (cloud.min(0) + cloud.max(0)) / 2
            length = sum(np.hypot(*np.diff(curve, axis=0).T).sum() for curve in curves)
            nearest *= 0.995
            if np.ptp(cloud, axis=0).max() < 0.7 or not 0.9 < length < 4.2:
                continue
            if any(_apart(cloud - middle, other) < nearest for other in known):
                continue
            known.append(cloud - middle)
            letters.append([replace(stroke, control=stroke.control - middle) for stroke in strokes])
        return letters

    def _letter(self, rng: Generator) -> list[Stroke]:
        strokes = [self.shared] if self.shared else []
        used: list[np.ndarray] = [self.shared.control[2]] if self.shared else []
        taken = {_key(*self.shared.control[::2])} if self.shared else set()
        for _ in range(rng.choice(4, p=self.strokes) + 1):
            joined = used and rng.random() < 0.75
            start = used[rng.integers(len(used))] if joined else self.anchors[rng.integers(len(self.anchors))]
            stroke = self._loop(rng, start) if rng.random() < self.loop else self._line(rng, start, taken)
            strokes.append(stroke)
            used += [*stroke.control[::2]] if stroke.kind == "line" else [stroke.control[4]]
            used += [stroke.control[1]]  # strokes may also meet in the middle of one
        if rng.random() < self.dot:
            place = rng.uniform((0.1, -0.1), (0.9, 1.1))
            strokes.append(Stroke(place + 0.02 * np.array([[-1, -1], [0, 0], [1, 1]]), "dot"))
        return strokes

    def _line(self, rng: Generator, start: np.ndarray, taken: set[tuple]) -> Stroke:
        path = [start]
        while len(path) < 2 or (len(path) < 4 and rng.random() < self.turn):
            away = self.anchors - path[-1]
            far = np.hypot(*away.T) > 0.2
            level = (np.abs(away) < 0.05).any(1) | (rng.random() < self.slanted)
            new = np.array([_key(path[-1], anchor) not in taken for anchor in self.anchors])
            choices = next(np.flatnonzero(each) for each in (far & level & new, far & new, far) if each.any())
            path.append(self.anchors[rng.choice(choices)])
            taken.add(_key(path[-2], path[-1]))
        return _segments(rng, path, self.bend, self.bow)

    def _loop(self, rng: Generator, start: np.ndarray) -> Stroke:
        """A closed loop that begins at `start` and lies towards the middle of the box."""
        radius = rng.uniform(0.16, 0.34) * np.array([1.0, rng.uniform(0.7, 1.4)])
        inwards = np.arctan2(0.5 - start[1], 0.5 - start[0]) + rng.normal(0, 0.5)
        angle = inwards + np.pi + np.linspace(0, 2 * np.pi, 9) * rng.choice([-1, 1])
        circle = np.stack([np.cos(angle), np.sin(angle)], -1) * radius
        return Stroke(start + circle - circle[0], "loop")


def _segments(rng: Generator, path: list[np.ndarray], bend: float, bow: float) -> Stroke:
    """A stroke along `path`; some of its segments are arcs."""
    control = [path[0]]
    for a, b in zip(path, path[1:], strict=False):
        height = bow * rng.choice([-1, 1]) if rng.random() < bend else 0.0
        across = np.array([a[1] - b[1], b[0] - a[0]])
        control += [(a + b) / 2 + height * across, b]
    return Stroke(np.array(control))


def _key(a: np.ndarray, b: np.ndarray) -> tuple:
    """The same for a segment from a to b and from b to a."""
    return tuple(sorted([(*a.round(2),), (*b.round(2),)]))


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    """The largest distance from a point of one letter to the other (Hausdorff), in widths of the box."""
    distance = np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1))
    return max(distance.min(0).max(), distance.min(1).max())
