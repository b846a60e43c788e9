"""The fast recurrences against the direct loop: `python -m benchmarks.plasticity [--json FILE] [--threads N]`.

Forward and backward over whole episodes with all gradients, Hebbian rule. Each side runs in a process of its own: CPU
seconds are the median of several passes after a warm-up (memory touched, kernels compiled), memory is the peak above
what the process had when everything was imported. The two sides take turns, so that a busy machine slows both.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

# (units, steps, episodes): the 1000-bit task with one and four episodes, the maze, the 50-bit task.
CASES = ((1001, 106, 1), (1001, 106, 4), (100, 200, 30), (51, 11, 32))
ROUNDS = 2


def measure(implementation: str, units: int, steps: int, episodes: int, threads: int) -> dict[str, float]:
    """CPU and wall seconds of a pass, and peak memory in MB above the imports; in this process."""
    import torch

    from tlteach.plasticity import PlasticRNN
    from tlteach.plasticity.recurrence import fused  # noqa: F401 (its import is not what is measured)

    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(0)
    drive = 20 * torch.randn(steps, episodes, units, generator=generator).sign()
    layer = PlasticRNN(units, units, input_map=False, implementation=implementation)

    def run() -> tuple[float, float]:
        layer.zero_grad(set_to_none=True)
        cpu, wall = time.process_time(), time.perf_counter()
        layer(drive)[0][-1].square().sum().backward()
        return time.process_time() - cpu, time.perf_counter() - wall

    warm_up = PlasticRNN(64, 64, input_map=False, implementation=implementation)
    warm_up(torch.ones(20, 2, 64))[0].sum().backward()  # loads what is compiled and the machinery of autograd
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    first = run()[1]
    passes = [run() for _ in range(max(3, min(50, int(4 / first))))]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = (statistics.median(column) for column in zip(*passes, strict=True))
    return {"cpu": cpu, "wall": wall, "megabytes": (peak - before) / 1024}


def compare(case: tuple[int, int, int], implementations: list[str], threads: int) -> dict[str, dict[str, float]]:
    """The median of both sides over `ROUNDS` rounds, each side in a fresh process, in turn."""
    rounds: dict[str, list[dict]] = {name: [] for name in implementations}
    for _ in range(ROUNDS):
        for name in implementations:
            command = [sys.executable, "-m", "benchmarks.plasticity", "--one", name, *map(str, case)]
            done = subprocess.run([*command, "--threads", str(threads)], check=True, capture_output=True, text=True)
            rounds[name].append(json.loads(done.stdout))
    return {name: {k: statistics.median(r[k] for r in found) for k in found[0]} for name, found in rounds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--against", nargs="+", default=["auto"], help="auto, chunked, fused (default: auto)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        name, *sizes = options.one
        print(json.dumps(measure(name, *map(int, sizes), options.threads)))
        return
    print(f"{'N':>5} {'T':>4} {'B':>3}  {'':8} {'CPU s':>8} {'wall s':>8} {'MB':>7}   times as fast, share of memory")
    figures = []
    for case in CASES:
        found = compare(case, ["direct", *options.against], options.threads)
        direct = found["direct"]
        for name, took in found.items():
            units, steps, episodes = case
            row = f"{units:5} {steps:4} {episodes:3}  {name:8} {took['cpu']:8.4f} {took['wall']:8.4f}"
            row += f" {took['megabytes']:7.0f}"
            if name != "direct":
                share = took["megabytes"] / direct["megabytes"]
                row += f"   {direct['cpu'] / took['cpu']:.1f}, 1/{1 / max(share, 1e-3):.0f}"
            print(row, flush=True)
            figures.append({"units": units, "steps": steps, "episodes": episodes, "implementation": name, **took})
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
