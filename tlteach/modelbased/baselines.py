"""What a warmed-up policy is measured by: a random policy, the same optimiser on the real environment, the optimum."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.modelbased.buffer import Transitions
from tlteach.modelbased.learner import AlgorithmConfig, Shared
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.modelbased.real_rollouts import real_rollouts
from tlteach.modelbased.shac import SHACConfig
from tlteach.modelbased.virtual import Rollout, true_world
from tlteach.tasks.families import Family


@dataclass(frozen=True)
class Practised:
    """A baseline on one task after some updates.

    real, miss: its policy in the world, measured as a warmed-up one is. real_steps: that it has learned from. policy:
    itself, changed by the next update.
    """

    update: int
    real: float
    miss: float
    real_steps: int
    policy: GaussianPolicy


def untrained(family: Family, config: AlgorithmConfig, task: Tensor) -> Practised:
    """A policy that was never trained."""
    shared = Shared(family, config)
    return _measured(shared, shared.fresh().policy, family.check_tasks(task, dims=1), 0, 0)


def from_scratch(family: Family, config: AlgorithmConfig, task: Tensor, updates: int) -> Iterator[Practised]:
    """The same policy and optimiser on the real environment alone: `config.steps_per_task` real steps an update.

    Raises InvalidInput for SHAC, which needs a differentiable world, and where the steps are no whole episodes.
    """
    if isinstance(config.optimizer, SHACConfig):
        raise InvalidInput("SHAC differentiates the world, a real one has no derivatives; take TRPO or PPO")
    W, rest = divmod(config.steps_per_task, family.horizon)
    if rest or not W:
        raise InvalidInput(
            f"{config.steps_per_task} steps are no whole episodes of {family.horizon}; change steps_per_task"
        )
    checks.whole(1, updates=updates)
    task, shared = family.check_tasks(task, dims=1), Shared(family, config)
    optimizer, draws = shared.fresh(), shared.generator
    for update in range(1, updates + 1):
        made = real_rollouts(family, task[None], lambda obs: optimizer.policy(obs).sample(draws), W, draws).rollout
        rollout = Rollout(*(x[0] for x in vars(made).values()))  # (T, W, ...)
        seen = (rollout.obs, rollout.action.clamp(-1, 1), rollout.next_obs, rollout.boundary)
        shared.model.observe(Transitions(*(x.flatten(0, 1) for x in seen)))  # first: see `Oracle.update`
        optimizer.improve(rollout, draws)
        yield _measured(shared, optimizer.policy, task, update, update * config.steps_per_task)


def optimum(family: Family, config: AlgorithmConfig, task: Tensor, updates: int) -> Practised:
    """The same optimiser on the true dynamics: what practice is worth when the world is known.

    Observations are normalised by the moments of `config.steps_per_task` real steps of a random policy.

    Raises InvalidInput for a family whose dynamics cannot be differentiated on tensors.
    """
    _need_simulation(family)
    checks.whole(1, updates=updates)
    task, shared = family.check_tasks(task, dims=1), Shared(family, config)
    shared.collect(shared.fresh().policy, task)
    optimizer, world = shared.fresh(), true_world(family, task)
    for _ in range(updates):
        optimizer.update(world, family.resets(config.warm_up.rollouts, shared.generator), shared.generator)
    return _measured(shared, optimizer.policy, task, updates, 0)


def _measured(shared: Shared, policy: GaussianPolicy, task: Tensor, update: int, real_steps: int) -> Practised:
    got = shared.episodes(policy, task)
    return Practised(update, got.returns().mean().item(), shared.miss(got), real_steps, policy)


def best_return(
    family: Family, policy: GaussianPolicy, task: Tensor, start: Tensor, n_steps: int = 90, learning_rate: float = 0.1
) -> Tensor:
    """The bound: return of the best actions that gradients find from each start, (N, O) -> (N,).

    Corrections u_t to the policy's actions are improved through the simulator by Adam: a_t = policy(s_t) + u_t, a
    number for each start and step. Around a policy that gets about where it should, this is well conditioned, which
    bare actions from zero are not. No policy is better from these starts, if the optimum found is the global one.
    """
    _need_simulation(family)
    task = family.check_tasks(task, dims=1)
    policy = copy.deepcopy(policy).requires_grad_(False)
    u = torch.zeros(family.horizon, len(start), family.action_size, requires_grad=True)  # (T, N, A)
    adam = torch.optim.Adam([u], lr=learning_rate)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(adam, n_steps)
    best = torch.full((len(start),), -torch.inf)
    for _ in range(n_steps):
        obs, total = start, torch.zeros(len(start))
        for correction in u:
            action = policy(obs).mean + correction
            next_obs = family.simulate(obs, action)
            total = total + family.reward(obs, action, next_obs, task)
            obs = next_obs
        best = torch.maximum(best, total.detach())
        adam.zero_grad()
        (-total.sum()).backward()
        adam.step()
        rates.step()
    return best


def _need_simulation(family: Family) -> None:
    if not hasattr(family, "simulate"):
        raise InvalidInput(
            f"{family.name} has no simulator on tensors, so that its optimum is not known; take navigation, or compare "
            "with from_scratch and many updates"
        )
