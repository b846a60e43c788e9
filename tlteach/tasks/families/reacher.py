"""A two-link arm that is to touch a target: Gymnasium's Reacher-v5 with the target as the task (spec C iv, tier 2)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.tasks.families.family import random, uniform
from tlteach.tasks.families.robot import Robot

UPPER_ARM, FORE_ARM = 0.1, 0.11  # m, to the fingertip
FARTHEST = 0.27  # m, where Gymnasium's model stops the target


@dataclass(frozen=True)
class Reacher(Robot):
    """Targets in the disc of radius `reach` (m); `gymnasium.make("tlteach/Reacher-v0")`.

    The observation does not contain the target: cos of the two angles, sin of them, their velocities (rad/s), and the
    place of the fingertip (x, y) in m. The reward is Reacher-v5's own.
    """

    obs_size: ClassVar[int] = 8
    action_size: ClassVar[int] = 2
    task_size: ClassVar[int] = 2
    gym_id: ClassVar[str] = "tlteach/Reacher-v0"
    model: ClassVar[str] = "reacher.xml"
    rest: ClassVar[tuple[float, ...]] = (0.0, 0.0, 0.0, 0.0)  # two angles, and the target's place in the simulator
    n_velocities: ClassVar[int] = 4
    tracked: ClassVar[str] = "fingertip"

    name: str = "reacher"
    horizon: int = 50
    frame_skip: int = 2
    reach: float = 0.2

    def __post_init__(self):
        super().__post_init__()
        checks.positive(reach=self.reach)
        if self.reach > FARTHEST:
            raise InvalidInput(f"reach must be at most {FARTHEST} m, where the target is stopped, got {self.reach}")

    def sample_tasks(self, n: int, seed: int | torch.Generator) -> Tensor:
        checks.whole(1, n=n)
        generator = random(seed)
        radius = self.reach * uniform((n,), 0, 1, generator).sqrt()  # uniform in the disc
        angle = uniform((n,), -torch.pi, torch.pi, generator)
        return torch.stack([radius * angle.cos(), radius * angle.sin()], -1)

    def in_range(self, tasks: Tensor) -> Tensor:
        return tasks.norm(dim=-1) <= self.reach + 1e-6

    @property
    def task_range(self) -> str:
        return f"a target (x, y) at most {self.reach:g} m from the shoulder"

    @property
    def others(self) -> str:
        return f'family("reacher", reach=...) has farther ones, to {FARTHEST} m (the arm itself reaches 0.21 m)'

    def reward(self, obs: Tensor, action: Tensor, next_obs: Tensor, task: Tensor) -> Tensor:
        self.check_sizes(obs, action, next_obs, task)
        distance = ((next_obs[..., 6:8] - task).square().sum(-1) + 1e-12).sqrt()  # a gradient at the target, too
        return distance.neg() - action.clamp(-1, 1).square().sum(-1)

    def start(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        target = torch.zeros((n, 2), dtype=torch.float64, device=generator.device)  # touches nothing, and stands still
        angles, velocities = uniform((n, 2), -0.1, 0.1, generator), uniform((n, 2), -0.005, 0.005, generator)
        return torch.cat([angles.double(), target], -1), torch.cat([velocities.double(), target], -1)

    def observe(self, qpos: Tensor, qvel: Tensor, place: Tensor | None = None) -> Tensor:
        qpos, qvel = qpos[:, :2], qvel[:, :2]  # without the target
        if place is None:
            upper, fore = qpos[:, 0], qpos.sum(-1)
            x = UPPER_ARM * upper.cos() + FORE_ARM * fore.cos()
            y = UPPER_ARM * upper.sin() + FORE_ARM * fore.sin()
            place = torch.stack([x, y], -1)
        return torch.cat([qpos.cos(), qpos.sin(), qvel, place[:, :2]], -1).to(torch.get_default_dtype())
