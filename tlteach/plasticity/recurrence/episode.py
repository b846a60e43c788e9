"""What the fast implementations are given and give back: plain tensors, no autograd.

An implementation is a module with three functions:

    chunk_size(drive, alpha, steps)    -> steps a chunk, unless the caller chooses
    forward(given, keep)               -> Run
    backward(given, run, arriving)     -> Gradients
"""

from typing import NamedTuple

import numpy as np
from torch import Tensor

from tlteach.plasticity.recurrence.clamped import Schedule


def array(tensor: Tensor) -> np.ndarray:
    """The numbers of a tensor on a CPU, for a compiled kernel: without a copy where they lie in order."""
    return tensor.detach().contiguous().numpy()


class Given(NamedTuple):
    """A batch of episodes to run.

    drive: (T, B, N). weight: (N, N) [pre, post]. alpha: (N, N), or a scalar. eta: scalar.
    hidden: (B, N) at the start, None for zero. trace: (B, N, N) at the start, None for zero.
    clamp: (T, B, N) of bool, or None. known: (T, B, N) activities computed before, or None.
    size: steps a chunk. steps: which of them are free, and how often each is taken.
    oja: the rule is equation 3 (else equation 2). drive_wanted: whether the drive needs a gradient.
    """

    drive: Tensor
    weight: Tensor
    alpha: Tensor
    eta: Tensor
    hidden: Tensor | None
    trace: Tensor | None
    clamp: Tensor | None
    known: Tensor | None
    size: int
    steps: Schedule
    oja: bool
    drive_wanted: bool

    def fade(self, post: Tensor) -> Tensor:
        """By how much a step that ends in `post` (..., N) multiplies each column of the trace: (..., N) or a scalar."""
        return 1 - self.eta * post.square() if self.oja else 1 - self.eta


class Run(NamedTuple):
    """What came of it.

    x: (T + 1, B, N), the activities from x(0) on. trace: (B, N, N) at the end. kept: for the backward pass.
    """

    x: Tensor
    trace: Tensor
    kept: list[Tensor | None]


class Gradients(NamedTuple):
    """Gradients of what `Given` calls by the same names; `trace` is None where there was none."""

    drive: Tensor | None
    weight: Tensor
    alpha: Tensor
    eta: Tensor
    hidden: Tensor
    trace: Tensor | None


class Arriving(NamedTuple):
    """Gradients that arrive: at the activities (T, B, N) and at the last trace (B, N, N); None for zero."""

    x: Tensor | None
    trace: Tensor | None
