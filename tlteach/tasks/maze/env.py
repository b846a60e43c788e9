"""One maze as a Gymnasium environment: the readable reference of `BatchedMaze`."""

from numbers import Integral
from typing import Any

import gymnasium
import numpy as np

from tlteach.errors import InvalidInput
from tlteach.tasks.maze import drawing
from tlteach.tasks.maze.task import ACTIONS, MazeTask


class MazeEnv(gymnasium.Env):
    """Find a goal that cannot be seen, and find it again from wherever one is put down (Miconi et al. 2018, 4.5).

    ## Description
    A square room of `size` x `size` cells with pillars at every second place. One cell is the goal, for the whole
    episode. Whoever is on it after a step gets a reward and is put down on a free cell at random. Nothing but the
    reward tells where the goal is: an agent that remembers where it was paid comes back sooner.

    ## Action Space
    `Discrete(4)`: 0 up, 1 down, 2 left, 3 right. A step into a wall moves nothing.

    ## Observation Space
    `Box((17,), float32)`. In both forms numbers 0 to 8 are the 3 x 3 cells around the agent, row by row, 1 for a wall.

    | number | `observation="corrected"` | `observation="paper"` |
    |---|---|---|
    | 9 | 0 | 0 |
    | 10 | 1 | 0 |
    | 11 | steps taken / episode length | 0 |
    | 12 | reward of the last step | 0 |
    | 13 | last action was up | 0 |
    | 14 | last action was down | reward of the last step |
    | 15 | last action was left | steps taken |
    | 16 | last action was right | 1 |

    ## Rewards
    The sum of `reward_goal` (10 for being on the goal after the step) and `reward_bump` (-0.1 for walking into a wall),
    both in `info`.

    ## Starting State
    The agent is in the centre; the goal is drawn uniformly from the free cells.

    ## Episode End
    Never terminated; truncated after `episode_length` steps. A step after that raises InvalidInput.

    ## Arguments
    The fields of `MazeTask`: `size=9`, `episode_length=250`, `goal_reward=10.0`, `bump_reward=-0.1`,
    `goal_at_start=True`, `land_on_goal=True`, `observation="corrected"`. `reset(options={"goal": cell})` chooses the
    goal, an index of `task.plan.cells`.
    """

    metadata = {"render_modes": ["rgb_array", "ansi"], "render_fps": 8}

    def __init__(self, render_mode: str | None = None, **options: Any):
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise InvalidInput(f"unknown render_mode {render_mode!r}; there are 'rgb_array', 'ansi' and None")
        self.task = MazeTask(**options)
        self.render_mode = render_mode
        self.observation_space = gymnasium.spaces.Box(*self.task.observation_bounds(), dtype=np.float32)
        self.action_space = gymnasium.spaces.Discrete(len(ACTIONS))
        self.cell = self.goal = self.task.plan.start
        self.steps: int | None = None  # taken in this episode; None before the first reset

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        n, start = len(self.task.plan.cells), self.task.plan.start
        options = {} if options is None else options
        if not isinstance(options, dict) or options.keys() - {"goal"}:
            raise InvalidInput(f"reset takes options={{'goal': cell}}, got {options!r}")
        chosen = options.get("goal")
        if chosen is not None and (not isinstance(chosen, Integral) or not 0 <= chosen < n):
            raise InvalidInput(f"the goal must be a cell from 0 to {n - 1}, got {chosen!r}")
        self.goal = int(self._draw(None if self.task.goal_at_start else start) if chosen is None else chosen)
        self.cell, self.steps = start, 0
        return self.task.observe(self.cell, 0, 0.0, None), {}

    def step(self, action):
        if self.steps is None:
            raise InvalidInput("the episode has not begun: call reset() before the first step()")
        if self.steps >= self.task.episode_length:
            raise InvalidInput(f"the episode is over after {self.task.episode_length} steps: call reset()")
        value = np.asarray(action)
        if value.dtype.kind not in "iu" or value.size != 1 or not 0 <= value.item() < len(ACTIONS):
            raise InvalidInput(f"the action must be 0 (up), 1 (down), 2 (left) or 3 (right), got {action!r}")
        action, task = value.item(), self.task
        to = int(task.plan.next_cell[self.cell, action])
        bump = task.bump_reward if to == self.cell else 0.0
        found = to == self.goal
        self.cell = self._draw(None if task.land_on_goal else self.goal) if found else to
        self.steps += 1
        reward = bump + (task.goal_reward if found else 0.0)
        info = {"reward_goal": reward - bump, "reward_bump": bump}
        over = self.steps >= task.episode_length
        return task.observe(self.cell, self.steps, reward, action), reward, False, over, info

    def _draw(self, but: int | None) -> int:
        """A free cell, uniformly; another than `but`."""
        n = len(self.task.plan.cells)
        if but is None:
            return int(self.np_random.integers(n))
        cell = int(self.np_random.integers(n - 1))
        return cell + (cell >= but)

    def render(self) -> np.ndarray | str | None:
        """A picture (240, 240, 3) uint8, or lines of text; None without a render mode."""
        if self.render_mode is None:
            return None
        draw = drawing.text if self.render_mode == "ansi" else drawing.pixels
        return draw(self.task, self.cell, self.goal)
