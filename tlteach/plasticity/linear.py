"""A plastic readout: one example with its label is enough to learn a class (Miconi et al. 2018, section 4.4)."""

from collections.abc import Callable

import torch
from torch import Tensor

from tlteach.plasticity import checks
from tlteach.plasticity.layer import PlasticLayer
from tlteach.plasticity.rules import Rule
from tlteach.plasticity.state import PlasticState

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": lambda a: a.softmax(-1),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "identity": lambda a: a,
}


class PlasticLinear(PlasticLayer):
    """y(t) = activation( f(t) @ [w + alpha * Hebb(t)] + drive(t) ), then Hebb is updated with pre = f(t), post = y(t).

    The drive is how a label is told: 1000 * onehot makes a softmax output exactly one-hot, so that Oja's rule writes
    eta * f into the column of that class. Where nothing is told it is zero, and the layer answers from its trace.

    Args:
        in_features: size of f, the presynaptic side.
        out_features: size of y, the postsynaptic side.
        rule: name of a registered rule or an instance of a `Rule`; the paper's one-shot network uses Oja's.
        plasticity: "per_connection", "shared" or "none".
        activation: "softmax", "sigmoid", "tanh" or "identity".
        batch_first: sequences are (B, T, ...) and not (T, B, ...).

    Raises InvalidInput for sizes below one, unknown names, and what does not fit the layer when it is called.

    >>> layer = PlasticLinear(64, 5)
    >>> labels = torch.nn.functional.one_hot(torch.arange(5), 5).float().unsqueeze(1)  # (T=5, B=1, 5)
    >>> output, state = layer(torch.rand(5, 1, 64), drive=1000 * labels)
    >>> answer, state = layer.step(torch.rand(1, 64), state)
    >>> answer.shape
    torch.Size([1, 5])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        rule: str | Rule = "oja",
        plasticity: str = "per_connection",
        activation: str = "softmax",
        batch_first: bool = False,
        device=None,
        dtype=None,
    ):
        checks.sizes(in_features=in_features, out_features=out_features)
        checks.choice("activation", activation, tuple(ACTIVATIONS))
        super().__init__(in_features, out_features, rule, plasticity, device, dtype)
        self.in_features, self.out_features, self.batch_first = in_features, out_features, batch_first
        self.activation = activation

    def forward(
        self, input: Tensor, state: PlasticState | None = None, drive: Tensor | None = None
    ) -> tuple[Tensor, PlasticState]:
        """Run over whole sequences.

        Args:
            input: features, (T, B, in_features), or (B, T, in_features) when `batch_first`.
            state: where the episodes stand; empty when left out.
            drive: added to the output units before the activation, (T, B, out_features); nothing when left out.

        Returns the outputs (T, B, out_features) and the state (hidden: last output (B, out_features),
        trace: (B, in_features, out_features)).
        """
        lead = ("B", "T") if self.batch_first else ("T", "B")
        checks.sequence("input", input, (*lead, self.in_features), self.weight)
        if drive is not None:
            checks.sequence("drive", drive, (*input.shape[:2], self.out_features), self.weight)
        if self.batch_first:
            input, drive = input.transpose(0, 1), None if drive is None else drive.transpose(0, 1)
        batch_size = input.shape[1]
        state = self.initial_state(batch_size) if state is None else self._check_state(state, batch_size)
        outputs = []
        for t in range(len(input)):
            state = self._step(input[t], state, None if drive is None else drive[t])
            outputs.append(state.hidden)
        return torch.stack(outputs, 1 if self.batch_first else 0), state

    def step(
        self, input: Tensor, state: PlasticState | None = None, drive: Tensor | None = None
    ) -> tuple[Tensor, PlasticState]:
        """One time step: input (B, in_features), drive (B, out_features) -> output (B, out_features), next state."""
        checks.sequence("input", input, ("B", self.in_features), self.weight)
        if drive is not None:
            checks.sequence("drive", drive, (len(input), self.out_features), self.weight)
        state = self.initial_state(len(input)) if state is None else self._check_state(state, len(input))
        state = self._step(input, state, drive)
        return state.hidden, state

    def _step(self, input: Tensor, state: PlasticState, drive: Tensor | None) -> PlasticState:
        _, trace, *extra = state
        summed = (input.unsqueeze(-2) @ self.effective_weight(trace)).squeeze(-2)  # (B, N_post)
        output = ACTIVATIONS[self.activation](summed if drive is None else summed + drive)
        if self.rule is None:
            return PlasticState(output, None)
        return self.rule.State(output, *self.rule(trace, input, output, *extra))

    def extra_repr(self) -> str:
        return (
            f"{self.in_features}, {self.out_features}, {self._describe_plasticity()}, "
            f"activation={self.activation}, batch_first={self.batch_first}"
        )
