"""What practice in the model gives: zero shot, several models, more training tasks, and what it costs."""

from collections.abc import Sequence

import numpy as np

from tlteach.experiments.multitask import AUTHORS, scores
from tlteach.reproduction.claim import Claim, Finding, Measured, Rule, judge
from tlteach.reproduction.measures import Sample, count, p_value, percent, seeds, select
from tlteach.reproduction.multitask.authors import NOTEBOOKS
from tlteach.reproduction.multitask.common import (
    ABSTRACT,
    ENOUGH,
    NOT_CONTRARY,
    PAPERS,
    ROBOT,
    UNDECIDED,
    after_stages,
    apart,
    called,
    default,
    families,
    groups,
    line,
    number,
    real_steps,
    score,
    tested,
    until_zero_shot,
    usual,
    verdict,
    within,
)
from tlteach.reproduction.multitask.rivals import best
from tlteach.runs import Result

WAY = 0.9  # of the way from a random policy to a good one


def warm_up(results: Sequence[Result]) -> Finding:
    measured, shares, results = [], {}, usual(results)
    for family in families(results):
        ours = default(results, family)
        random = tested(within(results, family), method="random")
        optimum = [
            run
            for run in tested(within(results, family), method="optimum")
            if ours and run.config["optimizer"] == ours[0].config["optimizer"]
        ]
        scratch = tested(within(results, family), method="scratch")
        if not ours:
            continue
        n = real_steps(ours[0])
        measured.append(line(family, f"zero shot, real return ({n:,} real steps on other tasks)", "zero_real", ours))
        measured.append(line(family, "zero shot, virtual return", "zero_virtual", ours))
        if np.isfinite(score(ours, "zero_miss").median):  # there is a goal
            measured.append(line(family, "zero shot, distance from the goal at the end", "zero_miss", ours))
        if ours[0].config["stages"]:
            measured.append(line(family, f"{after_stages(ours[0])}, real return", "last_real", ours))
        if random:
            measured.append(line(family, "random policy", "zero_real", random))
        if optimum:
            measured.append(line(family, "same optimiser on the true dynamics", "zero_real", optimum))
            measured.append(line(family, "best actions known, by gradients through them", "best_return", optimum))
        if scratch:
            steps = scratch[0].config["baseline_updates"] * scratch[0].config["steps_per_task"]
            measured.append(line(family, f"from scratch, after {steps:,} real steps of the task", "last_real", scratch))
        if random and (known := _known(results, family, ours, optimum)):
            low, high = score(random, "zero_real").median, max(known)
            shares[family] = [(scores(run)["zero_real"] - low) / (high - low) for run in ours]
    if not shares:
        return Finding(measured=tuple(measured))
    reached = {name for name, share in shares.items() if len(share) >= ENOUGH and min(share) >= WAY}
    near = any(np.median(share) >= WAY for share in shares.values())
    judged = judge(any(name.startswith(PAPERS) for name in reached), near)
    told = {
        name: f"{percent(float(np.median(share)))} of the way, {seeds(len(share))}" for name, share in shares.items()
    }
    summary = "; ".join(f"{called(name)}: {words}" for name, words in told.items())
    return Finding(judged, summary, tuple(measured), _gap(results))


def _known(results: Sequence[Result], family: str, ours: Sequence[Result], optimum: Sequence[Result]) -> list[float]:
    """Good returns on these test tasks that are known besides our zero shot: medians over seeds."""
    found = [score(optimum, name).median for name in ("last_real", "best_return") if optimum]
    stages = ours[0].config["stages"]
    found += [score(ours, "last_real").median] if stages else []
    for method in ("maml", "oracle"):
        if runs := tested(within(results, family), method=method, test_tasks=ours[0].config["test_tasks"]):
            found.append(Sample.each(runs, best).median)
    return [*found, *([NOTEBOOKS[name][min(stages, len(NOTEBOOKS[name]) - 1)]] if (name := _authors(family)) else [])]


def _authors(family: str) -> str:
    """The family's name where the notebooks have numbers of it in this world, else nothing."""
    name = family.removesuffix(AUTHORS)
    return name if family.endswith(AUTHORS) and name in NOTEBOOKS else ""


def _gap(results: Sequence[Result]) -> str:
    """How far the model's promise was from what came."""
    parts = []
    for family in families(results):
        if ours := default(results, family):
            gap = Sample.each(ours, lambda run: scores(run)["zero_virtual"] - scores(run)["zero_real"])
            parts.append(f"{number(gap.median)} on the {called(family)}")
    return f"The virtual return is above the real one by {', '.join(parts)} (median seed)." if parts else ""


