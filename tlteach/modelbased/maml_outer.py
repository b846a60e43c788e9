"""MAML's outer loop (Finn et al. 2017, algorithm 3, line 10): TRPO on theta, through the adaptation of each task.

U_p is the adaptation to task p, theta'_p = U_p(theta), J_p its Jacobian. The objective is the mean over the tasks of
TRPO's surrogate at theta'_p; its gradient is the mean of J_p' g_p. The Hessian of the mean KL is the mean of
J_p' F_p J_p with the Fisher matrix F_p at theta'_p: the KL's own gradient vanishes there. First order means J_p = 1.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from tlteach.errors import Diverged
from tlteach.modelbased.critic import Batch
from tlteach.modelbased.fisher import fisher_product, forward, read, write
from tlteach.modelbased.maml_inner import InnerStep
from tlteach.modelbased.policies import Gaussian, GaussianPolicy
from tlteach.modelbased.trpo import TRPOConfig, conjugate_gradient, dot, surrogate, surrogate_gradient


class Adapted:
    """A task's part of the objective, its gradient and its Hessian of the KL; all as functions of theta, (D,).

    Tasks are computed one after the other: what belongs to one fits into the processor's cache.

    Args:
        policy: at theta', with n=1; `tried` moves it.
        steps: of the adaptation that brought it there, in their order, called with `differentiable=True`.
        batch: of the adapted policy, (1, B, ...).
        config: of TRPO; `fisher_every` as it is there, and in the Jacobians around the Fisher matrix.
        first_order: leave the second derivatives out.
    """

    def __init__(
        self,
        policy: GaussianPolicy,
        steps: Sequence[InnerStep],
        batch: Batch,
        config: TRPOConfig,
        first_order: bool = False,
    ):
        self.policy, self.steps, self.batch, self.config = policy, steps, batch, config
        self._chain = () if first_order else tuple(steps)
        self._passes = forward(policy, batch.obs)
        self._old = self._gaussian().detach()
        self._before = self._surrogate(self._old)
        if config.fisher_every == 1:
            self._fisher = fisher_product(policy, batch.obs, self._passes)
        else:
            self._fisher = fisher_product(policy, batch.obs[:, :: config.fisher_every])

    def gradient(self) -> Tensor:
        """J' g, (D,)."""
        coefficient = self.config.entropy_coefficient
        g = surrogate_gradient(self.policy, self._passes, self._old, self.batch, coefficient)  # (1, D)
        return self._back(g, part=False)

    def fisher_product(self, v: Tensor) -> Tensor:
        """J' F J v, (D,) -> (D,)."""
        v = v[None]
        for step in self._chain:
            v = step.jacobian_product(v, part=True)
        return self._back(self._fisher(v), part=True)

    def tried(self, theta: Tensor) -> Tensor:
        """Gain of the objective and mean KL after adapting from another theta on the same data: (2,)."""
        write(self.policy, theta[None])
        for step in self.steps:
            step(self.policy)
        self._passes.forward()
        new = self._gaussian()
        return torch.stack([self._surrogate(new) - self._before, self._old.kl(new).mean()])

    def _back(self, v: Tensor, part: bool) -> Tensor:
        for step in reversed(self._chain):
            v = step.jacobian_product(v, part=part)  # J is symmetric
        return v[0]

    def _gaussian(self) -> Gaussian:
        mean = self._passes.outputs[-1]  # (1, B, A)
        return Gaussian(mean, self.policy.log_std.detach()[:, None].expand_as(mean))

    def _surrogate(self, new: Gaussian) -> Tensor:
        return surrogate(new, self._old, self.batch, self.config.entropy_coefficient)[0]


@torch.no_grad()
def outer_step(policy: GaussianPolicy, tasks: Sequence[Adapted], config: TRPOConfig) -> dict[str, float]:
    """Change theta, the parameters of `policy`; metrics `kl`, `improvement` of the objective, `scale` (0: no step).

    Raises Diverged where the gradient is not finite. Theta is then as it was, as it is where no step is good enough.
    """
    start, gradient = read(policy), mean(task.gradient() for task in tasks)
    if not gradient.isfinite().all():
        raise Diverged(
            "the gradient through the adaptation is not finite; a smaller fast_lr, or first_order=True, may help. "
            "The policy is as it was before this step"
        )

    def damped(v: Tensor) -> Tensor:
        return mean(task.fisher_product(v) for task in tasks) + config.damping * v

    direction = conjugate_gradient(damped, gradient, config.cg_steps)
    quadratic = 0.5 * dot(direction, gradient)  # x A x / 2: conjugate gradients leave a residual b - A x across x
    length = torch.where(quadratic > 0, (config.max_kl / quadratic).sqrt(), 0.0)  # the quadratic model's KL is max_kl
    for halvings in range(config.backtracks):
        scale = 0.5**halvings
        theta = start + scale * length * direction
        gain, kl = mean(task.tried(theta) for task in tasks).tolist()
        if gain >= 0 and kl <= 1.5 * config.max_kl:  # NaN is neither
            write(policy, theta)
            return {"kl": kl, "improvement": gain, "scale": scale}
    return {"kl": 0.0, "improvement": 0.0, "scale": 0.0}


def mean(values) -> Tensor:
    """Of a few tensors, made one after the other."""
    values = list(values)
    return torch.stack(values).mean(0)
