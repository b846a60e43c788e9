"""One episode looked at closely, for a picture: where the agent was, what it thought, and what its traces became."""

from dataclasses import dataclass

import numpy as np
import torch

from tlteach.errors import InvalidInput
from tlteach.experiments._maze_network import MazeNetwork
from tlteach.plasticity import PlasticRNN
from tlteach.tasks.maze import BatchedMaze, MazeTask


@dataclass(frozen=True)
class Episode:
    """What happened in T steps.

    task: the maze. goal: its cell, an index of `task.plan.cells` as all cells are.
    cell: (T + 1,), before each step and at the end. landed: (T,), where each step led before anyone was put down
    elsewhere. action, reward: (T,). found: (T,) of bool.
    value: (T,), what the network expected. chance: (T, 4), of each action.
    hidden: (T, N), activities. trace: (T, N, N), right before the step's equation 1; None without traces.
    """

    task: MazeTask
    goal: int
    cell: np.ndarray
    landed: np.ndarray
    action: np.ndarray
    reward: np.ndarray
    found: np.ndarray
    value: np.ndarray
    chance: np.ndarray
    hidden: np.ndarray
    trace: np.ndarray | None


@torch.no_grad()
def watch(
    network: MazeNetwork, task: MazeTask, *, goal: int | None = None, seed: int = 0, greedy: bool = False
) -> Episode:
    """One episode of the network in the maze; the goal is drawn from `seed` like all else, unless it is given.

    With the same seed and goal, agents are put down in the same cells the same time they find the goal.

    Raises InvalidInput for a goal that is no cell.
    """
    maze, places = BatchedMaze(task, 1, torch.Generator().manual_seed(seed)), _Places(task, seed)
    generator, seen, layer, state = torch.Generator().manual_seed(seed), maze.reset(), network.layer, None
    if goal is not None:
        if goal not in range(maze.n_cells):
            raise InvalidInput(f"the goal must be a cell from 0 to {maze.n_cells - 1}, got {goal!r}")
        maze.goal = torch.tensor([goal])
    plastic = isinstance(layer, PlasticRNN)
    state, rows = layer.initial_state(1) if plastic else None, []
    goal, cells = int(maze.goal), [int(maze.cell)]
    for _ in range(task.episode_length):
        trace = state.trace[0].numpy() if plastic and state.trace is not None else None
        if plastic:
            hidden, state = layer.step(seen, state)
        else:
            output, state = layer(seen.unsqueeze(0), state)
            hidden = output[0]
        policy = network.decide(hidden)
        draw = torch.multinomial(policy.probs, 1, generator=generator).squeeze(-1)
        action = policy.probs.argmax(-1) if greedy else draw
        landed = int(task.plan.next_cell[cells[-1], int(action)])
        seen, reward, _ = maze.step(action)
        if landed == goal:
            maze.cell = torch.tensor([places.draw(goal)])
            seen = maze.look(reward, action)
        cells.append(int(maze.cell))
        value, chance = network.value(hidden).item(), policy.probs[0].numpy()
        rows.append((landed, int(action), reward.item(), landed == goal, value, chance, hidden[0].numpy(), trace))
    landed, action, reward, found, value, chance, hidden, traces = zip(*rows, strict=True)
    trace = None if traces[0] is None else np.stack(traces)
    columns = (np.array(each) for each in (cells, landed, action, reward, found, value, chance, hidden))
    return Episode(task, goal, *columns, trace)


class _Places:
    """Where one is put down the first time, the second time, ...: the same for whoever plays with this seed."""

    def __init__(self, task: MazeTask, seed: int):
        self.task, self.random = task, np.random.default_rng(seed)

    def draw(self, goal: int) -> int:
        free = [c for c in range(len(self.task.plan.cells)) if self.task.land_on_goal or c != goal]
        return int(self.random.choice(free))
