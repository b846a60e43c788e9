"""A recurrent layer whose connections go on learning while it runs (Miconi, Clune & Stanley 2018, equation 1)."""

from torch import Tensor, nn

from tlteach.errors import InvalidInput
from tlteach.plasticity import checks, recurrence
from tlteach.plasticity.layer import PlasticLayer
from tlteach.plasticity.recurrence import direct
from tlteach.plasticity.rules import Rule
from tlteach.plasticity.state import PlasticState


class PlasticRNN(PlasticLayer):
    """x_j(t) = tanh( sum_i [w_ij + alpha_ij * Hebb_ij(t)] * x_i(t-1) + drive_j(t) )                  (eq 1)

    after which the rule turns Hebb(t), x(t-1), x(t) into Hebb(t+1) (eq 2 for "hebb", eq 3 for "oja"). The drive is
    `input_map(input)`, or the input itself without one.

    Args:
        input_size: numbers in the input at each step.
        hidden_size: N, units; equal to `input_size` when `input_map=False`.
        rule: name of a registered rule ("hebb", "oja") or an instance of a `Rule`.
        plasticity: "per_connection" (alpha is [pre, post]), "shared" (alpha is one number) or "none".
        input_map: feed the input through a learned `nn.Linear`, or (False) add it to the units directly.
        batch_first: sequences are (B, T, ...) and not (T, B, ...).
        implementation: "auto" chooses by size; "direct" is the loop over equation 1, "chunked" works through
            several steps at a time (large nets), "fused" is compiled (small nets, CPU). All give the same numbers.
            Where a fast one does not apply (a rule of your own, torch.func, torch.compile, half precision),
            the direct loop runs.
        chunk_size: steps a chunk; None lets the implementation choose.

    Attributes:
        weight: [pre, post]. alpha: [pre, post], a scalar, or None. eta: scalar, or None.
        rule: the `Rule`, or None. input_map: the `nn.Linear`, or None.

    Raises InvalidInput for sizes below one, unknown names, and what does not fit the layer when it is called.

    >>> layer = PlasticRNN(input_size=3, hidden_size=8)
    >>> output, state = layer(torch.ones(5, 2, 3))  # 5 steps, 2 episodes
    >>> output.shape, state.hidden.shape, state.trace.shape
    (torch.Size([5, 2, 8]), torch.Size([2, 8]), torch.Size([2, 8, 8]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        rule: str | Rule = "hebb",
        plasticity: str = "per_connection",
        input_map: bool = True,
        batch_first: bool = False,
        implementation: str = "auto",
        chunk_size: int | None = None,
        device=None,
        dtype=None,
    ):
        checks.sizes(input_size=input_size, hidden_size=hidden_size)
        checks.choice("implementation", implementation, recurrence.IMPLEMENTATIONS)
        if chunk_size is not None:
            checks.sizes(chunk_size=chunk_size)
        if not input_map and input_size != hidden_size:
            raise InvalidInput(
                f"with input_map=False each input drives one unit, so input_size must equal hidden_size, "
                f"got {input_size} and {hidden_size}"
            )
        super().__init__(hidden_size, hidden_size, rule, plasticity, device, dtype)
        self.input_size, self.hidden_size, self.batch_first = input_size, hidden_size, batch_first
        self.implementation, self.chunk_size = implementation, chunk_size
        self.input_map = nn.Linear(input_size, hidden_size, device=device, dtype=dtype) if input_map else None

    def forward(
        self,
        input: Tensor,
        state: PlasticState | None = None,
        clamp: Tensor | None = None,
        *,
        hidden: Tensor | None = None,
    ) -> tuple[Tensor, PlasticState]:
        """Run over whole sequences.

        Args:
            input: (T, B, input_size), or (B, T, input_size) when `batch_first`.
            state: where the episodes stand, (hidden (B, N), trace (B, N, N), ...); empty when left out.
            clamp: bool of the input's shape; where true the unit takes the input's value. Needs `input_map=False`.
            hidden: replay. The output that `step` has already computed for exactly these inputs, this state and
                these parameters, (T, B, N) or (B, T, N): only what the backward pass needs is computed then.

        Returns the activities, (T, B, N) or (B, T, N), and the state after the last step.
        """
        like, lead = self.weight, ("B", "T") if self.batch_first else ("T", "B")
        checks.sequence("input", input, (*lead, self.input_size), like)
        shape = (*input.shape[:2], self.hidden_size)
        batch_size = input.shape[0 if self.batch_first else 1]
        if state is not None:
            state = self._check_state(state, batch_size)
        if clamp is not None:
            self._check_clamp(clamp, input)
        if hidden is not None:
            checks.tensor("hidden", hidden, shape, like)
        sequences = (self._drive(input), clamp, hidden)
        if self.batch_first:
            sequences = tuple(None if s is None else s.transpose(0, 1) for s in sequences)
        drive, clamp, hidden = sequences
        output, state = recurrence.unroll(
            drive, self.weight, self.alpha, self.rule, state, clamp, hidden, self.implementation, self.chunk_size
        )
        return (output.transpose(0, 1) if self.batch_first else output), state

    def step(
        self, input: Tensor, state: PlasticState | None = None, clamp: Tensor | None = None
    ) -> tuple[Tensor, PlasticState]:
        """One time step, for acting: input (B, input_size) -> output (B, N), the next state.

        >>> layer = PlasticRNN(3, 8)
        >>> output, state = layer.step(torch.ones(2, 3), layer.initial_state(2))
        >>> output, state = layer.step(torch.ones(2, 3), state)
        """
        checks.sequence("input", input, ("B", self.input_size), self.weight)
        state = self.initial_state(len(input)) if state is None else self._check_state(state, len(input))
        if clamp is not None:
            self._check_clamp(clamp, input)
        state = direct.step(self._drive(input), state, self.weight, self.alpha, self.rule, clamp)
        return state.hidden, state

    def _drive(self, input: Tensor) -> Tensor:
        return input if self.input_map is None else self.input_map(input)

    def _check_clamp(self, clamp: Tensor, input: Tensor) -> None:
        if self.input_map is not None:
            raise InvalidInput("clamp needs input_map=False: only then does each input belong to one unit")
        checks.mask("clamp", clamp, tuple(input.shape), input)

    def extra_repr(self) -> str:
        return (
            f"{self.input_size}, {self.hidden_size}, {self._describe_plasticity()}, "
            f"batch_first={self.batch_first}, implementation={self.implementation}"
        )
