"""Step sizes and first exploration of MAML and the oracle: `python -m benchmarks.tune_rivals reacher`.

Every setting gets the real steps of the lesson preset, and training seed 100, which no recorded run has. It is measured
on ten tasks of seed 999, which none is tested on, in the preset's way to act: the mean return of the policies at 80, 90
and 100% of training, MAML's after one gradient step. The size of the outer step and the first noise of the actions are
tried together; then, for MAML, the size of the inner step at the best of them.
"""

import argparse
from dataclasses import replace
from statistics import fmean

import torch

from tlteach.errors import Diverged
from tlteach.experiments import multitask
from tlteach.experiments._multitask_config import family
from tlteach.modelbased import maml, maml_adaptation, oracle

OUTER = (0.01, 0.03, 0.1)  # KL of a step, in nats
NOISE = (0.0, -0.5, -1.0)  # log_std
INNER = (0.05, 0.2)  # beside the preset's 0.1
TRAINING_SEED, TASK_SEED, N_TASKS = 100, 999, 10


def of_maml(config: multitask.Config) -> float:
    """Return after a gradient step; minus infinity where training diverges."""
    tried = maml.MAML(family(config), config.maml, TRAINING_SEED)
    training = maml.train(family(config), config.maml, seed=TRAINING_SEED)

    def look() -> float:
        how = dict(steps=config.steps_per_task, sample=config.act == "sample")
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


def _tasks(config: multitask.Config) -> torch.Tensor:
    return family(config).sample_tasks(N_TASKS, TASK_SEED)


def _late(training, tried, look) -> float:
    found = []
    try:
        for record in training:
            if record.step in {round(share * record.total) for share in (0.8, 0.9, 1.0)}:
                tried.policy.load_state_dict(record.model.state_dict())
                tried.generator.manual_seed(TASK_SEED)
                found.append(look())
    except Diverged:
        return float("-inf")
    return fmean(found)


def tune(name: str, method: str) -> None:
    base = multitask.Config.preset("lesson", name, method=method)

    def attempt(max_kl: float, log_std: float, fast_lr: float | None = None) -> float:
        if method == "maml":
            made = replace(base.maml, max_kl=max_kl, log_std=log_std, fast_lr=fast_lr, test_lr=fast_lr)
            found = of_maml(replace(base, maml=made))
        else:
            made = replace(base.oracle, log_std=log_std)
            found = of_oracle(replace(base, oracle=made, trpo=replace(base.trpo, max_kl=max_kl)))
        inner = f", fast_lr {fast_lr:g}" if fast_lr else ""
        print(f"{name} {method}: max_kl {max_kl:g}, log_std {log_std:g}{inner}: {found:.1f}", flush=True)
        return found

    inner = (base.maml.fast_lr,) if method == "maml" else ()
    found = {(kl, noise, *inner): attempt(kl, noise, *inner) for kl in OUTER for noise in NOISE}
    if inner:
        best = max(found, key=found.get)[:2]
        found |= {(*best, rate): attempt(*best, rate) for rate in INNER}
    print(f"{name} {method} best: {max(found, key=found.get)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="+", metavar="FAMILY", help="for example navigation, reacher")
    parser.add_argument("--methods", nargs="+", choices=("maml", "oracle"), default=("maml", "oracle"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.families:
        for method in options.methods:
            tune(name, method)


if __name__ == "__main__":
    main()
