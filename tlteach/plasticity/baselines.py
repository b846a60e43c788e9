"""What plastic networks are compared with: a tanh RNN and an LSTM, behind the interface of `PlasticRNN`.

`output, state = layer(input, state=None)` with input (T, B, input_size) and output (T, B, hidden_size).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from tlteach.errors import InvalidInput
from tlteach.plasticity import checks

# The paper's clamped LSTM (spec A2): a driven unit must follow its input, whatever the rest of the network says.
CLAMP_INPUT, CLAMP_OPEN, CLAMP_SHUT = 10.0, 10.0, -1000.0


class LSTM(nn.Module):
    """`torch.nn.LSTM` of one layer, with the paper's clamping as an option.

    With `clamp=True` the first `input_size` hidden units are tied to the inputs, one each, as in the authors'
    LSTM: of the inputs, their cell gate sees only input i (weight 10), and biases hold their input and output gates
    open (10) and their forget gate shut (-1000). Unless the learned gate weights say otherwise, a unit whose input is
    +-1 times a gain then shows about +-0.76 at once, and a unit whose input is 0 is left to the recurrent connections.
    The ties take the place of what is stored, at every call: no optimiser undoes them.

    Args:
        input_size: number of inputs.
        hidden_size: number of units, at least `input_size` when clamped.
        clamp: impose the ties.

    Raises InvalidInput for sizes below one, a clamped layer with fewer units than inputs, and, when it is called, what
    does not fit the layer or holds a NaN.

    Source: Miconi et al. 2018, section 4.1 (comparison with an LSTM), and the authors' program.
    """

    def __init__(self, input_size: int, hidden_size: int, *, clamp: bool = False, device=None, dtype=None):
        super().__init__()
        checks.sizes(input_size=input_size, hidden_size=hidden_size)
        if clamp and hidden_size < input_size:
            raise InvalidInput(f"a clamped LSTM needs hidden_size >= input_size, got {hidden_size} < {input_size}")
        self.input_size, self.hidden_size, self.clamp = input_size, hidden_size, clamp
        self.lstm = nn.LSTM(input_size, hidden_size, device=device, dtype=dtype)

    def forward(self, input: Tensor, state: tuple[Tensor, Tensor] | None = None):
        """input (T, B, input_size) -> output (T, B, hidden_size), state (hidden (1, B, H), cell (1, B, H))."""
        checks.sequence("input", input, ("T", "B", self.input_size), self.lstm.weight_ih_l0)
        if state is not None:
            self._check_state(state, input.shape[1])
        if not self.clamp:
            return self.lstm(input, state)
        return functional_call(self.lstm, self._tied(), (input, state))

    def _tied(self) -> dict[str, Tensor]:
        """The parameters with the ties in place: new tensors, since an earlier call may still wait for its gradient."""
        n, lstm = self.input_size, self.lstm
        i, f, c, o = lstm.weight_ih_l0.unflatten(0, (4, -1))  # (H, n) each: input, forget, cell, output gate
        c = torch.cat([CLAMP_INPUT * torch.eye(n, dtype=c.dtype, device=c.device), c[n:]])
        bias = lstm.bias_ih_l0.unflatten(0, (4, -1))  # (4, H)
        ties = bias.new_tensor([CLAMP_OPEN, CLAMP_SHUT, 0.0, CLAMP_OPEN])[:, None].expand(4, n)
        return {
            "weight_ih_l0": torch.cat([i, f, c, o]),  # (4 H, n)
            "bias_ih_l0": torch.cat([ties, bias[:, n:]], 1).flatten(),  # (4 H,)
            "bias_hh_l0": torch.zeros_like(lstm.bias_hh_l0),
        }

    def _check_state(self, state: tuple[Tensor, Tensor], batch_size: int) -> None:
        if not isinstance(state, tuple) or len(state) != 2:
            raise InvalidInput(f"state must be the tuple (hidden, cell), got {type(state).__name__}")
        for name, value in zip(("hidden", "cell"), state, strict=True):
            checks.tensor(f"state.{name}", value, (1, batch_size, self.hidden_size), self.lstm.weight_ih_l0)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}, clamp={self.clamp}"


def parameter_count(module: nn.Module) -> int:
    """Number of learned scalars of `module`."""
    return sum(p.numel() for p in module.parameters())


def width_matching(build: Callable[[int], nn.Module], n_parameters: int) -> int:
    """The largest width whose network `build(width)` has at most `n_parameters` learned scalars.

    Nothing is allocated: the networks are built on torch's meta device.

    Raises InvalidInput when even width 1 has more than `n_parameters`.

    >>> width_matching(lambda n: nn.RNN(5, n), 1000)
    28
    """

    def size(width: int) -> int:
        with torch.device("meta"):
            return parameter_count(build(width))

    if size(1) > n_parameters:
        raise InvalidInput(f"no network of this kind is as small as {n_parameters} parameters: one unit has {size(1)}")
    low, high = 1, 2  # size(low) <= n_parameters throughout
    while size(high) <= n_parameters:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size(middle) <= n_parameters else (low, middle)
    return low
