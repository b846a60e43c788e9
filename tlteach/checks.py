"""What every configuration refuses, in the same words: counts that are no whole numbers, rates that are not above 0.

Values are given by name, so that the message can say which it was: `checks.whole(1, batch_size=batch_size)`.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from tlteach.errors import InvalidInput


def whole(least: int, /, **named: Any) -> None:
    """Raise InvalidInput unless each is an int of at least `least`; 2.0 and True are none.

    >>> whole(1, batch_size=32, episodes=1000)
    """
    for name, value in named.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise InvalidInput(f"{name} must be a whole number of at least {least}, got {value!r}")


def positive(**named: Any) -> None:
    """Raise InvalidInput unless each is a finite number above 0."""
    for name, value in named.items():
        if not _is_number(value) or not 0 < value < math.inf:
            raise InvalidInput(f"{name} must be a finite number above 0, got {value!r}")


def finite(*, least: float = -math.inf, **named: Any) -> None:
    """Raise InvalidInput unless each is a finite number, of at least `least`."""
    for name, value in named.items():
        if not _is_number(value) or not math.isfinite(value) or value < least:
            bound = "" if least == -math.inf else f" of at least {least:g}"
            raise InvalidInput(f"{name} must be a finite number{bound}, got {value!r}")


def share(**named: Any) -> None:
    """Raise InvalidInput unless each is a number from 0 to 1."""
    for name, value in named.items():
        if not _is_number(value) or not 0 <= value <= 1:
            raise InvalidInput(f"{name} must be a number from 0 to 1, got {value!r}")


def choice(name: str, value: Any, known: Sequence[Any]) -> None:
    """Raise InvalidInput unless `value` is one of `known`."""
    if value not in known:
        raise InvalidInput(f"unknown {name} {value!r}; choose one of {', '.join(map(repr, known))}")


def device(value: Any) -> torch.device | None:
    """A device by its name ("cpu", "cuda", "cuda:1"); None stays.

    Raises InvalidInput for an unknown name, and for a CUDA device that torch does not find.
    """
    try:
        found = None if value is None else torch.device(value)
    except (RuntimeError, TypeError) as error:
        raise InvalidInput(f"unknown device {value!r}; choose 'cpu' or 'cuda'") from error
    if found is not None and found.type == "cuda" and (found.index or 0) >= (n := torch.cuda.device_count()):
        raise InvalidInput(f"device {value!r} is not there: torch finds {n} CUDA devices; take device='cpu'")
    return found


def reward(value: Any, shape: Sequence[int], family: str) -> Tensor:
    """The reward of a family for states of this shape. Raises InvalidInput for what is not one number for each."""
    if not isinstance(value, Tensor) or tuple(value.shape) != tuple(shape):
        got = tuple(value.shape) if isinstance(value, Tensor) else f"a {type(value).__name__}"
        raise InvalidInput(
            f"the reward of {family} must be a tensor with one number for each state, {tuple(shape)}, got {got}; sum "
            "over the last axis only"
        )
    return value


def done(value: Any, shape: Sequence[int], family: str) -> Tensor:
    """The ends of episodes of a family, likewise, a truth value for each state."""
    if not isinstance(value, Tensor) or tuple(value.shape) != tuple(shape) or value.dtype != torch.bool:
        got = f"{tuple(value.shape)} of {value.dtype}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
        raise InvalidInput(
            f"`done` of {family} must be a tensor with one truth value for each state, {tuple(shape)}, got {got}"
        )
    return value


def given(**named: Any) -> dict[str, Any]:
    """Those that are not None, for options that may be left out: `positive(**given(cpu_seconds=cpu_seconds))`."""
    return {name: value for name, value in named.items() if value is not None}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
