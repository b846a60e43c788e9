import asyncio
import time
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch

from tlteach.course.widgets import CheetahStand
from tlteach.course.widgets.cheetah_model import CheetahModel
from tlteach.errors import InvalidInput
from tlteach.experiments import multitask
from tlteach.modelbased.learner import Shared
from tlteach.tasks.families import family

TARGETS = torch.tensor([[0.0], [1.0], [2.0]])
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def bank():
    """Three policies that push on their own way, and a model fitted a little on real steps."""
    config = multitask.Config.preset("smoke", "halfcheetah-velocity")
    one = Shared(multitask.family(config), multitask.learning(config))
    one.collect(one.fresh().policy, one.family.sample_tasks(1, 0)[0])
    one.fitter.fit(one.buffer, 30, one.generator)
    shared = Shared(one.family, one.config, n=len(TARGETS))
    shared.model.load_state_dict(one.model.state_dict())
    policies = shared.fresh().policy
    with torch.no_grad():
        policies.net.biases[-1].copy_(torch.tensor([[-0.5], [0.0], [0.5]]).expand(3, 6))
    return shared.family, shared.model, policies, TARGETS


@pytest.fixture
def stand(bank):
    made = CheetahStand(*bank)
    made.view()
    return made


def test_both_begin_at_the_same_start_with_the_middle_target(stand):
    m = stand.model.moment
    assert m.target == 1.0 and m.time == 0 and not len(m.velocities)
    np.testing.assert_allclose(m.real, m.dream, atol=1e-6)
    assert "both bodies stand at the start" in stand.status.value


def test_the_real_body_is_gymnasiums(stand, bank):
    """The same start and the same actions in the environment: the same observations."""
    kind, _, policies, targets = bank
    env = kind.make_env(targets[1]).unwrapped
    env.reset(seed=0)
    worlds = stand.model.worlds
    env.set_state(worlds.qpos[0].copy(), worlds.qvel[0].copy())
    obs = stand.model.obs
    for _ in range(20):
        with torch.no_grad():
            action = policies(obs.expand(3, 1, -1)).mean[1, 0]
        expected, *_ = env.step(action.double().numpy())
        stand.model.advance()
        obs = stand.model.obs
        np.testing.assert_allclose(obs[0], expected, rtol=1e-4, atol=1e-4)
    env.close()


def test_the_dream_is_the_models(stand, bank):
    """Each body sees its own observations only."""
    kind, model, policies, _ = bank
    dreamt, x = stand.model.dreamt.clone(), stand.model.dream_x
    stand.model.advance(7)
    with torch.no_grad():
        for _ in range(7):
            action = policies(dreamt.expand(3, 1, -1)).mean[1]
            dreamt = model.obs_norm.clip(model.step(dreamt, action.clamp(-1, 1)), 0.5)
            x += 0.05 * dreamt[0, kind.velocity_at].item()
    torch.testing.assert_close(stand.model.dreamt, dreamt)
    assert stand.model.moment.dream[0] == pytest.approx(x) and stand.model.moment.asleep == pytest.approx(0.35)
    assert not torch.allclose(stand.model.obs, dreamt), "this model is too poor to be right"


def test_the_target_changes_the_policy_in_the_middle_of_the_run(stand):
    stand.run(5)
    before = stand.model.moment
    stand.slider.value = 2.0
    after = stand.model.moment
    assert after.target == 2.0 and after.time == pytest.approx(before.time + 0.1), "without an event loop, one tick"
    assert after.velocities[:5, 1].tolist() == [1.0] * 5 and after.velocities[5:, 1].tolist() == [2.0] * 2
    np.testing.assert_array_equal(after.velocities[:5], before.velocities)


def test_waking_up_puts_the_dream_where_the_real_body_is(stand):
    stand.run(30)
    assert abs(stand.model.moment.real[0] - stand.model.moment.dream[0]) > 1e-4
    stand.waking.click()
    m = stand.model.moment
    np.testing.assert_allclose(m.real, m.dream, atol=1e-6)
    assert m.asleep == 0 and m.time == pytest.approx(1.5), "the clock of the run goes on"


