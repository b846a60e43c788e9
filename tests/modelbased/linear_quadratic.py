"""A linear-quadratic task family with everything known in closed form: what the learners are tested on."""

import numpy as np
import torch
from torch import Tensor

from tlteach.modelbased.buffer import Transitions

# a pushed mass: position and velocity, unstable enough that doing nothing is bad
A = torch.tensor([[1.0, 0.2], [0.1, 0.9]])
B = torch.tensor([[0.0], [0.5]])


class LinearQuadratic:
    """s' = A s + B a, reward -(task_0 s_0^2 + task_1 s_1^2 + 0.5 a^2); starts N(0, 0.3^2), never done."""

    name, obs_size, action_size, task_size, horizon = "linear-quadratic", 2, 1, 2, 50
    action_cost, start_std = 0.5, 0.3

    def sample_tasks(self, n: int, seed: int) -> Tensor:
        return 0.5 + torch.rand(n, 2, generator=torch.Generator().manual_seed(seed))

    def simulate(self, obs: Tensor, action: Tensor) -> Tensor:
        return obs @ A.T.to(obs) + action.clamp(-1, 1) @ B.T.to(obs)

    def reward(self, obs: Tensor, action: Tensor, next_obs: Tensor, task: Tensor) -> Tensor:
        return -(task * obs.square()).sum(-1) - self.action_cost * action.square().sum(-1)

    def done(self, next_obs: Tensor) -> Tensor:
        return torch.zeros(next_obs.shape[:-1], dtype=torch.bool, device=next_obs.device)

    def resets(self, n: int, seed: int) -> Tensor:
        return self.start_std * torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


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


def riccati(task: np.ndarray, gamma: float) -> tuple[np.ndarray, float]:
    """The optimal gain, action = -K s, and its expected discounted cost from the start distribution."""
    a, b = A.double().numpy(), B.double().numpy()
    q, r = np.diag(task), LinearQuadratic.action_cost * np.eye(1)
    p = q
    for _ in range(2000):  # value iteration on the quadratic form
        k = np.linalg.solve(r + gamma * b.T @ p @ b, gamma * b.T @ p @ a)
        p = q + gamma * a.T @ p @ (a - b @ k)
    return k, LinearQuadratic.start_std**2 * np.trace(p)


def cost_of_gain(k: np.ndarray, task: np.ndarray, gamma: float) -> float:
    """The expected discounted cost of action = -k s for ever."""
    a, b = A.double().numpy(), B.double().numpy()
    closed, q = a - b @ k, np.diag(task) + LinearQuadratic.action_cost * k.T @ k
    p = q
    for _ in range(2000):
        p = q + gamma * closed.T @ p @ closed
    return LinearQuadratic.start_std**2 * np.trace(p)
