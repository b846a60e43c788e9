"""The map of the course: two strands from one start, the bridge between them, every lesson a link.

It needs no kernel: the page's own hover and focus show what a lesson teaches. Where styles are not allowed (an
untrusted notebook, GitHub) the same HTML reads as a list of links with their summaries.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

from tlteach.errors import InvalidInput


class Lesson(Protocol):
    """What the map reads of an entry of the catalogue (`tlteach.course.lessons.catalogue()`)."""

    name: str  # 01_connections_that_learn; the notebook lies beside this one
    title: str
    summary: str
    minutes: int
    prerequisites: Iterable[str]


@dataclass(frozen=True)
class Planned:
    """A lesson that does not exist yet."""

    number: int
    title: str
    summary: str


@dataclass(frozen=True)
class Strand:
    title: str
    about: str
    numbers: range


STRANDS = (
    Strand(
        "Connections that learn", "Differentiable plasticity: what is learned stays in the connections.", range(1, 6)
    ),
    Strand(
        "Learned worlds",
        "Model-based multi-task learning: what is learned stays in a model of the world.",
        range(6, 10),
    ),
)
BRIDGE = "The bridge: one question to both strands. What is carried over to a new task, and where is it kept?"
PLANNED = (
    Planned(
        3, "Remembering images", "Half an image is enough: plastic connections that complete pictures they saw once."
    ),
    Planned(4, "One shot", "Learning a new symbol from one drawing, on Omniglot."),
    Planned(
        5, "Learning to explore", "A maze whose reward must be found anew in every episode: reinforcement learning."
    ),
    Planned(6, "Learning a world", "A network that predicts what the body will do, and how far it can be trusted."),
    Planned(7, "Practice in imagination", "Training a policy inside the learned world before touching the real one."),
    Planned(8, "Many tasks", "One model shared by many tasks, beside MAML and an oracle."),
    Planned(9, "When transfer breaks", "Shifts of task and body, and how to see trouble coming."),
)


class CourseMap:
    """Args:
    catalogue: the lessons there are; their number is what their name starts with.
    progress: name of a lesson -> share of its exercises solved, 0 to 1.
    planned: lessons to come; one whose number is in the catalogue is no longer shown as planned.

    Raises InvalidInput for an empty catalogue, a name without a number or a share outside [0, 1].
    """

    def __init__(
        self,
        catalogue: Iterable[Lesson],
        progress: Mapping[str, float] | None = None,
        planned: Iterable[Planned] = PLANNED,
    ):
        self.lessons = {_number(lesson): lesson for lesson in catalogue}
        if not self.lessons:
            raise InvalidInput("CourseMap got an empty catalogue: there is no lesson to show.")
        self.progress = dict(progress or {})
        if wrong := {name: share for name, share in self.progress.items() if not 0 <= share <= 1}:
            raise InvalidInput(f"CourseMap: progress must be shares from 0 to 1, got {wrong}.")
        self.planned = {lesson.number: lesson for lesson in planned if lesson.number not in self.lessons}

    def render(self) -> str:
        """The map as HTML."""
        strands = [
            f'<section class="tl-strand"><h4 class="tl-name">{escape(strand.title)}</h4><p>{escape(strand.about)}</p>'
            f"<ol>{self._items(strand.numbers)}</ol></section>"
            for strand in STRANDS
        ]
        known = {n for strand in STRANDS for n in strand.numbers}
        others = sorted((self.lessons.keys() | self.planned.keys()) - known)
        hint = "Point at a lesson, or press Tab to reach it, and read here what it teaches. A click opens it."
        return (
            f'<nav class="tl-map" aria-label="Map of the course"><style>{_STYLE}</style>'
            f'<ol class="tl-start">{self._items(others)}</ol><div class="tl-strands">{strands[0]}'
            f'<p class="tl-bridge">{escape(BRIDGE)}</p>{strands[1]}</div><p class="tl-hint">{hint}</p></nav>'
        )

    def describe(self) -> str:
        """The map as plain text."""
        lines = []
        for number in sorted(self.lessons.keys() | self.planned.keys()):
            lesson = self.lessons.get(number)
            words = f"{lesson.title} ({lesson.minutes} min)" if lesson else f"{self.planned[number].title} (planned)"
            lines.append(f"{number:02d} {words}")
        return "Map of the course: " + "; ".join(lines)

    def _items(self, numbers: Iterable[int]) -> str:
        return "".join(
            f"<li>{self._lesson(n) if n in self.lessons else self._planned(n)}</li>"
            for n in numbers
            if n in self.lessons or n in self.planned
        )

    def _lesson(self, number: int) -> str:
        lesson = self.lessons[number]
        share = self.progress.get(lesson.name)
        done, bar = "", ""
        if share is not None:
            done = f", {share:.0%} solved"
            bar = f'<span class="tl-done" aria-hidden="true"><span style="width: {share:.0%}"></span></span>'
        needs = f" Builds on: {escape('; '.join(lesson.prerequisites))}." if lesson.prerequisites else ""
        return (
            f'<a class="tl-card" href="{escape(lesson.name)}.ipynb"><b>{number:02d}</b> {escape(lesson.title)} '
            f"<small>{lesson.minutes} min{done}</small>{bar}</a>"
            f'<p class="tl-detail"><b>{escape(lesson.title)}</b> ({lesson.minutes} minutes). '
            f"{escape(lesson.summary)}{needs}</p>"
        )

    def _planned(self, number: int) -> str:
        lesson = self.planned[number]
        return (
            f'<span class="tl-card tl-planned" tabindex="0"><b>{number:02d}</b> {escape(lesson.title)} '
            f"<small>planned</small></span>"
            f'<p class="tl-detail"><b>{escape(lesson.title)}</b> (planned). {escape(lesson.summary)}</p>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.render(), "text/plain": self.describe()}


def _number(lesson: Lesson) -> int:
    head = lesson.name.split("_")[0]
    if not head.isdigit():
        raise InvalidInput(f"CourseMap: the name of a lesson starts with its number (01_name), got {lesson.name!r}.")
    return int(head)


_STYLE = """
.tl-map{position:relative;max-width:900px;padding-bottom:5.6em;display:flex;gap:14px;align-items:center;line-height:1.35;
 color:var(--jp-content-font-color1,#1f1f1f);font-family:system-ui,sans-serif;font-size:13px}
.tl-map .tl-name{margin:0!important;font-size:15px;font-weight:700!important}
.tl-map p{margin:0 0 6px}
.tl-map ol{list-style:none;margin:0!important;padding:0!important;display:flex;
 flex-wrap:wrap;gap:8px}
.tl-map li{margin:0}
.tl-strands{flex:1;border-left:3px solid currentColor;padding-left:14px;margin-bottom:8px}
.tl-bridge{border-left:3px dashed currentColor;padding:2px 0 2px 10px;margin:12px 0!important;font-style:italic}
.tl-card{display:block;box-sizing:border-box;width:130px;height:100%;min-height:80px;padding:7px 9px;
 border:2px solid #5790fc;border-radius:8px;
 background:var(--jp-layout-color0,#fff);color:inherit!important;text-decoration:none!important}
.tl-card small{display:block;margin-top:3px}
.tl-card:hover,.tl-card:focus{background:var(--jp-layout-color2,#eee);outline:3px solid #5790fc;outline-offset:1px}
.tl-planned{border:2px dashed #7c7c85;cursor:default}
.tl-done{display:block;height:5px;margin-top:4px;border:1px solid currentColor;border-radius:3px}
.tl-done span{display:block;height:100%;background:#5790fc}
.tl-map .tl-detail,.tl-map .tl-hint{position:absolute;left:0;right:0;bottom:0;height:5em;box-sizing:border-box;margin:0;
 padding:7px 10px;overflow:auto;border:1px solid currentColor;border-radius:6px;
 background:var(--jp-layout-color1,#fff)}
.tl-map .tl-detail{opacity:0;pointer-events:none}
.tl-card:focus+.tl-detail{opacity:1;z-index:1}
.tl-card:hover+.tl-detail{opacity:1;z-index:2}
""".replace("\n", "")
