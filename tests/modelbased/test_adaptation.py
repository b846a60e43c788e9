"""Adaptation at test: many tasks at once are the same as each by itself; what is counted, resumes and refuses."""

from dataclasses import replace

import pytest
import torch

from tlteach.errors import BadFile, InvalidInput
from tlteach.modelbased import learner, policies
from tlteach.modelbased.adaptation import Adaptation
from tlteach.modelbased.algorithm import AlgorithmConfig, train
from tlteach.modelbased.critic import CriticConfig
from tlteach.modelbased.dynamics import DynamicsConfig
from tlteach.modelbased.ppo import PPOConfig
from tlteach.modelbased.shac import SHACConfig
from tlteach.modelbased.trpo import TRPOConfig
from tlteach.modelbased.virtual import LeftBounds
from tlteach.modelbased.warm_up import WarmUpConfig
from tlteach.tasks.families import family

SHORT = family("navigation", horizon=20)
TASKS = torch.tensor([[1.0, 0.5], [-1.0, 1.5], [0.3, -0.4]])
TINY = AlgorithmConfig(
    n_tasks=2,
    steps_per_task=40,
    evaluation_episodes=2,
    capacity=100,
    hidden=(8,),
    dynamics=DynamicsConfig(2, (8,), "silu"),
    critic=CriticConfig(epochs=1, batch_size=20),
    optimizer=TRPOConfig(cg_steps=2),
    warm_up=WarmUpConfig(iterations=2, fit_steps=3, policy_steps=2, rollouts=2, clip_margin=0.5),
    seed=3,
)


@pytest.fixture(scope="module")
def start():
    return list(train(SHORT, TINY))[-1].checkpoint()["shared"]


def told(adapted):
    """All of a step but its weights."""
    return {k: v for k, v in vars(adapted).items() if k != "policy"}


def test_a_record_for_each_task_of_each_stage_and_real_steps_from_stage_one_on(start):
    adaptation = Adaptation(SHORT, TINY, start, TASKS, n_stages=2)
    steps = list(adaptation.steps())
    assert len(steps) == len(adaptation) == 9
    assert [(s.stage, s.task) for s in steps] == [(stage, task) for stage in range(3) for task in range(3)]
    assert [s.real_steps for s in steps] == [0] * 3 + [40] * 3 + [80] * 3
    assert all(torch.tensor([s.virtual, s.real, s.model_loss]).isfinite().all() for s in steps)
    after, before = steps[5].policy, steps[2].policy  # the policy goes on, it is not a new one
    assert 0 < (after["net.weights.0"] - before["net.weights.0"]).abs().max() < 1
    kept = [learner["rows"] for learner in adaptation.learners]
    assert all(len(rows["obs"]) == 80 for rows in kept) and not torch.equal(kept[0]["obs"], kept[1]["obs"])
    assert len(start["buffer"]["obs"]) == 80  # what all began with is as it was


@pytest.mark.parametrize("kind", [TRPOConfig(cg_steps=2), PPOConfig(batch_size=20), SHACConfig(window=8)])
def test_many_tasks_at_once_are_each_task_by_itself(start, monkeypatch, kind):
    """With the same noise for every task: starts and actions are drawn from a table, not from the common stream."""
    draw = torch.randn
    noise = draw(2, 2, generator=torch.Generator().manual_seed(1))  # (rollouts, A)
    monkeypatch.setattr(torch, "randn", lambda shape, **how: noise.expand(shape))
    at_rest = lambda self, n, seed: torch.zeros(n, 4)  # noqa: E731
    monkeypatch.setattr(type(SHORT), "resets", at_rest)
    first = lambda self, norm, generator: _same_weights(self, draw)  # noqa: E731
    monkeypatch.setattr(policies.MLP, "normc_", first)
    config = replace(TINY, optimizer=kind)
    together = list(Adaptation(SHORT, config, start, TASKS, n_stages=0).steps())
    for i, task in enumerate(TASKS):
        alone = next(Adaptation(SHORT, config, start, task[None], n_stages=0).steps())
        assert alone.virtual == pytest.approx(together[i].virtual, rel=1e-3)
        assert alone.model_loss == pytest.approx(together[i].model_loss, rel=1e-6)
        for name, weight in alone.policy.items():
            torch.testing.assert_close(weight, together[i].policy[name], rtol=1e-3, atol=1e-4)


