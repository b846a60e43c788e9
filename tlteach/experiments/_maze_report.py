"""How the networks compare in the maze: learning curves, and how much they are paid at the end."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from tlteach.errors import InvalidInput
from tlteach.experiments._report import AGAINST, SHARE, at_end, by_network, labelled, several
from tlteach.plots import COLOURS, LOOKS, Table, band, running_mean
from tlteach.runs import Result, alike

MAZE_LOOKS = LOOKS | {
    "rnn_wide": dict(color=COLOURS[2], linestyle=(0, (1, 3)), label="RNN, as many parameters"),
    "lstm": LOOKS["lstm"] | {"label": "LSTM, as many parameters"},
    "modulated": dict(color=COLOURS[4], linestyle=(0, (5, 2)), label="neuromodulated"),
    "retroactive": dict(color=COLOURS[5], linestyle="-", label="retroactively modulated"),
}
ORDER = ("plastic", "shared", "rnn", "rnn_wide", "lstm", "modulated", "retroactive")


def plot(
    results: Sequence[Result] | Result, *, metric: str = "return", against: str = "episodes", smooth: float = 0.02
) -> Figure:
    """`metric` against `against` ("episodes" or "cpu_seconds"), one line a network: median and range of seeds.

    Each curve is a running mean over `smooth` of its length.
    """
    results = several(results)
    if len({str(r.config["task"]) for r in results}) > 1:
        raise InvalidInput("these runs were in different mazes; a common axis would mislead")
    figure, ax = plt.subplots()
    for network, group in by_network(results, ORDER).items():
        curves = [running_mean(r.metrics[metric], max(1, round(smooth * len(r.metrics[metric])))) for r in group]
        band(ax, [r.metrics[against] for r in group], curves, **labelled(MAZE_LOOKS[network], group))
    what = {"return": "reward in an episode", "found": "goals found in an episode"}.get(metric, metric)
    ax.set(xlabel=AGAINST[against], ylabel=what)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def last(result: Result, metric: str = "return", share: float = SHARE) -> float:
    """Mean of `metric` over the last `share` of the run: single records are noisy."""
    return at_end(result, metric, share)


def table(results: Sequence[Result]) -> Table:
    """Reward of an episode at the end of the runs: median and quartiles of the seeds, a row for each setting."""
    rows = []
    for network, group in by_network(several(results), ORDER).items():
        for runs in alike(group, "seed", "record_every"):
            config = runs[0].config
            rewards = np.array([last(r) for r in runs])
            low, middle, high = np.percentile(rewards, (25, 50, 75))
            size, minutes = config["task"]["size"], np.median([r.metrics["cpu_seconds"][-1] for r in runs]) / 60
            cells = (MAZE_LOOKS[network]["label"], f"{size} x {size}", f"{config['learning_rate']:g}")
            cells += (f"{config['episodes']:,}", f"{len(runs)}", f"{middle:.1f} ({low:.1f} to {high:.1f})")
            rows.append((*cells, f"{minutes:,.1f}"))
    columns = ("network", "maze", "Adam rate", "episodes", "seeds", "reward, median (quartiles)", "CPU minutes a run")
    return Table(columns, rows, "Reward in an episode, mean over the last twentieth of the run")
