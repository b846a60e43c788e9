"""Runs over seeds: the same numbers however they are spread, and what `tlteach run` keeps, records and says."""

import numpy as np
import pytest

from tlteach import cli, paths, runs, sweep
from tlteach.errors import InvalidInput, TlteachError
from tlteach.experiments import patterns

# A run of a few milliseconds, on the command line and as a configuration.
TINY = [
    "--preset",
    "smoke",
    "--quiet",
    "--episodes",
    "8",
    "--batch-size",
    "4",
    "--task.n-bits",
    "10",
    "--hidden-size",
    "11",
]


def configs(*seeds):
    task = patterns.PatternTask(n_bits=10)
    return [
        patterns.Config.preset("smoke", task=task, hidden_size=11, episodes=8, batch_size=4, seed=seed)
        for seed in seeds
    ]


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("TLTEACH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(runs, "recorded_folder", lambda: tmp_path / "recorded")
    return tmp_path


def curves(results):
    return [result.metrics["loss"] for result in results]


def test_the_same_seeds_give_the_same_results_alone_and_in_parallel():
    alone = sweep.sweep("patterns", configs(3, 4), [None, None], jobs=1, progress=False)
    together = sweep.sweep("patterns", configs(3, 4), [None, None], jobs=2, progress=False)
    np.testing.assert_array_equal(curves(alone), curves(together))
    assert not np.array_equal(*curves(alone))
    assert [result.config["seed"] for result in together] == [3, 4]


def test_a_cluster_gives_the_same_results():
    distributed = pytest.importorskip("distributed", reason="needs tlteach[cluster]")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        there = sweep.sweep(
            "patterns", configs(3, 4), [None, None], scheduler=cluster.scheduler_address, progress=False
        )
    np.testing.assert_array_equal(
        curves(there), curves(sweep.sweep("patterns", configs(3, 4), [None, None], progress=False))
    )


def test_what_cannot_be_done(monkeypatch):
    with pytest.raises(InvalidInput, match="jobs must be at least 1, got 0"):
        sweep.sweep("patterns", configs(0), [None], jobs=0)
    monkeypatch.setattr(sweep, "find_spec", lambda name: None)
    with pytest.raises(TlteachError, match=r"tlteach\[cluster\]"):
        sweep.sweep("patterns", configs(0), [None], scheduler="tcp://127.0.0.1:1")


def test_the_command_runs_keeps_records_and_draws(own_folders, capsys):
    figure = own_folders / "curves.svg"
    assert cli.main(["run", "patterns", *TINY, "--record", "--figure", str(figure), "--jobs", "1"]) == 0
    told = capsys.readouterr().out
    name = next(path.name for path in (paths.runs_folder() / "patterns").iterdir())
    assert name.startswith("smoke-plastic-10bits-11units-batch4-seed0-") and "hidden_size=11" in name and name in told
    assert figure.read_text().startswith("<?xml")
    (recorded,) = runs.recorded("patterns", "smoke-plastic-*").values()
    assert (recorded.config["episodes"], recorded.config["task"]["n_bits"], recorded.config["seed"]) == (8, 10, 0)
    np.testing.assert_allclose(
        recorded.metrics["loss"], patterns.run(configs(0)[0], progress=False).metrics["loss"], rtol=1e-6
    )


def test_options_reach_the_configuration(capsys):
    assert cli.main(["run", "patterns", *TINY, "--seeds", "5", "--network", "rnn", "--learning-rate", "0.5"]) == 0
    (folder,) = (paths.runs_folder() / "patterns").iterdir()
    config = runs.Result.load(folder / runs.RESULT).config
    assert (config["seed"], config["network"], config["learning_rate"]) == (5, "rnn", 0.5)


@pytest.mark.parametrize(
    "options, code, told",
    [
        (["--episodes", "0"], 1, "episodes must be at least 1"),
        (["--figure", "curves.doc"], 1, "could not save the figure to curves.doc"),
        (["--jobs", "0"], 1, "jobs must be at least 1"),
        (["--network", "transformer"], 2, "invalid choice"),
        (["--wings", "2"], 2, "unrecognized arguments"),
    ],
)
def test_wrong_options_are_named(options, code, told, capsys):
    try:
        assert cli.main(["run", "patterns", *TINY, *options]) == code
    except SystemExit as caught:
        assert caught.code == code
    assert told in capsys.readouterr().err
