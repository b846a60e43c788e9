"""The second paper's experiment at its smallest: every method, resuming at records, what is kept and read again."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tlteach import runs
from tlteach.errors import BadFile, InvalidInput
from tlteach.experiments import multitask
from tlteach.experiments.multitask import Config
from tlteach.tasks.families import Navigation, families, simulator

TINY = Config.preset("smoke", evaluation_episodes=1, episode_steps=10, steps_per_task=20)
METHODS = ("model-based", "scratch", "optimum", "random")


def told(record):
    return {name: value for name, value in record.metrics.items() if name != "cpu_seconds"}


def same(one, other):
    np.testing.assert_equal(told(one), told(other))  # NaN is NaN


@pytest.fixture(scope="module")
def whole():
    """Each method run once: its records, and their checkpoints as they go through a file."""
    found = {}
    for method in METHODS:
        records = []
        for record in multitask.train(replace(TINY, method=method)):
            records.append((record, record.checkpoint()))
        found[method] = records
    return found


@pytest.fixture(scope="module")
def result():
    return multitask.run(TINY, progress=False)


@pytest.mark.parametrize("method", METHODS)
def test_a_record_for_each_task_and_the_same_names_in_each(whole, method):
    records = [record for record, _ in whole[method]]
    expected = {"model-based": 2 + 2 * 2, "scratch": 2 * 2, "optimum": 2, "random": 2}[method]
    assert [record.step for record in records] == list(range(1, expected + 1))
    assert {record.total for record in records} == {expected} and records[-1].done
    assert len({tuple(record.metrics) for record in records}) == 1
    assert all(math.isfinite(record.metrics["real_return"]) for record in records)
    spent = [record.metrics["cpu_seconds"] for record in records]
    assert spent == sorted(spent) and spent[0] > 0


@pytest.mark.parametrize(("method", "done"), [(method, 1) for method in METHODS] + [("model-based", 3), ("scratch", 3)])
def test_killed_after_any_record_it_goes_on_to_the_same_numbers(whole, method, done, tmp_path):
    records = whole[method]
    torch.save(records[done - 1][1], tmp_path / "checkpoint.pt")
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    rest = list(multitask.train(replace(TINY, method=method), kept))
    assert len(rest) == len(records) - done
    for mine, (its, _) in zip(rest, records[done:], strict=True):
        same(mine, its)
    for name, tensor in rest[-1].model.state_dict().items():
        expected = records[-1][0].model.state_dict()[name]
        torch.testing.assert_close(tensor, expected, rtol=0, atol=0, equal_nan=True, msg=name)


def test_training_and_test_are_told_apart(whole):
    metrics = [record.metrics for record, _ in whole["model-based"]]
    assert [m["stage"] for m in metrics[2:]] == [0, 0, 1, 1] and all(math.isnan(m["stage"]) for m in metrics[:2])
    assert [m["real_steps"] for m in metrics] == [20, 40, 40, 40, 40, 40]
    assert [m["task_steps"] for m in metrics] == [0, 0, 0, 0, 20, 20]
    scratch = [record.metrics["task_steps"] for record, _ in whole["scratch"]]
    assert scratch == [20, 40, 20, 40]


def test_the_bound_is_no_worse_than_the_policy(whole):
    for record, _ in whole["optimum"]:
        assert record.metrics["best_return"] > record.metrics["real_return"]


def test_what_is_kept_can_be_practised_with(result, tmp_path):
    small = runs.shrink(result, **multitask.RECORD)
    small.save(tmp_path / "run.safetensors")
    read = runs.Result.load(tmp_path / "run.safetensors")
    shared = multitask.restore(read)
    assert len(shared.buffer) == 0 and shared.model.obs_norm.count == 40
    obs, action = shared.family.resets(5, 0), torch.zeros(5, 2)
    torch.testing.assert_close(
        shared.model.members(obs, action), multitask.restore(result).model.members(obs, action), rtol=1e-2, atol=1e-2
    )
    policy = multitask.restore_policy(read, 1)
    assert policy(obs).mean.shape == (5, 2)
    with pytest.raises(InvalidInput, match="test tasks 0 to 1, got 2"):
        multitask.restore_policy(read, 2)
    with pytest.raises(InvalidInput, match="only curves"):
        multitask.restore(runs.Result("multitask", result.config, result.metrics))


def test_a_recorded_model_of_other_dimensions_is_refused(result):
    other = {**result.config, "dynamics": {**result.config["dynamics"], "hidden": [17]}}
    with pytest.raises(BadFile, match=r"not of navigation .*hidden layers \(17,\).*size mismatch"):
        multitask.restore(replace(result, config=other))
    reacher = {**result.config, "family": "reacher"}
    with pytest.raises(BadFile, match="not of reacher"):
        multitask.restore(replace(result, config=reacher))
    with pytest.raises(InvalidInput, match="experiment 'maze', expected one of 'multitask'"):
        multitask.restore(replace(result, experiment="maze"))


@pytest.mark.parametrize("preset", multitask.PRESETS)
@pytest.mark.parametrize("name", families())
def test_every_family_has_every_preset(name, preset):
    config = multitask.Config.preset(preset, name)
    assert config.family == name and multitask.test_tasks(config).shape[0] == config.test_tasks


@pytest.mark.parametrize("name", families())
def test_every_family_runs_at_smoke(name):
    result = multitask.run(multitask.Config.preset("smoke", name), progress=False)
    assert result.provenance.complete and np.isfinite(multitask.scores(result)["last_real"])


def test_forty_held_out_tasks_are_one_batch():
    """As many as the authors'; each with a policy of its own, over one stream of model fitting."""
    result = multitask.run(replace(TINY, test_tasks=40, stages=0), progress=False)
    at_test = result.metrics["stage"] == 0
    assert at_test.sum() == 40 and len(np.unique(result.metrics["real_return"][at_test])) == 40
    policies = {name: value for name, value in result.tensors.items() if name.startswith("policies.")}
    assert policies and all(len(value) == 40 for value in policies.values())


