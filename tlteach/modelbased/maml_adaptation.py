"""What MAML's initial policy is for: adapting it to tasks never met, a gradient step at a time (Finn et al. 2017).

As the authors test: 4,000 real steps for each gradient step, the first one of the size of training, later ones half.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.modelbased.fisher import read, write
from tlteach.modelbased.maml import LIMIT, MAML
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.modelbased.real_rollouts import check_list


@dataclass(frozen=True)
class Stage:
    """P tasks after some gradient steps of their own.

    stage: number of steps. returns, miss: (P,) of their policies. diverged: bool (P,), whose last step was taken back.
    real_steps: of each task, so far. policies: themselves, changed by the next stage.
    """

    stage: int
    returns: Tensor
    miss: Tensor
    diverged: Tensor
    real_steps: int
    policies: list[GaussianPolicy]


@torch.no_grad()
def adapt(
    maml: MAML,
    tasks: Tensor,
    n_stages: int = 4,
    *,
    steps: int = 4000,
    evaluation_episodes: int = 20,
    sample: bool = True,
) -> Iterator[Stage]:
    """Adapt the initial policy to tasks (P, K): stage 0 is itself, each further one a gradient step on new real steps.

    steps: real ones of each task for a gradient step.
    sample: measure policies by sampled actions, otherwise by the mean ones.

    A task whose step diverges keeps its last good policy, with a RuntimeWarning. Raises InvalidInput for an empty list,
    tasks outside the family, and steps that are no whole episodes.
    """
    c, tasks = maml.config, check_list(maml.family, tasks)
    checks.whole(0, n_stages=n_stages)
    episodes, rest = divmod(steps, maml.family.horizon)
    if rest or not episodes:
        raise InvalidInput(f"{steps} steps are no whole episodes of {maml.family.horizon}; change their number")
    policies, diverged = [maml.copies(1) for _ in tasks], torch.zeros(len(tasks), dtype=torch.bool)
    for stage in range(n_stages + 1):
        if stage:
            rate, before = c.test_lr * (1.0 if stage == 1 else 0.5), [read(policy) for policy in policies]
            _, kl = maml.adapt(policies, maml.act(policies, tasks, episodes).rollout, rate)
            diverged = ~(kl < LIMIT)  # NaN is too far
            for i in diverged.nonzero()[:, 0].tolist():
                write(policies[i], before[i])
            if diverged.any():
                told = f"the gradient step of size {rate:g} diverged on tasks {diverged.nonzero()[:, 0].tolist()}"
                warnings.warn(f"{told}; they keep the policy before it", RuntimeWarning, stacklevel=2)
        got = maml.act(policies, tasks, evaluation_episodes, sample)
        yield Stage(stage, got.returns, got.miss, diverged, stage * steps, policies)
