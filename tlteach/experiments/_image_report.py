"""How the networks compare on pictures: learning curves, the loss at the end, and on pictures they never saw."""

from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from tlteach.errors import InvalidInput
from tlteach.experiments._report import AGAINST, SHARE, at_end, by_network, labelled, several
from tlteach.plots import LOOKS, Table, band, running_mean
from tlteach.runs import Result, alike

RECORDS = 5  # that a point of a curve is the mean of
ORDER = ("plastic", "shared", "rnn")
SETTING = ("data", "batch_size", "learning_rate", "episodes")
MEASURED = ("record_every", "withheld_episodes")
QUARTER = 0.25  # of a run, over which the two losses are compared: a difference needs more pictures than a level
LABELS = {"plastic": "alpha per connection", "shared": "one shared alpha", "rnn": "no plasticity"}
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
    for network, (data, batch, rate, episodes, side), runs in _by_setting(results, SETTING):
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


def withheld_table(results: Sequence[Result]) -> Table:
    """Whether pictures were learned by heart: the withheld loss less the training loss, a row for each setting.

    The difference is the mean over the records of the last quarter of the runs. The withheld episodes are the same for
    all seeds, so that the seeds' mean is taken first; what records differ by is the noise of both draws.
    """
    rows = []
    for network, (*_, episodes, _, _, side), runs in _by_setting(results, SETTING + MEASURED):
        training, withheld = (np.mean([_end(r, metric) for r in runs], 0) for metric in ("loss", "withheld_loss"))
        above, level = withheld - training, training.mean()  # (records of a quarter,)
        noise = 1.96 * above.std(ddof=1) / len(above) ** 0.5 if len(above) > 1 else float("nan")
        verdict = "above" if above.mean() > noise else "below" if above.mean() < -noise else "no difference seen"
        cells = (LABELS[network], f"{side} x {side}", f"{episodes:,}", f"{len(runs)}", f"{level:.2f}")
        percent = f"{100 * above.mean() / level:+.1f}% ± {100 * noise / level:.1f}"
        rows.append((*cells, f"{withheld.mean():.2f}", percent.replace("-", "\u2212"), verdict))
    columns = ("network", "pixels", "episodes", "seeds", "training loss", "withheld loss", "withheld is higher by")
    return Table(
        (*columns, "that is"), rows, "Mean over the last quarter of the runs, ± 1.96 standard errors of the records"
    )


def _end(result: Result, metric: str) -> np.ndarray:
    """The records of the last quarter."""
    values = result.metrics[metric].astype(float)
    return values[-max(1, round(QUARTER * len(values))) :]


def _by_setting(results: Sequence[Result], keys: Sequence[str]) -> Iterator[tuple[str, tuple[Any, ...], list[Result]]]:
    """(network, values of `keys` and the side of the pictures, runs that differ in nothing else but the seed)."""
    for network, group in by_network(several(results), ORDER).items():
        free = () if set(MEASURED) <= set(keys) else MEASURED
        for runs in alike(group, "seed", *free):
            config = runs[0].config
            yield network, (*(config[key] for key in keys), config["task"]["side"]), runs
