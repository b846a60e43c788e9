"""The pattern experiment: configurations, training that resumes, and what it reports."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tlteach import runs
from tlteach.errors import Diverged, InvalidInput
from tlteach.experiments import load, names, patterns
from tlteach.experiments._pattern_network import ABLATIONS
from tlteach.plasticity import parameter_count
from tlteach.tasks.patterns import PatternTask


def smoke(network="plastic", **changes):
    return patterns.Config.preset("smoke", network, **changes)


def run(config, **how):
    return patterns.run(config, progress=False, **how)


@pytest.mark.parametrize("network", patterns.NETWORKS)
def test_every_network_runs_and_repeats_itself(network):
    one, two = run(smoke(network)), run(smoke(network))
    assert one.metrics["episodes"][-1] == 320
    np.testing.assert_array_equal(one.metrics["loss"], two.metrics["loss"])
    assert not np.array_equal(one.metrics["loss"], run(smoke(network, seed=1)).metrics["loss"])
    again = patterns.restore(one)
    assert {k: v.shape for k, v in again.state_dict().items()} == {k: v.shape for k, v in one.tensors.items()}


def test_the_paper_networks_have_the_paper_sizes():
    def count(network, **changes):
        with torch.device("meta"):
            return parameter_count(patterns.build(patterns.Config.preset("paper", network, **changes)))

    assert count("plastic", bits=1000) == 2_004_002 + 1
    assert count("plastic") == 5_203
    assert count("rnn") == 4_206_601
    assert count("lstm_clamped") == 16_416_000


def test_training_learns_to_remember():
    """200 updates halve the error of an untrained network, which is at chance."""
    result = run(patterns.Config.preset("lesson", episodes=6400, stop_below=None))
    assert abs(result.metrics["error"][0] - 0.25) < 0.05
    assert result.metrics["running_error"][-1] < 0.125


def test_a_loss_that_is_not_finite_stops_after_the_last_good_state(monkeypatch):
    real, calls = patterns.episode_loss, []

    def poisoned(output, episode):
        calls.append(1)
        return real(output, episode) * (torch.nan if len(calls) == 4 else 1)

    monkeypatch.setattr(patterns, "episode_loss", poisoned)
    seen, finite = [], []
    with pytest.raises(Diverged, match="loss became nan in update 4"):
        for record in patterns.train(smoke(record_every=2)):
            seen.append(record.step)
            finite.append(all(value.isfinite().all() for value in record.checkpoint()["network"].values()))
    assert seen == [2] and all(finite)


def test_what_follows_a_divergence_has_the_same_running_error(monkeypatch, tmp_path):
    real, calls, config = patterns.episode_loss, [], smoke(window=1000)

    def poisoned(output, episode):
        calls.append(1)
        return real(output, episode) * (torch.nan if len(calls) == 6 else 1)

    monkeypatch.setattr(patterns, "episode_loss", poisoned)
    with pytest.warns(UserWarning, match="became nan in update 6"):
        run(config, folder=tmp_path)
    monkeypatch.undo()
    again, whole = run(config, folder=tmp_path), run(config)
    shared = np.isin(again.metrics["step"], whole.metrics["step"])
    np.testing.assert_array_equal(again.metrics["running_error"][shared], whole.metrics["running_error"])


def test_a_killed_run_resumes_to_the_same_numbers(tmp_path):
    whole = run(smoke())

    class Killed(BaseException):
        pass

    def kill(record):
        if record.step >= 6:
            raise Killed

    with pytest.raises(Killed):
        run(smoke(), folder=tmp_path, on_record=kill, checkpoint_seconds=0.0)
    resumed = run(smoke(), folder=tmp_path)
    for name in ("step", "loss", "error", "running_error"):
        np.testing.assert_array_equal(resumed.metrics[name], whole.metrics[name])
    for name, tensor in whole.tensors.items():
        assert torch.equal(resumed.tensors[name], tensor)


def test_the_running_error_covers_the_window():
    metrics = run(smoke(batch_size=10, window=30, episodes=100, record_every=1)).metrics
    expected = [metrics["error"][max(0, i - 2) : i + 1].mean() for i in range(10)]
    np.testing.assert_allclose(metrics["running_error"], expected)


def test_training_stops_at_its_budget_or_its_goal():
    assert run(smoke(stop_below=0.5, episodes=3200)).metrics["episodes"][-1] == 64  # chance is below 0.5
    assert run(smoke(episodes=10**9, cpu_seconds=0.2)).metrics["cpu_seconds"][-1] < 1.0


def test_a_given_bit_is_all_but_fixed_and_zero_bits_are_free():
    task = PatternTask()
    episode = task.sample(4, torch.Generator().manual_seed(0))
    for network in ("plastic", "shared", "rnn", "lstm"):
        output = patterns.build(smoke(network))(episode.inputs)
        given = ~episode.erased
        assert torch.equal(output[-1][given].sign(), episode.targets[given])
        assert output.shape == episode.inputs.shape


def hand_unrolled(network, inputs):
    """Equations 1 and 2 with a drive of 20, one episode, in numpy."""
    w, a = (p.detach().double().numpy() for p in (network.layer.weight, network.layer.alpha))
    eta = network.layer.eta.item()
    x, hebb = np.zeros(len(w)), np.zeros_like(w)
    for bits in inputs.double().numpy():
        drive = 20 * np.concatenate([bits, np.zeros(len(w) - len(bits) - 1), [1.0]])
        y = np.tanh(x @ (w + a * hebb) + drive)
        hebb = eta * np.outer(x, y) + (1 - eta) * hebb
        x = y
    return x[: inputs.shape[-1]]


@pytest.mark.parametrize("hidden_size", [51, 60])
def test_the_network_is_the_paper_equations(hidden_size):
    torch.manual_seed(0)
    network = patterns.build(smoke(hidden_size=hidden_size))
    torch.nn.init.normal_(network.layer.alpha, std=1.0), torch.nn.init.constant_(network.layer.eta, 0.3)
    episode = PatternTask().sample(1, torch.Generator().manual_seed(1))
    output = network(episode.inputs)[-1, 0].detach()
    np.testing.assert_allclose(output, hand_unrolled(network, episode.inputs[:, 0]), atol=2e-4)


def test_the_loss_is_summed_over_bits_and_averaged_over_episodes():
    episode = PatternTask(n_bits=4).sample(2, torch.Generator().manual_seed(0))
    output = torch.zeros(11, 2, 4)
    output[-1, 0] = -episode.targets[0]
    assert patterns.episode_loss(output, episode).item() == (4 * 4 + 4 * 1) / 2


@pytest.fixture(scope="module")
def trained():
    return patterns.restore(run(patterns.Config.preset("lesson", episodes=9600, stop_below=None)))


def test_the_memory_is_in_the_trace(trained):
    """Without plasticity the trained network is near chance; with the trace frozen at the cue it still remembers."""
    task = PatternTask()

    def error(network):
        return patterns.evaluate(network, task, 1000, torch.Generator().manual_seed(0)).mean()

    errors = {what: error(patterns.ablate(trained, what, task)) for what in ABLATIONS}
    assert error(trained) < 0.1 and errors["frozen trace"] < 0.1
    assert errors["no plasticity"] > 0.15


def test_frozen_trace_is_no_longer_updated(trained):
    """The hand-made version: run up to the cue, then equation 1 alone with the trace of that moment."""
    task = PatternTask()
    episode = task.sample(2, torch.Generator().manual_seed(3))
    layer = trained.layer
    with torch.no_grad():
        _, (x, hebb) = layer(trained.drive(episode.inputs[: task.test_start]))
        for drive in trained.drive(episode.inputs[task.test_start :]):
            x = torch.tanh(torch.einsum("bi,bij->bj", x, layer.weight + layer.alpha * hebb) + drive)
        output = patterns.ablate(trained, "frozen trace", task)(episode.inputs)
    torch.testing.assert_close(output[-1], x[:, :50], atol=1e-5, rtol=1e-4)


def test_ablations_leave_the_network_alone(trained):
    before = {k: v.clone() for k, v in trained.state_dict().items()}
    for what in ABLATIONS:
        patterns.ablate(trained, what, PatternTask())
    assert all(torch.equal(before[k], v) for k, v in trained.state_dict().items())
    with pytest.raises(InvalidInput, match="frozen trace, shared alpha, no plasticity"):
        patterns.ablate(trained, "frozen", PatternTask())
    with pytest.raises(InvalidInput, match="plastic"):
        patterns.ablate(patterns.build(smoke("rnn")), "shared alpha", PatternTask())


@pytest.mark.parametrize(
    "changes",
    [
        *(
            dict(network="gru"),
            dict(hidden_size=50),
            dict(batch_size=0),
            dict(learning_rate=0.0),
            dict(cpu_seconds=-1.0),
        ),
        *(dict(batch_size=8.0), dict(episodes=True), dict(hidden_size=51.0), dict(window=None), dict(seed=0.5)),
        *(dict(learning_rate=float("nan")), dict(stop_below=True), dict(learning_rate="fast")),
    ],
)
def test_impossible_configurations_are_refused(changes):
    (name,) = changes
    with pytest.raises(InvalidInput, match=name):
        patterns.Config(**changes)


def test_unknown_presets_networks_sizes_and_experiments_are_named():
    with pytest.raises(InvalidInput, match="'smoke', 'lesson', 'compare', 'paper'"):
        patterns.Config.preset("huge")
    with pytest.raises(InvalidInput, match="'plastic', 'shared', 'rnn'"):
        patterns.Config.preset("smoke", "plastc")
    with pytest.raises(InvalidInput, match="50 and 1000"):
        patterns.Config.preset("smoke", bits=100)
    assert "patterns" in names()
    with pytest.raises(InvalidInput, match="Did you mean 'patterns'"):
        load("paterns")


def curve(network, seed, episodes, errors, **changes):
    metrics = {"step": episodes, "episodes": episodes, "running_error": errors, "cpu_seconds": episodes}
    config = runs.plain(replace(smoke(network, seed=seed, **changes), window=10))
    return runs.Result("patterns", config, {k: np.array(v, float) for k, v in metrics.items()})


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path):
    with pytest.warns(UserWarning, match="loss became nan .* Try a smaller learning rate"):
        result = patterns.run(patterns.Config.preset("smoke", learning_rate=1e30), progress=False)
    assert not result.provenance.complete


def solved(network, *episodes, **changes):
    """Seeds that got there after so many episodes; negative ones spent as many in vain."""
    errors = {True: [0.2, 0.009], False: [0.2, 0.1]}
    return [curve(network, s, [1, abs(n)], errors[n > 0], **changes) for s, n in enumerate(episodes)]


def rows(*groups):
    table = patterns.table([result for group in groups for result in group])
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_the_table_counts_what_was_solved_and_calls_a_bound_a_bound():
    dips = [curve("plastic", s, [5, 10, 20, 30], [0.001, 0.2, 0.009, 0.2]) for s in (0, 1)]
    assert patterns.solved_after(dips[0], 0.01) == 20  # 5 is before the window is full
    plastic, lstm = rows(dips, solved("lstm", -100, 200))
    assert (plastic["seeds that got there"], plastic["episodes, median (range)"]) == ("2 of 2", "20 (20 to 20)")
    assert lstm["seeds that got there"] == "1 of 2"
    assert lstm["episodes, median (range)"] == "more than 150 (100 to 200)"
    assert lstm["CPU seconds, median"] == "more than 150.0"
    assert lstm["episodes : first row"] == "more than 7.5"


def test_a_seed_that_stopped_early_makes_the_median_a_bound():
    plastic, lstm = rows(solved("plastic", 20), solved("lstm", 100, -50, 60))
    assert lstm["episodes, median (range)"] == "more than 60 (50 to 100)"  # the second needs more than 50: 60 to 100
    assert (lstm["CPU seconds, median"], lstm["episodes : first row"]) == ("more than 60.0", "more than 3.0")


def test_against_a_first_row_that_never_got_there_is_no_ratio():
    rnn, lstm = rows(solved("rnn", -100), solved("lstm", 300))
    assert rnn["episodes, median (range)"] == "more than 100 (100 to 100)"
    assert (rnn["episodes : first row"], lstm["episodes : first row"]) == ("\u2013", "\u2013")


def test_runs_of_different_tasks_are_not_one_setting():
    easy = PatternTask(n_bits=10)
    one, other = rows(solved("plastic", 20) + solved("plastic", 80, task=easy))
    assert (one["patterns"], other["patterns"]) == ("2 of 50 bits", "2 of 10 bits")
    assert (one["episodes : first row"], other["episodes : first row"]) == ("1.0", "4.0")


def test_plots_need_something_to_plot():
    with pytest.raises(InvalidInput, match="empty"):
        patterns.plot([])
