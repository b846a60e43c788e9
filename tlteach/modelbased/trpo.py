"""Trust region policy optimisation (Schulman et al. 2015), as the authors use it (spec 1.4); of many policies at once.

A vector of parameters is (D,), or (P, D) for P policies; products and norms are each policy's own.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tlteach import checks
from tlteach.modelbased.critic import Batch, Critic
from tlteach.modelbased.fisher import Matrix, fisher_product, flatten, forward, read, write
from tlteach.modelbased.passes import Passes
from tlteach.modelbased.policies import Gaussian, GaussianPolicy
from tlteach.modelbased.virtual import Rollout, World


@dataclass(frozen=True)
class TRPOConfig:
    """The defaults are the authors'.

    max_kl: wanted KL(old || new), mean over the states.
    cg_steps, damping: of the conjugate gradients on (Fisher matrix + damping) x = gradient.
    backtracks: how often the step may be halved, the first try included. A step is taken if the surrogate does not
        get worse and the KL is at most 1.5 max_kl.
    entropy_coefficient: weight of the entropy, cut to +-2, in what is maximised.
    fisher_every: use every so many-th sample in the Fisher matrix; 1 is the authors' way.

    Raises InvalidInput for values that cannot be used.
    """

    max_kl: float = 0.01
    cg_steps: int = 10
    damping: float = 0.1
    backtracks: int = 10
    entropy_coefficient: float = 0.005
    fisher_every: int = 1

    def __post_init__(self):
        checks.positive(max_kl=self.max_kl, damping=self.damping)
        checks.whole(1, cg_steps=self.cg_steps, backtracks=self.backtracks, fisher_every=self.fisher_every)
        checks.share(entropy_coefficient=self.entropy_coefficient)


class TRPO:
    """See `critic.PolicyOptimizer`. It has no state besides the policy and the critic."""

    def __init__(self, policy: GaussianPolicy, critic: Critic, config: TRPOConfig):
        self.policy, self.critic, self.config = policy, critic, config

    def state_dict(self) -> dict[str, Any]:
        """Nothing: a step needs no more than the policy and the critic."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to load."""

    def update(self, world: World, start: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        return self.improve(world.rollout(self.policy, start, world.horizon, generator), generator)

    def improve(self, rollout: Rollout, generator: torch.Generator) -> dict[str, Tensor]:
        """One step of the policy and one regression of the value on a rollout of this policy, virtual or real."""
        batch = self.critic.batch(rollout)
        metrics = self.step(batch)
        return {"return": rollout.total, **metrics, "value_loss": self.critic.fit(batch, generator)}

    @torch.no_grad()
    def step(self, batch: Batch) -> dict[str, Tensor]:
        """The step on the policy: metrics `kl`, `improvement` (of the surrogate), `scale` (0: no step), `entropy`."""
        c, old_vector = self.config, self._vector()
        passes = forward(self.policy, batch.obs)
        old = self._gaussian(passes).detach()
        before = surrogate(old, old, batch, c.entropy_coefficient)
        gradient = surrogate_gradient(self.policy, passes, old, batch, c.entropy_coefficient)
        if c.fisher_every == 1:
            fisher = fisher_product(self.policy, batch.obs, passes)
        else:
            fisher = fisher_product(self.policy, batch.obs[..., :: c.fisher_every, :])

        def damped(v: Tensor) -> Tensor:
            return fisher(v) + c.damping * v

        direction = conjugate_gradient(damped, gradient, c.cg_steps)
        quadratic = 0.5 * dot(direction, damped(direction))
        # of length such that the quadratic model of the KL (with its damping) is max_kl; no gradient, no step
        length = torch.where(quadratic > 0, (c.max_kl / quadratic).sqrt(), 0.0)
        return self._line_search(passes, batch, old, before, old_vector, length[..., None] * direction)

    def _line_search(self, passes: Passes, batch: Batch, old: Gaussian, before: Tensor, start: Tensor, full: Tensor):
        """Halve the step of each policy until it is good enough; without success it stays where it was."""
        c, scale = self.config, torch.ones_like(before)
        accepted = torch.zeros_like(before, dtype=torch.bool)
        for _ in range(c.backtracks):
            self._write(start + scale[..., None] * full)
            passes.forward()
            new = self._gaussian(passes)
            gain = surrogate(new, old, batch, c.entropy_coefficient) - before
            accepted = (gain >= 0) & (old.kl(new).mean(-1) <= 1.5 * c.max_kl)  # NaN is not accepted
            if accepted.all():
                break
            scale = torch.where(accepted, scale, 0.5 * scale)
        if not accepted.all():
            scale = torch.where(accepted, scale, 0.0)
            self._write(start + torch.where(accepted[..., None], scale[..., None] * full, 0.0))
            passes.forward()
            new = self._gaussian(passes)
        return {
            "kl": old.kl(new).mean(-1),
            "improvement": surrogate(new, old, batch, c.entropy_coefficient) - before,
            "scale": scale,
            "entropy": new.entropy().mean(-1),
        }

    def _gaussian(self, passes: Passes) -> Gaussian:
        mean = passes.outputs[-1] if self.policy.n else passes.outputs[-1][0]
        return Gaussian(mean, self.policy.log_std.unsqueeze(-2).expand_as(mean))

    def _vector(self) -> Tensor:
        return read(self.policy)

    def _write(self, vector: Tensor) -> None:
        write(self.policy, vector)


def surrogate(new: Gaussian, old: Gaussian, batch: Batch, entropy_coefficient: float) -> Tensor:
    """What TRPO maximises, E[ratio * advantage] + coefficient * entropy, the entropy cut to +-2: () or (P,)."""
    ratio = (new.log_prob(batch.action) - old.log_prob(batch.action)).exp()  # ([P,] B)
    return (ratio * batch.advantage).mean(-1) + entropy_coefficient * new.entropy().mean(-1).clamp(-2, 2)


@torch.no_grad()
def surrogate_gradient(
    policy: GaussianPolicy, passes: Passes, old: Gaussian, batch: Batch, entropy_coefficient: float
) -> Tensor:
    """The gradient of `surrogate` where new = old, by hand: ([P,] D). passes: on batch.obs."""
    std = policy.log_std.exp().unsqueeze(-2)
    z = (batch.action - old.mean) / std  # ([P,] B, A)
    weight = batch.advantage[..., None] / batch.advantage.shape[-1]
    passes.backward((weight * z / std).view(policy.n or 1, *z.shape[-2:]))
    uncut = (old.entropy()[..., 0].abs() <= 2)[..., None]
    at_log_std = (weight * (z.square() - 1)).sum(-2) + entropy_coefficient * uncut
    return flatten([*passes.gradients, at_log_std], policy.n)


@torch.no_grad()
def conjugate_gradient(matrix: Matrix, b: Tensor, n_steps: int, tolerance: float = 1e-10) -> Tensor:
    """x with matrix(x) = b, nearly, after `n_steps` steps (Hestenes & Stiefel 1952): b (..., D) -> (..., D).

    matrix: a product with a symmetric positive definite matrix. Systems whose squared residual is below `tolerance`
    rest.
    """
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = dot(r, r)
    for _ in range(n_steps):
        z = matrix(p)
        active = rr > tolerance
        alpha = torch.where(active, rr / dot(p, z), 0.0)
        x += alpha[..., None] * p
        r -= alpha[..., None] * z
        new = dot(r, r)
        p = r + torch.where(active, new / rr, 0.0)[..., None] * p
        rr = new
    return x


def dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(-1)
