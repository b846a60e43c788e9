"""Whether choosing the training tasks pays, at equal real steps."""

from collections.abc import Sequence

from tlteach.reproduction.claim import Claim, Finding, Rule
from tlteach.reproduction.measures import p_value, seeds, select
from tlteach.reproduction.multitask.common import (
    ABSTRACT,
    NOT_CONTRARY,
    PAPERS,
    ROBOT,
    UNDECIDED,
    apart,
    called,
    families,
    groups,
    line,
    real_steps,
    score,
    setting,
    tested,
    usual,
    verdict,
    within,
)
from tlteach.runs import Result

RULES = {"skip": "skipping some tasks", "best_of": "the best of several"}


def selection(results: Sequence[Result]) -> Finding:
    """Each rule and criterion beside uniform draws of the same setting."""
    measured, pairs = [], []
    for family in families(results):
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
                chosen, drawn = score(group, "zero_real"), score(plain, "zero_real")
                pairs.append((family, name, (chosen, drawn)))
    if not pairs:
        return Finding()
    clear = [apart(*pair) for family, _, pair in pairs if family.startswith(PAPERS)]
    told = [
        f"{called(family)}, {name}: {chosen.median - drawn.median:+.1f} "
        f"({seeds(min(len(chosen.values), len(drawn.values)))}, p = {p_value(chosen, drawn):.2f})"
        for family, name, (chosen, drawn) in pairs
    ]
    judged = verdict(clear, [pair for *_, pair in pairs])
    return Finding(judged, f"return gained over uniform draws: {'; '.join(told)}", tuple(measured))


SELECTION = Claim(
    name="multitask-selection",
    title="Choosing the training tasks helps a little",
    number="uniform 291, criteria 207 to 279 (ant, 2-D goal velocity, 30 tasks, after four stages)",
    says="Active task selection shows some benefit, preliminary. In the first author's notebooks no criterion was "
    "better than uniform draws after four stages; two of the criteria were computed by code with mistakes, which ours "
    "does not have.",
    source=f"{ABSTRACT}; returns of the notebooks",
    rule=Rule(
        f"{ROBOT}, every seed of a rule with some criterion has a higher zero-shot return than every seed of uniform "
        "draws at equal real steps",
        f"with some rule and criterion the return is higher: {NOT_CONTRARY}",
        UNDECIDED,
    ),
    measure=selection,
)