def several(results: Sequence[Result]) -> Finding:
    """Ensembles beside single models, and interleaved fitting beside fitting first, of the same optimiser."""
    measured, better, results = [], {}, usual(results)
    for family in families(results):
        ours = select(within(results, family), method="model-based")
        for optimizer in sorted({run.config["optimizer"] for run in ours}):
            chosen = select(ours, optimizer=optimizer)
            several = [group for group in groups(select(chosen, fitting="interleaved")) if _models(group[0]) > 1]
            if not several:
                continue
            usual_run = several[-1][0].config  # the others have its tasks and its width
            same = {name: usual_run[name] for name in ("n_tasks", "steps_per_task")}
            same["dynamics"] = {"hidden": usual_run["dynamics"]["hidden"]}
            alike = select(chosen, **same)
            kinds = {
                "one model": [r for r in select(alike, fitting="interleaved") if _models(r) == 1],
                "several models": several[-1],
                "several models, fitting first": [r for r in select(alike, fitting="first") if _models(r) > 1],
                "one model, fitting first": [r for r in select(alike, fitting="first") if _models(r) == 1],
            }
            kinds = {name: tested(runs) for name, runs in kinds.items()}
            if not kinds["several models"] or not (kinds["one model"] or kinds["several models, fitting first"]):
                continue
            for name, runs in kinds.items():
                if runs:
                    measured.append(line(family, f"{optimizer.upper()}, {name}: real return", "zero_real", runs))
                    measured.append(line(family, f"{optimizer.upper()}, {name}: virtual return", "zero_virtual", runs))
            if kinds["one model"]:
                pair = score(kinds["several models"], "zero_real"), score(kinds["one model"], "zero_real")
                better[family, optimizer] = pair
    if not better:
        return Finding(measured=tuple(measured))
    paper = [apart(*pair) for (name, _), pair in better.items() if name.startswith(PAPERS)]
    told = [
        f"{called(name)}, {optimizer.upper()}: {many.median - one.median:+.1f}"
        for (name, optimizer), (many, one) in better.items()
    ]
    summary = f"return gained by several models: {'; '.join(told)}"
    return Finding(verdict(paper, list(better.values())), summary, tuple(measured))


def _models(run: Result) -> int:
    return run.config["dynamics"]["n_models"]


def transfer(results: Sequence[Result]) -> Finding:
    """Runs that differ in the number of training tasks alone, and random policies."""
    measured, gains, carried, results = [], {}, [], usual(results)
    for family in families(results):
        ours = select(within(results, family), fitting="interleaved", refine=0)
        several = [group for group in groups(ours, but="n_tasks") if len({run.config["n_tasks"] for run in group}) > 1]
        if not several:
            continue
        amounts = sorted({run.config["n_tasks"] for run in several[-1]})
        by_amount = {n: runs for n in amounts if (runs := tested(several[-1], n_tasks=n))}
        for n, runs in by_amount.items():
            tasks = f"{n} training task{'s' * (n > 1)}, {real_steps(runs[0]):,} real steps"
            measured.append(line(family, f"{tasks}: zero shot, real return", "zero_real", runs))
        samples = {n: score(runs, "zero_real") for n, runs in by_amount.items()}
        few, many = min(samples), max(samples)
        if few < many:
            gains[family] = few, many, (samples[many], samples[few])
            if random := tested(within(results, family), method="random"):
                measured.append(line(family, "random policy", "zero_real", random))
                carried.append((samples[many], score(random, "zero_real")))
    if not gains:
        return Finding(measured=tuple(measured))
    paper = [apart(*pair) for name, (*_, pair) in gains.items() if name.startswith(PAPERS)]
    told = [
        f"{called(name)}: {pair[0].median - pair[1].median:+.1f} from {few} to {many} tasks, p = {p_value(*pair):.2f}"
        for name, (few, many, pair) in gains.items()
    ]
    return Finding(verdict(paper, carried), "; ".join(told), tuple(measured))


def _warm_up_share(run: Result, without: float) -> float:
    """Of the CPU time of training. without: seconds of a task without its warm-up."""
    tasks = int(np.isnan(run.metrics["stage"]).sum())
    return 1 - tasks * without / _seconds(run)


