"""`tlteach start`: lessons to a working folder of the student's, where nothing is ever overwritten."""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tlteach import paths
from tlteach.course.lessons import select
from tlteach.course.source import NAME
from tlteach.errors import BadFile
from tlteach.files import write_atomic

RECORD = ".tlteach.json"  # which versions of each lesson the student was given


@dataclass(frozen=True)
class Copied:
    """What became of one lesson in the student's folder.

    outcome: "new" (copied), "kept" (the student has this version, worked on or not) or "beside" (the lesson has
    changed since; the new version was put at `path`, the student's own file is as it was). worked_on: the
    student's file is none that was ever given.
    """

    name: str
    outcome: str
    path: Path
    worked_on: bool = False


def start(folder: str | Path, names=(), lessons: str | Path | None = None) -> list[Copied]:
    """Copy the lessons `names` (all by default) to `folder`, which is made when it is not there.

    Raises BadFile when `folder` is a file or cannot be written, or when the disk is full; files that were there
    are never touched, and a later call goes on where this one stopped.
    """
    folder = Path(folder).expanduser()
    lessons = Path(lessons) if lessons else paths.lessons_folder()
    files = {path.stem: path for path in sorted(lessons.glob("*.ipynb")) if NAME.fullmatch(path.stem)}
    if not files:
        raise BadFile(
            f"there are no lessons in {lessons}. Instructors: run `tlteach build`. Else install tlteach again."
        )
    _make(folder)
    given, copied = _read_record(folder), []
    for name in select(list(files), names):
        content = files[name].read_bytes()
        version = hashlib.sha256(content).hexdigest()
        mine = folder / f"{name}.ipynb"
        if not mine.exists():
            copied.append(Copied(name, "new", _put(mine, content)))
        else:
            now = hashlib.sha256(mine.read_bytes()).hexdigest()
            worked_on = now not in (version, *given.get(name, []))
            if version in (now, *given.get(name, [])):
                copied.append(Copied(name, "kept", mine, worked_on))
            else:
                copied.append(Copied(name, "beside", _put_beside(name, mine, content), worked_on))
        if version not in given.setdefault(name, []):
            given[name].append(version)
            write_atomic(folder / RECORD, json.dumps(given, indent=1, sort_keys=True) + "\n")
    return copied


def _make(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadFile(
            f"{folder} is a file, not a folder; choose another name for your lessons, or move that file away."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadFile(
            f"{folder} cannot be written ({error.strerror or error}); choose a folder of your own, "
            "for example `tlteach start ~/lessons`."
        ) from error


def _read_record(folder: Path) -> dict[str, list[str]]:
    """What was given before. Without a readable record, whatever differs counts as worked on: nothing is lost."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {str(name): [str(version) for version in versions] for name, versions in record.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _put_beside(name: str, mine: Path, content: bytes) -> Path:
    """Put a new version at the first free NAME.new.ipynb, NAME.new2.ipynb, ..., unless it is already there."""
    number = 1
    while True:
        path = mine.with_name(f"{name}.new{number if number > 1 else ''}.ipynb")
        if not path.exists():
            return _put(path, content)
        if path.read_bytes() == content:
            return path
        number += 1


def _put(path: Path, content: bytes) -> Path:
    """Write `content` to `path`, which must not exist; leaves nothing behind when it fails."""
    created = False
    try:
        with open(path, "xb") as file:  # refuses to replace
            created = True
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if created:
            path.unlink(missing_ok=True)
        raise BadFile(
            f"could not write {path} ({error.strerror or error}). What was there is untouched; "
            "free some space or choose another folder, then run the command again."
        ) from error
    return path
