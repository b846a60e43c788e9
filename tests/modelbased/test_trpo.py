"""TRPO: its products against a dense Hessian, its step against a dense solve, and the regulator against Riccati."""

import pytest
import torch
from linear_quadratic import LinearQuadratic, optimal_cost, practised_cost
from torch.func import functional_call

from tlteach.modelbased.critic import Batch, Critic, CriticConfig
from tlteach.modelbased.fisher import unflatten
from tlteach.modelbased.normaliser import Normaliser
from tlteach.modelbased.policies import Gaussian, GaussianPolicy, Value
from tlteach.modelbased.trpo import (
    TRPO,
    TRPOConfig,
    conjugate_gradient,
    fisher_product,
    flatten,
    forward,
    surrogate,
    surrogate_gradient,
)
from tlteach.modelbased.virtual import true_world


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def policy(n=None, hidden=(3,)) -> GaussianPolicy:
    made = GaussianPolicy(2, 2, Normaliser(2), generator(), hidden=hidden, n=n).double()
    with torch.no_grad():
        for p in made.trained():
            p.normal_(std=0.5, generator=generator(p.numel()))
    return made


def batch(n=None, size=40) -> Batch:
    lead = () if n is None else (n,)
    obs, action = torch.randn(2, *lead, size, 2, dtype=torch.double, generator=generator(1))
    advantage, target = torch.randn(2, *lead, size, dtype=torch.double, generator=generator(2))
    return Batch(obs, action, advantage, target)


def dense_fisher(agent: GaussianPolicy, obs) -> torch.Tensor:
    """The Hessian of the mean KL over all parameters of all policies, entry by entry."""
    trained = {id(p): name for name, p in agent.named_parameters()}
    names = [trained[id(p)] for p in agent.trained()]
    old = agent(obs).detach()

    def kl(vector):
        parts = unflatten(vector, agent.trained())
        return old.kl(functional_call(agent, dict(zip(names, parts, strict=True)), (obs,))).mean(-1).sum()

    vector = flatten([p.detach() for p in agent.trained()], agent.n)
    return torch.autograd.functional.hessian(kl, vector)


