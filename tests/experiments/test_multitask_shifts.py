"""Shifts between training and test, and active selection, as the second paper's experiment offers them."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tlteach import runs
from tlteach.errors import InvalidInput
from tlteach.experiments import multitask
from tlteach.experiments.multitask import Config
from tlteach.run import command
from tlteach.tasks.families import Navigation

TINY = Config.preset("smoke", evaluation_episodes=1, episode_steps=10, steps_per_task=20)


@pytest.fixture(scope="module")
def plain():
    """Records and their checkpoints, without a shift."""
    return [(record.metrics, record.checkpoint()) for record in multitask.train(TINY)]


@pytest.mark.parametrize("shift", ["friction", "crippled"])
def test_a_shifted_world_is_met_at_test_and_the_model_does_not_know_of_it(plain, shift, monkeypatch):
    worlds, met = Navigation.worlds, []
    monkeypatch.setattr(Navigation, "worlds", lambda self, *rest: met.append(self) or worlds(self, *rest))
    config = replace(TINY, shift=shift)
    assert multitask.test_family(config) != multitask.family(config) == multitask.family(TINY)
    assert torch.equal(multitask.test_tasks(config), multitask.test_tasks(TINY))
    told = []
    for record in multitask.train(config):
        expected = multitask.family(config) if record.step <= 2 else multitask.test_family(config)
        assert met and all(family == expected for family in met)
        met.clear()
        told.append(record.metrics)
    usual = [metrics for metrics, _ in plain]
    for mine, its in zip(told[:2], usual[:2], strict=True):
        np.testing.assert_equal(mine | {"cpu_seconds": 0}, its | {"cpu_seconds": 0})
    for mine, its in zip(told[2:4], usual[2:4], strict=True):  # stage 0
        assert mine["virtual_return"] == its["virtual_return"] and mine["real_return"] != its["real_return"]
    for mine, its in zip(told[4:], usual[4:], strict=True):  # stage 1: the model has seen the other world
        assert mine["virtual_return"] != its["virtual_return"]


def test_shifted_tasks_are_none_of_those_in_training(plain):
    config = replace(TINY, shift="tasks", stages=0)
    tasks = multitask.test_tasks(config)
    assert not multitask.family(config).in_range(tasks).any()
    told = [record.metrics for record in multitask.train(config)]
    assert all(math.isfinite(m["real_return"]) for m in told)
    assert [m["real_return"] for m in told[:2]] == [m["real_return"] for m, _ in plain[:2]]


def test_one_training_can_be_tested_in_every_world(plain):
    """Training does not depend on the shift: the checkpoint at its end begins every test."""
    config = replace(TINY, shift="crippled", stages=0)
    whole = [record.metrics for record in multitask.train(config)]
    rest = [record.metrics for record in multitask.train(config, plain[1][1])]
    for mine, its in zip(rest, whole[2:], strict=True):
        np.testing.assert_equal(mine | {"cpu_seconds": 0}, its | {"cpu_seconds": 0})


@pytest.mark.parametrize("method", ["random", "scratch", "optimum"])
def test_baselines_live_in_the_shifted_world(method):
    one, other = (replace(TINY, method=method, shift=shift, test_tasks=1) for shift in ("none", "crippled"))
    one, other = (list(multitask.train(config))[-1].metrics["real_return"] for config in (one, other))
    assert one != other


def test_what_is_kept_is_practised_with_in_the_world_that_it_was_tested_in():
    config = replace(TINY, shift="crippled")
    result = multitask.run(config, progress=False)
    assert multitask.restore(result).family == multitask.test_family(config)
    assert "tested with a motor or two dead" in repr(multitask.table(result))


SELECTING = dict(n_tasks=3, window=1, stages=0, warm_up=replace(TINY.warm_up, iterations=3))


@pytest.mark.parametrize(
    ("rule", "criterion"), [("skip", "drop-mean"), ("best_of", "shadow-state-error"), ("skip", "real-state-error")]
)
def test_selection_ends_at_the_same_real_steps_and_goes_on_after_any_record(rule, criterion, tmp_path):
    config, records = replace(TINY, rule=rule, criterion=criterion, **SELECTING), []
    for record in multitask.train(config):
        torch.save(record.checkpoint(), tmp_path / f"{record.step}")
        records.append(record)
    told = [record.metrics for record in records]
    trained = sum(math.isnan(m["stage"]) for m in told)
    assert told[-1]["real_steps"] == told[trained - 1]["real_steps"] == 60 and len(told) == trained + 2
    assert [r.step for r in records] == list(range(1, len(told) + 1))
    assert [r.done for r in records] == [False] * (len(told) - 1) + [True] and records[-1].total == len(told)
    assert len({tuple(m) for m in told}) == 1 and math.isfinite(told[1]["criterion"])
    for step in (1, trained):
        rest = multitask.train(config, torch.load(tmp_path / f"{step}", weights_only=True))
        for mine, its in zip((record.metrics for record in rest), told[step:], strict=True):
            np.testing.assert_equal(mine | {"cpu_seconds": 0}, its | {"cpu_seconds": 0})


def test_what_makes_another_experiment_is_in_its_name():
    names = {
        multitask.run_name(config)
        for config in (
            TINY,
            replace(TINY, shift="friction"),
            replace(TINY, shift="crippled", method="random"),
            replace(TINY, method="random"),
            replace(TINY, rule="best_of", criterion="shadow-state-error"),
            replace(TINY, rule="best_of", criterion="shadow-state-error", candidates=2),
            replace(TINY, rule="skip", **SELECTING),
        )
    }
    assert len(names) == 7
    assert "navigation-model-based-trpo-2x16-3tasks-skip1-drop-mean-seed0" in names
    assert "navigation-model-based-trpo-2x16-2tasks-shifted-friction-seed0" in names


def test_the_command_line_takes_rule_criterion_and_shift(tmp_path, monkeypatch):
    monkeypatch.setenv("TLTEACH_RUNS", str(tmp_path))
    options = "--preset smoke --family navigation --rule best_of --criterion shadow-state-error --candidates 2"
    options += " --shift crippled --stages 0 --episode-steps 10 --steps-per-task 20 --quiet"
    assert command("multitask", options.split()) == 0
    (folder,) = (tmp_path / "multitask").iterdir()
    result = runs.Result.load(folder / "result.safetensors")
    assert "best2-shadow-state-error-shifted-crippled" in folder.name and result.config["shift"] == "crippled"


def test_skipped_tasks_are_not_drawn_where_real_steps_stand_still():
    result = multitask.run(replace(TINY, rule="skip", **SELECTING), progress=False)
    metrics = {name: values.copy() for name, values in result.metrics.items()}
    metrics["skipped"][1] = 1
    multitask.plot([replace(result, metrics=metrics)])


def test_refusals():
    with pytest.raises(InvalidInput, match="unknown rule 'magic'"):
        replace(TINY, rule="magic")
    with pytest.raises(InvalidInput, match="unknown shift 'gravity'"):
        replace(TINY, shift="gravity")
    with pytest.raises(InvalidInput, match="reacher has no shift 'tasks'; it has crippled"):
        Config.preset("smoke", "reacher", shift="tasks")
    with pytest.raises(InvalidInput, match="the 10 before.*needs 12 tasks or more, got 2"):
        replace(TINY, rule="skip", criterion="shadow-state-error")
    with pytest.raises(InvalidInput, match="needs 2 iterations of warm-up or more, got 1"):
        Config.preset("lesson", rule="skip", fitting="first")
    assert Config.preset("lesson", rule="skip", criterion="drop-mean").window == 3
