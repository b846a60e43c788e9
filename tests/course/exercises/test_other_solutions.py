"""No correct answer is turned down: every exercise passes when it is written quite differently.

The same independent versions, loops that follow the paper index by index, are held against the references on random
inputs: a check is only as right as the reference behind it.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.course.exercises import test_other_solutions_images as images
from tests.course.exercises import test_other_solutions_learning_a_world as learning_a_world
from tests.course.exercises import test_other_solutions_many_tasks as many_tasks
from tests.course.exercises import test_other_solutions_maze as maze
from tests.course.exercises import test_other_solutions_one_shot as one_shot
from tests.course.exercises import test_other_solutions_practice as practice
from tests.course.exercises import test_other_solutions_transfer as transfer
from tlteach.course.exercises import check
from tlteach.plasticity import PlasticRNN


def hebb_by_loops(hebb, pre, post, eta):
    new = torch.empty_like(hebb)
    for i in range(len(pre)):
        for j in range(len(post)):
            new[i, j] = eta * pre[i] * post[j] + (1 - eta) * hebb[i, j]
    return new


def hebb_by_einsum(hebb, pre, post, eta):
    return hebb + eta * (torch.einsum("i,j->ij", pre, post) - hebb)


def hebb_by_broadcasting(hebb, pre, post, eta):
    return hebb.mul(1.0 - eta).add(pre.unsqueeze(1) * post.unsqueeze(0), alpha=eta)


def hebb_in_double(hebb, pre, post, eta):
    return (1 - eta) * hebb.double() + eta * pre.double().reshape(-1, 1) @ post.double().reshape(1, -1)


def oja_by_loops(hebb, pre, post, eta):
    new = hebb.clone()
    for i in range(len(pre)):
        for j in range(len(post)):
            new[i, j] += eta * post[j] * (pre[i] - post[j] * hebb[i, j])
    return new


def oja_multiplied_out(hebb, pre, post, eta):
    return hebb + eta * torch.outer(pre, post) - eta * hebb * post**2


def oja_by_matrices(hebb, pre, post, eta):
    return hebb @ torch.diag(1 - eta * post**2) + eta * pre[:, None] @ post[None, :]


def oja_in_double(hebb, pre, post, eta):
    return oja_multiplied_out(hebb.double(), pre.double(), post.double(), eta)


def step_by_loops(x, hebb, weight, alpha, eta, drive):
    n = len(x)
    total = [sum(x[i] * (weight[i, j] + alpha[i, j] * hebb[i, j]) for i in range(n)) + drive[j] for j in range(n)]
    x_new = torch.tensor([math.tanh(value) for value in total])
    return x_new, hebb_by_loops(hebb, x, x_new, eta)


def step_by_einsum(x, hebb, weight, alpha, eta, drive):
    x_new = (torch.einsum("i,ij->j", x, weight) + torch.einsum("i,ij,ij->j", x, alpha, hebb) + drive).tanh()
    return [x_new, hebb_by_einsum(hebb, x, x_new, eta)]


def step_by_columns(x, hebb, weight, alpha, eta, drive):
    x_new = torch.tanh((weight + alpha * hebb).T.double() @ x.double() + drive)
    return x_new, hebb_in_double(hebb, x, x_new, eta)


def recall_by_steps(eta, delay):
    hebb = hebb_by_loops(torch.zeros(1, 1), torch.ones(1), torch.ones(1), eta)
    for _ in range(delay):
        hebb = hebb_by_loops(hebb, torch.zeros(1), torch.zeros(1), eta)
    return hebb.item()


def recall_as_tensor(eta, delay):
    return torch.tensor(eta) * torch.tensor(1 - eta).pow(delay)


def recall_in_numpy(eta, delay):
    return np.float64(eta) * np.prod(np.full(delay, 1 - eta))


def degrade_by_ranks(pattern, fraction, generator):
    ranks = torch.rand(len(pattern), generator=generator).argsort().argsort()
    return torch.where(ranks < int(fraction * len(pattern)), torch.zeros_like(pattern), pattern)


def degrade_by_multinomial(pattern, fraction, generator):
    n_kept = len(pattern) - math.floor(fraction * pattern.numel())
    if n_kept == 0:
        return 0 * pattern
    cue = torch.zeros(pattern.shape)
    for i in torch.multinomial(torch.ones(len(pattern)), n_kept, generator=generator):
        cue[i] = pattern[i]
    return cue


def degrade_one_by_one(pattern, fraction, generator):
    cue, left = pattern.clone(), list(range(len(pattern)))
    for _ in range(int(fraction * len(pattern))):
        cue[left.pop(torch.randint(len(left), (1,), generator=generator))] = 0
    return cue


def degrade_by_mask(pattern, fraction, generator):
    mask = torch.ones(len(pattern), dtype=torch.float64)
    mask[torch.randperm(len(pattern), generator=generator)[len(pattern) - int(fraction * len(pattern)) :]] = 0
    return pattern * mask


def error_by_counting(output, target):
    n_episodes, n_bits = output.shape
    wrong = 0
    for b in range(n_episodes):
        for j in range(n_bits):
            right = output[b, j] > 0 if target[b, j] > 0 else output[b, j] < 0
            wrong += not right
    return wrong / (n_episodes * n_bits)


def error_by_products(output, target):
    return ((output * target) <= 0).double().mean()


def error_as_complement(output, target):
    return 1 - float(np.mean(np.sign(output.numpy()) == target.numpy()))


def loss_by_loops(layer, inputs, targets):
    n_steps, n_episodes, n_bits = inputs.shape
    drive = torch.zeros(n_steps, n_episodes, n_bits + 1)
    drive[:, :, :n_bits] = 20 * inputs
    drive[:, :, n_bits] = 20
    output = layer(drive)[0]
    total = 0
    for b in range(n_episodes):
        for j in range(n_bits):
            total = total + (output[n_steps - 1, b, j] - targets[b, j]) ** 2
    return total / n_episodes


def loss_by_library(layer, inputs, targets):
    drive = torch.nn.functional.pad(inputs, (0, 1), value=1.0) * 20.0
    output, state = layer(drive, None)
    return torch.nn.functional.mse_loss(output[-1][:, :-1], targets) * targets.shape[1]


def loss_by_steps(layer, inputs, targets):
    state = layer.initial_state(inputs.shape[1])
    for shown in inputs:
        output, state = layer.step(20 * torch.cat((shown, torch.ones(len(shown), 1)), 1), state)
    return torch.norm(output[:, : inputs.shape[2]] - targets, dim=1).square().mean()


def readout_by_loops(x, alpha, pre, post, eta):
    k, n = pre.shape
    out = torch.zeros(n)
    for s in range(k):
        for j in range(n):
            overlap = sum(x[i] * pre[s, i] * alpha[i, j] for i in range(n))
            out[j] += eta * (1 - eta) ** (k - 1 - s) * overlap * post[s, j]
    return out


def readout_by_einsum(x, alpha, pre, post, eta):
    age = len(pre) - 1 - torch.arange(len(pre), dtype=torch.float64)
    return torch.einsum("s,i,si,ij,sj->j", eta * (1 - eta) ** age, *(t.double() for t in (x, pre, alpha, post)))


def readout_forgetting_as_it_goes(x, alpha, pre, post, eta):
    out = torch.zeros_like(x)
    for before, after in zip(pre, post, strict=True):
        out = (1 - eta) * out + eta * (alpha.T @ (x * before)) * after
    return out


def readout_with_scaled_alpha(x, alpha, pre, post, eta):
    reach = pre @ (x[:, None] * alpha) * post
    return sum(eta * (1 - eta) ** (len(pre) - 1 - s) * row for s, row in enumerate(reach))


def readout_by_the_trace(x, alpha, pre, post, eta):
    hebb = torch.zeros(len(x), len(x))
    for before, after in zip(pre, post, strict=True):
        hebb = hebb_by_loops(hebb, before, after, eta)
    return x @ (alpha * hebb)


def lever_by_sorting(wins, tried):
    left = [i for i in range(len(wins)) if not tried[i]]
    return sorted(left, key=lambda i: (-wins[i].item(), i))[0]


def lever_by_masking(wins, tried):
    return torch.argmax(wins.double().masked_fill(tried, -torch.inf))


SOLUTIONS = {
    "hebb_update": [hebb_by_loops, hebb_by_einsum, hebb_by_broadcasting, hebb_in_double],
    "oja_update": [oja_by_loops, oja_multiplied_out, oja_by_matrices, oja_in_double],
    "plastic_step": [step_by_loops, step_by_einsum, step_by_columns],
    "recall_strength": [recall_by_steps, recall_as_tensor, recall_in_numpy],
    "degrade": [degrade_by_ranks, degrade_by_multinomial, degrade_one_by_one, degrade_by_mask],
    "bit_error": [error_by_counting, error_by_products, error_as_complement],
    "episode_loss": [loss_by_loops, loss_by_library, loss_by_steps],
    "trace_readout": [readout_by_loops, readout_by_einsum, readout_with_scaled_alpha, readout_forgetting_as_it_goes],
    "next_lever": [lever_by_sorting, lever_by_masking],
    **images.SOLUTIONS,
    **learning_a_world.SOLUTIONS,
    **many_tasks.SOLUTIONS,
    **maze.SOLUTIONS,
    **one_shot.SOLUTIONS,
    **practice.SOLUTIONS,
    **transfer.SOLUTIONS,
}
CASES = [(name, solution) for name, solutions in SOLUTIONS.items() for solution in solutions]


def test_every_exercise_has_other_solutions():
    assert {exercise.name for exercise in check} <= SOLUTIONS.keys()


@pytest.mark.parametrize(("name", "solution"), CASES, ids=[solution.__name__ for _, solution in CASES])
def test_another_way_of_writing_it_passes(name, solution, capsys):
    exercise = getattr(check, name)
    assert exercise(solution) is solution, capsys.readouterr().out


@st.composite
def networks(draw):
    """Everything that the exercises of a network take, for one size, in single or double precision."""
    n, k = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10**6)))
    random = lambda *shape: torch.randn(*shape, generator=generator, dtype=dtype)  # noqa: E731
    names = dict(x=(n,), drive=(n,), hebb=(n, n), weight=(n, n), alpha=(n, n), pre=(k, n), post=(k, n))
    return {name: random(*shape) for name, shape in names.items()} | {"eta": draw(st.floats(0, 1))}


def close(a, b):
    return torch.allclose(torch.as_tensor(a, dtype=torch.float64), torch.as_tensor(b, dtype=torch.float64), atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(networks())
def test_references_of_lesson_1_say_what_the_equations_say(net):
    pair = net["hebb"], net["pre"][0], net["post"][0], net["eta"]
    assert close(check.hebb_update.reference(*pair), hebb_by_loops(*pair))
    assert close(check.oja_update.reference(*pair), oja_by_loops(*pair))
    step = [net[name] for name in ("x", "hebb", "weight", "alpha", "eta", "drive")]
    for got, expected in zip(check.plastic_step.reference(*step), step_by_loops(*step), strict=True):
        assert close(got, expected)
    assert close(check.recall_strength.reference(net["eta"], 3), recall_by_steps(net["eta"], 3))


@settings(max_examples=25, deadline=None)
@given(networks())
def test_reading_out_the_trace_equals_building_it(net):
    past = [net[name] for name in ("x", "alpha", "pre", "post", "eta")]
    assert close(check.trace_readout.reference(*past), readout_by_the_trace(*past))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.floats(0, 1), st.integers(0, 10**6))
def test_degrade_erases_exactly_so_many(n, fraction, number):
    pattern = torch.randint(0, 2, (n,), generator=torch.Generator().manual_seed(number)) * 2.0 - 1
    cue = check.degrade.reference(pattern, fraction, torch.Generator().manual_seed(number))
    assert int((cue == 0).sum()) == int(fraction * n)
    assert torch.equal(cue[cue != 0], pattern[cue != 0])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
def test_bit_error_counts(n_episodes, n_bits, number):
    generator = torch.Generator().manual_seed(number)
    output = torch.randint(-2, 3, (n_episodes, n_bits), generator=generator) / 3
    target = torch.randint(0, 2, (n_episodes, n_bits), generator=generator) * 2.0 - 1
    assert close(check.bit_error.reference(output, target), error_by_counting(output, target))


def test_episode_loss_on_a_real_plastic_network():
    """Value and gradients, against the loop over steps, episodes and bits."""
    torch.manual_seed(0)
    layer = PlasticRNN(4, 4, input_map=False).double()
    inputs, targets = torch.randn(5, 2, 3).double(), torch.randn(2, 3).double().sign()

    def steps(layer, inputs, targets):
        state = layer.initial_state(2)
        for shown in inputs:
            output, state = layer.step(20 * torch.cat([shown, torch.ones(2, 1)], 1), state)
        return sum((output[b, j] - targets[b, j]) ** 2 for b in range(2) for j in range(3)) / 2

    losses = [f(layer, inputs, targets) for f in (check.episode_loss.reference, steps)]
    gradients = [torch.autograd.grad(loss, list(layer.parameters())) for loss in losses]
    assert close(*losses)
    assert all(close(a, b) for a, b in zip(*gradients, strict=True))
