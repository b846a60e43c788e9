"""Downloads that are cut, wrong, refused or done twice at once, from a server on this machine."""

import ast
import io
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pooch
import pytest
from packaging.requirements import Requirement

from tlteach.data import download
from tlteach.data.download import get
from tlteach.errors import BadFile
from tlteach.paths import checkout

CONTENT = np.random.default_rng(0).bytes(3_000_000)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(download, "WAIT", 0.0)


@pytest.fixture
def sender(server):
    server.content = CONTENT
    return server


def files(folder: Path) -> set[str]:
    """What a download has left behind, its lock aside."""
    return {path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_a_download_is_verified_kept_and_done_once(sender, folder):
    local = get(sender.archive())
    assert local.verified and local.path == folder / "omniglot" / "images_background.zip"
    assert local.path.read_bytes() == CONTENT and files(folder) == {"images_background.zip"}
    assert get(sender.archive()) == local and sender.requests == [None]


def test_a_cut_download_goes_on_where_it_stopped(sender, folder):
    sender.cuts = [1_000_000, 700_000]
    assert get(sender.archive()).path.read_bytes() == CONTENT
    assert [asked and asked.partition("=")[0] for asked in sender.requests] == [None, "bytes", "bytes"]
    first, second = (int(asked[6:-1]) for asked in sender.requests[1:])
    assert 500_000 < first <= 1_000_000 < second <= 1_700_000


def test_a_process_that_was_ended_leaves_its_part_to_the_next(sender, folder):
    sender.cuts = [1_000_000] + [0] * download.ATTEMPTS
    with pytest.raises(BadFile, match=r"the connection was lost.*\d bytes are kept"):
        get(sender.archive())
    assert files(folder) == {"images_background.zip.part"}
    sender.cuts, before = [], len(sender.requests)
    assert get(sender.archive()).verified
    assert len(sender.requests) == before + 1 and sender.requests[-1] is not None
    assert files(folder) == {"images_background.zip"}


def test_a_server_that_cannot_send_only_the_rest(sender, folder):
    sender.ranges, sender.cuts = False, [1_000_000]
    assert get(sender.archive()).path.read_bytes() == CONTENT


def test_a_server_that_sends_all_again_takes_nothing_away(sender, folder):
    (folder / "omniglot").mkdir()
    part = folder / "omniglot" / "images_background.zip.part"
    part.write_bytes(CONTENT[:1_500_000])
    sender.ranges, sender.cuts = False, [1_000_000] * download.ATTEMPTS
    with pytest.raises(BadFile, match="1,500,000 bytes are kept"):
        get(sender.archive())
    assert part.read_bytes() == CONTENT[:1_500_000] and files(folder) == {part.name}
    sender.cuts = [2_500_000] + [0] * download.ATTEMPTS  # more came than what was kept
    with pytest.raises(BadFile, match="the connection was lost"):
        get(sender.archive())
    kept = part.stat().st_size
    assert 1_500_000 < kept <= 2_500_000 and part.read_bytes() == CONTENT[:kept] and files(folder) == {part.name}
    sender.ranges, sender.cuts, sender.requests[:] = True, [], []
    assert get(sender.archive()).verified and sender.requests == [f"bytes={kept}-"]


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("kept", [CONTENT, CONTENT + b"x", b"of another file", b"y" * len(CONTENT)])
def test_whatever_an_earlier_download_left_the_file_is_whole(sender, folder, kept, ranges):
    sender.ranges = ranges
    (folder / "omniglot").mkdir()
    (folder / "omniglot" / "images_background.zip.part").write_bytes(kept)
    assert get(sender.archive()).path.read_bytes() == CONTENT
    assert files(folder) == {"images_background.zip"}


def test_another_checksum_is_an_error_and_leaves_nothing(sender, folder):
    archive = sender.archive(b"what it should be")
    with pytest.raises(BadFile, match=r"not the official images_background\.zip.*" + archive.sha256) as error:
        get(archive)
    assert sender.archive().sha256 in str(error.value) and files(folder) == set()
    sender.content = b"what it should be"
    assert get(archive).verified


def test_a_refusal_is_not_repeated_a_failing_server_is(sender, folder):
    for status, requests in ((404, 1), (503, download.ATTEMPTS)):
        sender.status, sender.requests[:] = status, []
        with pytest.raises(BadFile, match=f"the server answered {status}"):
            get(sender.archive())
        assert len(sender.requests) == requests


def test_without_internet_the_message_says_which_file_to_put_where(sender, folder, monkeypatch):
    archive = sender.archive()
    monkeypatch.setattr(sender, "url", "http://127.0.0.1:9/x")  # a port on which nothing answers
    with pytest.raises(BadFile) as error:
        get(sender.archive())
    message, place = str(error.value), folder / "omniglot" / "images_background.zip"
    assert "no connection to 127.0.0.1" in message and f"put it at {place}" in message and "TLTEACH_DATA" in message
    place.write_bytes(CONTENT)
    assert get(archive).verified


@pytest.mark.parametrize("flat", [True, False])
def test_an_archive_that_lies_there_is_not_downloaded(sender, folder, flat):
    place = sender.archive().places(folder)[flat]
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"another content")
    local = get(sender.archive())
    assert local.path == place and not local.verified and sender.requests == []


