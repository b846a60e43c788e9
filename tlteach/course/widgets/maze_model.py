"""What the stepper shows: whole episodes of several networks in one maze, with all that they thought at each step."""

from collections.abc import Mapping

import numpy as np
import torch

from tlteach.errors import InvalidInput
from tlteach.experiments.maze import Episode, MazeNetwork, watch
from tlteach.tasks.maze import MazeTask

MOST = 5  # networks side by side


class MazeModel:
    """The same maze, the same goal and the same places to be put down in for every network.

    Raises InvalidInput for no or more than five networks, and for what is no `MazeNetwork` or no `MazeTask`.
    """

    def __init__(self, networks: Mapping[str, MazeNetwork], task: MazeTask):
        if not isinstance(networks, Mapping) or not 1 <= len(networks) <= MOST:
            raise InvalidInput(f"one to {MOST} networks by name are needed, got {networks!r:.80}.")
        for name, network in networks.items():
            if not isinstance(network, MazeNetwork):
                kind = type(network).__name__
                raise InvalidInput(f"{name!r} must be a MazeNetwork (`maze.restore(result)`), got {kind}.")
        if not isinstance(task, MazeTask):
            raise InvalidInput(f"a MazeTask is needed, got {type(task).__name__}.")
        self.networks, self.task = dict(networks), task
        self._number, self._episodes, self._written, self._limits = -1, {}, {}, {}

    def episodes(self, number: int) -> dict[str, Episode]:
        """Episode `number`, lived by each network; the goal is never where all begin."""
        if number != self._number:
            generator, plan = torch.Generator().manual_seed(number), self.task.plan
            goal = torch.randint(len(plan.cells) - 1, (1,), generator=generator).item()
            goal += goal >= plan.start
            lived = {n: watch(network, self.task, goal=goal, seed=number) for n, network in self.networks.items()}
            self._number, self._episodes = number, lived
            self._written = {
                name: self.networks[name].layer.alpha.detach().numpy() * each.trace
                for name, each in lived.items()
                if each.trace is not None
            }
        return self._episodes

    def written(self, number: int, name: str) -> np.ndarray | None:
        """(T, N, N) what the trace adds to the weights at each step, alpha * Hebb; None where nothing is plastic."""
        self.episodes(number)
        return self._written.get(name)

    def limit(self, number: int) -> float | None:
        """The most that any trace adds to a weight in the episode (never 0: a scale); None where nothing is plastic."""
        self.episodes(number)
        if number not in self._limits:
            most = max((float(np.abs(written).max()) for written in self._written.values()), default=None)
            self._limits = {number: most if most is None else most or 1.0}
        return self._limits[number]
