"""Learning rate of each network in the recorded runs of the maze: `python -m benchmarks.tune_maze [NETWORK ...]`.

The recorded runs' budget, and seeds that none of them has. A run is worth the reward of an episode over its last
twentieth, a rate the median of its runs: a single one may be lucky. One that diverges rules its rate out. From 1e-3 it
goes up, and if that does not pay down, for as long as it pays, so the best one has a worse one on both sides, or is at
the end of the list.
"""

import argparse
import math
from statistics import fmean, median

import torch

from benchmarks.climb import climb
from tlteach.errors import Diverged
from tlteach.experiments import maze

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
FIRST = 1e-3
SEEDS, LAST = (100, 101, 102), 0.05


def attempt(network: maze.Network, rate: float, seed: int) -> float:
    """Reward of an episode at the end of a run."""
    config = maze.Config.preset("long", network, learning_rate=rate, seed=seed)
    try:
        rewards = [record.metrics["return"] for record in maze.train(config)]
        found = fmean(rewards[-round(LAST * len(rewards)) :])
    except Diverged:
        found = float("-inf")
    print(f"{network:12} rate {rate:<7g} seed {seed} {found:6.1f}", flush=True)
    return found


def worth(network: maze.Network, rate: float) -> float:
    """Of a rate: the median of its runs; minus infinity where one diverges."""
    found = [attempt(network, rate, seed) for seed in SEEDS]
    return median(found) if all(map(math.isfinite, found)) else -math.inf


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(maze.NETWORKS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    for network in options.networks or maze.NETWORKS:
        ask = lambda setting, network=network: worth(network, setting["rate"])  # noqa: E731
        best = climb(ask, {"rate": RATES}, {"rate": FIRST})
        print(f"{network:12} best: {best['rate']:g}", flush=True)


if __name__ == "__main__":
    main()
