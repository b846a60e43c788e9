"""MAML and the oracle as methods of the second paper's experiment, and the figure that compares real steps."""

import math
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from tlteach import runs
from tlteach.errors import BadFile, InvalidInput
from tlteach.experiments import multitask
from tlteach.experiments.multitask import Config
from tlteach.modelbased import maml, maml_adaptation
from tlteach.run import command

TINY = Config.preset("smoke", evaluation_episodes=1, episode_steps=10, steps_per_task=20)
MAML = replace(TINY, method="maml", stages=2, maml=replace(TINY.maml, iterations=3))
ORACLE = replace(TINY, method="oracle", oracle=replace(TINY.oracle, iterations=3))
RIVALS = {"maml": MAML, "oracle": ORACLE}


def told(record):
    return {name: value for name, value in record.metrics.items() if name != "cpu_seconds"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Both methods run once: their records, and their checkpoints as they come out of a file."""
    folder, found = tmp_path_factory.mktemp("checkpoints"), {}
    for method, config in RIVALS.items():
        found[method] = []
        for record in multitask.train(config):
            torch.save(record.checkpoint(), folder / "checkpoint.pt")
            found[method].append((record, torch.load(folder / "checkpoint.pt", weights_only=True)))
    return found


@pytest.fixture(scope="module")
def results():
    return {method: multitask.run(config, progress=False) for method, config in RIVALS.items()}


def test_updates_then_test_tasks_in_each_stage(whole):
    for method, stages in (("maml", 3), ("oracle", 1)):
        records = [record for record, _ in whole[method]]
        assert [record.step for record in records] == list(range(1, 3 + 2 * stages + 1))
        assert {record.total for record in records} == {len(records)} and records[-1].done
        metrics = [record.metrics for record in records]
        assert len({tuple(m) for m in metrics}) == 1
        assert all(math.isnan(m["stage"]) for m in metrics[:3])
        assert [m["stage"] for m in metrics[3:]] == [stage for stage in range(stages) for _ in range(2)]
        assert [m["task"] for m in metrics[3:]] == [0, 1] * stages
        assert [m["task_steps"] for m in metrics[3:]] == [20 * stage for stage in range(stages) for _ in range(2)]


def test_real_steps_are_those_that_were_learned_from(whole, monkeypatch):
    """2 tasks x 2 episodes x 10 steps in an update, twice for MAML; what is measured is not counted."""
    for method, each in (("maml", 80), ("oracle", 40)):
        steps = [record.metrics["real_steps"] for record, _ in whole[method]]
        assert steps[:3] == [each, 2 * each, 3 * each] and set(steps[3:]) == {3 * each}


@pytest.mark.parametrize("method", RIVALS)
def test_killed_after_any_record_it_goes_on_to_the_same_numbers(whole, method):
    records = whole[method]
    for done in range(1, len(records)):
        rest = list(multitask.train(RIVALS[method], records[done - 1][1]))
        assert len(rest) == len(records) - done
        for mine, (its, _) in zip(rest, records[done:], strict=True):
            np.testing.assert_equal(told(mine), told(its))
        expected = records[-1][0].model.state_dict()
        for name, tensor in rest[-1].model.state_dict().items():
            torch.testing.assert_close(tensor, expected[name], rtol=0, atol=0, equal_nan=True, msg=name)


@pytest.mark.parametrize("method", RIVALS)
def test_measuring_changes_nothing(whole, method, monkeypatch):
    monkeypatch.setattr("tlteach.experiments._multitask_joint._looks", lambda iterations: set())
    blind = list(multitask.train(RIVALS[method]))
    assert all(math.isnan(record.metrics["real_return"]) for record in blind[:3])
    for mine, (its, _) in zip(blind, whole[method], strict=True):
        for name in ("batch_return", "kl", "real_steps"):
            np.testing.assert_equal(mine.metrics[name], its.metrics[name])
    assert blind[-1].metrics["real_return"] == whole[method][-1][0].metrics["real_return"]


def test_what_is_measured_are_the_test_tasks(results):
    """The stages again, from the policy that was kept, with the library."""
    made = multitask.restore_maml(results["maml"])
    made.generator.manual_seed(multitask.TEST_SEED)
    tasks = multitask.test_tasks(MAML)
    stages = list(maml_adaptation.adapt(made, tasks, 2, steps=20, evaluation_episodes=1))
    expected = torch.stack([stage.returns for stage in stages])
    torch.testing.assert_close(results["maml"].tensors["real"], expected)
    rows = np.isfinite(results["maml"].metrics["stage"])
    np.testing.assert_allclose(results["maml"].metrics["real_return"][rows], expected.flatten())
    made = multitask.restore_oracle(results["oracle"])
    made.generator.manual_seed(multitask.TEST_SEED)
    torch.testing.assert_close(results["oracle"].tensors["real"][0], made.act(tasks, 1).returns)


def test_they_are_tested_in_the_shifted_world(results):
    for method, config in RIVALS.items():
        shifted = multitask.run(replace(config, shift="crippled"), progress=False)
        np.testing.assert_array_equal(shifted.metrics["batch_return"], results[method].metrics["batch_return"])
        assert not torch.equal(shifted.tensors["real"], results[method].tensors["real"])


def test_looks_are_few_and_even_on_a_log_axis():
    from tlteach.experiments._multitask_joint import LOOKS, _looks

    looks = sorted(_looks(800))
    assert looks[0] == 1 and looks[-1] == 800 and len(looks) <= LOOKS
    ratios = np.diff(np.log(looks[-12:]))
    assert ratios.max() < 1.2 * ratios.min()
    assert _looks(1) == {1}


def test_a_step_that_diverges_ends_the_run_with_the_last_good_state(tmp_path, whole, monkeypatch):
    """As when it is stopped: what there was is kept, and with another setting it goes on."""
    update, calls = maml.MAML.update, []

    def bad_in_the_third(self, tasks):
        calls.append(1)
        if len(calls) == 3:
            monkeypatch.setattr(maml, "LIMIT", -1.0)
        return update(self, tasks)

    monkeypatch.setattr(maml.MAML, "update", bad_in_the_third)
    with pytest.warns(UserWarning, match="the inner step of size 0.1 diverged .* a smaller fast_lr may help"):
        result = multitask.run(MAML, folder=tmp_path / "run", progress=False)
    assert result.metrics["step"].tolist() == [1, 2] and not result.provenance.complete
    for name, tensor in whole["maml"][1][1]["trained"]["maml"]["policy"].items():
        torch.testing.assert_close(result.tensors[f"policy.{name}"], tensor)
    with pytest.raises(InvalidInput, match="ended before its tests"):
        multitask.scores(result)
    monkeypatch.undo()
    rest = multitask.run(MAML, folder=tmp_path / "run", progress=False)
    assert rest.provenance.complete and rest.metrics["step"].tolist() == list(range(1, 10))


def test_a_test_stage_of_no_whole_episodes_is_refused_before_training():
    with pytest.raises(InvalidInput, match="25 steps are none of 10; change steps_per_task"):
        next(multitask.train(replace(MAML, steps_per_task=25)))


def test_names_and_presets(tmp_path, monkeypatch):
    lesson = Config.preset("lesson", method="maml")
    assert multitask.run_name(lesson) == "navigation-maml-seed0"
    first = replace(lesson, maml=replace(lesson.maml, first_order=True, inner="ppo"))
    assert multitask.run_name(first) == "navigation-maml-first-order-ppo-seed0"
    assert multitask.run_name(Config.preset("lesson", "reacher", method="oracle", seed=3)) == "reacher-oracle-seed3"
    assert lesson.stages > Config.preset("lesson").stages == 0
    assert Config.preset("lesson", method="maml", stages=1).stages == 1
    paper = Config.preset("paper", "halfcheetah-velocity", method="maml").maml
    assert (paper.tasks, paper.episodes, paper.iterations, paper.fast_lr) == (40, 20, 800, 0.1)
    point = Config.preset("paper", method="maml").maml
    assert (point.iterations, point.fast_lr) == (100, 0.5)
    monkeypatch.setenv("TLTEACH_RUNS", str(tmp_path))
    options = "--preset smoke --family navigation --method maml --maml.iterations 1 --maml.fast-lr 0.05 --quiet"
    assert command("multitask", options.split()) == 0
    (folder,) = (tmp_path / "multitask").iterdir()
    result = runs.Result.load(folder / "result.safetensors")
    assert result.config["maml"]["fast_lr"] == 0.05 and result.config["method"] == "maml"


def test_restoring_says_what_is_wrong(results):
    with pytest.raises(InvalidInput, match="a run of 'maml' has no model; its policy comes from restore_maml"):
        multitask.restore(results["maml"])
    untrained = multitask.run(replace(TINY, method="random"), progress=False)
    with pytest.raises(InvalidInput, match="a run of 'random' has no model$"):
        multitask.restore(untrained)
    assert set(untrained.tensors) == {"tasks", "real"}
    with pytest.raises(InvalidInput, match="a run of 'maml', expected one of 'oracle'"):
        multitask.restore_oracle(results["maml"])
    other = results["maml"].config | {"maml": results["maml"].config["maml"] | {"hidden": [9]}}
    with pytest.raises(BadFile, match=r"not one of navigation with layers \(9,\)"):
        multitask.restore_maml(replace(results["maml"], config=other))
    with pytest.raises(InvalidInput, match="only curves"):
        multitask.restore_maml(replace(results["maml"], tensors={}))


def test_what_is_kept_is_small_and_acts_as_before(results):
    small = runs.shrink(results["oracle"], **multitask.RECORD)
    obs = multitask.family(ORACLE).resets(5, 0)
    told = torch.cat([obs, torch.ones(5, 2)], -1)
    mine, its = (multitask.restore_oracle(result).policy(told).mean for result in (small, results["oracle"]))
    torch.testing.assert_close(mine, its, rtol=1e-2, atol=1e-3)


def test_samples_are_the_returns_on_tasks_never_met(results):
    for method, each in (("maml", 80), ("oracle", 40)):
        steps, returns = multitask.samples(results[method])
        metrics = results[method].metrics
        looked = np.isfinite(metrics["real_return"]) & np.isnan(metrics["stage"])
        assert steps.tolist() == [i * each for i in (1, 2, 3)]
        np.testing.assert_array_equal(returns, metrics["real_return"][looked])
    ours = multitask.run(replace(TINY, n_tasks=3), progress=False)
    steps, returns = multitask.samples(ours)
    m = ours.metrics
    assert steps.tolist() == [20, 40, 60]  # before the second task, before the third, and at the end
    expected = [*m["real_return"][1:3], m["real_return"][3:5].mean()]
    np.testing.assert_allclose(returns, expected)
    cut = {name: values[:2] for name, values in m.items()}  # ended in training: no test tasks
    assert multitask.samples(replace(ours, metrics=cut))[0].tolist() == [20]
    skipping = m | {"skipped": np.array([0.0, 1, 0, *[np.nan] * 4])}
    assert multitask.samples(replace(ours, metrics=skipping))[0].tolist() == [40, 60]
    random = multitask.run(replace(TINY, method="random"), progress=False)
    assert multitask.samples(random)[0].shape == multitask.samples(random)[1].shape == (0,)
    scratch = multitask.run(replace(TINY, method="scratch"), progress=False)
    assert multitask.samples(scratch)[0].tolist() == [20, 40]
    figure = multitask.plot_samples([ours, random, scratch, *results.values()])
    (ax,) = figure.axes
    assert ax.get_xscale() == "log"
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(labels) == 5 and all(label.endswith("(1 seed)") for label in labels)
    by_label = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose(by_label["oracle, told the task (1 seed)"].get_xdata(), [40, 80, 120])
    plt.close("all")


def test_variants_of_a_method_are_lines_of_their_own(results):
    other = results["maml"].config | {"maml": results["maml"].config["maml"] | {"first_order": True}}
    figure = multitask.plot_samples([results["maml"], replace(results["maml"], config=other)])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [
        "MAML, 3 updates of 2 tasks x 2 episodes (1 seed)",
        "MAML, first order, 3 updates of 2 tasks x 2 episodes (1 seed)",
    ]
    plt.close("all")


def test_refusals(results):
    with pytest.raises(InvalidInput, match="the list of results is empty"):
        multitask.plot_samples([])
    reacher = replace(results["maml"], config=results["maml"].config | {"family": "reacher"})
    with pytest.raises(InvalidInput, match="got navigation, 10 steps; reacher, 10 steps; plot one at a time"):
        multitask.plot_samples([results["maml"], reacher])


def test_rows_of_the_table(results):
    shown = repr(multitask.table(list(results.values())))
    assert "navigation, 10 steps: MAML, 3 updates of 2 tasks x 2 episodes" in shown
    assert "navigation, 10 steps: oracle, told the task, 3 updates of 2 tasks x 2 episodes" in shown
    scores = multitask.scores(results["maml"])
    assert scores["zero_real"] == pytest.approx(results["maml"].tensors["real"][0].mean().item())
    assert scores["last_real"] == pytest.approx(results["maml"].tensors["real"][2].mean().item())
