"""Getting an official archive: from the data folder, or over a network that may break at any moment."""

import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests
from filelock import FileLock
from tqdm.auto import tqdm

from tlteach.data.archives import Archive, LocalArchive, data_folder, writable
from tlteach.errors import BadFile

ATTEMPTS = 3  # in a row without a byte gained
WAIT = 1.0  # seconds before the second attempt; doubled each time
TIMEOUT = 10, 30  # seconds to connect, and between bytes
BLOCK = 1 << 18  # bytes


def get(archive: Archive) -> LocalArchive:
    """The archive in the data folder, downloaded if it is not there.

    Several processes may call this at once: one downloads, the others wait. A download that was cut goes on where it
    stopped. Raises BadFile when the archive cannot be had, saying which file to put where.
    """
    if path := archive.find():
        return LocalArchive.of(archive, path)
    path = archive.places(data_folder())[0]
    try:
        if not writable(path.parent):
            raise PermissionError(13, "it is read-only")
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.parent / f".{archive.name}.lock"):
            if not archive.find():  # another process may have been faster
                _download(archive, path)
    except BadFile:
        raise
    except requests.RequestException as error:
        raise BadFile(_offline(archive, path, error)) from error
    except OSError as error:
        raise BadFile(
            f"{archive.name} could not be written to {path.parent}: {error.strerror or error}. "
            "Free some space there, or set TLTEACH_DATA to a folder that you may write."
        ) from error
    return LocalArchive.of(archive, path)


def _download(archive: Archive, path: Path) -> None:
    """Pooch makes the file appear at `path` at once, and only with the official checksum."""
    downloader = _Resuming(archive, _part(path))
    resumed = downloader.so_far > 0
    try:
        with _quiet():
            pooch.retrieve(archive.url, f"sha256:{archive.sha256}", path.name, path.parent, downloader=downloader)
    except ValueError as error:  # another checksum; the download is gone
        if resumed:  # what was kept of an earlier download may have been the wrong part
            return _download(archive, path)
        raise BadFile(
            f"what {archive.url} sent is not the official {archive.name}: {error} Nothing was kept. "
            f"Try again, or put the official file at {path} yourself."
        ) from error


def _part(path: Path) -> Path:
    """Where what has come so far is kept, for the next attempt or process."""
    return path.with_name(f"{path.name}.part")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class _Resuming:
    """A downloader for pooch that goes on from what `part` holds, again after each interruption."""

    def __init__(self, archive: Archive, part: Path):
        self.archive, self.part = archive, part
        self.again = part.with_suffix(".again")  # the file from its start, as long as `part` holds more of it

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        failures = 0
        while True:
            before = self.so_far
            try:
                self._continue(url)
                break
            except requests.RequestException as error:
                failures = failures + 1 if self.so_far <= before else 1
                if failures == ATTEMPTS or not _worth_another_try(error):
                    raise
                time.sleep(WAIT * 2 ** (failures - 1))
        self.part.replace(output_file)

    @property
    def so_far(self) -> int:
        return _size(self.part)

    def _continue(self, url: str) -> None:
        """Ask for the rest of the file; a server that cannot give only the rest sends all of it again.

        What is kept is given up for what comes again only when more of that has come.
        """
        # A compressed transfer would be unpacked on arrival, and the checksum is of the packed file.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={self.so_far}-"} if self.so_far else {})
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == 416:  # there is no rest: what is here is whole, or of another file
                if self.so_far != self.archive.size:
                    self.part.unlink()
                    raise requests.ConnectionError("what was kept of an earlier download did not fit; it was removed")
                return
            response.raise_for_status()
            goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {self.so_far}-")
            start = self.so_far if response.status_code == 206 and goes_on else 0
            total = start + int(response.headers.get("Content-Length", 0)) or None
            anew = not start and self.so_far > 0
            into, whole = self.again if anew else self.part, False
            try:
                with (
                    open(into, "ab" if start else "wb") as file,
                    tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=self.archive.name) as bar,
                ):
                    for block in response.iter_content(BLOCK):
                        bar.update(file.write(block))
                if total and _size(into) < total:
                    raise requests.exceptions.ChunkedEncodingError(f"{_size(into):,} of {total:,} bytes came")
                whole = True
            finally:
                if anew and (whole or _size(self.again) > self.so_far):
                    self.again.replace(self.part)
                self.again.unlink(missing_ok=True)


def _worth_another_try(error: requests.RequestException) -> bool:
    """Not when the server has understood and refused, and not when no server is meant."""
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return False
    return error.response is None or error.response.status_code >= 500


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection was lost"
    host = urlsplit(error.request.url).hostname if error.request is not None else None
    return f"no connection to {host}" if host else str(error)


def _offline(archive: Archive, path: Path, error: requests.RequestException) -> str:
    so_far = _Resuming(archive, _part(path)).so_far
    kept = f" {so_far:,} bytes are kept, and the next call goes on from there." if so_far else ""
    return (
        f"could not download {archive.name} ({archive.size / 1e6:.0f} MB): {_reason(error)}.{kept} "
        f"Without internet, get {archive.url} on another machine and put it at {path}, or set TLTEACH_DATA to a folder "
        "that holds it. "
        "The lessons also run on data made here, without any download."
    )


@contextmanager
def _quiet():
    """The progress bar says enough; pooch would also say where on this machine the file goes."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")
    try:
        yield
    finally:
        logger.setLevel(level)
