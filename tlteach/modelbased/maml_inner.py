"""MAML's inner loop (Finn et al. 2017, algorithm 3): a gradient step of a policy on its task, and its Jacobian.

    theta' = U(theta) = theta - alpha dL/dtheta        J = dU/dtheta = 1 - alpha d2L/dtheta2

L is the mean of -f(l) over the B samples of a fixed batch, l = log pi(a | s). Vanilla policy gradient has f = A l with
the advantage A; PPO has f = min(r A, clip(r) A), r = exp(l - l of the policy that acted). All that is needed of either
is f' and f'' at each sample. Policies are P at once, a vector of their parameters is (P, D).
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from tlteach.modelbased.critic import Batch
from tlteach.modelbased.fisher import flatten, read, unflatten, write
from tlteach.modelbased.hessian import SecondOrder
from tlteach.modelbased.policies import Gaussian, GaussianPolicy


@dataclass(frozen=True)
class Loss:
    """f of the module's docstring. kind: "vpg" or "ppo"; clip: of PPO's ratios."""

    kind: str
    clip: float = 0.2

    def slopes(self, log_prob: Tensor, acted: Tensor, advantage: Tensor) -> tuple[Tensor, Tensor | None]:
        """f' and f'' (None: zero), ([P,] B), at l; `acted` is l of the policy that acted."""
        if self.kind == "vpg":
            return advantage, None
        ratio = (log_prob - acted).exp()
        clipped = torch.where(advantage > 0, ratio > 1 + self.clip, ratio < 1 - self.clip)
        slope = torch.where(clipped, 0.0, ratio * advantage)
        return slope, slope


class Gradient:
    """Of the loss at the policies' present parameters: `vector`, and products with the Hessian there.

    Args:
        policy: P policies.
        batch: obs (P, B, O), action (P, B, A), advantage (P, B).
        acted: (P, B) log pi(a | s) of the policy that acted.
        loss: what is differentiated.
    """

    @torch.no_grad()
    def __init__(self, policy: GaussianPolicy, batch: Batch, acted: Tensor, loss: Loss):
        B = batch.advantage.shape[-1]
        policy = copy.deepcopy(policy)  # which will not be changed
        self.policy, self.passes = policy, SecondOrder(policy.net, B)
        self.passes.outputs[0] = policy.normaliser(batch.obs)
        mean, log_std = self.passes.forward(), policy.log_std.detach()[:, None]  # (P, B, A), (P, 1, A)
        now, self.std = Gaussian(mean, log_std.expand_as(mean)), log_std.exp()
        self.z = z = (batch.action - mean) / self.std
        slope, curvature = loss.slopes(now.log_prob(batch.action), acted, batch.advantage)
        self.slope = slope[..., None] / B  # f' / B, (P, B, 1)
        self.curvature = None if curvature is None else curvature[..., None] / B
        # dl/dmean = z / std, dl/dlog_std = z^2 - 1
        self.passes.backward(-self.slope * z / self.std)
        at_log_std = -(self.slope * (z.square() - 1)).sum(-2)
        self.vector = flatten([*self.passes.gradients, at_log_std], policy.n)  # (P, D)

    @torch.no_grad()
    def hessian_product(self, v: Tensor) -> Tensor:
        """d2L/dtheta2 v: (P, D) -> (P, D). Changes along v are called d_."""
        *direction, d_log_std = unflatten(v, self.policy.trained())
        z, std, d_log_std = self.z, self.std, d_log_std[:, None]
        d_mean = self.passes.tangent(direction)
        d_z = -d_mean / std - z * d_log_std
        change = self.slope * (d_z - z * d_log_std)  # of f' dl/dmean, times std
        at_log_std = 2 * self.slope * z * d_z  # of f' dl/dlog_std
        if self.curvature is not None:
            d_log_prob = (z / std * d_mean + (z.square() - 1) * d_log_std).sum(-1, keepdim=True)
            d_slope = self.curvature * d_log_prob
            change, at_log_std = change + d_slope * z, at_log_std + d_slope * (z.square() - 1)
        gradients = self.passes.backward_change(direction, -change / std)
        return flatten([*gradients, -at_log_std.sum(-2)], self.policy.n)


class InnerStep:
    """One gradient step of P policies, made in place, on fixed data that may be gone through again from elsewhere.

    every: `jacobian_product` may use every so many-th sample only.
    """

    def __init__(self, batch: Batch, acted: Tensor, loss: Loss, rate: float, every: int = 1):
        self.batch, self.acted, self.loss, self.rate, self.every = batch, acted, loss, rate, every

    def __call__(self, policy: GaussianPolicy, *, differentiable: bool = False) -> None:
        """theta <- U(theta). differentiable: prepare `jacobian_product` at the theta that was."""
        gradient = Gradient(policy, self.batch, self.acted, self.loss)
        if differentiable:
            self._whole = self._part = gradient
            if self.every > 1:
                some = torch.arange(0, self.acted.shape[-1], self.every)
                self._part = Gradient(policy, self.batch[some], self.acted[:, some], self.loss)
        write(policy, read(policy) - self.rate * gradient.vector)

    def jacobian_product(self, v: Tensor, *, part: bool = False) -> Tensor:
        """J v, which is J' v, too: (P, D) -> (P, D). part: of the loss on the part of the samples."""
        gradient = self._part if part else self._whole
        return v - self.rate * gradient.hessian_product(v)
