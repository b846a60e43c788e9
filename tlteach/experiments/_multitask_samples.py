"""How many real steps a method needs: its return on tasks that it has never met, against real steps of training."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from tlteach.experiments._multitask_report import LINES, REAL, SCRATCH, by_steps, one_world, variant
from tlteach.experiments._report import labelled
from tlteach.plots import COLOURS, band
from tlteach.runs import Result

METHODS = {  # their looks and words, in the order of the legend
    "model-based": REAL | {"label": "shared model, zero shot"},
    "maml": dict(color=COLOURS[1], linestyle="--", label="MAML, after a gradient step of the task"),
    "oracle": dict(color=COLOURS[5], linestyle=(0, (4, 1, 1, 1, 1, 1)), label="oracle, told the task"),
    "scratch": SCRATCH | {"label": "from scratch (steps of the task itself)"},
}


def samples(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Real steps of training so far, and the return on tasks never met: (S,), (S,), in the order of the steps.

    Shared model: each training task after its warm-up, before a real step of it (they are single tasks, and differ),
    and at the end the mean of the test tasks in stage 0. MAML and oracle: means over the test tasks, MAML's after its
    first gradient step. From scratch: a mean, too, and the steps are those of a test task itself. Other baselines,
    without training: nothing.
    """
    metrics, method = result.metrics, result.config["method"]
    if method == "scratch":
        return by_steps(result)
    if method not in METHODS:
        return np.empty(0), np.empty(0)
    steps, returns = metrics["real_steps"].astype(float), metrics["real_return"].astype(float)
    seen = np.isnan(metrics["stage"]) & np.isfinite(returns)
    if method != "model-based":
        return steps[seen], returns[seen]
    before = np.insert(steps, 0, 0.0)[:-1]
    seen &= before > 0  # of the first task nothing was known
    if "skipped" in metrics:
        seen &= metrics["skipped"] != 1
    tested = by_steps(result)[1][:1]
    return np.append(before[seen], steps[-1:][: len(tested)]), np.append(returns[seen], tested)


def plot_samples(results: Sequence[Result] | Result) -> Figure:
    """Return on tasks never met against real steps on a log axis: `samples`, medians over the seeds and their range.

    A line for each method, or for each variant of it where there are several; horizontal ones for a random policy and
    for the same optimiser on the true dynamics, which no steps are counted of.

    Raises InvalidInput for results of several families or time steps, which share no axis, or of none.
    """
    results = one_world(results)
    figure, ax = plt.subplots(figsize=(8.0, 4.4))
    for method, looks in METHODS.items():
        groups: dict[str, list[Result]] = {}
        for result in results:
            if result.config["method"] == method and len(samples(result)[0]):
                groups.setdefault(variant(result), []).append(result)
        for i, (what, group) in enumerate(groups.items()):
            own = looks if len(groups) == 1 else looks | {"label": what, "alpha": 1 - 0.6 * i / len(groups)}
            curves = [samples(result) for result in group]
            band(
                ax, *zip(*curves, strict=True), marker="." if method == "model-based" else None, **labelled(own, group)
            )
    for method, looks in LINES.items():
        group = [result for result in results if result.config["method"] == method]
        if found := [by_steps(result)[1][-1] for result in group if len(by_steps(result)[1])]:
            ax.axhline(np.median(found), **labelled(looks, group))
    ax.set(xscale="log", xlabel="real steps of training, all tasks together", ylabel="return on tasks never met")
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    return figure
