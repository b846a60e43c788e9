"""Somebody's picture, as bytes of a file, becomes what the image network is given. Nothing is written to disk."""

import io
import warnings

import numpy as np
import torch
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from tlteach.data import normalise
from tlteach.data.damage import PICTURE
from tlteach.errors import BadFile

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MOST_BYTES, MOST_PIXELS = 8_000_000, 25_000_000
DRAFT, STRIP = 8, 2**18  # a draft has so many times the pixels of a side that are wanted; pixels of a strip
ORIENTATION = ExifTags.Base.Orientation
WANTED = f"expected a picture ({', '.join(FORMATS)}) of at most {MOST_BYTES // 1_000_000} MB"


def read_picture(content: bytes, side: int, name: str = "the file") -> Tensor:
    """A picture file -> (1, side * side), as `data.normalise` gives pictures.

    It is made grey as the paper's program does, red + green + blue; the square in its middle is reduced to
    side x side pixels, each the mean of the area it covers.

    Raises BadFile where the file is no picture, damaged, too large, too small, or all of one brightness.
    """
    pixels = _small_and_grey(bytes(content), side, name)  # (side, side)
    if not np.isfinite(pixels).all():
        raise BadFile(f"{name}: got pixels that are no numbers; expected ordinary brightness values.")
    if np.ptp(pixels) <= 1e-3 * np.abs(pixels).max():
        raise BadFile(f"{name}: got a picture of one brightness only; expected one on which something can be seen.")
    return normalise(torch.from_numpy(pixels)[None])


def _small_and_grey(content: bytes, side: int, name: str) -> np.ndarray:
    """(side, side) float32, upright. Of a large picture little more is held in memory than the picture itself."""
    if len(content) > MOST_BYTES:
        raise BadFile(f"{name}: got {len(content) / 1e6:.1f} MB; {WANTED}. Make it smaller first.")
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise BadFile(
                    f"{name}: got {width:,} x {height:,} pixels; expected at most {MOST_PIXELS // 1_000_000} million. "
                    "Make it smaller first."
                )
            if min(width, height) < side:
                raise BadFile(f"{name}: got {width} x {height} pixels; expected at least {side} x {side}.")
            image.draft(None, (DRAFT * side, DRAFT * side))  # a JPEG can be unpacked at a fraction of its size
            return np.array(_upright(_reduced(image, side), image.getexif()), np.float32)
    except BadFile:
        raise
    except UnidentifiedImageError as error:
        raise BadFile(f"{name}: got {_kind(content)}; {WANTED}.") from error
    except Image.DecompressionBombError as error:
        raise BadFile(f"{name}: got far more pixels than a picture has ({error}).") from error
    except PICTURE as error:
        raise BadFile(f"{name}: got a damaged or incomplete picture ({error}); try another copy of it.") from error


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """The square in the middle in grey, side x side pixels. Means of areas are means of means: first of each row, a
    strip of rows at a time, then of columns."""
    width, height = image.size
    square = min(width, height)
    left, top, rows = (width - square) / 2, (height - square) / 2, max(1, STRIP // width)
    strips = []
    for start in range(0, height, rows):
        strip = image.crop((0, start, width, min(start + rows, height)))
        box = (left, 0, left + square, strip.height)
        strips.append(_in_grey(strip).resize((side, strip.height), Image.Resampling.BOX, box))
    narrow = Image.fromarray(np.concatenate([np.asarray(strip) for strip in strips]))  # height x side
    return narrow.resize((side, side), Image.Resampling.BOX, (0, top, side, top + square))


def _upright(image: Image.Image, exif: Image.Exif) -> Image.Image:
    image.getexif()[ORIENTATION] = exif.get(ORIENTATION, 1)
    return ImageOps.exif_transpose(image)


def _in_grey(image: Image.Image) -> Image.Image:
    """The picture in floating-point grey, red + green + blue."""
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
