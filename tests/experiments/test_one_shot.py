"""The one-shot experiment: honest tests, training that resumes and learns, and what it reports."""

import math
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from tlteach import data, runs
from tlteach.errors import InvalidInput
from tlteach.experiments import one_shot
from tlteach.experiments._one_shot_network import OneShotNetwork
from tlteach.tasks import one_shot as task_module
from tlteach.tasks.one_shot import OneShotTask

N_CHARACTERS, HELD_OUT = 46, 8


def blobs(seed=0, n_drawings=3):
    """Characters that are easy to tell apart: a coarse random pattern, of which each drawing shows one half."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((N_CHARACTERS, 1, 6, 6)) < 0.5
    images = np.kron(coarse, np.ones((6, 6)))[:, :, :31, :31] * 255 + rng.normal(
        0, 40, (N_CHARACTERS, n_drawings, 31, 31)
    )
    first = rng.integers(0, 16, (N_CHARACTERS, n_drawings, 1, 1))
    shown = (np.arange(31) >= first) & (np.arange(31) < first + 15)  # 15 columns; stripes elsewhere
    stripes = 255 * rng.integers(0, 2, (N_CHARACTERS, n_drawings, 31, 1))
    return np.where(shown, images.clip(0, 255), stripes).astype(np.uint8)


def as_characters(images):
    names = tuple(f"Blobs/character{i:02}" for i in range(len(images)))
    return data.Characters(images, ("Blobs",) * len(images), names, "blobs of a test", real=False)


@pytest.fixture
def drawings(monkeypatch):
    """Blobs in the place of every source, 8 characters held out for each purpose; a test may write into them."""
    images = blobs()
    monkeypatch.setattr(one_shot, "characters", lambda source: as_characters(images))
    small = dict(n_test=HELD_OUT, n_validation=HELD_OUT)
    monkeypatch.setattr(one_shot, "split", partial(task_module.split, **small))
    monkeypatch.setattr(one_shot, "paper_split", partial(task_module.paper_split, n_test=HELD_OUT))
    return images


def tiny(network="plastic", **changes):
    settings = dict(pool_characters=6, pool_drawings=3, pool_episodes=8, updates=6, record_every=2)
    return one_shot.Config(network=network, **(settings | dict(validation_episodes=50, test_episodes=50) | changes))


def run(config, **how):
    return one_shot.run(config, progress=False, **how)


# Tests of a network


def test_without_plasticity_accuracy_is_chance(drawings):
    """What was shown has no say, so not even training helps."""
    network = one_shot.build(tiny("none"))
    shots, query = torch.rand(4, 5, 1, 64), torch.rand(4, 64)
    assert torch.equal(network.logits(shots, query), network.logits(torch.rand(4, 5, 1, 64), query))
    config = tiny("none", updates=20, pool_episodes=64, test_episodes=4000, learning_rate=1e-2)
    assert abs(run(config).metrics["test_accuracy"][-1] - 0.2) < 5 * (0.2 * 0.8 / 4000) ** 0.5


@pytest.mark.parametrize(("protocol", "repeats"), [("honest", False), ("paper", True)])
def test_who_is_tested_and_how(drawings, monkeypatch, protocol, repeats):
    asked, evaluate = [], one_shot.evaluate
    monkeypatch.setattr(
        one_shot,
        "evaluate",
        lambda network, task, images, *rest: asked.append((task, images)) or evaluate(network, task, images, *rest),
    )
    config = tiny(protocol=protocol, seed=4)
    network = one_shot.build(config)
    assert one_shot.test(network, config, 30).shape == (30,)
    assert one_shot.test(network, config, 40, task=OneShotTask(n_shots=2)).shape == (40,)
    if protocol == "honest":
        held_out = task_module.split(as_characters(drawings).names, HELD_OUT, HELD_OUT).test
    else:
        held_out = torch.randperm(N_CHARACTERS, generator=torch.Generator().manual_seed(4))[-HELD_OUT:].sort().values
    for _, images in asked:
        torch.testing.assert_close(images, torch.from_numpy(drawings[held_out.numpy()].astype(np.float32) / 255))
    assert [task for task, _ in asked] == [OneShotTask(query_may_repeat=repeats), OneShotTask(n_shots=2)]


def test_a_network_is_tested_in_as_many_ways_as_it_has(drawings):
    config = tiny()
    network = one_shot.build(config)
    for n_ways in (3, 20):
        with pytest.raises(InvalidInput, match=f"network of 5 ways cannot be asked {n_ways}-way episodes"):
            one_shot.test(network, config, task=OneShotTask(n_ways))


@pytest.mark.parametrize("episodes", [0, -1, 2.0])
def test_a_test_of_no_episodes_is_refused(drawings, episodes):
    config = tiny()
    with pytest.raises(InvalidInput, match="episodes must be a whole number of at least 1"):
        one_shot.test(one_shot.build(config), config, episodes)


# Training


@pytest.mark.parametrize("network", one_shot.NETWORKS)
def test_every_network_runs_and_repeats_itself(network, drawings):
    one, two = run(tiny(network)), run(tiny(network))
    assert one.metrics["episodes"].tolist() == [16, 32, 48]
    for name in ("loss", "accuracy", "validation_accuracy", "test_accuracy", "eta"):
        np.testing.assert_array_equal(one.metrics[name], two.metrics[name])
    assert np.isnan(one.metrics["test_accuracy"]).tolist() == [True, True, False]
    assert not np.array_equal(one.metrics["loss"], run(tiny(network, seed=1)).metrics["loss"])
    assert one.provenance.data == "blobs of a test"


@pytest.mark.parametrize("protocol", ["honest", "paper"])
def test_training_never_sees_a_character_that_is_held_out(drawings, protocol):
    """Other drawings of validation and test characters change what is measured on them, and nothing else."""
    config = tiny(protocol=protocol, record_every=1, validation_episodes=300, test_episodes=300)
    one, before = run(config), drawings.copy()
    _, validation, test = one_shot.parts(config)
    held_out = torch.cat([validation, test]).unique().numpy()
    assert len(held_out) == (2 * HELD_OUT if protocol == "honest" else HELD_OUT)
    drawings[held_out] = blobs(seed=1)[held_out]
    two = run(config)
    for name in ("loss", "accuracy", "eta"):
        np.testing.assert_array_equal(one.metrics[name], two.metrics[name])
    assert all(torch.equal(one.tensors[name], two.tensors[name]) for name in one.tensors)
    assert not np.array_equal(one.metrics["validation_accuracy"], two.metrics["validation_accuracy"])
    assert one.metrics["test_accuracy"][-1] != two.metrics["test_accuracy"][-1]
    drawings[:] = before
    drawings[np.setdiff1d(np.arange(N_CHARACTERS), held_out)] = 255
    assert not np.array_equal(one.metrics["loss"], run(config).metrics["loss"])


def test_what_is_embedded_in_training_are_whole_turns_of_training_drawings(drawings, monkeypatch):
    """A pool of different characters, each in different drawings under one rotation of its own."""
    seen, embed = [], OneShotNetwork.embed
    monkeypatch.setattr(one_shot, "evaluate", lambda *_: torch.ones(1))
    monkeypatch.setattr(OneShotNetwork, "embed", lambda self, images: seen.append(images) or embed(self, images))
    config = tiny(updates=8, pool_drawings=2, distortion=0.0)
    run(config)
    known = {}
    for c in one_shot.parts(config).train.tolist():
        for d, drawing in enumerate(drawings[c].astype(np.float32) / np.float32(255)):
            known |= {np.rot90(drawing, turns).tobytes(): (c, d, turns) for turns in range(4)}
    turns_seen = set()
    for images in seen:
        pool = np.array([known[image.numpy().tobytes()] for image in images]).reshape(6, 2, 3)
        assert (pool[:, 0, 0] == pool[:, 1, 0]).all() and len(set(pool[:, 0, 0])) == 6
        assert (pool[:, 0, 1] != pool[:, 1, 1]).all()
        assert (pool[:, 0, 2] == pool[:, 1, 2]).all()
        turns_seen |= set(pool[:, 0, 2].tolist())
    assert len(seen) == 8 and turns_seen == {0, 1, 2, 3}


def test_distortion_is_for_training_alone(drawings, monkeypatch):
    amounts, distort = [], one_shot.distort
    monkeypatch.setattr(one_shot, "distort", lambda images, a, g: amounts.append(a) or distort(images, a, g))
    run(tiny(distortion=0.0))
    assert amounts == []
    run(tiny(distortion=0.5))
    assert amounts == [0.5] * 6


@pytest.mark.parametrize("decay", ["cosine", "steps"])
def test_a_killed_run_resumes_to_the_same_numbers(drawings, tmp_path, decay):
    config = tiny(updates=10, decay=decay, learning_rate=1e-2)
    whole = run(config)

    class Killed(BaseException):
        pass

    def kill(record):
        if record.step >= 6:
            raise Killed

    with pytest.raises(Killed):
        run(config, folder=tmp_path, on_record=kill, checkpoint_seconds=0.0)
    resumed = run(config, folder=tmp_path)
    for name in ("step", "loss", "accuracy", "validation_accuracy", "test_accuracy", "eta"):
        np.testing.assert_array_equal(resumed.metrics[name], whole.metrics[name])
    for name, tensor in whole.tensors.items():
        assert torch.equal(resumed.tensors[name], tensor)


@pytest.mark.parametrize(
    ("decay", "expected"),
    [
        ("steps", [1, 1, 0.666, 0.666, 0.666**2, 0.666**2, 0.666**3, 0.666**3, 0.666**4, 0.666**4]),
        ("cosine", [0.5 * (1 + math.cos(math.pi * s / 10)) * (s + 1) / 50 for s in range(10)]),
    ],
)
def test_the_learning_rate_of_every_update(drawings, monkeypatch, decay, expected):
    """The authors multiply by .666 five times in a run; ours falls as a cosine, after a start of 50 updates."""
    used, step = [], torch.optim.Adam.step
    monkeypatch.setattr(
        torch.optim.Adam, "step", lambda self, *a: used.append(self.param_groups[0]["lr"]) or step(self, *a)
    )
    run(tiny(updates=10, decay=decay, learning_rate=0.5))
    assert used == pytest.approx([0.5 * rate for rate in expected])


def test_training_learns_characters_it_never_saw(drawings):
    """60 updates, from nearly nothing (a random embedding is not blind) to far above chance."""
    config = tiny(
        pool_characters=16, pool_episodes=128, distortion=0.0, updates=60, record_every=60, test_episodes=2000
    )
    untrained = one_shot.test(one_shot.build(config), config, 2000).float().mean()
    trained = run(config).metrics["test_accuracy"][-1]
    assert untrained < 0.5 and trained > 0.65 and trained > untrained + 0.2


def test_a_run_is_restored_whole_or_not_at_all(drawings):
    config = tiny("shared", task=OneShotTask(3, 2), precision="bfloat16")
    result = run(config)
    network = one_shot.restore(result)
    assert all(torch.equal(tensor, result.tensors[name]) for name, tensor in network.state_dict().items())
    assert network.dtype == torch.float32 and network.readout.out_features == 3
    result.tensors.clear()
    with pytest.raises(InvalidInput, match="only curves"):
        one_shot.restore(result)


# What cannot be done


@pytest.mark.parametrize(
    "changes",
    [
        *(dict(network="lstm"), dict(data="mnist"), dict(protocol="fair"), dict(loss="hinge"), dict(decay="linear")),
        *(dict(precision="float16"), dict(pool_characters=4), dict(pool_drawings=1), dict(pool_episodes=0)),
        *(dict(distortion=1.5), dict(learning_rate=-1.0), dict(gain=0.0), dict(eta=float("inf")), dict(seed=0.5)),
        *(dict(updates=True), dict(record_every=0), dict(validation_episodes=0), dict(test_episodes=None)),
    ],
)
def test_impossible_configurations_are_refused(changes):
    (name,) = changes
    with pytest.raises(InvalidInput, match=name):
        one_shot.Config(**changes)


def test_pools_larger_than_the_data_are_refused(drawings):
    with pytest.raises(InvalidInput, match="pool of 31 characters in 3 drawings each cannot be taken from 30 in 3"):
        run(tiny(pool_characters=31))
    with pytest.raises(InvalidInput, match="pool of 6 characters in 4 drawings"):
        run(tiny(pool_drawings=4))


def test_runs_that_differ_in_task_protocol_or_seed_have_names_that_differ():
    configs = [
        tiny(),
        tiny(task=OneShotTask(4)),
        tiny(task=OneShotTask(5, 5), pool_drawings=6),
        tiny(protocol="paper"),
    ]
    configs += [tiny("shared"), tiny("none"), tiny(data="omniglot"), tiny(seed=1)]
    assert len({one_shot.run_name(config) for config in configs}) == len(configs)


# Reports


@pytest.mark.parametrize(("n_right", "n"), [(0, 10), (10, 10), (5, 10), (850, 1000), (9830, 10_000)])
def test_the_interval_reaches_both_ends_of_wilsons(n_right, n):
    """Wilson's ends are the shares that lie 1.96 of their own standard errors away from what was measured."""
    p, half = one_shot.interval(np.arange(n) < n_right)
    assert p == n_right / n
    grid = np.linspace(0, 1, 1_000_001)
    inside = grid[np.abs(grid - p) <= 1.96 * np.sqrt(grid * (1 - grid) / n)]
    assert half == pytest.approx(max(p - inside.min(), inside.max() - p), abs=2e-6)


