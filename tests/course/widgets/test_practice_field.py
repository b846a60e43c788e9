import asyncio
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import torch

from tlteach.course.widgets import PracticeField
from tlteach.course.widgets.pad import PointPad
from tlteach.course.widgets.practice_model import PracticeModel
from tlteach.errors import InvalidInput
from tlteach.experiments import multitask
from tlteach.modelbased.algorithm import Shared
from tlteach.modelbased.virtual import learned_world
from tlteach.tasks.families import family


def learner(name="navigation", **options):
    """What a smoke run's training begins with: one policy's real steps, and a model fitted on them a little."""
    config = multitask.Config.preset("smoke", name)
    shared = Shared(family(name, horizon=20), multitask.learning(config), **options)
    if not options:
        shared.collect(shared.fresh().policy, shared.family.sample_tasks(1, 0)[0])
        shared.fitter.fit(shared.buffer, 20, shared.generator)
    return shared


@pytest.fixture(scope="module")
def shared():
    return learner()


@pytest.fixture
def field(shared):
    made = PracticeField(shared, (1.0, -0.5), iterations=4)
    made.view()
    return made


def drag(field, x, y):
    """What the page script does: the pad's whole state, in its units."""
    field.pad.field.value = f"{field.pad.version}|{x},{y}"


def test_it_begins_with_a_fresh_policy_that_has_practised_nothing(field):
    p = field.model.progress
    assert (p.goal, p.updates, p.virtual_steps, p.known_steps) == (pytest.approx((1.0, -0.5), abs=1e-3), 0, 0, 400)
    assert len(p.virtual) == len(p.real) == 1
    assert "after 0 updates" in field.status.value and "0 real ones" in field.status.value


def test_each_update_practises_in_the_model_alone(field, shared):
    before = shared.state_dict()
    field.practise(2)
    p, after = field.model.progress, shared.state_dict()
    assert p.updates == 2 and len(p.virtual) == len(p.real) == 3
    assert p.virtual_steps == 2 * shared.config.warm_up.rollouts * 20 and p.known_steps == len(shared.buffer) == 400
    for name, value in before["fitter"]["model"].items():
        assert torch.equal(value, after["fitter"]["model"][name]), "the lesson's own model stays as it was"


def test_the_numbers_are_those_of_the_library(field, shared):
    """The fresh policy's imagined return by hand: the same starts and noise in the learned world."""
    mine = Shared(shared.family, shared.config)
    mine.load_state_dict(shared.state_dict())
    mine.generator.manual_seed(0)
    c = shared.config.warm_up
    world = learned_world(
        mine.model, mine.family, torch.tensor(field.pad.place), scheme=c.scheme, clip_margin=c.clip_margin
    )
    made = world.rollout(mine.fresh().policy, mine.family.resets(20, 0), 20, torch.Generator().manual_seed(0))
    assert field.model.progress.virtual[0] == pytest.approx(made.total.item(), abs=1e-4)


def test_paths_start_alike_in_both_worlds_and_obey_each(field):
    p, simulate = field.model.progress, field.model.family.simulate
    np.testing.assert_array_equal(p.imagined.paths[:, 0], p.happened.paths[:, 0])
    place, velocity = p.happened.paths[..., :2], p.happened.paths[..., 2:]
    np.testing.assert_allclose(np.diff(place, axis=1), 0.1 * velocity[:, 1:], atol=1e-5)
    assert p.happened.paths.shape == (5, 21, 4) and simulate is not None


def test_a_warm_up_ends_and_the_same_goal_gives_the_same_numbers(field):
    field.practise(10)
    first = field.model.progress
    assert first.updates == 4, "no more than its iterations"
    field.restart()
    assert field.model.progress.updates == 0
    field.practise(10)
    np.testing.assert_array_equal(field.model.progress.virtual, first.virtual)


def test_practice_asked_for_by_a_cell_is_shown_update_by_update_and_kept(field, monkeypatch):
    shown, kept = [], []

    class Handle:
        def update(self, bundle, raw):
            kept.append(bundle["text/plain"])

    monkeypatch.setattr("IPython.display.display", lambda bundle, raw, display_id: Handle())
    field.practise(1)
    assert kept == [], "nothing is on the page yet"
    field._ipython_display_()
    field.picture.observe(lambda change: shown.append(change["new"]), "value")
    field.practise(2)
    assert len(shown) == 2 and len(kept) == 1 and "after 3 updates" in kept[0]


