"""MAML on 2-D navigation: `python -m benchmarks.maml [--iterations 40] [--part 4] [--seed 0] [--json FILE]`.

20 tasks x 20 trajectories x 100 steps, before and after adaptation; policy ReLU 100x100, second order, 10 steps of
conjugate gradients. Once with all samples in the Fisher products, once with every `part`-th trajectory. CPU seconds of
an outer iteration on one thread, sampling included, and both learning curves: the mean return after adaptation.

Target: 4 s exactly, 1.5 s on a part. The public PyTorch program takes 7.5 s with two processes.
"""

import argparse
import json
import statistics
from dataclasses import replace
from pathlib import Path

import torch

from tlteach.modelbased.maml import MAMLConfig, train
from tlteach.tasks.families import family

CONFIG = MAMLConfig(tasks=20, episodes=20, fast_lr=0.1)


def measure(config: MAMLConfig, seed: int) -> dict[str, list[float]]:
    """Of each iteration the CPU seconds, and the mean returns before and after adaptation."""
    found: dict[str, list[float]] = {"seconds": [], "before": [], "after": []}
    spent = 0.0
    for record in train(family("navigation"), config, seed=seed):
        metrics = record.metrics
        found["seconds"].append(metrics["cpu_seconds"] - spent)
        found["before"].append(metrics["return_before"])
        found["after"].append(metrics["return_after"])
        spent = metrics["cpu_seconds"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iterations", type=int, default=40)
    parser.add_argument("--part", type=int, default=4, help="every so many-th trajectory in the Fisher products")
    parser.add_argument("--fast-lr", type=float, default=CONFIG.fast_lr)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    sides = {}
    for name, every in (("exactly", 1), (f"1/{options.part} of the trajectories", options.part)):
        config = replace(CONFIG, iterations=options.iterations, fisher_every=every, fast_lr=options.fast_lr)
        sides[name] = measure(config, options.seed)
        typical = statistics.median(sides[name]["seconds"][1:] or sides[name]["seconds"])
        print(f"{name}: {typical:.2f} CPU s an iteration", flush=True)
    print("\nreturn after adaptation, " + ", ".join(sides))
    for i in range(options.iterations):
        if i % max(1, options.iterations // 20) == 0 or i == options.iterations - 1:
            print(f"{i + 1:5}" + "".join(f"{side['after'][i]:10.1f}" for side in sides.values()))
    if options.json:
        options.json.write_text(json.dumps(sides, indent=1) + "\n")


if __name__ == "__main__":
    main()
