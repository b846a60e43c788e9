"""Criteria of task selection against loops written out, and without the two bugs of the authors' program (spec 1.6)."""

import math
from dataclasses import replace
from typing import get_args

import pytest
import torch

from tlteach.modelbased import criteria, warm_up
from tlteach.modelbased.algorithm import AlgorithmConfig, Shared, train
from tlteach.modelbased.critic import CriticConfig
from tlteach.modelbased.dynamics import DynamicsConfig
from tlteach.modelbased.fitting import Fitter
from tlteach.modelbased.selection import Criterion, SelectionConfig
from tlteach.modelbased.trpo import TRPOConfig
from tlteach.modelbased.virtual import LeftBounds
from tlteach.modelbased.warm_up import WarmUpConfig, WarmUpStep
from tlteach.tasks.families import collect, family

SHORT = family("navigation", horizon=10)
TINY = AlgorithmConfig(
    n_tasks=4,
    steps_per_task=40,
    evaluation_episodes=2,
    act="mean",
    hidden=(8,),
    dynamics=DynamicsConfig(3, (8,), "silu"),
    critic=CriticConfig(epochs=1, batch_size=20),
    optimizer=TRPOConfig(cg_steps=2),
    warm_up=WarmUpConfig(iterations=3, fit_steps=20, policy_steps=1, rollouts=3),
    seed=3,
)


@pytest.fixture
def warmed():
    """A model that was fitted, a policy that practised in it, its task, and the records of the practice."""
    shared, task = Shared(SHORT, TINY), torch.tensor([1.0, -0.5])
    shared.collect(shared.fresh().policy, task)
    optimizer, practice = shared.fresh(), []
    shared.practise(optimizer, task, 3, practice.append)
    return shared, optimizer.policy, task, practice


def test_a_drop_is_what_is_lost_when_the_model_is_fitted_again():
    first, last = [float(i * i) for i in range(13)], [3.0 * i for i in range(13)]
    steps = [WarmUpStep(i, torch.tensor(first[i]), torch.tensor(last[i]), torch.zeros(1)) for i in range(13)]
    by_hand = []
    for i in range(12):
        by_hand.append(last[i] - first[i + 1])
    found = criteria.drops(steps)
    assert found.tolist() == by_hand[-10:]
    mean = sum(by_hand[-10:]) / 10
    assert criteria.value("drop-mean", None, None, None, steps) == pytest.approx(mean)
    spread = math.sqrt(sum((drop - mean) ** 2 for drop in by_hand[-10:]) / 10)
    assert criteria.value("drop-variance", None, None, None, steps) == pytest.approx(spread)


def _by_member(shared, policy, task, starts, e):
    """Return of the policy's mean actions in member e alone, mean over the starts: a loop."""
    total = 0.0
    for start in starts:
        obs = start[None]
        for _ in range(SHORT.horizon):
            action = policy(obs).mean
            after = shared.model.members(obs, action.clamp(-1, 1))[e]
            total += SHORT.reward(obs, action, after, task).item()
            obs = after
    return total / len(starts)


@torch.no_grad()
def test_members_are_practised_in_one_by_one_from_the_same_starts(warmed):
    shared, policy, task, _ = warmed
    state = shared.generator.get_state()
    starts = SHORT.resets(3, shared.generator)
    shared.generator.set_state(state)
    rollout = criteria.practised(shared, policy, task)
    expected = [_by_member(shared, policy, task, starts, e) for e in range(3)]
    torch.testing.assert_close(criteria.member_returns(shared, rollout), torch.tensor(expected), rtol=1e-4, atol=1e-4)
    mean = sum(expected) / 3
    spread = math.sqrt(sum((x - mean) ** 2 for x in expected) / 3)
    shared.generator.set_state(state)
    assert criteria.value("shadow-reward-variance", shared, policy, task, []) == pytest.approx(spread, rel=1e-2)


@torch.no_grad()
def test_disagreement_is_the_distance_of_every_two_members_in_the_same_state(warmed):
    shared, policy, task, _ = warmed
    state = shared.generator.get_state()
    rollout = criteria.practised(shared, policy, task)
    distances = []
    for obs, action in zip(rollout.obs.reshape(-1, 4), rollout.action.reshape(-1, 2), strict=True):
        a, b, c = shared.model.members(obs, action.clamp(-1, 1))
        distances.append(float((a - b).norm() + (a - c).norm() + (b - c).norm()) / 3)
    expected = torch.tensor(distances)
    torch.testing.assert_close(criteria.disagreement(shared, rollout), expected, rtol=1e-3, atol=1e-5)
    for criterion, known in (("error", expected.mean()), ("variance", expected.std(correction=0))):
        shared.generator.set_state(state)
        found = criteria.value(f"shadow-state-{criterion}", shared, policy, task, [])
        assert found == pytest.approx(known.item(), rel=1e-3)


