"""Recorded one-shot networks tested again: who is asked what, and how sure the answer is over other characters."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from tlteach import data, paths, runs
from tlteach.errors import BadFile, InvalidInput
from tlteach.experiments import one_shot, one_shot_tests
from tlteach.experiments.one_shot_tests import Config, answers, by_characters
from tlteach.tasks.one_shot import N_ROTATIONS, OneShotTask, split

TRAINED = "made-plastic-drawn-5way-1shot-honest"


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A recorded network, barely trained, on 210 characters of noise: 10 for training, 100 and 100 held out."""
    images = np.random.default_rng(0).integers(0, 256, (210, 3, 31, 31)).astype(np.uint8)
    names = tuple(f"Noise/character{i:03}" for i in range(210))
    noise = data.Characters(images, ("Noise",) * 210, names, "noise of a test", real=False)
    monkeypatch.setattr(one_shot, "characters", lambda source: noise)
    monkeypatch.setattr(paths, "recorded_folder", lambda: tmp_path)
    config = one_shot.Config(pool_characters=6, pool_drawings=2, updates=2, validation_episodes=5, test_episodes=5)
    result = one_shot.run(config, progress=False)
    runs.record(result, f"{TRAINED}-seed0", **one_shot.RECORD)
    return noise


def test_every_test_asks_the_characters_and_in_the_way_that_it_says(recorded, monkeypatch):
    asked = {}

    def note(network, task, images, episodes, generator, distortion):
        asked[len(asked)] = (task.query_may_repeat, images, episodes, distortion)
        return answers(network, task, images, episodes, generator, distortion)

    monkeypatch.setattr(one_shot_tests, "answers", note)
    result = one_shot_tests.run(Config(TRAINED, episodes=30), progress=False)
    parts, drawings = split(recorded.names), recorded.floats()
    expected = [
        (False, parts.train, 0.0),
        (False, parts.train, 1.0),
        (False, parts.validation, 0.0),
        (False, parts.test, 0.0),
        (True, parts.test, 0.0),
    ]
    for (repeats, images, episodes, distortion), told in zip(asked.values(), expected, strict=True):
        assert (repeats, distortion, episodes) == (told[0], told[2], 30)
        assert torch.equal(images, drawings[told[1]])
    assert {"episodes", "cpu_seconds", *one_shot_tests.TESTS} < set(result.metrics)
    assert all(0 <= result.metrics[name][-1] <= 1 for name in one_shot_tests.TESTS)
    assert result.provenance.complete and result.provenance.data == "noise of a test"
    assert result.metrics["cpu_seconds"] == [0.0] and len(result.metrics["step"]) == 1


def test_it_repeats_itself_and_ships_no_network(recorded):
    config = Config(TRAINED, episodes=30)
    one, two = (one_shot_tests.run(config, progress=False) for _ in range(2))
    for name in one.metrics:
        np.testing.assert_array_equal(one.metrics[name], two.metrics[name])
    assert runs.shrink(one, **one_shot_tests.RECORD).tensors == {}
    assert one_shot_tests.run_name(config) == f"{TRAINED}-seed0"


def test_a_network_that_was_not_recorded_is_named(recorded):
    with pytest.raises(BadFile, match="no recorded run 'made-plastic-drawn-5way-1shot-honest-seed7'"):
        one_shot_tests.run(Config(TRAINED, seed=7), progress=False)


@pytest.mark.parametrize(
    "changes", [dict(episodes=0), dict(episodes=2.5), dict(seed=-1), dict(trained="long-*"), dict(trained="")]
)
def test_impossible_configurations_are_refused(changes):
    (name,) = changes
    with pytest.raises(InvalidInput, match=name):
        Config(**changes)