def test_starting_again_is_another_start_and_forgets_the_velocities(stand):
    first = stand.model.moment.real
    stand.run(10)
    stand.again.click()
    m = stand.model.moment
    assert m.time == 0 and not len(m.velocities) and not np.allclose(m.real, first)


def test_it_keeps_five_seconds_and_tells_the_mean_of_the_last_one(stand):
    stand.run(130)
    m = stand.model.moment
    assert len(m.velocities) == 100 and m.velocities[-1, 0] == pytest.approx(6.5)
    assert m.recent() == pytest.approx(m.velocities[-20:, 2:].mean(0))


def test_the_picture_is_sound_says_what_it_shows_and_bodies_are_drawn_where_they_are(stand):
    stand.run(12)
    svg = stand.render(**stand.parameters())
    root = ET.fromstring(svg)
    assert root.attrib["role"] == "img" and root.attrib["aria-label"] == stand.describe(**stand.parameters())
    assert "Target 1 m/s, after 0.6 s: the real body ran at" in root.attrib["aria-label"]
    windows = root.findall(f"{SVG}svg")
    assert [len(w.findall(f"{SVG}line[@stroke-linecap]")) for w in windows] == [8, 8], "eight capsules and no more"
    assert ET.tostring(windows[0]) != ET.tostring(windows[1])
    assert len(svg) < 30_000 and '<img alt="Target 1 m/s' in stand._repr_mimebundle_()["text/html"]


def test_the_same_pose_is_the_same_picture_wherever_it_is_along_the_way(stand):
    """The camera follows; only the ground's lines show that it moved."""
    pose = stand.model.moment.real
    here, there = (stand.model.picture(pose + np.eye(9)[0] * x) for x in (0.0, 0.5))
    bodies = [[(s.start[0] - p.centre[0], s.end[1]) for s in p.strokes if s.width] for p in (here, there)]
    np.testing.assert_allclose(bodies[0], bodies[1], atol=1e-9)


def test_it_runs_between_cells_is_stopped_and_goes_on_when_the_target_is_moved(bank):
    async def scenario():
        stand = CheetahStand(*bank)
        stand.view()
        stand.play.click()
        await asyncio.sleep(0)
        assert "Stop" in stand.play.description and "Running" in stand.status.value
        while stand.model.moment.time < 0.3:
            await asyncio.sleep(0.01)
        stand.slider.value = 0.0
        assert stand.task is not None and stand.model.moment.target == 0.0
        stand.play.click()
        await asyncio.sleep(0.05)
        done = stand.model.moment.time
        await asyncio.sleep(0.15)
        assert stand.model.moment.time == done and stand.task is None
        assert "Run" in stand.play.description and "Target 0 m/s" in stand.status.value
        stand.slider.value = 1.0
        assert stand.task is not None, "moving the target starts it"
        stand.left = 2
        while stand.task is not None:
            await asyncio.sleep(0.01)
        assert stand.model.moment.time > done, "and it stops by itself"

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_a_tick_leaves_the_page_time_to_listen(stand):
    """Two steps and a picture in a few milliseconds of computing; 50 is the limit."""
    spent = []
    for _ in range(5):
        begun = time.process_time()
        stand.run(2)
        spent.append(time.process_time() - begun)
    assert min(spent) < 0.05


@pytest.mark.parametrize("what", ["family", "policies", "order", "range", "model"])
def test_what_does_not_fit_together_is_refused(what, bank):
    kind, model, policies, targets = bank
    given, match = {
        "family": ((family("reacher"), model, policies, targets), "half-cheetah with goal velocities"),
        "policies": ((kind, model, policies, targets[:2]), "a policy for each target"),
        "order": ((kind, model, policies, targets.flip(0)), "in increasing order"),
        "range": ((kind, model, policies, targets + 5), "between 0 and 2 m/s"),
        "model": ((kind, "model", policies, targets), "17 numbers observed and 6 motors"),
    }[what]
    with pytest.raises(InvalidInput, match=match):
        CheetahModel(*given)