@torch.no_grad()
def test_prediction_and_truth_are_of_the_same_real_step(warmed):
    """The second of the two bugs: their program subtracted predictions for another batch."""
    shared, policy, task, _ = warmed
    real = collect(SHORT, task, lambda obs: policy(obs).mean + 1.0, 20, seed=0)  # some actions beyond 1
    distances = []
    for i in range(20):
        guesses = shared.model.members(real.obs[i], real.action[i].clamp(-1, 1))
        distances.append(sum(float((guess - real.next_obs[i]).norm()) for guess in guesses) / 3)
    expected = torch.tensor(distances)
    assert expected.std() > 0.1 * expected.mean()  # rows are not alike, so that their order matters
    torch.testing.assert_close(criteria.state_errors(shared, real), expected, rtol=1e-4, atol=1e-5)
    value = lambda name: criteria.value(name, shared, policy, task, [], real)  # noqa: E731
    assert value("real-state-error") == pytest.approx(expected.mean().item(), rel=1e-4)
    assert value("real-state-variance") == pytest.approx(expected.std(correction=0).item(), rel=1e-4)
    state = shared.generator.get_state()
    promised = criteria.practised(shared, policy, task).total.item()
    shared.generator.set_state(state)
    assert value("real-reward-diff") == pytest.approx(promised - real.returns().mean().item(), rel=1e-4)


def test_of_a_model_that_is_right_nothing_is_wrong(warmed, monkeypatch):
    shared, policy, task, _ = warmed
    truth = lambda self, obs, action: SHORT.simulate(obs, action).expand(3, *obs.shape)  # noqa: E731
    monkeypatch.setattr(type(shared.model), "members", truth)
    real = collect(SHORT, task, lambda obs: policy(obs).mean.detach(), 30, seed=0)
    assert criteria.state_errors(shared, real).max() < 1e-6
    assert criteria.disagreement(shared, criteria.practised(shared, policy, task)).max() == 0


@pytest.mark.parametrize("criterion", get_args(Criterion))
def test_a_criterion_changes_nothing_that_is_learned(warmed, criterion):
    shared, policy, task, practice = warmed
    before = {k: v.clone() for k, v in (shared.model.state_dict() | policy.state_dict()).items()}
    rows, real = len(shared.buffer), shared.episodes(policy, task)
    assert [step.iteration for step in practice] == [0, 1, 2]
    assert math.isfinite(criteria.value(criterion, shared, policy, task, practice, real))
    after = shared.model.state_dict() | policy.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items()) and len(shared.buffer) == rows


@pytest.mark.parametrize("criterion", [name for name in get_args(Criterion) if name.startswith("shadow")])
def test_the_model_that_is_fitted_is_the_one_that_is_practised_in(monkeypatch, criterion):
    """The first of the two bugs: with shadows, their program went on to fit the last shadow, and practised in a model
    that was never fitted again.
    """
    fitted, practised, steps = [], [], []
    fit, world = Fitter.fit, warm_up.learned_world

    def spied_fit(self, *arguments):
        fitted.append(self.model)
        return fit(self, *arguments)

    def spied_world(model, *arguments, **options):
        practised.append(model)
        return world(model, *arguments, **options)

    monkeypatch.setattr(Fitter, "fit", spied_fit)
    monkeypatch.setattr(warm_up, "learned_world", spied_world)
    config = replace(TINY, selection=SelectionConfig(criterion, "skip", window=1))
    for record in train(SHORT, config):
        steps.append([w.detach().clone() for w in record.model.net.weights])
    assert len(fitted) == 3 * len(practised) >= 9
    assert all(model is record.model for model in (*fitted, *practised))
    for before, after in zip(steps, steps[1:], strict=False):  # every member of it, whatever was measured in between
        for w, v in zip(before, after, strict=True):
            assert (w != v).flatten(1).any(-1).all()


def test_a_model_that_diverges_gives_no_value(warmed, monkeypatch):
    shared, policy, task, _ = warmed

    def explode(*arguments):
        raise LeftBounds("it exploded", 3, [0])

    monkeypatch.setattr(criteria, "practised", explode)
    assert math.isnan(criteria.value("shadow-state-error", shared, policy, task, []))
