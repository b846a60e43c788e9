import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch

from tlteach.course.widgets import WorldFan
from tlteach.course.widgets.world_model import Fan, FanModel
from tlteach.course.widgets.world_picture import SCENES, scene
from tlteach.errors import InvalidInput
from tlteach.modelbased.buffer import Transitions
from tlteach.modelbased.dynamics import Dynamics, DynamicsConfig
from tlteach.tasks.families import Navigation, Reacher, family

NAV, ARM = family("navigation"), family("reacher")
PLACE = slice(0, 2)


def dynamics(obs_size=4, n_models=3, seed=0):
    """An untrained ensemble whose members differ, with running moments of something."""
    g = torch.Generator().manual_seed(seed)
    model = Dynamics(obs_size, 2, DynamicsConfig(n_models=n_models, hidden=(8,), init_std=0.5, activation="tanh"), g)
    obs, delta = torch.randn(50, obs_size, generator=g), 0.1 * torch.randn(50, obs_size, generator=g)
    model.observe(Transitions(obs, torch.zeros(50, 2), obs + delta, torch.zeros(50, dtype=torch.bool)))
    return model


def episodes(n_steps=12, n=2, obs_size=4):
    """Real ones of the point mass; for the arm, states that are at least possible."""
    g = torch.Generator().manual_seed(1)
    action = 2 * torch.rand(n_steps, n, 2, generator=g) - 1
    if obs_size == 4:
        obs = [NAV.resets(n, g)]
        for a in action:
            obs.append(NAV.simulate(obs[-1], a))
        return torch.stack(obs), action
    angles = torch.rand(n_steps + 1, n, 4, generator=g).double()
    target = torch.zeros(n_steps + 1, n, 2).double()
    qpos, qvel = torch.cat([angles[..., :2], target], -1), torch.cat([angles[..., 2:], target], -1)
    rows = [ARM.observe(p, v) for p, v in zip(qpos, qvel, strict=True)]
    return torch.stack(rows), action


@pytest.fixture
def widget():
    obs, action = episodes()
    models = {"a": dynamics(seed=0), "b": dynamics(seed=1)}
    made = WorldFan(models, NAV, obs, action, labels=["near", "far"], data=obs.reshape(-1, 4), horizon=8)
    made.view()
    return made


