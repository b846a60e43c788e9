"""Reacher, half-cheetah and ant: known reward, start states and batched worlds against Gymnasium's environments."""

import builtins
import pickle
import warnings
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from tlteach.errors import InvalidInput
from tlteach.tasks.families import Disagreement, HalfCheetahVelocity, families, family

ROBOTS = [name for name in families() if name != "navigation"]
ONE_EACH = ["reacher", "halfcheetah-velocity", "ant-velocity-2d"]


@pytest.mark.parametrize("name", ROBOTS)
def test_known_reward_and_end_are_those_of_the_environment(name):
    family(name).verify(steps=2000)


@pytest.mark.parametrize(("name", "frame_skip"), [("halfcheetah-direction", 1), ("ant-velocity", 2)])
def test_also_at_the_time_step_of_the_authors(name, frame_skip):
    robot = family(name, frame_skip=frame_skip)
    robot.verify(steps=300)
    assert robot.make_env(robot.sample_tasks(1, 0)[0]).unwrapped.dt == pytest.approx(0.01 * frame_skip)


def test_verify_notices_an_action_cost_that_is_a_little_off():
    class Cheap(HalfCheetahVelocity):
        control_cost = 0.0499

    with pytest.raises(Disagreement, match="rewards differ by up to 0.000"):
        Cheap().verify(steps=200)


def test_the_ant_is_done_where_gymnasium_says_so():
    ant = family("ant-direction")
    env = ant.make_env(torch.tensor([1.0]))
    robot, outcomes = env.unwrapped, set()
    for height in (0.1, 0.19, 0.21, 0.5, 0.99, 1.01, 2.0):
        env.reset(seed=0)
        qpos = robot.init_qpos.copy()
        qpos[2] = height
        robot.set_state(qpos, robot.init_qvel)
        obs, _, terminated, _, _ = env.step(np.zeros(8, np.float32))
        assert ant.done(torch.tensor(obs)).item() == terminated
        outcomes.add(terminated)
    assert outcomes == {True, False}
    lost = torch.full((2, 27), 0.5)
    lost[1, 20] = torch.nan
    assert ant.done(lost).tolist() == [False, True]


@pytest.mark.parametrize("name", ONE_EACH)
def test_worlds_are_bit_for_bit_the_environment(name):
    robot = family(name)
    worlds = robot.worlds(3, seed=5)
    obs = worlds.reset()
    assert torch.equal(obs, robot.resets(3, seed=5))
    task = robot.sample_tasks(1, 0)[0]
    envs = [robot.make_env(task) for _ in range(3)]
    for env, qpos, qvel in zip(envs, worlds.qpos.copy(), worlds.qvel.copy(), strict=True):
        env.reset(seed=0)
        if name == "reacher":
            qpos[2:] = task
        env.unwrapped.set_state(qpos, qvel)
    generator = torch.Generator().manual_seed(0)
    for _ in range(40):
        action = 3 * torch.rand(3, robot.action_size, generator=generator) - 1.5
        batch = worlds.step(action)
        alone = [env.step(a.numpy())[0] for env, a in zip(envs, action, strict=True)]
        assert torch.equal(batch, torch.tensor(np.stack(alone)).float())
    for env, qpos in zip(envs, worlds.qpos, strict=True):
        own = slice(0, 2) if name == "reacher" else slice(None)
        assert np.array_equal(env.unwrapped.data.qpos[own], qpos[own])


@pytest.mark.parametrize("name", ONE_EACH)
def test_start_states_are_drawn_as_the_environment_draws_them(name):
    robot = family(name)
    env = robot.make_env(robot.sample_tasks(1, 0)[0])
    real = torch.tensor(np.stack([env.reset(seed=i)[0] for i in range(400)]))
    ours = robot.resets(4000, seed=0).double()
    spread = real.std(0)
    assert ((ours.mean(0) - real.mean(0)).abs() < 5 * spread / 400**0.5 + 1e-9).all()
    assert ((ours.std(0) / spread - 1).abs() < 0.2).all()
    assert ((ours.amax(0) - ours.amin(0)) / (real.amax(0) - real.amin(0)) < 1.6).all()


@pytest.mark.parametrize("name", ROBOTS)
def test_tasks_lie_in_range_and_others_are_refused(name):
    robot = family(name)
    tasks = robot.sample_tasks(200, 0)
    assert tasks.shape == (200, robot.task_size) and robot.in_range(tasks).all()
    assert torch.equal(tasks, robot.sample_tasks(200, 0))
    for bad in (torch.full((robot.task_size,), 9.0), torch.full((robot.task_size,), torch.nan)):
        with pytest.raises(InvalidInput, match=f"no task of {name}: expected"):
            robot.make_env(bad)


