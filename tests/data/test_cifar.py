"""CIFAR-10's archive: grey as the paper sums it, batch 5 withheld, and pickles that cannot run code."""

import io
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest

from tlteach import data
from tlteach.data import archives, cifar
from tlteach.errors import BadFile

NAME = "cifar-10-python.tar.gz"
SECOND = "cifar-10-batches-py/data_batch_2"


@pytest.fixture
def small(folder, cifar_tar):
    cifar_tar(folder / NAME)
    return folder


def test_grey_is_the_sum_of_the_colours_and_batch_5_is_withheld(small, cifar_tar):
    members = cifar_tar(small / NAME)
    known = data.cifar10()
    assert known.train.shape == (12, 32, 32) and known.withheld.shape == (3, 32, 32) and known.real
    assert known.train.dtype == known.withheld.dtype == np.uint16
    for pictures, batch, which in ((known.train[3:6], 2, 1), (known.withheld, 5, 2)):
        colours = pickle.loads(members[f"cifar-10-batches-py/data_batch_{batch}"])[b"data"]
        for y, x in ((0, 0), (0, 31), (17, 4)):
            red, green, blue = (int(colours[which, 1024 * c + 32 * y + x]) for c in range(3))
            assert pictures[which, y, x] == red + green + blue


def test_the_source_says_what_it_is(small, cifar_tar, monkeypatch):
    local = archives.LocalArchive.of(archives.CIFAR10, small / NAME)
    source = data.cifar10().source
    assert f"unverified archive SHA-256 {local.sha256[:12]}" in source and "15 pictures of 50,000" in source
    assert "JPEG" not in source
    monkeypatch.setattr(cifar, "CIFAR10", replace(archives.CIFAR10, sha256=local.sha256))
    assert data.cifar10().source == "CIFAR-10, official archive (verified)"
    cifar_tar(small / NAME, filenames=b"cat_1.jpg")
    assert "JPEG" in data.cifar10().source


def test_decoding_happens_once(small, monkeypatch):
    first = data.cifar10()
    monkeypatch.setattr(cifar, "_decode", None)
    again = data.cifar10()
    assert np.array_equal(first.train, again.train) and first.source == again.source


class Harmful:
    """What a pickle from elsewhere may hold: a call."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_cannot_run_code(small, cifar_tar, tmp_path):
    trap = tmp_path / "trap"
    harmful = pickle.dumps({b"data": Harmful(trap)}, protocol=2)
    pickle.loads(harmful)[b"data"].close()
    assert trap.exists()  # the trap works
    trap.unlink()
    cifar_tar(small / NAME, change=lambda members: members.update({SECOND: harmful}))
    with pytest.raises(BadFile, match="data_batch_2.*it wants to call io.open"):
        data.cifar10()
    assert not trap.exists()


@pytest.mark.parametrize("name", ["numpy.core.multiarray.fromfile", "numpy.load", "builtins.eval", "os.system"])
def test_only_arrays_are_rebuilt(name):
    module, _, function = name.rpartition(".")
    with pytest.raises(pickle.UnpicklingError, match="wants to call"):
        cifar._ArraysOnly(io.BytesIO()).find_class(module, function)


def batch(values):
    return pickle.dumps({b"data": values, b"filenames": []}, protocol=2)


SPOILED = {
    "lacks cifar-10-batches-py/data_batch_2": lambda m: m.pop(SECOND),
    "points outside": lambda m: m.update({"cifar-10-batches-py/../../x": b""}),
    "points outside ": lambda m: m.update({"/etc/x": b""}),
    r"is uint8 \(3, 99\); expected uint8 \(N, 3072\)": lambda m: m.update({SECOND: batch(np.zeros((3, 99), np.uint8))}),
    r"is int64 \(3, 3072\)": lambda m: m.update({SECOND: batch(np.zeros((3, 3072), np.int64))}),
    "is list": lambda m: m.update({SECOND: batch([1, 2])}),
    "is NoneType": lambda m: m.update({SECOND: pickle.dumps([], protocol=2)}),
    "holds no picture": lambda m: m.update({SECOND: batch(np.zeros((0, 3072), np.uint8))}),
    "no batch of CIFAR-10": lambda m: m.update({SECOND: m[SECOND][:500]}),
    "no batch of CIFAR-10 ": lambda m: m.update({SECOND: b"nonsense"}),
}


@pytest.mark.parametrize("message", SPOILED)
def test_an_archive_without_the_official_structure(small, cifar_tar, message):
    cifar_tar(small / NAME, change=SPOILED[message])
    with pytest.raises(BadFile, match=f"{re.escape(str(small / NAME))}.*{message.strip()}"):
        data.cifar10()
    cifar_tar(small / NAME)
    assert len(data.cifar10().train) == 12


def test_a_flipped_bit_is_found(small):
    content = bytearray((small / NAME).read_bytes())
    content[-6] ^= 1  # in gzip's checksum, which is at the end
    (small / NAME).write_bytes(content)
    with pytest.raises(BadFile, match="damaged or not whole"):
        data.cifar10()


@pytest.mark.parametrize("cut", [lambda c: c[: len(c) // 2], lambda c: c[:-3], lambda c: b"", lambda c: b"<html>" * 99])
def test_an_archive_that_is_not_whole(small, cut):
    (small / NAME).write_bytes(cut((small / NAME).read_bytes()))
    with pytest.raises(BadFile, match="damaged or not whole"):
        data.cifar10()


def test_a_huge_member_is_not_read(small, monkeypatch):
    monkeypatch.setattr(cifar, "LARGEST_MEMBER", 1000)
    with pytest.raises(BadFile, match="data_batch_1 has .* bytes"):
        data.cifar10()


def test_the_real_archive(real_data):
    known = data.cifar10()
    assert len(known.train) == 4 * len(known.withheld) and known.train.max() <= 765
    published = 255 * (0.4914 + 0.4822 + 0.4465)  # the usually quoted channel means
    assert known.train.mean() == pytest.approx(published, rel=0.03)
    normal = data.normalise(known.withheld)
    assert normal.shape == (len(known.withheld), 1024) and normal.abs().amax(1).min() > 0.999