@pytest.mark.parametrize(("share", "n"), [(0.0, 10), (1.0, 10), (0.85, 1000), (0.983, 10_000)])
def test_each_end_is_wilsons(share, n):
    low, high = one_shot.wilson(share, n)
    grid = np.linspace(0, 1, 1_000_001)
    inside = grid[np.abs(grid - share) <= 1.96 * np.sqrt(grid * (1 - grid) / n) + 1e-12]
    assert (low, high) == pytest.approx((inside.min(), inside.max()), abs=2e-6)
    if share > 0.5:
        assert high - share < share - low, "near 1 it reaches less far up than down"


def test_the_interval_of_nothing_is_refused():
    with pytest.raises(InvalidInput, match="at least one episode"):
        one_shot.interval(np.array([]))


def curve(network, seed):
    metrics = {
        "step": range(4),
        "episodes": range(4),
        "cpu_seconds": range(4),
        "validation_accuracy": [0.2, 0.4, 0.6, 0.8],
    }
    config = runs.plain(one_shot.Config(network=network, seed=seed))
    return runs.Result("one_shot", config, {k: np.array(v, float) for k, v in metrics.items()})


def test_the_plot_has_a_line_for_each_network_and_chance():
    figure = one_shot.plot([curve("plastic", 0), curve("plastic", 1), curve("none", 0)])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["plastic (2 seeds)", "no plasticity (1 seed)"]
    drawn = [tuple(np.round(line.get_ydata(), 6)) for line in figure.axes[0].lines]
    assert drawn.count((0.8, 0.6, 0.4, 0.2)) == 2  # shares of wrong answers, one line a network
    assert (0.8, 0.8) in drawn  # chance
    plt.close(figure)
    with pytest.raises(InvalidInput, match="empty"):
        one_shot.plot([])


@pytest.mark.parametrize("accuracy", [[0.5, 0.9, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])
def test_the_plot_shows_a_run_without_any_wrong_answer(accuracy):
    """An error of 0 has no place on a logarithmic axis: half an episode of those asked stands for it."""
    one = curve("plastic", 0)
    one.metrics["validation_accuracy"] = np.array(accuracy)
    figure = one_shot.plot(one)
    figure.canvas.draw()
    least = 0.5 / one.config["validation_episodes"]
    drawn = next(line.get_ydata() for line in figure.axes[0].lines if len(line.get_ydata()) == 4)
    np.testing.assert_allclose(drawn, [max(1 - share, least) for share in accuracy])
    bottom, top = figure.axes[0].get_ylim()
    assert 0 < bottom <= least and 0.8 <= top <= 1.5
    plt.close(figure)