def test_two_processes_at_once_download_once(sender, folder):
    program = (
        "import sys; from tlteach.data.archives import Archive; from tlteach.data.download import get\n"
        "name, data_set, url, sha256, size = sys.argv[1:]\n"
        "print('ready', flush=True)\n"
        "print(get(Archive(name, data_set, url, sha256, int(size))).verified)"
    )
    archive = sender.archive()
    arguments = [archive.name, archive.data_set, archive.url, archive.sha256, str(archive.size)]
    command = [sys.executable, "-c", program, *arguments]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    sender.open.clear()
    assert [each.stdout.readline() for each in both] == ["ready\n"] * 2
    time.sleep(0.5)  # both have asked by now, or one waits for the other
    sender.open.set()
    said = [each.communicate(timeout=120) for each in both]
    assert [out.strip() for out, _ in said] == ["True", "True"], said
    assert sender.requests == [None] and files(folder) == {"images_background.zip"}


def test_a_folder_that_cannot_be_written(sender, folder, monkeypatch):
    folder.chmod(0o555)
    try:
        with pytest.raises(BadFile, match="read-only.*TLTEACH_DATA"):
            get(sender.archive())
    finally:
        folder.chmod(0o755)
    assert sender.requests == []
    monkeypatch.setenv("TLTEACH_DATA", str(folder / "file" / "below"))
    (folder / "file").write_text("not a folder")
    with pytest.raises(BadFile, match="TLTEACH_DATA"):
        get(sender.archive())


def test_a_folder_that_may_not_be_searched(sender, unsearchable):
    with pytest.raises(BadFile, match="TLTEACH_DATA"):
        get(sender.archive())
    assert sender.requests == []


def test_a_full_disk_loses_nothing(sender, folder, monkeypatch):
    class Full(io.BytesIO):
        def write(self, content):
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(download, "open", lambda *_: Full(), raising=False)
        with pytest.raises(BadFile, match="No space left on device"):
            get(sender.archive())
    assert get(sender.archive()).verified


def test_nothing_is_written_about_where_files_go(sender, folder, capfd, caplog):
    logger = pooch.get_logger()  # not one of logging's tree, so caplog does not see it by itself
    logger.addHandler(caplog.handler)
    try:
        get(sender.archive())
    finally:
        logger.removeHandler(caplog.handler)
    said = "".join(capfd.readouterr()) + caplog.text
    assert "images_background.zip" in said and os.fspath(folder) not in said


def test_what_it_imports_is_declared_by_itself():
    """Not only because pooch happens to bring it."""
    with open(checkout() / "pyproject.toml", "rb") as file:
        declared = tomllib.load(file)["project"]["dependencies"]
    names = {Requirement(each).name for each in declared}
    imports = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(Path(download.__file__).read_text(encoding="utf-8")))
        for name in ([each.name for each in node.names] if isinstance(node, ast.Import) else
                     [node.module] if isinstance(node, ast.ImportFrom) else [])
    }  # fmt: skip
    assert imports - set(sys.stdlib_module_names) - {"tlteach"} <= names
