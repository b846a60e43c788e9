"""What the best and the worst can be: a planner that knows the goal, and actions at random."""

import torch
from torch import Tensor

from tlteach.tasks.maze.batched import BatchedMaze
from tlteach.tasks.maze.task import MazeTask


class RandomPlayer:
    """Each of the four actions with equal chance."""

    def __init__(self, task: MazeTask, generator: torch.Generator):
        self.generator = generator

    def __call__(self, maze: BatchedMaze) -> Tensor:
        """Actions (B,)."""
        return torch.randint(maze.n_actions, maze.cell.shape, generator=self.generator, device=maze.cell.device)


class Planner:
    """The shortest path to the goal, which it is told; on the goal it goes for a wall or a step off and back.

    table: (n, n), the action in cell i for goal j; the first of the best.
    """

    def __init__(self, task: MazeTask):
        distances = torch.tensor(task.plan.distances)  # (n, n)
        ahead = distances[torch.tensor(task.plan.next_cell)]  # (n, 4, n): from where each action leads
        self.table = ahead.argmin(1)

    def __call__(self, maze: BatchedMaze) -> Tensor:
        """Actions (B,)."""
        return self.table.to(maze.cell.device)[maze.cell, maze.goal]


def play(player, maze: BatchedMaze) -> Tensor:
    """The sum of rewards of one episode in each maze: (B,)."""
    maze.reset()
    total = torch.zeros(maze.batch_size, device=maze.cell.device)
    while not maze.over.all():
        _, reward, _ = maze.step(player(maze))
        total = total + reward
    return total
