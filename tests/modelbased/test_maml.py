"""MAML on the point mass: what it samples, what it learns, where it goes on, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tlteach.errors import BadFile, Diverged, InvalidInput
from tlteach.modelbased.linear_baseline import features, linear_baseline
from tlteach.modelbased.maml import MAML, MAMLConfig, advantages, train
from tlteach.modelbased.maml_adaptation import adapt
from tlteach.modelbased.real_rollouts import real_rollouts
from tlteach.tasks.families import Navigation, family

SHORT = family("navigation", horizon=20)
CONFIG = MAMLConfig(
    iterations=20,
    tasks=8,
    episodes=10,
    hidden=(16,),
    fast_lr=0.5,
    log_std=-0.5,
    max_kl=0.03,
    test_lr=0.5,
)
TINY = replace(CONFIG, iterations=3, tasks=3, episodes=2, cg_steps=3)


class Ending(Navigation):
    """Episodes end where the mass has moved by 0.3 m."""

    def done(self, next_obs):
        return next_obs[..., :2].norm(dim=-1) > 0.3


def told(record):
    return {name: value for name, value in record.metrics.items() if name != "cpu_seconds"}


@pytest.mark.parametrize("world", [SHORT, Ending(horizon=20)], ids=["to the horizon", "ending early"])
def test_rollouts_are_the_world_task_by_task_in_the_order_of_time(world):
    tasks, draw = world.sample_tasks(3, 0), torch.Generator().manual_seed(1)

    def push(obs):
        return 2 * torch.rand(len(obs), 2, generator=draw)

    got = real_rollouts(world, tasks, push, 4, torch.Generator().manual_seed(0))
    r = got.rollout
    assert r.obs.shape == (3, 20, 4, 4) and r.reward.shape == (3, 20, 4) and got.real_steps == 240
    torch.testing.assert_close(world.simulate(r.obs, r.action), r.next_obs)
    goes_on = ~r.boundary[:, :-1]
    torch.testing.assert_close(r.obs[:, 1:][goes_on], r.next_obs[:, :-1][goes_on])
    assert r.boundary[:, -1].all() and torch.equal(r.done, world.done(r.next_obs))
    assert bool(r.done.any()) == isinstance(world, Ending)
    for p, task in enumerate(tasks):
        torch.testing.assert_close(world.reward(r.obs[p], r.action[p], r.next_obs[p], task), r.reward[p])
        returns, misses = [], []
        for n in range(4):
            total = 0.0
            for t in range(20):  # the first episode of each world
                total += r.reward[p, t, n].item()
                if r.boundary[p, t, n]:
                    break
            returns.append(total)
            misses.append((r.next_obs[p, t, n, :2] - task).norm().item())
        assert got.returns[p].item() == pytest.approx(np.mean(returns), rel=1e-5)
        assert got.miss[p].item() == pytest.approx(np.mean(misses), rel=1e-5)


def test_the_linear_baseline_is_least_squares_of_each_task():
    draw = torch.Generator().manual_seed(0)
    obs, target = 5 * torch.randn(2, 30, 3, 4, generator=draw), torch.randn(2, 30, 3, generator=draw)
    boundary = torch.rand(2, 30, 3, generator=draw) < 0.1
    boundary[:, -1] = True
    found = linear_baseline(obs, target, boundary, ridge=1e-12)
    for p in range(2):
        rows = []
        for n in range(3):
            age = 0
            for t in range(30):
                o = np.clip(obs[p, t, n].double().numpy(), -10, 10)
                rows.append([*o, *o**2, age / 100, (age / 100) ** 2, (age / 100) ** 3, 1.0])
                age = 0 if boundary[p, t, n] else age + 1
        x, y = np.array(rows), target[p].T.reshape(-1).double().numpy()
        expected = x @ np.linalg.lstsq(x, y, rcond=None)[0]
        np.testing.assert_allclose(found[p].T.reshape(-1).numpy(), expected, atol=1e-4)
    assert features(obs, boundary).shape == (2, 30, 3, 12)
    with pytest.raises(InvalidInput, match=r"obs is \(..., T, N, O\)"):
        linear_baseline(obs, target[0], boundary)


def test_advantages_are_returns_to_the_horizon_less_the_baseline_and_standardised():
    world = Ending(horizon=20)
    push = torch.Generator().manual_seed(1)
    rollout = real_rollouts(
        world, world.sample_tasks(2, 0), lambda o: torch.rand(len(o), 2, generator=push), 3, push
    ).rollout
    batch = advantages(rollout, 0.9, 1.0)
    returns = torch.zeros(2, 20, 3)
    for t in reversed(range(20)):
        later = returns[:, t + 1] if t < 19 else torch.zeros(2, 3)
        returns[:, t] = rollout.reward[:, t] + 0.9 * torch.where(rollout.boundary[:, t], 0.0, later)
    raw = (returns - linear_baseline(rollout.obs, returns, rollout.boundary)).flatten(1)
    expected = (raw - raw.mean(1, keepdim=True)) / raw.std(1, keepdim=True)
    torch.testing.assert_close(batch.advantage, expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(batch.obs[:, :3], rollout.obs[:, 0])  # time by time


@pytest.fixture(scope="module", params=[1, 4], ids=["exact", "on a part"])
def trained(request):
    """Metrics of twenty iterations with the Fisher products on all samples, or a quarter; and the last state."""
    config = replace(CONFIG, fisher_every=request.param)
    records = [(record.metrics, record.checkpoint()) for record in train(SHORT, config)]
    return [metrics for metrics, _ in records], records[-1][1]["maml"]


def test_it_learns_to_adapt(trained):
    metrics, _ = trained
    assert np.mean([m["return_after"] for m in metrics[-3:]]) > metrics[0]["return_after"] + 2
    assert np.mean([m["return_after"] - m["return_before"] for m in metrics[-3:]]) > 8
    assert all(m["kl"] <= 1.5 * CONFIG.max_kl and m["improvement"] >= 0 for m in metrics)
    assert [m["real_steps"] for m in metrics] == [8 * 10 * 20 * 2 * (i + 1) for i in range(20)]


def test_after_training_it_adapts_to_tasks_never_met_better_than_an_untrained_policy(trained):
    maml, fresh = MAML(SHORT, CONFIG), MAML(SHORT, CONFIG)
    maml.load_state_dict(trained[1])
    tasks = SHORT.sample_tasks(12, 999)
    stages, others = (list(adapt(each, tasks, 2, steps=200, sample=False)) for each in (maml, fresh))
    assert [stage.real_steps for stage in stages] == [0, 200, 400]
    returns, without = ([stage.returns.mean().item() for stage in each] for each in (stages, others))
    assert returns[2] > returns[1] + 1 > returns[0] + 8
    assert returns[1] > without[1] + 1 and returns[2] > without[2] + 0.5
    assert stages[1].miss.mean() < stages[0].miss.mean()


def test_the_steps_at_test_are_of_the_given_size_then_of_half():
    maml, rates = MAML(SHORT, TINY), []
    taken = maml.adapt
    maml.adapt = lambda policies, rollout, rate: rates.append(rate) or taken(policies, rollout, rate)
    list(adapt(maml, SHORT.sample_tasks(2, 0), 3, steps=40))
    assert rates == [0.5, 0.25, 0.25]


@pytest.mark.parametrize(
    "changes", [{}, {"inner": "ppo", "epochs": 3}, {"inner_steps": 2}], ids=["vpg", "ppo", "two steps"]
)
def test_a_run_that_stops_goes_on_to_the_same_numbers(changes, tmp_path):
    config = replace(TINY, **changes)
    whole, states = [], []
    for record in train(SHORT, config, seed=3):
        whole.append(told(record))
        states.append(record.checkpoint())
    assert [m["real_steps"] for m in whole] == [3 * 2 * 20 * (config.inner_steps + 1) * i for i in (1, 2, 3)]
    for done in (1, 2):
        torch.save(states[done - 1], tmp_path / "state.pt")
        rest = list(train(SHORT, config, torch.load(tmp_path / "state.pt", weights_only=True), seed=8))
        assert [told(record) for record in rest] == whole[done:]
        assert rest[-1].metrics["cpu_seconds"] > states[done - 1]["cpu_seconds"] and rest[-1].done
        for mine, its in zip(rest[-1].model.state_dict().values(), states[-1]["maml"]["policy"].values(), strict=True):
            assert torch.equal(mine, its)


def test_an_inner_step_that_diverges_is_explained_and_the_last_good_state_kept():
    maml = MAML(SHORT, replace(TINY, fast_lr=1e9))
    before, tasks = maml.state_dict(), SHORT.sample_tasks(3, 0)
    with pytest.raises(Diverged, match=r"inner step of size 1e\+09 diverged on 3 of 3 tasks .*smaller fast_lr"):
        maml.update(tasks)
    after = maml.state_dict()
    assert torch.equal(before["generator"], after["generator"])
    assert all(torch.equal(after["policy"][name], value) for name, value in before["policy"].items())
    with pytest.warns(RuntimeWarning, match=r"diverged on tasks \[0, 1, 2\]; they keep the policy before it"):
        stages = list(adapt(MAML(SHORT, replace(TINY, test_lr=1e9)), tasks, 1, steps=40, sample=False))
    assert stages[1].diverged.all() and not stages[0].diverged.any()
    torch.testing.assert_close(stages[0].returns, stages[1].returns, rtol=0.05, atol=0.5)


def test_a_gradient_that_is_not_finite_stops_training_with_the_policy_as_it_was(monkeypatch):
    maml = MAML(SHORT, TINY)
    before = maml.state_dict()["policy"]
    monkeypatch.setattr("tlteach.modelbased.maml_outer.Adapted.gradient", lambda self: torch.tensor([torch.nan]))
    with pytest.raises(Diverged, match="gradient through the adaptation is not finite"):
        maml.update(SHORT.sample_tasks(3, 0))
    assert all(torch.equal(maml.state_dict()["policy"][name], value) for name, value in before.items())


def test_refusals():
    maml = MAML(SHORT, TINY)
    with pytest.raises(InvalidInput, match="list of tasks is empty"):
        maml.update(torch.zeros(0, 2))
    with pytest.raises(InvalidInput, match="list of tasks is empty"):
        next(adapt(maml, torch.zeros(0, 2)))
    with pytest.raises(InvalidInput, match="is no task of navigation"):
        maml.update(torch.full((1, 2), 9.0))
    with pytest.raises(InvalidInput, match="50 steps are no whole episodes of 20; change their number"):
        next(adapt(maml, SHORT.sample_tasks(1, 0), steps=50))
    with pytest.raises(InvalidInput, match="unknown inner loss 'trpo'"):
        MAMLConfig(inner="trpo")
    with pytest.raises(BadFile, match="not one of navigation"):
        maml.load_state_dict(MAML(SHORT, replace(TINY, hidden=(5,))).state_dict())
