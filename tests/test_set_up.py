"""`make lab` and `make test` prepare `.venv`: what is installed when, with pip and the network replaced."""

import importlib.util
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def set_up(tmp_path, monkeypatch):
    """tools/set_up.py for a checkout in a temporary folder; `calls` collects the pip commands."""
    spec = importlib.util.spec_from_file_location("set_up", ROOT / "tools" / "set_up.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "stamp.json")
    monkeypatch.setattr(module, "create", lambda folder: folder.mkdir(exist_ok=True))
    monkeypatch.setattr(module, "works", lambda folder: folder.exists())
    monkeypatch.setattr(module, "has_torch", lambda: False)
    monkeypatch.setattr(module, "wants_cpu_torch", lambda: True)
    monkeypatch.setattr(module, "answers", lambda address: True)
    module.calls, module.returns = [], 0

    def run(command, **_):
        module.calls.append(" ".join(map(str, command[3:])))
        return subprocess.CompletedProcess(command, module.returns if "--index-url" in command else 0, b"", b"")

    monkeypatch.setattr(module.subprocess, "run", run)
    return module


def test_torch_comes_from_the_cpu_index_first(set_up):
    set_up.main([])
    torch, package = set_up.calls
    assert "--index-url https://download.pytorch.org/whl/cpu" in torch and "--retries 0" in torch
    assert torch.endswith(" torch>=2.6,<2.14")  # the bound of pyproject.toml
    assert package.endswith("install --editable .")


@pytest.mark.parametrize("change", [("answers", False), ("wants_cpu_torch", False), ("has_torch", True)])
def test_torch_comes_from_the_default_index(set_up, monkeypatch, change):
    name, value = change
    monkeypatch.setattr(set_up, name, lambda *_: value)
    set_up.main([])
    assert len(set_up.calls) == 1 and "--index-url" not in set_up.calls[0]


def test_when_the_cpu_index_fails_the_default_one_is_used(set_up, capsys):
    set_up.returns = 1
    set_up.main([])
    assert set_up.calls[-1].endswith("install --editable .")
    assert "default index" in capsys.readouterr().out


def test_the_environment_is_reused_until_something_changes(set_up):
    set_up.main([])
    set_up.calls.clear()
    set_up.main([])
    assert set_up.calls == []
    set_up.main(["test"])
    assert set_up.calls[-1].endswith("install --editable .[test]")
    set_up.calls.clear()
    set_up.main([])  # `make lab` after `make test`
    assert set_up.calls == []
    with open(set_up.ROOT / "pyproject.toml", "a") as file:
        file.write("\n")
    set_up.main([])
    assert set_up.calls[-1].endswith("install --editable .[test]")  # what was there stays


def test_an_interrupted_set_up_is_done_again(set_up, monkeypatch):
    def failing(*_):
        raise SystemExit("no network")

    with monkeypatch.context() as patch:
        patch.setattr(set_up, "pip", failing)
        with pytest.raises(SystemExit):
            set_up.main([])
    set_up.calls.clear()
    set_up.main([])
    assert set_up.calls


@pytest.mark.parametrize(
    "system, gpu, wanted", [("Linux", False, True), ("Linux", True, False), ("Darwin", False, False)]
)
def test_who_needs_the_cpu_index(set_up, monkeypatch, system, gpu, wanted):
    monkeypatch.undo()
    monkeypatch.setattr(set_up.platform, "system", lambda: system)
    monkeypatch.setattr(set_up, "has_gpu", lambda: gpu)
    assert set_up.wants_cpu_torch() is wanted


def test_an_index_that_cannot_be_reached_costs_seconds(set_up, monkeypatch):
    monkeypatch.undo()
    start = time.monotonic()
    assert set_up.answers("http://127.0.0.1:9/whl/cpu/torch/") is False
    assert set_up.answers("http://nowhere.invalid/whl/cpu/torch/") is False
    assert time.monotonic() - start < 4 * set_up.PATIENCE


@pytest.mark.parametrize(
    "version, bound, fits",
    [
        ("2.13.0+cpu", "torch>=2.6,<2.14", True),
        ("2.6.0", "torch>=2.6,<2.14", True),
        ("2.5.1", "torch>=2.6,<2.14", False),
        ("2.14.0", "torch>=2.6,<2.14", False),
        ("2.10.0", "torch>=2.9", True),  # numbers, not letters
    ],
)
def test_a_torch_out_of_bounds_is_none(set_up, monkeypatch, tmp_path, version, bound, fits):
    """This interpreter, made to see another distribution called torch."""
    monkeypatch.undo()
    (tmp_path / "torch-0.dist-info").mkdir()
    (tmp_path / "torch-0.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {version}")
    monkeypatch.setattr(set_up, "torch_requirement", lambda: bound)
    monkeypatch.setattr(set_up, "python", lambda: sys.executable)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert set_up.has_torch() is fits


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")
def test_make_says_what_is_missing_and_what_there_is():
    done = subprocess.run(["make", "lab", "PYTHON="], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "tlteach needs Python 3.11 or later" in done.stdout
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "make lab" in done.stdout and "make test" in done.stdout
