"""Other correct answers to the exercises on many tasks, and their references against the library (see
test_other_solutions.py, which checks that each of them passes)."""

import math
import statistics

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.course.exercises import check
from tlteach.experiments import multitask
from tlteach.modelbased import algorithm
from tlteach.modelbased.critic import Batch
from tlteach.modelbased.exploration import explorer
from tlteach.modelbased.fisher import read, write
from tlteach.modelbased.learner import Shared
from tlteach.modelbased.maml_inner import InnerStep, Loss
from tlteach.modelbased.normaliser import Normaliser
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.tasks.families import collect


def sequential_by_while(tasks, fresh_policy, warm_up, collect, add):
    done, left = [], list(tasks)
    while left:
        task, policy = left.pop(0), fresh_policy()
        if done:
            warm_up(policy, task)
        steps = collect(policy, task)
        add(steps)
        done += [policy]
    return done


def sequential_first_apart(tasks, fresh_policy, warm_up, collect, add):
    first, *others = tasks
    policy = fresh_policy()
    add(collect(policy, first))
    policies = [policy]
    for task in others:
        policies.append(fresh_policy())
        warm_up(policies[-1], task)
        add(collect(policies[-1], task))
    return policies


def sequential_as_tuple(tasks, fresh_policy, warm_up, collect, add):
    def one(k):
        policy = fresh_policy()
        if k != 0:
            warm_up(policy, tasks[k])
        add(collect(policy, tasks[k]))
        return policy

    return [one(k) for k in range(len(tasks))]


def step_by_hand(theta, obs, action, advantage, alpha):
    """The gradient of log pi written out."""
    return theta + alpha * ((advantage * (action - obs @ theta))[:, None] * obs).mean(0)


def step_by_matrices(theta, obs, action, advantage, alpha):
    return theta + alpha * obs.T @ (advantage * (action - obs @ theta)) / len(obs)


def step_by_distribution(theta, obs, action, advantage, alpha):
    likely = torch.distributions.Normal(obs @ theta, 1.0).log_prob(action)
    loss = -torch.dot(advantage, likely) / advantage.numel()
    return theta - alpha * torch.autograd.grad(loss, [theta], create_graph=True)[0]


def step_by_func(theta, obs, action, advantage, alpha):
    def loss(theta):
        return (advantage * (action - obs @ theta).pow(2)).mean() / 2

    return theta - alpha * torch.func.grad(loss)(theta)


def step_by_loop(theta, obs, action, advantage, alpha):
    gradient = torch.zeros_like(theta)
    for s, a, good in zip(obs, action, advantage, strict=True):
        gradient = gradient - good * (a - s @ theta) * s / len(obs)
    return theta - alpha * gradient


def needed_by_loop(steps, returns, target):
    needed = []
    for run in returns.tolist():
        needed.append(next((s for s, value in zip(steps.tolist(), run, strict=True) if value >= target), math.inf))
    return statistics.median(needed)


def needed_by_minimum(steps, returns, target):
    return torch.where(returns >= target, steps, torch.inf).amin(1).median()


