"""A shift is what it says: against MuJoCo itself with half of the friction, zeroed commands, and dynamics by hand."""

import math
import pickle
import warnings
from dataclasses import replace
from pathlib import Path

import gymnasium
import hypothesis.strategies as st
import mujoco
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings

from tlteach.errors import InvalidInput
from tlteach.tasks.families import SHIFTS, families, family, shifted
from tlteach.tasks.families.simulator import load, need_mujoco

RUNNERS = [("halfcheetah-velocity", (3,)), ("ant-direction", (0, 1))]
CRIPPLED = [*RUNNERS, ("reacher", (1,))]
ASSETS = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets"


def started(robot, task, qpos=None, qvel=None):
    env = robot.make_env(task)
    env.reset(seed=0)
    if qpos is not None:
        env.unwrapped.set_state(qpos, qvel)
    return env


def actions(robot, steps, seed=0):
    return 3 * torch.rand(steps, robot.action_size, generator=torch.Generator().manual_seed(seed)) - 1.5


def plainly(robot, env, commands, friction):
    """(steps, qpos + qvel): MuJoCo alone, from the state of an environment."""
    need_mujoco()  # so that nothing is written into the working directory
    model = mujoco.MjModel.from_xml_path(str(ASSETS / robot.model))
    model.geom_friction[:] = friction * model.geom_friction
    data, start = mujoco.MjData(model), env.unwrapped.data
    data.qpos[:], data.qvel[:], data.qacc_warmstart[:] = start.qpos, start.qvel, start.qacc_warmstart
    seen = []
    for command in commands:
        data.ctrl[:] = command
        mujoco.mj_step(model, data, robot.frame_skip)
        seen.append(np.concatenate([data.qpos, data.qvel]))
    return np.stack(seen)


def states(env, commands):
    seen = []
    for command in commands:
        env.step(command)
        seen.append(np.concatenate([env.unwrapped.data.qpos, env.unwrapped.data.qvel]))
    return np.stack(seen)


@pytest.mark.parametrize("name", [name for name, _ in RUNNERS])
def test_half_friction_is_that_of_every_geom(name):
    slippery = family(name, friction=0.5)
    task, cached = slippery.sample_tasks(1, 0)[0], load(slippery.model).geom_friction.copy()
    env = started(slippery, task)
    commands = actions(slippery, 60).numpy()
    expected = plainly(slippery, env, commands.astype(np.float64).clip(-1, 1), 0.5)
    assert np.array_equal(states(env, commands), expected)
    usual = states(started(family(name), task), commands)
    assert np.abs(usual - expected).max() > 0.1  # feet that slide
    slippery.worlds(2, seed=0).reset()
    assert np.array_equal(load(slippery.model).geom_friction, cached)


@pytest.mark.parametrize(("name", "motors"), CRIPPLED)
def test_a_disabled_motor_gets_no_command_and_the_command_is_charged(name, motors):
    crippled = family(name, disabled=motors)
    task = crippled.sample_tasks(1, 0)[0]
    env = started(crippled, task)
    commands = actions(crippled, 30).numpy()
    zeroed = commands.astype(np.float64).clip(-1, 1)
    zeroed[:, list(motors)] = 0
    expected = plainly(crippled, env, zeroed, 1.0)
    assert np.array_equal(states(env, commands), expected)
    cost = env.step(commands[0])[4]["reward_ctrl"]
    rate = {"reacher": 1.0}.get(name) or crippled.control_cost
    assert cost == pytest.approx(-rate * np.square(commands[0].clip(-1, 1)).sum(), rel=1e-5)


def test_the_crippled_leg_of_the_ant_is_the_authors():
    model = load("ant.xml")
    names = [
        model.joint(model.actuator_trnid[motor, 0]).name
        for motor in shifted(family("ant-direction"), "crippled").disabled
    ]
    assert names == ["hip_4", "ankle_4"]
    assert model.joint("hip_4").pos.tolist() == [0, 0, 0]
    leg = model.body(model.jnt_bodyid[model.joint("hip_4").id])
    assert leg.pos[:2].tolist() == [0.2, -0.2]


@pytest.mark.parametrize(("name", "motors"), CRIPPLED)
def test_shifted_worlds_are_bit_for_bit_the_shifted_environment(name, motors):
    robot = family(name, disabled=motors, **({} if name == "reacher" else {"friction": 0.5}))
    worlds, task = robot.worlds(2, seed=5), robot.sample_tasks(1, 0)[0]
    worlds.reset()
    starts = zip(worlds.qpos.copy(), worlds.qvel.copy(), strict=True)
    envs = []
    for qpos, qvel in starts:
        if name == "reacher":
            qpos[2:] = task
        envs.append(started(robot, task, qpos, qvel))
    for action in actions(robot, 80).unflatten(0, (40, 2)):
        batch = worlds.step(action)
        alone = [env.step(a.numpy())[0] for env, a in zip(envs, action, strict=True)]
        assert torch.equal(batch, torch.tensor(np.stack(alone)).float())


@pytest.mark.parametrize("shift", list(SHIFTS))
@pytest.mark.parametrize("name", families())
def test_known_reward_and_end_hold_in_every_shift(name, shift):
    base = family(name)
    try:
        other = shifted(base, shift)
    except InvalidInput:
        assert (name, shift) in NONE
        return
    assert (name, shift) not in NONE
    other.verify(steps=120)
    tasks = other.sample_tasks(300, 0)
    assert other.in_range(tasks).all()
    if shift == "tasks":
        assert not base.in_range(tasks).any() and not other.in_range(base.sample_tasks(300, 0)).any()
    else:
        assert torch.equal(tasks, base.sample_tasks(300, 0))
    assert type(other) is type(base) and other.name == base.name


