"""What is shipped as evidence: every recorded run can be read, is whole, and says where it comes from."""

from dataclasses import is_dataclass
from typing import get_type_hints

import pytest

from tlteach import experiments, runs
from tlteach.experiments import patterns
from tlteach.paths import recorded_folder

FILES = sorted(recorded_folder().glob("*/*.safetensors"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recorded_run_is_whole_and_tells_its_origin(path):
    result = runs.Result.load(path)
    where = result.provenance
    assert result.experiment == path.parent.name and result.experiment in experiments.names()
    assert where.complete and where.version and where.machine and where.wall_seconds > 0
    assert where.commit and not where.commit.endswith("+"), "recorded from a changed checkout"
    assert where.seed == result.config["seed"]
    assert path.stat().st_size < 2_000_000


def rebuilt(config, stored):
    """The dataclass `config` with the values of a plain dict."""
    hints = get_type_hints(config)
    nested = {name: hints[name] for name in stored if is_dataclass(hints[name])}
    return config(**(stored | {name: rebuilt(kind, stored[name]) for name, kind in nested.items()}))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recorded_run_is_called_what_the_command_calls_it(path):
    """`tlteach run --record [LABEL]` gives LABEL-run_name: nobody renames files by hand."""
    module = experiments.load(path.parent.name)
    label, named, rest = path.stem.partition(module.run_name(rebuilt(module.Config, runs.Result.load(path).config)))
    assert named and label.endswith("-") and not rest


def test_the_comparison_is_fair():
    """Five seeds a network, the same batch, the same budget, none of them the seed that was used for tuning."""
    groups = {}
    for result in runs.recorded("patterns", "compare-*").values():
        groups.setdefault(result.config["network"], []).append(result.config)
    assert set(groups) == {"plastic", "shared", "rnn", "lstm"}
    for configs in groups.values():
        assert sorted(config["seed"] for config in configs) == [0, 1, 2, 3, 4]
        assert {(config["batch_size"], config["cpu_seconds"]) for config in configs} == {(32, 1800.0)}


def test_the_shipped_networks_still_remember():
    """The stored weights, in half precision, solve fresh episodes about as well as when training stopped."""
    import torch

    for result in runs.recorded("patterns", "compare-plastic-*").values():
        network = patterns.restore(result)
        errors = patterns.evaluate(network, patterns.PatternTask(), 500, torch.Generator().manual_seed(1))
        assert errors.mean() < 0.03
