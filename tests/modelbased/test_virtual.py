"""Virtual rollouts against a loop over single states, their gradients, and what they refuse."""

import math

import pytest
import torch
from linear_quadratic import LinearQuadratic, transitions

from tlteach.errors import InvalidInput
from tlteach.modelbased.dynamics import Dynamics, DynamicsConfig
from tlteach.modelbased.normaliser import Normaliser
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.modelbased.virtual import LearnedTransition, LeftBounds, World, learned_world, true_world
from tlteach.modelbased.warm_up import WarmUpConfig


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def policy(n=None, log_std=-1.0) -> GaussianPolicy:
    made = GaussianPolicy(2, 1, Normaliser(2), generator(), hidden=(4,), n=n, log_std=log_std, dtype=torch.double)
    with torch.no_grad():
        for p in made.net.parameters():
            p.normal_(generator=generator(p.numel()))
    return made.double()


class Falls(LinearQuadratic):
    """Over once the position is above 0.3."""

    def done(self, next_obs):
        return next_obs[..., 0] > 0.3


def test_every_number_of_a_rollout():
    family, tasks = Falls(), LinearQuadratic().sample_tasks(3, 0).double()
    start = family.resets(15, 0).view(3, 5, 2).double()
    agent = policy(n=3)
    got = true_world(family, tasks).rollout(agent, start, 12, generator())
    assert got.obs.shape == (3, 12, 5, 2) and got.reward.shape == (3, 12, 5) and got.total.shape == (3,)
    assert 3 < got.done.sum() < 100  # or nothing is tested
    torch.testing.assert_close(got.obs[:, 0], start)
    for t in range(12):
        obs, cut = got.obs[:, t], got.action[:, t].clamp(-1, 1)
        following = family.simulate(obs, cut)
        torch.testing.assert_close(got.next_obs[:, t], following)
        for p in range(3):
            torch.testing.assert_close(got.reward[p, t], family.reward(obs[p], cut[p], following[p], tasks[p]))
        done = following[..., 0] > 0.3
        assert torch.equal(got.done[:, t], done) and torch.equal(got.boundary[:, t], done | (t == 11))
        if t < 11:
            torch.testing.assert_close(got.obs[:, t + 1], torch.where(done[..., None], start, following))
    noise = (got.action - agent(got.obs).mean) / agent.log_std.exp()[:, None, None]
    assert abs(noise.mean()) < 0.25 and abs(noise.std() - 1) < 0.2
    for p in range(3):
        by_hand = []
        for n in range(5):
            ends = got.done[p, :, n].nonzero()[:, 0].tolist() or [11]
            by_hand.append(got.reward[p, : ends[0] + 1, n].sum())  # of the first episode
        torch.testing.assert_close(got.returns[p], torch.stack(by_hand))
        torch.testing.assert_close(got.total[p], torch.stack(by_hand).mean())


def test_the_gradient_through_a_learned_world_by_finite_differences():
    model = Dynamics(2, 1, DynamicsConfig(2, (6,), "tanh", init_std=0.3), generator(), dtype=torch.double)
    model.observe(transitions())
    family, agent, start = LinearQuadratic(), policy(), torch.randn(4, 2, dtype=torch.double) * 0.3
    world = learned_world(model, family, torch.tensor([1.0, 0.5]).double())

    def total(*_):
        return world.rollout(agent, start, 5, generator(), differentiable=True).reward.sum()

    assert torch.autograd.gradcheck(total, tuple(agent.trained()))
    assert not world.rollout(agent, start, 5, generator()).reward.requires_grad


def test_members_keep_their_rollouts_and_states_stay_in_range():
    model = Dynamics(2, 1, DynamicsConfig(3, (6,), "tanh", init_std=2.0), generator(), dtype=torch.double)
    model.observe(transitions())
    task, start, agent = torch.ones(2).double(), torch.randn(6, 2, dtype=torch.double), policy()
    got = learned_world(model, LinearQuadratic(), task).rollout(agent, start, 4, generator())
    for t in range(4):
        every = model.members(got.obs[t], got.action[t].clamp(-1, 1))  # (3, 6, 2)
        torch.testing.assert_close(got.next_obs[t], every[torch.arange(6) % 3, torch.arange(6)])
    cut = learned_world(model, LinearQuadratic(), task, clip_margin=0.0).rollout(agent, start, 30, generator())
    low, high = model.obs_norm.low, model.obs_norm.high
    assert (cut.next_obs >= low).all() and (cut.next_obs <= high).all()
    assert (cut.next_obs == low).any() or (cut.next_obs == high).any()


