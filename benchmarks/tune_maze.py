"""Learning rate of each network in the recorded runs of the maze: `python -m benchmarks.tune_maze [NETWORK ...]`.

The recorded runs' budget, and seeds that none of them has. A run is worth the reward of an episode over its last
twentieth, a rate the median of its runs: a single one may be lucky. One that diverges rules its rate out. From 1e-3 and
3e-3 it goes on to the side of the better one for as long as that pays, so the best one has a worse one on both sides,
or is at the end of the list.
"""

import argparse
import math
from statistics import fmean, median

import torch

from tlteach.errors import Diverged
from tlteach.experiments import maze

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
FIRST = 2, 3
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


def climb(network: maze.Network) -> float:
    def worth(i: int) -> float:
        found = [attempt(network, RATES[i], seed) for seed in SEEDS]
        return median(found) if all(map(math.isfinite, found)) else -math.inf

    found = {i: worth(i) for i in FIRST}
    best = max(found, key=found.get)
    step = 1 if best == FIRST[1] else -1
    while 0 <= best + step < len(RATES):
        found[best + step] = worth(best + step)
        if found[best + step] < found[best]:
            break
        best += step
    return RATES[best]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(maze.NETWORKS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    for network in options.networks or maze.NETWORKS:
        print(f"{network:12} best: {climb(network):g}", flush=True)


if __name__ == "__main__":
    main()
