"""The official archives: their addresses and checksums, where they may lie, and what was decoded from them."""

import hashlib
import io
import os
import stat
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pooch

from tlteach.errors import BadFile
from tlteach.files import write_atomic

FORMAT = 1  # of the decoded files; to be raised when their content or the resizing changes


@dataclass(frozen=True)
class Archive:
    """One official file.

    name: of the file. data_set: the folder it lies in. url: where it is downloaded from.
    sha256: of the official file. size: its length in bytes.
    """

    name: str
    data_set: str
    url: str
    sha256: str
    size: int

    def places(self, folder: Path) -> tuple[Path, Path]:
        """Where the file may lie in a data folder: in the data set's own folder, or flat."""
        return folder / self.data_set / self.name, folder / self.name

    def find(self) -> Path | None:
        """The file in the data folder, or None; also where the folder may not be searched."""
        return next((place for place in self.places(data_folder()) if os.path.isfile(place)), None)


_OMNIGLOT = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/"
BACKGROUND = Archive(
    "images_background.zip",
    "omniglot",
    _OMNIGLOT + "images_background.zip",
    "ad41ab679c8b5d90b271ef46be6987cc81211774a695c29dcc5367b2b26ee640",
    9_464_212,
)
EVALUATION = Archive(
    "images_evaluation.zip",
    "omniglot",
    _OMNIGLOT + "images_evaluation.zip",
    "1f61a8f3366785b057fc117d9228e78a16e3d976c8953b2a10fcc74cf0609cee",
    6_462_886,
)
CIFAR10 = Archive(
    "cifar-10-python.tar.gz",
    "cifar10",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    170_498_071,
)
DATA_SETS = {"omniglot": (BACKGROUND, EVALUATION), "cifar10": (CIFAR10,)}


@dataclass(frozen=True)
class LocalArchive:
    """An archive that is there: its path, and the SHA-256 of its content."""

    archive: Archive
    path: Path
    sha256: str

    @classmethod
    def of(cls, archive: Archive, path: Path) -> "LocalArchive":
        try:
            with open(path, "rb") as file:
                return cls(archive, path, hashlib.file_digest(file, "sha256").hexdigest())
        except OSError as error:
            raise BadFile(
                f"could not read {path}: {error.strerror or error}. Make it readable, or remove it."
            ) from error

    @property
    def verified(self) -> bool:
        return self.sha256 == self.archive.sha256

    def bad(self, found: str) -> BadFile:
        """The error to raise for content that is not as it should be."""
        return BadFile(
            f"{self.path} is not a usable {self.archive.name}: {found}. "
            f"Remove it and get the official file (SHA-256 {self.archive.sha256[:12]}…) from {self.archive.url}"
        )


def data_folder() -> Path:
    """Where archives are looked for and downloaded to: `TLTEACH_DATA`, else the user's cache folder."""
    chosen = os.environ.get("TLTEACH_DATA")
    return Path(chosen).expanduser() if chosen else user_cache()


def user_cache() -> Path:
    return Path(pooch.os_cache("tlteach"))


def check_inside(local: LocalArchive, member: str) -> None:
    """Raise BadFile for a member that would land outside its folder (nothing is ever extracted; it is still wrong)."""
    path = PurePosixPath(member.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]):
        raise local.bad(f"its member {member!r} points outside the archive's folder")


def decoded(local: LocalArchive, variant: str, decode: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """`decode()`, kept in a file that is named by the archive's content: decoding happens once.

    It is kept in the data folder; where that cannot be written, in the user's cache; failing both, not at all.
    """
    name = f"{local.archive.name.split('.')[0]}-{variant}-{local.sha256[:12]}-v{FORMAT}.npz"
    folders = [folder / "decoded" for folder in dict.fromkeys((data_folder(), user_cache()))]
    for folder in folders:
        if (arrays := _load(folder / name)) is not None:
            return arrays
    arrays = decode()
    content = io.BytesIO()
    np.savez(content, **arrays)
    for folder in folders:
        if not writable(folder):
            continue
        try:
            write_atomic(folder / name, content.getbuffer())
            return arrays
        except BadFile:
            continue
    warnings.warn(
        f"{local.archive.name} will be decoded again each time: neither {' nor '.join(map(str, folders))} can be "
        "written. Set TLTEACH_DATA to a folder that you may write.",
        stacklevel=3,
    )
    return arrays


def _load(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays in `path`; None when it is not there or damaged (it is then written again)."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def writable(folder: Path) -> bool:
    """Whether the owner of `folder` meant it to be written: the administrator may write anywhere, and should not."""
    existing = next(each for each in (folder, *folder.parents) if os.path.exists(each))
    meant = existing.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    return bool(meant) and os.access(existing, os.W_OK)
