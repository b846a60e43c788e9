"""Trust region policy optimisation (Schulman et al. 2015), as the authors use it (spec 1.4); of many policies at once.

A vector of parameters is (D,), or (P, D) for P policies; products and norms are each policy's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tlteach import checks
from tlteach.modelbased.critic import Batch, Critic
from tlteach.modelbased.policies import Gaussian, GaussianPolicy
from tlteach.modelbased.virtual import Rollout, World

Matrix = Callable[[Tensor], Tensor]


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

    def update(self, world: World, start: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        return self.improve(world.rollout(self.policy, start, world.horizon, generator), generator)

    def improve(self, rollout: Rollout, generator: torch.Generator) -> dict[str, Tensor]:
        """One step of the policy and one regression of the value on a rollout of this policy, virtual or real."""
        batch = self.critic.batch(rollout)
        metrics = self.step(batch)
        return {"return": rollout.total, **metrics, "value_loss": self.critic.fit(batch, generator)}

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """The step on the policy: metrics `kl`, `improvement` (of the surrogate), `scale` (0: no step), `entropy`."""
        c, parameters, old_vector = self.config, self.policy.trained(), self._vector()
        old = self.policy(batch.obs)
        before = surrogate(old, old.detach(), batch, c.entropy_coefficient)
        gradient = self._flat(torch.autograd.grad(before.sum(), parameters))
        before, old = before.detach(), old.detach()

        fisher = fisher_product(self.policy, batch.obs[..., :: c.fisher_every, :])

        def damped(v: Tensor) -> Tensor:
            return fisher(v) + c.damping * v

        direction = conjugate_gradient(damped, gradient, c.cg_steps)
        quadratic = 0.5 * dot(direction, damped(direction))
        # of length such that the quadratic model of the KL (with its damping) is max_kl; no gradient, no step
        length = torch.where(quadratic > 0, (c.max_kl / quadratic).sqrt(), 0.0)
        return self._line_search(batch, old, before, old_vector, length[..., None] * direction)

    @torch.no_grad()
    def _line_search(self, batch: Batch, old: Gaussian, before: Tensor, start: Tensor, full: Tensor):
        """Halve the step of each policy until it is good enough; without success it stays where it was."""
        c, scale = self.config, torch.ones_like(before)
        accepted = torch.zeros_like(before, dtype=torch.bool)
        for _ in range(c.backtracks):
            self._write(start + scale[..., None] * full)
            new = self.policy(batch.obs)
            gain = surrogate(new, old, batch, c.entropy_coefficient) - before
            accepted = (gain >= 0) & (old.kl(new).mean(-1) <= 1.5 * c.max_kl)  # NaN is not accepted
            if accepted.all():
                break
            scale = torch.where(accepted, scale, 0.5 * scale)
        if not accepted.all():
            scale = torch.where(accepted, scale, 0.0)
            self._write(start + torch.where(accepted[..., None], scale[..., None] * full, 0.0))
            new = self.policy(batch.obs)
        return {
            "kl": old.kl(new).mean(-1),
            "improvement": surrogate(new, old, batch, c.entropy_coefficient) - before,
            "scale": scale,
            "entropy": new.entropy().mean(-1),
        }

    def _flat(self, tensors: Sequence[Tensor]) -> Tensor:
        return flatten(tensors, self.policy.n)

    def _vector(self) -> Tensor:
        return self._flat([p.detach() for p in self.policy.trained()])

    @torch.no_grad()
    def _write(self, vector: Tensor) -> None:
        for parameter, value in zip(self.policy.trained(), unflatten(vector, self.policy.trained()), strict=True):
            parameter.copy_(value)


def surrogate(new: Gaussian, old: Gaussian, batch: Batch, entropy_coefficient: float) -> Tensor:
    """What TRPO maximises, E[ratio * advantage] + coefficient * entropy, the entropy cut to +-2: () or (P,)."""
    ratio = (new.log_prob(batch.action) - old.log_prob(batch.action)).exp()  # ([P,] B)
    return (ratio * batch.advantage).mean(-1) + entropy_coefficient * new.entropy().mean(-1).clamp(-2, 2)


def fisher_product(policy: GaussianPolicy, obs: Tensor) -> Matrix:
    """v -> F v, F the Hessian of the mean KL(old || new) where new = old: the Fisher matrix of the policy.

    obs ([P,] B, O). By differentiating the gradient of the KL along v, without ever building F.
    """
    parameters, new = policy.trained(), policy(obs)
    kl = new.detach().kl(new).mean(-1)  # () or (P,)
    gradient = flatten(torch.autograd.grad(kl.sum(), parameters, create_graph=True), policy.n)

    def product(v: Tensor) -> Tensor:
        return flatten(torch.autograd.grad((gradient * v).sum(), parameters, retain_graph=True), policy.n)

    return product


@torch.no_grad()
def conjugate_gradient(matrix: Matrix, b: Tensor, n_steps: int, tolerance: float = 1e-10) -> Tensor:
    """x with matrix(x) = b, nearly, after `n_steps` steps (Hestenes & Stiefel 1952): b (..., D) -> (..., D).

    matrix: a product with a symmetric positive definite matrix. Systems whose squared residual is below `tolerance`
    rest.
    """
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = dot(r, r)
    for _ in range(n_steps):
        with torch.enable_grad():
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


def flatten(tensors: Sequence[Tensor], n: int | None) -> Tensor:
    """Parameters, each ([n,] ...), side by side: ([n,] D)."""
    return torch.cat([x.reshape(-1) if n is None else x.reshape(n, -1) for x in tensors], -1)


def unflatten(vector: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """The inverse of `flatten`."""
    lead = vector.shape[:-1]
    sizes = [x[(0,) * len(lead)].numel() for x in like]
    return [part.reshape(x.shape) for part, x in zip(vector.split(sizes, -1), like, strict=True)]
