"""Practice: batched rollouts of policies in a learned (or simulated) world whose reward is known (spec 1.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput, TlteachError
from tlteach.modelbased.dynamics import SCHEMES, Dynamics
from tlteach.modelbased.frozen import FrozenModel, FrozenPolicy
from tlteach.modelbased.normaliser import Normaliser
from tlteach.modelbased.policies import GaussianPolicy

Transition = Callable[[Tensor, Tensor, torch.Generator | None], Tensor]


class LeftBounds(TlteachError):
    """Virtual states left every bound. The policy, the value and the model are as they were before the rollout: a run
    goes on, with what it had, other than after `errors.Diverged`.

    step: the first step (from 1) at which it happened. tasks: numbers of the policies concerned (0 for a single one).
    """

    def __init__(self, message: str, step: int, tasks: list[int]):
        super().__init__(message)
        self.step, self.tasks = step, tasks


@dataclass(frozen=True)
class Rollout:
    """What N rollouts of T steps went through, for one policy, or (P, ...) for P of them.

    obs, next_obs: ([P,] T, N, O); where an episode ends, `next_obs` is its last state and the next `obs` a start.
    action: ([P,] T, N, A), as the policy drew it; the world cuts it to [-1, 1].
    reward: ([P,] T, N), of the action that was cut.
    done: bool ([P,] T, N); the episode is over for good.
    boundary: bool ([P,] T, N); it ends with this step, done or out of time: true in the last step of all.
    """

    obs: Tensor
    action: Tensor
    next_obs: Tensor
    reward: Tensor
    done: Tensor
    boundary: Tensor

    @property
    def returns(self) -> Tensor:
        """Undiscounted return of the first episode of each rollout, ([P,] N). A later one is cut by the end of time."""
        return (self.reward.detach() * first_episode(self.done)).sum(-2)

    @property
    def total(self) -> Tensor:
        """Mean of `returns`: () or (P,)."""
        return self.returns.mean(-1)


def first_episode(done: Tensor) -> Tensor:
    """Which steps of a rollout are of its first episode, the one that ends it included: bool ([P,] T, N)."""
    ended = done.cumsum(-2)
    return ended == done  # nothing had ended before


class World:
    """A family's known reward and end of episode around some dynamics.

    Args:
        family: gives `reward` and `done` (see `tlteach.tasks`).
        task: (task_size,), or (P, task_size) for P policies at once.
        transition: (obs, action in [-1, 1], generator) -> next obs, batched.
        norm: states more than `limit` standard deviations from its mean count as diverged; without one, only
            states that are not finite do.
        limit: see there.

    Raises InvalidInput when a task has the wrong size or is not finite.
    """

    def __init__(
        self, family: Any, task: Tensor, transition: Transition, norm: Normaliser | None = None, limit: float = 1e3
    ):
        checks.positive(limit=limit)
        if task.ndim not in (1, 2) or task.shape[-1] != family.task_size:
            raise InvalidInput(
                f"a task of {family.name} has shape ({family.task_size},), or (P, {family.task_size}) for P policies; "
                f"got {tuple(task.shape)}"
            )
        if not task.isfinite().all():
            raise InvalidInput(f"the task {task.tolist()} is not finite")
        self.family, self.task, self.transition, self.norm, self.limit = family, task, transition, norm, limit

    @property
    def horizon(self) -> int:
        return self.family.horizon

    def rollout(
        self,
        policy: GaussianPolicy,
        start: Tensor,
        n_steps: int,
        generator: torch.Generator | None,
        *,
        sample: bool = True,
        restart: Tensor | None = None,
        differentiable: bool = False,
    ) -> Rollout:
        """`n_steps` steps from `start` ([P,] N, O). An episode that is done begins again at `restart`, or at `start`.

        generator: draws actions (and what the dynamics draw); None acts by the mean of the policy.
        sample: draw actions; without, the policy acts by its mean, and only the dynamics draw.
        differentiable: keep the graph through actions, dynamics and rewards.

        Raises LeftBounds; InvalidInput when shapes do not fit, or the reward has another shape or is not finite.
        """
        checks.whole(1, n_steps=n_steps)
        lead = self.task.shape[:-1]
        if start.ndim != len(lead) + 2 or start.shape[: len(lead)] != lead:
            raise InvalidInput(f"start has shape {tuple(start.shape)}, expected ({', '.join(map(str, lead))} N, O)")
        if (policy.n,) * len(lead) != lead or (policy.n is not None) != bool(lead):
            raise InvalidInput(f"tasks {tuple(self.task.shape)} and n={policy.n} policies do not fit together")
        with torch.set_grad_enabled(differentiable):
            noise = None
            if generator is not None and sample:  # of all steps, (T, [P,] N, A)
                shape = (n_steps, *start.shape[:-1], policy.log_std.shape[-1])
                noise = torch.randn(shape, generator=generator, device=generator.device, dtype=start.dtype).to(start)
            acting = self._frozen(policy, start) if not differentiable else None
            act, move = acting or (lambda obs, drawn: policy(obs).at(drawn), self.transition)
            columns = self._steps(act, move, start, start if restart is None else restart, n_steps, noise, generator)
            return self._told(*columns)

    def _frozen(self, policy: GaussianPolicy, start: Tensor) -> tuple[Callable, Callable] | None:
        """Policy and dynamics as they are called at each step where nothing is differentiated; None if unknown."""
        if not isinstance(self.transition, LearnedTransition) or type(policy) is not GaussianPolicy:
            return None
        return FrozenPolicy(policy, start.shape[-2]), self.transition.frozen(start.shape[:-1].numel())

    def _steps(self, act, move, start, restart, n_steps, noise, generator) -> list[Tensor]:
        """obs, action, next_obs ([P,] T, N, ...) and done ([P,] T, N)."""
        obs, steps = start, []
        for t in range(n_steps):
            action = act(obs, None if noise is None else noise[t])
            next_obs = move(obs, action.clamp(-1, 1), generator)
            done = checks.done(self.family.done(next_obs), next_obs.shape[:-1], self.family.name)
            steps.append((obs, action, next_obs, done))
            obs = torch.where(done[..., None], restart, next_obs)
        *vectors, done = zip(*steps, strict=True)
        return [*(torch.stack(x, -3) for x in vectors), torch.stack(done, -2)]

    def _told(self, obs: Tensor, action: Tensor, next_obs: Tensor, done: Tensor) -> Rollout:
        """With the rewards, of all steps at once."""
        task = self.task[..., None, None, :].expand(*obs.shape[:-1], -1)  # ([P,] T, N, K)
        found = self.family.reward(obs, action.clamp(-1, 1), next_obs, task)
        reward = checks.reward(found, done.shape, self.family.name)
        boundary = done.clone()
        boundary[..., -1, :] = True
        made = Rollout(obs, action, next_obs, reward, done, boundary)
        self._check(made)
        return made

    @torch.no_grad()
    def _check(self, made: Rollout) -> None:
        """One look at everything at the end: looking at each step would stall a GPU."""
        states = made.next_obs if self.norm is None else (made.next_obs - self.norm.mean) / self.norm.std
        bound = torch.inf if self.norm is None else self.limit
        bad = ~(states.abs() < bound).all(-1)  # ([P,] T, N); NaN is bad
        if bad.any():
            step = int(bad.any(-1).reshape(-1, bad.shape[-2]).any(0).nonzero()[0]) + 1
            tasks = bad.any(-1).any(-1).reshape(-1).nonzero().flatten().tolist()
            share = bad.any(-2).double().mean()
            what = "not finite" if self.norm is None else f"more than {self.limit:g} standard deviations away"
            raise LeftBounds(
                f"virtual practice diverged: {share:.0%} of the rollouts, from step {step} on, are {what} from what "
                f"the model was fitted on. Collect more data there, fit longer, shorten the rollouts, or cut states "
                "to the range of the data (clip_margin=0.5)",
                step,
                tasks,
            )
        if not made.reward.isfinite().all():
            n = int((~made.reward.isfinite()).sum())
            raise InvalidInput(f"the reward of {self.family.name} is not finite in {n} of {made.reward.numel()} steps")


def learned_world(
    model: Dynamics, family: Any, task: Tensor, *, scheme: str = "fixed", clip_margin: float | None = None
) -> World:
    """The world as `model` believes it to be.

    scheme: which member of the ensemble predicts which rollout, see `Dynamics.step`.
    clip_margin: cut states to the range of the data, widened by this part of its width on each side; None for no cut.
    """
    return World(family, task, LearnedTransition(model, scheme, clip_margin), model.obs_norm)


class LearnedTransition:
    """The dynamics of `learned_world`."""

    def __init__(self, model: Dynamics, scheme: str, clip_margin: float | None):
        checks.choice("scheme", scheme, SCHEMES)
        checks.finite(least=0, **checks.given(clip_margin=clip_margin))
        self.model, self.scheme, self.clip_margin = model, scheme, clip_margin

    def __call__(self, obs: Tensor, action: Tensor, generator: torch.Generator | None) -> Tensor:
        next_obs = self.model.step(obs, action, generator, self.scheme)
        return next_obs if self.clip_margin is None else self.model.obs_norm.clip(next_obs, self.clip_margin)

    def frozen(self, rows: int) -> FrozenModel:
        """The same for `rows` states, without gradients, as long as the model does not change."""
        return FrozenModel(self.model, rows, self.scheme, self.clip_margin)


def true_world(family: Any, task: Tensor) -> World:
    """The world as it is, for families that have `simulate(obs, action) -> next_obs`: what practice is measured by."""
    return World(family, task, lambda obs, action, _: family.simulate(obs, action))
