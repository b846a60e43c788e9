"""Noise that is added to actions when real data is collected (spec 1.4)."""

from collections.abc import Callable

import torch
from torch import Tensor

from tlteach.modelbased.policies import GaussianPolicy


def explorer(
    policy: GaussianPolicy, generator: torch.Generator, theta: float = 0.15, sigma: float = 0.3
) -> Callable[[Tensor], Tensor]:
    """obs (W, O) -> actions (W, A): samples of the policy plus an Ornstein-Uhlenbeck process of each world.

    noise' = (1 - theta) noise + sigma N(0, 1): noise that lasts about 1 / theta steps. sigma=0 adds none.
    """
    noise: Tensor | float = 0.0

    @torch.no_grad()
    def act(obs: Tensor) -> Tensor:
        nonlocal noise
        action = policy(obs).sample(generator)
        if sigma:
            drawn = torch.randn(action.shape, generator=generator, device=generator.device, dtype=action.dtype)
            noise = (1 - theta) * noise + sigma * drawn.to(action.device)
        return action + noise

    return act
