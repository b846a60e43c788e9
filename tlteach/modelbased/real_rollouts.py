"""Rollouts of many tasks at once in the real world: what MAML and the oracle learn from, and are measured by."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tlteach.errors import InvalidInput
from tlteach.modelbased.virtual import Rollout
from tlteach.tasks.families import Family, collect
from tlteach.tasks.families.collecting import Policy


@dataclass(frozen=True)
class RealRollout:
    """N worlds for each of P tasks, for one horizon.

    rollout: (P, T, N, ...). returns: (P,) mean undiscounted return of the first episode of each world. miss: (P,) how
    far from its goal the robot then is (`Family.miss`). real_steps: P T N.
    """

    rollout: Rollout
    returns: Tensor
    miss: Tensor
    real_steps: int


def real_rollouts(family: Family, tasks: Tensor, act: Policy, N: int, generator: torch.Generator) -> RealRollout:
    """Let a policy act in N worlds for each of the tasks (P, K); the first N observations are of the first task.

    act: (P N, obs_size) -> (P N, action_size).

    Raises InvalidInput as `collect` does, and for an empty list of tasks.
    """
    tasks = check_list(family, tasks)
    P, T = len(tasks), family.horizon
    got = collect(family, tasks, act, P * N * T, generator, n_worlds=P * N)
    boundary = got.terminated | got.truncated
    table = (got.obs, got.action, got.next_obs, got.reward, got.terminated, boundary)
    rollout = Rollout(*(x.unflatten(0, (P, N, T)).transpose(1, 2) for x in table))  # (P, T, N, ...)
    last = got.ends()  # one of each world
    miss = family.miss(got.obs[last], got.next_obs[last], got.task[last])
    returns, miss = (x.view(P, N).mean(1) for x in (got.returns(), miss))
    return RealRollout(rollout, returns, miss, P * N * T)


def check_list(family: Family, tasks: Tensor) -> Tensor:
    """Tasks of the family, at least one, (P, K), or InvalidInput."""
    if not len(tasks):
        raise InvalidInput(f"the list of tasks is empty; pass (P, {family.task_size}) tasks, P at least 1")
    return family.check_tasks(tasks, dims=2)
