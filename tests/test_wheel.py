"""What students get who install tlteach without a checkout: built, unpacked and used in a process of its own."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling import build

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of an unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        name = build.build_wheel(str(folder))
    finally:
        os.chdir(before)
    with zipfile.ZipFile(folder / name) as wheel:
        wheel.extractall(folder / "installed")
    return folder / "installed"


def tlteach(installed: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "tlteach", *arguments]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)


def test_everything_that_is_committed_is_in_it_and_nothing_else(installed):
    listed = subprocess.run(["git", "ls-files", "-z", "tlteach"], cwd=ROOT, capture_output=True, text=True, check=True)
    there = {path.relative_to(installed).as_posix() for path in (installed / "tlteach").rglob("*") if path.is_file()}
    assert set(filter(None, listed.stdout.split("\0"))) <= there
    lessons = {path.name for path in (ROOT / "tutorials").glob("*.ipynb")}
    assert {path.name for path in (installed / "tlteach" / "course" / "_lessons").iterdir()} == lessons
    assert not any("solution" in name for name in there if name.endswith(".ipynb"))


def test_start_copies_the_lessons_and_building_needs_a_checkout(installed, tmp_path):
    done = tlteach(installed, "start", "mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for lesson in (ROOT / "tutorials").glob("*.ipynb"):
        assert (tmp_path / "mine" / lesson.name).read_bytes() == lesson.read_bytes()
    done = tlteach(installed, "build", cwd=tmp_path)
    assert done.returncode == 1 and "installed without its sources" in done.stderr
