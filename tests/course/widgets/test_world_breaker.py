import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import torch

from tlteach.course.widgets import WorldBreaker
from tlteach.course.widgets.breaker_model import BreakerModel
from tlteach.errors import InvalidInput
from tlteach.experiments import multitask
from tlteach.modelbased.learner import Shared
from tlteach.modelbased.virtual import learned_world
from tlteach.tasks.families import family, shifted

T, KNOWN = 20, 9
GOALS = torch.cat([family("navigation").sample_tasks(10, 0), torch.tensor([[3.0, -0.5], [3.0, -0.5]])])  # (12, 2)


@pytest.fixture(scope="module")
def pupils():
    """Policies that practised nothing, and a model that was fitted a little."""
    config = multitask.learning(multitask.Config.preset("smoke", "navigation"))
    one = Shared(family("navigation", horizon=T), config)
    one.collect(one.fresh().policy, GOALS[0])
    one.fitter.fit(one.buffer, 30, one.generator)
    many = Shared(one.family, config, n=len(GOALS))
    many.fitter.load_state_dict(one.fitter.state_dict())
    return many.model, many.family, many.fresh().policy


@pytest.fixture
def breaker(pupils):
    made = WorldBreaker(*pupils, GOALS, known=KNOWN, seed=1)
    made.view()
    return made


def by_hand(pupils, goal, world):
    """Return and states of one goal's policy in `world`, a step at a time."""
    model, trained, policies = pupils
    obs, total, states = trained.resets(20, 1), 0.0, []
    for _ in range(T):
        with torch.no_grad():
            action = policies(obs.expand(len(GOALS), *obs.shape)).mean[goal]
        after = world.simulate(obs, action)
        total += world.reward(obs, action, after, GOALS[goal]).mean().item()
        states.append((obs, action, after))
        obs = after
    return total, states


@pytest.mark.parametrize(("drag", "motor", "change"), [
    (100, None, {}), (50, None, {"drag": 0.25}), (100, 0, {"disabled": (0,)}),
    (300, 3, {"drag": 1.5, "disabled": (3,)}),
])  # fmt: skip
def test_the_real_world_is_the_one_that_was_set_and_the_model_knows_nothing_of_it(pupils, breaker, drag, motor, change):
    shown, usual = breaker.shown(2, drag, motor), breaker.shown(2, 100, None)
    total, states = by_hand(pupils, 2, replace(pupils[1], **change))
    assert shown.real == pytest.approx(total, abs=1e-3)
    np.testing.assert_allclose(shown.happened[:, -1], states[-1][2][:5], atol=1e-4)
    assert (shown.promised, shown.score) == (usual.promised, usual.score)
    np.testing.assert_array_equal(shown.imagined, usual.imagined)
    assert (shown.real != usual.real) == bool(change)


def test_the_shifts_of_the_paper_can_be_set(pupils, breaker):
    for shift, drag, motor in (("friction", 50, None), ("crippled", 100, 0)):
        assert breaker.shown(4, drag, motor).real == pytest.approx(
            by_hand(pupils, 4, shifted(pupils[1], shift))[0], abs=1e-3
        )


def test_the_error_is_that_of_the_first_episode_from_its_first_step_on(pupils, breaker):
    model, trained, _ = pupils
    _, states = by_hand(pupils, 3, replace(trained, disabled=(1,)))
    wrong = []
    for obs, action, after in states:
        with torch.no_grad():
            guesses = model.members(obs[:1], action[:1].clamp(-1, 1))  # (E, 1, 4)
        wrong.append(((guesses - after[:1]) / model.delta_norm.std).square().mean().sqrt().item())
    expected = [np.mean(wrong[: n + 1]) for n in range(T)]
    np.testing.assert_allclose(breaker.shown(3, 100, 1).errors, expected, rtol=1e-3)


