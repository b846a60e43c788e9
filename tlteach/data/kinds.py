"""What every data set is turned into: characters with many drawings each, and square grey pictures."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tlteach.errors import InvalidInput


@dataclass(frozen=True)
class Characters:
    """Handwritten characters, in the structure of Omniglot (Lake et al. 2015).

    images: (C, D, S, S) uint8, C characters in D drawings of S x S pixels; 255 background, 0 ink, grey at edges.
    alphabets: (C) the alphabet that each character belongs to.
    names: (C) "Alphabet/character01".
    source: one line for `Provenance.data`.
    real: False when the drawings were made by a program.
    """

    images: np.ndarray
    alphabets: tuple[str, ...]
    names: tuple[str, ...]
    source: str
    real: bool

    def __len__(self) -> int:
        return len(self.images)

    def floats(self) -> Tensor:
        """(C, D, S, S) float32: 1 background, 0 ink.

        The authors' program divided by 255 what its image library had already made 0 and 1, and nothing was learned
        (its issue 8). Raises InvalidInput when `images` are not what they should be.
        """
        if self.images.dtype != np.uint8:
            raise InvalidInput(f"images are {self.images.dtype}; expected uint8, 0 for ink and 255 for background")
        if self.images.size and self.images.max() < 128:
            raise InvalidInput(
                f"the lightest pixel is {self.images.max()}; expected a background of 255. "
                "If the images are 0 and 1, multiply them by 255 first."
            )
        floats = torch.from_numpy(self.images.astype(np.float32)).div_(255)
        assert floats.min() >= 0 and floats.max() <= 1
        return floats


@dataclass(frozen=True)
class Pictures:
    """Small grey pictures, split once and for all.

    train: (N, S, S) uint16, red + green + blue, 0 black to 765 white, as the paper's program sums them.
    withheld: (M, S, S) the same, never trained on.
    source: one line for `Provenance.data`.
    real: False when the pictures were made by a program.
    """

    train: np.ndarray
    withheld: np.ndarray
    source: str
    real: bool


def normalise(grey: np.ndarray | Tensor, size: int | None = None) -> Tensor:
    """Pictures as the network is given them: zero mean, within [-1, 1] (Miconi et al. 2018, section 4.2 and program).

    Args:
        grey: (N, S, S) in any unit.
        size: reduce to `size` x `size` pixels first, each the mean of a block; must divide S. None keeps S.

    Returns: (N, size * size) float32, row by row.

    Raises InvalidInput for another shape, values that are not finite, or a size that does not divide S.
    """
    pixels = torch.as_tensor(np.asarray(grey, dtype=np.float32))
    if pixels.ndim != 3 or pixels.shape[1] != pixels.shape[2] or not pixels.shape[1]:
        raise InvalidInput(f"got pictures of shape {tuple(pixels.shape)}; expected (N, S, S), N square pictures")
    n, side, _ = pixels.shape
    size = side if size is None else size
    if not isinstance(size, int) or isinstance(size, bool) or size < 1 or side % size:
        raise InvalidInput(f"got size {size!r}; expected a divisor of {side}, the size of the pictures, a whole number")
    if not torch.isfinite(pixels).all():
        raise InvalidInput("some pixels are not finite numbers; expected ordinary brightness values")
    block = side // size
    p = pixels.reshape(n, size, block, size, block).mean((2, 4)).flatten(1)  # (N, size * size)
    p = p - p.mean(1, keepdim=True)
    return p / (1e-8 + p.abs().amax(1, keepdim=True))
