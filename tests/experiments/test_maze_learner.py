"""Returns, advantages and the loss of the actor-critic, written out by hand; and the baseline of each episode."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.distributions import Categorical

from tlteach.experiments import _maze_learner, maze
from tlteach.experiments._maze_learner import Rollout, act, actor_critic, advantages
from tlteach.experiments._maze_living import can_live
from tlteach.plasticity import Acting
from tlteach.tasks.maze import BatchedMaze, MazeTask
from tlteach.tasks.probes import Bandit, Recall, TMaze


def rollout(T=6, B=3, ends=None):
    """Random rewards and values; episode b ends with step ends[b]."""
    g = torch.Generator().manual_seed(0)
    last = torch.tensor([T - 1] * B if ends is None else ends)
    t = torch.arange(T)[:, None]
    reward = torch.randn(T, B, generator=g).masked_fill(t > last, 0)
    nothing = torch.empty(T, B, 0)
    made = Rollout(nothing, torch.randint(4, (T, B), generator=g), reward, t <= last, t == last, nothing,
                   torch.randn(B, generator=g))  # fmt: skip
    return made, torch.randn(T, B, generator=g)


@pytest.mark.parametrize("ends", [None, [2, 5, 0]])
@pytest.mark.parametrize("returns", ["episodic", "bootstrapped"])
@pytest.mark.parametrize("lam", [1.0, 0.8, 0.0])
def test_returns_unrolled_by_hand(returns, lam, ends):
    """A_t = sum_k (gamma lam)^k delta_{t+k} to the end of each episode, one by one."""
    made, value = rollout(ends=ends)
    advantage, target = advantages(made, value, returns, 0.9, lam)
    for b, last in enumerate(ends or [5, 5, 5]):
        after = value[last + 1, b] if last < 5 else made.last_value[b]
        v = [*value[: last + 1, b], after if returns == "bootstrapped" else 0.0]
        delta = [float(made.reward[t, b] + 0.9 * v[t + 1] - v[t]) for t in range(last + 1)]
        for t in range(last + 1):
            expected = sum((0.9 * lam) ** k * delta[t + k] for k in range(last + 1 - t))
            assert advantage[t, b] == pytest.approx(expected, abs=1e-5)
            assert target[t, b] == pytest.approx(expected + float(value[t, b]), abs=1e-5)
            if lam == 1:
                plain = sum(0.9**k * float(made.reward[t + k, b]) for k in range(last + 1 - t))
                plain += 0.9 ** (last + 1 - t) * float(v[-1])
                assert target[t, b] == pytest.approx(plain, abs=1e-5)


@pytest.mark.parametrize("penalty", ["simpson", "entropy"])
def test_the_loss_term_by_term(penalty):
    made, value = rollout(ends=[2, 5, 0])
    logits = torch.randn(6, 3, 4, generator=torch.Generator().manual_seed(1))
    advantage, target = advantages(made, value, "episodic", 0.9)
    terms = actor_critic(Categorical(logits=logits), value, made.action, advantage, target, made.alive, penalty)
    p = torch.softmax(logits.double(), -1).numpy()
    taken = [(t, b) for b, last in enumerate([2, 5, 0]) for t in range(last + 1)]
    policy = np.mean([-np.log(p[t, b, made.action[t, b]]) * float(advantage[t, b]) for t, b in taken])
    simpson = np.mean([(p[t, b] ** 2).sum() for t, b in taken])
    entropy = np.mean([(p[t, b] * np.log(p[t, b])).sum() for t, b in taken])
    square = np.mean([float(value[t, b] - target[t, b]) ** 2 for t, b in taken])
    expected = (policy, simpson if penalty == "simpson" else entropy, square)
    assert [float(term) for term in terms] == pytest.approx(expected, rel=1e-5)


def test_every_episode_has_its_own_baseline():
    """The published batched programs subtract the first episode's value from all (A6): a change of its value would
    then move the others' advantages."""
    made, value = rollout()
    before, _ = advantages(made, value, "episodic", 0.9)
    changed = value.clone()
    changed[:, 0] += 1
    after, _ = advantages(made, changed, "episodic", 0.9)
    assert (after[:, 1:] == before[:, 1:]).all()
    torch.testing.assert_close(after[:, 0], before[:, 0] - 1)


