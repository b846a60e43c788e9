"""MAML's derivatives by hand against autograd and finite differences, in double precision and in tiny cases."""

import pytest
import torch
from torch.func import functional_call

from tlteach.errors import InvalidInput
from tlteach.modelbased.critic import Batch
from tlteach.modelbased.fisher import read, unflatten, write
from tlteach.modelbased.hessian import SecondOrder
from tlteach.modelbased.maml_inner import Gradient, InnerStep, Loss
from tlteach.modelbased.maml_outer import Adapted, outer_step
from tlteach.modelbased.mlp import MLP
from tlteach.modelbased.normaliser import Normaliser
from tlteach.modelbased.policies import Gaussian, GaussianPolicy
from tlteach.modelbased.trpo import TRPOConfig

RATE, CLIP = 0.3, 0.2
VPG, PPO = Loss("vpg"), Loss("ppo", CLIP)


def draw(*shape, seed):
    return torch.randn(*shape, dtype=torch.double, generator=torch.Generator().manual_seed(seed))


def policy(n, activation="relu", hidden=(4, 3), seed=0) -> GaussianPolicy:
    made = GaussianPolicy(2, 2, Normaliser(2), torch.Generator(), hidden=hidden, activation=activation, n=n).double()
    write(made, 0.5 * draw(*read(made).shape, seed=seed))
    return made


def batch(n, size=12, seed=1) -> Batch:
    obs, action = draw(2, n, size, 2, seed=seed)
    advantage, target = draw(2, n, size, seed=seed + 1)
    return Batch(obs, action, advantage, target)


def one(data, p):
    """Task p of a batch or of anything with tasks in front."""
    return Batch(*(x[p : p + 1] for x in vars(data).values())) if isinstance(data, Batch) else data[p : p + 1]


def acting(agent, theta, obs) -> Gaussian:
    """The distribution at other parameters, (n, D)."""
    names = [name for p in agent.trained() for name, q in agent.named_parameters() if p is q]
    return functional_call(agent, dict(zip(names, unflatten(theta, agent.trained()), strict=True)), (obs,))


def inner_loss(agent, theta, data, acted, loss):
    """Written out: one number, the sum of the policies' losses."""
    log_prob = acting(agent, theta, data.obs).log_prob(data.action)
    if loss.kind == "vpg":
        return -(log_prob * data.advantage).mean(-1).sum()
    ratio = (log_prob - acted).exp()
    return -torch.minimum(ratio * data.advantage, ratio.clamp(1 - CLIP, 1 + CLIP) * data.advantage).mean(-1).sum()


def acted_by_another(agent, data):
    """Of a policy near this one, so that some of PPO's ratios are cut."""
    other = read(agent) + 0.1 * draw(*read(agent).shape, seed=5)
    acted = acting(agent, other, data.obs).log_prob(data.action)
    ratio = (agent(data.obs).log_prob(data.action) - acted).exp().detach()
    assert ((ratio - 1).abs() > CLIP).any() and ((ratio - 1).abs() < CLIP).any()
    return acted.detach()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("rows", [5, 1300])  # few; and enough for the products that are turned
def test_hessian_products_of_a_network_are_those_of_twice_autograd(activation, rows):
    net, x, target = MLP((3, 9, 10, 2), activation, 2).double(), draw(2, rows, 3, seed=0), draw(2, rows, 2, seed=1)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(0.5 * draw(*p.shape, seed=p.numel()))
    parameters = list(net.parameters())
    v = [draw(*p.shape, seed=7 + p.numel()) for p in parameters]
    loss = ((net(x) - target) ** 4).sum() / rows
    gradients = torch.autograd.grad(loss, parameters, create_graph=True)
    expected = torch.autograd.grad(sum((g * w).sum() for g, w in zip(gradients, v, strict=True)), parameters)
    passes = SecondOrder(net, rows)
    passes.outputs[0] = x
    error = passes.forward() - target
    passes.backward(4 * error**3 / rows)
    for mine, its in zip(passes.gradients, gradients, strict=True):
        torch.testing.assert_close(mine, its)
    for _ in range(2):  # nothing is used up
        found = passes.backward_change(v, 12 * error**2 / rows * passes.tangent(v))
        for mine, its in zip(found, expected, strict=True):
            torch.testing.assert_close(mine, its)


