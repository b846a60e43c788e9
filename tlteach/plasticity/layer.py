"""What the plastic layers have in common: connections with a fixed part, a plastic part, and a rule."""

import torch
from torch import Tensor, nn

from tlteach.errors import InvalidInput
from tlteach.plasticity import checks
from tlteach.plasticity.rules import Rule, make_rule
from tlteach.plasticity.state import PlasticState, empty_state

PLASTICITY = ("per_connection", "shared", "none")
INITIAL = 0.01  # scale of weight and alpha at the start, as in the authors' programs


class PlasticLayer(nn.Module):
    """Connections of strength `weight + alpha * trace`, all [pre, post].

    `weight` and `alpha` are learned by gradient descent, across episodes; the trace is written by `rule` as the
    layer runs, within one episode. With plasticity "none", `alpha` and `rule` are None.
    """

    def __init__(self, pre_size: int, post_size: int, rule: str | Rule, plasticity: str, device, dtype):
        super().__init__()
        checks.choice("plasticity", plasticity, PLASTICITY)
        if dtype is not None and not dtype.is_floating_point:
            raise InvalidInput(f"a layer needs a real floating-point dtype, got {dtype}")
        self.plasticity = plasticity
        made = make_rule(rule, pre_size, post_size, device, dtype)
        self.rule = None if plasticity == "none" else made
        self.weight = nn.Parameter(torch.empty(pre_size, post_size, device=device, dtype=dtype))
        shape = {"per_connection": (pre_size, post_size), "shared": (), "none": None}[plasticity]
        alpha = None if shape is None else nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        self.register_parameter("alpha", alpha)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Weights and alphas .01 * N(0, 1), as in the paper's pattern and image experiments; a shared alpha is .01."""
        nn.init.normal_(self.weight, std=INITIAL)
        if self.plasticity == "per_connection":
            nn.init.normal_(self.alpha, std=INITIAL)
        elif self.plasticity == "shared":
            nn.init.constant_(self.alpha, INITIAL)

    @property
    def eta(self) -> nn.Parameter | None:
        """The learned rate of the rule; None for a rule without one and where nothing is plastic."""
        return getattr(self.rule, "eta", None)

    def effective_weight(self, trace: Tensor | None) -> Tensor:
        """weight + alpha * trace: (B, N_pre, N_post), or (N_pre, N_post) where nothing is plastic."""
        return self.weight if self.rule is None else self.weight + self.alpha * trace

    def initial_state(self, batch_size: int) -> PlasticState:
        """The empty state in which `batch_size` episodes start: activities and traces zero."""
        checks.sizes(batch_size=batch_size)
        return empty_state(batch_size, self.weight, self.rule)

    def _check_state(self, state: PlasticState, batch_size: int) -> PlasticState:
        kind = PlasticState if self.rule is None else self.rule.State
        checks.state(state, kind._fields, batch_size, self.weight, self.rule is not None)
        return kind(*state)

    def _describe_plasticity(self) -> str:
        return f"plasticity={self.plasticity}" + ("" if self.rule is None else f", rule={self.rule.name}")