@pytest.mark.parametrize("network", maze.NETWORKS)
def test_replaying_gives_the_gradient_of_the_whole_episode(network):
    """What was acted without a graph, and the sequence with one: the same activities, the same gradient."""
    config = maze.Config.preset("smoke", network, weight=0.2, alpha=0.2, eta=0.2, spread="normal")
    policy = maze.build(config)
    made = act(policy, BatchedMaze(config.task, 4, generator := torch.Generator().manual_seed(0)), generator)
    output, _ = policy.layer(made.observation)
    torch.testing.assert_close(made.hidden, output.detach(), atol=1e-5, rtol=1e-4)
    gradients = []
    for known in ({}, dict(hidden=made.hidden)):
        policy.zero_grad()
        chosen, value, _ = policy(made.observation, **known)
        advantage, target = advantages(made, value.detach(), "episodic", 0.9)
        sum(actor_critic(chosen, value, made.action, advantage, target, made.alive, "simpson")).backward()
        gradients.append([p.grad.clone() for p in policy.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("greedy", [False, True])
@pytest.mark.parametrize("options", [{}, dict(observation="paper", goal_at_start=False, land_on_goal=False)])
@pytest.mark.parametrize("network", ["plastic", "shared"])
def test_the_compiled_loop_lives_the_same_life(network, options, greedy, monkeypatch):
    """Against the loop over `Episodes.step`: what was seen, done, paid and thought, the maze after it, and the chance
    that is left."""
    task = MazeTask(size=5, episode_length=60, **options)
    policy = maze.build(maze.Config(network=network, task=task, hidden=20, weight=0.2, alpha=0.2, eta=0.1))
    lives = []
    for walked in (False, True):
        if walked:
            monkeypatch.setattr(_maze_learner, "can_live", lambda *_: False)
        generator = torch.Generator().manual_seed(3)
        mazes = BatchedMaze(task, 16, generator)
        made = act(policy, mazes, generator, greedy)
        after = (mazes.cell, mazes.goal, mazes.steps, mazes.over, mazes.look(), torch.rand(3, generator=generator))
        assert mazes.all_over and (greedy or (made.reward > 1).any())
        lives.append((made, after))
    (compiled, ended), (stepped, ended_too) = lives
    for name in ("observation", "action", "reward", "alive", "ends"):
        assert torch.equal(getattr(compiled, name), getattr(stepped, name)), name
    for name in ("hidden", "last_value"):
        torch.testing.assert_close(getattr(compiled, name), getattr(stepped, name))
    assert all(torch.equal(one, other) for one, other in zip(ended, ended_too, strict=True))


@pytest.mark.parametrize(
    ("network", "compiled"), [("plastic", True), ("shared", True), ("rnn", False), ("lstm", False)]
)
def test_which_networks_live_in_the_compiled_loop(network, compiled):
    policy, generator = maze.build(maze.Config.preset("smoke", network)), torch.Generator()
    assert can_live(policy, policy.acting(2), BatchedMaze(MazeTask(), 2, generator)) == compiled
    assert not can_live(policy, policy.acting(2), Recall(2, generator))
    assert not can_live(policy.double(), policy.acting(2), BatchedMaze(MazeTask(), 2, generator))


def test_actions_are_drawn_from_the_policy():
    config = maze.Config.preset("smoke")
    policy = maze.build(config)
    with torch.no_grad():
        policy.policy.weight.zero_()
        policy.policy.bias.copy_(torch.tensor([0.1, 0.2, 0.3, 0.4]).log())
    g = torch.Generator().manual_seed(0)
    made = act(policy, BatchedMaze(MazeTask(size=3, episode_length=50), 400, g), g)
    shares = torch.bincount(made.action.flatten(), minlength=4) / 20_000
    assert (shares - torch.tensor([0.1, 0.2, 0.3, 0.4])).abs().max() < 0.0175  # 5 standard deviations
    assert (act(policy, BatchedMaze(config.task, 4, g), g, greedy=True).action == 3).all()


def test_a_rollout_tells_what_happened():
    config = maze.Config.preset("smoke")
    made = act(maze.build(config), BatchedMaze(config.task, 5, g := torch.Generator().manual_seed(0)), g)
    assert made.observation.shape == (20, 5, 17) and made.hidden.shape == (20, 5, 16) and made.alive.all()
    assert made.ends.sum(0).tolist() == [1] * 5 and made.ends[-1].all()
    last = made.observation[1:]
    assert (last[..., 12] == made.reward[:-1]).all()  # what is seen next tells the reward and the action before it
    assert (last[..., 13:].argmax(-1) == made.action[:-1]).all()
    assert (made.total == made.reward.sum(0)).all()


def practised(kind, updates=110, **changes):
    """Mean reward of the last ten updates, and the best there is."""
    config = maze.Config.preset("smoke", "rnn", hidden=24, learning_rate=1e-2, weight=0.2, spread="normal", gamma=0.95)
    config = replace(config, penalty="entropy", penalty_weight=0.02, **changes)
    episodes = kind(64, torch.Generator().manual_seed(0))
    return np.mean(list(maze.practise(config, episodes, updates))[-10:]), episodes.best


@pytest.mark.parametrize("kind", [Bandit, Recall, TMaze])
def test_the_learner_passes_the_probes(kind):
    reached, best = practised(kind)
    assert 0.85 * best < reached < 1.02 * best


class Uninformed(Bandit):
    """No reward is seen."""

    def _observe(self, reward, action):
        return super()._observe(torch.zeros_like(reward), action)


def test_each_probe_finds_its_fault(monkeypatch):
    assert practised(Uninformed)[0] < 5
    assert practised(TMaze, gamma=0.0)[0] < 0.8  # never paid for what it does before the crossing
    monkeypatch.setattr(maze.MazeNetwork, "acting", lambda self, n: _Forgetful(self.layer, n))
    assert practised(Recall)[0] < 0.55


class _Forgetful(Acting):
    """Does not carry its activities over."""

    def step(self, input):
        return Acting(self.layer, len(input)).step(input)
