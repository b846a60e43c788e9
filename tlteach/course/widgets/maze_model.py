"""What the stepper shows: a whole episode of a network in the maze, with all that it thought at each step."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from tlteach.errors import InvalidInput
from tlteach.experiments.maze import MazeNetwork
from tlteach.tasks.maze import MazeEnv, MazeTask

MOST = 4  # networks side by side


@dataclass(frozen=True)
class Life:
    """One episode of T steps.

    cells: (T + 1,) where it was, the start first. rewards: (T,). values: (T,) what it expected before each step.
    written: (T, N, N) what the trace adds to the weights after each step, alpha * Hebb; None where nothing is plastic.
    """

    goal: int
    cells: np.ndarray
    rewards: np.ndarray
    values: np.ndarray
    written: np.ndarray | None

    @property
    def paid(self) -> np.ndarray:
        """(T,) whether the step ended on the goal."""
        return self.rewards > 1


@torch.no_grad()
def live(network: MazeNetwork, task: MazeTask, goal: int, seed: int) -> Life:
    """The episode of `network` with this goal; actions and the cells where it is put down are drawn from `seed`."""
    env = MazeEnv(**{name: getattr(task, name) for name in MazeTask.__dataclass_fields__})
    generator = torch.Generator().manual_seed(seed)
    seen, _ = env.reset(seed=seed, options={"goal": goal})
    acting, cells, rewards, values, written, over = network.acting(1), [env.cell], [], [], [], False
    while not over:
        hidden = acting.step(torch.from_numpy(seen)[None])  # (1, N)
        probs = network.decide(hidden).probs[0]
        action = torch.multinomial(probs, 1, generator=generator).item()
        values.append(network.value(hidden).item())
        trace = getattr(acting.state, "trace", None)
        if trace is not None:
            written.append((network.layer.alpha * trace[0]).numpy().astype(np.float16))
        seen, reward, _, over, _ = env.step(action)
        cells.append(env.cell)
        rewards.append(reward)
    arrays = np.array(cells), np.array(rewards), np.array(values)
    return Life(goal, *arrays, np.stack(written) if written else None)


class MazeModel:
    """The same maze, goal and chance for every network.

    Raises InvalidInput for no or more than four networks, and for what is no `MazeNetwork` or no `MazeTask`.
    """

    def __init__(self, networks: Mapping[str, MazeNetwork], task: MazeTask):
        if not isinstance(networks, Mapping) or not 1 <= len(networks) <= MOST:
            raise InvalidInput(f"one to {MOST} networks by name are needed, got {networks!r:.80}.")
        for name, network in networks.items():
            if not isinstance(network, MazeNetwork):
                raise InvalidInput(f"{name!r} must be a MazeNetwork (`maze.restore(result)`), got {type(network)}.")
        if not isinstance(task, MazeTask):
            raise InvalidInput(f"a MazeTask is needed, got {type(task).__name__}.")
        self.networks, self.task = dict(networks), task
        self._lives: dict[int, dict[str, Life]] = {}

    def lives(self, number: int) -> dict[str, Life]:
        """Episode `number`, lived by each network; the goal is never where all begin."""
        if number not in self._lives:
            generator, plan = torch.Generator().manual_seed(number), self.task.plan
            goal = torch.randint(len(plan.cells) - 1, (1,), generator=generator).item()
            goal += goal >= plan.start
            self._lives = {number: {n: live(net, self.task, goal, number) for n, net in self.networks.items()}}
        return self._lives[number]
