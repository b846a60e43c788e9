"""The catalogue of lessons, read from the notebooks themselves: nothing else knows a lesson's name."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from tlteach import paths
from tlteach.course import times
from tlteach.course.source import NAME
from tlteach.errors import BadFile, InvalidInput

PRESETS = ("smoke", "lesson", "paper")


@dataclass(frozen=True)
class LessonInfo:
    """What is known of a lesson before it is opened."""

    name: str  # 01_connections_that_learn, the notebook's file name
    title: str
    summary: str
    minutes: int  # study time
    prerequisites: tuple[str, ...] = ()  # names of lessons, or what the reader should know
    paper: str = ""
    seconds: dict[str, float] = field(default_factory=dict)  # preset -> measured computing time

    @property
    def number(self) -> int:
        return int(self.name[:2])


@dataclass(frozen=True)
class Checkout:
    """The folders of a source checkout that instructors work on."""

    root: Path

    @classmethod
    def here(cls) -> "Checkout":
        """The checkout this package runs from; raises BadFile when it was installed without one."""
        root = paths.checkout()
        if root is None:
            raise BadFile(
                "this copy of tlteach was installed without its sources, so there is nothing to build or validate. "
                "Clone the repository and run the command from there (`make test` sets everything up)."
            )
        return cls(root)

    def source(self, name: str) -> Path:
        return self.root / "solutions" / f"{name}.py"

    def student(self, name: str) -> Path:
        return self.root / "tutorials" / f"{name}.ipynb"

    def solution(self, name: str) -> Path:
        return self.root / "solutions" / f"{name}.ipynb"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def times(self) -> Path:
        return self.root / "tlteach" / "recorded" / times.FILE

    @property
    def readme(self) -> Path:
        return self.root / "README.md"

    def catalogue(self) -> tuple[LessonInfo, ...]:
        """The lessons of this checkout, in order."""
        return catalogue(self.root / "tutorials", self.times)

    def names(self) -> list[str]:
        """Every lesson that has a source, in order."""
        return sorted(path.stem for path in (self.root / "solutions").glob("*.py") if NAME.fullmatch(path.stem))

    def select(self, wanted=()) -> list[str]:
        """The names meant by `wanted` (`1`, `01`, `01_name`, or a path to any of its files); all when it is empty."""
        return select(self.names(), wanted)


def select(names: list[str], wanted=()) -> list[str]:
    """The entries of `names` that `wanted` means, in order; raises InvalidInput for one that is not there."""
    if not wanted:
        return list(names)
    chosen = set()
    for word in wanted:
        stem = Path(str(word)).stem
        found = [name for name in names if name == stem or name.split("_")[0] == stem.zfill(2)]
        if not found:
            raise InvalidInput(f"there is no lesson {word!r}; there are: {', '.join(names) or 'none yet'}.")
        chosen.update(found)
    return [name for name in names if name in chosen]


def catalogue(folder: str | Path | None = None, times_file: str | Path | None = None) -> tuple[LessonInfo, ...]:
    """The lessons in `folder`, in order, with the times in `times_file` (the course's own by default).

    Raises BadFile for a notebook that is damaged or does not say what it is about.
    """
    folder = Path(folder) if folder else paths.lessons_folder()
    seconds = times.measured(times_file)
    files = sorted(path for path in folder.glob("*.ipynb") if NAME.fullmatch(path.stem))
    return tuple(_info(path, seconds.get(path.stem, {})) for path in files)


def _info(path: Path, seconds: dict[str, float]) -> LessonInfo:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))["metadata"]["tlteach"]
        return LessonInfo(
            name=path.stem,
            title=told["title"],
            summary=told["summary"],
            minutes=int(told["minutes"]),
            prerequisites=tuple(told.get("prerequisites") or ()),
            paper=told.get("paper") or "",
            seconds=dict(seconds),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadFile(
            f"{path} is damaged or does not name its lesson ({error!r}). Its metadata must hold a `tlteach` entry "
            "with title, summary and minutes; get a fresh copy with `tlteach start` or rebuild with `tlteach build`."
        ) from None