def test_disagreement_is_measured_where_the_policy_imagines_itself(pupils, breaker):
    model, trained, policies = pupils
    start = trained.resets(20, 1).expand(len(GOALS), 20, 4)
    made = learned_world(model, trained, GOALS, clip_margin=0.5).rollout(policies, start, T, None)
    apart = []
    for obs, action in zip(made.obs[5].reshape(-1, 4), made.action[5].reshape(-1, 2), strict=True):
        with torch.no_grad():
            guesses = model.members(obs, action.clamp(-1, 1)) / model.delta_norm.std
        apart.append((guesses - guesses.mean(0)).square().mean().sqrt().item())
    assert breaker.shown(5, 100, None).score == pytest.approx(np.mean(apart), rel=1e-3)


def test_limits_are_those_of_the_known_goals_in_the_unbroken_world(breaker):
    every = [breaker.shown(i, 100, None) for i in range(len(GOALS))]
    assert {each.score_limit for each in every} == {max(each.score for each in every[:KNOWN])}  # 10 places, 1 allowed
    np.testing.assert_array_equal(every[0].error_limits, np.max([each.errors for each in every[:KNOWN]], axis=0))
    np.testing.assert_array_equal(breaker.shown(0, 300, 2).error_limits, every[0].error_limits)


def test_goals_are_named_by_place_and_those_outside_come_last(breaker):
    options = breaker.controls["goal"].options
    assert [i for _, i in options] == list(range(12)) and len({name for name, _ in options}) == 12
    assert options[10][0] == "(3.0, \u22120.5) outside" and "goal 12" in options[11][0]


def test_it_begins_unbroken_and_the_drop_down_says_so(breaker):
    assert breaker.controls["motor"].label == "all motors work" and "all motors work" in breaker.picture.value


def test_it_can_begin_with_a_broken_world(pupils):
    begun = WorldBreaker(*pupils, GOALS, known=KNOWN, goal=10, motor=1)
    assert (begun.parameters()["goal"], begun.parameters()["motor"]) == (10, 1)
    assert "no push left" in begun.describe(**begun.parameters())


def test_controls_move_the_picture_and_its_words(breaker):
    before = breaker.picture.value
    for control, value in (("motor", 0), ("drag", 200), ("steps", 3), ("goal", 10)):
        breaker.controls[control].value = value
        assert breaker.picture.value != before
        before = breaker.picture.value
    words = ET.fromstring(before).attrib["aria-label"]
    assert words == breaker.describe(**breaker.parameters())
    assert "Goal at 3.0, -0.5 m; drag at 200 per cent, no push right." in words and "after 3 real steps" in words


def test_a_light_is_on_above_its_limit_and_says_so_in_words(breaker):
    for goal in range(12):
        for motor in (None, 0, 1):
            shown = breaker.shown(goal, 100, motor)
            on = [shown.score > shown.score_limit, shown.errors[9] > shown.error_limits[9]]
            words = breaker.describe(goal, 100, motor, 10)
            assert [part.split(".")[0].strip() for part in words.split(": ")[-2:]] == ["on" if x else "off" for x in on]
            assert breaker.render(goal, 100, motor, 10).count("\u26a0 ON") == sum(on)
    assert not any(breaker.shown(i, 100, None).score > breaker.model.score_limit for i in range(KNOWN))


def test_pictures_are_sound_in_every_corner(breaker):
    for drag in (0, 300):
        for motor in (None, 0, 1, 2, 3):
            for steps in (1, T):
                still = breaker.render(11, drag, motor, steps)
                assert ET.fromstring(still).attrib["role"] == "img" and len(still) < 60_000 and "nan" not in still
    assert '<img alt="Goal at' in breaker._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(("what", "message"), [
    ("reacher", "breaks the point mass"), ("goals", "a policy for each goal"),
    ("few", "needs 1 / rate - 1 known goals"), ("rate", "needs 1 / rate - 1 known goals"),
    ("none", "known must be a whole number"),
])  # fmt: skip
def test_what_cannot_be_broken_is_refused(pupils, what, message):
    model, trained, policies = pupils
    arguments = dict(model=model, family=trained, policies=policies, goals=GOALS, known=KNOWN)
    other = {
        "reacher": dict(family=family("reacher")),
        "goals": dict(goals=GOALS[:3]),
        "few": dict(known=8),
        "rate": dict(rate=0.01),
        "none": dict(known=0),
    }
    with pytest.raises(InvalidInput, match=message):
        BreakerModel(**arguments | other[what])
