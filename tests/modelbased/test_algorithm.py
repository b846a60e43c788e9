"""Algorithm 1 on the point mass, as small as it gets: what is counted, what resumes, what refuses."""

import math
from dataclasses import replace

import pytest
import torch

from tlteach.errors import InvalidInput
from tlteach.modelbased.algorithm import AlgorithmConfig, Shared, train
from tlteach.modelbased.critic import CriticConfig
from tlteach.modelbased.dynamics import DynamicsConfig
from tlteach.modelbased.fitting import Fitter
from tlteach.modelbased.trpo import TRPOConfig
from tlteach.modelbased.warm_up import WarmUpConfig
from tlteach.tasks.families import family

POINT_MASS = family("navigation")
TINY = AlgorithmConfig(
    n_tasks=3,
    steps_per_task=2 * POINT_MASS.horizon,
    evaluation_episodes=2,
    dynamics=DynamicsConfig(2, (8,), "silu"),
    critic=CriticConfig(epochs=1, batch_size=200),
    optimizer=TRPOConfig(cg_steps=2),
    warm_up=WarmUpConfig(iterations=1, fit_steps=5, policy_steps=1, rollouts=2, clip_margin=0.5),
    seed=3,
)


def test_every_task_is_warmed_up_without_a_real_step_of_its_own_and_then_collected():
    records = list(train(POINT_MASS, TINY))
    assert [r.step for r in records] == [1, 2, 3] and [r.done for r in records] == [False, False, True]
    metrics = [r.metrics for r in records]
    assert [m["real_steps"] for m in metrics] == [i * TINY.steps_per_task for i in (1, 2, 3)]
    assert len({tuple(m) for m in metrics}) == 1
    assert math.isnan(metrics[0]["virtual_return"]) and math.isnan(metrics[0]["model_loss"])
    assert math.isnan(metrics[0]["error_1"])
    for m in metrics[1:]:
        assert 0 < m["error_1"] < m["error_10"]
        assert all(math.isfinite(v) for name, v in m.items() if name != "criterion") and m["diverged"] == 0
        assert math.isnan(m["criterion"]) and m["skipped"] == 0
    for m in metrics:
        assert m["refined_real"] == m["real_return"] < 0


def test_a_run_that_stops_goes_on_to_the_same_numbers():
    config = replace(TINY, refine=1)
    whole = list(train(POINT_MASS, config))
    first = next(iter(train(POINT_MASS, config)))
    rest = list(train(POINT_MASS, config, first.checkpoint()))
    assert [r.metrics for r in rest] == [r.metrics for r in whole[1:]]
    for mine, its in zip(rest[-1].model.state_dict().values(), whole[-1].model.state_dict().values(), strict=True):
        assert torch.equal(mine, its)
    assert rest[-1].metrics["refined_real"] != rest[-1].metrics["real_return"]


def test_only_collected_steps_are_learned_from():
    shared = Shared(POINT_MASS, TINY)
    optimizer, task = shared.fresh(), POINT_MASS.sample_tasks(1, 0)[0]
    virtual, _, _ = shared.returns(optimizer.policy, task)
    assert math.isnan(virtual) and len(shared.buffer) == 0 == shared.model.obs_norm.count
    shared.collect(optimizer.policy, task)
    assert len(shared.buffer) == TINY.steps_per_task == shared.model.obs_norm.count
    rows = shared.buffer.latest()
    assert rows.action.abs().max() <= 1 and rows.boundary.sum() == 2
    torch.testing.assert_close(POINT_MASS.simulate(rows.obs, rows.action), rows.next_obs, rtol=1e-4, atol=1e-5)
    before = optimizer.policy.net.weights[0].clone()
    shared.practise(optimizer, task, 1)
    assert len(shared.buffer) == TINY.steps_per_task and not torch.equal(before, optimizer.policy.net.weights[0])


def test_a_policy_acts_as_before_when_its_own_steps_have_moved_the_moments():
    shared = Shared(POINT_MASS, TINY)
    policy, task = shared.fresh().policy, POINT_MASS.sample_tasks(1, 0)[0]
    seen = POINT_MASS.resets(50, shared.generator)
    for _ in range(3):  # the first steps come where there were no moments yet
        acts, moments = policy(seen).mean.detach(), shared.model.obs_norm.mean.clone()
        shared.collect(policy, task)
        assert not torch.equal(moments, shared.model.obs_norm.mean)
        torch.testing.assert_close(policy(seen).mean, acts, rtol=1e-4, atol=1e-6)


