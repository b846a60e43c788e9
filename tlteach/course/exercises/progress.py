"""What a student has solved, kept in their own folder and outliving notebooks, kernels and new versions.

`progress.json` holds `{"version": 1, "exercises": {name: entry}}`. Every change reads the file, changes one entry and
replaces the file under a lock, so two notebooks can work at once and what an older or newer program wrote there is
kept. What cannot be read is set aside, never deleted; where nothing can be written the session goes on in memory.
"""

import contextlib
import itertools
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tlteach import paths
from tlteach.errors import BadFile
from tlteach.files import write_atomic

VERSION = 1
Entry = dict[str, Any]
_IN_MEMORY = "your progress is kept in memory only, until this kernel stops."


class Progress:
    """The student's progress file. `folder` is asked at every use, so a test or a notebook may move it."""

    def __init__(self, folder: Callable[[], Path] = paths.user_folder):
        self._folder = folder
        self._pending: list[tuple[str, Callable[[Entry], None]]] = []  # changes not on disk yet
        self._notices: list[str] = []
        self._said: set[str] = set()

    @property
    def path(self) -> Path:
        return self._folder() / "progress.json"

    def entry(self, name: str) -> Entry:
        """What is known of one exercise; empty when nothing is."""
        with self._lock():
            exercises = self._read()[0]["exercises"]
        for changed, change in self._pending:
            change(exercises.setdefault(changed, {}))
        return exercises.get(name, {})

    def update(self, name: str, change: Callable[[Entry], None]) -> None:
        """Apply `change` to the entry of `name`, on disk if possible."""
        self._pending.append((name, change))
        with self._lock():
            data, may_replace = self._read()
            if not may_replace:
                return
            for changed, apply in self._pending:
                apply(data["exercises"].setdefault(changed, {}))
            try:
                write_atomic(self.path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")
                self._pending.clear()
            except BadFile as error:
                self._say(f"{error} {_IN_MEMORY.capitalize()}")

    def notices(self) -> list[str]:
        """What the student should be told about the file, each thing once."""
        told, self._notices = self._notices, []
        return told

    def _read(self) -> tuple[dict[str, Any], bool]:
        """What the file holds, and whether it may be replaced: not when that would lose what we cannot read."""
        try:
            text = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return _empty(), True
        except OSError as error:
            self._say(f"{self.path} cannot be read ({error.strerror or error}): {_IN_MEMORY}")
            return _empty(), False
        data, sound = _parse(text)
        if not sound:
            return data, self._set_aside()
        if data["version"] > VERSION:
            self._say(f"{self.path} was written by a newer tlteach and is left as it is: {_IN_MEMORY}")
        return data, data["version"] <= VERSION

    def _set_aside(self) -> bool:
        name = self.path.name
        names = (self.path.with_name(f"{name}.corrupt-{n}") for n in itertools.count(1))
        aside = next(path for path in names if not path.exists())
        try:
            os.replace(self.path, aside)
        except OSError:
            self._say(f"{self.path} is damaged and cannot be moved aside; it is left as it is: {_IN_MEMORY}")
            return False
        self._say(f"{self.path} was damaged: it is kept as {aside.name}; a new one holds what could be read.")
        return True

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Held while the file is read and replaced; a folder that cannot be written needs no lock."""
        import filelock

        lock = filelock.FileLock(f"{self.path}.lock", timeout=5)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except (OSError, NotImplementedError, filelock.Timeout):  # read-only, or a file system without locks
            yield
            return
        try:
            yield
        finally:
            lock.release()

    def _say(self, notice: str) -> None:
        if notice not in self._said:
            self._said.add(notice)
            self._notices.append(notice)


def _parse(text: bytes) -> tuple[dict[str, Any], bool]:
    """The file's content, and whether all of it could be understood; what can be saved of it is kept."""
    try:
        data = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return _empty(), False
    if not isinstance(data, dict) or not isinstance(data.get("exercises"), dict):
        return _empty(), False
    data.setdefault("version", VERSION)
    good = {name: entry for name, entry in data["exercises"].items() if isinstance(entry, dict)}
    sound = len(good) == len(data["exercises"]) and isinstance(data["version"], int)
    return {**data, "version": data["version"] if sound else VERSION, "exercises": good}, sound


def _empty() -> dict[str, Any]:
    return {"version": VERSION, "exercises": {}}


def now() -> str:
    """The time as it is kept in the file."""
    return datetime.now(UTC).isoformat(timespec="seconds")


progress = Progress()
