"""Every test runs on one torch thread (OpenMP spins on busy cores), in a user and a data folder of its own."""

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_user_folder(tmp_path, monkeypatch):
    """No test reads or writes the user's own progress."""
    monkeypatch.setenv("TLTEACH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


# Real data is where TLTEACH_DATA says, or in a folder beside the checkout.
_PLACES = [Path(os.environ.get("TLTEACH_DATA") or "nowhere"), Path(__file__).parents[2] / "shared" / "data"]


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path, monkeypatch):
    """Tests see no downloaded data, whatever this machine has, except through `real_data`."""
    monkeypatch.setenv("TLTEACH_DATA", str(tmp_path / "data"))


@pytest.fixture
def real_data(request, own_data_folder, monkeypatch, tmp_path_factory):
    """The folder with Omniglot's and CIFAR-10's archives; the test is skipped where there is none."""
    from tlteach.data import archives

    here = [place for place in _PLACES if (place / "omniglot").is_dir() and (place / "cifar10").is_dir()]
    if not here:
        pytest.skip("no real data here; set TLTEACH_DATA to a folder with omniglot/ and cifar10/")
    cache = getattr(request.config, "cache", None)  # decoded once, not in every run of the tests
    decoded = Path(cache.mkdir("tlteach-data")) if cache else tmp_path_factory.getbasetemp() / "tlteach-data"
    monkeypatch.setattr(archives, "user_cache", lambda: decoded)
    monkeypatch.setenv("TLTEACH_DATA", str(here[0]))
    return here[0]
