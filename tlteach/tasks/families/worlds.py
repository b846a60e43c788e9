"""Many copies of one environment, stepped together so that a policy is called once for all of them."""

from typing import Protocol

from torch import Tensor


class Worlds(Protocol):
    """n environments without reward, task or time limit: those are the family's and the collector's."""

    def reset(self, which: list[int] | None = None) -> Tensor:
        """Start a new episode in all worlds, or in those of `which`; (n, obs_size) observations of all."""
        ...

    def step(self, action: Tensor) -> Tensor:
        """Act: (m, action_size) in the first m worlds, clipped to [-1, 1]; (n, obs_size) observations of all."""
        ...
