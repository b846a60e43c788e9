"""Distributions against torch.distributions; many policies against one at a time; returns against sums written out."""

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from tlteach.errors import InvalidInput
from tlteach.modelbased.normaliser import Normaliser
from tlteach.modelbased.policies import Gaussian, GaussianPolicy, Value
from tlteach.modelbased.returns import discounted_returns, gae


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_gaussian_is_that_of_torch():
    one, other = (Gaussian(torch.randn(5, 3), torch.randn(5, 3)) for _ in range(2))
    mine, theirs = (Independent(Normal(g.mean, g.log_std.exp()), 1) for g in (one, other))
    action = torch.randn(5, 3)
    torch.testing.assert_close(one.log_prob(action), mine.log_prob(action))
    torch.testing.assert_close(one.entropy(), mine.entropy())
    torch.testing.assert_close(one.kl(other), kl_divergence(mine, theirs))
    torch.testing.assert_close(one.sample(None), one.mean)
    wide = Gaussian(torch.full((20_000, 1), 2.0), torch.full((20_000, 1), 0.5).log())
    assert wide.sample(generator()).mean().sub(2).abs() < 0.02 and wide.sample(generator()).std().sub(0.5).abs() < 0.01


def test_many_policies_are_each_of_them():
    norm = Normaliser(3)
    norm.update(torch.randn(50, 3) * 3 + 1)
    many = GaussianPolicy(3, 2, norm, generator(), n=4)
    values = Value(3, norm, generator(), n=4)
    with torch.no_grad():
        many.log_std.normal_()
        for p in [*many.net.parameters(), *values.net.parameters()]:
            p.normal_()
    obs = torch.randn(4, 7, 5, 3)
    for p in range(4):
        for all_of_them, alone in (
            (many, GaussianPolicy(3, 2, norm, generator())),
            (values, Value(3, norm, generator())),
        ):
            own = {k: v[p] for k, v in all_of_them.state_dict().items() if not k.startswith("normaliser")}
            alone.load_state_dict(own, strict=False)
            got, expected = all_of_them(obs), alone(obs[p])
            if isinstance(got, Gaussian):
                torch.testing.assert_close(got.mean[p], expected.mean)
                torch.testing.assert_close(got.log_std[p], expected.log_std)
            else:
                torch.testing.assert_close(got[p], expected)


def test_fresh_policies_act_at_random_around_zero():
    policy = GaussianPolicy(3, 2, Normaliser(3), generator(), hidden=(32, 32))
    other = GaussianPolicy(3, 2, Normaliser(3), generator(), hidden=(32, 32))
    assert all(torch.equal(a, b) for a, b in zip(policy.parameters(), other.parameters(), strict=True))
    lengths = [w.norm(dim=0) for w in policy.net.weights]  # of what enters each unit
    for length, wanted in zip(lengths, (1.0, 1.0, 0.01), strict=True):
        torch.testing.assert_close(length, torch.full_like(length, wanted))
    act = policy(torch.randn(100, 3))
    assert act.mean.abs().max() < 0.06 and act.log_std.eq(0).all()


def test_observations_of_another_size_are_refused():
    norm = Normaliser(3)
    for network in (GaussianPolicy(3, 2, norm, generator()), Value(3, norm, generator())):
        with pytest.raises(InvalidInput, match=r"vectors of 3, got shape \(5, 4\)"):
            network(torch.zeros(5, 4))


def episode_arrays(T=9, N=4, P=2):
    reward, value, next_value = torch.randn(3, P, T, N, dtype=torch.double, generator=generator())
    done = torch.rand(P, T, N, generator=generator(1)) < 0.2
    boundary = done | (torch.rand(P, T, N, generator=generator(2)) < 0.2)
    return reward, value, next_value, done, boundary


@pytest.mark.parametrize("lam", [0.0, 0.7, 1.0])
def test_gae_is_the_sum_of_its_definition(lam):
    reward, value, next_value, done, boundary = episode_arrays()
    gamma, got = 0.9, gae(reward, value, next_value, done, boundary, 0.9, lam)
    for p, t, n in torch.cartesian_prod(torch.arange(2), torch.arange(9), torch.arange(4)).tolist():
        expected = 0.0
        for k in range(t, 9):
            following = 0.0 if done[p, k, n] else next_value[p, k, n]
            expected += (gamma * lam) ** (k - t) * (reward[p, k, n] + gamma * following - value[p, k, n])
            if boundary[p, k, n]:
                break
        torch.testing.assert_close(got[p, t, n], expected)


def test_returns_bootstrap_where_time_is_out_and_not_where_it_is_over():
    reward, value, next_value, done, boundary = episode_arrays()
    got = discounted_returns(reward, next_value, done, boundary, 0.9)
    for p, t, n in torch.cartesian_prod(torch.arange(2), torch.arange(9), torch.arange(4)).tolist():
        expected, k = 0.0, t
        while True:
            expected += 0.9 ** (k - t) * reward[p, k, n]
            if boundary[p, k, n] or k == 8:
                expected += 0.0 if done[p, k, n] else 0.9 ** (k + 1 - t) * next_value[p, k, n]
                break
            k += 1
        torch.testing.assert_close(got[p, t, n], expected)
    with pytest.raises(InvalidInput, match=r"done has shape \(9, 4\), reward \(2, 9, 4\)"):
        discounted_returns(reward, next_value, done[0], boundary, 0.9)
