"""What the claims of the second paper share: which runs are compared, and how they are told."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from tlteach.experiments.multitask import changes, scores, world
from tlteach.reproduction.claim import Measured, judge
from tlteach.reproduction.measures import SIGNIFICANT, Sample, p_value, select
from tlteach.runs import Result

ABSTRACT = "arXiv 1907.04964, abstract and a published survey of the paper; its body was not read"
ENOUGH = 3  # seeds
CLEAR = (
    f"on some family that order is clear (rank-sum test with p < {SIGNIFICANT:g}, or every one of at least {ENOUGH} "
    "seeds above every one of the others)"
)
NOT_CONTRARY = f"{CLEAR}, and on none the other one is"
UNDECIDED = "no order is clear, on any family"
PAPERS = ("halfcheetah", "ant")  # robots of the paper's families
ROBOT = f"on a half-cheetah or an ant, with at least {ENOUGH} seeds of each"
VARIED = {"optimizer", "fitting", "n_tasks", "steps_per_task", "refine", "dynamics.n_models", "fit.horizon"}
VARIED |= {"maml.iterations", "maml.first_order", "maml.inner", "oracle.iterations", "baseline_updates"}
NAMES = {
    "navigation": "point mass",
    "reacher": "Reacher",
    "halfcheetah-direction": "half-cheetah, direction",
    "halfcheetah-velocity": "half-cheetah, goal velocity",
    "halfcheetah-velocity-both": "half-cheetah, goal velocity of either sign",
    "ant-velocity": "ant, goal velocity",
}


def usual(results: Iterable[Result], shift: str = "none", rule: str | None = "uniform") -> list[Result]:
    """Runs with this shift and this rule for training tasks (None: any) that differ from their preset in nothing but
    what claims are about; other ablations do not count. The first recorded runs had neither shift nor rule.
    """
    fits = [run for run in results if run.config.get("shift", "none") == shift and changes(run.config).keys() <= VARIED]
    return [run for run in fits if rule in (None, run.config.get("rule", "uniform"))]


def within(results: Iterable[Result], family: str) -> list[Result]:
    """The runs in this `world` of `families`."""
    return [run for run in results if world(run.config) == family]


def tested(results: Sequence[Result], **wanted) -> list[Result]:
    """The runs with these values that ended with their tests; of two with one seed the one on more training tasks, of
    two such the one with more stages.
    """
    by_seed: dict[int, Result] = {}
    for run in sorted(select(results, **wanted), key=lambda run: (run.config["n_tasks"], run.config["stages"])):
        if run.provenance.complete and np.isfinite(run.metrics["stage"]).any():
            by_seed[run.config["seed"]] = run
    return [by_seed[seed] for seed in sorted(by_seed)]


def families(results: Sequence[Result]) -> list[str]:
    """Of the runs, the paper's first."""
    names = sorted({world(run.config) for run in results})
    return sorted(names, key=lambda name: not name.startswith(PAPERS))


def setting(run: Result, *, but: str = "") -> tuple:
    """What must be equal where our runs are compared, without the field `but`."""
    config = run.config
    fields = ("optimizer", "n_tasks", "steps_per_task", "fitting", "refine", "test_tasks", "evaluation_episodes")
    network = (config["dynamics"]["n_models"], tuple(config["dynamics"]["hidden"]), config["fit"]["horizon"])
    return (*(config[name] for name in fields if name != but), *network)


def groups(results: Sequence[Result], *, but: str = "") -> list[list[Result]]:
    """Our method's runs by their setting; the ones with most seeds last, of those the ones nearest to their preset, of
    those the ones with most real steps.
    """
    found: dict[tuple, list[Result]] = {}
    for run in select(results, method="model-based"):
        found.setdefault(setting(run, but=but), []).append(run)
    return sorted(found.values(), key=_weight)


def _weight(group: Sequence[Result]) -> tuple:
    far = min(len(changes(run.config)) for run in group)
    return len({run.config["seed"] for run in group}), -far, max(map(real_steps, group)), str(setting(group[0]))


def default(results: Sequence[Result], family: str, **wanted) -> list[Result]:
    """Our method's runs on a family, with these values: the setting that was run with the most seeds, see `groups`."""
    chosen = groups(select(within(usual(results), family), fitting="interleaved", refine=0, **wanted))
    return tested(chosen[-1]) if chosen else []


def real_steps(run: Result) -> int:
    """On all training tasks of our method."""
    return run.config["n_tasks"] * run.config["steps_per_task"]


def score(runs: Sequence[Result], name: str) -> Sample:
    return Sample.each(runs, lambda run: scores(run)[name])


def stages(run: Result) -> list[float]:
    """Mean real return on the test tasks after each stage."""
    stage, value = run.metrics["stage"], run.metrics["real_return"].astype(float)
    return [float(value[stage == k].mean()) for k in np.unique(stage[np.isfinite(stage)])]


def apart(high: Sample, low: Sample) -> bool:
    """Whether every seed of one is above every seed of the other, with enough seeds of both."""
    return min(len(high.values), len(low.values)) >= ENOUGH and min(high.values) > max(low.values)


def ahead(high: Sample, low: Sample) -> bool:
    """Whether one is higher than the other beyond chance: by the rank-sum test, or `apart` where seeds are few."""
    return apart(high, low) or (high.median > low.median and p_value(high, low) < SIGNIFICANT)


def verdict(paper: Iterable[bool], pairs: Sequence[tuple[Sample, Sample]], *, some: bool = False) -> str:
    """Of pairs the first of which should be higher, by `CLEAR` and `UNDECIDED`.

    paper: whether all is as the rule asks, on each of the paper's robots. some: the claim is one about some families.
    """
    clear, contrary = any(ahead(*pair) for pair in pairs), any(ahead(low, high) for high, low in pairs)
    return judge(any(paper), clear and (some or not contrary), not clear and not contrary)


def number(value: float) -> str:
    return f"{value:.1f}"


def metres(value: float) -> str:
    return f"{value:.3f}"


def after_stages(run: Result) -> str:
    n = run.config["stages"]
    return f"after {n} stage{'s' * (n != 1)}"


def called(family: str) -> str:
    name = family.split(",")[0]
    return NAMES.get(name, name) + family[len(name) :]


def until_zero_shot(run: Result) -> Result:
    """The run without its later stages."""
    rows = ~(run.metrics["stage"] > 0)  # NaN is training
    return run if rows.all() else replace(run, metrics={name: values[rows] for name, values in run.metrics.items()})


def line(family: str, what: str, name: str, runs: Sequence[Result]) -> Measured:
    """A measurement of `scores`; what is known at zero shot has taken no longer than until then."""
    form, values = metres if name.endswith("miss") else number, score(runs, name)
    runs = [until_zero_shot(run) for run in runs] if name.startswith("zero") else runs
    return Measured.of(f"{called(family)}: {what}", values, form, runs)
