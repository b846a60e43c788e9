"""A verdict in words: what a student reads after a check, for a hint, and of an exercise as a whole."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from tlteach.course.exercises import student
from tlteach.course.exercises.checking import Verdict
from tlteach.course.exercises.display import SYMBOLS, Message, Tables

if TYPE_CHECKING:
    from tlteach.course.exercises.exercise import Exercise

HINT_KINDS = ("a question", "the equation", "pseudo-code")


def head(exercise: "Exercise", verdict: Verdict) -> str:
    """The first line: name, outcome, and the property that is broken."""
    broken = f". This should hold, and does not: {verdict.broken}" if verdict.broken else ""
    return f"{exercise.name} · {verdict.status}{broken}"


def body(exercise: "Exercise", verdict: Verdict, function: Callable) -> Iterator[str | Tables]:
    """What follows the first line."""
    if verdict.status == "right":
        yield f"All {len(exercise.properties) + 1} properties hold."
        if verdict.remark:
            yield verdict.remark
        return
    if verdict.error is not None:
        yield f"`{type(verdict.error).__name__}: {_first_line(verdict.error)}`"
        if place := student.where(verdict.error, function):
            yield "line {}: `{}`".format(*place)
        if verdict.inputs and not isinstance(verdict.error, NameError):  # a typo is one whatever comes in
            yield "It was called with"
            yield Tables(verdict.inputs)
    if verdict.got:
        yield counter_example(verdict)
    if verdict.remark:
        yield verdict.remark
    if verdict.mutant:
        yield f"It looks as if: {verdict.mutant.hint}"
    elif level := inline_hint(exercise, verdict):
        yield f"Hint {level} of {len(exercise.hints)}: {exercise.hints[level - 1]}"
    if verdict.error is not None:
        yield f"`check.{exercise.name}.trace()` shows the full traceback."
    helps = "asks a first question" if exercise.session.hints == 0 else "helps further"
    yield f"The notebook goes on with the library's version; `check.{exercise.name}.hint()` {helps}."


def inline_hint(exercise: "Exercise", verdict: Verdict) -> int | None:
    """The level of the hint that the message itself carries: none at first, more with every further wrong answer.

    Pseudo-code is never shown unasked. A recognised mistake has a hint of its own and an error speaks for itself:
    neither counts.
    """
    if verdict.status != "wrong" or verdict.mutant or exercise.session.riddles < 2:
        return None
    return min(exercise.session.riddles - 1, len(exercise.hints) - 1)


def counter_example(verdict: Verdict) -> Tables:
    """The inputs, what the function gave and what it should give."""
    values, pairs = dict(verdict.inputs), {}
    for name, got in verdict.got.items():
        if name not in verdict.expected:  # an input that should be as it was
            values[f"{name} afterwards"], pairs[f"{name} afterwards"] = got, name
            continue
        label = "" if name == "answer" else f" {name}"
        values["got" + label], values["expected" + label] = got, verdict.expected[name]
        pairs["got" + label] = "expected" + label
    return Tables(values, pairs)


def hint_head(exercise: "Exercise", level: int) -> str:
    return f"{exercise.name} · hint {level} of {len(exercise.hints)}, {HINT_KINDS[level - 1]}"


def hint_body(exercise: "Exercise", level: int) -> Iterator[str]:
    yield exercise.hints[level - 1]
    if level == len(exercise.hints):
        yield f"`check.{exercise.name}.solution()` shows the library's version."


def card(exercise: "Exercise") -> Message:
    """An exercise at a glance."""
    dots = "●" * exercise.difficulty + "○" * (5 - exercise.difficulty)
    status = exercise.status + (", solution seen" if exercise.solution_seen else "")
    call = f"`{exercise.name}{inspect.signature(exercise.reference)}`"
    facts = f"difficulty {dots} {exercise.difficulty} of 5 · about {exercise.minutes} minutes · {status}"
    return Message(exercise.status, f"{exercise.title} · {call}", [facts])


def strip(group: str, exercises: Sequence["Exercise"]) -> Message:
    """How far a student is with a group of exercises, in one line."""
    statuses = {exercise.name: exercise.status for exercise in exercises}
    solved = sum(status == "solved" for status in statuses.values())
    items = [f"{SYMBOLS[status]} {name} {status}" for name, status in statuses.items()]
    tone = "solved" if solved == len(exercises) else "not attempted"
    return Message(tone, f"{group}: {solved} of {len(exercises)} solved", items=items)


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines() or [""]
    return lines[0] if len(lines[0]) <= 200 else lines[0][:197] + "..."