def test_every_member_goes_on_from_its_own_prediction():
    obs, action = episodes()
    model = dynamics()
    fan = FanModel({"m": model}, obs, action, 5).fan("m", 1, 3)
    for e in range(3):
        state = obs[3, 1]
        for h in range(5):
            np.testing.assert_allclose(fan.members[e, h], state.detach(), rtol=1e-5, atol=1e-6)
            state = model.members(state, action[3 + h, 1])[e]
        np.testing.assert_allclose(fan.members[e, 5], state.detach(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(fan.real, obs[3:9, 1])


def test_distance_and_spread_by_hand():
    """Two members, 2 m and 4 m to the right of the truth: 1 m from their mean each."""
    real = np.zeros((2, 4))
    members = np.zeros((2, 2, 4))
    members[0, 1, 0], members[1, 1, 0] = 2.0, 4.0
    members[:, 1, 2] = 9.0  # a velocity is no place
    fan = Fan(real, members)
    np.testing.assert_allclose(fan.distance(PLACE), [[0, 2], [0, 4]])
    np.testing.assert_allclose(fan.spread(PLACE), [0, 1])


def test_it_says_the_numbers_of_the_fan(widget):
    p = widget.parameters()
    assert p == {"model": "a", "episode": 0, "start": 0, "ahead": 8}
    fan = widget.fan("a", 0, 0)
    off, apart = fan.distance(PLACE)[:, 8], fan.spread(PLACE)[8]
    words = widget.describe(**p)
    assert f"{off.min():.3g} to {off.max():.3g} m away" in words and f"{apart:.3g} m apart" in words
    assert words.startswith("near, from step 0, model a. 8 steps ahead")
    root = ET.fromstring(widget.render(**p))
    assert root.attrib["aria-label"] == words


def test_every_control_changes_the_picture(widget):
    pictures = [widget.picture.value]
    for name, value in (("episode", 1), ("start", 4), ("ahead", 3), ("model", "b"), ("ahead", 0)):
        widget.controls[name].value = value
        pictures.append(widget.picture.value)
    assert len(set(pictures)) == len(pictures)
    assert "Nothing is imagined yet" in widget.describe(**widget.parameters())


def test_the_horizon_can_be_moved_without_computing(widget, monkeypatch):
    monkeypatch.setattr(Dynamics, "forward", lambda *_: pytest.fail("the fan was computed again"))
    widget.player.move(-1)
    assert widget.controls["ahead"].value == 7 and "7 steps ahead" in widget.picture.value


def test_one_model_needs_no_choice_and_one_member_no_spread():
    obs, action = episodes()
    made = WorldFan({"only": dynamics(n_models=1)}, NAV, obs, action, horizon=12)
    assert "model" not in made.controls and made.parameters()["model"] == "only"
    picture, words = made.render(**made.parameters()), made.describe(**made.parameters())
    assert "the model imagines it" in words and "apart" not in words and "spread of the members" not in picture
    made.controls["start"].value = 1  # there is no later start: it stays at the first
    assert "from step 0" in made.describe(**made.parameters())


def test_paths_are_where_the_states_are(widget):
    """The dot of the real one, at (x, y) in metres, y upwards."""
    s, state = scene(NAV), np.array([1.75, -3.5, 0.0, 0.0])
    dot = ET.fromstring(s.dot(s.window(0, 0, 100), state, "red"))
    assert (float(dot.attrib["cx"]), float(dot.attrib["cy"])) == (75.0, 100.0)


def test_the_arm_leads_from_the_shoulder_over_the_elbow_to_the_fingertip():
    obs, _ = episodes(obs_size=8)
    state, s = obs[0, 0].numpy(), scene(ARM)
    axes = s.window(0, 0, 500)
    upper, fore = ET.fromstring(f"<g>{s.arm(axes, state, 'red', 3)}</g>")
    metres = lambda bone, end: np.array(  # noqa: E731
        [float(bone.attrib[f"x{end}"]) / 1000 - 0.25, 0.25 - float(bone.attrib[f"y{end}"]) / 1000]
    )
    np.testing.assert_allclose(metres(upper, 1), 0, atol=1e-5)
    np.testing.assert_allclose(metres(upper, 2), metres(fore, 1), atol=1e-6)
    np.testing.assert_allclose(metres(fore, 2), state[6:8], atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(metres(upper, 2)), 0.1, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(metres(fore, 2) - metres(fore, 1)), 0.11, atol=1e-3)
    assert scene(NAV).arm(axes, state, "red", 3) == ""


def test_the_arm_is_told_in_centimetres():
    obs, action = episodes(obs_size=8)
    made = WorldFan({"m": dynamics(8)}, ARM, obs, action, horizon=4)
    off = 100 * made.fan("m", 0, 0).distance(slice(6, 8))[:, 4]
    assert f"{off.min():.3g} to {off.max():.3g} cm away" in made.describe(**made.parameters())


def test_untrusted_pages_show_a_picture_with_words(widget):
    bundle = widget._repr_mimebundle_()
    assert '<img alt="near, from step 0' in bundle["text/html"]
    assert len(bundle["text/html"]) < 150_000


def test_scenes_are_of_the_families_that_move_in_the_plane():
    assert set(SCENES) == {Navigation, Reacher}
    with pytest.raises(InvalidInput, match="HalfCheetahVelocity is not drawn in the plane; there are Navigation, Rea"):
        scene(family("halfcheetah-velocity"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(models={}), "needs models by name"),
        (dict(models={"m": 3}), "'m' must be a Dynamics, got int"),
        (dict(models={"m": dynamics(8)}), r"states of 8 and actions of 2 numbers.*got \(13, 2, 4\)"),
        (dict(obs=episodes()[0][:-1]), "one state more than actions"),
        (dict(obs=episodes()[0] / 0), "NaN or infinite"),
        (dict(horizon=13), "from 1 to the 12 steps of an episode, got 13"),
        (dict(horizon=0), "got 0"),
        (dict(labels=["one"]), "2 different names"),
        (dict(labels=["one", "one"]), "2 different names"),
        (dict(data=torch.zeros(5, 8)), r"states \(M, 4\), got shape \(5, 8\)"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, words):
    obs, action = episodes()
    given = dict(models={"m": dynamics()}, family=NAV, obs=obs, action=action, horizon=4) | change
    with pytest.raises(InvalidInput, match=words):
        WorldFan(**given)
