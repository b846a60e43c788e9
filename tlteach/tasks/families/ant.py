"""The ant: run in a direction or at a goal velocity along x or in the plane (spec B, section 2: AFB, AP, AF, AD)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tlteach.tasks.families.goals import Direction, GoalVelocity, Runner

HEALTHY = (0.2, 1.0)  # m, height of the torso


@dataclass(frozen=True)
class Ant(Runner):
    """Gymnasium's Ant-v5 without contact forces, 27 numbers observed; a step is 0.01 s times `frame_skip`.

    Done when the torso is lower than 0.2 m or higher than 1 m. `frame_skip=2` is the authors' time step. Their
    observation also had x, y, the torso's orientation as a matrix and the centre of mass.
    """

    obs_size: ClassVar[int] = 27
    action_size: ClassVar[int] = 8
    model: ClassVar[str] = "ant.xml"
    rest: ClassVar[tuple[float, ...]] = (0.0, 0.0, 0.75, 1.0) + (0.0,) * 11
    n_velocities: ClassVar[int] = 14
    hidden: ClassVar[int] = 2  # x, y
    velocity_at: ClassVar[int] = 13
    control_cost: ClassVar[float] = 0.005
    alive: ClassVar[float] = 0.05

    horizon: int = 200
    frame_skip: int = 5

    def done(self, next_obs: Tensor) -> Tensor:
        low, high = HEALTHY
        height = next_obs[..., 0]
        return ~((height >= low) & (height <= high) & torch.isfinite(next_obs).all(-1))


@dataclass(frozen=True)
class AntDirection(Ant, Direction):
    """r = psi v_x - 0.005 |a|^2 + 0.05, psi one of -1 and 1; `gymnasium.make("tlteach/AntDirection-v0")`."""

    gym_id: ClassVar[str] = "tlteach/AntDirection-v0"

    name: str = "ant-direction"


@dataclass(frozen=True)
class AntVelocity(Ant, GoalVelocity):
    """r = 1 - |v_x - psi| - 0.005 |a|^2 + 0.05; `gymnasium.make("tlteach/AntVelocity-v0")`."""

    task_size: ClassVar[int] = 1
    gym_id: ClassVar[str] = "tlteach/AntVelocity-v0"
    bonus: ClassVar[float] = 1.0

    name: str = "ant-velocity"
    low: float = 0.0
    high: float = 3.0


@dataclass(frozen=True)
class AntVelocity2D(Ant, GoalVelocity):
    """r = 2 - |v_x - psi_x| - |v_y - psi_y| - 0.005 |a|^2 + 0.05; `gymnasium.make("tlteach/AntVelocity2D-v0")`."""

    task_size: ClassVar[int] = 2
    gym_id: ClassVar[str] = "tlteach/AntVelocity2D-v0"
    bonus: ClassVar[float] = 1.0

    name: str = "ant-velocity-2d"
    low: float = -3.0
    high: float = 3.0
