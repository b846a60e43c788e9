"""What the broken world computes, without a page: warmed-up policies in their model and in a world that was changed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.modelbased.dynamics import Dynamics
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.modelbased.virtual import learned_world, true_world
from tlteach.tasks.families import Family, Navigation

STARTS, PATHS = 20, 5  # episodes that measure a policy, and of these that are drawn
MOTORS = ("right", "left", "up", "down")  # motors 0 to 3 push so
KEPT = 40  # worlds that are remembered


@dataclass(frozen=True)
class Deployed:
    """A policy in its model and in the world as it is now.

    goal: (x, y). promised, real: its mean return in the model, and in the world. imagined, happened: paths
    (PATHS, T + 1, O) from the same starts. score: disagreement of the members along the imagined episodes, known
    without a real step. errors: (T,) how far off the model is on average in the first 1, 2, ... T real steps of one
    episode. score_limit, error_limits (T,): above these the lights go on.
    """

    goal: tuple[float, float]
    promised: float
    real: float
    imagined: np.ndarray
    happened: np.ndarray
    score: float
    score_limit: float
    errors: np.ndarray
    error_limits: np.ndarray


class BreakerModel:
    """Policies that were warmed up side by side, and worlds to put them into.

    Args:
        model: that they practised in. family: the world that it was learned from. clip_margin: as in practice.
        policies: P of them, for goals (P, 2). known: the first so many goals are of the training range: from them, in
            the unchanged world, the limits of both lights are set, by counting. rate: of false alarms.
        seed: of the starts; policies act by their mean.

    Raises InvalidInput where these do not fit together, or `known` is too small for the rate.
    """

    def __init__(
        self,
        model: Dynamics,
        family: Family,
        policies: GaussianPolicy,
        goals: Tensor,
        known: int,
        rate: float = 0.1,
        clip_margin: float | None = 0.5,
        seed: int = 0,
    ):
        if not isinstance(family, Navigation):
            raise InvalidInput(f"WorldBreaker breaks the point mass (navigation), got {type(family).__name__}.")
        if goals.ndim != 2 or goals.shape[-1] != 2 or policies.n != len(goals):
            raise InvalidInput(
                f"WorldBreaker needs a policy for each goal (P, 2), got {policies.n} policies and goals "
                f"{tuple(goals.shape)}."
            )
        checks.whole(1, known=known)
        k = math.ceil((known + 1) * (1 - rate))
        if known > len(goals) or not 0 < rate < 1 or k > known:
            raise InvalidInput(
                f"a rate of {rate:g} false alarms needs 1 / rate - 1 known goals or more, at most the {len(goals)} "
                f"there are, got known={known}."
            )
        self.model, self.family, self.policies, self.goals = model, family, policies, goals
        start = family.resets(STARTS, seed)
        self._start = start.expand(len(goals), *start.shape)  # (P, N, O)
        self._kept: dict[tuple, tuple] = {}
        virtual = learned_world(model, family, goals, clip_margin=clip_margin)
        made = virtual.rollout(policies, self._start, family.horizon, None)
        self._promised, self._imagined = made.total, self._paths(made)
        with torch.no_grad():
            guesses = model.members(made.obs, made.action.clamp(-1, 1)) / model.delta_norm.std  # (E, P, T, N, O)
        self.scores = (guesses - guesses.mean(0)).square().mean((0, -1)).sqrt().mean((1, 2))  # (P,)
        errors = self._world(1.0, ())[2]  # (P, T) in the world that the model was learned from
        self.score_limit = self.scores[:known].sort().values[k - 1].item()
        self.error_limits = errors[:known].sort(0).values[k - 1].numpy()  # (T,)

    def deployed(self, goal: int, drag: float, motor: int | None) -> Deployed:
        """The policy of goal number `goal` in a world with `drag` times the drag and without a motor (0 to 3)."""
        real, happened, errors = self._world(drag, () if motor is None else (motor,))
        return Deployed(
            tuple(self.goals[goal].tolist()),
            self._promised[goal].item(),
            real[goal].item(),
            self._imagined[goal],
            happened[goal],
            self.scores[goal].item(),
            self.score_limit,
            errors[goal].numpy(),
            self.error_limits,
        )

    def _world(self, drag: float, disabled: Sequence[int]) -> tuple[Tensor, np.ndarray, Tensor]:
        """All policies in a world: returns (P,), paths (P, PATHS, T + 1, O), and errors (P, T)."""
        key = drag, tuple(disabled)
        if key not in self._kept:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            family = replace(self.family, drag=drag * self.family.drag, disabled=tuple(disabled))
            made = true_world(family, self.goals).rollout(self.policies, self._start, family.horizon, None)
            self._kept[key] = made.total, self._paths(made), self._errors(made)
        return self._kept[key]

    @torch.no_grad()
    def _errors(self, made) -> Tensor:
        """(P, T) of the first episode, in units of the usual change, averaged from its first step on."""
        obs, action, after = made.obs[:, :, 0], made.action[:, :, 0].clamp(-1, 1), made.next_obs[:, :, 0]  # (P, T, O)
        wrong = ((self.model.members(obs, action) - after) / self.model.delta_norm.std).square().mean((0, -1)).sqrt()
        return wrong.cumsum(1) / torch.arange(1, wrong.shape[1] + 1)

    def _paths(self, made) -> np.ndarray:
        states = torch.cat([self._start[:, None], made.next_obs], 1)[:, :, :PATHS]  # (P, T + 1, PATHS, O)
        return states.transpose(1, 2).numpy()
