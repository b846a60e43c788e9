"""What the tasks of all robots add to Gymnasium's environments: actions are clipped, and the reward is the task's."""

from typing import Any

import numpy as np
from gymnasium import utils
from gymnasium.envs.mujoco import MujocoEnv

from tlteach.tasks.families.drawing import Picture
from tlteach.tasks.families.opengl import view
from tlteach.tasks.families.robot import Robot
from tlteach.tasks.families.simulator import need_mujoco
from tlteach.tasks.families.skeleton import LOOKS, picture


class RobotEnv(MujocoEnv):
    """To be mixed in before one of Gymnasium's classes."""

    metadata = {"render_modes": ["rgb_array"]}

    def __init__(self, family: Robot, task: tuple[float, ...], render_mode: str | None, **robot: Any):
        self.family = family
        self.task = family.check_tasks(task, dims=1).double().numpy()
        need_mujoco()
        super().__init__(frame_skip=family.frame_skip, render_mode=render_mode, **robot)
        utils.EzPickle.__init__(self, task=task, render_mode=render_mode, **family.options())
        self.model.geom_friction *= family.friction  # the model is this environment's own
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": round(1 / self.dt)}
        self._look, self._view = LOOKS[family.model], None

    def step(self, action):
        action = np.clip(np.asarray(action, np.float64), -1, 1)
        self.do_simulation(np.clip(action, *self.family.limits), self.frame_skip)
        parts = self.rewards(action)
        return self._get_obs(), float(sum(parts.values())), self.terminated(), False, parts

    def render(self) -> np.ndarray | None:
        """(240, 240, 3) uint8 by OpenGL, or line segments where there is none. None without a render mode."""
        if self.render_mode is None:
            return None
        if self._view is None:
            self._view = view(self.model, self._look) or False
        return self._view.pixels(self.data) if self._view else self.picture().pixels()

    def picture(self) -> Picture:
        """The robot as line segments, for SVG; needs no OpenGL and no render mode."""
        return picture(self.model, self.data, self._look)

    def close(self) -> None:
        if self._view:
            self._view.close()
        self._view = None
        super().close()

    def rewards(self, action: np.ndarray) -> dict[str, float]:
        """The parts of the reward, by name, from the state of the simulator."""
        raise NotImplementedError

    def terminated(self) -> bool:
        return False
