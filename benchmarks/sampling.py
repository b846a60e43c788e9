"""Real steps a second with a policy in the loop: `python -m benchmarks.sampling [--family NAME] [--json FILE]`.

Four ways to the same steps, each with a 32 x 32 tanh policy called once for all copies of the robot; one torch thread.
Rounds take turns, so that a busy machine slows all sides; the median is given, in steps a CPU second and a second (the
latter needs a quiet machine). Targets for the half-cheetah: 20,000 on one core, 30,000 on two.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import gymnasium
import numpy as np
import torch
from torch import nn

from tlteach.tasks.families import Family, collect, families, family
from tlteach.tasks.families.simulator import need_mujoco

WORLDS, ROUNDS = 64, 5


def ours(robot: Family, policy: Callable, steps: int, threads: int = 1) -> None:
    """Our collector: `mj_step` on many robots."""
    collect(robot, robot.sample_tasks(1, 0)[0], policy, steps, seed=0, n_worlds=WORLDS, threads=threads)


def rollout(robot: Family, policy: Callable, steps: int) -> None:
    """`mujoco.rollout`, one call a step, without warm start (and so with slightly other numbers), no resets."""
    from mujoco import rollout as module

    mujoco = need_mujoco()
    worlds = robot.worlds(WORLDS, seed=0)
    obs = worlds.reset()
    model, data = worlds.model, mujoco.MjData(worlds.model)
    state = np.zeros((WORLDS, 1 + model.nq + model.nv))
    state[:, 1:] = np.concatenate([worlds.qpos, worlds.qvel], 1)  # after the time
    q = slice(1, 1 + model.nq), slice(1 + model.nq, 1 + model.nq + model.nv)
    for _ in range(steps // WORLDS):
        control = policy(obs).clamp(-1, 1).double().numpy()[:, None].repeat(robot.frame_skip, 1)
        state = module.rollout(model, data, state, control)[0][:, -1]
        obs = robot.observe(*(torch.from_numpy(state[:, part]) for part in q))


def vector(robot: Family, policy: Callable, steps: int) -> None:
    """Gymnasium's SyncVectorEnv of our environments."""
    task = robot.sample_tasks(1, 0)[0]
    env = gymnasium.vector.SyncVectorEnv([partial(robot.make_env, task, disable_env_checker=True)] * WORLDS)
    obs, _ = env.reset(seed=0)
    for _ in range(steps // WORLDS):
        obs, *_ = env.step(policy(torch.from_numpy(obs).float()).clamp(-1, 1).numpy())


def single(robot: Family, policy: Callable, steps: int) -> None:
    """One environment, the policy called for one observation at a time."""
    env = robot.make_env(robot.sample_tasks(1, 0)[0], disable_env_checker=True)
    obs, _ = env.reset(seed=0)
    for _ in range(steps):
        obs, _, terminated, truncated, _ = env.step(policy(torch.from_numpy(obs).float()[None])[0].numpy())
        if terminated or truncated:
            obs, _ = env.reset()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", default="halfcheetah-velocity", choices=[f for f in families() if "nav" not in f])
    parser.add_argument("--steps", type=int, default=6400)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    robot = family(options.family)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(robot.obs_size, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh())
    net.append(nn.Linear(32, robot.action_size))
    policy = torch.no_grad()(lambda obs: net(obs) + 0.3 * torch.randn(len(obs), robot.action_size))
    sides = {"ours": ours, "ours, 2 threads": partial(ours, threads=2), "vector environment": vector, "single": single}
    if robot.tracked is None:  # mujoco.rollout does not return places of bodies
        sides["mujoco.rollout"] = rollout
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            cpu, wall = time.process_time(), time.perf_counter()
            side(robot, policy, options.steps)
            rates[name].append(
                (options.steps / (time.process_time() - cpu), options.steps / (time.perf_counter() - wall))
            )
    found = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in rates.items()}
    for name, (cpu, wall) in found.items():
        print(f"{options.family:28} {name:20} {cpu:8,.0f} steps / CPU s {wall:8,.0f} steps / s")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
