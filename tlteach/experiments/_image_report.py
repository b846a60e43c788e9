"""How the networks compare on pictures: learning curves, and the loss at the end."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from tlteach.errors import InvalidInput
from tlteach.experiments._report import AGAINST, SHARE, at_end, by_network, labelled, several
from tlteach.plots import LOOKS, Table, band, running_mean
from tlteach.runs import Result

RECORDS = 5  # that a point of a curve is the mean of
ORDER = ("plastic", "shared", "rnn")
SETTING = ("data", "batch_size", "learning_rate", "episodes")
LABELS = {"plastic": "alpha for each", "shared": "one shared alpha", "rnn": "no plasticity"}
IMAGE_LOOKS = {name: LOOKS[name] | {"label": label} for name, label in LABELS.items()}
WORDS = {"natural": "made by tlteach", "shuffled": "made, pixels shuffled", "cifar10": "CIFAR-10"}


def plot(results: Sequence[Result] | Result, *, metric: str = "withheld_loss", against: str = "episodes") -> Figure:
    """`metric` against `against` ("episodes" or "cpu_seconds"), one line a network: median and range of seeds."""
    results = several(results)
    if len({(r.config["data"], str(r.config["task"])) for r in results}) > 1:
        raise InvalidInput("these runs were given different pictures or tasks; a common axis would mislead")
    figure, ax = plt.subplots()
    for network, group in by_network(results, ORDER).items():
        smooth = [running_mean(r.metrics[metric], RECORDS) for r in group]
        band(ax, [r.metrics[against] for r in group], smooth, **labelled(IMAGE_LOOKS[network], group))
    what = {"withheld_loss": "withheld pictures", "loss": "training pictures"}[metric]
    ax.set(xlabel=AGAINST[against], ylabel=f"squared error of a picture\n({what})", ylim=(0, None))
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def last(result: Result, metric: str = "withheld_loss", share: float = SHARE) -> float:
    """Mean of `metric` over the last `share` of the run: single records are noisy."""
    return at_end(result, metric, share)


def table(results: Sequence[Result]) -> Table:
    """Loss at the end of the runs, a row for each setting: only runs that differ in nothing but the seed share one."""
    rows = []
    for network, group in by_network(several(results), ORDER).items():
        settings: dict[tuple, list[Result]] = {}
        for r in group:
            settings.setdefault(tuple(r.config[key] for key in SETTING) + (r.config["task"]["side"],), []).append(r)
        for (data, batch, rate, episodes, side), runs in settings.items():
            cells = (LABELS[network], WORDS[data], f"{side} x {side}", f"{batch}", f"{rate:g}", f"{episodes:,}")
            losses = [np.array([last(r, metric) for r in runs]) for metric in ("loss", "withheld_loss")]
            spread = [f"{np.median(x):.1f}" + f" ({x.min():.1f} to {x.max():.1f})" * (len(x) > 1) for x in losses]
            seconds = np.median([r.metrics["cpu_seconds"][-1] for r in runs])
            rows.append((*cells, f"{len(runs)}", *spread, f"{seconds / 60:,.1f}"))
    caption = "Squared error of a picture, mean over the last twentieth of a run"
    if any(row[6] != "1" for row in rows):
        caption += "; of several seeds the median (lowest to highest)"
    columns = ("network", "pictures", "pixels", "batch", "rate", "episodes", "seeds")
    columns += ("training loss", "withheld loss", "CPU minutes")
    return Table(columns, rows, caption)
