"""How the networks compare: learning curves, and how many episodes each needed."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from tlteach.errors import InvalidInput
from tlteach.experiments._pattern_network import NETWORKS
from tlteach.plots import LOOKS, Table, band
from tlteach.runs import Result

SETTING = ("network", "hidden_size", "batch_size", "learning_rate")


def plot(results: list[Result] | Result, *, against: str = "episodes", target: float | None = 0.01) -> Figure:
    """Running error against `against` ("episodes" or "cpu_seconds"), one line a network: median and range of seeds."""
    results = [results] if isinstance(results, Result) else list(results)
    _need(results)
    figure, ax = plt.subplots()
    for network in NETWORKS:
        group = [r.metrics for r in results if r.config["network"] == network]
        if group:
            looks = LOOKS[network] | {"label": f"{LOOKS[network]['label']} ({len(group)} seed{'s' * (len(group) > 1)})"}
            band(ax, [m[against] for m in group], [m["running_error"] for m in group], **looks)
    ax.axhline(0.25, color="0.5", linewidth=1)
    where = dict(xycoords=("axes fraction", "data"), va="bottom", fontsize=9)
    ax.annotate("chance: erased bits are guessed", (0.01, 0.25), **where)
    if target:
        ax.axhline(target, color="0.5", linewidth=1, linestyle=(0, (1, 3)))
    label = {"episodes": "training episodes", "cpu_seconds": "CPU seconds of training"}[against]
    ax.set(xscale="log", yscale="log", xlabel=label, ylabel="share of wrong bits", ylim=(None, 0.4))
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def solved_after(result: Result, target: float, against: str = "episodes") -> float | None:
    """Episodes (or CPU seconds) until the running error was first below `target`, once its window was full; or None."""
    full = result.metrics["episodes"] >= result.config["window"]
    error = result.metrics["running_error"].astype(float)  # recorded in single precision: 0.01 itself is not below 0.01
    below = np.flatnonzero(full & (error < target))
    return float(result.metrics[against][below[0]]) if len(below) else None


def table(results: Sequence[Result], target: float = 0.01) -> Table:
    """How each setting (network, width, batch, rate) fared: seeds that got below `target`, and what it cost them.

    Where a seed did not get there within its budget, what it spent is a lower bound, and so is the ratio, which
    compares the median number of episodes with that of the first setting.
    """
    _need(results)
    groups: dict[tuple, list[Result]] = {}
    for result in sorted(results, key=lambda r: NETWORKS.index(r.config["network"])):
        groups.setdefault(tuple(result.config[key] for key in SETTING), []).append(result)
    first, rows = None, []
    for (network, width, batch, rate), group in groups.items():
        episodes, seconds = (
            np.array([solved_after(r, target, unit) or r.metrics[unit][-1] for r in group])
            for unit in ("episodes", "cpu_seconds")
        )
        solved = sum(solved_after(r, target) is not None for r in group)
        bound = "" if solved == len(group) else "more than "
        first = first or np.median(episodes)
        rows.append(
            (
                LOOKS[network]["label"],
                f"{width}",
                f"{batch}",
                f"{rate:g}",
                f"{solved} of {len(group)}",
                f"{bound}{np.median(episodes):,.0f} ({episodes.min():,.0f} to {episodes.max():,.0f})",
                f"{bound}{np.median(seconds):,.1f}",
                f"{np.median([r.metrics['running_error'][-1] for r in group]):.3f}",
                f"{bound}{np.median(episodes) / first:.1f}",
            )
        )
    columns = ("network", "units", "batch", "Adam rate", "seeds that got there", "episodes, median (range)")
    columns += ("CPU seconds, median", "last error", "episodes : first row")
    return Table(columns, rows, f"Until the running error was first below {target:g}, or the budget ended")


def _need(results: Sequence[Result]) -> None:
    if not results:
        raise InvalidInput("nothing to report: the list of results is empty")