@pytest.mark.parametrize("loss", [VPG, PPO], ids=["vpg", "ppo"])
def test_an_inner_step_is_that_of_a_loop_over_the_tasks_with_autograd(loss):
    fast, data = policy(3), batch(3)
    acted, start = acted_by_another(fast, data), read(fast)
    expected = []
    for p in range(3):
        single = policy(1)
        theta = start[p : p + 1].clone().requires_grad_()
        gradient = torch.autograd.grad(inner_loss(single, theta, one(data, p), one(acted, p), loss), theta)[0]
        expected.append(theta.detach() - RATE * gradient)
    InnerStep(data, acted, loss, RATE)(fast)
    torch.testing.assert_close(read(fast), torch.cat(expected))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("loss", [VPG, PPO], ids=["vpg", "ppo"])
def test_hessian_products_of_the_inner_loss(loss, activation):
    fast, data = policy(2, activation), batch(2)
    acted, theta = acted_by_another(fast, data), read(fast)
    v = draw(*theta.shape, seed=3)
    expected = torch.autograd.functional.hvp(lambda at: inner_loss(fast, at, data, acted, loss), theta, v)[1]
    gradient = Gradient(fast, data, acted, loss)
    write(fast, 0 * theta)  # the products stay those at the parameters that were
    torch.testing.assert_close(gradient.hessian_product(v), expected)


class Tiny:
    """Two tasks, adapted by some steps on data of their own, and the same written with autograd."""

    def __init__(self, loss=VPG, n_steps=1, every=1, repeat=1, first_order=False):
        self.theta = policy(None, seed=4)
        self.start = read(self.theta)
        self.agents, self.tasks, self.data = [], [], []
        self.config = TRPOConfig(entropy_coefficient=0.0, fisher_every=every)
        for p in range(2):
            agent, steps = policy(1, seed=4), []
            inner = [batch(1, seed=10 * p + i) for i in range(n_steps)]
            acted = [acted_by_another(agent, each) for each in inner]
            after = batch(1, seed=10 * p + 5)
            self.data.append((inner, acted, after, loss))
            repeated = [Batch(*(x.repeat_interleave(repeat, 1) for x in vars(each).values())) for each in inner]
            after = Batch(*(x.repeat_interleave(repeat, 1) for x in vars(after).values()))
            for each, its in zip(repeated, acted, strict=True):
                steps.append(InnerStep(each, its.repeat_interleave(repeat, 1), loss, RATE, every))
                steps[-1](agent, differentiable=True)
            self.agents.append(agent)
            self.tasks.append(Adapted(agent, steps, after, self.config, first_order))
        self.old = [self.adapted(self.start, p) for p in range(2)]

    def adapted(self, theta, p):
        """theta'_p, with a graph."""
        inner, acted, _, loss = self.data[p]
        theta = theta[None]
        for each, its in zip(inner, acted, strict=True):
            theta = theta if theta.requires_grad else theta.clone().requires_grad_()
            lost = inner_loss(self.agents[p], theta, each, its, loss)
            theta = theta - RATE * torch.autograd.grad(lost, theta, create_graph=True)[0]
        return theta

    def objective(self, theta):
        total = 0.0
        for p, (_, _, after, _) in enumerate(self.data):
            new, old = (acting(self.agents[p], at, after.obs) for at in (self.adapted(theta, p), self.old[p].detach()))
            ratio = (new.log_prob(after.action) - old.log_prob(after.action)).exp()
            total = total + (ratio * after.advantage).mean() / 2
        return total

    def kl(self, theta):
        total = 0.0
        for p, (_, _, after, _) in enumerate(self.data):
            new, old = (acting(self.agents[p], at, after.obs) for at in (self.adapted(theta, p), self.old[p].detach()))
            total = total + old.kl(new).mean() / 2
        return total

    def gradient(self):
        return sum(task.gradient() for task in self.tasks) / 2

    def product(self, v):
        return sum(task.fisher_product(v) for task in self.tasks) / 2

    def tried(self, theta):
        return sum(task.tried(theta) for task in self.tasks) / 2


CASES = pytest.mark.parametrize(("loss", "n_steps"), [(VPG, 1), (VPG, 2), (PPO, 3)], ids=["vpg", "vpg twice", "ppo"])


@CASES
def test_the_second_order_meta_gradient_is_that_of_autograd_and_of_finite_differences(loss, n_steps):
    tiny = Tiny(loss, n_steps)
    found = tiny.gradient()
    theta = tiny.start.clone().requires_grad_()
    torch.testing.assert_close(found, torch.autograd.grad(tiny.objective(theta), theta)[0])
    for seed in range(3):
        v, h = draw(len(found), seed=seed), 1e-6
        there, back = (tiny.tried(tiny.start + sign * h * v)[0] for sign in (1, -1))
        torch.testing.assert_close(found @ v, (there - back) / (2 * h), rtol=1e-5, atol=1e-7)


