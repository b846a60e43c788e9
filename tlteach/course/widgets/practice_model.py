"""What the practice field computes, without a page: warm-ups of fresh policies on a copy of what the tasks share."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.modelbased.algorithm import Shared
from tlteach.modelbased.virtual import LeftBounds, World, learned_world, true_world
from tlteach.modelbased.warm_up import WarmUpStep, warm_up

STARTS, PATHS = 20, 5  # episodes that measure a policy, and of these that are drawn


@dataclass(frozen=True)
class Measured:
    """A policy in one world: its mean return, and paths (PATHS, T + 1, O) of its first episodes."""

    total: float
    paths: np.ndarray


@dataclass(frozen=True)
class Progress:
    """Where practice stands.

    goal: (x, y). updates: improvements of the policy so far. virtual, real: (updates + 1,) mean returns, the first of
    the fresh policy. imagined, happened: the same episodes (same starts, same noise in the actions) in both worlds; the
    imagined ones None where the model diverges. virtual_steps: practised. known_steps: real steps that the model was
    fitted on. trouble: why practice ended early, or "".
    """

    goal: tuple[float, float]
    updates: int
    virtual: np.ndarray
    real: np.ndarray
    imagined: Measured | None
    happened: Measured
    virtual_steps: int
    known_steps: int
    trouble: str = ""


class PracticeModel:
    """A fresh policy for a goal, and its warm-up, one update of the policy at a time.

    Args:
        shared: model, buffer and value from which every warm-up starts; a copy is used, it stays as it is.
        iterations: of a warm-up. fit_steps: steps on the model in each.
        seed: of the fresh policies and of practice: the same goal gives the same numbers.

    Raises InvalidInput for a family whose true dynamics are not known on tensors, an empty buffer, or several policies
    at once.
    """

    def __init__(self, shared: Shared, iterations: int = 40, fit_steps: int = 20, seed: int = 0):
        checks.whole(1, iterations=iterations, fit_steps=fit_steps)
        if not isinstance(shared, Shared) or not hasattr(shared.family, "simulate"):
            raise InvalidInput("PracticeField needs the Shared of a family that can be simulated, such as navigation.")
        if not len(shared.buffer) or shared.critic.value.n is not None:
            raise InvalidInput("PracticeField needs a Shared of a single policy whose buffer holds real transitions.")
        self.family, self.seed = shared.family, seed
        self._origin, self._mine = shared.state_dict(), Shared(shared.family, shared.config)
        self.config = replace(shared.config.warm_up, iterations=iterations, fit_steps=fit_steps, policy_steps=1)
        self.known = shared.buffer.latest().obs.numpy()  # (n, O)
        self.restart((1.0, 1.0))

    def restart(self, goal: tuple[float, float]) -> None:
        """Another goal: everything as at the beginning, and a fresh policy."""
        mine, self.goal = self._mine, tuple(float(part) for part in goal)
        mine.load_state_dict(self._origin)
        mine.generator.manual_seed(self.seed)
        self._optimizer, self.trouble = mine.fresh(), ""
        self._steps: Iterator[WarmUpStep] = warm_up(
            mine.fitter, mine.buffer, self._optimizer, self.family, self._task, self.config, mine.generator
        )
        self._virtual: list[float] = []
        self._real: list[float] = []
        self._measure()

    def advance(self) -> bool:
        """One iteration of fitting and one update of the policy; False when the warm-up is over."""
        step = next(self._steps, None)
        if step is None:
            return False
        self.trouble = step.diverged
        if not step.diverged:
            self._measure()
        return not step.diverged

    @property
    def progress(self) -> Progress:
        updates = len(self._virtual) - 1
        return Progress(
            self.goal,
            updates,
            np.array(self._virtual),
            np.array(self._real),
            self._imagined,
            self._happened,
            updates * self.config.rollouts * self.family.horizon,
            len(self.known),
            self.trouble,
        )

    @property
    def _task(self) -> Tensor:
        return torch.tensor(self.goal)

    def _measure(self) -> None:
        """The policy in both worlds, from the same starts and with the same noise. Nothing is learned from it."""
        c = self.config
        imagined = learned_world(self._mine.model, self.family, self._task, scheme=c.scheme, clip_margin=c.clip_margin)
        try:
            self._imagined = self._watch(imagined)
        except LeftBounds:
            self._imagined = None
        self._happened = self._watch(true_world(self.family, self._task))
        self._virtual.append(self._imagined.total if self._imagined else np.nan)
        self._real.append(self._happened.total)

    def _watch(self, world: World) -> Measured:
        start = self.family.resets(STARTS, self.seed)
        made = world.rollout(
            self._optimizer.policy, start, self.family.horizon, torch.Generator().manual_seed(self.seed)
        )
        paths = torch.cat([start[None], made.next_obs])[:, :PATHS].transpose(0, 1)  # (PATHS, T + 1, O)
        return Measured(made.total.item(), paths.numpy())
