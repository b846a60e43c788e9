"""What a plastic layer carries from one step to the next."""

from typing import NamedTuple

from torch import Tensor, nn


class PlasticState(NamedTuple):
    """State of a batch of episodes; a rule may define a named tuple of its own that goes on after these two.

    hidden: (B, N_post) the activities.
    trace: (B, N_pre, N_post) `Hebb` in the paper; None where nothing is plastic.
    """

    hidden: Tensor
    trace: Tensor | None


def empty_state(batch_size: int, weight: Tensor, rule: nn.Module | None) -> PlasticState:
    """The state in which every episode starts, all zero, on the device and in the precision of `weight`."""
    pre_size, post_size = weight.shape
    hidden = weight.new_zeros(batch_size, post_size)
    if rule is None:
        return PlasticState(hidden, None)
    traces = (weight.new_zeros(batch_size, pre_size, post_size) for _ in rule.State._fields[1:])
    return rule.State(hidden, *traces)
