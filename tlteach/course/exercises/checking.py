"""Judging a student's function by its behaviour: properties in teaching order, the first failure, a known mistake."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tlteach.course.exercises import student
from tlteach.course.exercises.behaviour import Form, Look, Seen, answer, describe, is_number, observe, same, undisturbed


@dataclass(frozen=True)
class Property:
    """One thing that must hold, in the words of the lesson.

    probes: inputs by name in the function's order, the smallest first: the first failure is the counter-example.
    look: the quantities of the function's answer on which it must agree with the reference.
    """

    text: str
    probes: Sequence[Mapping[str, Any]]
    look: Look = answer


@dataclass(frozen=True)
class Mutant:
    """A wrong answer that students really give, recognised by its behaviour, and the hint that it deserves."""

    name: str
    function: Callable
    hint: str


@dataclass(frozen=True)
class Verdict:
    """What was found. `inputs`, `got` and `expected` are the smallest counter-example, by name.

    What is in `got` but not in `expected` is an input that was changed.
    """

    status: str  # "right", "wrong", "error" or "not attempted"
    broken: str = ""  # the property that does not hold
    inputs: Mapping[str, Any] = field(default_factory=dict)
    got: Mapping[str, Any] = field(default_factory=dict)
    expected: Mapping[str, Any] = field(default_factory=dict)
    remark: str = ""
    error: Exception | None = None
    mutant: Mutant | None = None


UNTOUCHED = "it leaves its inputs as they were"
TENSOR_FOR_NUMBER = (
    "It gives a tensor of one element where a Python number was asked for. Both will do here; `.item()` makes the one "
    "into the other."
)


def judge(
    function: Callable, reference: Callable, properties: Sequence[Property], mutants: Sequence[Mutant]
) -> Verdict:
    """The verdict on `function`. Nothing is shown or remembered, and no global generator is moved."""
    if function is reference:
        return Verdict("not attempted", remark="This is the library's version: run the cell with your function again.")
    if not callable(function):
        call = f"{reference.__name__} = check.{reference.__name__}({reference.__name__})"
        return Verdict("error", remark=f"Expected your function, got {describe(function)}. Write `{call}`.")
    if student.is_blank(function):
        return Verdict("not attempted")
    with undisturbed():
        return _first_failure(function, reference, properties, mutants)


def _first_failure(function, reference, properties, mutants) -> Verdict:
    touched, remark = None, ""
    for rule in properties:
        for inputs in rule.probes:
            seen = observe(rule.look, function, inputs)
            if student.has_blanks(_raw(seen.values)) or student.is_unfinished(seen.error, function):
                return Verdict("not attempted", remark=student.leftover(function, seen.error))
            if seen.error is not None:
                culprit = recognise(function, properties, mutants)
                return Verdict("error", inputs=inputs, error=seen.error, mutant=culprit)
            expected = observe(rule.look, reference, inputs).values
            differ = [name for name in expected if not same(seen.values.get(name), expected[name])]
            if differ:
                got = {name: seen.values.get(name) for name in differ}
                culprit = recognise(function, properties, mutants)
                wanted = {name: expected[name] for name in differ}
                return Verdict("wrong", rule.text, inputs, got, wanted, _remark(got, wanted), mutant=culprit)
            if seen.changed and touched is None:
                touched = inputs, seen.changed
            if any(map(_is_tensor_for_number, _raw(seen.values), _raw(expected))):
                remark = TENSOR_FOR_NUMBER
    if touched is None:
        return Verdict("right", remark=remark)
    inputs, after = touched
    remark = "Operations that end in `_`, and `+=` or `[...] =` on an argument, change the caller's tensor."
    mutant = recognise(function, properties, mutants, exactly=True)
    return Verdict("wrong", UNTOUCHED, inputs, after, remark=remark, mutant=mutant)


def recognise(
    function: Callable, properties: Sequence[Property], mutants: Sequence[Mutant], exactly: bool = False
) -> Mutant | None:
    """The known mistake that `function` cannot be told apart from, on any input of any property.

    Unless `exactly`, one that gives the same answers will do, whichever of the two also changes its inputs, and then
    one that raises the same errors on the same inputs.
    """
    shown = _profile(function, properties)
    profiles = [(mutant, _profile(mutant.function, properties)) for mutant in mutants]
    ways = [Seen.alike, lambda a, b: a.alike(b, but_for_changes=True)]
    if any(seen.error for seen in shown):
        ways.append(Seen.fails_like)
    for alike in ways[:1] if exactly else ways:
        for mutant, profile in profiles:
            if all(alike(a, b) for a, b in zip(shown, profile, strict=True)):
                return mutant
    return None


def _profile(function: Callable, properties: Sequence[Property]) -> list[Seen]:
    return [observe(rule.look, function, inputs) for rule in properties for inputs in rule.probes]


def _remark(got: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    values = _raw(got)
    if any(value is None for value in values):
        return "Your function returned None: is a `return` missing?"
    parts = [part for value in values for part in (value if isinstance(value, tuple | list) else [value])]
    if any(isinstance(part, np.ndarray) for part in parts):
        return "The lessons work on torch tensors: stay with torch (`torch.outer`, `@`, `*`), without `.numpy()`."
    return next(filter(None, map(_about_type, values, _raw(wanted))), "")


def _about_type(got: Any, wanted: Any) -> str:
    """Where the numbers or their shape may be right, and what a tensor holds is not."""
    if not (isinstance(got, Tensor) and isinstance(wanted, Tensor)) or got.shape != wanted.shape:
        return ""
    kind = str(got.dtype).removeprefix("torch.")
    if wanted.is_floating_point() and not (got.is_floating_point() or got.is_complex()):
        return f"The size is right, but the type is {kind}: real numbers are expected (`.float()` makes them)."
    if got.dtype in (torch.float16, torch.bfloat16):
        return f"Your answer is in half precision ({kind}), good for two or three digits only: use `.float()`."
    return ""


def _is_tensor_for_number(got: Any, expected: Any) -> bool:
    return isinstance(got, Tensor) and not isinstance(expected, Tensor) and is_number(expected)


def _raw(values: Mapping[str, Any]) -> list[Any]:
    return [value.value if isinstance(value, Form) else value for value in values.values()]
