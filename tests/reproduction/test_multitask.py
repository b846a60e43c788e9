"""The verdicts on the second paper's claims, from made runs whose every return is known."""

from dataclasses import replace

import numpy as np
import pytest

from tlteach.experiments.multitask import Config
from tlteach.provenance import Provenance
from tlteach.reproduction import multitask
from tlteach.runs import Result, plain

CLAIMS = {claim.name: claim for claim in multitask.CHAPTER.claims}
CHEETAH, POINT = "halfcheetah-velocity", "navigation"


def runs(family, real, virtual=None, method="model-based", last=None, **changes):
    """A run for each of `real`, the mean return on two test tasks in stage 0; with `last`, that of a stage 1."""
    found = []
    for seed, value in enumerate(real):
        config = Config.preset("lesson", family, seed=seed, method=method, test_tasks=2, stages=int(last is not None))
        config = replace(config, **changes)
        stages = [0, 0] + [1, 1] * (last is not None)
        returns = np.array([value - 1, value + 1] + ([] if last is None else [last - 1, last + 1]), float)
        metrics = {
            "step": np.arange(1, len(stages) + 1),
            "stage": np.array(stages, float),
            "task_steps": 800.0 * np.array(stages),
            "real_return": returns,
            "virtual_return": returns + (0 if virtual is None else virtual - value),
            "miss": np.full(len(stages), 0.1),
            "best_return": np.full(len(stages), -5.0 if method == "optimum" else np.nan),
            "cpu_seconds": np.arange(len(stages)) + 1.0,
        }
        where = Provenance(seed, "9.9", "abc1234", machine="a machine", wall_seconds=7.0)
        found.append(Result("multitask", plain(config), metrics, provenance=where))
    return found


@pytest.mark.parametrize("name", CLAIMS)
def test_without_runs_nothing_is_claimed(name):
    assert CLAIMS[name].measure([]).verdict == "not yet run"
    assert CLAIMS[name].measure(runs(POINT, [-10.0] * 3)).verdict == "not yet run"  # compared with nothing


@pytest.mark.parametrize(
    "family, zero, told",
    [
        (CHEETAH, [-19, -18, -15], "reproduced"),
        (CHEETAH, [-19, -18], "partly"),
        (CHEETAH, [-19, -18, -21], "partly"),  # the way from -110 to -10: nine tenths of it end at -20
        (POINT, [-19, -18, -15], "partly"),
        (POINT, [-19, -22, -25], "not reproduced"),
    ],
)
def test_warm_up(family, zero, told):
    if family == CHEETAH:
        ours, good = runs(family, zero, last=-10), []
    else:
        ours, good = runs(family, zero), runs(family, [-10] * 3, method="optimum")
    found = ours + good + runs(family, [-110, -110], method="random")
    finding = CLAIMS["multitask-warm-up"].measure(found)
    assert finding.verdict == told
    assert f"{(np.median(zero) + 110):.1f}% of the way, {len(zero)} seeds" in finding.summary


def test_the_gap_between_virtual_and_real_is_told():
    found = runs(POINT, [-20] * 3, virtual=-12) + runs(POINT, [-110], method="random")
    assert (
        "8.0 on the point mass"
        in CLAIMS["multitask-warm-up"].measure(found + runs(POINT, [-10], method="optimum")).analysis
    )


@pytest.mark.parametrize(
    "family, many, one, told",
    [
        (CHEETAH, [-9, -8, -7], [-11, -10, -12], "reproduced"),
        (CHEETAH, [-9, -8], [-11, -12], "partly"),
        (CHEETAH, [-9, -8, -11], [-10, -12, -12], "partly"),
        (POINT, [-9, -8, -7], [-11, -10, -12], "partly"),
        (POINT, [-9, -8, -7], [-5, -5, -5], "not reproduced"),
    ],
)
def test_several_models(family, many, one, told):
    single = replace(Config.preset("lesson", family).dynamics, n_models=1)
    finding = CLAIMS["multitask-several-models"].measure(runs(family, many) + runs(family, one, dynamics=single))
    assert finding.verdict == told
    assert f"{np.median(many) - np.median(one):+.1f}" in finding.summary
