"""Acting: one step after the other, because the next input depends on what the network did, and without a graph.

To learn from an episode that was acted, hand its inputs and what `step` returned to the layer, which then computes no
more than the gradient: `layer(inputs, hidden=hidden)`.
"""

import torch
from torch import Tensor

from tlteach.plasticity import checks
from tlteach.plasticity.modulation import Modulated
from tlteach.plasticity.recurrence.episode import array
from tlteach.plasticity.rnn import PlasticRNN
from tlteach.plasticity.rules import Hebb, Oja


class Acting:
    """A `PlasticRNN` at work in a batch of episodes that begin empty; the traces change in place.

    Args:
        layer: its parameters must stay as they are while the episodes last.
        batch_size: B.

    Attributes:
        hidden: (B, N) activities after the last step.
        arrays: what `kernels.act` takes after the activities, for whoever goes on in a compiled loop of their own; None
            where that kernel does not know the rule or the device.
    """

    def __init__(self, layer: PlasticRNN, batch_size: int):
        self.layer, self._state, self._fused = layer, layer.initial_state(batch_size), _is_fused(layer)
        if self._fused:
            self._hidden, self._trace = self._state
            self._pre, self._post, *self._rest = (array(t) for t in (self._hidden, self._hidden, self._trace))
            alpha = array(layer.alpha.expand_as(layer.weight))
            bias = layer.weight if layer.input_map is None else layer.input_map.bias
            into = layer.weight[:0] if layer.input_map is None else layer.input_map.weight.t()
            self._rest += [array(into), array(bias).reshape(-1), array(layer.weight), alpha, *_rule(layer)]

    @property
    def arrays(self) -> tuple | None:
        return tuple(self._rest) if self._fused and not isinstance(self.layer.rule, Modulated) else None

    @property
    def hidden(self) -> Tensor:
        return self._hidden if self._fused else self._state.hidden

    def step(self, input: Tensor) -> Tensor:
        """input (B, input_size) -> the activities (B, N)."""
        if not self._fused:
            with torch.no_grad():
                _, self._state = self.layer.step(input, self._state)
            return self._state.hidden
        from tlteach.plasticity.recurrence import kernels, modulated  # not before it is needed: numba takes its time

        checks.tensor("input", input, (len(self._hidden), self.layer.input_size), self._hidden)
        self._hidden = torch.empty_like(self._hidden)
        after = self._hidden.numpy()
        kernel = modulated.act if isinstance(self.layer.rule, Modulated) else kernels.act
        kernel(array(input), self._pre, self._post, after, *self._rest)
        self._pre, self._post = self._post, after
        return self._hidden


def _rule(layer: PlasticRNN) -> tuple:
    """What the compiled step needs to know of the rule."""
    if not isinstance(layer.rule, Modulated):
        return array(layer.weight).dtype.type(layer.eta.item()), isinstance(layer.rule, Oja)
    rates = layer.rule.rates
    vectors = (rates.modulator.weight, rates.modulator.bias, rates.fan.weight, rates.fan.bias)
    return (*(array(each).reshape(-1) for each in vectors), float(layer.rule.clip))


def _is_fused(layer: PlasticRNN) -> bool:
    """Whether a compiled step knows the rule and the device."""
    rule, weight = layer.rule, layer.weight
    known = type(rule) in (Hebb, Oja) and rule.clip is None or type(rule) is Modulated and rule.clip is not None
    return known and weight.device.type == "cpu" and weight.dtype in (torch.float32, torch.float64)
