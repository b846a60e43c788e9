"""Rules of task selection: against their definition, what is counted, what resumes, what refuses."""

import math
from dataclasses import replace
from typing import get_args

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings

from tlteach.errors import InvalidInput
from tlteach.modelbased import criteria
from tlteach.modelbased.algorithm import AlgorithmConfig, Shared, train
from tlteach.modelbased.critic import CriticConfig
from tlteach.modelbased.dynamics import DynamicsConfig
from tlteach.modelbased.selection import Criterion, SelectionConfig
from tlteach.modelbased.trpo import TRPOConfig
from tlteach.modelbased.warm_up import WarmUpConfig
from tlteach.tasks.families import family

SHORT = family("navigation", horizon=10)
TINY = AlgorithmConfig(
    n_tasks=5,
    steps_per_task=40,
    evaluation_episodes=2,
    hidden=(8,),
    dynamics=DynamicsConfig(2, (8,), "silu"),
    critic=CriticConfig(epochs=1, batch_size=20),
    optimizer=TRPOConfig(cg_steps=2),
    warm_up=WarmUpConfig(iterations=3, fit_steps=3, policy_steps=1, rollouts=2, clip_margin=0.5),
    seed=3,
)


def config(criterion, rule, **options):
    return replace(TINY, selection=SelectionConfig(criterion, rule, **{"window": 2, "candidates": 3} | options))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-10, 10), max_size=40), st.integers(1, 10), st.integers(1, 5))
def test_rule_a_is_below_the_median_of_those_before(values, window, patience):
    rule, before, skipped = SelectionConfig(window=window, patience=patience), [], 0
    for k, value in enumerate(values):
        expected = k >= window and value < np.median(values[k - window : k]) and skipped < patience
        assert rule.skips(value, before, skipped) == expected
        skipped = skipped + 1 if expected else 0
        before.append(value)


def test_with_the_authors_window_the_eleventh_value_is_the_first_that_may_be_skipped():
    rule, falling = SelectionConfig(), [float(-i) for i in range(30)]
    skips = [rule.skips(value, falling[:i], 0) for i, value in enumerate(falling)]
    assert skips == [False] * 10 + [True] * 20
    assert not rule.skips(math.nan, falling[:20], 0)


def test_rule_b_takes_the_largest_and_one_without_a_value_before_all():
    best = SelectionConfig.best
    assert best([1.0, 3.0, 2.0]) == 1 and best([-5.0, -7.0]) == 0 and best([2.0, 2.0]) == 0
    assert best([1.0, math.nan, 2.0]) == 1


def scripted(monkeypatch, values):
    """The criterion says what is written."""
    script = iter(values)
    monkeypatch.setattr(criteria, "value", lambda *arguments: next(script))


def test_a_skipped_task_gets_no_real_steps_and_the_budget_goes_to_later_ones(monkeypatch):
    values = [5.0, 1.0, 2.0, 2.5, math.nan, 2.9]
    scripted(monkeypatch, values)
    records = list(train(SHORT, config("drop-mean", "skip")))
    told = [r.metrics for r in records]
    # medians of the two before: -, -, 3, 1.5, -, 2.25 (a value that is none is left out)
    assert [m["skipped"] for m in told] == [0, 0, 0, 1, 0, 0]
    np.testing.assert_equal([m["criterion"] for m in told], [math.nan, *values[:5]])
    assert [m["task"] for m in told] == [0, 1, 2, 3, 4, 5]
    assert [m["real_steps"] for m in told] == [40, 80, 120, 120, 160, 200]
    assert math.isnan(told[3]["collected_return"]) and math.isnan(told[3]["error_1"])
    assert all(math.isfinite(m["real_return"]) for m in told)
    assert [r.done for r in records] == [False] * 5 + [True] and records[-1].total == records[-1].step == 6
    assert records[-1].model.obs_norm.count == len(records[-1].checkpoint()["shared"]["buffer"]["obs"]) == 200


def test_values_that_always_fall_do_not_skip_for_ever(monkeypatch):
    scripted(monkeypatch, (float(-i) for i in range(100)))
    told = [r.metrics for r in train(SHORT, config("drop-mean", "skip", patience=3))]
    assert [m["skipped"] for m in told] == [0] * 3 + [1, 1, 1, 0] * 2
    assert told[-1]["real_steps"] == 200


