"""The fast recurrences against the direct loop: `python -m benchmarks.plasticity [--json FILE] [--threads N]`.

Forward and backward over whole episodes with all gradients, Hebbian rule. Each side runs in a process of its own: CPU
seconds are the least of several passes after a warm-up (memory touched, kernels compiled), since whatever else the
machine does can only add to them; memory is the peak above what the process had when everything was imported. The
sides take turns. All figures are per episode, so that sides with different batches compare: the direct loop has no
room for four episodes of the image task, and gains nothing from a batch.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple


class Case(NamedTuple):
    """Sides are (implementation, episodes). authors: CPU seconds and MB of the authors' program, an episode."""

    name: str
    units: int
    steps: int
    plasticity: str
    sides: tuple[tuple[str, int], ...]
    authors: tuple[float, float] | None = None


PATTERNS, IMAGES = (1.38, 4994), (2.64, 6735)  # measured for specs/plasticity.md, Part B, with torch 2.13
CASES = (
    Case("1000 bits", 1001, 106, "per_connection", (("direct", 1), ("auto", 1), ("auto", 4)), PATTERNS),
    Case("1000 bits, at four", 1001, 106, "per_connection", (("direct", 4), ("auto", 4))),
    Case("maze", 100, 200, "per_connection", (("direct", 30), ("auto", 30))),
    Case("50 bits", 51, 11, "per_connection", (("direct", 32), ("auto", 32))),
    Case("images", 1025, 201, "per_connection", (("direct", 1), ("auto", 1), ("auto", 4), ("auto", 10)), IMAGES),
    Case("images", 1025, 201, "shared", (("direct", 1), ("auto", 1), ("auto", 4), ("auto", 10)), IMAGES),
    Case("16x16 images", 257, 201, "per_connection", (("direct", 4), ("auto", 4), ("auto", 10))),
    Case("16x16 images", 257, 201, "shared", (("direct", 4), ("auto", 4), ("auto", 10))),
)
ROUNDS = 3


def pictures(units: int, episodes: int, generator):
    """Input and clamp of the image task: three pictures, three times, 20 steps each and 2 of nothing; then half of one.

    The last unit is the bias, clamped to 1 at all times.
    """
    import torch

    drive = torch.zeros(201, episodes, units)
    clamp = torch.zeros(201, episodes, units, dtype=torch.bool)
    shown = torch.rand(3, episodes, units - 1, generator=generator) * 2 - 1
    for i in range(9):
        drive[22 * i : 22 * i + 20, :, :-1], clamp[22 * i : 22 * i + 20] = shown[(i + i // 3) % 3], True
    half = units // 2
    drive[198:, :, :half], clamp[198:, :, :half] = shown[0, :, :half], True
    drive[:, :, -1], clamp[:, :, -1] = 1, True
    return drive, clamp


def measure(case: Case, implementation: str, episodes: int, threads: int) -> dict[str, float]:
    """CPU and wall seconds and peak memory in MB above the imports, of a pass in this process, per episode."""
    import torch

    from tlteach.plasticity import PlasticRNN
    from tlteach.plasticity.recurrence import fused  # noqa: F401 (its import is not what is measured)

    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(0)
    if "images" in case.name:
        drive, clamp = pictures(case.units, episodes, generator)
    else:  # half the units are told something
        told = torch.randint(-1, 2, (case.steps, episodes, case.units), generator=generator)
        drive, clamp = 20.0 * told, None
    layer = PlasticRNN(
        case.units, case.units, plasticity=case.plasticity, input_map=False, implementation=implementation
    )

    def run() -> tuple[float, float]:
        layer.zero_grad(set_to_none=True)
        cpu, wall = time.process_time(), time.perf_counter()
        layer(drive, clamp=clamp)[0][-1].square().sum().backward()
        return time.process_time() - cpu, time.perf_counter() - wall

    warm_up = PlasticRNN(64, 64, plasticity=case.plasticity, input_map=False, implementation=implementation)
    warm_up(torch.ones(20, 2, 64))[0].sum().backward()  # loads what is compiled and the machinery of autograd
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    first = run()[1]
    passes = [run() for _ in range(max(3, min(50, int(4 / first))))]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = (min(column) for column in zip(*passes, strict=True))
    return {"cpu": cpu / episodes, "wall": wall / episodes, "megabytes": (peak - before) / 1024 / episodes}


def compare(case: Case, threads: int) -> list[dict[str, float]]:
    """The best of all sides over `ROUNDS` rounds, each side in a fresh process, in turn."""
    rounds: list[list[dict]] = [[] for _ in case.sides]
    for _ in range(ROUNDS):
        for found, (implementation, episodes) in zip(rounds, case.sides, strict=True):
            command = [sys.executable, "-m", "benchmarks.plasticity", "--threads", str(threads)]
            command += ["--one", str(CASES.index(case)), implementation, str(episodes)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found.append(json.loads(done.stdout))
    return [{key: min(r[key] for r in found) for key in found[0]} for found in rounds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        case, implementation, episodes = options.one
        print(json.dumps(measure(CASES[int(case)], implementation, int(episodes), options.threads)))
        return
    print(f"an episode, {options.threads} thread(s){'':31}   CPU ms  wall ms       MB   times cheaper, share of memory")
    figures = []
    for case in CASES:
        if options.only not in case.name:
            continue
        title = f"{case.name}, {case.plasticity}, N={case.units}, T={case.steps}"
        if case.authors:
            print(f"{title:46} authors' program {1e3 * case.authors[0]:7.0f} {'':17}{case.authors[1]:5}")
        direct = None
        for (implementation, episodes), took in zip(case.sides, compare(case, options.threads), strict=True):
            direct = direct or took
            row = f"{title:46} {implementation:7} x {episodes:<4} {1e3 * took['cpu']:9.2f} {1e3 * took['wall']:8.2f}"
            row += f" {took['megabytes']:8.1f}"
            if took is not direct:
                row += (
                    f"   {direct['cpu'] / took['cpu']:5.1f}, 1/{direct['megabytes'] / max(took['megabytes'], 0.1):.0f}"
                )
            print(row, flush=True)
            sizes = {"units": case.units, "steps": case.steps, "episodes": episodes, "plasticity": case.plasticity}
            figures.append({"case": case.name, **sizes, "implementation": implementation, **took})
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
