"""The point mass: the batched form against the environment, and what a task may be."""

import warnings

import gymnasium
import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings

from tlteach.errors import InvalidInput
from tlteach.tasks.families import Disagreement, Navigation, collect, families, family


def test_known_reward_and_end_are_those_of_the_environment():
    family("navigation").verify()


def test_verify_notices_another_reward_and_another_end():
    class Generous(Navigation):
        def reward(self, obs, action, next_obs, task):
            return super().reward(obs, action, next_obs, task) + 2e-4

    class Once(Navigation):
        def reward(self, obs, action, next_obs, task):
            known = super().reward(obs, action, next_obs, task)
            return known * float("nan") if obs.abs().max() > 0.3 else known  # and finite before and after

    class Ending(Navigation):
        def done(self, next_obs):
            return next_obs[..., 0] > 0.05

    with pytest.raises(Disagreement, match=r"differ by up to 0\.0002"):
        Generous().verify(steps=150)
    with pytest.raises(Disagreement, match="rewards cannot be compared .* known nan"):
        Once().verify(steps=150)
    with pytest.raises(Disagreement, match="terminated=False"):
        Ending().verify(steps=300)


@pytest.mark.parametrize(
    ("part", "wrong", "told"),
    [
        (
            "reward",
            lambda known: known[..., None],
            r"must be a tensor with one number for each state, \(\), got \(1,\)",
        ),
        ("reward", lambda known: known.numpy(), "got a ndarray; sum over the last axis only"),
        ("done", lambda known: known.float(), r"one truth value for each state, \(\), got \(\) of torch.float"),
        ("done", lambda known: False, "got a bool"),
    ],
)
def test_verify_and_collect_refuse_a_reward_or_an_end_of_another_kind(monkeypatch, part, wrong, told):
    whole = getattr(Navigation, part)
    monkeypatch.setattr(Navigation, part, lambda self, *given: wrong(whole(self, *given)))
    with pytest.raises(InvalidInput, match=told):
        Navigation().verify(steps=3)
    with pytest.raises(InvalidInput, match=f"{'the reward' if part == 'reward' else '`done`'} of navigation must be"):
        collect(Navigation(), torch.zeros(2), lambda obs: torch.zeros(len(obs), 2), 10, seed=0)


@pytest.mark.parametrize(
    ("part", "mix"),
    [
        ("reward", lambda known: known.mean().expand(known.shape)),
        ("reward", lambda known: known * torch.nan if known.ndim else known),
        ("done", lambda known: torch.ones_like(known) if known.ndim else known),
    ],
)
def test_verify_notices_a_family_that_mixes_the_batch(monkeypatch, part, mix):
    whole = getattr(Navigation, part)
    monkeypatch.setattr(Navigation, part, lambda self, *given: mix(whole(self, *given)))
    with pytest.raises(Disagreement, match="judged together get other rewards or ends"):
        Navigation().verify(steps=20)


@pytest.mark.parametrize("task", ["goal", None, [[1.0, 2.0], [3.0]], {"x": 1}])
def test_what_is_no_task_is_refused(task):
    with pytest.raises(InvalidInput, match="tasks of navigation are 2 numbers each"):
        Navigation().make_env(task)


@pytest.mark.parametrize("options", [{}, {"wind": 0.0}, {"drag": 1.5, "wind": 2.0, "thrust": 1.0}])
def test_batched_dynamics_follow_the_environment_step_by_step(options):
    navigation = family("navigation", **options)
    envs = [navigation.make_env(task) for task in navigation.sample_tasks(3, seed=0)]
    obs = torch.tensor(np.stack([env.reset(seed=i)[0] for i, env in enumerate(envs)]))
    generator = torch.Generator().manual_seed(1)
    for _ in range(navigation.horizon):
        action = 3 * torch.rand(3, 2, generator=generator) - 1.5
        real = torch.tensor(np.stack([env.step(a.numpy())[0] for env, a in zip(envs, action, strict=True)]))
        obs = navigation.simulate(obs, action.double())
        torch.testing.assert_close(obs, real, rtol=0, atol=1e-9)