NONE = {("reacher", "tasks"), ("reacher", "friction"), ("halfcheetah-direction", "tasks"), ("ant-direction", "tasks")}
NONE |= {(name, "tasks") for name in ("halfcheetah-velocity-both", "ant-velocity-both", "ant-velocity-2d")}


def test_what_changes_is_what_the_name_says():
    assert shifted(family("halfcheetah-velocity"), "tasks") == family("halfcheetah-velocity", low=-2.0, high=0.0)
    assert shifted(family("ant-velocity", horizon=30), "tasks") == family(
        "ant-velocity", horizon=30, low=-3.0, high=0.0
    )
    assert shifted(family("ant-direction"), "friction") == family("ant-direction", friction=0.5)
    assert shifted(family("ant-velocity-2d"), "crippled") == family("ant-velocity-2d", disabled=(0, 1))
    assert shifted(family("navigation"), "friction") == family("navigation", drag=0.25)
    assert shifted(family("navigation"), "none") == family("navigation")
    with pytest.raises(InvalidInput, match="halfcheetah-direction has no shift 'tasks'; it has friction, crippled"):
        shifted(family("halfcheetah-direction"), "tasks")
    with pytest.raises(InvalidInput, match="velocities of both signs"):
        shifted(family("ant-velocity-both"), "tasks")
    with pytest.raises(InvalidInput, match="unknown shift 'gravity'; choose one of 'none', 'tasks'"):
        shifted(family("navigation"), "gravity")


@pytest.mark.parametrize("name", ["navigation", *(name for name, _ in CRIPPLED)])
def test_registered_environments_take_the_shifts(name):
    robot = family(name)
    rough = {} if name in ("navigation", "reacher") else {"friction": 0.5}
    env = gymnasium.make(robot.gym_id, disabled=(1,), **rough).unwrapped
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(infinity|render mode).*")
        check_env(env)
    if name != "navigation":
        copy = pickle.loads(pickle.dumps(env))
        assert copy.family == env.family and np.array_equal(copy.model.geom_friction, env.model.geom_friction)


@pytest.mark.parametrize("motor", range(4))
def test_a_motor_of_the_point_mass_is_one_direction(motor):
    still = family("navigation", disabled=(motor,), wind=0.0, drag=0.0)
    axis, sign = divmod(motor, 2)
    for direction in (1.0, -1.0):
        action = torch.zeros(2, dtype=torch.float64)
        action[axis] = 0.7 * direction
        env = still.make_env(torch.zeros(2))
        env.reset(seed=0)
        env.unwrapped.state = np.zeros(4)
        dead = direction == (1.0, -1.0)[sign]
        pushed = np.zeros(4)
        pushed[2 + axis] = 0.0 if dead else 0.1 * 4.0 * 0.7 * direction  # time step, thrust, action
        pushed[axis] = 0.1 * pushed[2 + axis]
        obs, _, _, _, parts = env.step(action.numpy())
        np.testing.assert_allclose(obs, pushed, atol=1e-12)
        np.testing.assert_allclose(still.simulate(torch.zeros(4, dtype=torch.float64), action), pushed, atol=1e-12)
        assert parts["reward_ctrl"] == pytest.approx(-0.01 * 0.49)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.5, 4), st.floats(0.05, 0.95), st.integers(0, 2**31))
def test_goals_beyond_a_square_are_uniform_in_what_is_left(reach, part, seed):
    n, beyond = 4000, part * reach
    navigation = family("navigation", reach=reach, beyond=beyond)
    goals = navigation.sample_tasks(n, seed)
    assert (
        navigation.in_range(goals).all()
        and not replace(navigation, beyond=0.0, reach=beyond * 0.999).in_range(goals).any()
    )
    area = 4 * (reach**2 - beyond**2)
    middle = math.sqrt((reach**2 + beyond**2) / 2)
    for expected, counted in (
        (0.5, goals.abs().amax(-1) < middle),  # as much area inside of it as outside
        (0.25, (goals > 0).all(-1)),
        ((reach - beyond) ** 2 / area, (goals > beyond).all(-1)),  # a corner
        (2 * beyond * (reach - beyond) / area, (goals[:, 0] > beyond) & (goals[:, 1].abs() < beyond)),  # a side
    ):
        assert abs(counted.float().mean().item() - expected) < 5 * math.sqrt(expected * (1 - expected) / n)


def test_refusals():
    with pytest.raises(InvalidInput, match=r"disabled must be a tuple of motors of ant-direction, 0 to 7, got \(8,\)"):
        family("ant-direction", disabled=(8,))
    with pytest.raises(InvalidInput, match=r"navigation, 0 to 3, got \[0\]"):
        family("navigation", disabled=[0])
    with pytest.raises(InvalidInput, match=r"reacher, 0 to 1, got \(True,\)"):
        family("reacher", disabled=(True,))
    with pytest.raises(InvalidInput, match="friction must be a finite number above 0, got 0"):
        family("halfcheetah-velocity", friction=0)
    with pytest.raises(InvalidInput, match="reacher has no option 'friction'"):
        family("reacher", friction=0.5)
    with pytest.raises(InvalidInput, match="beyond must be less than reach, got beyond=2, reach=2"):
        family("navigation", beyond=2.0)
    with pytest.raises(InvalidInput, match=r"\[0.5, 0.5\] is no task.*not both between -1 and 1"):
        family("navigation", beyond=1.0).make_env(torch.tensor([0.5, 0.5]))
