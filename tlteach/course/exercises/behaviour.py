"""What a function does, seen from outside: called on copies, its answers put into words and compared.

An exercise never looks at how a function is written. It calls the function on a few small inputs and looks at named
quantities of the answer; two functions behave alike when they cannot be told apart on any of them.
"""

import contextlib
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tlteach.course.exercises.probes import Fresh

Look = Callable[..., dict[str, Any]]  # (function, *inputs) -> quantities by name


def answer(function: Callable, *inputs: Any) -> dict[str, Any]:
    """The plainest look at a function: what it returns."""
    return {"answer": function(*inputs)}


def form(function: Callable, *inputs: Any) -> dict[str, Any]:
    """What kind of thing a function returns, and of what shape."""
    return {"answer": Form(function(*inputs))}


class Form:
    """The kind and shape of a value, compared and shown in words."""

    def __init__(self, value: Any):
        self.value = value

    def __str__(self) -> str:
        return describe(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Form) and str(self) == str(other)

    __hash__ = None


@dataclass(frozen=True)
class Seen:
    """One observation: the quantities looked at, or the error raised, and the inputs that were changed in place."""

    values: Mapping[str, Any] = field(default_factory=dict)
    error: Exception | None = None
    changed: Mapping[str, Tensor] = field(default_factory=dict)

    def alike(self, other: "Seen", but_for_changes: bool = False) -> bool:
        """Whether the two cannot be told apart; on request by their answers alone, not by what they did to inputs."""
        return (
            self.fails_like(other)
            and same(self.values, other.values)
            and (but_for_changes or same(self.changed, other.changed))
        )

    def fails_like(self, other: "Seen") -> bool:
        """Whether both raised the same error, or none: of two sizes that do not fit either may be named first."""
        return type(self.error) is type(other.error) and _words(self.error) == _words(other.error)


def observe(look: Look, function: Callable, inputs: Mapping[str, Any]) -> Seen:
    """Look at `function` on copies of `inputs`. An interrupt (the kernel's stop button) passes through."""
    given = {name: _copy(value) for name, value in inputs.items()}
    try:
        values = look(function, *given.values())
    except Exception as error:  # whatever a student's code can raise is a finding, not a failure of ours
        return Seen(error=error)
    changed = {
        name: given[name].detach()
        for name, value in inputs.items()
        if isinstance(value, Tensor) and not same(value, given[name])
    }
    return Seen(values, changed=changed)


def same(a: Any, b: Any) -> bool:
    """Equal up to rounding in single precision; numbers and tensors of no dimension are interchangeable."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    if is_number(a) and is_number(b):
        x, y = (torch.as_tensor(value, device="cpu").detach().double() for value in (a, b))
        return x.shape == y.shape and torch.allclose(x, y, rtol=1e-4, atol=1e-6, equal_nan=True)
    return type(a) is type(b) and bool(np.all(a == b))


def is_number(value: Any) -> bool:
    """A number or an ordinary tensor of numbers."""
    if isinstance(value, Tensor):
        return value.layout is torch.strided and not value.is_complex()
    return isinstance(value, int | float | np.number)


def describe(value: Any) -> str:
    """The kind and shape of a value in words; the kinds that the lessons take for the same read the same."""
    match value:
        case Tensor():
            kind = "" if value.is_floating_point() else f", type {value.dtype}".replace("torch.", "")
            kind += "" if value.layout is torch.strided else ", sparse"
            place = "" if value.device.type == "cpu" else f", on {value.device}"
            if value.dim() == 0 and value.dtype is not torch.bool and is_number(value):
                return "a number" + place
            return f"a tensor of shape {_shape(value)}{kind}{place}"
        case np.ndarray():
            return f"a numpy array of shape {_shape(value)}"
        case bool() | np.bool_():
            return f"the truth value {value}"
        case int() | float() | np.number():
            return "a number"
        case tuple() | list():
            return f"{len(value)} values: " + ", ".join(map(describe, value)) if len(value) else "an empty list"
        case None:
            return "None"
        case _:
            return f"something of type {type(value).__name__}"


@contextlib.contextmanager
def undisturbed():
    """A check draws no numbers from the student's global generators, and is the same at every run.

    Tensors are made on the CPU and gradients are on, whatever the notebook has set.
    """
    states = random.getstate(), np.random.get_state()
    elsewhere = torch.get_default_device().type != "cpu"  # the context makes every torch call slower
    device = torch.device("cpu") if elsewhere else contextlib.nullcontext()
    try:
        with torch.random.fork_rng(devices=[]), device, torch.enable_grad():
            random.seed(0)
            np.random.seed(0)
            torch.default_generator.manual_seed(0)
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def _words(error: Exception | None) -> list[str]:
    return sorted(re.findall(r"\w+", str(error)))


def _copy(value: Any) -> Any:
    if isinstance(value, Fresh):
        return value.make()
    return value.clone() if isinstance(value, Tensor) else value


def _shape(value: Any) -> str:
    return "(" + ", ".join(map(str, value.shape)) + ("," if value.ndim == 1 else "") + ")"
