"""Small archives in the official layout, and a server on this machine that can misbehave."""

import hashlib
import io
import os
import pickle
import tarfile
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from tlteach.data import archives


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty data folder; the user's own cache is another one."""
    monkeypatch.setenv("TLTEACH_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(archives, "user_cache", lambda: tmp_path / "cache")
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def unsearchable(folder):
    """A data folder in which nothing may be looked up. The administrator may everywhere, and becomes nobody."""
    if not hasattr(os, "geteuid"):
        pytest.skip("folders are not locked by a mode here")
    administrator = os.geteuid() == 0
    folder.chmod(0)
    if administrator:
        os.seteuid(65534)
    yield folder
    if administrator:
        os.seteuid(0)
    folder.chmod(0o755)


def png(pixels: np.ndarray) -> bytes:
    """(S, S) bool, True for ink, as Omniglot's files: one bit a pixel."""
    content = io.BytesIO()
    Image.fromarray(~np.asarray(pixels, bool)).save(content, "PNG")
    return content.getvalue()


def strokes(seed: int, side: int = 105) -> np.ndarray:
    """(S, S) bool: some ink, different for each seed."""
    rng = np.random.default_rng(seed)
    pixels = np.zeros((side, side), bool)
    for row, column in rng.integers(0, side - 25, (3, 2)):
        pixels[row : row + 4, column : column + 20] = True
    return pixels


@pytest.fixture
def omniglot_zip():
    """Write a small archive: `change(members)` may spoil its {name: content} first."""

    def write(path, characters=("Alpha/character01", "Alpha/character02", "Beta/character01"), side=105, change=None):
        top, members, start = path.name.removesuffix(".zip"), {}, 1
        for character in characters:
            for drawer in range(1, 21):
                name = f"{top}/{character}/{start:04}_{drawer:02}.png"
                members[name] = png(strokes(1000 * start + drawer, side))
            start += 1
        if change:
            change(members)
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as file:
            for name, content in members.items():
                file.writestr(name, content)
        return members

    return write


@pytest.fixture
def cifar_tar():
    """Write a small archive of n pictures a batch: `change(members)` may spoil its {name: content} first."""

    def write(path, n=3, change=None, filenames=b"leptodactylus_s_000004.png"):
        members = {}
        for number in range(1, 6):
            data = np.random.default_rng(number).integers(0, 256, (n, 3072)).astype(np.uint8)
            batch = {b"data": data, b"labels": [0] * n, b"batch_label": b"some", b"filenames": [filenames] * n}
            members[f"cifar-10-batches-py/data_batch_{number}"] = pickle.dumps(batch, protocol=2)
        if change:
            change(members)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(path, "w:gz") as file:
            for name, content in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                file.addfile(member, io.BytesIO(content))
        return members

    return write


@dataclass
class Server:
    """Sends `content`. cuts: after how many bytes of each answer the connection is dropped, in turn.
    ranges: whether it knows how to send only the rest. requests: the Range header of each request so far.
    status: what it answers with instead. open: it answers when this is set, as it is at first."""

    content: bytes = b""
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    status: int = 0
    requests: list[str | None] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def archive(self, content: bytes | None = None, name: str = "images_background.zip") -> archives.Archive:
        """The official archive, as far as its checksum goes, of which this server sends its content."""
        official = self.content if content is None else content
        return archives.Archive(name, "omniglot", self.url, hashlib.sha256(official).hexdigest(), len(official))


@pytest.fixture
def server():
    told = Server()
    told.open.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.headers.get("Range")
            told.requests.append(asked)
            told.open.wait(60)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and told.ranges else 0
            if told.status or (start and start >= len(told.content)):
                self.send_error(told.status or 416)
                return
            body = told.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(told.content) - 1}/{len(told.content)}")
            self.end_headers()
            self.wfile.write(body[: told.cuts.pop(0)] if told.cuts else body)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{http.server_port}/images_background.zip"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield told
    http.shutdown()
    http.server_close()
    thread.join()
