"""Width and learning rate of each network of the pattern experiment: `python -m benchmarks.tune_patterns`.

Every network gets the same budget a setting (CPU seconds on one thread), the same seed, which no recorded run uses, and
the same search: four learning rates at the smaller width, then the larger width at the best rate. The best setting is
the one with the smallest mean error in the last quarter of the budget. (Not the one that is first below some error: a
curve can dip there by accident, early, and come back up.)
"""

import argparse

import torch

from tlteach.experiments import patterns

RATES = (3e-4, 1e-3, 3e-3, 1e-2)
WIDTHS = {"plastic": (51, 101), "shared": (51, 101), "rnn": (256, 512), "lstm": (256, 512)}
SEED = 100


def attempt(network: str, width: int, rate: float, seconds: float) -> float:
    """The mean error of the last quarter of the budget."""
    changes = dict(hidden_size=width, learning_rate=rate, cpu_seconds=seconds, stop_below=None, seed=SEED)
    metrics = patterns.run(patterns.Config.preset("compare", network, **changes), progress=False).metrics
    error = float(metrics["error"][metrics["cpu_seconds"] > 0.75 * seconds].mean())
    print(f"{network:8} width {width:4} rate {rate:<7g} error {error:.4f}", flush=True)
    return error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds a setting")
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(WIDTHS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    for network in options.networks or WIDTHS:
        small, large = WIDTHS[network]
        found = {(small, rate): attempt(network, small, rate, options.seconds) for rate in RATES}
        _, rate = min(found, key=found.get)
        found[large, rate] = attempt(network, large, rate, options.seconds)
        width, rate = min(found, key=found.get)
        print(f"{network:8} best: width {width}, rate {rate:g}", flush=True)


if __name__ == "__main__":
    main()
