"""The point mass as a Gymnasium environment: the readable reference of `Navigation.simulate`."""

import math
from typing import Any

import gymnasium
import numpy as np

from tlteach.tasks.families.drawing import GOAL, GROUND, Picture, Stroke
from tlteach.tasks.families.navigation import CONTROL_COST, START_SPREAD, TIME_STEP, Navigation


class NavigationEnv(gymnasium.Env):
    """Steer a point mass to a goal, against drag and wind.

    ## Description
    A mass in the plane is pushed by four motors, two along each axis. It is slowed down by
    `drag * (1 + speed) * velocity`, and wind blows along x by `wind * sin(2 y)` and along y by `wind * cos(2 x)`. A
    step is 0.1 s; the new velocity moves the mass.

    ## Action Space
    `Box(-1, 1, (2,), float32)`: force along x and y in units of `thrust`; what lies outside is clipped.

    ## Observation Space
    `Box(-inf, inf, (4,), float64)`: x, y (m), v_x, v_y (m/s). The goal is not observed: it is the task.

    ## Rewards
    `reward_distance - reward_control`, both in `info`: minus the distance to the goal after the step (m), and minus
    0.01 times the squared norm of the (clipped) action.

    ## Starting State
    All four numbers uniform between -0.1 and 0.1.

    ## Episode End
    Never terminated; truncated after 100 steps (`max_episode_steps`).

    ## Arguments
    `task`: the goal (x, y), within `reach` of 0 along each axis. `reach`, `thrust`, `drag`, `wind`, `beyond`: see
    `Navigation`. `disabled`: motors that do nothing, of those along +x, -x, +y, -y (0 to 3); their action is charged.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": round(1 / TIME_STEP)}

    def __init__(self, task: tuple[float, float] = (1.0, 1.0), render_mode: str | None = None, **options: Any):
        self.family = Navigation(**options)
        self.task = self.family.check_tasks(task, dims=1).double().numpy()
        self.render_mode = render_mode
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (4,), np.float64)
        self.action_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
        self.state = np.zeros(4)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        self.state = self.np_random.uniform(-START_SPREAD, START_SPREAD, 4)
        return self.state.copy(), {}

    def render(self) -> np.ndarray | None:
        """(240, 240, 3) uint8, or None without a render mode."""
        return None if self.render_mode is None else self.picture().pixels()

    def picture(self) -> Picture:
        """The mass with its velocity (half a second of it) and the goal, over lines 1 m apart."""
        span = 2 * (self.family.reach + 1)
        marks = range(-math.floor(span / 2), math.floor(span / 2) + 1)
        grid = [Stroke((m, -span), (m, span), 0.0, GROUND) for m in marks]
        grid += [Stroke((-span, m), (span, m), 0.0, GROUND) for m in marks]
        goal, place = tuple(self.task), tuple(self.state[:2])
        ahead = tuple(self.state[:2] + 0.5 * self.state[2:])
        marks = [Stroke(goal, goal, 0.3, GOAL), Stroke(place, ahead, 0.06), Stroke(place, place, 0.25)]
        return Picture([*grid, *marks], (0.0, 0.0), span)

    def step(self, action):
        push_x, push_y = np.clip(np.asarray(action, np.float64), -1, 1)
        x, y, v_x, v_y = self.state
        f, speed = self.family, math.hypot(v_x, v_y)
        done_x, done_y = np.clip((push_x, push_y), *f.limits)
        v_x += TIME_STEP * (f.thrust * done_x - f.drag * (1 + speed) * v_x + f.wind * math.sin(2 * y))
        v_y += TIME_STEP * (f.thrust * done_y - f.drag * (1 + speed) * v_y + f.wind * math.cos(2 * x))
        x, y = x + TIME_STEP * v_x, y + TIME_STEP * v_y
        self.state = np.array([x, y, v_x, v_y])
        distance = -math.hypot(x - self.task[0], y - self.task[1])
        control = -CONTROL_COST * (push_x**2 + push_y**2)
        return (
            self.state.copy(),
            distance + control,
            False,
            False,
            {"reward_distance": distance, "reward_ctrl": control},
        )
