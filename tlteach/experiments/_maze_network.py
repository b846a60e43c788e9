"""An agent with a recurrent network: what it sees -> what it does, and what it expects to be paid."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.distributions import Categorical

from tlteach.plasticity import LSTM, Acting, PlasticRNN, parameter_count, width_matching
from tlteach.plasticity.layer import PlasticLayer

LAYERS = {
    "plastic": dict(plasticity="per_connection"),
    "shared": dict(plasticity="shared"),
    "rnn": dict(plasticity="none"),
    "rnn_wide": dict(plasticity="none"),
    "modulated": dict(rule="modulated"),
    "retroactive": dict(rule="retroactive"),
}
MATCHED = ("rnn_wide", "lstm")  # as wide as the parameters of "plastic" allow


class MazeNetwork(nn.Module):
    """A recurrent layer, and on it a policy and a value, linear both.

    Args:
        layer: `PlasticRNN` or `LSTM`. n_actions: of the policy.
    """

    def __init__(self, layer: PlasticRNN | LSTM, n_actions: int):
        super().__init__()
        self.layer = layer
        self.policy = nn.Linear(layer.hidden_size, n_actions)
        self.value = nn.Linear(layer.hidden_size, 1)

    def forward(self, observation: Tensor, state=None, *, hidden: Tensor | None = None):
        """Whole episodes: observation (T, B, n) -> distribution over actions (T, B), value (T, B), last state.

        hidden: (T, B, N), what `acting` gave for exactly these observations: only the gradient is computed then.
        """
        if hidden is not None and isinstance(self.layer, PlasticRNN):
            output, state = self.layer(observation, state, hidden=hidden)
        else:
            output, state = self.layer(observation, state)
        return self.decide(output), self.value(output).squeeze(-1), state

    def decide(self, hidden: Tensor) -> Categorical:
        """The distribution over actions from the activities (..., N)."""
        return Categorical(logits=self.policy(hidden), validate_args=False)

    def acting(self, batch_size: int) -> "Acting | LSTMActing":
        """The layer at work, step by step: `acting.step(observation)` (B, n) -> activities (B, N), no graph."""
        return (Acting if isinstance(self.layer, PlasticRNN) else LSTMActing)(self.layer, batch_size)


class LSTMActing:
    """An `LSTM` at work in a batch of episodes that begin empty."""

    def __init__(self, layer: LSTM, batch_size: int):
        self.layer, self.state = layer, None

    @torch.no_grad()
    def step(self, input: Tensor) -> Tensor:
        """input (B, n) -> the activities (B, N)."""
        output, self.state = self.layer(input.unsqueeze(0), self.state)
        return output[0]


def build(kind: str, observation_size: int, n_actions: int, hidden: int, rule: str) -> MazeNetwork:
    """The network of a kind (a key of LAYERS, or "lstm"), `hidden` units wide; or as wide as fits, for `MATCHED`."""

    def maker(kind: str) -> Callable[[int], MazeNetwork]:
        if kind == "lstm":
            return lambda width: MazeNetwork(LSTM(observation_size, width), n_actions)
        options = {"rule": rule} | LAYERS[kind]
        return lambda width: MazeNetwork(PlasticRNN(observation_size, width, **options), n_actions)

    if kind in MATCHED:
        with torch.device("meta"):
            budget = parameter_count(maker("plastic")(hidden))
        hidden = width_matching(maker(kind), budget)
    return maker(kind)(hidden)


@torch.no_grad()
def start(layer: nn.Module, weight: float, alpha: float, eta: float, spread: str) -> None:
    """Set where a plastic layer starts: weights and alphas "normal" of that spread, or "positive", uniform from 0 up.

    The authors' maze has .01, .01, .01, positive. A shared alpha starts at `alpha`. An LSTM keeps torch's start.
    """
    if not isinstance(layer, PlasticLayer):
        return
    draw = (lambda p, s: p.normal_(std=s)) if spread == "normal" else (lambda p, s: p.uniform_(0, s))
    draw(layer.weight, weight)
    if layer.alpha is not None:
        draw(layer.alpha, alpha) if layer.alpha.ndim else layer.alpha.fill_(alpha)
    if layer.eta is not None:
        layer.eta.fill_(eta)
