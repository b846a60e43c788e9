"""Warm-up in a learned linear world: good in the true one without a real step; a model that diverges ends it."""

import pytest
import torch
from linear_quadratic import LinearQuadratic, optimal_cost, practised_cost, transitions

from tlteach.errors import InvalidInput
from tlteach.modelbased.buffer import ReplayBuffer
from tlteach.modelbased.critic import Critic, CriticConfig
from tlteach.modelbased.dynamics import Dynamics, DynamicsConfig
from tlteach.modelbased.exploration import explorer
from tlteach.modelbased.fitting import FitConfig, Fitter
from tlteach.modelbased.policies import GaussianPolicy, Value
from tlteach.modelbased.shac import SHAC, SHACConfig
from tlteach.modelbased.virtual import LeftBounds, true_world
from tlteach.modelbased.warm_up import WarmUpConfig, warm_up


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def learner(n):
    """A model without hidden layers, its data, and SHAC on fresh policies."""
    model, buffer, source = Dynamics(2, 1, DynamicsConfig(2, ()), generator()), ReplayBuffer(2, 1, 1000), generator()
    data = transitions()
    model.observe(data)
    buffer.add(data)
    policy = GaussianPolicy(2, 1, model.obs_norm, source, hidden=(), n=n, log_std=-1.5)
    options = dict(gamma=0.95, batch_size=256, learning_rate=1e-2)
    critic = Critic(Value(2, model.obs_norm, source, n=n), CriticConfig(**options))
    return Fitter(model, FitConfig(learning_rate=1e-2)), buffer, SHAC(policy, critic, SHACConfig(learning_rate=5e-2))


@pytest.mark.parametrize("start", ["reset", "buffer"])
def test_practice_in_the_model_is_worth_it_in_the_world(start):
    fitter, buffer, shac = learner(2)
    family, tasks = LinearQuadratic(), torch.tensor([[1.0, 0.1], [1.0, 0.5]])
    config = WarmUpConfig(iterations=4, fit_steps=100, policy_steps=6, start=start)
    steps = list(warm_up(fitter, buffer, shac, family, tasks, config, generator()))
    assert [s.iteration for s in steps] == [0, 1, 2, 3] and not any(s.diverged for s in steps)
    assert steps[-1].last_return.shape == (2,) and steps[-1].model_loss.shape == (2,)
    assert (steps[-1].last_return > steps[0].first_return).all()
    ratio = practised_cost(true_world(family, tasks), shac.policy, 0.95) / optimal_cost(tasks, 0.95)
    assert ratio.max() < 1.2, ratio  # 15 and 8 before


def test_the_last_good_policy_is_kept_when_the_model_diverges(monkeypatch):
    fitter, buffer, shac = learner(None)
    seen, update = [], shac.update

    def failing(*arguments):
        seen.append([p.clone() for p in shac.policy.trained()])
        if len(seen) == 5:
            raise LeftBounds("it exploded", 3, [0])
        return update(*arguments)

    monkeypatch.setattr(shac, "update", failing)
    config = WarmUpConfig(iterations=3, fit_steps=1, policy_steps=3)
    steps = list(warm_up(fitter, buffer, shac, LinearQuadratic(), torch.ones(2), config, generator()))
    assert [s.diverged for s in steps] == ["", "it exploded"]
    assert all(torch.equal(p, q) for p, q in zip(shac.policy.trained(), seen[3], strict=True))
    assert not torch.equal(seen[3][0], seen[4][0])


def test_exploration_is_noise_that_lasts():
    policy = GaussianPolicy(2, 1, learner(None)[0].model.obs_norm, generator(), hidden=(), log_std=-20.0)
    act = explorer(policy, generator(), theta=0.15, sigma=0.3)
    noise = torch.stack([act(torch.zeros(500, 2)) for _ in range(60)])[30:, :, 0]  # (30, 500), settled
    torch.testing.assert_close(noise.std(), torch.tensor(0.3 / (1 - 0.85**2) ** 0.5), rtol=0.05, atol=0)
    lagged = (noise[1:] * noise[:-1]).mean() / noise.square().mean()
    torch.testing.assert_close(lagged, torch.tensor(0.85), rtol=0.03, atol=0)
    quiet = explorer(policy, generator(), sigma=0.0)
    obs = torch.randn(5, 2)
    torch.testing.assert_close(quiet(obs), policy(obs).mean)


def test_refusals():
    with pytest.raises(InvalidInput, match="unknown start 'goal'"):
        WarmUpConfig(start="goal")
    with pytest.raises(InvalidInput, match="policy_steps must be a whole number of at least 1, got 0"):
        WarmUpConfig(policy_steps=0)
