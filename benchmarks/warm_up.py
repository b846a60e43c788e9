"""The authors' warm-up of one task: `python -m benchmarks.warm_up [--tasks P] [--part 40] [--plain] [--json FILE]`.

Half-cheetah (17 + 6 numbers), one network of 2x500, 4,000 steps of Adam on the 2-step loss with batches of 128, 1,600
TRPO updates, each on 4,000 virtual steps (20 rollouts of 200), policy 32x32, value 64x64 with 5 epochs in batches of
64. A `part`-th of the steps and updates is run, and the time multiplied: they all cost the same. CPU seconds, one
thread; the median of rounds that take turns.

`--plain` adds the same warm-up in straightforward torch: modules, autograd, `torch.optim`.
Target: 150 s a task alone, 90 s a task for 16 at once. The straightforward version measured for the specification took
354 s on a quiet machine.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.plain_warm_up import Plain
from tlteach.modelbased.buffer import ReplayBuffer, Transitions
from tlteach.modelbased.critic import Critic, CriticConfig
from tlteach.modelbased.dynamics import Dynamics, DynamicsConfig
from tlteach.modelbased.fitting import FitConfig, Fitter
from tlteach.modelbased.policies import GaussianPolicy, Value
from tlteach.modelbased.trpo import TRPO, TRPOConfig
from tlteach.modelbased.virtual import learned_world
from tlteach.tasks.families import collect, family

FIT_STEPS, UPDATES, ROLLOUTS, MARGIN = 4000, 1600, 20, 0.5
PARTS = ("fit", "rollout", "advantages", "trpo", "value")
ROBOT = family("halfcheetah-velocity")


def data() -> Transitions:
    """4,000 real steps of random actions."""
    generator = torch.Generator().manual_seed(0)

    def act(obs):
        return 0.7 * torch.randn(len(obs), ROBOT.action_size, generator=generator)

    got = collect(ROBOT, ROBOT.sample_tasks(1, 0)[0], act, 4000, generator)
    return Transitions(got.obs, got.action.clamp(-1, 1), got.next_obs, got.terminated | got.truncated)


class Ours:
    """Warm-up of `tasks` policies at once (None: of one, without that dimension)."""

    def __init__(self, rows: Transitions, tasks: int | None):
        O, A, g = ROBOT.obs_size, ROBOT.action_size, torch.Generator().manual_seed(0)
        self.generator, self.lead = g, () if tasks is None else (tasks,)
        self.buffer = ReplayBuffer(O, A)
        self.buffer.add(rows)
        model = Dynamics(O, A, DynamicsConfig(), g)
        model.observe(rows)
        self.fitter = Fitter(model, FitConfig())
        policy = GaussianPolicy(O, A, model.obs_norm, g, n=tasks)
        self.trpo = TRPO(policy, Critic(Value(O, model.obs_norm, g, n=tasks), CriticConfig()), TRPOConfig())
        drawn = ROBOT.sample_tasks(tasks or 1, 0)
        self.world = learned_world(model, ROBOT, drawn if tasks else drawn[0], clip_margin=MARGIN)

    def fit(self, steps: int) -> None:
        self.fitter.fit(self.buffer, steps, self.generator)

    def update(self, timed: Callable) -> None:
        shape = (*self.lead, ROLLOUTS, ROBOT.obs_size)
        critic, policy = self.trpo.critic, self.trpo.policy
        start = ROBOT.resets(torch.Size(shape[:-1]).numel(), 0)
        made = timed("rollout", self.world.rollout, policy, start.view(shape), ROBOT.horizon, self.generator)
        batch = timed("advantages", critic.batch, made)
        timed("trpo", self.trpo.step, batch)
        timed("value", critic.fit, batch, self.generator)


def measure(side, part: int) -> dict[str, float]:
    """CPU seconds of a whole warm-up, by its parts."""
    spent = dict.fromkeys(PARTS, 0.0)

    def timed(name: str, call: Callable, *arguments):
        before = time.process_time()
        result = call(*arguments)
        spent[name] += time.process_time() - before
        return result

    timed("fit", side.fit, FIT_STEPS // part)
    for _ in range(UPDATES // part):
        side.update(timed)
    return {name: part * seconds for name, seconds in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tasks", type=int, nargs="*", default=[16], help="numbers of tasks at once, besides one alone"
    )
    parser.add_argument("--part", type=int, default=160, help="run this part of the work, and multiply")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help="measure straightforward torch, too")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = data()
    sides = {"ours, alone": (Ours(rows, None), 1, options.part)}
    if options.plain:
        sides["plain torch"] = Plain(ROBOT, rows, ROLLOUTS, MARGIN), 1, options.part
    for tasks in options.tasks:
        sides[f"ours, {tasks} at once"] = Ours(rows, tasks), tasks, options.part * 4
    found: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    for _ in range(options.rounds + 1):  # the first one warms up
        for name, (side, tasks, part) in sides.items():
            found[name].append({key: value / tasks for key, value in measure(side, part).items()})
    print(f"{'CPU s a task':20}" + "".join(f"{name:>12}" for name in (*PARTS, "all")))
    figures = {}
    for name, rounds in found.items():
        typical = {key: statistics.median(r[key] for r in rounds[1:]) for key in PARTS}
        figures[name] = typical | {"all": sum(typical.values())}
        print(f"{name:20}" + "".join(f"{value:12.1f}" for value in figures[name].values()), flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