def _same_weights(net, draw):
    """In every network of a batch the same, and not zero."""
    with torch.no_grad():
        for layer, weight in enumerate(net.weights):
            one = draw(weight.shape[-2:], generator=torch.Generator().manual_seed(layer))
            weight.copy_(0.1 * one)
    return net


def test_real_steps_move_the_moments_and_not_the_policy(start, monkeypatch):
    """What practice has learned is not spoiled by the statistics of the steps that it led to."""
    obs = SHORT.resets(50, 0) * 3
    monkeypatch.setattr(learner.Shared, "practise", lambda self, *rest: (0.0, False))  # nothing but the collection
    adaptation, seen = Adaptation(SHORT, TINY, start, TASKS[:1], 1), []
    for _ in adaptation.steps():
        shared, optimizer = adaptation._restored(adaptation.learners[0])
        seen.append((optimizer.policy(obs).mean, shared.model.obs_norm.mean))
    assert (seen[0][1] - seen[1][1]).abs().max() > 0.02
    torch.testing.assert_close(seen[0][0], seen[1][0], rtol=1e-4, atol=1e-6)


def test_from_stage_one_on_the_others_do_not_matter(start):
    three = Adaptation(SHORT, TINY, start, TASKS, n_stages=2)
    list(zip(range(3), three.steps(), strict=False))  # stage 0
    last = Adaptation(SHORT, TINY, start, TASKS[2:], n_stages=2)
    last.load_state_dict({"step": 1, "learners": three.state_dict()["learners"][2:]})
    alone = list(last.steps())
    together = [step for step in three.steps() if step.task == 2]
    assert len(alone) == 2
    for one, other in zip(alone, together, strict=True):
        assert told(one) | {"task": 2} == told(other)


@pytest.mark.parametrize("kind", [TRPOConfig(cg_steps=2), SHACConfig(window=8)])
@pytest.mark.parametrize("done", [1, 4])
def test_it_goes_on_to_the_same_numbers(start, done, kind):
    config = replace(TINY, optimizer=kind)
    whole = [told(step) for step in Adaptation(SHORT, config, start, TASKS[:2], n_stages=2).steps()]
    first, second = (Adaptation(SHORT, config, start, TASKS[:2], n_stages=2) for _ in range(2))
    for _, _ in zip(range(done), first.steps(), strict=False):
        state = first.state_dict()
    second.load_state_dict(state)
    assert [told(step) for step in second.steps()] == whole[len(whole) - len(second) + state["step"] :]


def test_one_task_that_diverges_does_not_stop_the_others(start, monkeypatch):
    config = replace(TINY, optimizer=SHACConfig(window=8))
    update = learner.SHAC.update

    def failing(self, world, *arguments):
        if (world.task.reshape(-1, 2)[:, 0] < 0).any():  # the second of the tasks
            raise LeftBounds("it exploded", 3, [1])
        return update(self, world, *arguments)

    monkeypatch.setattr(learner.SHAC, "update", failing)
    with pytest.warns(RuntimeWarning, match=r"task .* it exploded"):
        steps = list(Adaptation(SHORT, config, start, TASKS, n_stages=0).steps())
    assert [step.diverged for step in steps] == [False, True, False]
    assert all(all(weight.isfinite().all() for weight in step.policy.values()) for step in steps)


def test_refusals(start):
    with pytest.raises(InvalidInput, match=r"\[9.0, 0.0\] is no task of navigation: expected a goal"):
        Adaptation(SHORT, TINY, start, torch.tensor([[1.0, 1.0], [9.0, 0.0]]))
    with pytest.raises(InvalidInput, match="no tasks to adapt to"):
        Adaptation(SHORT, TINY, start, torch.zeros(0, 2))
    with pytest.raises(BadFile, match=r"not of navigation .* 2 models of hidden layers \(16,\).*size mismatch"):
        Adaptation(SHORT, replace(TINY, dynamics=DynamicsConfig(2, (16,), "silu")), start, TASKS)
    with pytest.raises(BadFile, match=r"not of reacher \(8 numbers observed, 2 motors\)"):
        Adaptation(family("reacher"), TINY, start, torch.zeros(1, 2))