def test_dragging_moves_the_goal_a_fresh_policy_begins_and_the_pad_is_left_alone(field):
    field.practise(3)
    pad = field.pad.html.value
    drag(field, 750, 250)
    assert field.model.progress.goal == pytest.approx((1.75, 1.75)) and field.pad.html.value == pad
    assert field.model.progress.updates == 1, "without an event loop it takes one update"
    drag(field, 5000, -3)
    assert field.model.progress.goal == pytest.approx((3.5, 3.5)), "never outside the window"


def test_another_goal_is_one_of_the_training_range(field):
    places = set()
    for _ in range(3):
        field.other.click()
        places.add(field.model.progress.goal)
        assert np.abs(field.model.progress.goal).max() <= 2
    assert len(places) == 3


def test_it_practises_between_cells_and_can_be_stopped(shared):
    async def scenario():
        field = PracticeField(shared, iterations=50)
        field.view()
        field.play.click()
        await asyncio.sleep(0)
        assert "Stop" in field.play.description and "Practising" in field.status.value
        while field.model.progress.updates < 3:
            await asyncio.sleep(0.01)
        drag(field, 100, 100)
        assert field.model.progress.updates == 0 and field.task is not None
        while field.model.progress.updates < 2:
            await asyncio.sleep(0.01)
        field.play.click()
        await asyncio.sleep(0.05)
        done = field.model.progress.updates
        await asyncio.sleep(0.1)
        assert field.model.progress.updates == done < 50 and field.task is None
        assert "Practise" in field.play.description and f"after {done} updates" in field.status.value

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_pictures_are_sound_and_say_what_they_show(field):
    field.practise(1)
    still = field.render(**field.parameters())
    words = ET.fromstring(still).attrib["aria-label"]
    assert words == field.describe(**field.parameters()) and "Goal at 1.0, -0.5 m, after 1 update of" in words
    for html in (field.plane, field.picture):
        assert ET.fromstring(html.value).find("{http://www.w3.org/2000/svg}svg").attrib["role"] == "img"
    assert '<img alt="Goal at' in field._repr_mimebundle_()["text/html"] and len(still) < 60_000


def test_a_model_that_diverges_is_told_and_stops_practice(shared):
    """Wild predictions, and no cut to the range of the data."""
    wild = Shared(shared.family, replace(shared.config, warm_up=replace(shared.config.warm_up, clip_margin=None)))
    wild.load_state_dict(shared.state_dict())
    with torch.no_grad():
        wild.model.net.biases[-1].fill_(1e4)
    field = PracticeField(wild, fit_steps=1)
    field.view()
    assert field.model.progress.imagined is None and "it diverges" in field.describe(**field.parameters())
    field.practise(5)
    assert field.model.progress.updates == 0 and "diverged" in field.status.value
    assert (
        "practice had to stop" in field.picture.value and ET.fromstring(field.render(**field.parameters())) is not None
    )


@pytest.mark.parametrize("what", ["text", "empty", "many", "reacher"])
def test_what_it_cannot_practise_with_is_refused(what, shared):
    given = {
        "text": lambda: "shared",
        "empty": lambda: Shared(shared.family, shared.config),
        "many": lambda: learner(n=2),
        "reacher": lambda: Shared(family("reacher"), shared.config),
    }[what]()
    with pytest.raises(InvalidInput, match="PracticeField needs"):
        PracticeModel(given)


def test_a_point_pad_is_a_place_with_y_upwards():
    pad = PointPad("goal", 400, 3.5, lambda: None)
    assert pad.place == (0, 0)
    pad.place = (3.5, -1.75)
    assert pad.state == "1000,750" and pad.place == pytest.approx((3.5, -1.75), abs=1e-3)
    pad.draw()
    root = ET.fromstring(pad.html.value)
    assert root.attrib["data-tl-kind"] == "point" and "transparent" in pad.html.value
    pad.state = "here"
    with pytest.raises(InvalidInput, match="expected a place x,y"):
        _ = pad.place
