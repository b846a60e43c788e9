"""What a student has solved, kept in their own folder and outliving notebooks, kernels and new versions.

`progress.json` holds `{"version": 1, "exercises": {name: entry}}`; an entry has `tries`, `hints` (the highest level
shown), `mistakes` (mutant -> how often) and the times `first_try`, `solved` and `solution_seen`, each once it is.
Every change reads the file, changes one entry and replaces the file under a lock, so two notebooks can work at once
and what an older or newer program wrote there is kept. Where another program does not let go of the lock, the entry
goes into a file of its own, `progress.json.waiting-*`: it counts from then on, and whoever has the lock next takes it
in. A damaged file is copied aside before it is replaced; where nothing can be written the session goes on in memory.
"""

import contextlib
import itertools
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tlteach import paths
from tlteach.errors import BadFile
from tlteach.files import write_atomic

VERSION = 1
PATIENCE = 5.0  # seconds to wait for another notebook's lock, which is held for milliseconds
Entry = dict[str, Any]
_IN_MEMORY = "your progress is kept in memory only, until this kernel stops."


@dataclass(frozen=True)
class _Found:
    """What the files hold, whether the main one may be replaced, its bytes if they could not all be understood, and
    the waiting files that `data` includes."""

    data: dict[str, Any]
    replaceable: bool = True
    damaged: bytes | None = None
    waiting: tuple[Path, ...] = ()


class Progress:
    """The student's progress file. `folder` is asked at every use, so a test or a notebook may move it."""

    def __init__(self, folder: Callable[[], Path] = paths.user_folder):
        self._folder = folder
        self._pending: list[tuple[str, Callable[[Entry], None]]] = []  # changes not on disk yet
        self._notices: list[str] = []
        self._said: set[str] = set()
        self._patience = PATIENCE

    @property
    def path(self) -> Path:
        return self._folder() / "progress.json"

    def entry(self, name: str) -> Entry:
        """What is known of one exercise; empty when nothing is."""
        exercises = self._read().data["exercises"]  # files are replaced whole: reading needs no lock
        for changed, change in self._pending:
            change(exercises.setdefault(changed, {}))
        return exercises.get(name, {})

    def update(self, name: str, change: Callable[[Entry], None]) -> None:
        """Apply `change` to the entry of `name`, on disk if possible."""
        self._pending.append((name, change))
        with self._lock() as ours:
            found = self._read()
            if not found.replaceable:
                return
            for changed, apply in self._pending:
                apply(found.data["exercises"].setdefault(changed, {}))
            try:
                if ours:
                    self._replace(found)
                else:
                    self._set_waiting(found)
                self._pending.clear()
            except BadFile as error:
                self._say("unwritable", f"{error} {_IN_MEMORY.capitalize()}")

    def notices(self) -> list[str]:
        """What the student should be told about the file, each thing once."""
        told, self._notices = self._notices, []
        return told

    def _read(self) -> "_Found":
        waiting = self._waiting()  # before the main file, which may take them in at any moment
        found = self._read_main()
        for entries in waiting.values():
            for name, entry in entries.items():
                exercises = found.data["exercises"]
                exercises[name] = joined(exercises.get(name, {}), entry)
        return replace(found, waiting=tuple(waiting))

    def _waiting(self) -> dict[Path, dict[str, Entry]]:
        """What waits for the lock; what cannot be read is left where it is."""
        found = {}
        for path in sorted(self.path.parent.glob(f"{self.path.name}.waiting-*")):
            with contextlib.suppress(OSError):
                data, sound = _parse(path.read_bytes())
                if sound and data["version"] <= VERSION:
                    found[path] = data["exercises"]
        return found

    def _read_main(self) -> "_Found":
        try:
            text = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return _Found(_empty())
        except OSError as error:
            self._say("unreadable", f"{self.path} cannot be read ({error.strerror or error}): {_IN_MEMORY}")
            return _Found(_empty(), replaceable=False)
        data, sound = _parse(text)
        if data["version"] > VERSION:
            self._say("newer", f"{self.path} was written by a newer tlteach and is left as it is: {_IN_MEMORY}")
        return _Found(data, replaceable=data["version"] <= VERSION, damaged=None if sound else text)

    def _replace(self, found: _Found) -> None:
        """Write the main file; what waited is in it."""
        if found.damaged is not None:
            self._set_aside(found.damaged)
        write_atomic(self.path, _text(found.data))
        for path in found.waiting:
            path.unlink(missing_ok=True)

    def _set_waiting(self, found: _Found) -> None:
        """Keep the changed entries in a file that nobody else writes."""
        changed = {name: found.data["exercises"][name] for name, _ in self._pending}
        path = self.path.with_name(f"{self.path.name}.waiting-{uuid.uuid4().hex[:8]}")
        write_atomic(path, _text(_empty() | {"exercises": changed}))
        self._say("locked", f"another program keeps {self.path} locked: your progress waits beside it, in {path.name}.")

    def _set_aside(self, damaged: bytes) -> None:
        """Keep a copy of a damaged file under a name of its own, before a sound one takes its place."""
        name = self.path.name
        names = (self.path.with_name(f"{name}.corrupt-{n}") for n in itertools.count(1))
        aside = write_atomic(next(path for path in names if not path.exists()), damaged)
        self._say("damaged", f"{self.path} was damaged: it is kept as {aside.name}, what could be read is used.")

    @contextlib.contextmanager
    def _lock(self) -> Iterator[bool]:
        """Held while the file is read and replaced; gives False where another program does not let go of it.

        A folder that cannot be written needs no lock, and a file system without locks has none.
        """
        import filelock

        lock = filelock.FileLock(f"{self.path}.lock", timeout=self._patience)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except filelock.Timeout:
            self._patience = PATIENCE / 50  # it is stuck: do not keep the student waiting at every check
            yield False
            return
        except (OSError, NotImplementedError):
            yield True
            return
        self._patience = PATIENCE
        try:
            yield True
        finally:
            lock.release()

    def _say(self, kind: str, notice: str) -> None:
        if kind not in self._said:
            self._said.add(kind)
            self._notices.append(notice)


def joined(one: Entry, other: Entry) -> Entry:
    """What two files know of one exercise: the larger count, the earlier time.

    >>> joined({"tries": 2, "first_try": "2026-01-02"}, {"tries": 3, "first_try": "2026-01-01", "solved": "2026-01-03"})
    {'tries': 3, 'first_try': '2026-01-01', 'solved': '2026-01-03'}
    """
    result = dict(one)
    for key, value in other.items():
        mine = result.setdefault(key, value)
        if isinstance(mine, dict) and isinstance(value, dict):
            result[key] = joined(mine, value)
        elif isinstance(mine, int) and isinstance(value, int):
            result[key] = max(mine, value)
        elif isinstance(mine, str) and isinstance(value, str):
            result[key] = min(mine, value)
    return result


def _text(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


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


def whole(value: Any) -> int:
    """A count read from a file that others may have edited: 0 for what is none."""
    return value if isinstance(value, int) and value >= 0 else 0


def now() -> str:
    """The time as it is kept in the file."""
    return datetime.now(UTC).isoformat(timespec="seconds")


progress = Progress()
