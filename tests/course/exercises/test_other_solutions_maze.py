"""Other correct answers to the exercises on the maze, and their references against the library and hand-written loops
(see test_other_solutions.py, which checks that each of them passes)."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.course.exercises import check
from tlteach.plasticity import PlasticRNN
from tlteach.tasks.maze import MazeEnv, MazeTask


def returns_by_double_sum(rewards, last_value, gamma):
    n_steps, n_episodes = rewards.shape
    returns = torch.zeros(n_steps, n_episodes)
    for b in range(n_episodes):
        for t in range(n_steps):
            total = gamma ** (n_steps - t) * last_value[b].item()
            for k in range(t, n_steps):
                total += gamma ** (k - t) * rewards[k, b].item()
            returns[t, b] = total
    return returns


def returns_in_place_of_zeros(rewards, last_value, gamma):
    returns = torch.zeros_like(rewards)
    returns[-1] = rewards[-1] + gamma * last_value
    for t in range(len(rewards) - 2, -1, -1):
        returns[t] = rewards[t] + gamma * returns[t + 1]
    return returns


def returns_by_matrix(rewards, last_value, gamma):
    n = len(rewards)
    powers = [[gamma ** (k - t) if k >= t else 0.0 for k in range(n + 1)] for t in range(n)]
    return torch.tensor(powers).double() @ torch.cat([rewards, last_value[None]]).double()


def loss_by_loops(log_prob, probs, values, returns, critic, penalty):
    total = 0.0
    n_steps, n_episodes = returns.shape
    for t in range(n_steps):
        for b in range(n_episodes):
            advantage = returns[t, b].item() - values[t, b].item()
            total = total - log_prob[t, b] * advantage + critic * (values[t, b] - returns[t, b]) ** 2
            for a in range(probs.shape[-1]):
                total = total + penalty * probs[t, b, a] ** 2
    return total / (n_steps * n_episodes)


def loss_in_parts(log_prob, probs, values, returns, critic, penalty):
    with torch.no_grad():
        advantage = returns - values
    actor = -(log_prob * advantage).mean()
    return actor + critic * torch.nn.functional.mse_loss(values, returns) + penalty * probs.square().sum(2).mean()


def live_by_index(env, layer, act):
    n = layer.weight.shape[0]
    x, hebb, rewards = [0.0] * n, [[0.0] * n for _ in range(n)], []
    seen = env.reset()[0]
    while True:
        drive = layer.input_map(torch.as_tensor(seen)).tolist()
        new = [
            np.tanh(
                sum(x[i] * (layer.weight[i, j] + layer.alpha[i, j] * hebb[i][j]).item() for i in range(n)) + drive[j]
            )
            for j in range(n)
        ]
        eta = float(layer.eta)
        hebb = [[hebb[i][j] + eta * new[j] * (x[i] - new[j] * hebb[i][j]) for j in range(n)] for i in range(n)]
        x = new
        seen, reward, terminated, truncated, _ = env.step(act(torch.tensor(x)))
        rewards.append(reward)
        if terminated or truncated:
            return torch.tensor(rewards), torch.tensor(x), torch.tensor(hebb)


def live_with_matrices(env, layer, act):
    seen, _ = env.reset()
    x, hebb = torch.zeros(1, len(layer.weight)), torch.zeros_like(layer.weight)
    rewards, over = [], False
    while not over:
        new = torch.tanh(x @ layer.weight + x @ (layer.alpha * hebb) + layer.input_map(torch.as_tensor(seen)))
        hebb = hebb + layer.eta * (x.T @ new) - layer.eta * new**2 * hebb
        x = new
        seen, reward, terminated, truncated, _ = env.step(act(x[0]))
        rewards += [float(reward)]
        over = terminated or truncated
    return torch.as_tensor(rewards), x[0], hebb


def teleport_by_list(walls, goal, generator):
    free = [(r, c) for r in range(len(walls)) for c in range(len(walls)) if not walls[r, c] and (r, c) != goal]
    return free[torch.randint(len(free), (1,), generator=generator).item()]


def teleport_by_multinomial(walls, goal, generator):
    chances = (~walls).float()
    chances[goal] = 0
    cell = torch.multinomial(chances.flatten(), 1, generator=generator).item()
    return cell // len(walls), cell % len(walls)


def teleport_by_recursion(walls, goal, generator):
    row = torch.randint(walls.shape[0], (), generator=generator).item()
    column = torch.randint(walls.shape[1], (), generator=generator).item()
    if walls[row, column] or (row, column) == goal:
        return teleport_by_recursion(walls, goal, generator)
    return [row, column]


def advantages_by_index(returns, values):
    return torch.stack([returns[t] - values[t][:, 0] for t in range(len(returns))])


def advantages_at_once(returns, values):
    return returns - values.squeeze(-1)


def advantages_by_view(returns, values):
    return (returns.double() - values.view_as(returns)).detach()


def input_by_loops(x, weight, alpha, hebb):
    answer = torch.zeros_like(x)
    for b in range(x.shape[0]):
        for j in range(x.shape[1]):
            for i in range(x.shape[1]):
                answer[b, j] += x[b, i] * (weight[i, j] + alpha[i, j] * hebb[b, i, j])
    return answer


def input_by_bmm(x, weight, alpha, hebb):
    return torch.bmm(x[:, None], weight + alpha * hebb)[:, 0]


def input_in_two_parts(x, weight, alpha, hebb):
    return x @ weight + (x[:, :, None] * alpha * hebb).sum(1)


SOLUTIONS = {
    "discounted_returns": [returns_by_double_sum, returns_in_place_of_zeros, returns_by_matrix],
    "a2c_loss": [loss_by_loops, loss_in_parts],
    "live": [live_by_index, live_with_matrices],
    "teleport": [teleport_by_list, teleport_by_multinomial, teleport_by_recursion],
    "own_advantage": [advantages_by_index, advantages_at_once, advantages_by_view],
    "plastic_input": [input_by_loops, input_by_bmm, input_in_two_parts],
}
sizes, seeds = st.integers(1, 4), st.integers(0, 10**6)


@settings(max_examples=25, deadline=None)
@given(sizes, sizes, st.floats(0, 1), seeds)
def test_discounted_returns_are_the_double_sum(n_steps, n_episodes, gamma, number):
    generator = torch.Generator().manual_seed(number)
    rewards, last = torch.randn(n_steps, n_episodes, generator=generator), torch.randn(n_episodes, generator=generator)
    torch.testing.assert_close(
        check.discounted_returns.reference(rewards, last, gamma), returns_by_double_sum(rewards, last, gamma)
    )


@settings(max_examples=15, deadline=None)
@given(sizes, sizes, seeds)
def test_a2c_loss_and_its_gradients_are_those_of_the_loops(n_steps, n_episodes, number):
    generator = torch.Generator().manual_seed(number)
    shape = n_steps, n_episodes
    logits, values = torch.randn(*shape, 4, generator=generator), torch.randn(*shape, generator=generator)
    returns, found = torch.randn(*shape, generator=generator), []
    for loss in (check.a2c_loss.reference, loss_by_loops):
        leaves = logits.clone().requires_grad_(), values.clone().requires_grad_()
        log_probs = leaves[0].log_softmax(-1)
        value = loss(log_probs[..., 1], log_probs.exp(), leaves[1], returns, 0.3, 0.2)
        found.append([value, *torch.autograd.grad(value, leaves)])
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("rule_seed", [0, 1])
def test_live_is_the_plastic_layer_in_the_maze(rule_seed):
    torch.manual_seed(rule_seed)
    layer = PlasticRNN(17, 6, rule="oja")
    with torch.no_grad():
        layer.weight.normal_(std=0.5), layer.alpha.normal_(), layer.eta.fill_(0.3)
        act = lambda x: int(x[:4].argmax())  # noqa: E731
        env = MazeEnv(size=5, episode_length=30)
        rewards, x, hebb = _seeded(env, lambda: check.live.reference(env, layer, act))
        again, state = _seeded(env, lambda: _walk(env, layer, act))
    torch.testing.assert_close(rewards, again)
    torch.testing.assert_close(x, state.hidden[0], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(hebb, state.trace[0], rtol=1e-3, atol=1e-3)
    assert hebb.abs().max() > 0.01


def _seeded(env, life):
    env.np_random = np.random.default_rng(7)
    return life()


def _walk(env, layer, act):
    (seen, _), state, rewards, over = env.reset(), layer.initial_state(1), [], False
    while not over:
        output, state = layer.step(torch.as_tensor(seen)[None], state)
        seen, reward, _, over, _ = env.step(act(output[0]))
        rewards.append(reward)
    return torch.tensor(rewards), state


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([3, 5, 7]), seeds, st.data())
def test_teleport_stays_on_the_free_cells_of_the_maze(size, number, more):
    plan = MazeTask(size=size).plan
    goal = tuple(map(int, plan.cells[more.draw(st.integers(0, len(plan.cells) - 1))]))
    generator = torch.Generator().manual_seed(number)
    cells = {check.teleport.reference(torch.tensor(plan.walls), goal, generator) for _ in range(60)}
    assert cells <= {tuple(map(int, cell)) for cell in plan.cells} - {goal}


@settings(max_examples=15, deadline=None)
@given(sizes, sizes, seeds)
def test_plastic_input_and_advantages_are_the_loops(n_episodes, n, number):
    generator = torch.Generator().manual_seed(number)
    random = lambda *shape: torch.randn(*shape, generator=generator)  # noqa: E731
    given_ = random(n_episodes, n), random(n, n), random(n, n), random(n_episodes, n, n)
    torch.testing.assert_close(check.plastic_input.reference(*given_), input_by_loops(*given_), rtol=1e-4, atol=1e-5)
    returns, values = random(n, n_episodes), random(n, n_episodes, 1)
    answer = check.own_advantage.reference(returns, values)
    assert all(answer[t, b] == returns[t, b] - values[t, b, 0] for t in range(n) for b in range(n_episodes))
