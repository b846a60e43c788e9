"""Pictures: strokes where they belong, OpenGL where there is some, and line segments where there is none."""

from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from tlteach.tasks.families import family, opengl
from tlteach.tasks.families.drawing import BODY, GOAL, Picture, Stroke
from tlteach.tasks.families.skeleton import Look

ROBOTS = ["reacher", "halfcheetah-velocity", "ant-velocity-2d"]


def started(name, **options):
    one = family(name)
    env = one.make_env(one.sample_tasks(1, 0)[0], **options)
    env.reset(seed=0)
    return env


def test_a_stroke_colours_the_pixels_it_covers_and_no_others():
    stroke = Stroke((-1.0, 0.5), (1.0, 0.5), 0.2, (200, 0, 0))
    seen = Picture([stroke], centre=(0.0, 0.0), span=4.0).pixels(200)  # 50 pixels a metre
    assert seen.shape == (200, 200, 3) and seen.dtype == np.uint8
    red = (seen == (200, 0, 0)).all(-1)
    rows, columns = np.nonzero(red)
    assert abs(rows.min() - 70) <= 1 and abs(rows.max() - 80) <= 1  # y = 0.5 is 25 above the middle, 10 thick
    assert abs(columns.min() - 45) <= 1 and abs(columns.max() - 155) <= 1  # round ends
    assert (seen[~red].mean() > 245) and (seen[:60] == 255).all()


def test_svg_is_well_formed_and_names_itself():
    picture = Picture([Stroke((0.0, 0.0), (1.0, 1.0), 0.1)], (0.0, 0.0), 4.0)
    root = ElementTree.fromstring(picture.svg('an "arm" < 1 m', 100))
    assert root.attrib["aria-label"] == 'an "arm" < 1 m' and root.attrib["role"] == "img"
    line = root.find("{http://www.w3.org/2000/svg}line")
    assert [float(line.attrib[k]) for k in ("x1", "y1", "x2", "y2")] == [50, 50, 75, 25]
    assert line.attrib["stroke"] == "#{:02x}{:02x}{:02x}".format(*BODY)


@pytest.mark.parametrize(("azimuth", "elevation"), [(0, 0), (0, 90), (30, 35)])
def test_a_look_is_a_rotation(azimuth, elevation):
    axes = Look(azimuth, elevation, 1.0).axes()
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    if elevation == 90:
        np.testing.assert_allclose(axes[:2], np.eye(3)[:2], atol=1e-12)  # x to the right, y up: a map
    if elevation == 0:
        np.testing.assert_allclose(axes[1], [0, 0, 1], atol=1e-12)


def test_the_reacher_seen_from_above_has_its_fingertip_and_target_in_place():
    env = started("reacher")
    env.step(np.array([1.0, -1.0], np.float32))
    robot = env.unwrapped
    dots = [s for s in robot.picture().strokes if s.start == s.end]
    tip, target = sorted((np.array(dot.start) for dot in dots), key=lambda place: np.hypot(*(place - robot.task)))[::-1]
    assert len(dots) == 2
    np.testing.assert_allclose(tip, robot.get_body_com("fingertip")[:2], atol=1e-9)
    np.testing.assert_allclose(target, robot.task, atol=1e-9)
    links = [s for s in robot.picture().strokes if s.width == pytest.approx(0.02) and s.start != s.end]
    assert len(links) == 2
    np.testing.assert_allclose([np.hypot(*np.subtract(s.end, s.start)) for s in links], [0.1, 0.1], atol=1e-9)


def test_the_navigator_and_its_goal_are_where_they_should_be():
    navigation = family("navigation")
    env = navigation.make_env(torch.tensor([1.0, -0.5]), render_mode="rgb_array")
    env.reset(seed=0)
    seen = env.render()
    assert tuple(seen[140, 160]) == GOAL and tuple(seen[120, 120]) == BODY  # 40 pixels a metre


@pytest.mark.parametrize("name", ROBOTS)
def test_without_opengl_a_robot_is_drawn_as_segments(name, monkeypatch):
    def broken(mujoco):
        raise RuntimeError("no display")

    for reason in ("switched off", "broken driver"):
        with monkeypatch.context() as patch:
            if reason == "switched off":
                patch.setenv("MUJOCO_GL", "disabled")
            else:
                patch.setattr(opengl, "_context", broken)
            env = started(name, render_mode="rgb_array")
            seen = env.render()
            assert np.array_equal(seen, env.unwrapped.picture().pixels())
            env.step(env.action_space.sample())
            assert not np.array_equal(seen, env.render())
            env.close()


@pytest.mark.parametrize("name", ROBOTS)
def test_opengl_shows_the_robot_move(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    env = started(name, render_mode="rgb_array")
    first = env.render()
    if not env.unwrapped._view:
        pytest.skip("no OpenGL here")
    assert first.shape == (240, 240, 3) and first.dtype == np.uint8 and first.std() > 10
    assert np.array_equal(first, env.render())
    for _ in range(5):
        env.step(env.action_space.sample())
    assert np.abs(env.render().astype(int) - first).max() > 30
    env.close()
    env.close()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_rendered_without_a_render_mode():
    assert started("navigation").unwrapped.render() is None
    assert started("reacher").unwrapped.render() is None
