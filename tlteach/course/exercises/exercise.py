"""An exercise: a function that a student writes, and the conversation about it.

`check.hebb_update(hebb_update)` has four outcomes (not attempted, error, wrong, right), says which, and returns the
student's function when it is right, else the library's: a lesson runs from top to bottom whatever is solved.
"""

import inspect
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tlteach.course.exercises import report, student
from tlteach.course.exercises.checking import Mutant, Property, Verdict, judge
from tlteach.course.exercises.display import Code, Message
from tlteach.course.exercises.progress import Entry, now, progress, whole
from tlteach.errors import InvalidInput, TlteachError

STRICT = "TLTEACH_STRICT"


class UnsolvedExercise(TlteachError):
    """Raised at the first exercise that is not solved when `TLTEACH_STRICT=1`."""


@dataclass
class Session:
    """What happened since the kernel started. Messages depend on nothing else, so every fresh run reads the same."""

    tries: int = 0
    riddles: int = 0  # wrong answers that no known mistake explains
    hints: int = 0
    verdict: Verdict = field(default_factory=lambda: Verdict("not attempted"))


class Exercise:
    """A function to be written. Attributes: name, group, title, difficulty (1-5), minutes, reference, properties,
    hints (a question, the equation with shapes, pseudo-code), mutants."""

    def __init__(
        self,
        reference: Callable,
        *,
        title: str,
        difficulty: int,
        minutes: int,
        properties: Sequence[Property],
        hints: Sequence[str],
        mutants: Sequence[Mutant],
    ):
        self.reference = reference
        self.name = reference.__name__
        self.group = reference.__module__.rpartition(".")[0].rpartition(".")[2]  # the package around its module
        self.title, self.difficulty, self.minutes = title, difficulty, minutes
        self.properties, self.hints, self.mutants = tuple(properties), tuple(hints), tuple(mutants)
        self.session = Session()
        self.__doc__ = reference.__doc__

    def __call__(self, function: Callable) -> Callable:
        """Check `function`, say what was found, and return it if it is right, else the library's version.

        Raises UnsolvedExercise instead of going on when the environment has TLTEACH_STRICT=1.
        """
        verdict = self.judge(function)
        self._remember(verdict)
        message = Message(verdict.status, report.head(self, verdict), [*report.body(self, verdict, function)])
        if verdict.status != "right" and os.environ.get(STRICT) == "1":
            raise UnsolvedExercise(f"{message}\n  {STRICT}=1: an unsolved exercise stops the notebook.") from None
        self._say(message)
        return function if verdict.status == "right" else self.reference

    def judge(self, function: Callable) -> Verdict:
        """The verdict on `function`; nothing is shown or remembered."""
        return judge(function, self.reference, self.properties, self.mutants)

    def hint(self, level: int | None = None) -> None:
        """Show the next hint: a question, then the equation with its shapes, then pseudo-code; or that of a `level`.

        Raises InvalidInput for a level that does not exist.
        """
        if level is not None and level not in range(1, len(self.hints) + 1):
            raise InvalidInput(f"check.{self.name}.hint: level must be 1 to {len(self.hints)}, got {level!r}.")
        level = level or min(self.session.hints + 1, len(self.hints))
        self._gave_hint(level)
        self._say(Message("hint", report.hint_head(self, level), [*report.hint_body(self, level)]))

    def solution(self) -> None:
        """Show the source of the library's version; that it was seen is remembered."""
        at = now()
        self._record(lambda entry: entry.setdefault("solution_seen", at))
        source = inspect.getsource(self.reference).rstrip()
        self._say(Message("hint", f"{self.name} · the library's version", [Code(source)]))

    def trace(self) -> None:
        """Show the full traceback of the last check, if your code raised an error in it."""
        error = self.session.verdict.error
        if error is None:
            self._say(Message("hint", f"{self.name} · your code raised no error at the last check"))
        else:
            self._say(Message("error", f"{self.name} · full traceback", [Code(student.full_trace(error))]))

    @property
    def status(self) -> str:
        """`solved`, `tried` or `not attempted`, over all sessions."""
        entry = progress.entry(self.name)
        return "solved" if entry.get("solved") else "tried" if entry.get("tries") else "not attempted"

    @property
    def solution_seen(self) -> bool:
        """Whether `solution()` was ever called."""
        return bool(progress.entry(self.name).get("solution_seen"))

    def __repr__(self) -> str:
        return repr(report.card(self))

    def _repr_html_(self) -> str:
        return report.card(self)._repr_html_()

    def _remember(self, verdict: Verdict) -> None:
        self.session.verdict = verdict
        if verdict.status == "not attempted":
            return
        self.session.tries += 1
        self.session.riddles += verdict.status == "wrong" and verdict.mutant is None
        if (level := report.inline_hint(self, verdict)) is not None:
            self._gave_hint(level)

        at = now()

        def change(entry: Entry) -> None:
            entry.setdefault("first_try", at)
            entry["tries"] = whole(entry.get("tries")) + 1
            if verdict.status == "right":
                entry.setdefault("solved", at)
            if verdict.mutant:
                mistakes, name = entry.get("mistakes"), verdict.mutant.name
                entry["mistakes"] = mistakes if isinstance(mistakes, dict) else {}
                entry["mistakes"][name] = whole(entry["mistakes"].get(name)) + 1

        self._record(change)

    def _gave_hint(self, level: int) -> None:
        self.session.hints = max(self.session.hints, level)
        self._record(lambda entry: entry.update(hints=max(whole(entry.get("hints")), level)))

    def _record(self, change: Callable[[Entry], object]) -> None:
        progress.update(self.name, change)

    def _say(self, message: Message) -> None:
        message.with_notes(progress.notices()).show()
