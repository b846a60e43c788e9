"""What the maze is: its plan, its rewards, what the agent sees of it. Specification A5 and A6."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from tlteach import checks
from tlteach.errors import InvalidInput

Observation = Literal["corrected", "paper"]
ACTIONS = ("up", "down", "left", "right")
MOVES = ((-1, 0), (1, 0), (0, -1), (0, 1))  # row, column
VIEW = 9  # cells that the agent sees: 3 x 3 around it, row by row
OBSERVATION_SIZE = 17


@dataclass(frozen=True)
class MazeTask:
    """A square room with pillars at every second place, and a goal that only the reward tells of.

    The paper's maze is 9 x 9 cells with 16 pillars. The agent starts in the centre. Whoever arrives on the goal (or
    stays on it) is paid and put down anywhere; the goal stays where it is for the whole episode.

    size: cells of a side inside the outer wall, odd, at least 3.
    episode_length: steps.
    goal_reward: for being on the goal after a step. bump_reward: for walking into a wall, which moves nobody.
    goal_at_start: whether the goal may be in the centre. land_on_goal: whether one may be put down on the goal, which
        pays at the next step only who does not leave it. The authors' first program allows both, their batched one
        neither.
    observation: "paper": the raw step index, no previous action. "corrected": the share of the episode that is over,
        and the previous action (the authors' batched program, but that all four are 0 at the first step).

    Raises InvalidInput for a size that is even or too small, for numbers that are none, and for rewards of which a bump
    is half as much as a goal or more: the two could not be told apart.
    """

    size: int = 9
    episode_length: int = 250
    goal_reward: float = 10.0
    bump_reward: float = -0.1
    goal_at_start: bool = True
    land_on_goal: bool = True
    observation: Observation = "corrected"

    def __post_init__(self):
        checks.whole(3, size=self.size)
        checks.whole(1, episode_length=self.episode_length)
        checks.choice("observation", self.observation, get_args(Observation))
        if self.size % 2 == 0:
            raise InvalidInput(
                f"size must be odd, for a centre between the pillars of every second place, got {self.size}; "
                f"take {self.size - 1} or {self.size + 1}"
            )
        checks.finite(goal_reward=self.goal_reward, bump_reward=self.bump_reward)
        if abs(self.bump_reward) >= self.goal_reward / 2:
            raise InvalidInput(
                "goal_reward must be positive and more than twice the size of bump_reward, got "
                f"{self.goal_reward:g} and {self.bump_reward:g}"
            )

    def finds(self, reward: Any) -> Any:
        """Whether a reward, or which of an array or a tensor, is that of a step onto the goal."""
        return reward > self.goal_reward / 2

    @property
    def plan(self) -> "Plan":
        return plan(self.size)

    @property
    def reward_range(self) -> tuple[float, float]:
        """The least and the most that one step can bring; a bump on the goal brings both rewards."""
        sums = (0.0, self.goal_reward, self.bump_reward, self.goal_reward + self.bump_reward)
        return min(sums), max(sums)

    def observe(self, cell: int, step: int, reward: float, action: int | None) -> np.ndarray:
        """What the agent sees: (17,) float32.

        cell: where it is, an index of `plan.cells`. step: how many steps it has taken. reward, action: of the last of
        them; 0 and None before the first.
        """
        seen = np.zeros(OBSERVATION_SIZE, np.float32)
        seen[:VIEW] = self.plan.views[cell]
        if self.observation == "paper":
            seen[14:] = reward, step, 1.0
        else:
            seen[10:13] = 1.0, step / self.episode_length, reward
            if action is not None:
                seen[13 + action] = 1.0
        return seen

    def observation_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest value of each of the 17 numbers."""
        low, high = np.zeros(OBSERVATION_SIZE, np.float32), np.ones(OBSERVATION_SIZE, np.float32)
        paper = self.observation == "paper"
        place = 14 if paper else 12
        low[place], high[place] = self.reward_range
        if paper:
            high[15] = self.episode_length
        return low, high


@dataclass(frozen=True)
class Plan:
    """The floor plan. Cells are counted over the free ones, row by row: 65 in the paper's maze.

    walls: (size + 2, size + 2) bool, with the outer wall. cells: (n, 2) row and column in it of each free cell.
    start: the centre's cell. next_cell: (n, 4), where each action leads; for a bump the cell itself.
    views: (n, 9) float32, 1 where a wall is, of the 3 x 3 cells around each. distances: (n, n), steps between cells.
    """

    walls: np.ndarray
    cells: np.ndarray
    start: int
    next_cell: np.ndarray
    views: np.ndarray
    distances: np.ndarray


@lru_cache(maxsize=32)
def plan(size: int) -> Plan:
    """The plan of a maze of `size` x `size` cells: pillars at every second place in both directions, a free centre."""
    walls = np.ones((size + 2, size + 2), bool)
    walls[1:-1, 1:-1] = False
    walls[2:-1:2, 2:-1:2] = True
    centre = (size + 1) // 2
    walls[centre, centre] = False
    cells = np.argwhere(~walls)
    index = np.full(walls.shape, -1)
    index[tuple(cells.T)] = np.arange(len(cells))
    ahead = [index[tuple((cells + move).T)] for move in MOVES]  # -1 in a wall
    next_cell = np.stack([np.where(to < 0, np.arange(len(cells)), to) for to in ahead], 1)
    views = np.stack([walls[r - 1 : r + 2, c - 1 : c + 2].ravel() for r, c in cells]).astype(np.float32)
    known = Plan(walls, cells, int(index[centre, centre]), next_cell, views, _distances(next_cell))
    for array in (known.walls, known.cells, known.next_cell, known.views, known.distances):
        array.flags.writeable = False  # all mazes of this size share them
    return known


def _distances(next_cell: np.ndarray) -> np.ndarray:
    """Steps of the shortest path from each cell to each other: all cells one step further at a time."""
    n = len(next_cell)
    reached, distances, steps = np.eye(n, dtype=bool), np.full((n, n), -1), 0
    while (distances < 0).any():
        distances[reached & (distances < 0)] = steps
        reached = reached | reached[next_cell].any(1)
        steps += 1
    return distances
