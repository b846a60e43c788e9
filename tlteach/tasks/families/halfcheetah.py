"""The half-cheetah: run in a direction, or at a goal velocity (spec B, section 2: HCFB, HCP, HCF)."""

from dataclasses import dataclass
from typing import ClassVar

from tlteach.tasks.families.goals import Direction, GoalVelocity, Runner


@dataclass(frozen=True)
class HalfCheetah(Runner):
    """Gymnasium's HalfCheetah-v5, 17 numbers observed, never done; a step is 0.01 s times `frame_skip`.

    `frame_skip=1` is the authors' time step. Their observation also had x and the centre of mass.
    """

    obs_size: ClassVar[int] = 17
    action_size: ClassVar[int] = 6
    model: ClassVar[str] = "half_cheetah.xml"
    rest: ClassVar[tuple[float, ...]] = (0.0,) * 9
    n_velocities: ClassVar[int] = 9
    hidden: ClassVar[int] = 1  # x
    velocity_at: ClassVar[int] = 8
    control_cost: ClassVar[float] = 0.05

    horizon: int = 200
    frame_skip: int = 5


@dataclass(frozen=True)
class HalfCheetahDirection(HalfCheetah, Direction):
    """r = psi v_x - 0.05 |a|^2, psi one of -1 and 1; `gymnasium.make("tlteach/HalfCheetahDirection-v0")`."""

    gym_id: ClassVar[str] = "tlteach/HalfCheetahDirection-v0"

    name: str = "halfcheetah-direction"


@dataclass(frozen=True)
class HalfCheetahVelocity(HalfCheetah, GoalVelocity):
    """r = -|v_x - psi| - 0.05 |a|^2, psi from `low` to `high`; `gymnasium.make("tlteach/HalfCheetahVelocity-v0")`."""

    task_size: ClassVar[int] = 1
    gym_id: ClassVar[str] = "tlteach/HalfCheetahVelocity-v0"

    name: str = "halfcheetah-velocity"
    low: float = 0.0
    high: float = 2.0
