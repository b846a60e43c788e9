"""What the parts of the method are worth: runs that differ from the lesson's in one thing alone."""

from collections.abc import Sequence
from typing import Any

from tlteach.experiments.maze import compare
from tlteach.experiments.multitask import Config
from tlteach.plots import Table
from tlteach.reproduction.claim import Beside
from tlteach.reproduction.measures import Sample, duration, select
from tlteach.reproduction.multitask.common import called, number, score, tested, within
from tlteach.runs import Result, plain

PARTS = ("optimizer", "fitting", "n_tasks", "steps_per_task", "refine", "log_std", "dynamics", "fit", "warm_up")
FAMILIES = ("navigation", "reacher")


def changed(run: Result) -> dict[str, Any]:
    """The parts in which our method's run is not the lesson's, with its values: {"dynamics.hidden": [8, 8]}."""
    optimizer = run.config["optimizer"]
    usual = plain(Config.preset("lesson", run.config["family"]))
    paced = plain(Config.preset("lesson", run.config["family"], optimizer))  # other optimisers take other numbers
    found = {"optimizer": optimizer} if optimizer != usual["optimizer"] else {}
    for part in PARTS[1:]:
        mine, its = run.config[part], paced[part]
        if isinstance(its, dict):
            found |= {f"{part}.{name}": mine.get(name) for name in its if mine.get(name) != its[name]}
        elif mine != its:
            found[part] = mine
    return found


def words(part: str, value: Any) -> str:
    """A change."""
    told = {
        "optimizer": f"{str(value).upper()}, equal computing",
        "fitting": "the model fitted first, then practice",
        "n_tasks": f"{value} training task{'s' * (value != 1)}",
        "dynamics.n_models": f"{value} model{'s' * (value != 1)}",
        "warm_up.iterations": "no warm-up in training: the data of random policies" if not value else "",
    }
    if part == "dynamics.hidden":
        return f"networks of {len(value)} x {value[0]}"
    return told.get(part) or f"{part} {value}"


def variants(results: Sequence[Result], family: str) -> dict[str, list[Result]]:
    """Runs by the one thing that they change, one a seed; those of the lesson first, as "as in the lesson"."""
    ours = [
        run
        for run in select(within(results, family), method="model-based")
        if run.config.get("shift", "none") == "none" and run.config.get("rule", "uniform") == "uniform"
    ]
    found: dict[tuple, list[Result]] = {}
    for run in ours:
        if len(change := changed(run)) <= 1:
            found.setdefault(
                tuple((part, str(value), words(part, value)) for part, value in change.items()), []
            ).append(run)
    order = sorted(found, key=lambda key: [(part, len(value), value) for part, value, _ in key])
    named = {"; ".join(told for *_, told in key) or "as in the lesson": tested(found[key]) for key in order}
    return {name: runs for name, runs in named.items() if runs}


def table(results: Sequence[Result]) -> Table:
    rows = []
    for family in FAMILIES:
        found = variants(results, family)
        if len(found) < 2 or not (usual := found.get("as in the lesson")):
            continue
        base = score(usual, "zero_real")
        for name, runs in found.items():
            real, virtual = score(runs, "zero_real"), score(runs, "zero_virtual")
            seconds = Sample.each(runs, lambda run: run.metrics["cpu_seconds"][-1]).median
            p = "" if runs is usual else f"{compare(real.values, base.values).p:.3f}"
            told = [number(real.median), real.spread(number), p, number(virtual.median)]
            rows.append((f"{called(family)}: {name}", f"{len(runs)}", *told, duration(seconds)))
    columns = ("what", "seeds", "real return, zero shot", "lowest to highest seed", "rank test, p", "virtual return")
    return Table((*columns, "CPU time of a run"), rows, "One thing changed at a time")


ABLATIONS = Beside(
    name="multitask-ablations",
    title="What are its parts worth?",
    text="The lesson's runs, and runs that differ from them in one thing: median return of the test tasks after the "
    "warm-up, before a real step. p is that of Wilcoxon's rank-sum test against the lesson's runs, two-sided, over "
    "seeds. With 3 against 5 seeds it cannot be below 0.036, with 5 against 5 not below 0.008, and among many "
    "comparisons one below 0.05 is to be expected.",
    table=table,
)
