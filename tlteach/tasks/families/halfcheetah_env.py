"""The half-cheetah's environments."""

import numpy as np
from gymnasium.envs.mujoco.half_cheetah_v5 import HalfCheetahEnv

from tlteach.tasks.families.halfcheetah import HalfCheetahDirection, HalfCheetahVelocity
from tlteach.tasks.families.robot_env import RobotEnv


class HalfCheetahDirectionEnv(RobotEnv, HalfCheetahEnv):
    """Run forward or backward.

    ## Description
    Gymnasium's `HalfCheetah-v5` with the reward of a task.

    ## Action Space
    `Box(-1, 1, (6,), float32)`: torque at hind thigh, shin, foot and front thigh, shin, foot; clipped beyond.

    ## Observation Space
    `Box(-inf, inf, (17,), float64)`: height and pitch of the torso and six joint angles (m, rad), then the velocity of
    the torso along x (index 8) and z, of its pitch, and of the six joints.

    ## Rewards
    `reward_velocity + reward_ctrl`, both in `info`: the task times the torso's velocity along x after the step (m/s),
    and minus 0.05 times the squared norm of the (clipped) action.

    ## Starting State
    At rest on its feet; coordinates uniform within 0.1, velocities normal with standard deviation 0.1.

    ## Episode End
    Never terminated; truncated after 200 steps (`max_episode_steps`).

    ## Arguments
    `task`: (1.0,) forward, (-1.0,) backward. `frame_skip`: steps of the simulator, 0.01 s each, in one of ours (5).
    `friction`: scale of the friction of body and ground (1). `disabled`: motors that do nothing, whatever is commanded
    and charged, in the order of the action.
    """

    def __init__(self, task=(1.0,), render_mode: str | None = None, **options):
        super().__init__(HalfCheetahDirection(**options), task, render_mode)

    def rewards(self, action):
        return {
            "reward_velocity": self.task[0] * self.data.qvel[0],
            "reward_ctrl": -0.05 * np.square(action).sum(),
        }


class HalfCheetahVelocityEnv(RobotEnv, HalfCheetahEnv):
    """Run at a given velocity.

    ## Description
    Gymnasium's `HalfCheetah-v5` with the reward of a task.

    ## Action Space
    As of `tlteach/HalfCheetahDirection-v0`.

    ## Observation Space
    As of `tlteach/HalfCheetahDirection-v0`.

    ## Rewards
    `reward_velocity + reward_ctrl`, both in `info`: minus the distance between the torso's velocity along x after the
    step and the task (m/s), and minus 0.05 times the squared norm of the (clipped) action.

    ## Starting State
    At rest on its feet; coordinates uniform within 0.1, velocities normal with standard deviation 0.1.

    ## Episode End
    Never terminated; truncated after 200 steps (`max_episode_steps`).

    ## Arguments
    `task`: the velocity (m/s,), from `low` (0) to `high` (2). Others: see `tlteach/HalfCheetahDirection-v0`.
    """

    def __init__(self, task=(1.0,), render_mode: str | None = None, **options):
        super().__init__(HalfCheetahVelocity(**options), task, render_mode)

    def rewards(self, action):
        return {
            "reward_velocity": -abs(self.data.qvel[0] - self.task[0]),
            "reward_ctrl": -0.05 * np.square(action).sum(),
        }
