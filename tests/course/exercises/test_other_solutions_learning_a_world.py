"""Other correct answers to the exercises on learning a world, and their references against the library (see
test_other_solutions.py, which checks that each of them passes)."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.course.exercises import check
from tlteach.modelbased import fitting
from tlteach.modelbased.buffer import Transitions
from tlteach.modelbased.dynamics import Dynamics, DynamicsConfig
from tlteach.modelbased.normaliser import Normaliser
from tlteach.modelbased.policies import Gaussian
from tlteach.modelbased.virtual import true_world
from tlteach.tasks.families import family


def delta_by_loops(obs, next_obs):
    N, O = obs.shape
    target = torch.zeros(N, O)
    for j in range(O):
        change = [float(next_obs[n, j] - obs[n, j]) for n in range(N)]
        mean = sum(change) / N
        std = math.sqrt(sum((c - mean) ** 2 for c in change) / N)
        for n in range(N):
            target[n, j] = (change[n] - mean) / std if std else 0.0
    return target


def delta_by_var_mean(obs, next_obs):
    delta = (next_obs - obs).double()
    var, mean = torch.var_mean(delta, dim=0, keepdim=True, unbiased=False)
    std = var.sqrt()
    std[std == 0] = 1
    return (delta - mean) / std


def delta_with_an_epsilon(obs, next_obs):
    delta = next_obs - obs
    return (delta - delta.mean(0)) / (delta.std(dim=0, unbiased=False) + 1e-8)


def delta_in_numpy_terms(obs, next_obs):
    centred = next_obs - obs - (next_obs - obs).mean(dim=0)
    return torch.nan_to_num(centred / centred.square().mean(0).sqrt(), nan=0.0)


def imagine_by_index(step, start, actions):
    T = actions.shape[0]
    states = torch.empty(T + 1, *start.shape)
    states[0] = start
    for t in range(T):
        states[t + 1] = step(states[t].clone(), actions[t])
    return states


def imagine_recursively(step, start, actions):
    if not len(actions):
        return start[None]
    return torch.cat([start[None], imagine_recursively(step, step(start, actions[0]), actions[1:])])


def imagine_and_concatenate(step, start, actions):
    states = start.unsqueeze(0)
    for action in actions.unbind(0):
        states = torch.cat((states, step(states[-1], action).unsqueeze(0)), dim=0)
    return states


def loss_by_loops(step, obs, action, next_obs, boundary, std):
    """Window by window and number by number."""
    H, B, O = obs.shape
    total = 0.0
    for b in range(B):
        state = obs[0, b]
        for i in range(H):
            predicted = step(state[None], action[i, b][None])[0]
            square = 0.0
            for j in range(O):
                true = next_obs[i, b, j] - obs[i, b, j]
                square = square + ((predicted[j] - state[j] - true) / std[j]) ** 2
            total = total + (square / O + 1e-12).sqrt()
            state = obs[i + 1, b] if i + 1 < H and boundary[i, b] else predicted
    return total / (H * B)


def loss_by_norm(step, obs, action, next_obs, boundary, std):
    losses, state = [], obs[0]
    for i in range(len(obs)):
        change = step(state, action[i]) - state
        e = (change - (next_obs[i] - obs[i])) / std
        losses.append(e.norm(dim=-1).mean() / obs.shape[-1] ** 0.5)
        if i + 1 < len(obs):
            state = (state + change).where(~boundary[i].unsqueeze(-1), obs[i + 1])
    return torch.stack(losses).mean()


def loss_by_mask(step, obs, action, next_obs, boundary, std):
    believed, predicted = [obs[0]], []
    for i in range(len(obs)):
        predicted.append(step(believed[i], action[i]))
        if i < len(obs) - 1:
            ended = boundary[i].float().unsqueeze(1)
            believed.append(ended * obs[i + 1] + (1 - ended) * predicted[i])
    e = (torch.stack(predicted) - torch.stack(believed) - next_obs + obs) / std  # (H, B, O)
    return torch.sqrt((e * e).mean(-1) + 1e-12).mean()


def disagreement_by_loops(predictions, std):
    E, N, O = predictions.shape
    answer = []
    for n in range(N):
        total = 0.0
        for j in range(O):
            values = [float(predictions[e, n, j]) for e in range(E)]
            mean = sum(values) / E
            total += sum((v - mean) ** 2 for v in values) / E / float(std[j]) ** 2
        answer.append(math.sqrt(total / O))
    return torch.tensor(answer)


def disagreement_by_std(predictions, std):
    return (predictions.std(0, correction=0) / std).square().mean(-1).sqrt()


def disagreement_by_var(predictions, std):
    return torch.sqrt((predictions / std).double().var(dim=0, unbiased=False).mean(dim=1))


def disagreement_by_pairs(predictions, std):
    """The variance is half the mean squared distance of all ordered pairs."""
    apart = (predictions[:, None] - predictions[None]) / std  # (E, E, N, O)
    return (apart.square().mean((0, 1, 3)) / 2).sqrt()


SOLUTIONS = {
    "normalised_delta": [delta_by_loops, delta_by_var_mean, delta_with_an_epsilon, delta_in_numpy_terms],
    "imagine": [imagine_by_index, imagine_recursively, imagine_and_concatenate],
    "multi_step_loss": [loss_by_loops, loss_by_norm, loss_by_mask],
    "disagreement": [disagreement_by_loops, disagreement_by_std, disagreement_by_var, disagreement_by_pairs],
}
seeds = st.integers(0, 10**6)


def some_windows(shape, number):
    """(H, E, B): a model that has seen something, and windows with ends of episodes."""
    g = torch.Generator().manual_seed(number)
    model = Dynamics(3, 2, DynamicsConfig(n_models=shape[1], hidden=(8,), init_std=0.3, activation="tanh"), g).double()
    random = lambda *size: torch.randn(*size, generator=g, dtype=torch.float64)  # noqa: E731
    window = Transitions(
        random(*shape, 3),
        random(*shape, 2),
        random(*shape, 3),
        torch.rand(shape, generator=g, dtype=torch.float64) < 0.4,
    )
    seen = Transitions(random(50, 3), random(50, 2), 2 * random(50, 3) + 1, torch.zeros(50, dtype=torch.bool))
    model.observe(seen)
    return model, window


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 6), st.integers(1, 3), seeds)
def test_normalised_delta_is_what_the_running_moments_make_of_the_changes(n_rows, n_components, number):
    g = torch.Generator().manual_seed(number)
    obs = torch.randint(-3, 4, (n_rows, n_components), generator=g).double()
    next_obs = obs + torch.randint(-3, 4, (n_rows, n_components), generator=g)
    norm = Normaliser(n_components, dtype=torch.float64)
    norm.update(next_obs - obs)
    target = check.normalised_delta.reference(obs, next_obs)
    torch.testing.assert_close(target, norm(next_obs - obs))
    torch.testing.assert_close(target.float(), delta_by_loops(obs, next_obs), atol=1e-5, rtol=1e-5)


def test_imagine_is_a_rollout_of_the_library():
    nav = family("navigation")
    g = torch.Generator().manual_seed(0)
    actions, start = 2 * torch.rand(6, 4, 2, generator=g) - 1, nav.resets(4, g)

    class Plan:  # a policy that acts as planned
        n, at = None, 0

        def __call__(self, obs):
            self.at += 1
            return Gaussian(actions[self.at - 1], torch.zeros(4, 2))

    made = true_world(nav, torch.tensor([1.0, 1.0])).rollout(Plan(), start, 6, None)
    states = check.imagine.reference(nav.simulate, start, actions)
    torch.testing.assert_close(states[1:], made.next_obs)
    torch.testing.assert_close(states[0], start)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), seeds)
def test_multi_step_loss_is_the_librarys_and_the_loops_in_value_and_gradient(H, B, number):
    model, window = some_windows((H, 1, B), number)
    rows = [part[:, 0] for part in (window.obs, window.action, window.next_obs, window.boundary)]

    def step(obs, action):
        return model.members(obs, action)[0]

    losses = [f(step, *rows, model.delta_norm.std) for f in (check.multi_step_loss.reference, loss_by_loops)]
    losses.append(fitting.multi_step_loss(model, window)[0])
    gradients = [torch.autograd.grad(loss, list(model.net.parameters())) for loss in losses]
    for loss, gradient in zip(losses[1:], gradients[1:], strict=True):
        torch.testing.assert_close(loss, losses[0])
        for a, b in zip(gradient, gradients[0], strict=True):
            torch.testing.assert_close(a, b, atol=1e-8, rtol=1e-5)


@pytest.mark.parametrize("n_members", [1, 2, 5])
def test_disagreement_of_members_drawn_around_a_state_is_the_spread_they_were_drawn_with(n_members):
    g = torch.Generator().manual_seed(0)
    std = torch.tensor([0.1, 3.0])
    predictions = torch.tensor([5.0, -7.0]) + 0.2 * std * torch.randn(n_members, 20_000, 2, generator=g)
    spread = check.disagreement.reference(predictions, std)
    expected = 0.2 * ((n_members - 1) / n_members) ** 0.5  # the mean of the members takes one degree of freedom
    assert spread.square().mean().sqrt().item() == pytest.approx(expected, rel=0.02, abs=1e-6)
