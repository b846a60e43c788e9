"""A recurrent layer as a pattern memory, tested on fresh episodes and taken apart."""

import copy
from typing import Literal

import torch
from torch import Tensor, nn

from tlteach.errors import InvalidInput
from tlteach.plasticity import LSTM, PlasticRNN
from tlteach.tasks.patterns import PatternTask, bit_errors

Network = Literal["plastic", "shared", "rnn", "lstm", "lstm_clamped"]
NETWORKS: tuple[Network, ...] = ("plastic", "shared", "rnn", "lstm", "lstm_clamped")
Ablation = Literal["frozen trace", "shared alpha", "no plasticity"]
ABLATIONS: tuple[Ablation, ...] = ("frozen trace", "shared alpha", "no plasticity")


class PatternNetwork(nn.Module):
    """A recurrent layer used as a pattern memory: inputs (T, B, n_bits) of +1, -1, 0 -> outputs (T, B, n_bits).

    A plastic or tanh layer has one neuron a bit. Its input times 20 is added inside the tanh, so that a given bit is
    all but fixed (tanh 20 = 1) and an erased one is left to its neighbours. The last neuron is a bias, always
    driven; any between are free.

    An LSTM has a linear readout. Its answer gets the same help: the input times 20 is added inside a final tanh.
    A clamped LSTM (the paper's) has none: it gets the bits times 100 and shows its answer on the n_bits units that
    are tied to them.

    freeze_at: from this step on the trace is no longer updated (an ablation); None for never.
    """

    GAIN, CLAMPED_GAIN = 20.0, 100.0

    def __init__(self, layer: PlasticRNN | LSTM, n_bits: int, freeze_at: int | None = None):
        super().__init__()
        self.layer, self.n_bits, self.freeze_at = layer, n_bits, freeze_at
        reads_out = isinstance(layer, LSTM) and not layer.clamp
        self.readout = nn.Linear(layer.hidden_size, n_bits) if reads_out else None

    def drive(self, inputs: Tensor) -> Tensor:
        """What the layer is fed: (T, B, n_bits) -> (T, B, H), or (T, B, n_bits) for an LSTM."""
        if isinstance(self.layer, LSTM):
            return self.CLAMPED_GAIN * inputs if self.layer.clamp else inputs
        T, B, N = inputs.shape
        free = inputs.new_zeros(T, B, self.layer.hidden_size - N - 1)
        bias = inputs.new_ones(T, B, 1)
        return self.GAIN * torch.cat([inputs, free, bias], -1)

    def forward(self, inputs: Tensor) -> Tensor:
        drive = self.drive(inputs)
        if self.freeze_at is None:
            output, _ = self.layer(drive)
        else:
            before, state = self.layer(drive[: self.freeze_at])
            frozen = copy.deepcopy(self.layer)
            nn.init.zeros_(frozen.eta)  # with eta = 0, equations 2 and 3 leave the trace as it is
            after, _ = frozen(drive[self.freeze_at :], state)
            output = torch.cat([before, after])
        if self.readout is not None:
            return torch.tanh(self.readout(output) + self.GAIN * inputs)
        return output[..., : self.n_bits]


@torch.no_grad()
def evaluate(network: PatternNetwork, task: PatternTask, episodes: int, generator: torch.Generator) -> Tensor:
    """Share of wrong bits at the last step of each of `episodes` fresh episodes: (episodes,)."""
    parts = []
    for start in range(0, episodes, 100):
        episode = task.sample(min(100, episodes - start), generator)
        parts.append(bit_errors(network(episode.inputs)[-1], episode.targets))
    return torch.cat(parts)


@torch.no_grad()
def ablate(network: PatternNetwork, what: Ablation, task: PatternTask) -> PatternNetwork:
    """A copy of a plastic network with one thing taken away; nothing is retrained.

    "frozen trace": the trace is kept as it is from the moment the degraded pattern appears. "shared alpha": each
    alpha is replaced by their mean. "no plasticity": alpha = 0, the trace never speaks.

    Raises InvalidInput for another word, or for a network that is not plastic.
    """
    if what not in ABLATIONS:
        raise InvalidInput(f"unknown ablation {what!r}; choose one of {', '.join(ABLATIONS)}")
    if getattr(network.layer, "alpha", None) is None:
        raise InvalidInput(f"only a plastic network can be ablated, got {network.layer}")
    network = copy.deepcopy(network)
    if what == "frozen trace":
        network.freeze_at = task.test_start
    else:
        network.layer.alpha.fill_(network.layer.alpha.mean() if what == "shared alpha" else 0.0)
    return network