def test_a_policy_is_refined_from_where_it_was(monkeypatch):
    """Between its collection and more practice on the same task it acts as before, moments moved or not."""
    seen, acts, checked = POINT_MASS.resets(50, 0), {}, []
    collect, practise = Shared.collect, Shared.practise

    def collected(self, policy, *rest):
        acts[id(policy)] = policy(seen).mean.detach()
        return collect(self, policy, *rest)

    def practised(self, optimizer, task, iterations, *rest):
        if iterations == 7:
            checked.append(id(optimizer.policy))
            torch.testing.assert_close(optimizer.policy(seen).mean, acts[checked[-1]], rtol=1e-4, atol=1e-6)
        return practise(self, optimizer, task, 1, *rest)

    monkeypatch.setattr(Shared, "collect", collected)
    monkeypatch.setattr(Shared, "practise", practised)
    list(train(POINT_MASS, replace(TINY, refine=7)))
    assert len(checked) == 3


def test_without_warm_up_the_data_are_those_of_fresh_policies():
    config = replace(TINY, warm_up=replace(TINY.warm_up, iterations=0))
    records = list(train(POINT_MASS, config))
    shared, tasks = Shared(POINT_MASS, config), POINT_MASS.sample_tasks(3, config.seed)
    for record, task in zip(records, tasks, strict=True):
        policy = shared.fresh().policy
        told = shared.returns(policy, task).real, shared.collect(policy, task)[0]
        assert told == (record.metrics["real_return"], record.metrics["collected_return"])
        assert math.isnan(record.metrics["model_loss"]) and not record.metrics["diverged"]


@pytest.mark.parametrize("factor", [1e4, math.nan])
def test_a_model_that_diverges_is_told_and_the_run_goes_on_with_what_was_good(monkeypatch, factor):
    """In the second task the model is broken while it is fitted; in the third it is fitted as ever."""
    fit, calls = Fitter.fit, []

    def broken(self, *arguments):
        calls.append(fit(self, *arguments))
        if len(calls) == 1:
            with torch.no_grad():
                self.model.net.weights[-1].mul_(factor).add_(factor)
        return calls[-1] * (factor if len(calls) == 1 and math.isnan(factor) else 1)

    monkeypatch.setattr(Fitter, "fit", broken)
    config = replace(TINY, warm_up=replace(TINY.warm_up, clip_margin=None))
    words = "virtual practice diverged|fitting the model diverged"
    with pytest.warns(RuntimeWarning, match=words) as caught:
        records = list(train(POINT_MASS, config))
    assert any("Collect more data there, fit longer" in str(each.message) for each in caught)
    told = [record.metrics for record in records]
    assert told[1]["diverged"] == 1 and all(math.isfinite(m["real_return"]) for m in told)
    assert len(records) == 3
    assert told[2]["diverged"] == 0 and told[2]["model_loss"] < 10
    assert all(p.isfinite().all() for p in records[-1].model.parameters())


def test_a_ruined_model_is_told_where_states_are_cut_to_the_range_of_the_data():
    """Nothing leaves any bound there, however wrong the model is."""
    config = replace(TINY, fit=replace(TINY.fit, learning_rate=1e3), warm_up=replace(TINY.warm_up, clip_margin=0.5))
    with pytest.warns(RuntimeWarning, match="fitting the model diverged"):
        records = list(train(POINT_MASS, config))
    assert [record.metrics["diverged"] for record in records[1:]] == [1, 1]
    assert all(p.abs().max() < 10 for p in records[-1].model.parameters())  # as it began


def test_one_ruined_member_is_enough_and_the_value_is_put_back_with_the_model(monkeypatch):
    config = replace(TINY, dynamics=replace(TINY.dynamics, n_models=3))
    shared = Shared(POINT_MASS, config)
    task = POINT_MASS.sample_tasks(1, 0)[0]
    shared.collect(shared.fresh().policy, task)
    before = shared.fitter.state_dict()["model"], shared.critic.state_dict()["value"]
    fit = Fitter.fit

    def broken(self, *arguments):
        loss = fit(self, *arguments)
        self.model.net.biases[-1].data[1] += 150.0  # of three, a mean of 50
        return loss

    monkeypatch.setattr(Fitter, "fit", broken)
    with pytest.warns(RuntimeWarning, match="fitting the model diverged"):
        assert shared.practise(shared.fresh(), task, 1)[1]
    for state, now in zip(before, (shared.model, shared.critic.value), strict=True):
        torch.testing.assert_close(dict(now.state_dict()), dict(state), rtol=0, atol=0)


def test_refusals():
    with pytest.raises(InvalidInput, match="n_tasks must be a whole number of at least 1, got 0"):
        replace(TINY, n_tasks=0)
    with pytest.raises(InvalidInput, match="unknown kind of optimizer"):
        replace(TINY, optimizer=None)
