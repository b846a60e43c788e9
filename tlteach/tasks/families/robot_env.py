"""What the tasks of all robots add to Gymnasium's environments: actions are clipped, and the reward is the task's."""

from typing import Any

import numpy as np
from gymnasium import utils
from gymnasium.envs.mujoco import MujocoEnv

from tlteach.tasks.families.robot import Robot
from tlteach.tasks.families.simulator import need_mujoco


class RobotEnv(MujocoEnv):
    """To be mixed in before one of Gymnasium's classes."""

    metadata = {"render_modes": []}

    def __init__(self, family: Robot, task: tuple[float, ...], render_mode: str | None, **robot: Any):
        self.family = family
        self.task = family.check_tasks(task, dims=1).double().numpy()
        need_mujoco()
        super().__init__(frame_skip=family.frame_skip, render_mode=render_mode, **robot)
        self.metadata = {"render_modes": [], "render_fps": round(1 / self.dt)}

    def remember(self, **arguments: Any) -> None:
        """The arguments that make this environment anew when it is unpickled."""
        utils.EzPickle.__init__(self, **arguments)

    def step(self, action):
        action = np.clip(np.asarray(action, np.float64), -1, 1)
        self.do_simulation(action, self.frame_skip)
        parts = self.rewards(action)
        return self._get_obs(), float(sum(parts.values())), self.terminated(), False, parts

    def rewards(self, action: np.ndarray) -> dict[str, float]:
        """The parts of the reward, by name, from the state of the simulator."""
        raise NotImplementedError

    def terminated(self) -> bool:
        return False
