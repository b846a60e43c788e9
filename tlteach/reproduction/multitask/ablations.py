"""What the parts of the method are worth: runs that differ from the lesson's in one thing alone."""

from collections.abc import Sequence
from typing import Any

from tlteach.experiments.multitask import changes
from tlteach.plots import Table
from tlteach.reproduction.claim import Beside
from tlteach.reproduction.measures import Sample, duration, p_value, select
from tlteach.reproduction.multitask.common import called, number, score, tested, until_zero_shot, within
from tlteach.runs import Result

FAMILIES = ("navigation", "reacher", "halfcheetah-velocity")
Change = tuple[str, Any]  # the name of a field and its value; ("", None) for none


def variants(results: Sequence[Result], family: str) -> dict[Change, list[Result]]:
    """Our method's runs by the one thing that they change, one a seed; those that change nothing first."""
    found: dict[Change, list[Result]] = {}
    for run in select(within(results, family), method="model-based"):
        plain = run.config.get("shift", "none") == "none" and run.config.get("rule", "uniform") == "uniform"
        if plain and len(change := changes(run.config)) <= 1:
            part, value = next(iter(change.items()), ("", None))
            found.setdefault((part, tuple(value) if isinstance(value, list) else value), []).append(run)
    order = sorted(found, key=lambda change: (change[0], not isinstance(change[1], str), change[1] or 0))
    return {change: runs for change in order if (runs := tested(found[change]))}


def words(change: Change) -> str:
    """A change, for a reader."""
    match change:
        case ("", None):
            return "as in the lesson"
        case ("optimizer", name):
            return f"{name.upper()} for the policy"
        case ("fitting", _):
            return "the model fitted first, then practice"
        case ("n_tasks", n):
            return f"{n} training task{'s' * (n != 1)}"
        case ("dynamics.n_models", n):
            return f"{n} model{'s' * (n != 1)}"
        case ("dynamics.hidden", widths):
            return f"networks of {' x '.join(map(str, widths))}"
        case ("warm_up.iterations", 0):
            return "no warm-up in training: random policies' data, and no fit before the test's"
        case (part, value):
            return f"{part} {value}"


def table(results: Sequence[Result]) -> Table:
    rows = []
    for family in FAMILIES:
        found = variants(results, family)
        if len(found) < 2 or not (usual := found.get(("", None))):
            continue
        base = score(usual, "zero_real")
        for change, runs in found.items():
            real, virtual = score(runs, "zero_real"), score(runs, "zero_virtual")
            seconds = Sample.each(runs, lambda run: until_zero_shot(run).metrics["cpu_seconds"][-1]).median
            p = "" if runs is usual else f"{p_value(real, base):.3f}"
            told = [number(real.median), real.spread(number), p, number(virtual.median)]
            rows.append((f"{called(family)}: {words(change)}", f"{len(runs)}", *told, duration(seconds)))
    columns = ("what", "seeds", "real return, zero shot", "lowest to highest seed", "rank test, p", "virtual return")
    return Table((*columns, "CPU time"), rows, "One thing changed at a time")


ABLATIONS = Beside(
    name="multitask-ablations",
    title="What are its parts worth?",
    text="The lesson's runs, and runs that differ from them in one field of their configuration: median return of the "
    "test tasks after the warm-up, before a real step. Another optimiser takes as many updates as take at least the "
    "CPU time of the lesson's own (the last column has what it came to). One field may change more than one thing: a "
    "single training task is a fifth of the real steps, and all of them are those of a random policy. p is that of "
    "Wilcoxon's rank-sum test against the lesson's runs, two-sided, over seeds; with 3 against 5 seeds it cannot be "
    "below 0.036, with 3 against 3 not below 0.1, with 5 against 5 not below 0.008, and of twenty comparisons one is "
    "below 0.05 by chance alone.",
    table=table,
)