def compute(results: Sequence[Result]) -> Finding:
    measured, shares, results = [], {}, usual(results)
    for family in families(results):
        ours = [until_zero_shot(run) for run in default(results, family) if np.isnan(run.metrics["stage"]).sum() > 1]
        if not ours:
            continue
        # a first task goes without warm-up; in some runs it also holds what is done once, so the shortest one counts
        without = min(float(run.metrics["cpu_seconds"][0]) for run in ours)
        share = Sample.each(ours, lambda run, without=without: _warm_up_share(run, without))
        shares[family] = share
        measured.append(Measured.of(f"{called(family)}: warm-up's share of training", share, percent, ours))
        pace = Sample.each(ours, lambda run: real_steps(run) / _seconds(run))
        measured.append(Measured.of(f"{called(family)}: real steps a CPU second, ours", pace, count, ours))
        for method, name in (("maml", "MAML"), ("oracle", "oracle")):
            if runs := tested(within(results, family), method=method):
                rate = Sample.each(runs, lambda run: run.metrics["real_steps"][-1] / _seconds(run))
                measured.append(Measured.of(f"{called(family)}: real steps a CPU second, {name}", rate, count, runs))
    if not shares:
        return Finding()
    sure = [name for name, share in shares.items() if len(share.values) >= ENOUGH and min(share.values) > 0.5]
    judged = judge(any(name.startswith(PAPERS) for name in sure), any(share.median > 0.5 for share in shares.values()))
    told = [f"{called(name)}: {percent(share.median)}" for name, share in shares.items()]
    return Finding(judged, f"share of warm-up in training: {'; '.join(told)}", tuple(measured))


def _seconds(run: Result) -> float:
    """CPU seconds of training."""
    return float(run.metrics["cpu_seconds"][np.isnan(run.metrics["stage"])][-1])


TRANSFER = Claim(
    name="multitask-transfer",
    title="A model of the world carries over to tasks never met",
    number="zero shot 185, 231, 269 after 30, 50, 100 training tasks (ant, 2-D goal velocity)",
    says="Transfer the parameters of a learned dynamics model, not of a policy: tasks are reward functions over the "
    "same or similar dynamics. In the first author's notebooks zero shot grows with the number of training tasks.",
    source=f"{ABSTRACT}; returns read off a figure of the notebooks, ± 1%",
    rule=Rule(
        f"{ROBOT}, every seed on the most training tasks has a higher zero-shot return than every seed on the fewest",
        "on some family zero shot on tasks never met, after the most training tasks, is clearly above a random policy "
        "(as in the other rules), whatever the number of tasks adds",
        UNDECIDED,
    ),
    measure=transfer,
)
WARM_UP = Claim(
    name="multitask-warm-up",
    title="Warm-up in the model alone gives a good policy for a new task",
    number="zero shot -30.5, after four stages -26.2 (half-cheetah, goal velocity)",
    says="At test a policy is trained from scratch by virtual warm-up and is good before its first real step. "
    "In the first author's notebooks zero shot has most of what four stages of 4,000 real steps give.",
    source=f"{ABSTRACT}; returns read off a figure of the notebooks, ± 1%",
    rule=Rule(
        f"on a half-cheetah or an ant, every one of at least {ENOUGH} seeds is, zero shot, at least "
        f"{WAY:.0%} of the way from the random policy's return to the best that is known for its test tasks: its own "
        "after the last stage, that on the true dynamics, MAML's, the oracle's or, at their sizes, the notebooks'",
        "the median seed is, on any family",
    ),
    measure=warm_up,
)
SEVERAL = Claim(
    name="multitask-several-models",
    title="Several models keep the policy from fitting one model's mistakes",
    number="no number is known",
    says="The policy is trained against several learned models, deliberately over-parameterised. The authors' "
    "program has one network that is fitted between policy updates, so that the policy meets a changing model; "
    "an ensemble is another reading.",
    source=ABSTRACT,
    rule=Rule(
        f"{ROBOT}, every seed of an ensemble has a higher zero-shot return than every seed of one model of the same "
        "size, optimiser and data",
        NOT_CONTRARY,
        UNDECIDED,
    ),
    measure=several,
)
COMPUTE = Claim(
    name="multitask-compute",
    title="Practice in the model is expensive, and the warm-up is the longest part",
    number="17 to 31 minutes a warm-up",
    says="Virtual training is compute-intensive, and the warm-up is the longest part of it. The first author's "
    "notebooks have 17 to 31 minutes for the warm-up of a task.",
    source=ABSTRACT,
    rule=Rule(
        f"on a half-cheetah or an ant, warm-ups (model fitting in them included) take more than half of the CPU time "
        f"of training, in every one of at least {ENOUGH} seeds",
        "they do in the median seed, on any family",
    ),
    measure=compute,
)
