"""Probes: what they show and pay, step by step by hand; their optima, by a player that does what is best."""

import pytest
import torch

from tlteach.errors import InvalidInput
from tlteach.tasks.probes import Bandit, Recall, TMaze


def generator():
    return torch.Generator().manual_seed(0)


def play(episodes, player):
    """Total reward (B,) of a player that is asked with (seen, t)."""
    seen, total, t = episodes.reset(), 0, 0
    while not episodes.all_over:
        seen, reward, _ = episodes.step(player(seen, t))
        total, t = total + reward, t + 1
    return total


def test_a_bandit_step_by_step():
    bandit = Bandit(2, generator(), n_arms=3, length=3)
    assert bandit.reset().tolist() == [[1, 0, 0, 0, 0]] * 2
    bandit.paying = torch.tensor([2, 0])
    seen, reward, over = bandit.step(torch.tensor([2, 2]))
    assert reward.tolist() == [1, 0] and not over.any()
    assert seen.tolist() == [[1, 1, 0, 0, 1], [1, 0, 0, 0, 1]]
    bandit.step(torch.tensor([0, 0]))
    assert bandit.step(torch.tensor([0, 0]))[2].all()


@pytest.mark.parametrize("n_arms", [2, 3, 5])
def test_the_best_at_a_bandit_tries_one_arm_after_the_other(n_arms):
    bandit, arm = Bandit(4_000, generator(), n_arms, 8), torch.zeros(4_000, dtype=torch.int64)

    def player(seen, t):
        if t:
            arm.add_((seen[:, 1] == 0).long())
        return arm.clone()

    total = play(bandit, player)
    assert abs(total.mean() - bandit.best) < 5 * total.std() / 4_000**0.5


def test_recall_shows_the_symbol_once():
    recall = Recall(3, generator(), n_symbols=3, delay=2)
    recall.reset()
    recall.symbol = torch.tensor([0, 1, 2])
    assert recall.look().tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    right = torch.tensor([0, 1, 2])
    seen, reward, _ = recall.step(right)
    assert seen.sum() == 0 and reward.sum() == 0  # too early
    seen, reward, _ = recall.step(right)
    assert seen.tolist() == [[0, 0, 0, 1]] * 3 and reward.sum() == 0
    _, reward, over = recall.step(torch.tensor([0, 1, 0]))
    assert reward.tolist() == [1, 1, 0] and over.all()
    assert play(recall, lambda seen, t: recall.symbol).tolist() == [recall.best] * 3


def test_a_walk_through_the_t_maze():
    maze = TMaze(3, generator(), shortest=1, longest=2, length=4)
    maze.reset()
    maze.side, maze.corridor = torch.tensor([1, 2, 1]), torch.tensor([1, 2, 2])
    assert maze.look().tolist() == [[1, 0, 1, 0], [0, 1, 1, 0], [1, 0, 1, 0]]
    seen, reward, over = maze.step(torch.tensor([0, 0, 2]))
    assert seen.tolist() == [[0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 1, 0]]
    assert reward.tolist() == [0, 0, 0] and not over.any()
    seen, reward, over = maze.step(torch.tensor([1, 0, 0]))
    assert reward.tolist() == [1, 0, 0] and over.tolist() == [True, False, False]
    seen, reward, over = maze.step(torch.tensor([2, 1, 0]))  # the first waits
    assert reward.tolist() == [0, 0, 0] and over.tolist() == [True, True, False] and maze.steps.tolist() == [2, 3, 3]
    seen, reward, over = maze.step(torch.tensor([0, 0, 0]))  # forward into the wall at the crossing, and time is over
    assert reward.tolist() == [0, 0, 0] and over.all()
    with pytest.raises(InvalidInput, match="all 3 episodes are over"):
        maze.step(torch.tensor([0, 0, 0]))


def test_the_best_in_the_t_maze():
    maze = TMaze(50, generator())
    total = play(maze, lambda seen, t: torch.where(seen[:, 3] == 1, maze.side, 0))
    assert total.tolist() == [maze.best] * 50 and len(maze.steps.unique()) == 5
    assert maze.steps.tolist() == (maze.corridor + 1).tolist()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Bandit(2, generator(), n_arms=1), "n_arms"),
        (lambda: Bandit(2, generator(), n_arms=4, length=3), "length"),
        (lambda: Recall(2, generator(), delay=0), "delay"),
        (lambda: TMaze(2, generator(), shortest=3, longest=2), "shortest <= longest"),
        (lambda: TMaze(2, generator(), longest=6.5), "longest must be a whole number"),
        (lambda: TMaze(2, generator(), length=12.5), "length must be a whole number"),
        (lambda: TMaze(2, generator(), longest=20, length=20), "longest < length"),
        (lambda: TMaze(0, generator()), "batch_size"),
    ],
)
def test_what_makes_no_sense_is_refused(make, words):
    with pytest.raises(InvalidInput, match=words):
        make()
