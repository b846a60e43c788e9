"""How one-shot learners compare: learning curves, and accuracy with its interval."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from tlteach.errors import InvalidInput
from tlteach.experiments._report import AGAINST, by_network, labelled, several
from tlteach.plots import LOOKS, band
from tlteach.runs import Result

ORDER = ("plastic", "shared", "none")
ONE_SHOT_LOOKS = LOOKS | {"none": LOOKS["rnn"] | {"label": "no plasticity"}}


def plot(results: Sequence[Result] | Result, *, against: str = "episodes") -> Figure:
    """Wrong answers in validation against `against` ("episodes" or "cpu_seconds"), a line a network: median, range.

    The axis is logarithmic; where not one answer was wrong, half of one is drawn.
    """
    results = several(results)
    figure, ax = plt.subplots()
    for network, group in by_network(results, ORDER).items():
        looks = labelled(ONE_SHOT_LOOKS[network], group)
        band(ax, [r.metrics[against] for r in group], [_wrong(r) for r in group], **looks)
    chance = 1 - 1 / results[0].config["task"]["n_ways"]
    ax.axhline(chance, color="0.5", linewidth=1)
    ax.annotate("chance", (0.01, chance), xycoords=("axes fraction", "data"), va="bottom", fontsize=9)
    ax.set(xlabel=AGAINST[against], yscale="log", ylabel="wrong answers,\nnew characters")
    for which in ("major", "minor"):  # in per cent: 1, 2, 5, 10, 20, 50
        getattr(ax.yaxis, f"set_{which}_locator")(LogLocator(subs=(1.0,) if which == "major" else (2.0, 5.0)))
        getattr(ax.yaxis, f"set_{which}_formatter")(lambda y, _: f"{100 * y:g} %")
    if max(r.metrics[against][-1] for r in results) >= 1e6:
        ax.xaxis.set_major_formatter(lambda x, _: f"{x / 1e6:g}")
        ax.set_xlabel(f"{AGAINST[against]}, millions")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _wrong(result: Result) -> np.ndarray:
    return np.maximum(1 - result.metrics["validation_accuracy"], 0.5 / result.config["validation_episodes"])


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval, low and high end, of a share of `n` independent episodes.

    Unlike the usual p +- z sqrt(p (1 - p) / n) it never leaves [0, 1]; near 1 it reaches less far up than down.
    """
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return float(centre - half), float(centre + half)


def interval(right: np.ndarray) -> tuple[float, float]:
    """Mean of episodes answered rightly or not, and how far the 95 % interval (Wilson's) reaches at most from it."""
    if not len(right):
        raise InvalidInput("interval: expected at least one episode, got none")
    mean = float(np.mean(right))
    low, high = wilson(mean, len(right))
    return mean, max(mean - low, high - mean)
