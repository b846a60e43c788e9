"""Step sizes and first exploration of MAML, the oracle and training from scratch:
`python -m benchmarks.tune_rivals reacher`.

Every setting gets the real steps of the lesson preset, and training seed 100, which no recorded run has. It is measured
on ten tasks of seed 999 (from scratch: on the first four), which none is tested on, in the preset's way to act: the
mean return of the policies at 80, 90 and 100% of training, MAML's after one gradient step. From a first setting one
value after the other is moved along its ladder for as long as that pays, until none moves: the best setting has worse
ones on all sides, or is at an end.
"""

import argparse
from dataclasses import replace
from statistics import fmean

import torch

from benchmarks.climb import climb
from tlteach.errors import Diverged
from tlteach.experiments import multitask
from tlteach.experiments._multitask_config import family, learning
from tlteach.modelbased import baselines, maml, maml_adaptation, oracle

LADDERS = {
    "log_std": (0.0, -0.5, -1.0, -1.5, -2.0),  # first noise of the actions
    "max_kl": (0.003, 0.01, 0.03, 0.1, 0.3),  # of an outer step, in nats
    "fast_lr": (0.0125, 0.025, 0.05, 0.1, 0.2),  # of MAML's inner step
}
FIRST = dict(log_std=-0.5, max_kl=0.03, fast_lr=0.1)
METHODS = ("maml", "oracle", "scratch")
TRAINING_SEED, TASK_SEED, N_TASKS, FROM_SCRATCH = 100, 999, 10, 4
LATE = (0.8, 0.9, 1.0)  # of training


def of_maml(config: multitask.Config) -> float:
    """Return after a gradient step."""
    tried = maml.MAML(family(config), config.maml, TRAINING_SEED)
    training = maml.train(family(config), config.maml, seed=TRAINING_SEED)

    def look() -> float:
        how = dict(steps=config.steps_per_task, evaluation_episodes=config.evaluation_episodes)
        how |= dict(sample=config.act == "sample")
        _, after = (each.returns.mean().item() for each in maml_adaptation.adapt(tried, _tasks(config), 1, **how))
        return after

    return _late(training, tried, look)


def of_oracle(config: multitask.Config) -> float:
    """Return when told the task."""
    options = dict(critic=config.critic, trpo=config.trpo, seed=TRAINING_SEED)
    tried = oracle.Oracle(family(config), config.oracle, **options)
    training = oracle.train(family(config), config.oracle, **options)

    def look() -> float:
        return tried.act(_tasks(config), config.evaluation_episodes, config.act == "sample").returns.mean().item()

    return _late(training, tried, look)


def of_scratch(config: multitask.Config) -> float:
    """Return of policies that were trained on a task each."""
    n, learn, found = config.baseline_updates, learning(replace(config, seed=TRAINING_SEED), test=True), []
    for task in _tasks(config)[:FROM_SCRATCH]:
        practised = baselines.from_scratch(family(config), learn, task, n)
        found += [each.real for each in practised if each.update in {round(share * n) for share in LATE}]
    return fmean(found)


def _tasks(config: multitask.Config) -> torch.Tensor:
    return family(config).sample_tasks(N_TASKS, TASK_SEED)


def _late(training, tried, look) -> float:
    found = []
    for record in training:
        if record.step in {round(share * record.total) for share in LATE}:
            tried.policy.load_state_dict(record.model.state_dict())
            tried.generator.manual_seed(TASK_SEED)
            found.append(look())
    return fmean(found)


def attempt(name: str, method: str, setting: dict[str, float]) -> float:
    """What a setting is worth; minus infinity where training diverges."""
    base = multitask.Config.preset("lesson", name, method=method)
    max_kl, log_std = setting["max_kl"], setting["log_std"]
    trpo = replace(base.trpo, max_kl=max_kl)
    try:
        if method == "maml":
            rate = setting["fast_lr"]
            made = replace(base.maml, max_kl=max_kl, log_std=log_std, fast_lr=rate, test_lr=rate)
            found = of_maml(replace(base, maml=made))
        elif method == "oracle":
            found = of_oracle(replace(base, oracle=replace(base.oracle, log_std=log_std), trpo=trpo))
        else:
            found = of_scratch(replace(base, optimizer="trpo", log_std=log_std, trpo=trpo))
    except Diverged:
        found = float("-inf")
    told = ", ".join(f"{key} {value:g}" for key, value in setting.items())
    print(f"{name} {method}: {told}: {found:.1f}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="+", metavar="FAMILY", help="for example navigation, reacher")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.families:
        for method in options.methods:
            first = {key: value for key, value in FIRST.items() if method == "maml" or key != "fast_lr"}
            best = climb(lambda setting, name=name, method=method: attempt(name, method, setting), LADDERS, first)
            print(f"{name} {method} best: {best}", flush=True)


if __name__ == "__main__":
    main()
