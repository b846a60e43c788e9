"""What the cheetah's stand computes, without a page: the same policies in the simulator and in a learned model."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.modelbased.dynamics import Dynamics
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.tasks.families import Family, HalfCheetahVelocity
from tlteach.tasks.families.drawing import Picture
from tlteach.tasks.families.simulator import load, need_mujoco
from tlteach.tasks.families.skeleton import LOOKS, picture

MEMORY = 5.0  # s of velocities that are kept
JOINTS = 8  # numbers observed that say how the body stands: all coordinates but x
SIMULATED = 0.01  # s, a step of the simulator


@dataclass(frozen=True)
class Moment:
    """Where both bodies are.

    target: velocity asked for (m/s). time: since the beginning (s). real, dream: coordinates (9,), x first. velocities:
    (n, 4) of the last seconds: time, target, real, dreamt. asleep: seconds since the dream began at the real body.
    dt: seconds a step.
    """

    target: float
    time: float
    real: np.ndarray
    dream: np.ndarray
    velocities: np.ndarray
    asleep: float
    dt: float

    def recent(self, seconds: float = 1.0) -> tuple[float, float]:
        """Mean real and dreamt velocity of the last second; NaN before the first step."""
        n = max(1, round(seconds / self.dt))
        last = self.velocities[-n:, 2:]
        return tuple(last.mean(0).tolist()) if len(last) else (np.nan, np.nan)


class CheetahModel:
    """A half-cheetah that a policy drives, and the same in the model: from one start, each by what it observes itself.

    Args:
        family: of the cheetah with goal velocities.
        model: learned dynamics of it.
        policies: P of them (`n=P`), which act by their mean.
        targets: (P,) or (P, 1) the velocities that they were trained for, increasing, within the family's range.
        clip_margin: of the dream, as in practice, see `learned_world`.
        seed: of the starts.

    Raises InvalidInput when these do not fit together, or MuJoCo is not installed.
    """

    def __init__(
        self,
        family: Family,
        model: Dynamics,
        policies: GaussianPolicy,
        targets: Tensor,
        *,
        clip_margin: float | None = 0.5,
        seed: int = 0,
    ):
        checks.whole(0, seed=seed)
        if not isinstance(family, HalfCheetahVelocity):
            raise InvalidInput(f"the stand is for a half-cheetah with goal velocities, got {family!r}")
        self.targets = torch.as_tensor(targets).reshape(-1)
        family.check_tasks(self.targets[:, None], dims=2)
        if policies.n != len(self.targets) or not (self.targets.diff() > 0).all():
            raise InvalidInput(
                f"the stand needs a policy for each target, in increasing order; got {policies.n} policies for the "
                f"targets {self.targets.tolist()}"
            )
        sizes = getattr(model, "obs_size", None), getattr(model, "action_size", None)
        if sizes != (family.obs_size, family.action_size):
            raise InvalidInput(
                f"the model must be of {family.obs_size} numbers observed and {family.action_size} motors, got {sizes}"
            )
        self.family, self.model, self.policies, self.clip_margin = family, model, policies, clip_margin
        self.dt = SIMULATED * family.frame_skip
        self.worlds = family.worlds(1, torch.Generator().manual_seed(seed))
        self._body, self._data = load(family.model), need_mujoco().MjData(load(family.model))
        self.chosen = len(self.targets) // 2
        self.restart()

    def restart(self) -> None:
        """Both at the next start of an episode."""
        self.obs = self.worlds.reset()  # (1, O)
        self.steps, self._velocities = 0, deque(maxlen=round(MEMORY / self.dt))
        self.wake()

    def wake(self) -> None:
        """The dream goes on from where the real body is."""
        self.dreamt, self.dream_x, self.asleep = self.obs.clone(), float(self.worlds.qpos[0, 0]), 0

    def choose(self, target: float) -> None:
        """From now on the policy of the nearest target acts, in both."""
        self.chosen = int((self.targets - target).abs().argmin())

    @torch.no_grad()
    def advance(self, steps: int = 1) -> None:
        """So many steps of both."""
        for _ in range(steps):
            both = torch.cat([self.obs, self.dreamt])  # (2, O)
            action = self.policies(both.expand(len(self.targets), -1, -1)).mean[self.chosen].clamp(-1, 1)  # (2, A)
            self.obs = self.worlds.step(action[:1])
            dreamt = self.model.step(self.dreamt, action[1:])
            self.dreamt = dreamt if self.clip_margin is None else self.model.obs_norm.clip(dreamt, self.clip_margin)
            self.dream_x += self.dt * float(self.dreamt[0, self.family.velocity_at])
            self.steps, self.asleep = self.steps + 1, self.asleep + 1
            speeds = [float(obs[0, self.family.velocity_at]) for obs in (self.obs, self.dreamt)]
            self._velocities.append((self.steps * self.dt, float(self.targets[self.chosen]), *speeds))

    @property
    def moment(self) -> Moment:
        dream = np.array([self.dream_x, *self.dreamt[0, :JOINTS].tolist()])
        told = np.array(self._velocities).reshape(-1, 4)
        target, seconds = float(self.targets[self.chosen]), (self.steps * self.dt, self.asleep * self.dt)
        return Moment(target, seconds[0], self.worlds.qpos[0].copy(), dream, told, seconds[1], self.dt)

    def picture(self, coordinates: np.ndarray) -> Picture:
        """The body in a pose (9,), as strokes."""
        mujoco: Any = need_mujoco()
        self._data.qpos[:] = coordinates
        mujoco.mj_kinematics(self._body, self._data)
        return picture(self._body, self._data, LOOKS[self.family.model])
