import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from torch import nn

from tlteach.course.widgets import PatternBench
from tlteach.course.widgets.pattern_model import AS_TRAINED, PatternModel
from tlteach.errors import InvalidInput
from tlteach.experiments import patterns
from tlteach.tasks.patterns import PatternTask

TASK = PatternTask(n_bits=12, n_patterns=2, show_steps=2, gap_steps=1, test_steps=2)


class Copycat(nn.Module):
    """Answers with what it is given: exactly the erased (0) and flipped bits are wrong."""

    def forward(self, inputs):
        return inputs.clone()


def plastic(seed=0):
    network = patterns.build(patterns.Config(task=TASK, hidden_size=13, seed=seed))
    with torch.no_grad():
        network.layer.alpha.fill_(1.0), network.layer.eta.fill_(0.3), network.layer.weight.zero_()
    return network


@pytest.fixture(scope="module")
def model():
    return PatternModel({"copy": Copycat(), "plastic": plastic()}, TASK)


def test_the_episode_is_the_tasks_own(model):
    drawn = TASK.sample(1, torch.Generator().manual_seed(3))
    np.testing.assert_array_equal(model.pattern(3, 1), drawn.patterns[0, 1])


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 1.0])
def test_the_cue_loses_exactly_the_share_and_more_never_brings_a_bit_back(model, fraction):
    cue, whole = np.array(model.cue(0, 0, fraction)), model.pattern(0, 0)
    assert (cue == 0).sum() == int(fraction * 12)
    assert (cue[cue != 0] == whole[cue != 0]).all()
    more = np.array(model.cue(0, 0, min(1.0, fraction + 0.25)))
    assert (more[cue == 0] == 0).all()


@pytest.mark.parametrize("percent", range(0, 101, 2))
def test_the_slider_erases_what_the_task_erases(percent):
    task = PatternTask(erased_fraction=percent / 100)
    episode = task.sample(1, torch.Generator().manual_seed(0))
    cue = PatternModel({"copy": Copycat()}, task).cue(0, 0, percent / 100)
    assert cue.count(0) == episode.erased.sum() == percent // 2


def test_a_network_that_copies_is_wrong_exactly_where_the_cue_is_damaged(model):
    whole = model.pattern(0, 0).astype(int)
    cue = whole.copy()
    cue[:3], cue[5] = 0, -whole[5]
    answer = model.answer("copy", AS_TRAINED, 0, 0, tuple(cue.tolist()))
    assert answer.wrong[-1] == 4
    np.testing.assert_array_equal(answer.inputs[TASK.test_start :], [cue] * TASK.test_steps)
    assert set(map(tuple, answer.inputs[: TASK.test_start])) == {
        tuple(p) for p in (*[model.pattern(0, i) for i in (0, 1)], np.zeros(12))
    }


def test_a_plastic_network_completes_and_without_plasticity_it_cannot(model):
    cue = model.cue(0, 0, 0.25)
    assert (
        model.answer("plastic", "shared alpha", 0, 0, cue).wrong[-1]
        == model.answer("plastic", AS_TRAINED, 0, 0, cue).wrong[-1]
    )
    assert (
        model.answer("plastic", "no plasticity", 0, 0, cue).wrong[-1]
        >= 3
        > model.answer("plastic", AS_TRAINED, 0, 0, cue).wrong[-1]
    )


def test_the_network_itself_is_left_alone(model):
    before = {k: v.clone() for k, v in model.networks["plastic"].state_dict().items()}
    model.answer("plastic", "no plasticity", 0, 0, model.cue(0, 0, 0.75))
    for name, value in model.networks["plastic"].state_dict().items():
        torch.testing.assert_close(value, before[name])


def test_only_plastic_networks_offer_ablations(model):
    assert model.ablations("copy") == (AS_TRAINED,) and len(model.ablations("plastic")) == 4


def test_every_step_has_its_phase(model):
    first = "AB"[int(model.episode(0).order[0, 0, 0])]
    assert model.phase(0, 0) == f"pattern {first} is shown" and model.phase(0, 2) == "nothing is shown"
    assert model.phase(0, TASK.test_start).endswith("step 1 of 2") and model.phase(0, TASK.n_steps - 1).endswith(
        "step 2 of 2"
    )


@pytest.fixture
def bench():
    made = PatternBench({"copy": Copycat(), "plastic": plastic()}, TASK)
    made.view()
    return made


def test_a_bit_is_erased_flipped_and_restored_by_clicks(bench):
    bench.erase.value = 0.0
    whole = bench.cue
    seen = []
    for _ in range(3):
        bench.bits[4].click()
        seen.append(bench.cue[4])
    assert seen == [0, -whole[4], whole[4]] and bench.cue == whole
    bench.bits[4].click()
    assert bench.bits[4].description == "" and "erased" in bench.bits[4].tooltip
    bench.bits[4].click()
    assert bench.bits[4].description.endswith("!") and "flipped" in bench.bits[4].tooltip
    assert "1 flipped" in bench.describe(**bench.parameters())


def test_slider_pattern_and_new_patterns_change_the_cue_and_the_picture(bench):
    pictures = [bench.picture.value]
    for change in (
        lambda: setattr(bench.erase, "value", 0.75),
        lambda: setattr(bench.controls["asked"], "value", 1),
        bench.renew,
        lambda: setattr(bench.controls["time"], "value", 3),
        lambda: setattr(bench.controls["network"], "value", "plastic"),
        lambda: setattr(bench.controls["ablation"], "value", "no plasticity"),
    ):
        change()
        pictures.append(bench.picture.value)
    assert len(set(pictures)) == len(pictures)
    assert sum(bit == 0 for bit in bench.cue) == 9


def test_restoring_all_bits_leaves_none_wrong(bench):
    bench.touch(0)
    bench._set_erased(0.0)
    bench.touch(0)
    bench._set_erased(0.0)
    assert bench.cue == tuple(bench.model.pattern(0, 0).astype(int)) and "at the last step 0." in bench.describe(
        **bench.parameters()
    )


def test_going_back_to_a_network_without_ablations_resets_the_choice(bench):
    bench.controls["network"].value = "plastic"
    bench.controls["ablation"].value = "frozen trace"
    bench.controls["network"].value = "copy"
    assert bench.controls["ablation"].value == AS_TRAINED


def test_the_picture_is_well_formed_and_marks_wrong_bits(bench):
    picture = bench.render(**bench.parameters())
    root = ET.fromstring(picture)
    assert "6 of 12 bits erased" in root.attrib["aria-label"]
    assert picture.count('stroke="#000" stroke-width="2.5"') == 6, "one black cross a wrong bit"


@pytest.mark.parametrize(
    ("networks", "task", "words"),
    [
        ({}, TASK, "at least one network"),
        ([Copycat()], TASK, "by name"),
        ({"a": Copycat()}, "task", "PatternTask"),
        ({"a": Copycat()}, PatternTask(n_bits=101), "at most 100 bits"),
        ({"a": nn.Linear(12, 5)}, TASK, "same shape"),
    ],
)
def test_what_the_bench_cannot_use_is_refused(networks, task, words):
    with pytest.raises(InvalidInput, match=words):
        PatternBench(networks, task)
