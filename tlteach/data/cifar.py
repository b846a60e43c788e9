"""CIFAR-10 (Krizhevsky 2009) as the paper uses it: grey pictures, batches 1 to 4 to train on, batch 5 withheld."""

import io
import pickle
import tarfile
import zlib

import numpy as np

from tlteach.data.archives import CIFAR10, LocalArchive, check_inside, decoded
from tlteach.data.download import get
from tlteach.data.kinds import Pictures
from tlteach.errors import BadFile

SIDE, CHANNELS = 32, 3
BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
PICTURES = 50_000  # in the five official batches
LARGEST_MEMBER = 64_000_000  # bytes; an official batch has 31 million


def cifar10() -> Pictures:
    """The grey pictures of CIFAR-10's training batches, 32 x 32 pixels. Downloaded on first use (170 MB).

    Returns: 40,000 pictures to train on (batches 1 to 4) and 10,000 withheld ones (batch 5), as in the paper
    (appendix on images and its program, whose own test program reads the training pictures by mistake). CIFAR's
    test batch is not touched. A reduced archive has fewer, and `source` says how many.

    Raises BadFile when the archive cannot be had or used.
    """
    local = get(CIFAR10)
    arrays = decoded(local, "grey", lambda: _decode(local))
    train, withheld = arrays["train"], arrays["withheld"]
    if local.verified:
        source = "CIFAR-10, official archive (verified)"
    else:
        n = len(train) + len(withheld)
        source = f"CIFAR-10, unverified archive SHA-256 {local.sha256[:12]}…: {n:,} pictures of {PICTURES:,}"
        source += ", stored as JPEG before" if arrays["jpeg"] else ""
    return Pictures(train, withheld, source, real=True)


def _decode(local: LocalArchive) -> dict[str, np.ndarray]:
    """Read the batches in memory, one at a time, and sum their colours."""
    grey: dict[str, np.ndarray] = {}
    jpeg = False
    try:
        with tarfile.open(local.path, "r:gz") as file:
            for member in file:
                check_inside(local, member.name)
                name = member.name.removeprefix("cifar-10-batches-py/")
                if name == member.name or name not in BATCHES or not member.isfile():
                    continue
                if member.size > LARGEST_MEMBER:
                    raise local.bad(f"{member.name} has {member.size:,} bytes; expected at most 32 million")
                grey[name], from_jpeg = _batch(local, member.name, file.extractfile(member).read())
                jpeg |= from_jpeg
            while file.fileobj.read(1 << 20):  # to the end, where gzip's own checksum stands
                pass
    except BadFile:
        raise
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise local.bad(f"it is damaged or not whole ({error or type(error).__name__})") from error
    if missing := [name for name in BATCHES if name not in grey]:
        raise local.bad(f"it lacks cifar-10-batches-py/{missing[0]}")
    train = np.concatenate([grey[name] for name in BATCHES[:4]])
    return {"train": train, "withheld": grey[BATCHES[4]], "jpeg": np.array(jpeg)}


def _batch(local: LocalArchive, name: str, content: bytes) -> tuple[np.ndarray, bool]:
    """The grey pictures (N, 32, 32) of a pickled batch, and whether its file names say that they come from JPEG."""
    try:
        batch = _ArraysOnly(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise local.bad(f"{name} is no batch of CIFAR-10 ({type(error).__name__}: {error})") from error
    data = batch.get(b"data") if isinstance(batch, dict) else None
    columns = CHANNELS * SIDE * SIDE
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != columns:
        kind = f"{data.dtype} {data.shape}" if isinstance(data, np.ndarray) else type(data).__name__
        raise local.bad(f"the data of {name} is {kind}; expected uint8 (N, {columns}), N red, green and blue planes")
    if not len(data):
        raise local.bad(f"{name} holds no picture")
    names = batch.get(b"filenames")
    jpeg = isinstance(names, list) and bool(names) and str(names[0]).rstrip("'").endswith((".jpg", ".jpeg"))
    return data.reshape(-1, CHANNELS, SIDE, SIDE).sum(1, dtype=np.uint16), jpeg


class _ArraysOnly(pickle.Unpickler):
    """A pickle can call any function; this one rebuilds arrays from plain values and refuses all else."""

    ALLOWED = {
        "numpy.ndarray": np.ndarray,
        "numpy.dtype": np.dtype,
        "numpy.core.multiarray._reconstruct": np._core.multiarray._reconstruct,
        "numpy._core.multiarray._reconstruct": np._core.multiarray._reconstruct,
        "_codecs.encode": lambda text, _: text.encode("latin1"),  # how Python 3 writes bytes for Python 2
        "__builtin__.bytes": lambda: b"",
    }

    def find_class(self, module: str, name: str):
        if f"{module}.{name}" not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it wants to call {module}.{name}, which no official batch does")
        return self.ALLOWED[f"{module}.{name}"]
