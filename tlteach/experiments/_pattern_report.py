"""How the networks compare: learning curves, and how many episodes each needed."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from tlteach.experiments._pattern_network import NETWORKS
from tlteach.experiments._report import AGAINST, by_network, labelled, several
from tlteach.plots import LOOKS, Table, band
from tlteach.runs import Result

SETTING = ("network", "hidden_size", "batch_size", "learning_rate")


def plot(results: list[Result] | Result, *, against: str = "episodes", target: float | None = 0.01) -> Figure:
    """Running error against `against` ("episodes" or "cpu_seconds"), one line a network: median and range of seeds."""
    results = several(results)
    figure, ax = plt.subplots()
    for network, group in by_network(results, NETWORKS).items():
        errors = [r.metrics["running_error"] for r in group]
        band(ax, [r.metrics[against] for r in group], errors, **labelled(LOOKS[network], group))
    ax.axhline(0.25, color="0.5", linewidth=1)
    where = dict(xycoords=("axes fraction", "data"), va="bottom", fontsize=9)
    ax.annotate("chance: erased bits are guessed", (0.01, 0.25), **where)
    if target:
        ax.axhline(target, color="0.5", linewidth=1, linestyle=(0, (1, 3)))
    ax.set(xscale="log", yscale="log", xlabel=AGAINST[against], ylabel="share of wrong bits", ylim=(None, 0.4))
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def solved_after(result: Result, target: float, against: str = "episodes") -> float | None:
    """Episodes (or CPU seconds) until the running error was first below `target`, once its window was full; or None."""
    full = result.metrics["episodes"] >= result.config["window"]
    error = result.metrics["running_error"].astype(float)  # recorded in single precision: 0.01 itself is not below 0.01
    below = np.flatnonzero(full & (error < target))
    return float(result.metrics[against][below[0]]) if len(below) else None


def table(results: Sequence[Result], target: float = 0.01) -> Table:
    """How each setting (network, task, width, batch, rate) fared: seeds that got below `target`, and what it cost them.

    A seed that did not get there needs more than it spent. Where so many did not that the median is one of them, the
    median of what was spent is a lower bound, and so is the ratio of its episodes to those of the first row; against
    a first row that is a bound itself there is no ratio.
    """
    groups: dict[tuple, list[Result]] = {}
    for result in sorted(several(results), key=lambda r: NETWORKS.index(r.config["network"])):
        setting = (*(result.config[key] for key in SETTING), tuple(result.config["task"].items()))
        groups.setdefault(setting, []).append(result)
    first, rows = None, []
    for (network, width, batch, rate, task), group in groups.items():
        episodes, seconds = (_Needed(group, target, unit) for unit in ("episodes", "cpu_seconds"))
        first = first or episodes
        rows.append(
            (
                LOOKS[network]["label"],
                "{n_patterns} of {n_bits} bits".format_map(dict(task)),
                f"{width}",
                f"{batch}",
                f"{rate:g}",
                f"{episodes.solved} of {len(group)}",
                f"{episodes.bound}{episodes.median:,.0f} ({episodes.range})",
                f"{seconds.bound}{seconds.median:,.1f}",
                f"{np.median([r.metrics['running_error'][-1] for r in group]):.3f}",
                "\u2013" if first.bound else f"{episodes.bound}{episodes.median / first.median:.1f}",
            )
        )
    columns = ("network", "patterns", "units", "batch", "Adam rate", "seeds that got there", "episodes, median (range)")
    columns += ("CPU seconds, median", "last error", "episodes : first row")
    return Table(columns, rows, f"Until the running error was first below {target:g}, or the budget ended")


class _Needed:
    """Episodes (or CPU seconds) that the seeds of one setting needed, some of them known as a lower bound only.

    solved: seeds that got there. median: of all; bound: "more than " where it is only known to be above that.
    range: from the least to the most, in words.
    """

    def __init__(self, group: Sequence[Result], target: float, unit: str):
        found = [solved_after(result, target, unit) for result in group]
        spent = [result.metrics[unit][-1] if n is None else n for result, n in zip(group, found, strict=True)]
        self.solved = sum(n is not None for n in found)
        self.median = np.median(spent)  # who did not get there needed more than it spent
        below = [n is None and value <= self.median for n, value in zip(found, spent, strict=True)]
        self.bound = "more than " if any(below) else ""
        most = " or more" if self.solved < len(group) and not self.bound else ""
        self.range = f"{min(spent):,.0f} to {max(spent):,.0f}{most}"
