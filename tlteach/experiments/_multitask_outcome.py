"""What a run of the second paper's experiment leaves behind, whatever its method."""

from typing import Any

import torch
from torch import Tensor, nn

Step = tuple[int, int, dict[str, float], nn.Module, Any]  # step, of how many, metrics, what is left, checkpoint of it


class Outcome(nn.Module):
    """The test of a run, as a module whose `state_dict` is kept; methods add the networks that they train.

    tasks: (P, K). real: (stages + 1, P) returns of these tasks; NaN for what was not run.
    """

    measured: tuple[str, ...] = ("real",)  # buffers that a checkpoint holds

    def __init__(self, tasks: Tensor, stages: int = 0):
        super().__init__()
        self.register_buffer("tasks", tasks)
        self.register_buffer("real", torch.full((stages + 1, len(tasks)), torch.nan))

    def kept(self) -> dict[str, Tensor]:
        """A copy of what was measured, for a checkpoint."""
        return {name: getattr(self, name).clone() for name in self.measured}

    def fill(self, kept: dict[str, Tensor]) -> None:
        """Put what `kept` gave back in its place."""
        for name, value in kept.items():
            getattr(self, name).copy_(value)
