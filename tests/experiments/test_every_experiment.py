"""What holds for every experiment: what a module of `tlteach.experiments` must have for others to drive it."""

import inspect
import re
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from tlteach import experiments, runs
from tlteach.errors import InvalidInput


@pytest.fixture(params=experiments.names())
def module(request):
    return experiments.load(request.param)


def test_it_has_what_it_must_have(module):
    assert {"smoke", "lesson", "paper"} <= set(module.PRESETS)
    assert list(inspect.signature(module.train).parameters)[:2] == ["config", "checkpoint"]
    assert all(callable(getattr(module, name)) for name in ("run", "plot", "run_name"))
    result = runs.Result(module.__name__, {}, {"step": np.arange(3)})
    assert runs.shrink(result, **getattr(module, "RECORD", {})).metrics["step"].tolist() == [0, 1, 2]


def test_every_preset_makes_a_configuration_that_is_stored_and_read_again(module):
    for preset in module.PRESETS:
        config = module.Config.preset(preset, seed=5)
        assert config.seed == 5 and runs.plain(config)["seed"] == 5
        with pytest.raises(FrozenInstanceError):
            config.seed = 6
    with pytest.raises(InvalidInput, match="'smoke'|smoke, "):
        module.Config.preset("huge")


def test_a_run_is_named_after_its_seed_and_the_name_is_a_file_name(module):
    names = [module.run_name(module.Config.preset("smoke", seed=seed)) for seed in (0, 1, 10)]
    assert len(set(names)) == 3
    assert all(re.fullmatch(r"[\w.+-]+", name) for name in names)