@pytest.mark.parametrize("task", [OneShotTask(3), OneShotTask(2, 2)])
def test_answers_are_those_of_the_experiment(task):
    """Over the same episodes, more than one batch of them; and asked for is the character that they ask for."""
    images = torch.rand(7, 4, 31, 31, generator=torch.Generator().manual_seed(0))
    network = one_shot.build(one_shot.Config(task=task))
    right, which = answers(network, task, images, 700, torch.Generator().manual_seed(3))
    same = torch.Generator().manual_seed(3)
    dealt = [task.deal(n, 7, 4, same, N_ROTATIONS) for n in (500, 200)]
    by_hand = []
    with torch.no_grad():
        for episode in dealt:
            turned = torch.stack([torch.rot90(images, k, (-2, -1)) for k in range(4)]).flatten(0, 1)  # (28, 4, 31, 31)
            shots, query = episode.take(network.embed(turned))
            by_hand.append(network.walk(shots, query)[0].argmax(-1) == episode.target)
    assert torch.equal(right, torch.cat(by_hand))
    asked = torch.cat([each.rows[torch.arange(len(each.target)), each.target] % 7 for each in dealt])
    assert torch.equal(which, asked)


def test_a_distortion_is_of_the_turned_drawings_that_are_dealt(monkeypatch):
    """Shots and queries keep their places: with a distortion that changes nothing, the answers are the same."""
    images = torch.rand(7, 4, 31, 31, generator=torch.Generator().manual_seed(0))
    task, seen = OneShotTask(3, 2), []
    network = one_shot.build(one_shot.Config(task=task))
    monkeypatch.setattr(one_shot_tests, "distort", lambda drawn, amount, generator: seen.append(amount) or drawn)
    plain = answers(network, task, images, 200, torch.Generator().manual_seed(1))
    distorted = answers(network, task, images, 200, torch.Generator().manual_seed(1), 0.5)
    assert seen == [0.5] and all(torch.equal(a, b) for a, b in zip(plain, distorted, strict=True))
    monkeypatch.undo()
    truly = answers(network, task, images, 200, torch.Generator().manual_seed(1), 1.0)
    assert torch.equal(truly[1], plain[1]) and not torch.equal(truly[0], plain[0])


def test_the_error_over_characters_is_that_of_many_draws_of_characters():
    """Characters of which each is right with a share of its own: the spread of the mean over fresh sets of them."""
    generator = torch.Generator().manual_seed(0)
    C, n = 50, 2000

    def drawn():
        easy = torch.rand(C, generator=generator)  # each character's share of right answers
        which = torch.randint(C, (n,), generator=generator)
        return torch.rand(n, generator=generator) < easy[which], which

    tests = [drawn() for _ in range(400)]
    means = torch.stack([right.float().mean() for right, _ in tests])
    errors = torch.tensor([by_characters(right, which) for right, which in tests])
    assert errors.mean().item() == pytest.approx(means.std().item(), rel=0.15)
    alone = (means.mean() * (1 - means.mean()) / n).sqrt()  # as if episodes were all that varies
    assert errors.mean() > 2 * alone


def test_the_error_over_characters_by_hand():
    """Two characters, two episodes of each: half an answer more than the mean makes two, and half an answer fewer."""
    right, which = torch.tensor([True, True, True, False]), torch.tensor([0, 0, 3, 3])
    sums = 2 * (1 - 0.75), (1 - 0.75) + (0 - 0.75)
    assert by_characters(right, which) == pytest.approx((2 * (sums[0] ** 2 + sums[1] ** 2)) ** 0.5 / 4)
    assert by_characters(torch.ones(4, dtype=torch.bool), torch.tensor([0, 0, 1, 1])) == 0.0
    assert np.isnan(by_characters(torch.tensor([True, False]), torch.tensor([3, 3]))), "of one character none is known"


def test_the_plot_has_a_row_for_each_test():
    names = one_shot_tests.TESTS
    metrics = {name: np.array([0.9 + 0.01 * i]) for i, name in enumerate(names)}
    metrics |= {f"{name}_error": np.array([0.01]) for name in names} | {"step": np.array([1])}
    results = [runs.Result("one_shot_tests", runs.plain(Config(seed=seed)), metrics) for seed in (0, 1)]
    figure = one_shot_tests.plot(results)
    (ax,) = figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == list(names.values())
    lines = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == len(names)]
    assert len(lines) == 2 and all(np.allclose(x, [10, 9, 8, 7, 6]) for x in lines)
    plt.close(figure)
    with pytest.raises(InvalidInput, match="empty"):
        one_shot_tests.plot([])
