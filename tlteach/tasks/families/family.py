"""What a family of tasks is: one robot, one dynamics, and a reward that is known as soon as the task is.

Landolfi, Thomas and Ma (2019) share a learned dynamics model between such tasks. All that a learner may know of a task
is here, on batched tensors: the reward r(s, a, s', psi), whether s' ends the episode, and how episodes start.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Any, ClassVar

import gymnasium
import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput, TlteachError
from tlteach.tasks.families.worlds import Worlds


class Disagreement(TlteachError):
    """The known reward or end of episode is not the environment's."""


@dataclass(frozen=True)
class Family(ABC):
    """Tasks that share their dynamics.

    | symbol | shape | what |
    |---|---|---|
    | obs, next_obs | (..., obs_size) | s and s' |
    | action | (..., action_size) | a, one number in [-1, 1] a motor; beyond it is clipped, here as in the environment |
    | task | (..., task_size) | psi, in the environment's units |

    Leading dimensions broadcast. Options are the fields: `family("halfcheetah-velocity", high=3.0, horizon=100)`.

    disabled: motors that do nothing in the environment, whatever is commanded. The known reward is that of the command:
        who learns does not know of the fault.
    """

    obs_size: ClassVar[int]
    action_size: ClassVar[int]
    task_size: ClassVar[int]
    gym_id: ClassVar[str]

    name: str
    horizon: int  # steps after which an episode is truncated
    disabled: tuple[int, ...] = field(default=(), kw_only=True)

    def __post_init__(self):
        checks.whole(1, horizon=self.horizon)
        known, motors = range(self.n_motors), self.disabled
        if not isinstance(motors, tuple) or not all(type(motor) is int and motor in known for motor in motors):
            raise InvalidInput(
                f"disabled must be a tuple of motors of {self.name}, 0 to {self.n_motors - 1}, got {motors!r}"
            )

    @property
    def n_motors(self) -> int:
        """How many there are to be disabled."""
        return self.action_size

    @property
    def limits(self) -> tuple[list[float], list[float]]:
        """Lowest and highest action that is executed, (action_size,) each: -1 and 1, both 0 of a disabled motor."""
        high = [0.0 if motor in self.disabled else 1.0 for motor in range(self.action_size)]
        return [-x for x in high], high

    def executed(self, action: Tensor) -> Tensor:
        """(..., action_size) what the environment does of an action: as much as `limits` allows."""
        if not self.disabled:
            return action.clamp(-1, 1)
        low, high = (torch.tensor(limit, dtype=action.dtype, device=action.device) for limit in self.limits)
        return action.clamp(low, high)

    @abstractmethod
    def sample_tasks(self, n: int, seed: int | torch.Generator) -> Tensor:
        """(n, task_size) tasks drawn as in training."""

    @abstractmethod
    def in_range(self, tasks: Tensor) -> Tensor:
        """(...) bool: can `sample_tasks` draw these (..., task_size) tasks?"""

    @property
    @abstractmethod
    def task_range(self) -> str:
        """What a task of this family is, for a person who gave another."""

    @property
    @abstractmethod
    def others(self) -> str:
        """How that person gets other tasks."""

    @abstractmethod
    def reward(self, obs: Tensor, action: Tensor, next_obs: Tensor, task: Tensor) -> Tensor:
        """(...) reward of each step; differentiable. Raises InvalidInput for a last dimension of the wrong size."""

    @property
    def best(self) -> float:
        """Reward of a step at the goal, without cost; NaN for a family without goals."""
        return 0.0

    def miss(self, obs: Tensor, next_obs: Tensor, task: Tensor) -> Tensor:
        """(...) how far from its goal (m, or m/s) the robot is after a step: what the reward, without cost, lacks."""
        nothing = torch.zeros(*obs.shape[:-1], self.action_size, dtype=obs.dtype, device=obs.device)
        return self.best - self.reward(obs, nothing, next_obs, task)

    def done(self, next_obs: Tensor) -> Tensor:
        """(...) bool: the episode ends here for a reason other than time. This one: never."""
        return torch.zeros(next_obs.shape[:-1], dtype=torch.bool, device=next_obs.device)

    @abstractmethod
    def resets(self, n: int, seed: int | torch.Generator) -> Tensor:
        """(n, obs_size) first observations of n episodes, drawn as the environment draws them."""

    @abstractmethod
    def worlds(self, n: int, seed: int | torch.Generator, threads: int = 1) -> Worlds:
        """n copies of the real environment side by side, for collecting; tasks do not matter to them."""

    def make_env(self, task: Tensor, **options: Any) -> gymnasium.Env:
        """The environment of one (task_size,) task; `options` go to it (`render_mode`).

        Raises InvalidInput for a task of another shape or outside the range, and where MuJoCo is needed and missing.
        """
        task = self.check_tasks(task, dims=1)
        options |= self.options()
        return gymnasium.make(self.gym_id, max_episode_steps=self.horizon, task=tuple(task.tolist()), **options)

    def options(self) -> dict[str, Any]:
        """What its environment is told besides the task: all fields but name and horizon."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("name", "horizon")}

    def check_tasks(self, tasks: Tensor, dims: int | None = None) -> Tensor:
        """`tasks` (..., task_size) as a tensor, or InvalidInput: other shapes, or a task outside the range."""
        try:
            tasks = torch.as_tensor(tasks, dtype=torch.get_default_dtype())
        except (TypeError, ValueError, RuntimeError) as error:
            wanted = f"tasks of {self.name} are {self.task_size} numbers each, expected {self.task_range}"
            raise InvalidInput(f"{wanted}; got {tasks!r}") from error
        if tasks.ndim == 0 or tasks.shape[-1] != self.task_size or (dims is not None and tasks.ndim != dims):
            wanted = f"({self.task_size},)" if dims == 1 else f"(..., {self.task_size})"
            raise InvalidInput(f"a task of {self.name} has shape {wanted}, got {tuple(tasks.shape)}")
        good = self.in_range(tasks)
        if not good.all():
            bad = tasks[~good].reshape(-1, self.task_size)[0].tolist()
            raise InvalidInput(f"{bad} is no task of {self.name}: expected {self.task_range}; {self.others}")
        return tasks

    def check_sizes(self, obs: Tensor, action: Tensor, next_obs: Tensor, task: Tensor) -> None:
        """Raise InvalidInput unless the last dimensions are those of this family."""
        wanted = {"obs": self.obs_size, "action": self.action_size, "next_obs": self.obs_size, "task": self.task_size}
        for (name, size), tensor in zip(wanted.items(), (obs, action, next_obs, task), strict=True):
            if tensor.shape[-1:] != (size,):
                raise InvalidInput(f"{name} of {self.name} has shape (..., {size}), got {tuple(tensor.shape)}")

    def verify(self, seed: int = 0, steps: int = 2000, tolerance: float = 1e-4) -> None:
        """Act at random in the real environment, in a new task each episode; raise Disagreement if we know better.

        Some actions lie outside [-1, 1]. The message has the largest difference of a reward and where it was. Steps of
        an episode that are judged together get the numbers that each gets alone.

        Raises InvalidInput, too: for a reward or `done` of another shape or kind.
        """
        checks.whole(1, steps=steps)
        generator = torch.Generator().manual_seed(seed)
        worst, place = 0.0, ""
        step = episode = 0
        while step < steps:
            task = self.sample_tasks(1, generator)[0]
            env = self.make_env(task)
            obs, _ = env.reset(seed=seed + episode)
            over, rows, rewards, dones = False, [], [], []
            while not over and step < steps:
                action = 3 * torch.rand(self.action_size, generator=generator) - 1.5
                next_obs, reward, terminated, truncated, _ = env.step(action.numpy())
                row = [torch.as_tensor(x, dtype=torch.float64) for x in (obs, action, next_obs, task)]
                known = checks.reward(self.reward(*row), (), self.name).item()
                done = checks.done(self.done(row[2]), (), self.name).item()
                rows.append(row)
                rewards.append(known)
                dones.append(done)
                if done != terminated:
                    raise Disagreement(
                        f"{self.name}, step {step} (seed {seed}): the environment says terminated={terminated}, "
                        f"done(next_obs) says {done}; next_obs = {row[2].tolist()}"
                    )
                told = f"step {step}: the environment gave {reward}, known {known}"
                if not isfinite(known - reward):
                    raise Disagreement(f"{self.name}: rewards cannot be compared (seed {seed}, {told})")
                if abs(known - reward) > worst:
                    worst, place = abs(known - reward), told
                obs, over, step = next_obs, terminated or truncated, step + 1
            env.close()
            episode += 1
            together = [torch.stack(column)[:, None] for column in zip(*rows, strict=True)]  # (N, 1, ...)
            known = checks.reward(self.reward(*together), (len(rows), 1), self.name)[:, 0].tolist()
            done = checks.done(self.done(together[2]), (len(rows), 1), self.name)[:, 0].tolist()
            same = all(abs(one - other) <= tolerance for one, other in zip(known, rewards, strict=True))  # NaN is not
            if not same or done != dones:
                raise Disagreement(f"{self.name}: steps judged together get other rewards or ends than each alone")
        if worst > tolerance:
            raise Disagreement(f"{self.name}: rewards differ by up to {worst:.3g} (seed {seed}, {place})")


def random(seed: int | torch.Generator) -> torch.Generator:
    """A generator from a seed; one that is passed in goes on being used."""
    if isinstance(seed, torch.Generator):
        return seed
    checks.whole(0, seed=seed)
    return torch.Generator().manual_seed(seed)


def uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    """Uniform draws on the generator's device."""
    return low + (high - low) * torch.rand(shape, generator=generator, device=generator.device)
