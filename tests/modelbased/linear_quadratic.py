"""A linear-quadratic task family with everything known in closed form: what the learners are tested on."""

import numpy as np
import torch
from torch import Tensor

from tlteach.modelbased.buffer import Transitions
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.modelbased.virtual import World

# a pushed mass with friction: position and velocity; left alone it stays where it came to rest
A = torch.tensor([[1.0, 0.2], [0.0, 0.9]])
B = torch.tensor([[0.0], [0.5]])
STARTS = 0.15 * torch.randn(300, 2, generator=torch.Generator().manual_seed(99))


class LinearQuadratic:
    """s' = A s + B a, reward -(task_0 s_0^2 + task_1 s_1^2 + 0.5 a^2); starts N(0, 0.15^2), never done."""

    name, obs_size, action_size, task_size, horizon = "linear-quadratic", 2, 1, 2, 50
    action_cost, start_std = 0.5, 0.15

    def sample_tasks(self, n: int, seed: int) -> Tensor:
        return 0.5 + torch.rand(n, 2, generator=torch.Generator().manual_seed(seed))

    def simulate(self, obs: Tensor, action: Tensor) -> Tensor:
        return obs @ A.T.to(obs) + action.clamp(-1, 1) @ B.T.to(obs)

    def reward(self, obs: Tensor, action: Tensor, next_obs: Tensor, task: Tensor) -> Tensor:
        return -(task * obs.square()).sum(-1) - self.action_cost * action.square().sum(-1)

    def done(self, next_obs: Tensor) -> Tensor:
        return torch.zeros(next_obs.shape[:-1], dtype=torch.bool, device=next_obs.device)

    def resets(self, n: int, seed: int | torch.Generator) -> Tensor:
        generator = torch.Generator().manual_seed(seed) if isinstance(seed, int) else seed
        return self.start_std * torch.randn(n, 2, generator=generator)


def transitions(n_episodes: int = 50, length: int = 10, seed: int = 0) -> Transitions:
    """Random actions in the linear world, episode after episode: rows (n_episodes * length, ...)."""
    obs, action = episodes(n_episodes, length, seed)
    rows = [x.transpose(0, 1).reshape(n_episodes * length, -1) for x in (obs[:-1], action, obs[1:])]
    return Transitions(*rows, (torch.arange(length) == length - 1).repeat(n_episodes))


def episodes(n_episodes: int, length: int, seed: int) -> tuple[Tensor, Tensor]:
    """obs (T + 1, N, 2) and action (T, N, 1) of random episodes."""
    generator = torch.Generator().manual_seed(seed)
    world = LinearQuadratic()
    obs, actions = [torch.randn(n_episodes, 2, generator=generator)], []
    for _ in range(length):
        actions.append(torch.rand(n_episodes, 1, generator=generator) * 2 - 1)
        obs.append(world.simulate(obs[-1], actions[-1]))
    return torch.stack(obs), torch.stack(actions)


def riccati(task: np.ndarray, gamma: float) -> np.ndarray:
    """P: the least expected discounted cost from state s is s P s (no bound on the actions)."""
    a, b = A.double().numpy(), B.double().numpy()
    q, r = np.diag(task), LinearQuadratic.action_cost * np.eye(1)
    p = q
    for _ in range(2000):
        k = np.linalg.solve(r + gamma * b.T @ p @ b, gamma * b.T @ p @ a)
        p = q + gamma * a.T @ p @ (a - b @ k)
    return p


def optimal_cost(tasks: Tensor, gamma: float) -> Tensor:
    """The least mean cost from `STARTS`, of each task: (P,)."""
    forms = torch.stack([torch.from_numpy(riccati(task.double().numpy(), gamma)) for task in tasks])
    return torch.einsum("ni,pij,nj->pn", STARTS.double(), forms, STARTS.double()).mean(-1)


def practised_cost(world: World, policy: GaussianPolicy, gamma: float) -> Tensor:
    """The mean cost from `STARTS` of acting by the mean of the policy for 120 steps: (P,)."""
    n_tasks = len(world.task)
    made = world.rollout(policy, STARTS.expand(n_tasks, -1, -1), 120, None)
    discount = gamma ** torch.arange(120.0)[:, None]
    return -(made.reward * discount).sum(-2).mean(-1).double()
