"""Families whose real environment is one of Gymnasium's MuJoCo robots."""

from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium
import torch
from torch import Tensor

from tlteach import checks
from tlteach.tasks.families.family import Family, random, uniform
from tlteach.tasks.families.worlds import Worlds


@dataclass(frozen=True)
class Robot(Family):
    """A robot of Gymnasium, version 5; `frame_skip` is the number of steps of the simulator in one of ours.

    Class variables: `model`, file of the robot among Gymnasium's; `rest`, its coordinates (qpos) before noise;
    `hidden`, how many of them, from the first on, are not observed; `tracked`, a body whose place is observed;
    `friction`, an option of those that touch the ground.
    """

    model: ClassVar[str]
    rest: ClassVar[tuple[float, ...]]
    n_velocities: ClassVar[int]
    hidden: ClassVar[int] = 0
    tracked: ClassVar[str | None] = None
    friction: ClassVar[float] = 1.0

    frame_skip: int

    def __post_init__(self):
        super().__post_init__()
        checks.whole(1, frame_skip=self.frame_skip)

    def start(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Coordinates (n, qpos) and velocities (n, qvel) of new episodes, in double precision: Gymnasium's noise."""
        make = {"dtype": torch.float64, "device": generator.device}
        qpos = torch.tensor(self.rest, **make) + uniform((n, len(self.rest)), -0.1, 0.1, generator)
        return qpos, 0.1 * torch.randn((n, self.n_velocities), generator=generator, **make)

    def observe(self, qpos: Tensor, qvel: Tensor, place: Tensor | None = None) -> Tensor:
        """(n, obs_size) from coordinates, velocities and, where one is tracked, a body's place (n, 3)."""
        return torch.cat([qpos[:, self.hidden :], qvel], -1).to(torch.get_default_dtype())

    def resets(self, n: int, seed: int | torch.Generator) -> Tensor:
        checks.whole(1, n=n)
        return self.observe(*self.start(n, random(seed)))

    def make_env(self, task: Tensor, **options: Any) -> gymnasium.Env:
        from tlteach.tasks.families.simulator import need_mujoco

        need_mujoco()
        return super().make_env(task, **options)

    def worlds(self, n: int, seed: int | torch.Generator, threads: int = 1) -> Worlds:
        from tlteach.tasks.families.simulator import MujocoWorlds

        return MujocoWorlds(self, n, seed, threads)
