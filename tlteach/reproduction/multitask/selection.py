"""Whether choosing the training tasks pays, at equal real steps."""

from collections.abc import Sequence

from tlteach.reproduction.claim import Claim, Finding, Rule, judge
from tlteach.reproduction.measures import SIGNIFICANT, Sample, p_value, seeds, select
from tlteach.reproduction.multitask.common import (
    ABSTRACT,
    PAPERS,
    called,
    families,
    groups,
    line,
    real_steps,
    score,
    setting,
    tested,
    usual,
    within,
)
from tlteach.runs import Result

RULES = {"skip": "skipping some tasks", "best_of": "the best of several"}


def selection(results: Sequence[Result]) -> Finding:
    """Each rule and criterion beside uniform draws of the same setting."""
    measured, gains = [], {}
    for family in families(results):
        pairs = []
        for uniform in groups(select(within(usual(results), family))):
            kinds: dict[str, list[Result]] = {}
            for run in select(within(usual(results, rule=None), family), method="model-based", rule=tuple(RULES)):
                if setting(run) == setting(uniform[0]):
                    kinds.setdefault(f"{RULES[run.config['rule']]}, by {run.config['criterion']}", []).append(run)
            kinds = {name: group for name, runs in kinds.items() if (group := tested(runs))}
            if not kinds or not (plain := tested(uniform)):
                continue
            steps = f"{real_steps(plain[0]):,} real steps"
            measured.append(line(family, f"tasks as they are drawn, {steps}: real return", "zero_real", plain))
            for name, group in sorted(kinds.items()):
                measured.append(line(family, f"{name}, {steps}: real return", "zero_real", group))
                pairs.append((score(group, "zero_real"), score(plain, "zero_real")))
        if pairs:
            gains[family] = pairs
    if not gains:
        return Finding()
    higher = {family: any(_surely(*pair, len(pairs)) for pair in pairs) for family, pairs in gains.items()}
    lower = any(_surely(drawn, chosen, len(pairs)) for pairs in gains.values() for chosen, drawn in pairs)
    paper, some = (any(found for name, found in higher.items() if name.startswith(part)) for part in (PAPERS, ""))
    judged = judge(paper, some and not lower, not some and not lower)
    told = "; ".join(f"{called(family)}, {_told(pairs)}" for family, pairs in gains.items())
    return Finding(judged, f"median return gained over uniform draws: {told}", tuple(measured))


def _surely(high: Sample, low: Sample, n: int) -> bool:
    """Whether one is higher beyond chance, of n such comparisons (Bonferroni)."""
    return high.median > low.median and p_value(high, low) < SIGNIFICANT / n


def _told(pairs: Sequence[tuple[Sample, Sample]]) -> str:
    gained = sorted(chosen.median - drawn.median for chosen, drawn in pairs)
    ways = f"{len(pairs)} way{'s' * (len(pairs) > 1)} of choosing"
    span = f"{gained[0]:+.1f}" + f" to {gained[-1]:+.1f}" * (len(pairs) > 1)
    few = min(len(sample.values) for pair in pairs for sample in pair)
    return f"{ways}: {span} ({seeds(few)} or more of each, smallest p = {min(p_value(*pair) for pair in pairs):.3f})"


SELECTION = Claim(
    name="multitask-selection",
    title="Choosing the training tasks helps a little",
    number="uniform 291, criteria 207 to 279 (ant, 2-D goal velocity, 30 tasks, after four stages)",
    says="Active task selection shows some benefit, preliminary. In the first author's notebooks no criterion was "
    "better than uniform draws after four stages; two kinds of the criteria were computed by code with mistakes, which "
    "ours does not have.",
    source=f"{ABSTRACT}; returns of the notebooks",
    rule=Rule(
        f"on a half-cheetah or an ant, some rule and criterion has a higher zero-shot return than uniform draws at "
        f"equal real steps: higher median, and p of the rank-sum test below {SIGNIFICANT:g} divided by the number of "
        "rules and criteria that were compared on that robot, as whoever tries many finds a lucky one",
        "some has, in that sense, on any family, and none has a lower one",
        "none has a higher or a lower one, in that sense (where p cannot be so small with these seeds, too)",
    ),
    measure=selection,
)
