"""Many mazes at a time on torch tensors, on a CPU or a GPU: the dynamics of `MazeEnv`, step by step."""

import numpy as np
import torch
from torch import Tensor

from tlteach.tasks.episodes import Episodes
from tlteach.tasks.maze.task import ACTIONS, OBSERVATION_SIZE, VIEW, MazeTask


class BatchedMaze(Episodes):
    """B mazes, each with a goal of its own. How it is used stands at `Episodes`.

    Args:
        task: what the mazes are.
        batch_size: B.
        generator: of goals and of the cells where agents are put down; on the device of the mazes.
        device: where the tensors are.

    Attributes:
        cell, goal: (B,) indices of `task.plan.cells`. steps: (B,) taken. over: (B,) bool.
    """

    observation_size, n_actions = OBSERVATION_SIZE, len(ACTIONS)

    def __init__(self, task: MazeTask, batch_size: int, generator: torch.Generator, device=None):
        super().__init__(batch_size, task.episode_length, generator, device)
        plan = task.plan
        self.task, self.n_cells = task, len(plan.cells)
        # Tables, and what is seen put together from their rows: a step is a dozen small operations.
        self._next = torch.tensor(plan.next_cell, device=device).flatten()  # (n * 4,)
        bumps = torch.tensor(plan.next_cell == np.arange(self.n_cells)[:, None], device=device).flatten()
        self._bumps = task.bump_reward * bumps.float()  # (n * 4,)
        paper = task.observation == "paper"
        self._views = torch.zeros(self.n_cells, 14 if paper else 11, device=device)
        self._views[:, :VIEW] = torch.tensor(plan.views, device=device)
        self._views[:, 10] = not paper
        self._actions = torch.eye(len(ACTIONS), device=device)
        self._ones, self._nothing = torch.ones(batch_size, 1, device=device), torch.zeros(batch_size, 4, device=device)
        self.cell = self.goal = torch.full((batch_size,), plan.start, device=device)

    def _begin(self) -> tuple[Tensor, ...]:
        start = torch.full_like(self.cell, self.task.plan.start)
        return start, self._draw(None if self.task.goal_at_start else start)

    def _state(self) -> tuple[str, ...]:
        return "cell", "goal"

    def _advance(self, action: Tensor) -> tuple[Tensor, ...]:
        """cell, goal and reward after the step."""
        move = action.add(self.cell, alpha=len(ACTIONS))  # (B,)
        to = self._next.index_select(0, move)
        found = to == self.goal
        reward = self._bumps.index_select(0, move).add(found, alpha=self.task.goal_reward)
        anywhere = self._draw(None if self.task.land_on_goal else self.goal)
        return torch.where(found, anywhere, to), self.goal, reward

    def _observe(self, reward: Tensor, action: Tensor | None) -> Tensor:
        views, reward = self._views.index_select(0, self.cell), reward.unsqueeze(1)
        if self.task.observation == "paper":
            return torch.cat([views, reward, self.steps.unsqueeze(1), self._ones], 1)  # (B, 17)
        over = (self.steps / self.length).unsqueeze(1)
        actions = self._nothing if action is None else self._actions.index_select(0, action)
        return torch.cat([views, over, reward, actions], 1)

    def places(self, steps: int) -> Tensor:
        """Where agents are put down after a find in each of the next steps: (steps, B), of the numbers that they draw.

        For whoever takes those steps in a loop of their own; `finish` then says how it ended.
        """
        return self._draw(None if self.task.land_on_goal else self.goal, steps)

    def finish(self, cell: Tensor, seen: Tensor) -> None:
        """All episodes are over, the agents in `cell` (B,), and `seen` (B, n) is what they see last."""
        self.cell, self._seen, self._n_over = cell, seen, self.batch_size
        self.steps, self.over = torch.full_like(self.steps, self.length), torch.ones_like(self.over)

    def _draw(self, but: Tensor | None, *steps: int) -> Tensor:
        """A free cell for each maze (and step), uniformly; another than `but` (B,)."""
        n = self.n_cells - (but is not None)
        shape = (*steps, *self.cell.shape)
        cell = torch.randint(n, shape, generator=self.generator, device=self.cell.device)
        return cell if but is None else cell + (cell >= but)
