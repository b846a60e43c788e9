"""Collected steps against what the dynamics and Gymnasium's environments say, and how they are filed."""

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings

from tlteach.errors import InvalidInput
from tlteach.tasks.families import Navigation, collect, family


class Fenced(Navigation):
    """Episodes end on the right."""

    def done(self, next_obs):
        return next_obs[..., 0] > 0.3


def jittery(size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return lambda obs: torch.randn(len(obs), size, generator=generator)


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 60), st.integers(1, 12), st.booleans())
def test_episodes_are_whole_in_order_and_marked(n_tasks, copies, more, horizon, fenced):
    navigation = (Fenced if fenced else Navigation)(horizon=horizon)
    tasks = navigation.sample_tasks(n_tasks, seed=0)
    steps = n_tasks * copies + more
    rows = collect(navigation, tasks, jittery(2), steps, seed=1, n_worlds=n_tasks * copies)
    assert len(rows) == len(rows.episode) == len(rows.reward) == steps
    worlds = n_tasks * copies
    begins = [w * (steps // worlds) + min(w, steps % worlds) for w in range(worlds)]  # the first row of each
    complete, first, returns, ends = [], [], [], []
    place, seen = 0, -1
    for e in range(int(rows.episode[-1]) + 1):  # an episode at a time, by hand
        mine = (rows.episode == e).nonzero()[:, 0].tolist()
        assert mine == list(range(place, place + len(mine)))
        place += len(mine)
        total = 0.0
        for number, i in enumerate(mine):
            after = navigation.simulate(rows.obs[i], rows.action[i])
            torch.testing.assert_close(rows.next_obs[i], after)
            total += navigation.reward(rows.obs[i], rows.action[i], after, rows.task[i]).item()
            assert rows.terminated[i] == (fenced and after[0] > 0.3)
            if number + 1 < len(mine):
                assert torch.equal(rows.obs[i + 1], rows.next_obs[i])
                assert not rows.terminated[i] and not rows.truncated[i]
        assert rows.obs[mine[0]].abs().max() <= 0.1 and len(mine) <= horizon
        assert rows.terminated[mine[-1]] != rows.truncated[mine[-1]]
        assert (rows.task[mine] == rows.task[mine[0]]).all()
        complete.append(bool(rows.terminated[mine[-1]]) or len(mine) == horizon)
        world = next(w for w, begin in reversed(list(enumerate(begins))) if begin <= mine[0])
        first.append(world != seen)
        seen = world
        if complete[-1] and first[-1]:
            returns.append(total)
            ends.append(mine[-1])
    assert rows.complete.tolist() == complete and rows.first.tolist() == first
    assert rows.ends().nonzero()[:, 0].tolist() == ends
    torch.testing.assert_close(rows.returns(), torch.tensor(returns))
    assert torch.equal(rows.task.unique(dim=0), tasks.unique(dim=0))
    assert int((~rows.complete).sum()) <= n_tasks * copies  # at most one episode a world is cut


def test_steps_of_the_cheetah_are_those_of_gymnasium():
    cheetah = family("halfcheetah-velocity", horizon=8)
    rows = collect(cheetah, torch.tensor([1.2]), jittery(6), 40, seed=0)
    env = cheetah.make_env(torch.tensor([1.2]))
    for episode in range(5):
        mine = rows.episode == episode
        env.reset(seed=0)
        start = np.concatenate([[0.0], rows.obs[mine][0].double().numpy()])  # x is not observed and does not matter
        env.unwrapped.set_state(start[:9], start[9:])
        for action, next_obs, reward in zip(rows.action[mine], rows.next_obs[mine], rows.reward[mine], strict=True):
            obs, r, *_ = env.step(action.numpy())
            torch.testing.assert_close(next_obs, torch.tensor(obs).float(), rtol=1e-3, atol=5e-3)
            assert reward.item() == pytest.approx(r, abs=5e-3)


def test_the_same_seed_gives_the_same_steps_whatever_the_threads():
    cheetah = family("halfcheetah-direction", horizon=10)
    task = torch.tensor([-1.0])
    one = collect(cheetah, task, jittery(6), 57, seed=4, n_worlds=5)
    two = collect(cheetah, task, jittery(6), 57, seed=4, n_worlds=5, threads=2)
    for a, b in zip(vars(one).values(), vars(two).values(), strict=True):
        assert torch.equal(a, b)
    other = collect(cheetah, task, jittery(6), 57, seed=5, n_worlds=5)
    assert not torch.equal(one.obs, other.obs)


def test_returns_do_not_favour_episodes_that_end_early():
    """Where an episode can end early, the mean of all that are complete is too low; that of the first ones is not."""

    class Cliff(Navigation):
        def resets(self, n, seed):
            return super().resets(n, seed) + torch.tensor([0.3, 0.0, 0.0, 0.0])  # at the fence: one side or the other

        def done(self, next_obs):
            return next_obs[..., 0] > 0.3

        def reward(self, obs, action, next_obs, task):
            return torch.ones(obs.shape[:-1])

    cliff = Cliff(horizon=10)
    rows = collect(cliff, torch.zeros(2), lambda obs: torch.zeros(len(obs), 2), 20_000, seed=0, n_worlds=2_000)
    lengths = rows.episode.bincount()[rows.complete]
    first = rows.returns()
    assert len(first) == 2_000 and first.mean() > 1.3 * lengths.double().mean()  # short ones are more
    start = cliff.resets(2_000, 1)[:, None]
    obs, alive, by_hand = start[:, 0], torch.ones(2_000, dtype=torch.bool), torch.zeros(2_000)
    for _ in range(10):
        obs = cliff.simulate(obs, torch.zeros(2_000, 2))
        by_hand += alive
        alive &= ~cliff.done(obs)
    assert first.mean().item() == pytest.approx(by_hand.mean().item(), abs=0.4)


@pytest.mark.parametrize(("episodes", "worlds"), [(12, 12), (64, 64), (80, 40), (100, 50), (130, 43)])
def test_many_episodes_are_shared_out_whole(episodes, worlds):
    rows = collect(family("navigation", horizon=5), torch.zeros(2), jittery(2), 5 * episodes, seed=0)
    assert int(rows.first.sum()) == worlds and int(rows.complete.sum()) >= worlds * (episodes // worlds)


def test_by_default_whole_episodes_are_collected():
    navigation = family("navigation", horizon=20)
    rows = collect(navigation, navigation.sample_tasks(3, 0), jittery(2), 240, seed=0)
    assert rows.complete.tolist() == [True] * 12 and rows.episode.bincount().tolist() == [20] * 12
    assert rows.returns().shape == (12,)


def test_what_cannot_be_collected_is_said():
    navigation, task = family("navigation"), torch.zeros(2)
    with pytest.raises(InvalidInput, match=r"actions of shape \(1, 2\), got \(1, 3\)"):
        collect(navigation, task, jittery(3), 10, seed=0)
    with pytest.raises(InvalidInput, match="got ndarray"):
        collect(navigation, task, lambda obs: np.zeros((1, 2)), 10, seed=0)
    with pytest.raises(InvalidInput, match=r"not finite \(step 0\)"):
        collect(navigation, task, lambda obs: torch.full((len(obs), 2), torch.nan), 10, seed=0)
    with pytest.raises(InvalidInput, match="steps must be a whole number"):
        collect(navigation, task, jittery(2), 0, seed=0)
    with pytest.raises(InvalidInput, match="n_worlds=3, steps=10"):
        collect(navigation, torch.zeros(2, 2), jittery(2), 10, seed=0, n_worlds=3)
    with pytest.raises(InvalidInput, match="n_worlds=4, steps=3"):
        collect(navigation, torch.zeros(4, 2), jittery(2), 3, seed=0)
    with pytest.raises(InvalidInput, match="is no task of navigation"):
        collect(navigation, torch.full((2,), 9.0), jittery(2), 10, seed=0)
