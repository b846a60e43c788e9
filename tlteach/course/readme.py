"""The table of lessons in README.md: written by the build between two comments, so that nobody keeps it by hand."""

from collections.abc import Iterable

from tlteach.course import times
from tlteach.course.lessons import Checkout, LessonInfo
from tlteach.errors import BadFile
from tlteach.files import write_atomic

BEGIN, END = "<!-- lessons: written by `tlteach build` -->", "<!-- end of lessons -->"


def table(lessons: Iterable[LessonInfo]) -> str:
    """The lessons as a table in markdown: links to the solved versions, study time, measured computing time."""
    rows = ["| lesson | what it is about | study | computes |", "|---|---|---|---|"]
    for lesson in lessons:
        seconds = lesson.seconds.get("lesson")
        rows.append(
            f"| [{lesson.number} · {lesson.title}](solutions/{lesson.name}.ipynb) | {lesson.summary} "
            f"| {lesson.minutes} min | {times.words(seconds) if seconds else ''} |"
        )
    return "\n".join(rows)


def updated(text: str, checkout: Checkout) -> str:
    """`text` with the table of the lessons between the two comments; unchanged when it has no such comments.

    Raises BadFile when there is only one of them.
    """
    if BEGIN not in text and END not in text:
        return text
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BadFile(f"README.md must hold both `{BEGIN}` and, below it, `{END}`; put the other one back.")
    return f"{before}{BEGIN}\n{table(checkout.catalogue())}\n{END}{after}"


def update(checkout: Checkout) -> None:
    """Bring the table up to date, if there is a README with such a table."""
    if checkout.readme.is_file():
        text = checkout.readme.read_text(encoding="utf-8")
        new = updated(text, checkout)
        if new != text:
            write_atomic(checkout.readme, new)


def is_fresh(checkout: Checkout) -> bool:
    """Whether the build would leave the README as it is."""
    if not checkout.readme.is_file():
        return True
    text = checkout.readme.read_text(encoding="utf-8")
    return updated(text, checkout) == text
