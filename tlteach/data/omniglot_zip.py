"""Omniglot (Lake, Salakhutdinov & Tenenbaum, Science 2015): 1,623 characters of 50 alphabets, by 20 drawers each."""

import io
import re
import zipfile

import numpy as np
from PIL import Image

from tlteach.data.archives import BACKGROUND, EVALUATION, LocalArchive, check_inside, decoded
from tlteach.data.damage import ARCHIVE, PICTURE
from tlteach.data.download import get
from tlteach.data.kinds import Characters
from tlteach.data.paper import DRAWINGS, SIDE, check_size, shrink
from tlteach.errors import BadFile, InvalidInput

LARGEST_MEMBER = 100_000  # bytes; the official drawings have a few hundred


def omniglot(size: int = 31, *, background: bool = True, evaluation: bool = True) -> Characters:
    """Omniglot's drawings, reduced to `size` x `size` pixels. Downloaded on first use.

    Args:
        size: pixels of a side, 1 to 105 (the official size).
        background, evaluation: which of the two official sets, in this order; characters are sorted by name in each.

    Returns: C = 964 + 659 characters in 20 drawings each, by drawers 1 to 20 in this order (each alphabet has its own).

    Raises InvalidInput for a bad size or no set at all, BadFile when an archive cannot be had or used.
    """
    check_size(size)
    archives = [archive for archive, wanted in ((BACKGROUND, background), (EVALUATION, evaluation)) if wanted]
    if not archives:
        raise InvalidInput("neither background nor evaluation is wanted; expected at least one of the two sets")
    locals_ = [get(archive) for archive in archives]
    parts = [decoded(local, str(size), lambda local=local: _decode(local, size)) for local in locals_]
    names = tuple(str(name) for part in parts for name in part["names"])
    images = parts[0]["images"] if len(parts) == 1 else np.concatenate([part["images"] for part in parts])
    alphabets = tuple(name.partition("/")[0] for name in names)
    return Characters(images, alphabets, names, _source(locals_, images), real=True)


def _source(locals_: list[LocalArchive], images: np.ndarray) -> str:
    if all(local.verified for local in locals_):
        return "Omniglot, official archives (verified)"
    which = ", ".join(
        f"{local.archive.name} {'(verified)' if local.verified else f'SHA-256 {local.sha256[:12]}…'}"
        for local in locals_
    )
    return f"Omniglot, unverified archives {which}: {images.shape[0] * images.shape[1]:,} drawings"


def _decode(local: LocalArchive, size: int) -> dict[str, np.ndarray]:
    """Read every drawing in memory; check that the structure is the official one."""
    top = local.archive.name.removesuffix(".zip")
    pattern = re.compile(re.escape(top) + r"/([^/]+/character\d\d)/\d{4}_(\d\d)\.png")
    members: dict[str, dict[int, zipfile.ZipInfo]] = {}
    try:
        with zipfile.ZipFile(local.path) as file:
            for member in file.infolist():
                check_inside(local, member.filename)
                if found := pattern.fullmatch(member.filename):
                    members.setdefault(found[1], {})[int(found[2])] = member
            _check_structure(local, members, top)
            images = np.empty((len(members), DRAWINGS, size, size), np.uint8)
            for character, name in enumerate(sorted(members)):
                for drawer in range(DRAWINGS):
                    images[character, drawer] = _drawing(local, file, members[name][drawer + 1], size)
    except BadFile:
        raise
    except ARCHIVE as error:
        raise local.bad(f"it is damaged or not whole ({error or type(error).__name__})") from error
    return {"images": images, "names": np.array(sorted(members))}


def _check_structure(local: LocalArchive, members: dict[str, dict[int, zipfile.ZipInfo]], top: str) -> None:
    if not members:
        raise local.bad(f"it holds no drawings called {top}/Alphabet/characterNN/NNNN_DD.png")
    for name, drawings in members.items():
        if sorted(drawings) != list(range(1, DRAWINGS + 1)):
            raise local.bad(f"{name} has {len(drawings)} drawings; expected those of drawers 01 to {DRAWINGS}")


def _drawing(local: LocalArchive, file: zipfile.ZipFile, member: zipfile.ZipInfo, size: int) -> np.ndarray:
    if member.file_size > LARGEST_MEMBER:
        raise local.bad(f"{member.filename} has {member.file_size:,} bytes; expected a small drawing")
    content = file.read(member)
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if image.size != (SIDE, SIDE):
                raise local.bad(f"{member.filename} has {image.size[0]}x{image.size[1]} pixels; expected {SIDE}x{SIDE}")
            return shrink(image, size)
    except BadFile:
        raise
    except PICTURE as error:
        raise local.bad(f"{member.filename} is damaged or no drawing ({error or type(error).__name__})") from error
