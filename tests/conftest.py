"""Every test runs on one torch thread (OpenMP spins on busy cores) and in a user folder of its own."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_user_folder(tmp_path, monkeypatch):
    """No test reads or writes the user's own progress."""
    monkeypatch.setenv("TLTEACH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
