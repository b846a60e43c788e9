import io
import os
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tlteach.course.widgets import picture_file
from tlteach.course.widgets.picture_file import MOST_BYTES, read_picture
from tlteach.errors import BadFile


def saved(image, kind="PNG", **options):
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def by_hand(rgb, side):
    """(H, W, 3), a multiple of side, cropped, summed, averaged over blocks and normalised in loops."""
    height, width, _ = rgb.shape
    size = min(height, width)
    top, left, block = (height - size) // 2, (width - size) // 2, size // side
    means = np.zeros(side * side)
    for i in range(side):
        for j in range(side):
            part = rgb[top + i * block : top + (i + 1) * block, left + j * block : left + (j + 1) * block].astype(float)
            means[i * side + j] = part.sum() / block**2
    means -= means.mean()
    return means / np.abs(means).max()


@pytest.mark.parametrize("shape", [(24, 24), (24, 40), (36, 12), (6, 6)])
def test_a_picture_is_summed_over_colours_cropped_and_averaged_over_blocks(shape):
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    row = read_picture(saved(Image.fromarray(rgb)), 6)
    assert row.shape == (1, 36)
    np.testing.assert_allclose(row[0], by_hand(rgb, 6), atol=1e-5)


def test_sizes_that_do_not_divide_are_averaged_by_area():
    """5 pixels become 2: each takes two and a half of them."""
    line = np.array([10, 20, 30, 40, 200], np.uint8)
    grey = np.broadcast_to(line, (5, 5))
    row = read_picture(saved(Image.fromarray(grey.copy())), 2)[0].view(2, 2)
    left, right = (10 + 20 + 15) / 2.5, (15 + 40 + 200) / 2.5
    assert left < right
    np.testing.assert_allclose(row, [[-1, 1], [-1, 1]], atol=1e-5)


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
GREY = Image.fromarray(np.add.outer(np.arange(0, 128, 4), np.arange(0, 128, 4)).astype(np.uint8))  # 32 x 32


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_every_mode_gives_the_same_picture(mode):
    if mode == "I;16":
        image, kind = Image.fromarray(np.asarray(GREY).astype(np.uint16) * 256), "PNG"
    else:
        image = GREY.convert(mode)
        kind = {"CMYK": "TIFF", "YCbCr": "JPEG", "F": "TIFF", "I": "TIFF"}.get(mode, "PNG")
    expected = read_picture(saved(GREY), 8)
    np.testing.assert_allclose(read_picture(saved(image, kind), 8), expected, atol=0.03)


def test_a_picture_in_black_and_white_is_taken():
    row = read_picture(saved(Image.fromarray(np.arange(64).reshape(8, 8) % 3 == 0)), 8)
    assert set(row.sign().flatten().tolist()) == {-1.0, 1.0}


def test_what_is_transparent_is_paper():
    """An invisible black left half and a visible grey right half: white beside grey."""
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, 4:] = (100, 100, 100, 255)
    row = read_picture(saved(Image.fromarray(pixels)), 4)[0].view(4, 4)
    assert (row[:, :2] == 1).all() and (row[:, 2:] == -1).all()


def test_a_photo_that_lies_on_its_side_is_set_upright():
    dark_above = np.zeros((8, 8), np.uint8)
    dark_above[4:] = 200
    turned = Image.fromarray(dark_above).rotate(90)  # a quarter to the left; EXIF 6 asks to turn it to the right
    exif = Image.Exif()
    exif[0x0112] = 6
    row = read_picture(saved(turned, "PNG", exif=exif), 4)[0].view(4, 4)
    assert (row[:2] < 0).all() and (row[2:] > 0).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(30, 20), (21, 31)])
def test_every_orientation_is_what_pillow_makes_of_it(orientation, size):
    image = NOISE.resize(size)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(image, "PNG", exif=exif)
    with Image.open(io.BytesIO(content)) as opened:
        upright = ImageOps.exif_transpose(opened)
    np.testing.assert_allclose(read_picture(content, 7), read_picture(saved(upright), 7), atol=1e-5)


