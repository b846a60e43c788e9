"""Our method beside those that transfer a policy: MAML, and the oracle that is told the task."""

from collections.abc import Sequence

import numpy as np

from tlteach.experiments.multitask import samples
from tlteach.reproduction.claim import Claim, Finding, Measured, Rule
from tlteach.reproduction.measures import Sample, seeds
from tlteach.reproduction.multitask.common import (
    ABSTRACT,
    CLEAR,
    ENOUGH,
    NOT_CONTRARY,
    PAPERS,
    ROBOT,
    UNDECIDED,
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
    verdict,
    within,
)
from tlteach.runs import Result

AMPLE = 10_000_000  # real steps that MAML is given before it counts as surpassed
OURS = f"with the paper's TRPO where {ENOUGH} seeds of it are recorded, else with the optimiser of the preset"


def spent(run: Result) -> float:
    """Real steps of training."""
    return float(run.metrics["real_steps"][-1])


def best(run: Result) -> float:
    """Its return on the test tasks after the stage that is best for it."""
    return max(stages(run))


def ours(results: Sequence[Result], family: str) -> list[Result]:
    """Our method's runs with the paper's optimiser, where there are enough of them, else those of `default`."""
    published = default(results, family, optimizer="trpo")
    return published if len(published) >= ENOUGH else default(results, family)


def compared(results: Sequence[Result], method: str, ample: int = 0, some: bool = False) -> Finding:
    """Ours, zero shot, with a rival after as many real steps or more; `ample` of them, for more than "partly".

    some: the claim is about some tasks, so that others may show the contrary.
    """
    measured, gains, results = [], {}, usual(results)
    for family in families(results):
        own = ours(results, family)
        if not own:
            continue
        same = tested(within(results, family), method=method, test_tasks=own[0].config["test_tasks"])
        theirs = [run for run in same if spent(run) >= real_steps(own[0])]
        if not theirs:
            continue
        n, optimizer = real_steps(own[0]), own[0].config["optimizer"].upper()
        measured.append(line(family, f"ours, {optimizer}, zero shot, {n:,} real steps", "zero_real", own))
        measured += _rival(family, method, theirs, n)
        mine, its = score(own, "zero_real"), Sample.each(theirs, best)
        ratio = float(np.median([spent(run) for run in theirs])) / n
        enough = min(map(spent, theirs)) >= ample
        gains[family] = ((mine, its), ratio, enough, min(len(own), len(theirs)))
    if not gains:
        return Finding()
    paper = [enough and apart(*pair) for name, (pair, _, enough, _) in gains.items() if name.startswith(PAPERS)]
    pairs = [pair for pair, *_ in gains.values()]
    told = [
        f"{called(name)}: return {mine.median - its.median:+.1f} with 1/{ratio:.0f} of the real steps, {seeds(few)} or "
        "more"
        for name, ((mine, its), ratio, _, few) in gains.items()
    ]
    return Finding(verdict(paper, pairs, some=some), "; ".join(told), tuple(measured))


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
    return compared(results, "oracle", some=True)


MAML = Claim(
    name="multitask-maml",
    title="It surpasses MAML with far fewer samples",
    number="on all tasks",
    says="The method surpasses MAML on all tasks with far fewer samples.",
    source=ABSTRACT,
    rule=Rule(
        f"{ROBOT}, every seed of ours ({OURS}) has a higher return on the test tasks, zero shot, than every seed of "
        f"MAML after {AMPLE:,} real steps or more, and after the number of gradient steps of the task that is "
        "best for it",
        f"{NOT_CONTRARY}; MAML after as many real steps as ours or more",
        UNDECIDED,
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
        f"{ROBOT}, every seed of ours ({OURS}) has a higher return on the test tasks, zero shot, than every seed of an "
        "oracle after as many real steps or more",
        CLEAR,
        UNDECIDED,
    ),
    measure=oracle,
    unverified="How many real steps the paper's oracle was trained for is not known.",
)
