"""Real steps: a policy acts in many worlds at once, and what happened comes back as one table."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.tasks.families.family import Family

Policy = Callable[[Tensor], Tensor]  # (W, obs_size) -> (W, action_size)
MOST_WORLDS = 64


@dataclass(frozen=True)
class Transitions:
    """N real steps; those of an episode stand one after the other, in time.

    obs, next_obs: (N, obs_size); `next_obs` is where the step led, not the start of the next episode.
    action: (N, action_size) as the policy gave it; the environment clips it to [-1, 1].
    reward: (N,) of the task.
    terminated: (N,) the environment ended the episode here.
    truncated: (N,) the horizon was reached here, or the collection was over: what comes next was not observed.
    episode: (N,) index of the episode, from 0.
    task: (N, task_size) the task of the episode.
    complete: (E,) which episodes ended or reached the horizon; the others were cut off.
    first: (E,) which are the first of their world.
    """

    obs: Tensor
    action: Tensor
    reward: Tensor
    next_obs: Tensor
    terminated: Tensor
    truncated: Tensor
    episode: Tensor
    task: Tensor
    complete: Tensor
    first: Tensor

    def __len__(self) -> int:
        return len(self.obs)

    def returns(self) -> Tensor:
        """Undiscounted return of the first episode of each world where it is complete, (W,) or fewer.

        Of the episodes that follow, those are complete for which there was time: to count them would be to count short
        ones more often.
        """
        total = torch.zeros(len(self.complete)).index_add_(0, self.episode, self.reward)
        return total[self.complete & self.first]

    def ends(self) -> Tensor:
        """Which steps are the last of an episode that `returns` counts: bool (N,)."""
        last = torch.cat([self.episode[1:] != self.episode[:-1], torch.ones(1, dtype=torch.bool)])
        return last & (self.complete & self.first)[self.episode]


@torch.no_grad()
def collect(
    family: Family,
    tasks: Tensor,
    policy: Policy,
    steps: int,
    seed: int | torch.Generator,
    n_worlds: int | None = None,
    threads: int = 1,
) -> Transitions:
    """`steps` real steps of `policy`, no more and no fewer.

    Args:
        tasks: (task_size,) one, or (K, task_size) several: the first of them in the first W/K worlds, and so on.
        policy: from the observations (W, obs_size) of all worlds to their actions; it owns its randomness.
        seed: of the start states.
        n_worlds: W, a multiple of K; by default as many as there are whole episodes in `steps`, or, where these are
            more than 64, half of them, a third, ...
        threads: cores that simulate; the result is the same.

    Raises InvalidInput for tasks outside the family, counts that do not fit, and actions or rewards that are no finite
    numbers of the right shape.
    """
    checks.whole(1, steps=steps)
    tasks = family.check_tasks(tasks)
    tasks = tasks[None] if tasks.ndim == 1 else tasks
    K = len(tasks)
    if n_worlds is None:
        episodes = max(1, steps // family.horizon)
        n_worlds = max(K, episodes // -(-episodes // MOST_WORLDS) // K * K)
    checks.whole(1, n_worlds=n_worlds)
    if tasks.ndim != 2 or n_worlds % K or steps < n_worlds:
        raise InvalidInput(
            f"expected tasks of shape (K, {family.task_size}), a multiple of K worlds, and a step or more for each, "
            f"got tasks {tuple(tasks.shape)}, n_worlds={n_worlds}, steps={steps}"
        )
    W, T, O, A = n_worlds, -(-steps // n_worlds), family.obs_size, family.action_size
    last = steps - (T - 1) * W  # worlds that act in the last step
    obs, next_obs, action = torch.zeros(W, T, O), torch.zeros(W, T, O), torch.zeros(W, T, A)
    terminated, timeout = torch.zeros(W, T, dtype=torch.bool), torch.zeros(W, T, dtype=torch.bool)
    age = torch.zeros(W, dtype=torch.long)  # steps since the episode began
    worlds = family.worlds(W, seed, threads)
    now = worlds.reset()
    for t in range(T):
        a = checked(policy(now), (W, A), t)
        acting = W if t < T - 1 else last
        after = worlds.step(a[:acting])
        obs[:, t], action[:, t], next_obs[:, t] = now, a, after
        age += 1
        terminated[:, t] = checks.done(family.done(after), (W,), family.name)
        timeout[:, t] = ~terminated[:, t] & (age == family.horizon)
        over = (terminated[:, t] | timeout[:, t]).nonzero()[:, 0]
        age[over] = 0
        now = worlds.reset(over.tolist()) if len(over) else after

    acted = torch.ones(W, T, dtype=torch.bool)
    acted[last:, -1] = False
    ends = terminated | timeout
    final = torch.zeros(W, T, dtype=torch.bool)  # the last row of each world
    final[:last, -1] = True
    final[last:, -2 if last < W else -1] = True
    begin = torch.zeros(W, T, dtype=torch.bool)  # the first row of each world
    begin[:, 0] = True
    starts = (begin | ends.roll(1, 1))[acted]
    row = lambda x: x[acted]  # noqa: E731  (W, T, ...) -> (N, ...)
    task = tasks.repeat_interleave(W // K, 0)[:, None].expand(W, T, -1)
    obs, action, next_obs, task, ends, final = map(row, (obs, action, next_obs, task, ends, final))
    terminated = row(terminated)
    # the environment's: Family.verify
    reward = checks.reward(family.reward(obs, action, next_obs, task), (steps,), family.name)
    if not reward.isfinite().all():
        raise InvalidInput(
            f"the reward of {family.name} is not finite in {int((~reward.isfinite()).sum())} of {steps} steps"
        )
    return Transitions(
        obs=obs,
        action=action,
        reward=reward,
        next_obs=next_obs,
        terminated=terminated,
        truncated=~terminated & (ends | final),
        episode=starts.cumsum(0) - 1,
        task=task,
        complete=ends[ends | final],
        first=begin[acted][starts],
    )


def checked(action: Tensor, shape: tuple[int, int], step: int) -> Tensor:
    """The policy's action, or InvalidInput."""
    if not isinstance(action, Tensor) or tuple(action.shape) != shape:
        got = tuple(action.shape) if isinstance(action, Tensor) else type(action).__name__
        raise InvalidInput(f"the policy must return actions of shape {shape}, got {got}")
    if not torch.isfinite(action).all():
        raise InvalidInput(
            f"the policy returned an action that is not finite (step {step}); its weights or its input have diverged"
        )
    return action.cpu()
