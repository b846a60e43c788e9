"""What the policy optimisers share: the value and its regression, advantages, and the interface of all three."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from tlteach import checks
from tlteach.modelbased.adam import Adam
from tlteach.modelbased.passes import Passes
from tlteach.modelbased.policies import GaussianPolicy, Value
from tlteach.modelbased.returns import gae
from tlteach.modelbased.virtual import Rollout, World


class PolicyOptimizer(Protocol):
    """One update of a policy by practice; TRPO, PPO and SHAC are such optimisers.

    policy: the policy, or P policies, being trained.
    """

    policy: GaussianPolicy

    def update(self, world: World, start: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Practise `world.horizon` steps in `world` from `start` ([P,] N, O) and improve the policy.

        Returns metrics of shape () or (P,): `return`, the mean undiscounted one before the update, and others.
        Raises LeftBounds; a policy that had moved by then is put back by who called (`warm_up`).
        """

    def state_dict(self) -> dict[str, Any]:
        """A copy of what the optimiser goes on from, besides the policy and the critic."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` gave."""


@dataclass(frozen=True)
class Batch:
    """A rollout as B = T * N samples: obs ([P,] B, O), action ([P,] B, A), advantage and target ([P,] B)."""

    obs: Tensor
    action: Tensor
    advantage: Tensor
    target: Tensor

    def __getitem__(self, index: Tensor) -> "Batch":
        """The samples at `index`, the same ones of each policy."""
        obs, action = (x.index_select(-2, index) for x in (self.obs, self.action))
        return Batch(obs, action, *(x.index_select(-1, index) for x in (self.advantage, self.target)))


@dataclass(frozen=True)
class CriticConfig:
    """The value's regression and what it is used for; the defaults are the authors' (spec 1.4).

    gamma, lam: discount, and lambda of the advantage estimates.
    learning_rate, epochs, batch_size: Adam on the squared error, `epochs` passes over each rollout.

    Raises InvalidInput for values that cannot be used.
    """

    gamma: float = 0.99
    lam: float = 0.95
    learning_rate: float = 1e-3
    epochs: int = 5
    batch_size: int = 64

    def __post_init__(self):
        checks.share(gamma=self.gamma, lam=self.lam)
        checks.positive(learning_rate=self.learning_rate)
        checks.whole(1, epochs=self.epochs, batch_size=self.batch_size)


class Critic:
    """A value (or P values) and the Adam that fits it. It outlives policies: the authors never reset it."""

    def __init__(self, value: Value, config: CriticConfig):
        self.value, self.config = value, config
        self.adam = Adam(value.trained(), config.learning_rate)

    @torch.no_grad()
    def batch(self, rollout: Rollout) -> Batch:
        """Advantages, each policy's own with mean 0 and std 1, and targets A + V for the regression."""
        obs, next_obs = rollout.obs.detach(), rollout.next_obs.detach()
        value, next_value = self.values(obs), self.values(next_obs)  # ([P,] T, N)
        c = self.config
        advantage = gae(rollout.reward.detach(), value, next_value, rollout.done, rollout.boundary, c.gamma, c.lam)
        target = (advantage + value).flatten(-2)
        advantage = advantage.flatten(-2)  # ([P,] B)
        std, mean = torch.std_mean(advantage, -1, keepdim=True)
        return Batch(
            obs.flatten(-3, -2), rollout.action.detach().flatten(-3, -2), (advantage - mean) / (std + 1e-8), target
        )

    @torch.no_grad()
    def values(self, obs: Tensor) -> Tensor:
        """The value without a graph: obs ([P,] ..., O) -> ([P,] ...)."""
        x = self.value.normaliser(obs).reshape(self.value.net.n or 1, -1, obs.shape[-1])  # (P, B, O)
        passes = Passes(self.value.net, x.shape[1])
        passes.outputs[0] = x
        return passes.forward().view(obs.shape[:-1])

    @torch.no_grad()
    def fit(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Regression on `batch.target`; returns the mean squared error of the last epoch, () or (P,)."""
        value, size = self.value, self.config.batch_size
        shape = (value.net.n or 1, batch.target.shape[-1], -1)
        x, target = value.normaliser(batch.obs).view(shape), batch.target.reshape(shape)  # (P, B, O), (P, B, 1)
        passes: dict[int, tuple[Passes, Tensor]] = {}  # by the size of the minibatch: an epoch's last may be smaller
        for epoch in range(self.config.epochs):
            order, losses = permutation(batch, generator), []
            parts = (part.index_select(1, order).split(size, 1) for part in (x, target))
            for inputs, targets in zip(*parts, strict=True):
                n = inputs.shape[1]
                if n not in passes:
                    passes[n] = Passes(value.net, n), x.new_tensor(2 / n)
                net, factor = passes[n]
                net.outputs[0] = inputs
                error = net.forward().sub_(targets)
                if epoch + 1 == self.config.epochs:
                    losses.append(error.square().sum((1, 2)))
                net.backward(error.mul_(factor))  # d mean(error^2) / d error
                self.adam.step(net.gradients)
        loss = torch.stack(losses).sum(0) / shape[1]  # (P,)
        return loss if value.net.n else loss[0]

    def state_dict(self) -> dict[str, Any]:
        """A copy of the value and of Adam: all from which fitting goes on."""
        return copy.deepcopy({"value": self.value.state_dict(), "adam": self.adam.state_dict()})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.value.load_state_dict(state["value"])
        self.adam.load_state_dict(copy.deepcopy(state["adam"]))


def minibatches(batch: Batch, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Indices of all samples in random order, `size` at a time (the last may be fewer)."""
    yield from permutation(batch, generator).split(size)


def permutation(batch: Batch, generator: torch.Generator) -> Tensor:
    """The samples' numbers in random order, (B,)."""
    n = batch.target.shape[-1]
    return torch.randperm(n, generator=generator, device=generator.device).to(batch.target.device)
