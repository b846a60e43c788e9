"""The maze experiment: it learns, stops whole when it diverges, goes on to the same numbers, and reports honestly."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from tlteach import runs
from tlteach.errors import Diverged, InvalidInput
from tlteach.experiments import maze
from tlteach.plasticity import parameter_count
from tlteach.tasks.maze import MazeTask

SMOKE = maze.Config.preset("smoke")


def test_the_published_numbers_of_parameters():
    """84,606 with plasticity at 200 units, 44,607 with one alpha, 44,605 without (A5)."""
    size = lambda **how: parameter_count(maze.build(replace(SMOKE, hidden=200, **how)))  # noqa: E731
    assert (size(network="plastic"), size(network="shared"), size(network="rnn")) == (84_606, 44_607, 44_605)
    for network in ("rnn_wide", "lstm"):
        assert 0.98 < size(network=network) / 84_606 <= 1


def test_where_the_authors_networks_start():
    layer = maze.build(maze.Config.preset("paper")).layer.requires_grad_(False)
    for p in (layer.weight, layer.alpha):
        assert p.min() >= 0 and 0.009 < p.max() <= 0.01 and p.mean() == pytest.approx(0.005, abs=1e-4)
    assert layer.eta.item() == pytest.approx(0.01)
    assert maze.build(replace(SMOKE, network="shared", alpha=0.3)).layer.alpha.item() == pytest.approx(0.3)


def test_it_learns_a_small_maze():
    config = replace(SMOKE, network="rnn", hidden=32, batch_size=32, episodes=32 * 100, record_every=20)
    config = replace(config, learning_rate=1e-2, decay="none", weight=0.1, spread="normal")
    rewards = [record.metrics["return"] for record in maze.train(config)]
    assert rewards[-1] > rewards[0] + 5


@pytest.mark.parametrize("network", maze.NETWORKS)
def test_it_goes_on_from_any_record_to_the_same_numbers(network):
    config = replace(SMOKE, network=network)
    whole = list(_walk(config))
    assert [row["episodes"] for row, _ in whole] == [16, 32, 48, 64, 80]
    for row, state in whole[1:4:2]:
        later = [again for again, _ in _walk(config, state)]
        expected = [again for again, _ in whole if again["episodes"] > row["episodes"]]
        for one, other in zip(later, expected, strict=True):
            assert _but_time(one) == pytest.approx(_but_time(other), rel=0, abs=0, nan_ok=True)


def _walk(config, checkpoint=None):
    for record in maze.train(config, checkpoint):
        state = record.checkpoint()
        state["network"] = {name: value.clone() for name, value in state["network"].items()}
        state["optimizer"] = torch.load(_saved(state["optimizer"]))
        yield record.metrics, state


def _saved(state):
    import io

    torch.save(state, buffer := io.BytesIO())
    buffer.seek(0)
    return buffer


def _but_time(row):
    return {name: value for name, value in row.items() if name != "cpu_seconds"}


def test_a_run_that_is_killed_goes_on(tmp_path):
    def kill(record):
        if record.step == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        maze.run(SMOKE, folder=tmp_path, progress=False, on_record=kill, checkpoint_seconds=0)
    resumed, whole = maze.run(SMOKE, folder=tmp_path, progress=False), maze.run(SMOKE, progress=False)
    for name in whole.metrics.keys() - {"cpu_seconds"}:
        np.testing.assert_array_equal(resumed.metrics[name], whole.metrics[name])
    for name, tensor in whole.tensors.items():
        assert (resumed.tensors[name] == tensor).all()


@pytest.mark.parametrize(
    ("every", "failing", "recorded", "kept"), [(2, 6, [2, 4], 4), (2, 5, [2, 4], 3), (4, 7, [4, 5], 5), (2, 1, [], 0)]
)
def test_divergence_stops_with_the_last_good_state(every, failing, recorded, kept, monkeypatch, tmp_path):
    """The network before the step that led to a loss that is not finite, though a record was made since."""
    real, calls, config = maze.actor_critic, itertools.count(1), replace(SMOKE, record_every=every)

    def faulty(*arguments):
        terms = real(*arguments)
        return terms._replace(policy=terms.policy * float("nan")) if next(calls) == failing else terms

    monkeypatch.setattr(maze, "actor_critic", faulty)
    with pytest.warns(UserWarning, match=f"loss became nan in update {failing}; .* of update {kept}.* Try a smaller"):
        result = maze.run(config, progress=False, folder=tmp_path)
    monkeypatch.undo()
    assert not result.provenance.complete and result.metrics.get("step", np.array([])).tolist() == recorded
    if recorded:
        steps = maze.train(replace(SMOKE, record_every=1))
        good = next(record.checkpoint() for record in steps if record.step == kept)["network"]
        for name, tensor in result.tensors.items():
            assert (tensor == good[name]).all()
        with pytest.raises(InvalidInput, match="stopped before its end"):
            runs.record(result, "broken")
    again, whole = maze.run(config, progress=False, folder=tmp_path), maze.run(config, progress=False)
    assert again.metrics["step"].tolist() == sorted({*recorded, *whole.metrics["step"].tolist()})
    for name, tensor in whole.tensors.items():  # the update that failed is made again, from the same draws
        assert (again.tensors[name] == tensor).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_network_that_is_kept_of_a_real_divergence_works(seed):
    """At this rate one step spoils the weights, and the next loss tells."""
    config = replace(SMOKE, learning_rate=300.0, clip_norm=None, decay="none", record_every=1, seed=seed)
    with pytest.warns(UserWarning, match="became"):
        result = maze.run(config, progress=False)
    lived = maze.test(maze.restore(result), config.task, 8)
    assert lived.hidden.isfinite().all()


def test_a_gradient_that_is_not_finite_is_no_step_without_clipping_either(monkeypatch):
    real = maze.actor_critic

    def infinite(*arguments):
        terms = real(*arguments)
        slope = 1e38 * (terms.policy - terms.policy.detach())  # worth 0, and steeper than any float
        return terms._replace(policy=terms.policy.detach() + 1e38 * slope)

    monkeypatch.setattr(maze, "actor_critic", infinite)
    with pytest.raises(Diverged, match="gradient's length became"):
        list(maze.train(replace(SMOKE, clip_norm=None)))


def test_divergence_is_raised_where_nothing_drives():
    config = replace(SMOKE, learning_rate=1e30, clip_norm=None, episodes=800)
    with pytest.raises(Diverged, match="in update"):
        list(maze.train(config))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (dict(network="gru"), "unknown network"),
        (dict(rule="modulated"), "unknown rule"),
        (dict(episodes=0), "episodes"),
        (dict(gamma=1.1), "gamma"),
        (dict(clip_norm=0.0), "clip_norm"),
        (dict(value_weight=-1.0), "value_weight"),
        (dict(penalty="none"), "penalty"),
    ],
)
def test_what_cannot_be_run_is_refused(changes, words):
    with pytest.raises(InvalidInput, match=words):
        replace(SMOKE, **changes)


@pytest.fixture(scope="module")
def results():
    return [maze.run(replace(SMOKE, network=n, seed=s), progress=False) for n in ("plastic", "rnn") for s in (0, 1)]


def test_a_result_gives_its_network_back(results, tmp_path):
    result = runs.Result.load(results[0].save(tmp_path / "x.safetensors"))
    network = maze.restore(result)
    assert all((value == result.tensors[name]).all() for name, value in network.state_dict().items())
    played = maze.test(network, SMOKE.task, 7)
    assert played.total.shape == (7,) and (played.total == maze.test(network, SMOKE.task, 7).total).all()
    with pytest.raises(InvalidInput, match="only curves"):
        maze.restore(replace(result, tensors={}))


def test_figure_and_table(results):
    figure = maze.plot(results, smooth=0.4)
    labels = [line.get_label() for line in figure.axes[0].lines]
    assert [label for label in labels if not label.startswith("_")] == [
        "plastic (2 seeds)",
        "RNN (no plasticity) (2 seeds)",
    ]
    (first, *_), _ = maze.table(results).rows
    ends = [maze.last(r) for r in results[:2]]
    assert maze.table(results).rows[0][5].startswith(f"{np.median(ends):.1f} (") and first == "plastic"
    another = replace(results[0], config=results[0].config | {"penalty_weight": 0.7})  # in a row of its own
    assert [row[4] for row in maze.table([*results, another]).rows] == ["2", "1", "2"]
    other = replace(results[0], config=results[0].config | {"task": {"size": 9}})
    with pytest.raises(InvalidInput, match="different mazes"):
        maze.plot([*results, other])
    with pytest.raises(InvalidInput, match="empty"):
        maze.table([])


def test_the_end_of_a_run_is_its_last_records():
    result = runs.Result("maze", {}, {"return": np.arange(100.0)})
    assert maze.last(result) == 97.0 and maze.last(result, share=0.001) == 99.0


def test_the_task_is_an_option_of_its_own():
    assert maze.Config.preset("smoke", task=MazeTask(size=7)).task.size == 7
    assert maze.run_name(maze.Config.preset("paper")) == "plastic-9x9-paper-hidden100-seed0"


@pytest.mark.parametrize("network", ["plastic", "rnn", "lstm", "retroactive"])
def test_an_episode_watched_is_one_that_could_have_been_acted(network):
    """The same activities and values as the whole sequence gives; cells that follow from the actions."""
    config = maze.Config.preset("smoke", network, alpha=0.5, eta=0.3, weight=0.3)
    task, policy = replace(config.task, episode_length=60), maze.build(config)
    seen = maze.watch(policy, task, goal=0, seed=1)
    assert seen.goal == 0 and seen.cell[0] == task.plan.start and seen.found.any()
    assert (seen.landed == task.plan.next_cell[seen.cell[:-1], seen.action]).all()
    assert (seen.cell[1:] == seen.landed)[~seen.found].all() and (seen.found == (seen.landed == 0)).all()
    rewards = 10.0 * seen.found - 0.1 * (seen.landed == seen.cell[:-1])
    np.testing.assert_allclose(seen.reward, rewards, atol=1e-6)
    before = [(0.0, None), *zip(rewards, seen.action, strict=True)][:-1]
    inputs = [task.observe(int(c), t, r, a) for t, (c, (r, a)) in enumerate(zip(seen.cell, before, strict=False))]
    chosen, value, state = policy(torch.tensor(np.stack(inputs))[:, None])
    np.testing.assert_allclose(seen.value, value[:, 0].detach(), atol=1e-4)
    np.testing.assert_allclose(seen.chance, chosen.probs[:, 0].detach(), atol=1e-4)
    if network == "plastic":
        assert (seen.trace[0] == 0).all() and seen.trace.shape == (60, 16, 16)
        _, earlier = policy.layer(torch.tensor(np.stack(inputs))[:59, None])
        np.testing.assert_allclose(seen.trace[59], earlier.trace[0].detach(), atol=1e-4)
    else:
        assert (seen.trace is None) == (network != "retroactive")


def test_those_who_are_watched_with_one_seed_are_put_down_in_the_same_cells():
    config = maze.Config.preset("smoke")
    task = replace(config.task, episode_length=200)
    episodes = [maze.watch(maze.build(replace(config, seed=s)), task, seed=3) for s in (0, 1)]
    downs = [episode.cell[1:][episode.found].tolist() for episode in episodes]
    n = min(map(len, downs))
    assert n > 2 and downs[0][:n] == downs[1][:n] and episodes[0].goal == episodes[1].goal
    assert not np.array_equal(episodes[0].action, episodes[1].action)
    with pytest.raises(InvalidInput, match="from 0 to 8"):
        maze.watch(maze.build(config), task, goal=9)
