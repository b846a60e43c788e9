"""Omniglot's archives: what is read from them, what is refused, and what is remembered."""

import hashlib
import os
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from tlteach import data
from tlteach.data import archives
from tlteach.data import omniglot_zip as module
from tlteach.errors import BadFile, InvalidInput

from .conftest import png, strokes

BACKGROUND, EVALUATION = "images_background.zip", "images_evaluation.zip"


@pytest.fixture
def small(folder, omniglot_zip):
    """Three characters of two alphabets, and one of another."""
    omniglot_zip(folder / "omniglot" / BACKGROUND)
    omniglot_zip(folder / "omniglot" / EVALUATION, ["Alpha/character09"])
    return folder


def test_every_pixel_stands_where_the_archive_has_it(small):
    known = data.omniglot(105)
    assert known.images.shape == (4, 20, 105, 105) and known.images.dtype == np.uint8 and known.real
    assert known.names == ("Alpha/character01", "Alpha/character02", "Beta/character01", "Alpha/character09")
    assert known.alphabets == ("Alpha", "Alpha", "Beta", "Alpha")
    for character, number in ((0, 1), (2, 3)):
        for drawer in (1, 20):
            ink = strokes(1000 * number + drawer)
            assert np.array_equal(known.images[character, drawer - 1], np.where(ink, 0, 255))


def test_reduced_drawings_are_local_averages(small):
    """The weights of the smaller image's pixels are not negative, add up to 1, and are local."""
    large, reduced = data.omniglot(105).images.astype(float), data.omniglot(35).images.astype(float)
    assert abs(large.mean() - reduced.mean()) < 0.2
    boxes = large.reshape(4, 20, 35, 3, 35, 3).mean((3, 5))
    assert np.abs(boxes - reduced).mean() < 3 and np.corrcoef(boxes.ravel(), reduced.ravel())[0, 1] > 0.98
    for shift in ((0, 1), (1, 0), (0, -1), (-1, 0)):  # moved by one pixel they fit much less
        assert np.abs(np.roll(boxes, shift, (2, 3)) - reduced).mean() > 3 * np.abs(boxes - reduced).mean()


def test_one_set_alone(small):
    assert data.omniglot(5, evaluation=False).names[-1] == "Beta/character01"
    assert data.omniglot(5, background=False).names == ("Alpha/character09",)
    with pytest.raises(InvalidInput, match="at least one"):
        data.omniglot(background=False, evaluation=False)
    for size in (0, 106, 31.0):
        with pytest.raises(InvalidInput, match="size"):
            data.omniglot(size)


def test_floats_lie_between_ink_and_paper(small):
    floats = data.omniglot(31).floats()
    assert floats.dtype == torch.float32 and floats.shape == (4, 20, 31, 31)
    assert floats.min() == 0 and floats.max() == 1 and floats.mean() > 0.5