def needed_by_sorting(steps, returns, target):
    needed = torch.where(returns < target, torch.inf, steps.expand_as(returns)).min(-1).values
    return float(needed.sort().values[len(needed) // 2])


def needed_by_counting(steps, returns, target):
    """The first place at which more than half of the runs have been there."""
    share = (returns >= target).cummax(-1).values.float().mean(0)
    there = steps[share > 0.5]
    return there[0].item() if len(there) else math.inf


SOLUTIONS = {
    "sequential": [sequential_by_while, sequential_first_apart, sequential_as_tuple],
    "inner_step": [step_by_hand, step_by_matrices, step_by_distribution, step_by_func, step_by_loop],
    "steps_needed": [needed_by_loop, needed_by_minimum, needed_by_sorting, needed_by_counting],
}
seeds = st.integers(0, 10**6)


def test_sequential_is_the_librarys():
    """With the real pieces: the same steps in the buffer, number for number."""
    config = multitask.Config.preset("smoke", "navigation", n_tasks=3)
    family, learning = multitask.family(config), multitask.learning(config)
    shared, practised = Shared(family, learning), learning.warm_up.iterations

    def warm_up(pupil, task):
        shared.practise(pupil, task, practised)

    def act(pupil, task):
        shared.returns(pupil.policy, task)  # what the library measures before it collects
        noisy = explorer(pupil.policy, shared.generator)
        return collect(family, task, noisy, learning.steps_per_task, shared.generator)

    tasks = family.sample_tasks(3, learning.seed)
    check.sequential.reference(tasks, shared.fresh, warm_up, act, shared.learn)
    *_, last = algorithm.train(family, learning)
    theirs = last.checkpoint()["shared"]["buffer"]
    for name, value in shared.buffer.state_dict().items():
        same = torch.equal(value, theirs[name]) if isinstance(value, torch.Tensor) else value == theirs[name]
        assert same, name


def drawn(number, B, O):
    generator = torch.Generator().manual_seed(number)
    random = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)  # noqa: E731
    return random(O), random(B, O), random(B), random(B)


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 8), st.integers(1, 3), st.floats(0.01, 1.0))
def test_inner_step_is_the_gradient_by_hand_and_so_is_its_jacobian(number, B, O, alpha):
    """dL/dtheta = -mean A (a - s theta) s, and d theta'/d theta = 1 - alpha mean A s s'."""
    theta, obs, action, advantage = drawn(number, B, O)
    gradient = -sum(advantage[b] * (action[b] - obs[b] @ theta) * obs[b] for b in range(B)) / B
    hessian = sum(advantage[b] * torch.outer(obs[b], obs[b]) for b in range(B)) / B
    made = check.inner_step.reference(theta.clone().requires_grad_(), obs, action, advantage, alpha)
    torch.testing.assert_close(made.detach(), theta - alpha * gradient)
    jacobian = torch.autograd.functional.jacobian(
        lambda t: check.inner_step.reference(t, obs, action, advantage, alpha), theta
    )
    torch.testing.assert_close(jacobian, torch.eye(O, dtype=torch.float64) - alpha * hessian)


@settings(max_examples=10, deadline=None)
@given(seeds, st.integers(1, 8), st.integers(1, 3))
def test_inner_step_is_the_librarys_on_a_linear_policy(number, B, O):
    theta, obs, action, advantage = drawn(number, B, O)
    options = dict(hidden=(), n=1, dtype=torch.float64)
    policy = GaussianPolicy(O, 1, Normaliser(O, dtype=torch.float64), torch.Generator().manual_seed(0), **options)
    write(policy, torch.cat([theta, torch.zeros(2, dtype=torch.float64)])[None])  # weights, bias, log_std
    batch = Batch(obs[None], action[None, :, None], advantage[None], advantage[None])
    acted = policy(batch.obs).log_prob(batch.action).detach()
    InnerStep(batch, acted, Loss("vpg"), 0.3)(policy)
    made = check.inner_step.reference(theta.clone().requires_grad_(), obs, action, advantage, 0.3)
    torch.testing.assert_close(read(policy)[0, :O], made.detach())


@settings(max_examples=30, deadline=None)
@given(seeds, st.sampled_from([1, 3, 5]), st.integers(1, 8))
def test_steps_needed_is_the_first_place_where_most_runs_have_been(number, R, S):
    generator = torch.Generator().manual_seed(number)
    returns = -torch.rand(R, S, generator=generator)
    steps = torch.rand(S, generator=generator).cumsum(0)
    got = check.steps_needed.reference(steps, returns, -0.3)
    assert got == needed_by_counting(steps, returns, -0.3)
    assert check.steps_needed.reference(steps, returns, 1.0) == math.inf
