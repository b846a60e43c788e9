"""The oracle: told the task, trained on all of them at once, by TRPO as it is."""

from dataclasses import replace

import pytest
import torch

from tlteach.errors import BadFile, InvalidInput
from tlteach.modelbased.critic import CriticConfig
from tlteach.modelbased.oracle import Oracle, OracleConfig, joint, train
from tlteach.modelbased.real_rollouts import real_rollouts
from tlteach.modelbased.trpo import TRPOConfig
from tlteach.tasks.families import family

SHORT = family("navigation", horizon=20)
CONFIG = OracleConfig(iterations=40, tasks=8, episodes=10, hidden=(32,), log_std=-0.5)
HOW = dict(critic=CriticConfig(batch_size=256), trpo=TRPOConfig(max_kl=0.03, fisher_every=4))
TINY = replace(CONFIG, iterations=3, tasks=3, episodes=2)


def told(record):
    return {name: value for name, value in record.metrics.items() if name != "cpu_seconds"}


@pytest.fixture(scope="module")
def trained():
    oracle = Oracle(SHORT, CONFIG, **HOW)
    for record in train(SHORT, CONFIG, **HOW):
        state = record.checkpoint()["oracle"]
    oracle.load_state_dict(state)
    return oracle


def test_joint_rollouts_have_the_task_of_each_world_beside_its_observation():
    tasks = SHORT.sample_tasks(3, 0)
    draw = torch.Generator().manual_seed(1)
    got = real_rollouts(SHORT, tasks, lambda obs: torch.randn(len(obs), 2, generator=draw), 2, draw).rollout
    together = joint(got, tasks)
    assert together.obs.shape == (20, 6, 6) and together.reward.shape == (20, 6)
    for p in range(3):
        for n in range(2):
            w = 2 * p + n
            assert torch.equal(together.obs[:, w, :4], got.obs[p, :, n])
            assert torch.equal(together.next_obs[:, w, :4], got.next_obs[p, :, n])
            assert torch.equal(together.action[:, w], got.action[p, :, n])
            assert torch.equal(together.reward[:, w], got.reward[p, :, n])
            assert (together.obs[:, w, 4:] == tasks[p]).all() and (together.next_obs[:, w, 4:] == tasks[p]).all()
            here = SHORT.reward(together.obs[:, w, :4], together.action[:, w], together.next_obs[:, w, :4], tasks[p])
            torch.testing.assert_close(here, together.reward[:, w])


def test_it_learns_and_the_task_reaches_the_policy(trained):
    tasks = SHORT.sample_tasks(16, 999)
    fresh = Oracle(SHORT, CONFIG, **HOW)
    before, after = (oracle.act(tasks, 4, sample=False) for oracle in (fresh, trained))
    assert after.returns.mean() > before.returns.mean() + 8 and after.miss.mean() < 0.6 * before.miss.mean()
    rest, goals = torch.zeros(4, 4), torch.tensor([[1.5, 0.0], [-1.5, 0.0], [0.0, 1.5], [0.0, -1.5]])
    push = trained.policy(torch.cat([rest, goals], -1)).mean.detach()
    assert push[0, 0] > push[1, 0] + 0.5 and push[2, 1] > push[3, 1] + 0.5
    misled = tasks.roll(1, 0).repeat_interleave(4, 0)  # told another goal than the one that pays

    def choose(obs):
        return trained.policy(torch.cat([obs, misled], -1)).mean

    lost = real_rollouts(SHORT, tasks, choose, 4, torch.Generator().manual_seed(0))
    assert lost.returns.mean() < after.returns.mean() - 8


def test_a_run_that_stops_goes_on_to_the_same_numbers(tmp_path):
    whole, states = [], []
    for record in train(SHORT, TINY, **HOW, seed=3):
        whole.append(told(record))
        states.append(record.checkpoint())
    assert [m["real_steps"] for m in whole] == [3 * 2 * 20 * i for i in (1, 2, 3)]
    for done in (1, 2):
        torch.save(states[done - 1], tmp_path / "state.pt")
        rest = list(train(SHORT, TINY, torch.load(tmp_path / "state.pt", weights_only=True), **HOW, seed=8))
        assert [told(record) for record in rest] == whole[done:] and rest[-1].done
        for mine, its in zip(
            rest[-1].model.state_dict().values(), states[-1]["oracle"]["policy"].values(), strict=True
        ):
            assert torch.equal(mine, its)


def test_refusals():
    oracle = Oracle(SHORT, TINY, **HOW)
    with pytest.raises(InvalidInput, match="list of tasks is empty"):
        oracle.update(torch.zeros(0, 2))
    with pytest.raises(InvalidInput, match="is no task of navigation"):
        oracle.act(torch.full((1, 2), 9.0), 1)
    with pytest.raises(BadFile, match="no oracle of navigation"):
        oracle.load_state_dict(Oracle(SHORT, replace(TINY, hidden=(5,)), **HOW).state_dict())
    with pytest.raises(InvalidInput, match="tasks must be a whole number"):
        OracleConfig(tasks=0)