@pytest.mark.parametrize("probabilistic", [False, True])
@pytest.mark.parametrize("scheme", ["fixed", "resampled", "mean"])
@pytest.mark.parametrize(("n_models", "n"), [(1, None), (1, 2), (3, None), (3, 2)])
def test_the_fast_rollout_is_the_differentiable_one(n_models, n, scheme, probabilistic):
    config = DynamicsConfig(n_models, (6, 5), "silu", init_std=2.0, probabilistic=probabilistic)
    model = Dynamics(2, 1, config, generator(), dtype=torch.double)
    model.observe(transitions())
    family, lead = Falls(), () if n is None else (n,)
    task, start = torch.rand(*lead, 2).double(), 0.3 + family.resets(7 * (n or 1), 0).view(*lead, 7, 2).double()
    agent = policy(n)
    agent.normaliser.update(torch.randn(30, 2))
    world = learned_world(model, family, task, scheme=scheme, clip_margin=0.0)
    for source in (0, None) if scheme != "resampled" else (0,):
        slow, fast = (
            world.rollout(agent, start, 9, None if source is None else generator(), differentiable=differentiable)
            for differentiable in (True, False)
        )
        assert fast.done.any() and not fast.done.all()
        for name, value in vars(slow).items():
            torch.testing.assert_close(getattr(fast, name), value.detach())


def test_divergence_is_named_and_changes_nothing():
    norm = Normaliser(2, dtype=torch.double)
    norm.update(torch.tensor([[-2.0, -2.0], [2.0, 2.0]]))
    grow = torch.tensor([1.0, 10.0, 1.0]).double().view(3, 1, 1)
    world = World(LinearQuadratic(), torch.ones(3, 2).double(), lambda s, a, _: grow * s, norm)
    agent = policy(n=3)
    before = {k: v.clone() for k, v in agent.state_dict().items()}
    with pytest.raises(LeftBounds, match="33% of the rollouts, from step 4 on.*clip_margin") as caught:
        world.rollout(agent, torch.ones(3, 4, 2).double(), 6, generator())
    assert caught.value.tasks == [1] and caught.value.step == 4
    assert all(torch.equal(before[k], v) for k, v in agent.state_dict().items())
    nan = World(LinearQuadratic(), torch.ones(2).double(), lambda s, a, _: s * torch.nan)
    with pytest.raises(LeftBounds, match="100% of the rollouts, from step 1 on, are not finite"):
        nan.rollout(policy(), torch.ones(4, 2).double(), 2, generator())


def test_refusals():
    family, task, start = LinearQuadratic(), torch.ones(2).double(), torch.ones(4, 2).double()
    with pytest.raises(InvalidInput, match=r"has shape \(2,\), or \(P, 2\) for P policies; got \(3,\)"):
        true_world(family, torch.ones(3))
    with pytest.raises(InvalidInput, match="is not finite"):
        true_world(family, torch.tensor([0.0, torch.nan]))
    with pytest.raises(InvalidInput, match="n=3 policies do not fit together"):
        true_world(family, task).rollout(policy(n=3), start, 2, generator())
    with pytest.raises(InvalidInput, match=r"start has shape \(4, 2\)"):
        true_world(family, task.expand(4, 2)).rollout(policy(n=4), start, 2, generator())

    class Wrong(LinearQuadratic):
        def reward(self, obs, action, next_obs, task):
            return -obs.square()

    with pytest.raises(
        InvalidInput,
        match=r"reward of linear-quadratic must be a tensor with one number for each state, \(2, 4\), got \(2, 4, 2\)",
    ):
        true_world(Wrong(), task).rollout(policy(), start, 2, generator())

    class Nan(LinearQuadratic):
        def reward(self, obs, action, next_obs, task):
            return super().reward(obs, action, next_obs, task) / 0.0 * 0.0

    with pytest.raises(InvalidInput, match="reward of linear-quadratic is not finite in 8 of 8 steps"):
        true_world(Nan(), task).rollout(policy(), start, 2, generator())


@pytest.mark.parametrize("margin", [-0.1, math.nan, "wide"])
def test_a_margin_that_is_none_is_refused(margin):
    for make in (lambda: WarmUpConfig(clip_margin=margin), lambda: LearnedTransition(None, "fixed", margin)):
        with pytest.raises(InvalidInput, match="clip_margin must be a finite number of at least 0"):
            make()


def test_a_policy_acts_by_its_mean_where_the_dynamics_still_draw():
    model = Dynamics(2, 1, DynamicsConfig(3, (8,), "silu"), generator())
    model.observe(transitions(200))
    agent = GaussianPolicy(2, 1, model.obs_norm, generator(), hidden=(4,))
    world = learned_world(model, LinearQuadratic(), torch.tensor([1.0, 0.1]), scheme="resampled")
    start = LinearQuadratic().resets(6, 0)
    made = world.rollout(agent, start, 4, generator(), sample=False)
    torch.testing.assert_close(made.action, agent(made.obs).mean)
    with pytest.raises(InvalidInput, match="'resampled' needs a generator"):
        world.rollout(agent, start, 4, None)
