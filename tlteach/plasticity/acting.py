"""Acting: one step after the other, because the next input depends on what the network did, and without a graph.

To learn from an episode that was acted, hand its inputs and what `step` returned to the layer, which then computes no
more than the gradient: `layer(inputs, hidden=hidden)`.
"""

import torch
from torch import Tensor

from tlteach.plasticity import checks
from tlteach.plasticity.rnn import PlasticRNN
from tlteach.plasticity.rules import Hebb, Oja


class Acting:
    """A `PlasticRNN` at work in a batch of episodes that begin empty; the traces change in place.

    Args:
        layer: its parameters must stay as they are while the episodes last.
        batch_size: B.

    Attributes:
        hidden: (B, N) activities after the last step.
    """

    def __init__(self, layer: PlasticRNN, batch_size: int):
        self.layer, self.state = layer, layer.initial_state(batch_size)
        self._fused = _is_fused(layer)
        self._pre = torch.zeros_like(self.state.hidden)
        if self._fused:
            alpha = layer.alpha.detach().expand_as(layer.weight).contiguous()
            arrays = (layer.weight.detach().contiguous().numpy(), alpha.numpy())
            self._rule = (*arrays, alpha.numpy().dtype.type(layer.eta.item()), isinstance(layer.rule, Oja))

    @property
    def hidden(self) -> Tensor:
        return self.state.hidden

    @torch.no_grad()
    def step(self, input: Tensor) -> Tensor:
        """input (B, input_size) -> the activities (B, N)."""
        if not self._fused:
            _, self.state = self.layer.step(input, self.state)
            return self.state.hidden
        from tlteach.plasticity.recurrence import kernels  # not before it is needed: numba takes its time

        layer, (before, trace) = self.layer, self.state
        checks.tensor("input", input, (len(before), layer.input_size), layer.weight)
        drive = input if layer.input_map is None else layer.input_map(input)  # (B, N)
        after = torch.empty_like(before)
        arrays = (x.detach().contiguous().numpy() for x in (drive, self._pre, before, after, trace))
        kernels.act(*arrays, *self._rule)
        self._pre, self.state = before, self.state._replace(hidden=after)
        return after


def _is_fused(layer: PlasticRNN) -> bool:
    """Whether the compiled step knows the rule and the device."""
    known = type(layer.rule) in (Hebb, Oja) and layer.rule.clip is None
    weight = layer.weight
    return known and weight.device.type == "cpu" and weight.dtype in (torch.float32, torch.float64)
