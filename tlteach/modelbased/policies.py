"""Policies and values: small networks, one or those of many tasks in one batched computation (spec 1.4).

With n=None they are ordinary networks: obs (..., O). With n=P they are P of each: obs (P, ..., O), row p for network p.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tlteach import checks
from tlteach.modelbased.mlp import MLP
from tlteach.modelbased.normaliser import Normaliser


@dataclass(frozen=True)
class Gaussian:
    """Independent normal distributions of the components of an action.

    mean, log_std: (..., A). Sums over the components are what `log_prob`, `kl` and `entropy` return: (...).
    """

    mean: Tensor
    log_std: Tensor

    def sample(self, generator: torch.Generator | None) -> Tensor:
        """A draw, (..., A), through which gradients flow to the mean and the spread. generator=None gives the mean."""
        if generator is None:
            return self.mean
        noise = torch.randn(self.mean.shape, generator=generator, device=generator.device, dtype=self.mean.dtype)
        return self.at(noise.to(self.mean.device))

    def at(self, noise: Tensor | None) -> Tensor:
        """mean + std * noise, (..., A); None for none."""
        return self.mean if noise is None else self.mean + self.log_std.exp() * noise

    def log_prob(self, action: Tensor) -> Tensor:
        z = (action - self.mean) * (-self.log_std).exp()
        return -(0.5 * z.square() + self.log_std + 0.5 * math.log(2 * math.pi)).sum(-1)

    def kl(self, other: "Gaussian") -> Tensor:
        """KL(self || other)."""
        ratio = (2 * (self.log_std - other.log_std)).exp()
        shift = ((self.mean - other.mean) * (-other.log_std).exp()).square()
        return (other.log_std - self.log_std + 0.5 * (ratio + shift - 1)).sum(-1)

    def entropy(self) -> Tensor:
        return (self.log_std + 0.5 * math.log(2 * math.pi * math.e)).sum(-1)

    def detach(self) -> "Gaussian":
        """A copy without a graph, which stays as it is when the policy's parameters are changed in place."""
        return Gaussian(self.mean.detach().clone(), self.log_std.detach().clone())


class GaussianPolicy(nn.Module):
    """Actions from N(network(normalised obs), exp(log_std)^2); log_std does not depend on the state.

    The network begins near zero (normc, 1 in the hidden layers and 0.01 at the output). Actions are not bounded here:
    the worlds cut them to [-1, 1].

    Args:
        obs_size, action_size: lengths of the vectors.
        normaliser: of observations; shared with the dynamics model, never changed here.
        generator: draws the initial weights.
        hidden: widths of the layers; () makes a linear policy.
        activation: of these layers, "tanh" (the authors'), "relu" or "silu".
        n: number of policies, or None.
        log_std: initial value.
    """

    def __init__(
        self,
        obs_size: int,
        action_size: int,
        normaliser: Normaliser,
        generator: torch.Generator,
        *,
        hidden: tuple[int, ...] = (32, 32),
        activation: str = "tanh",
        n: int | None = None,
        log_std: float = 0.0,
        device=None,
        dtype=None,
    ):
        super().__init__()
        checks.whole(1, obs_size=obs_size, action_size=action_size)
        self.n, self.normaliser = n, normaliser
        self.net = MLP((obs_size, *hidden, action_size), activation, n, device=device, dtype=dtype)
        self.net.normc_([1.0] * len(hidden) + [0.01], generator)
        shape = (action_size,) if n is None else (n, action_size)
        self.log_std = nn.Parameter(torch.full(shape, log_std, device=device, dtype=dtype))

    def forward(self, obs: Tensor) -> Gaussian:
        """obs ([P,] ..., O) -> distribution of actions ([P,] ..., A)."""
        mean = self.net(self.normaliser(obs))
        log_std = self.log_std if self.n is None else self.log_std.view(self.n, *[1] * (mean.ndim - 2), -1)
        return Gaussian(mean, log_std.expand_as(mean))

    def trained(self) -> list[nn.Parameter]:
        """What an optimiser changes."""
        return [*self.net.parameters(), self.log_std]


class Value(nn.Module):
    """Expected return from a state: a tanh network on the normalised observation.

    Arguments as of `GaussianPolicy`.
    """

    def __init__(
        self,
        obs_size: int,
        normaliser: Normaliser,
        generator: torch.Generator,
        *,
        hidden: tuple[int, ...] = (64, 64),
        n: int | None = None,
        device=None,
        dtype=None,
    ):
        super().__init__()
        self.n, self.normaliser = n, normaliser
        self.net = MLP((obs_size, *hidden, 1), "tanh", n, device=device, dtype=dtype)
        self.net.normc_([1.0] * len(hidden) + [0.01], generator)

    def forward(self, obs: Tensor) -> Tensor:
        """obs ([P,] ..., O) -> ([P,] ...)."""
        return self.net(self.normaliser(obs)).squeeze(-1)

    def trained(self) -> list[nn.Parameter]:
        """What an optimiser changes."""
        return list(self.net.parameters())


@torch.no_grad()
def keep_actions(policy: GaussianPolicy, mean: Tensor, std: Tensor) -> None:
    """Change the first layer such that the policy does what it did when these were the moments of its normaliser.

    Real steps move the moments that a policy looks through. Few steps hardly move those of many; where all steps are
    few, a policy that has practised would be spoiled. (x - m) / s = (m' - m) / s + s' / s (x - m') / s'.
    """
    weight, bias, norm = policy.net.weights[0], policy.net.biases[0], policy.normaliser
    bias += ((norm.mean - mean) / std) @ weight
    weight *= (norm.std / std)[:, None]
