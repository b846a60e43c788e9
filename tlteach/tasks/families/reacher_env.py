"""The reacher's environment."""

import numpy as np
from gymnasium.envs.mujoco.reacher_v5 import ReacherEnv as GymnasiumReacher
from gymnasium.spaces import Box

from tlteach.tasks.families.reacher import Reacher
from tlteach.tasks.families.robot_env import RobotEnv


class ReacherEnv(RobotEnv, GymnasiumReacher):
    """Touch a target with the fingertip of a two-link arm.

    ## Description
    Gymnasium's `Reacher-v5`, except that the target is the task: it stays where it is over all episodes, and it is not
    observed.

    ## Action Space
    `Box(-1, 1, (2,), float32)`: torque at shoulder and elbow; what lies outside is clipped.

    ## Observation Space
    `Box(-inf, inf, (8,), float64)`: cosine of the angles of shoulder and elbow, their sine, their angular velocities
    (rad/s), x and y of the fingertip (m; as in Gymnasium, from the simulator's last look, a little before the angles).

    ## Rewards
    `reward_dist + reward_ctrl`, both in `info`: minus the distance from fingertip to target (m), and minus the squared
    norm of the (clipped) action.

    ## Starting State
    The arm stretched out along x; both angles uniform within 0.1 rad, velocities within 0.005 rad/s.

    ## Episode End
    Never terminated; truncated after 50 steps (`max_episode_steps`).

    ## Arguments
    `task`: the target (x, y), at most `reach` (0.2 m) from the shoulder. `frame_skip`: steps of the simulator, 0.01 s
    each, in one of ours (2). `disabled`: motors that do nothing, whatever is commanded and charged: 0 the shoulder, 1
    the elbow. (There is no friction to be changed: nothing touches anything here.)
    """

    def __init__(self, task=(0.1, 0.1), render_mode: str | None = None, **options):
        super().__init__(Reacher(**options), task, render_mode)
        self.observation_space = Box(-np.inf, np.inf, (8,), np.float64)

    def reset_model(self):
        angles = self.np_random.uniform(-0.1, 0.1, 2)
        self.goal = self.task
        velocities = self.np_random.uniform(-0.005, 0.005, 2)
        self.set_state(np.concatenate([angles, self.task]), np.concatenate([velocities, np.zeros(2)]))
        return self._get_obs()

    def _get_obs(self):
        obs = super()._get_obs()  # Gymnasium's: cosines, sines, target, velocities, fingertip minus target
        return np.concatenate([obs[:4], obs[6:8], self.get_body_com("fingertip")[:2]])

    def rewards(self, action):
        return self._get_rew(action)[1]
