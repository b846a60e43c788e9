"""The stored state of one network as that of n copies, and back: `state_dict`s of a policy, a value, or their Adam."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

SHARED = "normaliser."  # what networks of many tasks have in common: it has no leading dimension


def spread(state: Any, n: int) -> Any:
    """n copies: tensors (...) become (n, ...). Numbers, counts (tensors without a dimension) and moments stay."""
    return _each(state, lambda x: x.expand(n, *x.shape).clone())


def pick(state: Any, i: int) -> Any:
    """The i-th of n: tensors (n, ...) become (...)."""
    return _each(state, lambda x: x[i].clone())


def _each(state: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(state, Tensor):
        return change(state.detach()) if state.ndim else state.clone()
    if isinstance(state, dict):
        same = {k for k in state if isinstance(k, str) and k.startswith(SHARED)}
        return {k: v if k in same else _each(v, change) for k, v in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(_each(x, change) for x in state)
    return state
