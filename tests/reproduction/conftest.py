"""Made runs: a configuration of an experiment, and curves whose every number is known."""

import numpy as np
import pytest

from tlteach.provenance import Provenance
from tlteach.runs import Result, plain


@pytest.fixture
def made():
    def make(experiment: str, config, episodes, **curves) -> Result:
        """A finished run of `config` with records after `episodes`; a curve is a number, an array or a function."""
        episodes = np.asarray(episodes)
        values = {
            name: np.broadcast_to(curve(episodes) if callable(curve) else curve, episodes.shape).astype(np.float32)
            for name, curve in {"cpu_seconds": episodes / 1000, **curves}.items()
        }
        steps = {"step": np.arange(1, len(episodes) + 1), "episodes": episodes}
        where = Provenance(
            config.seed, "9.9", "abc1234", torch="2.99", machine="a machine | of tests", wall_seconds=7.0
        )
        return Result(experiment, plain(config), steps | values, provenance=where)

    return make
