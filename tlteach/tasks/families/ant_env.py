"""The ant's environments."""

import numpy as np
from gymnasium.envs.mujoco.ant_v5 import AntEnv

from tlteach.tasks.families.ant import AntDirection, AntVelocity, AntVelocity2D
from tlteach.tasks.families.robot_env import RobotEnv


class _Ant(RobotEnv, AntEnv):
    def __init__(self, family, task, render_mode):
        super().__init__(family, task, render_mode, include_cfrc_ext_in_observation=False)

    def rewards(self, action):
        return {
            "reward_velocity": self.gain(*self.data.qvel[:2]),
            "reward_ctrl": -0.005 * np.square(action).sum(),
            "reward_survive": 0.05,
        }

    def terminated(self):
        return not self.is_healthy  # Gymnasium's: height of the torso within [0.2, 1], all finite


class AntDirectionEnv(_Ant):
    """Walk forward or backward on four legs.

    ## Description
    Gymnasium's `Ant-v5` without contact forces, neither observed nor charged, with the reward of a task.

    ## Action Space
    `Box(-1, 1, (8,), float32)`: torque at hip and ankle of the legs 4, 1, 2, 3; what lies outside is clipped.

    ## Observation Space
    `Box(-inf, inf, (27,), float64)`: height (m), orientation (quaternion) and eight joint angles (rad), then the
    velocity of the torso along x, y (indices 13 and 14) and z, its three angular velocities, and those of the joints.

    ## Rewards
    `reward_velocity + reward_ctrl + reward_survive`, all in `info`: the task times the torso's velocity along x after
    the step (m/s), minus 0.005 times the squared norm of the (clipped) action, and 0.05.

    ## Starting State
    Standing; coordinates with uniform noise within 0.1, velocities normal with standard deviation 0.1.

    ## Episode End
    Terminated when the torso's height leaves [0.2, 1.0] m; truncated after 200 steps (`max_episode_steps`).

    ## Arguments
    `task`: (1.0,) along x, (-1.0,) against it. `frame_skip`: steps of the simulator, 0.01 s each, in one of ours (5).
    `friction`: scale of the friction of legs and ground (1). `disabled`: motors that do nothing, whatever is commanded
    and charged, in the order of the action: (0, 1) is a crippled leg.
    """

    def __init__(self, task=(1.0,), render_mode: str | None = None, **options):
        super().__init__(AntDirection(**options), task, render_mode)

    def gain(self, v_x, v_y):
        return self.task[0] * v_x


class AntVelocityEnv(_Ant):
    """Walk at a given velocity along x.

    ## Description
    ## Action Space
    ## Observation Space
    ## Starting State
    ## Episode End
    As of `tlteach/AntDirection-v0`.

    ## Rewards
    `reward_velocity + reward_ctrl + reward_survive`, all in `info`: 1 minus the distance between the torso's velocity
    along x after the step and the task (m/s), minus 0.005 times the squared norm of the action, and 0.05.

    ## Arguments
    `task`: the velocity (m/s,), from `low` (0) to `high` (3). Others: see `tlteach/AntDirection-v0`.
    """

    def __init__(self, task=(1.0,), render_mode: str | None = None, **options):
        super().__init__(AntVelocity(**options), task, render_mode)

    def gain(self, v_x, v_y):
        return 1 - abs(v_x - self.task[0])


class AntVelocity2DEnv(_Ant):
    """Walk at a given velocity in the plane.

    ## Description
    ## Action Space
    ## Observation Space
    ## Starting State
    ## Episode End
    As of `tlteach/AntDirection-v0`.

    ## Rewards
    `reward_velocity + reward_ctrl + reward_survive`, all in `info`: 2 minus the distances between the torso's velocity
    along x and y after the step and the task's (m/s), minus 0.005 times the squared norm of the action, and 0.05.

    ## Arguments
    `task`: the velocity (v_x, v_y) in m/s, each from `low` (-3) to `high` (3). Others: see `tlteach/AntDirection-v0`.
    """

    def __init__(self, task=(1.0, 0.0), render_mode: str | None = None, **options):
        super().__init__(AntVelocity2D(**options), task, render_mode)

    def gain(self, v_x, v_y):
        return 2 - abs(v_x - self.task[0]) - abs(v_y - self.task[1])
