"""How the networks compare: learning curves, and how many episodes each needed."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from tlteach.errors import InvalidInput
from tlteach.experiments._pattern_network import NETWORKS
from tlteach.plots import LOOKS, Table, band
from tlteach.runs import Result


def plot(results: list[Result] | Result, *, against: str = "episodes", target: float | None = 0.01) -> Figure:
    """Running error against `against` ("episodes" or "cpu_seconds"), one line a network: median and range of seeds."""
    results = [results] if isinstance(results, Result) else list(results)
    if not results:
        raise InvalidInput("nothing to plot: the list of results is empty")
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
    ax.set(xscale="log", yscale="log", xlabel=label, ylabel="share of wrong bits")
    ax.legend()
    return figure


def solved_after(result: Result, target: float, against: str = "episodes") -> float | None:
    """Episodes (or CPU seconds) until the running error was first below `target`, once its window was full; or None."""
    full = result.metrics["episodes"] >= result.config["window"]
    below = np.flatnonzero(full & (result.metrics["running_error"] < target))
    return float(result.metrics[against][below[0]]) if len(below) else None


def table(results: Sequence[Result], target: float = 0.01) -> Table:
    """How each network fared: seeds that got below `target`, episodes needed, and how often the plastic one's.

    Where a seed did not get there within its budget, its episodes are a lower bound, and so is the ratio.
    """
    groups = {network: [r for r in results if r.config["network"] == network] for network in NETWORKS}
    spent = {n: [solved_after(r, target) or float(r.metrics["episodes"][-1]) for r in g] for n, g in groups.items()}
    rows = []
    for network, group in groups.items():
        if not group:
            continue
        solved = sum(solved_after(r, target) is not None for r in group)
        bound = "" if solved == len(group) else "more than "
        low, median, high = (f(spent[network]) for f in (np.min, np.median, np.max))
        ratio = median / np.median(spent["plastic"]) if spent["plastic"] else float("nan")
        rows.append(
            (
                LOOKS[network]["label"],
                f"{group[0].config['hidden_size']}",
                f"{group[0].config['learning_rate']:g}",
                f"{solved} of {len(group)}",
                f"{bound}{median:,.0f} ({low:,.0f} to {high:,.0f})",
                f"{np.median([r.metrics['cpu_seconds'][-1] for r in group]):,.0f} s",
                f"{np.median([r.metrics['running_error'][-1] for r in group]):.3f}",
                f"{bound}{ratio:.1f}",
            )
        )
    columns = ("network", "width", "Adam rate", f"below {target:g}", "episodes, median (range)")
    columns += ("CPU time, median", "last error, median", "ratio to plastic")
    return Table(columns, rows, f"Episodes until the running error was below {target:g}, or until the budget ended")