def test_first_order_is_the_gradient_at_the_adapted_policies_without_the_second_term():
    first, second = Tiny(first_order=True), Tiny()
    expected = 0.0
    for agent, (_, _, after, _), old in zip(first.agents, first.data, first.old, strict=True):
        theta = old.detach().clone().requires_grad_()
        new = acting(agent, theta, after.obs).log_prob(after.action)
        expected = expected + torch.autograd.grad(((new - new.detach()).exp() * after.advantage).mean(), theta)[0] / 2
    torch.testing.assert_close(first.gradient(), expected[0])
    assert (first.gradient() - second.gradient()).norm() > 0.05 * second.gradient().norm()


@CASES
def test_products_are_those_of_the_explicit_hessian_of_the_kl_through_the_adaptation(loss, n_steps):
    tiny = Tiny(loss, n_steps)
    dense = torch.autograd.functional.hessian(tiny.kl, tiny.start)
    v = draw(len(dense), seed=6)
    torch.testing.assert_close(tiny.product(v), dense @ v)
    first = Tiny(loss, n_steps, first_order=True).product(v)
    assert (first - dense @ v).norm() > 0.05 * (dense @ v).norm()


def test_a_part_of_the_samples_is_every_other_one():
    v = draw(len(Tiny().start), seed=6)
    whole, part = Tiny(), Tiny(every=2, repeat=2)  # each sample twice, one of the two is used
    torch.testing.assert_close(part.product(v), whole.product(v))
    torch.testing.assert_close(part.gradient(), whole.gradient())
    assert (Tiny(every=2).product(v) - whole.product(v)).norm() > 0.01 * whole.product(v).norm()
    torch.testing.assert_close(Tiny(every=2).gradient(), whole.gradient())  # of all samples, always


def test_the_outer_step_is_the_dense_one_and_reports_what_it_did():
    tiny = Tiny()
    dense = torch.autograd.functional.hessian(tiny.kl, tiny.start) + 0.1 * torch.eye(len(tiny.start)).double()
    theta = tiny.start.clone().requires_grad_()
    gradient = torch.autograd.grad(tiny.objective(theta), theta)[0]
    x = torch.linalg.solve(dense, gradient)
    step = (2 * 1e-6 / (x @ dense @ x)).sqrt() * x
    config = TRPOConfig(entropy_coefficient=0.0, damping=0.1, max_kl=1e-6, cg_steps=200)
    before = tiny.objective(tiny.start).item()
    found = outer_step(tiny.theta, tiny.tasks, config)
    moved = read(tiny.theta) - tiny.start
    assert found["scale"] == 1.0
    torch.testing.assert_close(moved, step, rtol=0, atol=1e-3 * step.abs().max().item())
    after = read(tiny.theta)
    assert found["improvement"] == pytest.approx(tiny.objective(after).item() - before)
    assert found["kl"] == pytest.approx(tiny.kl(after).item(), rel=1e-3)
    assert 0 < found["kl"] < 1e-6  # the damping's share is missing


def test_without_a_good_step_the_policy_stays():
    tiny = Tiny()
    config = TRPOConfig(entropy_coefficient=0.0, damping=1e-3, max_kl=1e6, backtracks=1)
    assert outer_step(tiny.theta, tiny.tasks, config)["scale"] == 0.0
    assert torch.equal(read(tiny.theta), tiny.start)


def test_an_activation_without_a_second_derivative_is_refused():
    with pytest.raises(InvalidInput, match="second derivatives 'silu'; choose one of 'relu', 'tanh'"):
        SecondOrder(MLP((2, 3, 1), "silu", 1), 4)


def test_the_activation_is_the_policys():
    obs = draw(1, 5, 2, seed=0)
    means = []
    for activation, act in (("relu", torch.relu), ("tanh", torch.tanh)):
        agent = policy(1, activation)
        h = obs
        for weight, bias in zip(agent.net.weights, agent.net.biases, strict=True):
            h = (act(h) if h is not obs else h) @ weight + bias[:, None]
        torch.testing.assert_close(agent(obs).mean, h)
        means.append(h)
    assert (means[0] - means[1]).abs().max() > 0.01