@pytest.mark.parametrize("name", [name for name in families() if not name.endswith("direction")])
def test_nothing_is_missed_at_the_goal(name):
    """The distance in the units of the task, whatever constants the reward has."""
    made = family(name)
    tasks = made.sample_tasks(4, 0)
    obs = made.resets(4, 0)
    if name.startswith(("halfcheetah", "ant")):
        at, off = made.velocity_at, torch.tensor([0.0, 0.1, 0.5, 2.0])
        there = obs.clone()
        there[:, at : at + made.task_size] = tasks.to(obs)
        there[:, at] += off
        torch.testing.assert_close(made.miss(obs, there, tasks), off)
    assert (made.miss(obs, obs, tasks) > 0).all()


def test_a_direction_has_no_goal():
    made = family("ant-direction")
    obs = made.resets(3, 0)
    assert made.miss(obs, obs, made.sample_tasks(3, 0)).isnan().all()


def test_a_wider_family_has_the_tasks_that_a_narrow_one_refuses():
    slow = family("halfcheetah-velocity")
    with pytest.raises(InvalidInput, match=r"between 0 and 2 m/s; .*halfcheetah-velocity.*low="):
        slow.make_env(torch.tensor([-1.0]))
    env = replace(slow, low=-2.0).make_env(torch.tensor([-1.0]))
    assert env.unwrapped.task == [-1.0] and env.unwrapped.family.low == -2.0
    with pytest.raises(InvalidInput, match="low below high, got low=4.0"):
        family("ant-velocity", low=4.0)
    with pytest.raises(InvalidInput, match="high='fast'"):
        family("halfcheetah-velocity-both", high="fast")
    with pytest.raises(InvalidInput, match="at most 0.27 m"):
        family("reacher", reach=0.5)


@pytest.mark.parametrize("kind", [family(name).gym_id for name in ROBOTS if not name.endswith("both")])
def test_environments_are_gymnasium_environments(kind):
    env = gymnasium.make(kind).unwrapped
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(infinity|render mode).*")
        check_env(env)
    for section in ("Description", "Action Space", "Observation Space", "Rewards", "Starting State", "Episode End"):
        assert f"## {section}" in type(env).__doc__
    copy = pickle.loads(pickle.dumps(env))
    assert np.array_equal(copy.task, env.task) and copy.frame_skip == env.frame_skip


@pytest.mark.parametrize(
    "error", [AttributeError("'NoneType' has no attribute 'glGetError'"), RuntimeError("bad value")]
)
def test_where_mujoco_does_not_start_the_error_names_the_variable(monkeypatch, error):
    real = builtins.__import__

    def broken(name, *rest, **more):
        if name.split(".")[0] == "mujoco":
            raise error
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", broken)
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    with pytest.raises(InvalidInput, match="MuJoCo does not start with MUJOCO_GL='osmesa'.*unset it"):
        family("halfcheetah-velocity").make_env(torch.tensor([1.0]))


def test_without_mujoco_the_error_says_what_to_install_and_the_known_half_still_works(monkeypatch):
    real = builtins.__import__

    def absent(name, *rest, **more):
        if name.split(".")[0] == "mujoco":
            raise ImportError("no mujoco")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    cheetah = family("halfcheetah-velocity")
    with pytest.raises(InvalidInput, match=r"MuJoCo is not installed.*pip install"):
        cheetah.make_env(torch.tensor([1.0]))
    with pytest.raises(InvalidInput, match="MuJoCo is not installed"):
        cheetah.worlds(2, seed=0)
    obs = cheetah.resets(2, seed=0)
    assert cheetah.reward(obs, torch.zeros(2, 6), obs, torch.tensor([1.0])).shape == (2,)


def test_nothing_is_written_into_the_working_directory_and_nothing_warned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cheetah = family("halfcheetah-velocity")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cheetah.worlds(1, seed=0).reset()
        cheetah.make_env(torch.tensor([1.0])).reset()
    assert list(tmp_path.iterdir()) == []


def test_other_warnings_of_mujoco_become_warnings_of_python(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    worlds = family("halfcheetah-direction").worlds(1, seed=0)
    worlds.reset()
    worlds.qvel[:] = 1e12
    with pytest.warns(RuntimeWarning, match="MuJoCo: .*(unstable|Nan|huge)"):
        worlds.step(torch.zeros(1, 6))
    assert list(tmp_path.iterdir()) == []
