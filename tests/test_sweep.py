"""Runs over seeds: the same numbers however they are spread, and what `tlteach run` keeps, records and says."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Literal

import numpy as np
import pytest
import torch

from tlteach import cli, paths, run, runs, sweep
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
    monkeypatch.setattr(paths, "recorded_folder", lambda: tmp_path / "recorded")
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


def test_runs_one_after_the_other_leave_torchs_threads_as_they_were():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        (result,) = sweep.sweep("patterns", configs(0), [None], jobs=1, progress=False)
        assert result.provenance.threads == 1 and torch.get_num_threads() == 2
        with pytest.raises(AttributeError):
            sweep.sweep("patterns", [None], [None], jobs=1, progress=False)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_workers_that_would_share_their_cpu_seconds_are_refused():
    distributed = pytest.importorskip("distributed", reason="needs tlteach[cluster]")
    told = r"\(2 threads\); start workers with `dask worker .* --nthreads 1`"
    here = distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None)
    with here as cluster, pytest.raises(TlteachError, match=told):
        sweep.sweep("patterns", configs(0), [None], scheduler=cluster.scheduler_address, progress=False)


def test_a_cluster_without_workers_is_named(monkeypatch):
    distributed = pytest.importorskip("distributed", reason="needs tlteach[cluster]")
    patient = distributed.Client.wait_for_workers
    monkeypatch.setattr(distributed.Client, "wait_for_workers", lambda self, n, timeout: patient(self, n, timeout=0.2))
    here = distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None)
    with here as cluster, pytest.raises(TlteachError, match="has no workers; start workers with"):
        sweep.sweep("patterns", configs(0), [None], scheduler=cluster.scheduler_address, progress=False)


def test_what_cannot_be_done(monkeypatch):
    with pytest.raises(InvalidInput, match="jobs must be at least 1, got 0"):
        sweep.sweep("patterns", configs(0), [None], jobs=0)
    monkeypatch.setattr(sweep, "find_spec", lambda name: None)
    with pytest.raises(TlteachError, match=r"tlteach\[cluster\]"):
        sweep.sweep("patterns", configs(0), [None], scheduler="tcp://127.0.0.1:1")


NAME = "plastic-10bits-11units-batch4-seed0"


def test_the_command_runs_keeps_records_and_draws(own_folders, capsys):
    figure = own_folders / "curves.svg"
    assert cli.main(["run", "patterns", *TINY, "--record", "--figure", str(figure), "--jobs", "1"]) == 0
    told = capsys.readouterr().out
    (folder,) = (paths.runs_folder() / "patterns").iterdir()
    assert folder.name == f"smoke-{NAME}-{runs.fingerprint(configs(0)[0])}" and folder.name in told
    assert figure.read_text().startswith("<?xml")
    ((name, recorded),) = runs.recorded("patterns").items()
    assert name == f"smoke-{NAME}"
    assert (recorded.config["episodes"], recorded.config["task"]["n_bits"], recorded.config["seed"]) == (8, 10, 0)
    np.testing.assert_allclose(
        recorded.metrics["loss"], patterns.run(configs(0)[0], progress=False).metrics["loss"], rtol=1e-6
    )


def test_no_two_configurations_share_a_folder_or_a_recorded_run(capsys):
    run = ["run", "patterns", *TINY, "--jobs", "1"]
    assert cli.main([*run, "--record"]) == 0
    assert cli.main([*run, "--record", "--learning-rate", "0.5"]) == 1  # the name does not tell the rate
    assert f"smoke-{NAME} is the recorded run of another configuration" in capsys.readouterr().err
    assert cli.main([*run, "--learning-rate", "0.5", "--record", "fast"]) == 0
    assert cli.main([*run, "--record"]) == 0  # found again, not run again
    assert {name: run.config["learning_rate"] for name, run in runs.recorded("patterns").items()} == {
        f"fast-{NAME}": 0.5,
        f"smoke-{NAME}": 3e-3,
    }
    assert len(list((paths.runs_folder() / "patterns").iterdir())) == 2


def test_an_experiment_says_what_it_ships(monkeypatch, capsys):
    chosen = dict(points=2, tensors=("layer.alpha",), tensor_bytes=1000)
    monkeypatch.setattr(patterns, "RECORD", chosen, raising=False)
    assert cli.main(["run", "patterns", *TINY, "--record", "--record-every", "1", "--episodes", "40"]) == 0
    (recorded,) = runs.recorded("patterns").values()
    assert list(recorded.tensors) == ["layer.alpha"] and len(recorded.metrics["step"]) == 2


@dataclass(frozen=True)
class Config:
    """A configuration that no other experiment has.

    depth: how deep.
    seed: of everything.
    """

    depth: int = 1
    rate: float = 0.1
    task: patterns.PatternTask = patterns.PatternTask()
    seed: int = 0

    @classmethod
    def preset(cls, preset: str, depth: int = 1, *, speed: Literal["slow", "fast"] = "slow", **changes) -> "Config":
        """One."""
        rate, task = {"slow": 0.1, "fast": 10.0}[speed], patterns.PatternTask(n_bits=10 * depth)
        return cls(**(dict(depth=depth, rate=rate, task=task) | changes))


def test_what_a_preset_takes_by_name_is_an_option():
    module = SimpleNamespace(__doc__="An experiment.", PRESETS=("lesson",), Config=Config)
    parser = run._parser("other", module)

    def configure(*options):
        values = vars(parser.parse_args(options))
        given = {name: values[name] for name in ("depth", "rate", "speed", "task.n_patterns") if name in values}
        return run._config(Config, "lesson", given, seed=7)

    assert configure() == Config(task=patterns.PatternTask(n_bits=10), seed=7)
    assert configure("--depth", "3", "--speed", "fast", "--task.n-patterns", "5") == Config(
        3, 10.0, patterns.PatternTask(n_bits=30, n_patterns=5), 7
    )
    assert configure("--speed", "fast", "--rate", "2").rate == 2
    with pytest.raises(SystemExit):
        parser.parse_args(["--speed", "medium"])
    assert "how deep" in parser.format_help()


def test_options_reach_the_configuration(capsys):
    assert cli.main(["run", "patterns", *TINY, "--seeds", "5", "--network", "rnn", "--learning-rate", "0.5"]) == 0
    (folder,) = (paths.runs_folder() / "patterns").iterdir()
    config = runs.Result.load(folder / runs.RESULT).config
    assert (config["seed"], config["network"], config["learning_rate"]) == (5, "rnn", 0.5)


@pytest.mark.parametrize(
    "options, code, told",
    [
        (["--episodes", "0"], 1, "episodes must be a whole number of at least 1, got 0"),
        (["--figure", "curves.doc"], 1, "could not save the figure to curves.doc"),
        (["--jobs", "0"], 1, "jobs must be at least 1"),
        (["--seeds", "1", "2", "1"], 1, "each seed makes one run, got 1 2 1"),
        (["--record", "../elsewhere"], 2, "is no part of a file name"),
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