def test_a_reward_that_is_wrong_stops_the_run_and_says_so(monkeypatch):
    monkeypatch.setattr(Navigation, "reward", lambda self, obs, *rest: torch.zeros(obs.shape))
    with pytest.raises(InvalidInput, match=r"one number for each state, \(10,\), got \(10, 4\)"):
        list(multitask.train(TINY))
    monkeypatch.setattr(Navigation, "reward", lambda self, obs, *rest: obs[..., 0] * torch.nan)
    with pytest.raises(InvalidInput, match="reward of navigation is not finite in 10 of 10 steps"):
        list(multitask.train(TINY))


def test_without_mujoco_a_robot_is_refused_before_anything_is_computed(monkeypatch):
    def missing():
        raise InvalidInput("MuJoCo is not installed, and this family's real environment needs it")

    monkeypatch.setattr(simulator, "need_mujoco", missing)
    with pytest.raises(InvalidInput, match="MuJoCo is not installed"):
        next(multitask.train(Config.preset("smoke", "reacher")))
    assert next(multitask.train(TINY)).step == 1


def test_fitting_first_is_the_same_amount_in_another_order():
    config = Config.preset("lesson", fitting="first")
    both = (
        multitask.learning(config, test=True).warm_up,
        multitask.learning(replace(config, fitting="interleaved")).warm_up,
    )
    assert both[0].iterations == 1 and both[0].fit_steps == config.test_iterations * both[1].fit_steps
    assert both[0].policy_steps == config.test_iterations * both[1].policy_steps
    cold = replace(config, warm_up=replace(config.warm_up, iterations=0))
    assert multitask.learning(cold).warm_up.iterations == 0 and multitask.learning(cold, test=True).warm_up == both[0]


def test_reports(whole, result):
    scratch = multitask.run(replace(TINY, method="scratch"), progress=False)
    scores = multitask.scores(result)
    rows = [record.metrics for record, _ in whole["model-based"]][2:4]
    assert scores["zero_real"] == pytest.approx(np.mean([row["real_return"] for row in rows]))
    assert scores["zero_virtual"] == pytest.approx(np.mean([row["virtual_return"] for row in rows]))
    assert math.isnan(multitask.scores(scratch)["best_return"])
    shown = repr(multitask.table([result, scratch]))
    assert "TRPO, 2 models of 16, 2-step loss, 2 training tasks" in shown and "from scratch, 2 updates" in shown
    figure = multitask.plot([result, scratch])
    assert {"real", "virtual (in the model)", "from scratch, real steps only"} <= {
        text.get_text() for text in figure.legends[0].get_texts()
    }
    with pytest.raises(InvalidInput, match="got navigation, 10 steps; reacher, 10 steps; plot one"):
        multitask.plot([result, replace(result, config=result.config | {"family": "reacher"})])
    with pytest.raises(InvalidInput, match="the list of results is empty"):
        multitask.table([])


def test_a_run_that_ended_in_training_has_no_scores(result):
    early = {name: values[:2] for name, values in result.metrics.items()}
    with pytest.raises(InvalidInput, match="ended before its tests"):
        multitask.scores(replace(result, metrics=early))


def test_refusals():
    with pytest.raises(InvalidInput, match="unknown method 'magic'"):
        Config.preset("smoke", method="magic")
    with pytest.raises(InvalidInput, match="no family of tasks is called 'navigatoin'; did you mean 'navigation'"):
        Config.preset("smoke", "navigatoin")
    with pytest.raises(InvalidInput, match="SHAC differentiates the world"):
        next(multitask.train(replace(TINY, method="scratch", optimizer="shac")))
    with pytest.raises(InvalidInput, match="reacher has no simulator on tensors"):
        next(multitask.train(Config.preset("smoke", "reacher", method="optimum")))
