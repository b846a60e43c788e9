"""How long each lesson computes, as papermill's ledger measured it: one small committed record."""

import json
import os
import platform
from pathlib import Path

from tlteach import paths
from tlteach.errors import BadFile
from tlteach.files import write_atomic

FILE = "lesson_times.json"


def measured(path: str | Path | None = None) -> dict[str, dict[str, float]]:
    """Seconds per lesson and preset, kernel start included; empty when nothing has been recorded.

    Raises BadFile when the record is damaged.
    """
    path = Path(path) if path else paths.recorded_folder() / FILE
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["seconds"])
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise BadFile(f"{path} is no record of lesson times ({error!r}); restore it or delete it and build.") from None


def record(path: str | Path, preset: str, seconds: dict[str, float], keep: list[str]) -> None:
    """Add the measured `seconds` of lessons to the record at `path`; what is not in `keep` leaves it."""
    times = measured(path)
    for name, value in seconds.items():
        times[name] = {**times.get(name, {}), preset: round(value, 1)}
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, one thread a notebook"
    content = {"machine": machine, "seconds": {name: times[name] for name in sorted(times) if name in keep}}
    write_atomic(path, json.dumps(content, indent=2) + "\n")


def words(seconds: float) -> str:
    """A time as a person says it: `8 s`, `3 min`, `2 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h".replace(".0 h", " h")