def test_of_several_the_one_with_the_largest_value_is_gone_on_with(monkeypatch):
    values = [1.0, 3.0, 2.0, 0.0, -1.0, -2.0, 1.0, 1.0, 4.0, 1.0, 7.0, 2.0]
    scripted(monkeypatch, values)
    practise, before, after, tasks = Shared.practise, [], [], []
    weights = lambda shared: [w.clone() for w in (*shared.model.net.parameters(), *shared.critic.value.parameters())]  # noqa: E731

    def spied(self, optimizer, task, *arguments):
        before.append(weights(self))
        told = practise(self, optimizer, task, *arguments)
        after.append(weights(self))
        tasks.append(task)
        return told

    monkeypatch.setattr(Shared, "practise", spied)
    met, reals = [], Shared.returns
    monkeypatch.setattr(Shared, "returns", lambda self, policy, task: met.append(task) or reals(self, policy, task))
    same = lambda one, other: all(torch.equal(a, b) for a, b in zip(one, other, strict=True))  # noqa: E731
    kept, numbers = [], []
    for record in train(SHORT, config("drop-mean", "best_of")):
        numbers.append(record.metrics["task"])
        state = record.checkpoint()["shared"]
        nets = [w for name, w in state["fitter"]["model"].items() if name.startswith("net")]
        value = [w for name, w in state["critic"]["value"].items() if not name.startswith("normaliser")]
        kept.append([*nets, *value])
    assert len(before) == 12 and len(met) == 5  # the first task has no rivals: there is nothing to practise in
    for group, chosen in enumerate((1, 0, 2, 1)):
        first = 3 * group
        assert all(same(before[first], before[first + i]) for i in (1, 2))  # all begin alike
        assert same(before[first], kept[group])
        assert same(kept[group + 1], after[first + chosen])
        assert not same(after[first], after[first + 1])
        assert torch.equal(met[group + 1], tasks[first + chosen])
        assert numbers[group + 1] == 1 + first + chosen


def test_the_number_of_a_task_is_its_place_though_tasks_repeat(monkeypatch):
    scripted(monkeypatch, [float(k) for k in range(20)])  # the last one of the candidates is the best
    two_ways = family("halfcheetah-direction", horizon=10)
    drawn = two_ways.sample_tasks(5 * 3, TINY.seed)
    assert len(drawn.unique()) == 2, "with three candidates some are alike"
    told = [r.metrics["task"] for r in train(two_ways, config("drop-mean", "best_of"))]
    assert told[:4] == [0, 3, 6, 9]


def test_practice_that_diverged_has_no_value_and_gets_its_real_steps(monkeypatch):
    scripted(monkeypatch, [3.0, 2.0] + [1.0] * 20)
    practise, calls = Shared.practise, []

    def diverging(self, *arguments):
        calls.append(arguments[1])
        loss, _ = practise(self, *arguments)
        return loss, len(calls) == 3

    monkeypatch.setattr(Shared, "practise", diverging)
    told = [r.metrics for r in train(SHORT, config("drop-mean", "best_of"))]
    assert math.isnan(told[1]["criterion"]) and told[1]["diverged"] == 1 and told[1]["real_steps"] == 80
    assert told[2]["criterion"] == 1 and told[2]["diverged"] == 0


@pytest.mark.parametrize(("rule", "counts"), [("skip", [40, 80, 120, 140, 180, 200]), ("best_of", [40, 120, 200])])
def test_real_steps_that_measure_are_counted_and_learned_from(monkeypatch, rule, counts):
    measured, value = [], criteria.value

    def spied(criterion, shared, policy, task, practice, real):
        assert shared.model.obs_norm.count == len(shared.buffer)
        assert math.isfinite(value(criterion, shared, policy, task, practice, real))
        torch.testing.assert_close(SHORT.simulate(real.obs, real.action), real.next_obs, rtol=1e-4, atol=1e-5)
        assert torch.equal(real.task[0], task)
        measured.append((len(shared.buffer), real))
        return [1.0, 1.0, 0.0, 1.0, 1.0, 1.0][len(measured) - 1]

    monkeypatch.setattr(criteria, "value", spied)
    records = list(train(SHORT, config("real-state-error", rule)))
    assert [r.metrics["real_steps"] for r in records] == counts
    rows = records[-1].checkpoint()["shared"]["buffer"]["obs"]
    assert len(rows) == 200 == records[-1].model.obs_norm.count
    for _, real in measured:
        assert len(real) == 20 and (rows[:, None] == real.obs[:1]).all(-1).any()


