"""Where things lie. Notebooks run in different working folders, so no path is ever relative to one."""

import os
from pathlib import Path


def user_folder() -> Path:
    """The student's own folder (progress, predictions): `TLTEACH_HOME`, else `~/.tlteach`. Not created here."""
    return Path(os.environ.get("TLTEACH_HOME") or Path.home() / ".tlteach")


def recorded_folder() -> Path:
    """Recorded runs shipped with the package."""
    return Path(__file__).parent / "recorded"


def checkout() -> Path | None:
    """The source checkout this package runs from, or None when it is installed from a wheel."""
    root = Path(__file__).resolve().parents[1]
    return root if (root / "pyproject.toml").is_file() and (root / "solutions").is_dir() else None


def lessons_folder() -> Path:
    """The students' notebooks: `tutorials/` of the checkout, else the copies inside the wheel."""
    root = checkout()
    return root / "tutorials" if root else Path(__file__).parent / "course" / "_lessons"


def runs_folder() -> Path:
    """Run folders with their checkpoints: `TLTEACH_RUNS`, else `runs/` of the checkout, else the user's folder."""
    if chosen := os.environ.get("TLTEACH_RUNS"):
        return Path(chosen)
    return (checkout() or user_folder()) / "runs"
