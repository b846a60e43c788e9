"""MuJoCo: is it here, a place for its warnings, and many robots stepped together.

`mj_step` on many `MjData` is faster than `mujoco.rollout` where a policy acts at every step, and it keeps the solver's
warm start, so that an episode is bit for bit the one that Gymnasium simulates (`python -m benchmarks.sampling`).
"""

import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.tasks.families.family import random


def need_mujoco() -> Any:
    """The module `mujoco`, whose warnings become Python's; InvalidInput where it is not installed.

    Without a handler of warnings MuJoCo writes MUJOCO_LOG.TXT into the working directory. That the half-cheetah's file
    uses `settotalmass` is no news to a user.
    """
    try:
        import mujoco
    except ImportError as error:
        raise InvalidInput(
            "MuJoCo is not installed, and this family's real environment needs it: pip install 'gymnasium[mujoco]' "
            "(rewards, ends of episodes and start states of the family work without)"
        ) from error
    if mujoco.get_mju_user_warning() is None:
        mujoco.set_mju_user_warning(_warn)
    return mujoco


def _warn(message: str) -> None:
    if "settotalmass" not in message:
        warnings.warn(f"MuJoCo: {message}", RuntimeWarning, stacklevel=2)


class MujocoWorlds:
    """n robots side by side on one core (tlteach.tasks.families.worlds.Worlds)."""

    def __init__(self, family, n: int, seed: int):
        checks.whole(1, n=n)
        mujoco = need_mujoco()
        self.family, self.generator = family, random(seed)
        path = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets" / family.model
        self.model = mujoco.MjModel.from_xml_path(str(path))
        self.robots = [mujoco.MjData(self.model) for _ in range(n)]
        self._mujoco, self._step, self._skip = mujoco, mujoco.mj_step, family.frame_skip
        # Views of the simulator's memory: looking them up at every step would cost more than copying them.
        self._control = [robot.ctrl for robot in self.robots]
        self._qpos, self._qvel = [robot.qpos for robot in self.robots], [robot.qvel for robot in self.robots]
        self._place = [robot.body(family.tracked).xpos for robot in self.robots] if family.tracked else None

    def reset(self, which: list[int] | None = None) -> Tensor:
        which = list(range(len(self.robots))) if which is None else which
        if which:
            starts = (part.numpy() for part in self.family.start(len(which), self.generator))
            for i, qpos, qvel in zip(which, *starts, strict=True):
                self._mujoco.mj_resetData(self.model, self.robots[i])
                self._qpos[i][:], self._qvel[i][:] = qpos, qvel
                self._mujoco.mj_forward(self.model, self.robots[i])
        return self.observe()

    def step(self, action: Tensor) -> Tensor:
        for control, robot, a in zip(self._control, self.robots, action.clamp(-1, 1).double().numpy(), strict=False):
            control[:] = a
            self._step(self.model, robot, self._skip)
        return self.observe()

    def observe(self) -> Tensor:
        """(n, obs_size)"""
        parts = [self._qpos, self._qvel] if self._place is None else [self._qpos, self._qvel, self._place]
        return self.family.observe(*(torch.from_numpy(np.array(part)) for part in parts))
