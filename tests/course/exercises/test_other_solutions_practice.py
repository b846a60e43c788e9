"""Other correct answers to the exercises on practice, and their references against the library (see
test_other_solutions.py, which checks that each of them passes)."""

import math

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.course.exercises import check
from tlteach.modelbased import returns, trpo
from tlteach.tasks.families import family


def reward_by_parts(obs, action, next_obs, task):
    x, y = next_obs[..., 0] - task[..., 0], next_obs[..., 1] - task[..., 1]
    force = torch.clip(action, -1, 1)
    return -torch.hypot(x, y) - 0.01 * (force[..., 0] ** 2 + force[..., 1] ** 2)


def reward_in_double(obs, action, next_obs, task):
    gap = (next_obs.double()[..., :2] - task).pow(2).sum(dim=-1).sqrt()
    return -(gap + torch.minimum(action.abs(), torch.ones(())).pow(2).sum(-1) / 100)


def reward_by_loops(obs, action, next_obs, task):
    shape = next_obs.shape[:-1]
    goals = task.expand(*shape, 2).reshape(-1, 2).tolist()
    rows = zip(next_obs.reshape(-1, 4).tolist(), action.reshape(-1, 2).tolist(), goals, strict=True)
    cut = lambda a: max(-1.0, min(1.0, a))  # noqa: E731
    values = [-math.dist(s[:2], g) - 0.01 * sum(cut(a) ** 2 for a in force) for s, force, g in rows]
    return torch.tensor(values).reshape(shape)


def advantages_by_sums(reward, value, next_value, done, boundary, gamma, lam):
    """Equation 16 as it is written: a sum of all later errors of the same episode."""
    T, N = reward.shape
    result = torch.zeros(T, N)
    for n in range(N):
        for t in range(T):
            weight, k = 1.0, t
            while k < T:
                rest = 0.0 if done[k, n] else gamma * next_value[k, n].item()
                result[t, n] += weight * (reward[k, n].item() + rest - value[k, n].item())
                if boundary[k, n]:
                    break
                weight, k = weight * gamma * lam, k + 1
    return result


def advantages_by_where(reward, value, next_value, done, boundary, gamma, lam):
    rows, later = [], 0.0
    for r, v, w, d, b in zip(*(x.flip(0) for x in (reward, value, next_value, done, boundary)), strict=True):
        delta = r + gamma * torch.where(d, 0.0, w) - v
        later = delta + torch.where(b, torch.tensor(0.0), torch.as_tensor(gamma * lam * later))
        rows.insert(0, later)
    return torch.stack(rows)


def advantages_as_floats(reward, value, next_value, done, boundary, gamma, lam):
    delta = reward.double() + gamma * next_value * (1 - done.double()) - value
    adv = delta.clone()
    for t in range(len(delta) - 2, -1, -1):
        adv[t] = delta[t] + gamma * lam * (1 - boundary[t].double()) * adv[t + 1]
    return adv


def solve_in_place(product, g, n_steps):
    x, r, p = 0 * g, g.clone(), g.clone()
    for _ in range(n_steps):
        rr = torch.dot(r, r)
        if rr.item() <= 1e-10:
            return x
        z = product(p)
        a = rr / torch.dot(p, z)
        x += a * p
        r -= a * z
        p = r + torch.dot(r, r) / rr * p
    return x


def solve_with_true_residuals(product, g, n_steps):
    """The residual computed anew, and directions made conjugate by F itself."""
    x, p = torch.zeros_like(g), g
    for _ in range(n_steps):
        r = g - product(x)
        if (r**2).sum() < 1e-10:
            break
        if x.any():
            p = r - (r @ product(p)) / (p @ product(p)) * p
        x = x + (p @ r) / (p @ product(p)) * p
    return x


def solve_in_double(product, g, n_steps):
    return solve_in_place(product, g.double(), n_steps)


def solve_in_a_growing_space(product, g, n_steps):
    """What conjugate gradients are: the best answer in span(g, F g, F F g, ...)."""
    basis = []
    v = g.double()
    for _ in range(n_steps):
        for b in basis + basis:  # twice: rounding
            v = v - (v @ b) * b
        if v.norm() < 1e-5:
            break
        basis.append(v / v.norm())
        v = product(basis[-1])
    if not basis:
        return torch.zeros_like(g)
    B = torch.stack(basis, 1)
    small = B.T @ torch.stack([product(b) for b in basis], 1)
    return B @ torch.linalg.solve(small, B.T @ g.double())


def warm_up_by_while(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    returns, policy, left = [], fresh_policy(), iterations
    while left:
        for _ in range(fit_steps):
            fit(1)
        returns += [improve(policy) for _ in range(policy_steps)]
        left -= 1
    return policy, returns


def warm_up_by_counting(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    policy = fresh_policy()
    returns = np.zeros(iterations * policy_steps)
    for k in range(iterations * policy_steps):
        if k % policy_steps == 0:
            fit(fit_steps)
        returns[k] = improve(policy)
    return [policy, list(returns)]


SOLUTIONS = {
    "known_reward": [reward_by_parts, reward_in_double, reward_by_loops],
    "advantages": [advantages_by_sums, advantages_by_where, advantages_as_floats],
    "conjugate_gradient": [solve_in_place, solve_with_true_residuals, solve_in_double, solve_in_a_growing_space],
    "warm_up": [warm_up_by_while, warm_up_by_counting],
}
seeds = st.integers(0, 10**6)


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from([(), (3,), (2, 3)]))
def test_known_reward_is_the_familys(number, shape):
    generator = torch.Generator().manual_seed(number)
    random = lambda size: 2 * torch.randn(*shape, size, generator=generator, dtype=torch.float64)  # noqa: E731
    step = random(4), random(2), random(4), random(2)
    torch.testing.assert_close(check.known_reward.reference(*step), family("navigation").reward(*step))


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 6), st.integers(1, 3), st.floats(0, 1), st.floats(0, 1))
def test_advantages_are_the_librarys_and_the_sum_written_out(number, n_steps, n_rollouts, gamma, lam):
    generator = torch.Generator().manual_seed(number)
    shape = n_steps, n_rollouts
    numbers = [torch.randn(shape, generator=generator) for _ in range(3)]
    done = torch.rand(shape, generator=generator) < 0.2
    boundary = done | (torch.rand(shape, generator=generator) < 0.2)
    got = check.advantages.reference(*numbers, done, boundary, gamma, lam)
    torch.testing.assert_close(got, returns.gae(*numbers, done, boundary, gamma, lam))
    torch.testing.assert_close(got, advantages_by_sums(*numbers, done, boundary, gamma, lam), rtol=1e-4, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 6), st.integers(1, 6))
def test_conjugate_gradient_is_the_librarys_and_the_best_in_its_space(number, size, n_steps):
    generator = torch.Generator().manual_seed(number)
    root = torch.randn(size, size, generator=generator, dtype=torch.float64)
    matrix, g = root @ root.T + torch.eye(size), torch.randn(size, generator=generator, dtype=torch.float64)
    product = lambda v: matrix @ v  # noqa: E731
    got = check.conjugate_gradient.reference(product, g, n_steps)
    torch.testing.assert_close(got, trpo.conjugate_gradient(product, g, n_steps), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(got, solve_in_a_growing_space(product, g, n_steps), rtol=1e-3, atol=1e-4)
    if n_steps >= size:
        torch.testing.assert_close(product(got), g, rtol=1e-3, atol=1e-4)