@pytest.mark.parametrize("size", [(30, 20), (21, 32), (97, 41)])
@pytest.mark.parametrize("strip", [1, 50, 10**6])
def test_strips_of_any_height_give_what_pillow_gives_at_once(size, strip, monkeypatch):
    monkeypatch.setattr(picture_file, "STRIP", strip)
    image = NOISE.resize(size)
    grey = Image.fromarray(np.asarray(image, np.float32).sum(-1))
    whole = np.asarray(ImageOps.fit(grey, (9, 9), Image.Resampling.BOX)).astype(float)
    whole -= whole.mean()
    np.testing.assert_allclose(read_picture(saved(image), 9)[0].view(9, 9), whole / np.abs(whole).max(), atol=1e-5)


def test_a_large_photo_is_read_as_a_draft_that_shows_the_same():
    photo = Image.radial_gradient("L").resize((1600, 1200), Image.Resampling.BICUBIC).convert("RGB")
    rows = [read_picture(saved(photo, kind), 8) for kind in ("PNG", "JPEG")]
    np.testing.assert_allclose(*rows, atol=0.02)


PEAK = """
import io, resource, sys
from PIL import Image
from tlteach.course.widgets.picture_file import read_picture
mode, kind = sys.argv[1:]
content = io.BytesIO()
Image.radial_gradient("L").resize((500, 500)).resize((5000, 5000)).convert(mode).save(content, kind)
peak = lambda: int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) / 1000
open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew
before = peak()
row = read_picture(content.getvalue(), 16)
assert row.abs().max() == 1
print(peak() - before)
"""


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the peak of memory is Linux's to tell")
@pytest.mark.parametrize(("mode", "kind", "most"), [("RGB", "JPEG", 30), ("RGB", "PNG", 150), ("RGBA", "PNG", 180)])
def test_the_largest_picture_takes_little_more_memory_than_itself(mode, kind, most):
    """Peak of the resident memory in MB above what it was before; 25 million pixels in RGBA are 100 MB."""
    told = subprocess.run([sys.executable, "-c", PEAK, mode, kind], capture_output=True, text=True, check=True)
    assert float(told.stdout) < most


def bomb():
    """The head of a PNG that claims 60,000 x 60,000 pixels."""
    content = bytearray(saved(Image.new("1", (8, 8))))
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"Dear friend", "a text file; expected a picture (PNG"),
        (b"%PDF-1.7 \0\1\2", "a PDF"),
        (bytes(1000), "cannot be read as a picture; expected a picture (PNG"),
        (saved(NOISE)[:5000], "damaged or incomplete"),
        (saved(NOISE, "JPEG")[:900], "damaged or incomplete"),
        (saved(NOISE)[:30], "cannot be read as a picture"),
        (saved(Image.new("RGB", (9, 5))), "9 x 5 pixels; expected at least 8 x 8"),
        (saved(Image.new("RGB", (20, 20), "red")), "one brightness only"),
        (saved(Image.fromarray(np.full((8, 8), np.nan, np.float32)), "TIFF"), "pixels that are no numbers"),
        (saved(Image.new("1", (6000, 5000))), "6,000 x 5,000 pixels; expected at most 25 million. Make"),
        (bomb(), "far more pixels than a picture has (Image size (3600000000 pixels)"),
        (b"\x89PNG" + bytes(MOST_BYTES), "8.0 MB; expected a picture"),
    ],
)
def test_what_is_no_usable_picture_is_refused_with_words(content, words):
    with pytest.raises(BadFile) as caught:
        read_picture(content, 8, "cat.png")
    assert words in str(caught.value) and str(caught.value).startswith("cat.png: got")


@settings(deadline=None)
@given(st.integers(0, 10**6), st.binary(max_size=40), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]))
def test_no_damage_raises_anything_else(place, junk, kind):
    content = saved(NOISE.resize((16, 16)), kind)
    place %= len(content)
    try:
        row = read_picture(content[:place] + junk + content[place + len(junk) :], 8)
    except BadFile:
        return
    assert row.shape == (1, 64) and row.isfinite().all() and row.abs().max() <= 1
