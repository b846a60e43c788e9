"""What a plastic layer refuses at its border, and in which words."""

import torch
from torch import Tensor

from tlteach.checks import choice as choice
from tlteach.checks import whole
from tlteach.errors import InvalidInput
from tlteach.plasticity.state import PlasticState


def sizes(**named: int) -> None:
    """Raise unless every one is a whole number of at least 1."""
    whole(1, **named)


def tensor(name: str, value: Tensor, shape: tuple[int | str, ...], like: Tensor) -> None:
    """Raise unless `value` has the shape, precision and device of the layer.

    Args:
        name: what the caller called it.
        shape: wanted sizes; a string stands for any size of at least 1 and is what the message calls it.
        like: a parameter of the layer.
    """
    if not isinstance(value, Tensor):
        raise InvalidInput(f"{name} must be a torch.Tensor, got {type(value).__name__}")
    _shape(name, value, shape)
    if value.dtype != like.dtype:
        raise InvalidInput(
            f"{name} is {value.dtype} and the layer is {like.dtype}; convert one: "
            f"{name}.to({like.dtype}) or layer.to({value.dtype})"
        )
    _device(name, value, like)


def sequence(name: str, value: Tensor, shape: tuple[int | str, ...], like: Tensor) -> None:
    """As `tensor`, and no NaN in it."""
    tensor(name, value, shape, like)
    if traced() or value.is_meta:
        return  # the values are not known yet
    if value.detach().sum().isnan() and (n := int(value.detach().isnan().sum())):
        raise InvalidInput(f"{name} holds {n} NaN of {value.numel()} values; remove them, one spoils a whole episode")


def mask(name: str, value: Tensor, shape: tuple[int, ...], like: Tensor) -> None:
    """Raise unless `value` is a bool tensor of that shape."""
    if not isinstance(value, Tensor) or value.dtype != torch.bool:
        got = value.dtype if isinstance(value, Tensor) else type(value).__name__
        raise InvalidInput(f"{name} must be a bool tensor, true where a unit takes its input's value, got {got}")
    _shape(name, value, shape)
    _device(name, value, like)


def state(value: PlasticState, fields: tuple[str, ...], batch_size: int, weight: Tensor, plastic: bool) -> None:
    """Raise unless `value` is a state of this layer for `batch_size` episodes."""
    if not isinstance(value, tuple) or len(value) != len(fields):
        got = f"a tuple of {len(value)}" if isinstance(value, tuple) else type(value).__name__
        raise InvalidInput(f"state must be the tuple ({', '.join(fields)}), got {got}; see layer.initial_state")
    hidden, *traces = value
    pre_size, post_size = weight.shape
    tensor("state.hidden", hidden, (batch_size, post_size), weight)
    for name, trace in zip(fields[1:], traces, strict=True):
        if plastic:
            tensor(f"state.{name}", trace, (batch_size, pre_size, post_size), weight)
        elif trace is not None:
            raise InvalidInput(f"state.{name} must be None where plasticity is 'none', got {type(trace).__name__}")


def traced() -> bool:
    """Whether torch.compile or torch.func is tracing: values must not be looked at then."""
    return torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()


def _shape(name: str, value: Tensor, shape: tuple[int | str, ...]) -> None:
    fits = value.ndim == len(shape) and all(
        got >= 1 if isinstance(want, str) else got == want for got, want in zip(value.shape, shape, strict=True)
    )
    if fits:
        return
    wanted = f"({', '.join(map(str, shape))})"
    hint = ""
    if value.ndim == len(shape) - 1:
        hint = "; the batch axis is missing, even one episode needs it (unsqueeze)"
    elif 0 in value.shape:
        hint = "; nothing to do on an empty axis"
    raise InvalidInput(f"{name} has shape {tuple(value.shape)}, expected {wanted}{hint}")


def _device(name: str, value: Tensor, like: Tensor) -> None:
    if value.device != like.device:
        raise InvalidInput(f"{name} is on {value.device} and the layer on {like.device}; move one with .to(...)")
