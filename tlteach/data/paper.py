"""The paper that Omniglot's characters are drawn on, and how a page becomes what a network is given."""

import numpy as np
from PIL import Image

from tlteach import checks
from tlteach.errors import InvalidInput

SIDE, DRAWINGS = 105, 20  # pixels of a page; pages for each character

# Of Pillow's filters this is the closest to the anti-aliased `skimage.transform.resize` (root mean square difference
# .011 of the range at 31 pixels; averaging over boxes .026, Lanczos .018), and like it keeps the amount of ink.
FILTER = Image.Resampling.HAMMING


def check_size(size: int) -> None:
    """Raise InvalidInput unless a page can be reduced to `size` x `size` pixels."""
    checks.whole(1, size=size)
    if size > SIDE:
        raise InvalidInput(f"size must be at most {SIDE} pixels, those of Omniglot's paper, got {size}")


def shrink(page: Image.Image, size: int) -> np.ndarray:
    """(size, size) uint8: 255 paper, 0 ink, grey where a pixel has both."""
    return np.asarray(page.convert("L").resize((size, size), FILTER))
