"""What hard clamping saves: where every unit is given its activity, equation 1 has nothing to say.

Pictures are shown to a clamped network, each for many steps. In those steps only the trace changes, and while a
picture stays, each of them writes the same outer product once more. So a held picture is one step, taken often.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Schedule(NamedTuple):
    """Which steps there are to compute.

    free: for each step, whether any unit of any episode is free, so that equation 1 is needed.
    often: how many times in a row each step is taken; all but the first time it ends where it began.
    """

    free: tuple[bool, ...]
    often: tuple[int, ...]


def schedule(clamp: Tensor | None, often: tuple[int, ...]) -> Schedule:
    """The steps under clamp (T, B, N) of bool or None."""
    free = (True,) * len(often) if clamp is None else tuple((~clamp.flatten(1).all(1)).tolist())
    return Schedule(free, often)


class Held(NamedTuple):
    """Steps that can be taken as one: all units of all episodes are clamped to where they were clamped before.

    left: (S,) the steps that are left. among: (T,) where each step is among those. often: how many steps each was.
    """

    left: Tensor
    among: Tensor
    often: tuple[int, ...]


def merge_held(drive: Tensor, clamp: Tensor) -> Held:
    """Find them in drive (T, B, N) under clamp (T, B, N) of bool."""
    full = clamp.flatten(1).all(1)
    held = torch.zeros_like(full)
    candidates = (full[1:] & full[:-1]).nonzero().squeeze(1) + 1
    held[candidates] = (drive[candidates] == drive[candidates - 1]).flatten(1).all(1)
    among = (~held).cumsum(0) - 1
    return Held((~held).nonzero().squeeze(1), among, tuple(torch.bincount(among).tolist()))
