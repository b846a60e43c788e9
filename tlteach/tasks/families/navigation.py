"""A point mass in the plane that is to go to a goal: small enough to learn a model of it within a lesson.

It has inertia, a drag that grows with speed, and wind that depends on the place, so that a policy must be trained on
dynamics that are right to do well. The batched form here and the environment are the same map, tested step by step.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.tasks.families.family import Family, random, uniform

TIME_STEP = 0.1  # s
CONTROL_COST = 0.01
START_SPREAD = 0.1  # m; m/s


@dataclass(frozen=True)
class Navigation(Family):
    """Goals in the square [-reach, reach]^2; observation (x, y, v_x, v_y); `gymnasium.make("tlteach/Navigation-v0")`.

    Args:
        reach: m, half the side of the square that goals are drawn from.
        thrust: m/s^2, acceleration at full action along an axis.
        drag: 1/s, deceleration over speed at low speed; the drag is `drag * (1 + speed) * velocity`.
        wind: m/s^2, strongest acceleration by the wind along an axis.
        beyond: m, goals are drawn outside of the square [-beyond, beyond]^2.
        disabled: of four motors, which push along +x, -x, +y and -y (0 to 3).

    One of four motors is to the point mass what a leg is to the ant: without it something is left to be learned (wind
    and drag push, too), which is not so where a whole axis is dead.
    """

    obs_size: ClassVar[int] = 4
    action_size: ClassVar[int] = 2
    task_size: ClassVar[int] = 2
    gym_id: ClassVar[str] = "tlteach/Navigation-v0"

    name: str = "navigation"
    horizon: int = 100
    reach: float = 2.0
    thrust: float = 4.0
    drag: float = 0.5
    wind: float = 1.0
    beyond: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        checks.positive(reach=self.reach, thrust=self.thrust)
        checks.finite(least=0, drag=self.drag, wind=self.wind, beyond=self.beyond)
        if self.beyond >= self.reach:
            raise InvalidInput(f"beyond must be less than reach, got beyond={self.beyond:g}, reach={self.reach:g}")

    @property
    def n_motors(self) -> int:
        return 4

    @property
    def limits(self) -> tuple[list[float], list[float]]:
        right, left, up, down = (0.0 if motor in self.disabled else 1.0 for motor in range(4))
        return [-left, -down], [right, up]

    def sample_tasks(self, n: int, seed: int | torch.Generator) -> Tensor:
        checks.whole(1, n=n)
        goals = uniform((n, 2), -self.reach, self.reach, random(seed))
        if not self.beyond:
            return goals
        far = goals.abs().amax(-1, keepdim=True)  # its square over reach^2 is uniform in [0, 1]; now in what is left:
        b, r = self.beyond, self.reach
        return goals / far * (b**2 + (r**2 - b**2) * (far / r).square()).sqrt().clamp(b, r)

    def in_range(self, tasks: Tensor) -> Tensor:
        far = tasks.abs().amax(-1)
        return (far <= self.reach) & (far >= self.beyond)

    @property
    def task_range(self) -> str:
        but = f", not both between {-self.beyond:g} and {self.beyond:g}" if self.beyond else ""
        return f"a goal (x, y), both between {-self.reach:g} and {self.reach:g} m{but}"

    @property
    def others(self) -> str:
        return 'a larger reach has farther ones: family("navigation", reach=...)'

    def reward(self, obs: Tensor, action: Tensor, next_obs: Tensor, task: Tensor) -> Tensor:
        self.check_sizes(obs, action, next_obs, task)
        distance = ((next_obs[..., :2] - task).square().sum(-1) + 1e-12).sqrt()  # a gradient at the goal, too
        return distance.neg() - CONTROL_COST * action.clamp(-1, 1).square().sum(-1)

    def resets(self, n: int, seed: int | torch.Generator) -> Tensor:
        checks.whole(1, n=n)
        return uniform((n, 4), -START_SPREAD, START_SPREAD, random(seed))

    def simulate(self, obs: Tensor, action: Tensor) -> Tensor:
        """(..., 4) the true next observation; differentiable, on the device of its input."""
        place, velocity = obs.split(2, -1)
        speed = (velocity.square().sum(-1, keepdim=True) + 1e-12).sqrt()
        blow = self.wind * torch.stack([torch.sin(2 * place[..., 1]), torch.cos(2 * place[..., 0])], -1)
        velocity = velocity + TIME_STEP * (
            self.thrust * self.executed(action) - self.drag * (1 + speed) * velocity + blow
        )
        return torch.cat([place + TIME_STEP * velocity, velocity], -1)

    def worlds(self, n: int, seed: int | torch.Generator, threads: int = 1) -> "NavigationWorlds":
        return NavigationWorlds(self, n, seed)


class NavigationWorlds:
    """n point masses on tensors (tlteach.tasks.families.worlds.Worlds)."""

    def __init__(self, family: Navigation, n: int, seed: int | torch.Generator):
        checks.whole(1, n=n)
        self.family, self.n, self.generator = family, n, random(seed)
        self.obs = torch.zeros(n, family.obs_size)

    def reset(self, which: list[int] | None = None) -> Tensor:
        which = list(range(self.n)) if which is None else which
        self.obs = self.obs.clone()
        if which:
            self.obs[which] = self.family.resets(len(which), self.generator)
        return self.obs

    def step(self, action: Tensor) -> Tensor:
        m = len(action)
        self.obs = torch.cat([self.family.simulate(self.obs[:m], action), self.obs[m:]])
        return self.obs
