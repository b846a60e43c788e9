"""Rules whose rate the network sets itself: neuromodulated plasticity (Miconi et al. 2019, "Backpropamine", 3.1, 3.2).

Published programs differ in details; these have the fan-out of the authors' self-contained maze, one rate for each
postsynaptic unit, and its bound on the trace. Specification A7.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tlteach.plasticity.rules import Rule, outer, register_rule

CLIP = 2.0


class Rates(nn.Module):
    """M_j(t) = fan_j * tanh(m . h(t) + b) + c_j: post (B, N) -> (B, N)."""

    def __init__(self, size: int, device=None, dtype=None):
        super().__init__()
        self.modulator = nn.Linear(size, 1, device=device, dtype=dtype)
        self.fan = nn.Linear(1, size, device=device, dtype=dtype)

    def forward(self, post: Tensor) -> Tensor:
        return self.fan(torch.tanh(self.modulator(post)))


@register_rule("modulated")
class Modulated(Rule):
    """Simple neuromodulation:  Hebb_ij <- clip( Hebb_ij + M_j(t) * x_i(t-1) * x_j(t) ).

    Nothing fades by itself; what the network says through M, of either sign, is what is written.

    Args:
        size: postsynaptic units.
        clip: bound on each trace entry.
    """

    def __init__(self, size: int, *, clip: float | None = CLIP, device=None, dtype=None):
        super().__init__(clip=clip)
        self.rates = Rates(size, device, dtype)

    @classmethod
    def for_layer(cls, pre_size: int, post_size: int, **factory) -> "Modulated":
        return cls(post_size, **factory)

    def update(self, trace: Tensor, pre: Tensor, post: Tensor) -> Tensor:
        return trace + outer(pre, self.rates(post) * post)


@register_rule("retroactive")
class Retroactive(Rule):
    """Retroactive neuromodulation: what M writes is what was active of late, kept in an eligibility trace E.

        Hebb_ij <- clip( Hebb_ij + M_j(t) * E_ij ),      then      E_ij <- (1 - eta) * E_ij + eta * x_i(t-1) * x_j(t).

    Args:
        size: postsynaptic units.
        eta: how fast E learns and forgets, learned.
        clip: bound on each trace entry.
    """

    class State(NamedTuple):
        """hidden (B, N); trace, eligibility (B, N_pre, N_post)."""

        hidden: Tensor
        trace: Tensor
        eligibility: Tensor

    def __init__(self, size: int, eta: float = 0.01, *, clip: float | None = CLIP, device=None, dtype=None):
        super().__init__(clip=clip)
        self.rates = Rates(size, device, dtype)
        self.eta = nn.Parameter(torch.tensor(float(eta), device=device, dtype=dtype or torch.get_default_dtype()))

    @classmethod
    def for_layer(cls, pre_size: int, post_size: int, **factory) -> "Retroactive":
        return cls(post_size, **factory)

    def update(self, trace: Tensor, pre: Tensor, post: Tensor, eligibility: Tensor) -> tuple[Tensor, Tensor]:
        written = trace + self.rates(post).unsqueeze(-2) * eligibility
        return written, (1 - self.eta) * eligibility + self.eta * outer(pre, post)