def test_worlds_are_the_dynamics_and_step_only_those_that_are_asked():
    navigation = family("navigation")
    worlds = navigation.worlds(4, seed=3)
    first = worlds.reset()
    torch.testing.assert_close(first, navigation.resets(4, seed=3))
    action = torch.tensor([[1.0, 0.0], [0.0, -1.0]])
    after = worlds.step(action)
    torch.testing.assert_close(after[:2], navigation.simulate(first[:2], action))
    assert torch.equal(after[2:], first[2:])
    again = worlds.reset([1, 3])
    assert torch.equal(again[[0, 2]], after[[0, 2]]) and not torch.equal(again[1], after[1])


def test_dynamics_and_reward_are_differentiable_even_at_rest_on_the_goal():
    navigation = family("navigation")
    obs, action = torch.zeros(1, 4, dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64)
    task = torch.tensor([[0.3, -0.2]], dtype=torch.float64)

    def gain(obs, action):
        return navigation.reward(obs, action, navigation.simulate(obs, action), task)

    moving = torch.tensor([[0.1, 0.2, 0.3, -0.4]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gain, (moving, (action + 0.3).requires_grad_()))
    action.requires_grad_()
    navigation.reward(obs, action, navigation.simulate(obs, action), obs[:, :2]).backward()
    assert action.grad.isfinite().all()
    still = torch.zeros(1, 4, requires_grad=True)
    navigation.reward(still, torch.zeros(1, 2), still, torch.zeros(1, 2)).backward()
    assert still.grad.isfinite().all()


def test_environment_is_a_gymnasium_environment():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(infinity|render mode).*")
        check_env(gymnasium.make("tlteach/Navigation-v0").unwrapped)


def test_episodes_are_truncated_at_the_horizon():
    env = family("navigation", horizon=7).make_env(torch.tensor([1.0, 1.0]))
    env.reset(seed=0)
    assert [env.step(np.zeros(2, np.float32))[2:4] for _ in range(7)] == [(False, False)] * 6 + [(False, True)]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 50), st.integers(0, 2**31), st.floats(0.1, 5))
def test_tasks_lie_in_range_and_follow_the_seed(n, seed, reach):
    navigation = family("navigation", reach=reach)
    tasks = navigation.sample_tasks(n, seed)
    assert tasks.shape == (n, 2) and navigation.in_range(tasks).all()
    assert torch.equal(tasks, navigation.sample_tasks(n, torch.Generator().manual_seed(seed)))
    assert not torch.equal(tasks, navigation.sample_tasks(n, seed + 1))


def test_a_task_that_is_none_is_refused_and_the_way_out_named():
    navigation = family("navigation")
    with pytest.raises(InvalidInput, match=r"\[2\.5, 0\.0\] is no task.*between -2 and 2.*reach"):
        navigation.make_env(torch.tensor([2.5, 0.0]))
    with pytest.raises(InvalidInput, match=r"between -2 and 2"):
        navigation.make_env(torch.tensor([float("nan"), 0.0]))
    with pytest.raises(InvalidInput, match=r"shape \(2,\), got \(1, 2\)"):
        navigation.make_env(torch.zeros(1, 2))
    family("navigation", reach=3.0).make_env(torch.tensor([2.5, 0.0]))
    with pytest.raises(InvalidInput, match=r"action of navigation has shape \(\.\.\., 2\), got \(4, 3\)"):
        navigation.reward(torch.zeros(4, 4), torch.zeros(4, 3), torch.zeros(4, 4), torch.zeros(2))


def test_names_are_looked_up_and_near_ones_offered():
    assert "navigation" in families()
    with pytest.raises(InvalidInput, match="did you mean 'navigation'"):
        family("navigatoin")
    with pytest.raises(InvalidInput, match="no option 'wnd'; it has horizon, .*wind"):
        family("navigation", wnd=1.0)
    with pytest.raises(InvalidInput, match="drag must be"):
        family("navigation", drag=-1.0)
    with pytest.raises(InvalidInput, match="horizon must be a whole number"):
        family("navigation", horizon=0)
