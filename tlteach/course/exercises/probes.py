"""Inputs small enough to be shown: a counter-example is only as clear as its numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Fresh:
    """An input that every call gets anew: a generator, a layer. `label` is what a counter-example shows of it."""

    make: Callable[[], Any]
    label: str

    def __str__(self) -> str:
        return self.label


def seed(number: int) -> Fresh:
    """A random generator that starts at `number`."""
    return Fresh(lambda: torch.Generator("cpu").manual_seed(number), f"torch.Generator().manual_seed({number})")


def tensor(*rows: Any) -> Tensor:
    """A single-precision tensor on the CPU, whatever the notebook's defaults are."""
    return torch.tensor(rows, dtype=torch.float32, device="cpu")


class Draw:
    """Random inputs with numbers that are easy on the eye: multiples of one half."""

    def __init__(self, number: int):
        self._generator = torch.Generator("cpu").manual_seed(number)

    def halves(self, *shape: int) -> Tensor:
        """Values of -1, -0.5, 0, 0.5 and 1."""
        return torch.randint(-2, 3, shape, generator=self._generator, device="cpu").float() / 2

    def signs(self, *shape: int) -> Tensor:
        """Values of -1 and 1."""
        return torch.randint(0, 2, shape, generator=self._generator, device="cpu").float() * 2 - 1
