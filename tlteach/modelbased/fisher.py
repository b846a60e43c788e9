"""Products with the Fisher matrix of a Gaussian policy, in closed form: F v = J' M J v (spec 1.4).

J is the Jacobian of the mean action and the log standard deviation with respect to the parameters, M the Fisher matrix
of the Gaussian itself: 1 / variance for each component of the mean, 2 for its log standard deviation. J v is carried
forward through the network, J' u backward; both use the activations of one forward pass.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from tlteach.modelbased.passes import Passes
from tlteach.modelbased.policies import GaussianPolicy

Matrix = Callable[[Tensor], Tensor]


@torch.no_grad()
def forward(policy: GaussianPolicy, obs: Tensor) -> Passes:
    """The forward pass of the policy's network on obs ([P,] B, O)."""
    passes = Passes(policy.net, obs.shape[-2])
    passes.outputs[0] = policy.normaliser(obs).view(policy.n or 1, *obs.shape[-2:])
    passes.forward()
    return passes


def fisher_product(policy: GaussianPolicy, obs: Tensor, passes: Passes | None = None) -> Matrix:
    """v -> F v, F the Hessian of the mean KL(old || new) where new = old: the Fisher matrix of the policy.

    obs ([P,] B, O), v ([P,] D). F is never built.
    passes: `forward(policy, obs)` where it is known.
    """
    passes, trained = passes or forward(policy, obs), policy.trained()
    precision = (-2 * policy.log_std.detach()).exp().view(policy.n or 1, 1, -1) / obs.shape[-2]

    @torch.no_grad()
    def product(v: Tensor) -> Tensor:
        *direction, log_std = unflatten(v, trained)
        passes.backward(passes.tangent(direction).mul_(precision))
        return flatten([*passes.gradients, 2 * log_std], policy.n)

    return product


def flatten(tensors: Sequence[Tensor], n: int | None) -> Tensor:
    """Parameters, each ([n,] ...), side by side: ([n,] D)."""
    return torch.cat([x.reshape(-1) if n is None else x.reshape(n, -1) for x in tensors], -1)


def unflatten(vector: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """The inverse of `flatten`."""
    lead = vector.shape[:-1]
    sizes = [x[(0,) * len(lead)].numel() for x in like]
    return [part.reshape(x.shape) for part, x in zip(vector.split(sizes, -1), like, strict=True)]


def read(policy: GaussianPolicy) -> Tensor:
    """A copy of what an optimiser changes, as a vector: ([P,] D)."""
    return flatten([p.detach() for p in policy.trained()], policy.n)


@torch.no_grad()
def write(policy: GaussianPolicy, vector: Tensor) -> None:
    """The inverse of `read`, in place."""
    for parameter, value in zip(policy.trained(), unflatten(vector, policy.trained()), strict=True):
        parameter.copy_(value)