@pytest.mark.parametrize(
    "wrong", [lambda x: x // 255, lambda x: x > 0, lambda x: 1.0 * x], ids=["0 and 1", "booleans", "floats"]
)
def test_the_authors_defect_is_refused(small, wrong):
    """Booleans divided by 255: everything is black, nothing is learned (specification B4)."""
    known = data.omniglot(31)
    with pytest.raises(InvalidInput, match="255"):
        replace(known, images=wrong(known.images)).floats()


def test_unverified_archives_say_so_official_ones_too(small, monkeypatch):
    path = small / "omniglot" / BACKGROUND
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    source = data.omniglot(5).source
    assert "unverified" in source and f"{BACKGROUND} SHA-256 {digest[:12]}" in source and "80 drawings" in source
    official = replace(archives.BACKGROUND, sha256=digest)
    monkeypatch.setattr(module, "BACKGROUND", official)
    assert data.omniglot(5, evaluation=False).source == "Omniglot, official archives (verified)"
    assert f"{BACKGROUND} (verified), {EVALUATION} SHA-256" in data.omniglot(5).source


def no_decoding(monkeypatch):
    def fails(*_):
        raise AssertionError("decoded again")

    monkeypatch.setattr(module, "_decode", fails)


def test_decoding_happens_once_and_again_for_another_archive(small, omniglot_zip, monkeypatch):
    first = data.omniglot(8)
    with monkeypatch.context() as patch:
        no_decoding(patch)
        again = data.omniglot(8)
        assert np.array_equal(first.images, again.images) and first.names == again.names
        with pytest.raises(AssertionError, match="again"):
            data.omniglot(9)
        omniglot_zip(small / "omniglot" / BACKGROUND, ["Gamma/character01"])
        with pytest.raises(AssertionError, match="again"):
            data.omniglot(8)
    assert data.omniglot(8).names == ("Gamma/character01", "Alpha/character09")


@pytest.mark.parametrize("damage", [b"", b"PK nonsense", None])
def test_a_damaged_cache_is_made_again(small, damage, monkeypatch):
    first = data.omniglot(8)
    (cached,) = (small / "decoded").glob("images_background-8-*")
    cached.write_bytes(cached.read_bytes()[:-2000] if damage is None else damage)
    assert np.array_equal(data.omniglot(8).images, first.images)
    no_decoding(monkeypatch)
    data.omniglot(8)


def test_a_folder_that_cannot_be_written_is_used_as_it_is(small, tmp_path, monkeypatch, recwarn):
    before = sorted(small.rglob("*"))
    small.chmod(0o555)
    try:
        first = data.omniglot(8)
        assert sorted(small.rglob("*")) == before and list((tmp_path / "cache" / "decoded").iterdir())
        with monkeypatch.context() as patch:
            no_decoding(patch)
            assert np.array_equal(data.omniglot(8).images, first.images)
        assert not recwarn.list
        (tmp_path / "file").write_text("no folder")
        monkeypatch.setattr(archives, "user_cache", lambda: tmp_path / "file" / "cache")
        with pytest.warns(UserWarning, match="TLTEACH_DATA"):
            assert np.array_equal(data.omniglot(8).images, first.images)
    finally:
        small.chmod(0o755)


def rename(members, old, new):
    members[new] = members.pop(old)


def chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG file that begins with this chunk, a valid one."""
    whole = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    drawing = png(strokes(0))
    return drawing[:8] + (whole if kind == b"IHDR" else drawing[8:33] + whole) + drawing[33:]


def broken_chunk(drawing: bytes) -> bytes:
    """The pixels break off for a chunk of no valid name."""
    start = drawing.index(b"IDAT")
    pixels = b"IDAT" + drawing[start + 4 : start + 14]
    cut = struct.pack(">I", 10) + pixels + struct.pack(">I", zlib.crc32(pixels))
    return drawing[: start - 4] + cut + b"\0\0\0\1[[[["


FIRST = "images_background/Alpha/character01/0001_01.png"
SPOILED = {
    "it has 19 drawings|has 19 drawings": lambda m: m.pop(FIRST),
    "points outside": lambda m: rename(m, FIRST, "../" + FIRST),
    "points  outside": lambda m: rename(m, FIRST, "images_background/../../x.png"),
    "points outside ": lambda m: m.update({"/etc/x.png": b""}),
    "points outside  ": lambda m: m.update({"C:\\x.png": b""}),
    r"31x31 pixels; expected 105x105": lambda m: m.update({FIRST: png(strokes(0, 31))}),
    "damaged": lambda m: m.update({FIRST: b"no picture at all"}),
    "damaged ": lambda m: m.update({FIRST: m[FIRST][:70]}),
    "damaged  ": lambda m: m.update({FIRST: chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0))}),
    "damaged   ": lambda m: m.update({FIRST: chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(3_000_000)))}),
    "damaged    ": lambda m: m.update({FIRST: broken_chunk(m[FIRST])}),
    "bytes; expected a small drawing": lambda m: m.update({FIRST: bytes(200_000)}),
    "holds no drawings": lambda m: m.clear(),
}


@pytest.mark.parametrize("message", SPOILED)
def test_an_archive_without_the_official_structure(small, omniglot_zip, message):
    path = small / "omniglot" / BACKGROUND
    omniglot_zip(path, change=SPOILED[message])
    words = re.sub(" +", " ", message).strip()
    with pytest.raises(BadFile, match=f"(?s){re.escape(str(path))}.*({words})") as error:
        data.omniglot(8)
    assert "official file" in str(error.value) and archives.BACKGROUND.url in str(error.value)
    assert not list(small.glob("decoded/images_background*"))
    omniglot_zip(path)  # the next call works
    assert len(data.omniglot(8)) == 4


@pytest.mark.parametrize(
    "cut", [lambda c: c[: len(c) // 2], lambda c: c[:-10], lambda c: b"", lambda c: b"<html>" * 99]
)
def test_an_archive_that_is_not_whole(small, cut):
    path = small / "omniglot" / BACKGROUND
    path.write_bytes(cut(path.read_bytes()))
    with pytest.raises(BadFile, match="images_background.zip.*damaged or not whole"):
        data.omniglot(8)


def test_a_flipped_bit_is_found(small):
    path = small / "omniglot" / BACKGROUND
    with zipfile.ZipFile(path) as file:
        offset = file.infolist()[5].header_offset
    content = bytearray(path.read_bytes())
    content[offset + 150] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadFile, match="damaged"):
        data.omniglot(8)


def test_other_files_in_the_archive_do_no_harm(small, omniglot_zip):
    def add(members):
        members |= {"__MACOSX/._x": b"x", "images_background/README": b"x", "images_background/Alpha/": b""}

    omniglot_zip(small / "omniglot" / BACKGROUND, change=add)
    assert len(data.omniglot(8)) == 4


def test_the_real_archives(real_data):
    known = data.omniglot()
    assert known.images.shape == (1623, 20, 31, 31) and len(set(known.names)) == 1623
    assert len(set(known.alphabets[:964])) == 30 and len(set(known.alphabets[964:])) == 20
    assert known.names[0] == "Alphabet_of_the_Magi/character01" and known.names[-1] == "ULOG/character26"
    assert known.images.min() == 0 and known.images.max() == 255
    braille = known.images[known.names.index("Braille/character01")].reshape(20, -1)  # the only pair of equal drawings
    equal = [(a + 1, b + 1) for a in range(20) for b in range(a) if np.array_equal(braille[a], braille[b])]
    assert equal == [(19, 3)]


def test_the_real_archives_load_fast_and_small(real_data):
    """Decoded once, they are there within 2 s and 200 MB, as floats too."""
    program = (
        "import resource, sys, time; import torch; from pathlib import Path\n"
        "from tlteach import data; from tlteach.data import archives\n"
        "archives.user_cache = lambda: Path(sys.argv[1])\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before, start = peak(), time.process_time()\n"
        "known = data.omniglot(); seconds, megabytes = time.process_time() - start, peak() - before\n"
        "assert known.images.nbytes > 30e6; known.floats()\n"
        "print(seconds, megabytes, peak() - before)"
    )
    data.omniglot()
    if sys.platform != "linux":
        pytest.skip("the peak of memory is in another unit, or not known")
    command = [sys.executable, "-c", program, str(archives.user_cache())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ)
    seconds, megabytes, as_floats = map(float, done.stdout.split())
    assert seconds < 2 and megabytes < 200 and as_floats < 350, done.stdout
