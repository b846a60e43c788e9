"""MuJoCo: is it here, a place for its warnings, and many robots stepped together.

Where a policy acts at every step, calling `mj_step` for one robot after another is about as fast as `mujoco.rollout`
(`python -m benchmarks.sampling`), and keeps the solver's warm start: an episode is bit for bit Gymnasium's.
"""

import copy
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache
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
    except (AttributeError, RuntimeError) as error:  # it looks for the library that MUJOCO_GL names
        if not (name := os.environ.get("MUJOCO_GL")):
            raise
        raise InvalidInput(
            f"MuJoCo does not start with MUJOCO_GL={name!r} ({error}): unset it, or set it to 'egl', or to 'disable' "
            "to simulate without pictures"
        ) from error
    if mujoco.get_mju_user_warning() is None:
        mujoco.set_mju_user_warning(_warn)
    return mujoco


def _warn(message: str) -> None:
    if "settotalmass" not in message:
        warnings.warn(f"MuJoCo: {message}", RuntimeWarning, stacklevel=2)


@cache
def load(name: str) -> Any:
    """Gymnasium's model of that name, compiled once; nobody changes it."""
    path = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets" / name
    return need_mujoco().MjModel.from_xml_path(str(path))


def rubbed(model: Any, friction: float) -> Any:
    """A copy of a model in which every geom, the ground among them, has `friction` times its friction.

    MuJoCo takes the larger one of two geoms that touch, so that all of them must change. At 1 it is the model itself.
    """
    if friction == 1:
        return model
    model = copy.copy(model)
    model.geom_friction *= friction
    return model


class MujocoWorlds:
    """n robots side by side (tlteach.tasks.families.worlds.Worlds); what they do does not depend on `threads`.

    qpos, qvel, warm: (n, .) all that a robot carries from one step to the next: coordinates, velocities and the
    solver's warm start. place: (n, 3) of the tracked body. One simulator a thread takes the robots in turn: n
    simulators would not fit into the processor's cache.
    """

    def __init__(self, family, n: int, seed: int | torch.Generator, threads: int = 1):
        checks.whole(1, n=n, threads=threads)
        mujoco = need_mujoco()
        self.family, self.generator = family, random(seed)
        self.model = rubbed(load(family.model), family.friction)
        nq, nv = self.model.nq, self.model.nv
        self.qpos, self.qvel, self.warm, self.place = (np.zeros((n, size)) for size in (nq, nv, nv, 3))
        self._mujoco = mujoco
        self._simulators = [mujoco.MjData(self.model) for _ in range(threads)]
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None  # MuJoCo does not hold Python's lock

    def reset(self, which: list[int] | None = None) -> Tensor:
        which = list(range(len(self.qpos))) if which is None else which
        if which:
            simulator = self._simulators[0]
            self.qpos[which], self.qvel[which] = (
                part.numpy() for part in self.family.start(len(which), self.generator)
            )
            for i in which:
                self._mujoco.mj_resetData(self.model, simulator)
                simulator.qpos[:], simulator.qvel[:] = self.qpos[i], self.qvel[i]
                self._mujoco.mj_forward(self.model, simulator)
                self.warm[i] = simulator.qacc_warmstart
                if self.family.tracked:
                    self.place[i] = simulator.body(self.family.tracked).xpos
        return self.observe()

    def step(self, action: Tensor) -> Tensor:
        action = self.family.executed(action).double().numpy()
        if self._pool is None:
            self._advance(self._simulators[0], action, range(len(action)))
        else:
            k = len(self._simulators)
            shares = [range(first, len(action), k) for first in range(k)]
            list(self._pool.map(self._advance, self._simulators, [action] * k, shares))
        return self.observe()

    def _advance(self, simulator, action: np.ndarray, robots: range) -> None:
        step, model, skip = self._mujoco.mj_step, self.model, self.family.frame_skip
        # Views of the simulator's memory, looked up once.
        qpos, qvel, warm, control = simulator.qpos, simulator.qvel, simulator.qacc_warmstart, simulator.ctrl
        place = simulator.body(self.family.tracked).xpos if self.family.tracked else None
        for i in robots:
            qpos[:], qvel[:], warm[:], control[:] = self.qpos[i], self.qvel[i], self.warm[i], action[i]
            step(model, simulator, skip)
            self.qpos[i], self.qvel[i], self.warm[i] = qpos, qvel, warm
            if place is not None:
                self.place[i] = place

    def observe(self) -> Tensor:
        """(n, obs_size)"""
        place = torch.from_numpy(self.place) if self.family.tracked else None
        return self.family.observe(torch.from_numpy(self.qpos), torch.from_numpy(self.qvel), place)
