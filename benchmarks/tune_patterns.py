"""Width and learning rate of each network of the pattern experiment: `python -m benchmarks.tune_patterns`.

Every network gets the same budget a setting (CPU seconds on one thread), the same seed, which no recorded run uses,
and the same four learning rates. Plastic networks keep the paper's 51 neurons; the rivals are also tried at twice the
width, at their best rate. The best setting is the one whose running error is below 0.01 soonest *for the rest of its
budget* (a curve can dip there early, by accident, and come back up) or, where none is, the one that ends lowest.
"""

import argparse

import numpy as np
import torch

from tlteach.experiments import patterns

RATES = (3e-4, 1e-3, 3e-3, 1e-2)
WIDTHS = {"plastic": (51,), "shared": (51,), "rnn": (256, 512), "lstm": (256, 512)}
SEED = 100


def attempt(network: str, width: int, rate: float, seconds: float) -> tuple[float, float]:
    """CPU seconds from which on the running error is below 0.01 (infinite if it never is), and the last error."""
    changes = dict(hidden_size=width, learning_rate=rate, cpu_seconds=seconds, stop_below=None, seed=SEED)
    metrics = patterns.run(patterns.Config.preset("compare", network, **changes), progress=False).metrics
    error, spent = metrics["running_error"], metrics["cpu_seconds"]
    above = np.flatnonzero(error >= 0.01)[-1]
    solved = float(spent[above + 1]) if above + 1 < len(spent) else float("inf")
    found = f"solved for good after {solved:5.1f} s, last error {error[-1]:.4f}"
    print(f"{network:8} width {width:4} rate {rate:<7g} {found}", flush=True)
    return solved, float(error[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=45.0, help="CPU seconds a setting")
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(WIDTHS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    for network in options.networks or WIDTHS:
        first, *wider = WIDTHS[network]
        found = {(first, rate): attempt(network, first, rate, options.seconds) for rate in RATES}
        _, rate = min(found, key=found.get)
        found |= {(width, rate): attempt(network, width, rate, options.seconds) for width in wider}
        width, rate = min(found, key=found.get)
        print(f"{network:8} best: width {width}, rate {rate:g}", flush=True)


if __name__ == "__main__":
    main()