def test_the_chosen_policy_collects_as_it_was_measured(monkeypatch):
    """Steps by which all candidates were measured are learned from first: they move the moments, not what it does."""
    seen, acts, collect = SHORT.resets(20, 0), {}, Shared.collect
    value = criteria.value

    def measured(criterion, shared, policy, *rest):
        acts[id(policy)] = policy(seen).mean.detach(), shared.model.obs_norm.mean.clone()
        return value(criterion, shared, policy, *rest)

    def collected(self, policy, *rest):
        if id(policy) in acts:
            before, moments = acts.pop(id(policy))
            assert not torch.equal(moments, self.model.obs_norm.mean)
            torch.testing.assert_close(policy(seen).mean, before, rtol=1e-4, atol=1e-6)
            acts["checked"] = True
        return collect(self, policy, *rest)

    monkeypatch.setattr(criteria, "value", measured)
    monkeypatch.setattr(Shared, "collect", collected)
    list(train(SHORT, config("real-reward-diff", "best_of", episodes=1)))
    assert acts["checked"]


@pytest.mark.parametrize("criterion", get_args(Criterion))
@pytest.mark.parametrize("rule", ["skip", "best_of"])
def test_every_criterion_goes_with_every_rule_to_the_same_budget(rule, criterion):
    told = [r.metrics for r in train(SHORT, config(criterion, rule, window=1, episodes=1))]
    assert told[-1]["real_steps"] == 200 and len({tuple(m) for m in told}) == 1
    assert math.isnan(told[0]["criterion"]) and all(math.isfinite(m["criterion"]) for m in told[1:])


@pytest.mark.parametrize(
    ("criterion", "rule"),
    [("drop-mean", "skip"), ("shadow-state-error", "best_of"), ("real-reward-diff", "skip")],
)
def test_a_run_that_stops_goes_on_to_the_same_numbers(criterion, rule, tmp_path):
    chosen = replace(config(criterion, rule, window=1, candidates=2), refine=1)
    whole = []
    for record in train(SHORT, chosen):
        torch.save(record.checkpoint(), tmp_path / f"{record.step}")
        whole.append(record.metrics)
    for step in range(1, len(whole)):
        kept = torch.load(tmp_path / f"{step}", weights_only=True)
        rest = [record.metrics for record in train(SHORT, chosen, kept)]
        np.testing.assert_equal(rest, whole[step:])


def test_without_a_selection_training_is_what_it_was():
    """The loop of spec 1.1, written out."""
    records = list(train(SHORT, TINY))
    shared, tasks = Shared(SHORT, TINY), SHORT.sample_tasks(5, TINY.seed)
    for step, task in enumerate(tasks):
        optimizer = shared.fresh()
        loss = shared.practise(optimizer, task, 3)[0] if step else math.nan
        virtual, real, _ = shared.returns(optimizer.policy, task)
        collected, _ = shared.collect(optimizer.policy, task)
        m = records[step].metrics
        got = [m["model_loss"], m["virtual_return"], m["real_return"], m["collected_return"], m["real_steps"]]
        np.testing.assert_equal(got, [loss, virtual, real, collected, 40.0 * (step + 1)])
        assert records[step].total == 5 and m["skipped"] == 0 and math.isnan(m["criterion"])
    for mine, its in zip(shared.model.parameters(), records[-1].model.parameters(), strict=True):
        assert torch.equal(mine, its)


def test_refusals():
    with pytest.raises(InvalidInput, match="unknown criterion 'magic'; choose one of 'drop-mean'"):
        SelectionConfig("magic")
    with pytest.raises(InvalidInput, match="unknown rule 'rule A'"):
        SelectionConfig(rule="rule A")
    with pytest.raises(InvalidInput, match="candidates must be a whole number of at least 2, got 1"):
        SelectionConfig(rule="best_of", candidates=1)
    with pytest.raises(InvalidInput, match="'best_of' chooses from the second task on, .* got 1"):
        replace(TINY, n_tasks=1, selection=SelectionConfig(rule="best_of"))
    with pytest.raises(InvalidInput, match="no candidates"):
        SelectionConfig.best([])
    with pytest.raises(InvalidInput, match="patience must be a whole number of at least 1, got 0"):
        SelectionConfig(patience=0)
    with pytest.raises(InvalidInput, match="the 10 before, .* needs 12 tasks or more, got 5"):
        replace(TINY, selection=SelectionConfig())
    with pytest.raises(InvalidInput, match="'shadow-state-error' compares the members of an ensemble: .* got 1"):
        replace(config("shadow-state-error", "best_of"), dynamics=DynamicsConfig(1, (8,)))
    with pytest.raises(InvalidInput, match="needs 3 iterations of warm-up or more, got 2"):
        replace(config("drop-variance", "best_of"), warm_up=replace(TINY.warm_up, iterations=2))
