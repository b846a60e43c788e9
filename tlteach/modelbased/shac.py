"""Short-horizon actor-critic (Xu et al. 2022): the gradient of the return, straight through the learned world.

Where the world is differentiable and the reward is known, a policy need not guess from noise which action was good: a
few steps of reward, and the value of where they lead, are differentiated with respect to the policy's parameters.
"""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import relu

from tlteach import checks
from tlteach.modelbased.critic import Critic
from tlteach.modelbased.mlp import clip_gradients
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.modelbased.returns import discounted_returns
from tlteach.modelbased.virtual import Rollout, World, first_episode


@dataclass(frozen=True)
class SHACConfig:
    """window: steps through which gradients flow; a long one is noisy or explodes, a short one trusts the value.

    learning_rate: of Adam, one step a window. grad_clip: of each policy's gradient.
    outside: weight of the squared excess of actions over 1. Beyond, the world cuts them, the reward has no slope, and
        without this a policy could not come back.

    Raises InvalidInput for values that cannot be used.
    """

    window: int = 16
    learning_rate: float = 5e-3
    grad_clip: float = 1.0
    outside: float = 0.1

    def __post_init__(self):
        checks.whole(1, window=self.window)
        checks.positive(learning_rate=self.learning_rate, grad_clip=self.grad_clip, outside=self.outside)


class SHAC:
    """See `critic.PolicyOptimizer`. Its state is that of Adam."""

    def __init__(self, policy: GaussianPolicy, critic: Critic, config: SHACConfig):
        self.policy, self.critic, self.config = policy, critic, config
        self.adam = torch.optim.Adam(policy.trained(), lr=config.learning_rate, fused=True)

    def update(self, world: World, start: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """One step of the policy and one regression of the value for each window of the horizon."""
        obs, total, losses = start, 0.0, []
        first = torch.ones(start.shape[:-1], dtype=torch.bool, device=start.device)  # who is in the first episode
        parameters = self.policy.trained()
        for begun in range(0, world.horizon, self.config.window):
            n_steps = min(self.config.window, world.horizon - begun)
            part = world.rollout(self.policy, obs, n_steps, generator, restart=start, differentiable=True)
            gradients = torch.autograd.grad(-self.objective(part).sum(), parameters)
            clip_gradients(gradients, self.config.grad_clip, self.policy.n)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
            self.adam.step()
            losses.append(self.critic.fit(self.critic.batch(part), generator))
            counted = part.reward.detach() * (first_episode(part.done) & first[..., None, :])
            total, first = total + counted.sum(-2).mean(-1), first & ~part.done.any(-2)
            obs = torch.where(part.done[..., -1, :, None], start, part.next_obs[..., -1, :, :]).detach()
        return {"return": total, "value_loss": torch.stack(losses).mean(0)}

    def objective(self, part: Rollout) -> Tensor:
        """Discounted reward per step, with the value of where the window ends: () or (P,), differentiable.

        Episodes that begin within the window count from their own start.
        """
        next_value = self.critic.value(part.next_obs)
        gamma = self.critic.config.gamma
        returns = discounted_returns(part.reward, next_value, part.done, part.boundary, gamma)  # ([P,] T, N)
        begins = torch.ones_like(part.boundary)
        begins[..., 1:, :] = part.boundary[..., :-1, :]
        earned = (returns * begins).mean((-2, -1))
        return earned - self.config.outside * relu(part.action.abs() - 1).square().sum(-1).mean((-2, -1))

    def state_dict(self) -> dict[str, Any]:
        return copy.deepcopy(self.adam.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.adam.load_state_dict(copy.deepcopy(state))
