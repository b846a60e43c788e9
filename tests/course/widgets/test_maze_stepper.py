import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch

from tlteach.course.widgets import MazeStepper
from tlteach.course.widgets.maze_model import MazeModel
from tlteach.errors import InvalidInput
from tlteach.experiments import maze
from tlteach.tasks.maze import MazeTask

TASK = MazeTask(size=3, episode_length=25)


def network(kind, **start):
    return maze.build(maze.Config(network=kind, task=TASK, hidden=6, **start))


NETWORKS = {
    "plastic": network("plastic", weight=1.0, alpha=1.0, eta=0.3, spread="normal"),
    "none": network("rnn"),
    "cells": network("lstm"),
    "shared": network("shared", weight=1.0, alpha=0.5, eta=0.3),
}


@pytest.fixture(scope="module")
def model():
    return MazeModel(NETWORKS, TASK)


@pytest.fixture
def stepper():
    made = MazeStepper(NETWORKS, TASK, seed=2)
    made.view()
    return made


def test_all_live_in_the_same_maze_and_begin_in_its_centre(model):
    for number in range(6):
        lived = model.episodes(number)
        assert len({e.goal for e in lived.values()}) == 1 and next(iter(lived.values())).goal != TASK.plan.start
        assert {int(e.cell[0]) for e in lived.values()} == {TASK.plan.start}
    assert len({next(iter(model.episodes(n).values())).goal for n in range(12)}) > 3


def test_what_is_written_is_alpha_times_the_trace_of_the_layer_itself(model):
    """Against the layer, stepped by hand through what the agent saw."""
    lived, layer = model.episodes(4)["plastic"], NETWORKS["plastic"].layer
    state, reward, action = layer.initial_state(1), 0.0, None
    with torch.no_grad():
        for t in range(TASK.episode_length):
            np.testing.assert_allclose(
                model.written(4, "plastic")[t], (layer.alpha * state.trace[0]).numpy(), rtol=1e-4, atol=1e-6
            )
            seen = torch.from_numpy(TASK.observe(int(lived.cell[t]), t, reward, action))
            _, state = layer.step(seen[None], state)
            reward, action = float(lived.reward[t]), int(lived.action[t])
    assert np.abs(model.written(4, "plastic")[-1]).max() > 0.01
    assert model.written(4, "none") is None and model.written(4, "cells") is None
    assert model.written(4, "shared").shape == (25, 6, 6)


def test_the_slider_walks_and_another_goal_begins_anew(stepper):
    pictures = {stepper.picture.value}
    for step in (0, 10, 25):
        stepper.controls["time"].value = step
        pictures.add(stepper.picture.value)
        assert f"After step {step} of 25" in stepper.describe(**stepper.parameters())
    assert len(pictures) == 3, "at the end it stood already"
    stepper.other.click()
    assert stepper.controls["time"].value == 0 and stepper.picture.value not in pictures


def test_finds_and_money_are_counted_up_to_the_step(stepper):
    stepper.number = next(n for n in range(30) if stepper.model.episodes(n)["none"].found.sum() > 1)
    lived = stepper.model.episodes(stepper.number)["none"]
    first = int(np.flatnonzero(lived.found)[0])
    before, after = stepper.render(first), stepper.render(first + 1)
    assert before.count("no find") > after.count("no find")
    total = float(lived.reward.sum())
    assert f"{total:+.3g} in all".replace("-", "\u2212") in stepper.render(25)


def test_pictures_are_well_formed_and_described(stepper):
    for step in (0, 7, 25):
        root = ET.fromstring(stepper.render(step))
        assert root.attrib["aria-label"] == stepper.describe(step)
    assert stepper.render(7).count("nothing here is plastic") == 2


def test_one_scale_for_all_traces_of_an_episode(model):
    most = max(np.abs(model.written(4, name)).max() for name in ("plastic", "shared"))
    assert model.limit(4) == pytest.approx(most) and model.limit(5) != model.limit(4)
    assert MazeModel({"none": NETWORKS["none"]}, TASK).limit(0) is None
    start = dict(weight=0.1, alpha=1e-30, eta=1e-30)
    assert MazeModel({"a": network("plastic", **start)}, MazeTask(size=3, episode_length=1)).limit(0) == 1.0, "of zeros"


def test_five_networks_stand_side_by_side_in_a_picture_hardly_wider_than_four():
    five = MazeStepper(NETWORKS | {"modulated": network("modulated")}, TASK)
    root, four = (ET.fromstring(each.render(7)) for each in (five, MazeStepper(NETWORKS, TASK)))
    assert float(root.attrib["width"]) < 1.1 * float(four.attrib["width"])
    assert all(name in "".join(root.itertext()) for name in (*NETWORKS, "modulated"))


def test_the_networks_are_left_alone(model):
    before = {k: v.clone() for k, v in NETWORKS["plastic"].state_dict().items()}
    model.episodes(11)
    for name, value in NETWORKS["plastic"].state_dict().items():
        torch.testing.assert_close(value, before[name])


@pytest.mark.parametrize(
    ("networks", "task", "words"),
    [
        ({}, TASK, "one to 5 networks"),
        ({str(i): NETWORKS["none"] for i in range(6)}, TASK, "one to 5 networks"),
        (NETWORKS["none"], TASK, "by name"),
        ({"a": torch.nn.Linear(2, 2)}, TASK, "MazeNetwork"),
        (NETWORKS, "maze", "MazeTask"),
    ],
)
def test_what_it_cannot_use_is_refused(networks, task, words):
    with pytest.raises(InvalidInput, match=words):
        MazeStepper(networks, task)
