"""Somebody's picture, as bytes of a file, becomes what the image network is given. Nothing is written to disk."""

import io
import warnings

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from tlteach.data import normalise
from tlteach.data.damage import PICTURE
from tlteach.errors import BadFile

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MOST_BYTES, MOST_PIXELS = 8_000_000, 25_000_000
WANTED = f"expected a picture ({', '.join(FORMATS)}) of at most {MOST_BYTES // 1_000_000} MB"


def read_picture(content: bytes, side: int, name: str = "the file") -> Tensor:
    """A picture file -> (1, side * side), as `data.normalise` gives pictures.

    It is made grey as the paper's program does, red + green + blue; the square in its middle is reduced to
    side x side pixels, each the mean of the area it covers.

    Raises BadFile where the file is no picture, damaged, too large, too small, or all of one brightness.
    """
    grey = ImageOps.fit(_grey(bytes(content), side, name), (side, side), Image.Resampling.BOX)
    pixels = np.asarray(grey, np.float32)  # (side, side)
    if not np.isfinite(pixels).all():
        raise BadFile(f"{name}: got pixels that are no numbers; expected ordinary brightness values.")
    if np.ptp(pixels) <= 1e-3 * np.abs(pixels).max():
        raise BadFile(f"{name}: got a picture of one brightness only; expected one on which something can be seen.")
    return normalise(torch.from_numpy(pixels.copy())[None])


def _grey(content: bytes, side: int, name: str) -> Image.Image:
    """The picture upright, in floating-point grey."""
    if len(content) > MOST_BYTES:
        raise BadFile(f"{name}: got {len(content) / 1e6:.1f} MB; {WANTED}. Make it smaller first.")
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise BadFile(
                    f"{name}: got {width:,} x {height:,} pixels; expected at most {MOST_PIXELS // 1_000_000} million."
                )
            if min(width, height) < side:
                raise BadFile(f"{name}: got {width} x {height} pixels; expected at least {side} x {side}.")
            return _in_grey(ImageOps.exif_transpose(image))
    except BadFile:
        raise
    except UnidentifiedImageError as error:
        raise BadFile(f"{name}: got {_kind(content)}; {WANTED}.") from error
    except Image.DecompressionBombError as error:
        raise BadFile(f"{name}: got far more pixels than a picture has ({error}).") from error
    except PICTURE as error:
        raise BadFile(f"{name}: got a damaged or incomplete picture ({error}); try another copy of it.") from error


def _in_grey(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # 16 bits or more a pixel, grey already; `normalise` sets their range
        return image if image.mode == "F" else Image.fromarray(np.asarray(image, np.float32))
    colour = image.convert("RGBA")
    paper = Image.new("RGBA", colour.size, "white")  # what shows through
    red_green_blue = np.asarray(Image.alpha_composite(paper, colour).convert("RGB"), np.float32)  # (H, W, 3)
    return Image.fromarray(red_green_blue.sum(-1))


def _kind(content: bytes) -> str:
    if not content:
        return "an empty file"
    if content[:4] == b"%PDF":
        return "a PDF"
    if b"\0" not in content[:1000]:
        return "a text file"
    return "a file that cannot be read as a picture"
