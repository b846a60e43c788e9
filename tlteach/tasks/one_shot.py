"""Learning symbols from one drawing: the third experiment of Miconi et al. 2018 (section 4.3), on Omniglot.

An episode shows a few characters that were never seen before, each drawn once and named once, then another drawing of
one of them. Which was it? Every character may be turned by a quarter, a half or three quarters, both times alike.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput

N_ROTATIONS = 4


@dataclass(frozen=True)
class OneShotEpisode:
    """A batch of episodes, as places in a pool of drawings (or of their features): pool[row, column].

    rows: (B, N) the characters, each under its rotation: row rotation * C + character of a pool of C characters.
    shots: (B, N, K) columns of the drawings that are shown with their names, first to last.
    target: (B,) which of the N is asked for.
    query: (B,) column of the drawing that is shown without a name.
    """

    rows: Tensor
    shots: Tensor
    target: Tensor
    query: Tensor

    def places(self, n_drawings: int) -> Tensor:
        """All drawings that are shown or asked for, as row * n_drawings + column, one after the other."""
        asked = self.rows.gather(1, self.target[:, None]).squeeze(1)  # (B,)
        shown = self.rows[..., None] * n_drawings + self.shots  # (B, N, K)
        return torch.cat([shown.flatten(), asked * n_drawings + self.query])

    def take(self, pool: Tensor) -> tuple[Tensor, Tensor]:
        """The shots (B, N, K, ...) and the queries (B, ...) themselves, from pool (rows, columns, ...)."""
        asked = self.rows.gather(1, self.target[:, None]).squeeze(1)  # (B,)
        return pool[self.rows[..., None], self.shots], pool[asked, self.query]


@dataclass(frozen=True)
class OneShotTask:
    """N-way K-shot episodes.

    Args:
        n_ways: N, characters in an episode.
        n_shots: K, named drawings of each.
        query_may_repeat: the query may be one of the drawings already shown. The authors' program allows it (1 query
            in 20 then asks for nothing but a comparison); an honest test does not.
    """

    n_ways: int = 5
    n_shots: int = 1
    query_may_repeat: bool = False

    def __post_init__(self):
        checks.whole(2, n_ways=self.n_ways)
        checks.whole(1, n_shots=self.n_shots)

    def deal(
        self, batch_size: int, n_characters: int, n_drawings: int, generator: torch.Generator, n_rotations: int = 1
    ) -> OneShotEpisode:
        """New episodes over a pool of `n_characters` x `n_drawings`, held under the first `n_rotations` rotations.

        All randomness comes from `generator`. Raises InvalidInput where the pool has fewer characters than ways, or
        fewer drawings than an episode needs.
        """
        N, K, B = self.n_ways, self.n_shots, batch_size
        checks.whole(1, batch_size=batch_size, n_rotations=n_rotations)
        if n_characters < N:
            raise InvalidInput(f"OneShotTask: {N} ways need at least {N} characters, got {n_characters}")
        if n_drawings < (least := K + (not self.query_may_repeat)):
            raise InvalidInput(f"OneShotTask: {K} shots and a query need {least} drawings, got {n_drawings}")
        if n_rotations > N_ROTATIONS:
            raise InvalidInput(f"OneShotTask: n_rotations must lie in 1 to {N_ROTATIONS}, got {n_rotations}")
        random = lambda *shape: torch.rand(shape, generator=generator)  # noqa: E731
        characters = random(B, n_characters).topk(N, -1).indices  # (B, N) without repetition, in random order
        rotations = torch.randint(n_rotations, (B, N), generator=generator)  # (B, N)
        drawings = random(B, N, n_drawings).topk(least, -1).indices  # (B, N, K + 1) without repetition
        target = torch.randint(N, (B,), generator=generator)  # (B,)
        if self.query_may_repeat:
            query = torch.randint(n_drawings, (B,), generator=generator)
        else:
            query = drawings[torch.arange(B), target, K]
        return OneShotEpisode(rotations * n_characters + characters, drawings[..., :K], target, query)


def rotate(images: Tensor, rotations: Tensor) -> Tensor:
    """Each image turned by its number of quarter turns, exactly: images (n, S, S), rotations (n,) -> (n, S, S)."""
    if images.ndim != 3 or images.shape[-1] != images.shape[-2]:
        raise InvalidInput(f"rotate: expected square images (n, S, S), got {tuple(images.shape)}")
    if rotations.shape != images.shape[:1]:
        raise InvalidInput(f"rotate: expected rotations ({len(images)},), one an image, got {tuple(rotations.shape)}")
    turned = images.clone()
    for k in range(1, N_ROTATIONS):
        which = rotations % N_ROTATIONS == k
        turned[which] = torch.rot90(images[which], k, (-2, -1))
    return turned


def distort(images: Tensor, amount: float, generator: torch.Generator) -> Tensor:
    """Each drawing turned, stretched and shifted a little, as another hand might have: (n, S, S) -> (n, S, S).

    amount 1: turned by at most 10 degrees, drawn out or pressed together by about 15 % a side at most, shifted by at
    most 7.5 % of the side.
    Paper is 1 and ink 0; what comes in from outside is paper. Not part of the paper's protocol.
    """
    n, device = len(images), generator.device

    def random(*shape: int) -> Tensor:
        """In [-amount, amount]."""
        return (amount * (2 * torch.rand(shape, generator=generator, device=device) - 1)).to(images.device)

    angle, stretch, shift = 0.175 * random(n), 1 + 0.15 * random(n, 2), 0.15 * random(n, 2)  # the image spans [-1, 1]
    cos, sin, (x, y) = angle.cos(), angle.sin(), stretch.t()
    affine = torch.stack([x * cos, -x * sin, shift[:, 0], y * sin, y * cos, shift[:, 1]], -1).view(n, 2, 3)
    grid = F.affine_grid(affine, [n, 1, *images.shape[-2:]], align_corners=False)
    ink = F.grid_sample(1 - images.unsqueeze(1), grid, align_corners=False)  # outside there is no ink
    return 1 - ink.squeeze(1)


class Split(NamedTuple):
    """Which characters are for what; indices, ascending."""

    train: Tensor
    validation: Tensor
    test: Tensor


def split(names: Sequence[str], n_test: int = 100, n_validation: int = 100) -> Split:
    """The course's fixed split: the characters whose names have the smallest SHA-256 are for the test, the next for
    validation, the rest for training.

    It depends on the names alone ("Alphabet/character01"), not on a seed, a version or an order. As in the paper 100
    characters are held out; ours are the same in every run, and a validation set keeps choices away from them.
    """
    if len(names) <= n_test + n_validation:
        raise InvalidInput(
            f"split: got {len(names)} characters; expected more than the {n_test} held out for test and "
            f"{n_validation} for validation"
        )
    ranked = sorted(range(len(names)), key=lambda i: hashlib.sha256(names[i].encode()).digest())
    part = lambda start, stop: torch.tensor(sorted(ranked[start:stop]))  # noqa: E731
    return Split(part(n_test + n_validation, None), part(n_test, n_test + n_validation), part(0, n_test))


def paper_split(n_characters: int, seed: int, n_test: int = 100) -> Split:
    """The paper's protocol: the run's own seed shuffles all characters and the last `n_test` are for the test.

    There is no validation set; its place holds the test characters, so that what it chooses by is plain to see.
    """
    if n_characters <= n_test:
        raise InvalidInput(f"paper_split: got {n_characters} characters; expected more than the {n_test} held out")
    order = torch.randperm(n_characters, generator=torch.Generator().manual_seed(seed))
    test = order[-n_test:].sort().values
    return Split(order[:-n_test].sort().values, test, test)
