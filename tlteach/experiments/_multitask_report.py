"""What comes of practice in a learned world: returns in training and at test, virtual beside real; the baselines."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from tlteach.errors import InvalidInput
from tlteach.experiments._multitask_compare import world
from tlteach.experiments._report import several
from tlteach.plots import COLOURS, Table, band
from tlteach.runs import Result

LINES = {  # looks of the baselines' lines
    "random": dict(color="0.5", linestyle=":", label="random policy"),
    "optimum": dict(color=COLOURS[2], linestyle="-.", label="same optimiser, true dynamics"),
}
SHIFTED = {"tasks": "other tasks", "friction": "half the friction", "crippled": "a motor or two dead"}
VIRTUAL, REAL, SCRATCH = (
    dict(color=COLOURS[1], linestyle="--", label="virtual (in the model)"),
    dict(color=COLOURS[0], linestyle="-", label="real"),
    dict(color=COLOURS[3], linestyle=(0, (6, 2, 1, 2)), label="from scratch, real steps only"),
)


def by_steps(result: Result, metric: str = "real_return") -> tuple[np.ndarray, np.ndarray]:
    """Real steps of a test task, and the mean of `metric` over the test tasks after so many: (S,), (S,).

    Only where all test tasks got so far. A baseline without a curve has one entry, at 0.
    """
    metrics, P = result.metrics, result.config["test_tasks"]
    tested = np.isfinite(metrics["stage"])
    steps, values = metrics["task_steps"][tested].astype(float), metrics[metric][tested].astype(float)
    whole = [s for s in np.unique(steps) if np.sum(steps == s) == P]
    return np.array(whole), np.array([values[steps == s].mean() for s in whole])


def scores(result: Result) -> dict[str, float]:
    """Means over the test tasks without (zero shot, or a baseline's last) and with all real steps of their own.

    zero_real, zero_virtual, zero_miss: of stage 0. last_real, last_virtual, last_miss: of the last stage, or update.
    best_return: see `train`. cpu_seconds: in all.

    Raises InvalidInput for a run that ended before its tests.
    """
    found: dict[str, float] = {}
    for name, metric in (("real", "real_return"), ("virtual", "virtual_return"), ("miss", "miss")):
        _, values = by_steps(result, metric)
        if not len(values):
            raise InvalidInput("this run ended before its tests were done; the same command goes on with it")
        found |= {f"zero_{name}": values[0], f"last_{name}": values[-1]}
    best = by_steps(result, "best_return")[1][-1]
    return found | {"best_return": best, "cpu_seconds": float(result.metrics["cpu_seconds"][-1])}


def variant(result: Result) -> str:
    """What was run, in words."""
    config = result.config
    method, optimizer = config["method"], config["optimizer"].upper()
    shift = config.get("shift", "none")  # recorded before there were shifts, or rules
    shift = "" if shift == "none" else f", tested with {SHIFTED[shift]}"
    if method != "model-based":
        told = {
            "random": "random policy",
            "optimum": f"{optimizer} on the true dynamics",
            "scratch": f"{optimizer} from scratch, {config['baseline_updates']} updates",
        }
        return (_joint(config) if method in ("maml", "oracle") else told[method]) + shift
    n, hidden = config["dynamics"]["n_models"], " x ".join(map(str, config["dynamics"]["hidden"]))
    told = f"{optimizer}, {n} model{'s' * (n > 1)} of {hidden}, {config['fit']['horizon']}-step loss"
    told += f", {config['n_tasks']} training tasks"
    told += ", fitting first" if config["fitting"] == "first" else ""
    told += "" if config["warm_up"]["iterations"] else ", no warm-up in training"
    if (rule := config.get("rule", "uniform")) != "uniform":
        chosen = f"the best of {config['candidates']}" if rule == "best_of" else "skipping some"
        told += f" chosen by {config['criterion']}, {chosen}"
    return told + shift


def _joint(config: dict) -> str:
    """MAML or the oracle, in words."""
    name = config["method"]
    own = config[name]
    amount = f"{own['iterations']} updates of {own['tasks']} tasks x {own['episodes']} episodes"
    if name == "oracle":
        return f"oracle, told the task, {amount}"
    told = "MAML, first order" if own["first_order"] else "MAML"
    told += "" if own["fisher_every"] == 1 else f", Fisher matrix of 1 step in {own['fisher_every']}"
    return f"{told}{', PPO inside' if own['inner'] == 'ppo' else ''}, {amount}"


def table(results: Sequence[Result] | Result) -> Table:
    """A row for each variant: mean return on the test tasks, virtual and real; medians and range over the seeds."""
    groups: dict[tuple[str, str], list[dict[str, float]]] = {}
    for result in several(results):
        groups.setdefault((world(result.config), variant(result)), []).append(scores(result))
    rows = []
    for (family, what), group in groups.items():
        cells = [_cell(group, name) for name in ("zero_virtual", "zero_real", "zero_miss", "last_real", "best_return")]
        rows.append((f"{family}: {what}", f"{len(group)}", *cells, _cell(group, "cpu_seconds")))
    columns = ("run", "seeds", "virtual, stage 0", "real, stage 0", "miss", "real, last stage", "best known")
    return Table((*columns, "CPU seconds"), rows, "Mean return on the test tasks, median (range) over the seeds")


def _cell(group: Sequence[dict[str, float]], name: str) -> str:
    values = np.array([scores[name] for scores in group])
    if not np.isfinite(values).any():
        return "\u2013"
    digits = 3 if name == "zero_miss" else 1
    spread = f" ({values.min():.{digits}f} to {values.max():.{digits}f})" if len(values) > 1 else ""
    return f"{np.median(values):.{digits}f}{spread}"


def one_world(results: Sequence[Result] | Result) -> list[Result]:
    """A list of runs. Raises InvalidInput for none, and where their returns do not share an axis."""
    results = several(results)
    if len(names := {world(result.config) for result in results}) > 1:
        raise InvalidInput(
            f"returns of different families or time steps do not share an axis, got {'; '.join(sorted(names))}; plot "
            "one at a time"
        )
    return results


def plot(results: Sequence[Result] | Result) -> Figure:
    """Left: zero-shot return of each training task against real steps. Right: test tasks against their own steps.

    Lines are medians over the seeds, bands their range; virtual and real stand together.
    """
    results = one_world(results)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.6))
    ours = [result for result in results if result.config["method"] == "model-based"]
    for metric, looks in (("virtual_return", VIRTUAL), ("real_return", REAL)):
        trained = [_trained(result, metric) for result in ours]
        trained = [each for each in trained if len(each[0])]
        if trained:
            band(left, *zip(*trained, strict=True), **looks)
        tested = [by_steps(result, metric) for result in ours]
        tested = [each for each in tested if len(each[0])]
        if tested:
            band(right, *zip(*tested, strict=True), marker="o", **(looks | {"label": None}))
    scratch = [by_steps(result) for result in results if result.config["method"] == "scratch"]
    if scratch:
        band(right, *zip(*scratch, strict=True), **SCRATCH)
    for method, looks in LINES.items():
        found = [by_steps(result)[1][-1] for result in results if result.config["method"] == method]
        if found:
            right.axhline(np.median(found), **looks)
    left.set(xlabel="real steps, all training tasks", ylabel="return before the task's own steps", title="training")
    right.set(xlabel="real steps of the test task", ylabel="mean return", title="tasks never met")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _trained(result: Result, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Real steps before each training task, and `metric`; without the first, which nothing was known of."""
    rows = np.isnan(result.metrics["stage"]) & np.isfinite(result.metrics[metric].astype(float))
    rows &= result.metrics["step"] > 1
    before = np.insert(result.metrics["real_steps"].astype(float), 0, 0.0)[:-1]
    if "skipped" in result.metrics:
        rows &= result.metrics["skipped"] != 1
    return before[rows], result.metrics[metric][rows].astype(float)
