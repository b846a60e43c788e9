"""What a robot that moves over the ground may be asked for: a direction, or a velocity (spec B, section 2).

Rewards look at the velocity v of the torso in s', one component a component of the task. (Gymnasium's own reward uses
the distance covered, which its observation does not tell.) The authors write the directions as -inf and +inf, and their
simulator's action costs are in other units; here the action is in [-1, 1], which is their action over half its range.
"""

import math
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.tasks.families.family import random, uniform
from tlteach.tasks.families.robot import Robot


@dataclass(frozen=True)
class Runner(Robot):
    """friction: scale of the friction of all that touches, robot and ground.

    Class variables: `velocity_at`, where v_x (and v_y) stand in the observation; the constants of the reward.
    """

    velocity_at: ClassVar[int]
    control_cost: ClassVar[float]
    alive: ClassVar[float] = 0.0  # reward of a step whatever happens

    friction: float = field(default=1.0, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        checks.positive(friction=self.friction)

    def _gain(self, velocity: Tensor, task: Tensor) -> Tensor:
        """(...) from (..., task_size) velocity and task."""
        raise NotImplementedError

    def reward(self, obs: Tensor, action: Tensor, next_obs: Tensor, task: Tensor) -> Tensor:
        self.check_sizes(obs, action, next_obs, task)
        velocity = next_obs[..., self.velocity_at : self.velocity_at + self.task_size]
        return self._gain(velocity, task) - self.control_cost * action.clamp(-1, 1).square().sum(-1) + self.alive


@dataclass(frozen=True)
class Direction(Runner):
    """psi is +1 (along x) or -1 (against it); r = psi v_x - cost |a|^2 + alive."""

    task_size: ClassVar[int] = 1

    def sample_tasks(self, n: int, seed: int | torch.Generator) -> Tensor:
        checks.whole(1, n=n)
        generator = random(seed)
        return 2.0 * torch.randint(2, (n, 1), generator=generator, device=generator.device) - 1

    def in_range(self, tasks: Tensor) -> Tensor:
        return (tasks.abs() == 1).all(-1)

    @property
    def task_range(self) -> str:
        return "(1,), along x, or (-1,), against it"

    @property
    def others(self) -> str:
        return "a speed is a task of the goal-velocity families"

    @property
    def best(self) -> float:
        return math.nan  # faster is always better

    def _gain(self, velocity: Tensor, task: Tensor) -> Tensor:
        return (task * velocity).sum(-1)


@dataclass(frozen=True)
class GoalVelocity(Runner):
    """psi between `low` and `high` (m/s) in each component; r = bonus - |v - psi|_1 - cost |a|^2 + alive."""

    bonus: ClassVar[float] = 0.0  # what a component of the velocity is worth when it is right

    low: float
    high: float

    def __post_init__(self):
        super().__post_init__()
        if (
            not all(isinstance(x, int | float) and math.isfinite(x) for x in (self.low, self.high))
            or self.low >= self.high
        ):
            raise InvalidInput(
                f"low and high must be numbers, low below high, got low={self.low!r}, high={self.high!r}"
            )

    def sample_tasks(self, n: int, seed: int | torch.Generator) -> Tensor:
        checks.whole(1, n=n)
        return uniform((n, self.task_size), self.low, self.high, random(seed))

    def in_range(self, tasks: Tensor) -> Tensor:
        return ((tasks >= self.low - 1e-6) & (tasks <= self.high + 1e-6)).all(-1)

    @property
    def task_range(self) -> str:
        what = {1: "a velocity (v_x,)", 2: "a velocity (v_x, v_y)"}[self.task_size]
        return f"{what} between {self.low:g} and {self.high:g} m/s"

    @property
    def others(self) -> str:
        return f'other bounds have others: family("{self.name}", low=..., high=...)'

    @property
    def best(self) -> float:
        return self.bonus * self.task_size + self.alive

    def _gain(self, velocity: Tensor, task: Tensor) -> Tensor:
        return self.bonus * self.task_size - (velocity - task).abs().sum(-1)