@pytest.mark.parametrize("n", [None, 2])
def test_fisher_products_and_the_conjugate_gradient_step_are_the_dense_ones(n):
    agent, b = policy(n), batch(n)
    product, dense = fisher_product(agent, b.obs), dense_fisher(agent, b.obs)
    v = torch.randn(dense.shape[: dense.ndim // 2], dtype=torch.double, generator=generator(3))
    expected = torch.einsum("ij,j->i", dense, v) if n is None else torch.einsum("piqj,qj->pi", dense, v)
    torch.testing.assert_close(product(v), expected)
    blocks = dense if n is None else torch.stack([dense[p, :, p] for p in range(n)])
    damped = blocks + 0.1 * torch.eye(v.shape[-1], dtype=torch.double)
    x = conjugate_gradient(lambda u: product(u) + 0.1 * u, v, 3 * v.shape[-1], tolerance=1e-24)
    torch.testing.assert_close(x, torch.linalg.solve(damped, v), rtol=1e-6, atol=1e-8)


def test_fisher_products_are_the_curvature_of_the_kl():
    """KL(theta, theta + h v) = h^2 / 2 v F v + O(h^3)."""
    agent, b = policy(), batch()
    old, start = agent(b.obs).detach(), flatten([p.detach() for p in agent.trained()], None)
    v = torch.randn(start.shape, dtype=torch.double, generator=generator(3))
    curvature = v @ fisher_product(agent, b.obs)(v)
    trpo = TRPO(agent, None, TRPOConfig())
    kls = []
    for h in (1e-4, -1e-4):
        trpo._write(start + h * v)
        kls.append(old.kl(agent(b.obs)).mean().detach())
    torch.testing.assert_close(sum(kls) / 1e-8, curvature, rtol=1e-5, atol=0)


def test_the_surrogate_and_its_gradient():
    agent, b = policy(), batch()
    old = Gaussian(*(x + 0.1 for x in vars(agent(b.obs).detach()).values()))
    p, q = (torch.distributions.Normal(g.mean, g.log_std.exp()) for g in (agent(b.obs), old))
    ratio = (p.log_prob(b.action).sum(-1) - q.log_prob(b.action).sum(-1)).exp()
    entropy = p.entropy().sum(-1).mean()
    assert -2 < entropy < 3
    expected = (ratio * b.advantage).mean() + 0.3 * entropy.clamp(-2, 2)
    torch.testing.assert_close(surrogate(agent(b.obs), old, b, 0.3), expected)
    assert torch.autograd.gradcheck(lambda *_: surrogate(agent(b.obs), old, b, 0.3), tuple(agent.trained()))


@pytest.mark.parametrize(
    ("n", "coefficient", "shift"), [(None, 0.3, 0.0), (2, 0.3, 0.0), (2, 0.3, 5.0), (None, 0.0, 0.0)]
)
def test_the_gradient_by_hand_is_that_of_autograd(n, coefficient, shift):
    agent, b = policy(n), batch(n)
    with torch.no_grad():
        agent.log_std += shift  # an entropy above 2 earns nothing more
    new = agent(b.obs)
    expected = torch.autograd.grad(surrogate(new, new.detach(), b, coefficient).sum(), agent.trained())
    got = surrogate_gradient(agent, forward(agent, b.obs), new.detach(), b, coefficient)
    torch.testing.assert_close(got, flatten(expected, n))


def test_a_step_improves_within_the_trust_region_and_policies_do_not_mix():
    many, b = policy(3), batch(3)
    with torch.no_grad():
        b.advantage[1] = 0  # nothing to gain: no step
    before = [p.clone() for p in many.trained()]
    config = TRPOConfig(entropy_coefficient=0.0)
    metrics = TRPO(many, None, config).step(b)
    assert (metrics["kl"] <= 0.015).all() and metrics["kl"][[0, 2]].min() > 0.001
    assert (metrics["improvement"] >= 0).all() and metrics["improvement"][[0, 2]].min() > 0
    for p in (0, 2):
        alone = policy()
        with torch.no_grad():
            for mine, all_of_them in zip(alone.trained(), before, strict=True):
                mine.copy_(all_of_them[p])
        TRPO(alone, None, config).step(Batch(*(x[p] for x in vars(b).values())))
        for mine, all_of_them in zip(alone.trained(), many.trained(), strict=True):
            torch.testing.assert_close(mine, all_of_them[p])
    assert all(torch.equal(p[1], old[1]) for p, old in zip(many.trained(), before, strict=True))


def test_a_bad_step_is_not_taken():
    """A surrogate that is NaN away from here, as with an observation that overflows, leaves the policy alone."""
    agent, b = policy(), batch()
    before = [p.clone() for p in agent.trained()]
    metrics = TRPO(agent, None, TRPOConfig(max_kl=1e30)).step(b)
    assert metrics["scale"] == 0 or metrics["improvement"] >= 0
    assert all(p.isfinite().all() for p in agent.trained())
    if metrics["scale"] == 0:
        assert all(torch.equal(p, q) for p, q in zip(agent.trained(), before, strict=True))


def test_three_regulators_at_once_reach_the_riccati_solution():
    family, gamma = LinearQuadratic(), 0.95
    tasks = torch.tensor([[1.0, 0.1], [0.3, 0.3], [1.0, 0.5]])
    norm, source = Normaliser(2), generator()
    agent = GaussianPolicy(2, 1, norm, source, hidden=(), n=3, log_std=-1.5)
    critic = Critic(
        Value(2, norm, source, n=3), CriticConfig(gamma=gamma, batch_size=256, learning_rate=1e-2, epochs=10)
    )
    trpo, world = TRPO(agent, critic, TRPOConfig(entropy_coefficient=0.0)), true_world(family, tasks)
    untrained = practised_cost(world, agent, gamma)
    for i in range(20):
        trpo.update(world, family.resets(3 * 40, i).view(3, 40, 2), source)
    ratio = practised_cost(world, agent, gamma) / optimal_cost(tasks, gamma)
    assert (untrained / optimal_cost(tasks, gamma)).min() > 5
    assert ratio.max() < 1.03 and ratio.min() > 0.99, ratio
