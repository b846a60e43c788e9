"""Adam (Kingma & Ba 2015) without the bookkeeping of `torch.optim`, which costs more than a small network's step."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class Adam:
    """The same steps as `torch.optim.Adam`, whose fused kernel it calls, on gradients that it is handed.

    Args:
        parameters: what it changes, in place.
        learning_rate: size of a step.
        weight_decay: of a penalty weight_decay / 2 * |parameters|^2, added to the gradient.
    """

    def __init__(self, parameters: Sequence[Tensor], learning_rate: float, weight_decay: float = 0.0):
        self.parameters = list(parameters)
        self.mean = [torch.zeros_like(p, requires_grad=False) for p in self.parameters]
        self.square = [torch.zeros_like(p, requires_grad=False) for p in self.parameters]
        self.count = torch.zeros((), device=self.parameters[0].device)
        self._one = torch.ones_like(self.count)
        self._counts = [self.count] * len(self.parameters)
        self._options = dict(lr=learning_rate, weight_decay=weight_decay, beta1=0.9, beta2=0.999, eps=1e-8)

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """One step against `gradients`, of the parameters' shapes."""
        self.count.add_(self._one)
        torch._fused_adam_(
            self.parameters, list(gradients), self.mean, self.square, [], self._counts,
            amsgrad=False, maximize=False, **self._options,
        )  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """The state itself, not a copy."""
        return {"mean": self.mean, "square": self.square, "count": self.count}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Copy `state` into this one."""
        self.count.copy_(state["count"])
        for mine, given in ((self.mean, state["mean"]), (self.square, state["square"])):
            for to, value in zip(mine, given, strict=True):
                to.copy_(value)
