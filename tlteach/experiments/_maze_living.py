"""`act` in the maze without Python between the steps: environment and plastic network in one compiled loop.

For a small network, what a step costs is Python and not the network. The loop of `act` says what is done; this does the
same, of the same random numbers, and the tests hold the two against each other.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from tlteach.experiments._maze_network import MazeNetwork
from tlteach.plasticity import Acting
from tlteach.plasticity.recurrence.episode import array
from tlteach.tasks.episodes import Episodes
from tlteach.tasks.maze import BatchedMaze


class Lived(NamedTuple):
    """Whole episodes, T steps of B: observation (T + 1, B, n) and hidden (T + 1, B, N), one more than action and
    reward (T, B): the last is what follows the end."""

    observation: Tensor
    action: Tensor
    reward: Tensor
    hidden: Tensor


def can_live(network: MazeNetwork, acting: object, episodes: Episodes) -> bool:
    """Whether the compiled loop knows the episodes, the rule and the device."""
    known = type(episodes) is BatchedMaze and type(acting) is Acting and acting.arrays is not None
    return known and all(p.device.type == "cpu" and p.dtype == torch.float32 for p in network.parameters())


def live(network: MazeNetwork, acting: Acting, maze: BatchedMaze, seen: Tensor, noise: Tensor) -> Lived:
    """Live through the episodes, which have just begun, seen (B, n); noise (T, B, A) is added to the logits."""
    from tlteach.experiments import _maze_kernel  # not before it is needed: numba takes its time

    T, B, A = noise.shape
    task, plan = maze.task, maze.task.plan
    made = Lived(
        seen.new_zeros(T + 1, B, seen.shape[1]), torch.empty(T, B, dtype=torch.int64), seen.new_empty(T, B),
        seen.new_zeros(T + 3, B, network.layer.hidden_size),
    )  # fmt: skip
    made.observation[0] = seen
    places, cell = maze.places(T), maze.cell.clone()
    head = (array(network.policy.weight.t()), array(network.policy.bias))
    paper, steps = task.observation == "paper", torch.arange(1, T + 1)
    times = array(steps.float() if paper else steps / T)  # what is seen of the time after each step
    world = (plan.next_cell, plan.views, times, task.goal_reward, task.bump_reward, paper)
    _maze_kernel.live(*map(array, (*made, maze.goal, cell, places, noise)), world, head, acting.arrays)
    maze.finish(cell, made.observation[T])
    return made._replace(hidden=made.hidden[2:])
