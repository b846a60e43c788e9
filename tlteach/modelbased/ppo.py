"""Proximal policy optimisation with a clipped ratio (Schulman et al. 2017): a cheap alternative to TRPO."""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tlteach import checks
from tlteach.modelbased.critic import Batch, Critic, minibatches
from tlteach.modelbased.mlp import clip_gradients
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.modelbased.virtual import Rollout, World


@dataclass(frozen=True)
class PPOConfig:
    """clip: the ratio of probabilities earns nothing outside 1 -+ clip.

    learning_rate, epochs, batch_size: Adam, `epochs` passes over each rollout. grad_clip: of each policy's gradient.
    entropy_coefficient: weight of the entropy in what is maximised.

    Raises InvalidInput for values that cannot be used.
    """

    clip: float = 0.2
    learning_rate: float = 1e-3
    epochs: int = 5
    batch_size: int = 256
    grad_clip: float = 0.5
    entropy_coefficient: float = 0.0

    def __post_init__(self):
        checks.positive(clip=self.clip, learning_rate=self.learning_rate, grad_clip=self.grad_clip)
        checks.whole(1, epochs=self.epochs, batch_size=self.batch_size)
        checks.share(entropy_coefficient=self.entropy_coefficient)


class PPO:
    """See `critic.PolicyOptimizer`. Its state is that of Adam."""

    def __init__(self, policy: GaussianPolicy, critic: Critic, config: PPOConfig):
        self.policy, self.critic, self.config = policy, critic, config
        self.adam = torch.optim.Adam(policy.trained(), lr=config.learning_rate, fused=True)

    def update(self, world: World, start: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        return self.improve(world.rollout(self.policy, start, world.horizon, generator), generator)

    def improve(self, rollout: Rollout, generator: torch.Generator) -> dict[str, Tensor]:
        """Several epochs of the policy and of the value on a rollout of this policy, virtual or real."""
        batch, parameters = self.critic.batch(rollout), self.policy.trained()
        with torch.no_grad():
            old = self.policy(batch.obs).detach()
            log_prob = old.log_prob(batch.action)  # ([P,] B)
        for _ in range(self.config.epochs):
            for index in minibatches(batch, self.config.batch_size, generator):
                self.adam.zero_grad()
                loss = -clipped_surrogate(self.policy, batch[index], log_prob[..., index], self.config)
                loss.sum().backward()
                clip_gradients([p.grad for p in parameters], self.config.grad_clip, self.policy.n)
                self.adam.step()
        with torch.no_grad():
            new = self.policy(batch.obs)
            metrics = {"kl": old.kl(new).mean(-1), "entropy": new.entropy().mean(-1)}
        return {"return": rollout.total, **metrics, "value_loss": self.critic.fit(batch, generator)}

    def state_dict(self) -> dict[str, Any]:
        return copy.deepcopy(self.adam.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.adam.load_state_dict(copy.deepcopy(state))


def clipped_surrogate(policy: GaussianPolicy, batch: Batch, old_log_prob: Tensor, config: PPOConfig) -> Tensor:
    """E[min(ratio A, clip(ratio) A)] (equation 7 of the paper) + coefficient * entropy: () or (P,)."""
    new = policy(batch.obs)
    ratio = (new.log_prob(batch.action) - old_log_prob).exp()
    kept = ratio.clamp(1 - config.clip, 1 + config.clip)
    gain = torch.minimum(ratio * batch.advantage, kept * batch.advantage).mean(-1)
    return gain + config.entropy_coefficient * new.entropy().mean(-1)
