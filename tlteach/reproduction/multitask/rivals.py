"""Our method beside those that transfer a policy: MAML, and the oracle that is told the task."""

from collections.abc import Sequence

import numpy as np

from tlteach.experiments.multitask import samples
from tlteach.reproduction.claim import Claim, Finding, Measured, Rule, judge
from tlteach.reproduction.measures import Sample, seeds
from tlteach.reproduction.multitask.common import (
    ABSTRACT,
    PAPERS,
    ROBOT,
    apart,
    called,
    default,
    families,
    line,
    number,
    real_steps,
    score,
    stages,
    tested,
    usual,
    within,
)
from tlteach.runs import Result

AMPLE = 10_000_000  # real steps that MAML is given before it counts as surpassed


def spent(run: Result) -> float:
    """Real steps of training."""
    return float(run.metrics["real_steps"][-1])


def best(run: Result) -> float:
    """Its return on the test tasks after the stage that is best for it."""
    return max(stages(run))


def compared(results: Sequence[Result], method: str, ample: int = 0) -> Finding:
    """Ours, zero shot, with a rival after as many real steps or more; `ample` of them, for more than "partly"."""
    measured, gains, results = [], {}, usual(results)
    for family in families(results):
        ours = default(results, family)
        theirs = [r for r in tested(within(results, family), method=method) if ours and spent(r) >= real_steps(ours[0])]
        if not theirs:
            continue
        n = real_steps(ours[0])
        measured.append(line(family, f"ours, zero shot, {n:,} real steps", "zero_real", ours))
        measured += _rival(family, method, theirs, n)
        mine, its = score(ours, "zero_real"), Sample.each(theirs, best)
        ratio = float(np.median([spent(run) for run in theirs])) / n
        clear = apart(mine, its) and min(map(spent, theirs)) >= ample
        gains[family] = (mine.median - its.median, ratio, clear, min(len(ours), len(theirs)))
    if not gains:
        return Finding()
    paper = [clear for name, (_, _, clear, _) in gains.items() if name.startswith(PAPERS)]
    verdict = judge(any(paper), any(gain > 0 for gain, *_ in gains.values()))
    told = [
        f"{called(name)}: return {gain:+.1f} with 1/{ratio:.0f} of the real steps, {seeds(few)} or more"
        for name, (gain, ratio, _, few) in gains.items()
    ]
    return Finding(verdict, "; ".join(told), tuple(measured))


def _rival(family: str, method: str, runs: Sequence[Result], n: int) -> list[Measured]:
    """The rival after each stage, and at the first look after `n` real steps of its training."""
    name, steps = {"maml": "MAML", "oracle": "oracle"}[method], f"{int(spent(runs[0])):,} real steps"
    found = []
    for k in range(min(len(stages(run)) for run in runs)):
        own = f", {k} gradient step{'s' * (k != 1)} of the task" if method == "maml" else ""
        value = Sample.each(runs, lambda run, k=k: stages(run)[k])
        found.append(Measured.of(f"{called(family)}: {name}, {steps}{own}", value, number, runs))
    early = [(steps[steps >= n], returns[steps >= n]) for steps, returns in map(samples, runs)]
    if all(len(steps) for steps, _ in early):
        first = f"{int(max(steps[0] for steps, _ in early)):,} real steps"
        value = Sample(tuple(float(returns[0]) for _, returns in early))
        own = ", a gradient step of the task" if method == "maml" else ""
        found.append(Measured.of(f"{called(family)}: {name}, {first}{own}", value, number, runs))
    return found


def maml(results: Sequence[Result]) -> Finding:
    return compared(results, "maml", AMPLE)


def oracle(results: Sequence[Result]) -> Finding:
    return compared(results, "oracle")


MAML = Claim(
    name="multitask-maml",
    title="It surpasses MAML with far fewer samples",
    number="on all tasks",
    says="The method surpasses MAML on all tasks with far fewer samples.",
    source=ABSTRACT,
    rule=Rule(
        f"{ROBOT}, every seed has a higher return on the test tasks, zero shot, than every seed of MAML after "
        f"{AMPLE:,} real steps or more, and after the number of gradient steps of the task that is best for it",
        "the medians are in that order, on any family, MAML after as many real steps as ours or more",
    ),
    measure=maml,
)
ORACLE = Claim(
    name="multitask-oracle",
    title="Zero shot can outperform a policy that is told the task",
    number="on some tasks †",
    says="The zero-shot policy can already outperform an oracle, a policy that is given the task and trained jointly "
    "over the task distribution.",
    source=ABSTRACT,
    rule=Rule(
        f"{ROBOT}, every seed has a higher return on the test tasks, zero shot, than every seed of an oracle after as "
        "many real steps or more",
        "the medians are in that order, on any family",
    ),
    measure=oracle,
    unverified="How many real steps the paper's oracle was trained for is not known.",
)
