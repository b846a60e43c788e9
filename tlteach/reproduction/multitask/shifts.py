"""What is left of practice where the test is not like the training: other tasks, another world."""

from collections.abc import Sequence

from tlteach.experiments.multitask import scores
from tlteach.reproduction.claim import Claim, Finding, Measured, Rule
from tlteach.reproduction.measures import Sample, select
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
    families,
    groups,
    line,
    number,
    score,
    setting,
    tested,
    until_zero_shot,
    usual,
    verdict,
    within,
)
from tlteach.reproduction.multitask.rivals import AMPLE, best, spent
from tlteach.runs import Result

WORLDS = {"none": "the world of training", "friction": "half the friction", "crippled": "a motor or two dead"}


def shifted(results: Sequence[Result], family: str, shift: str) -> list[Result]:
    """Our runs with a shift, in the setting that has most seeds among the shifted ones."""
    others = [r for name in ("tasks", "friction", "crippled") for r in usual(results, name)]
    chosen = groups(select(within(others, family)))
    if not chosen:
        return []
    same = [group for group in groups(select(within(usual(results, shift), family))) if _alike(group, chosen[-1])]
    return tested(same[-1]) if same else []


def _alike(one: Sequence[Result], other: Sequence[Result]) -> bool:
    return setting(one[0]) == setting(other[0])


def promised_too_much(run: Result) -> float:
    return scores(run)["zero_virtual"] - scores(run)["zero_real"]


def tasks(results: Sequence[Result]) -> Finding:
    measured, gains = [], {}
    for family in families(results):
        ours, usually = shifted(results, family, "tasks"), shifted(results, family, "none")
        if not ours:
            continue
        theirs = tested(within(usual(results, "tasks"), family), method="maml")
        if usually:
            measured.append(line(family, "tasks as in training: zero shot, real return", "zero_real", usually))
        measured.append(line(family, "other tasks: zero shot, real return", "zero_real", ours))
        measured.append(line(family, "other tasks: zero shot, virtual return", "zero_virtual", ours))
        if ours[0].config["stages"]:
            measured.append(line(family, f"other tasks: {after_stages(ours[0])}, real return", "last_real", ours))
        if theirs:
            its = Sample.each(theirs, best)
            measured.append(Measured.of(f"{called(family)}: other tasks: MAML, best stage", its, number, theirs))
            mine = score(ours, "zero_real")
            gains[family] = (mine, its), min(map(spent, theirs)) >= AMPLE
    if not gains:
        return Finding(measured=tuple(measured))
    paper = [enough and apart(*pair) for name, (pair, enough) in gains.items() if name.startswith(PAPERS)]
    told = [f"{called(name)}: {mine.median - its.median:+.1f} over MAML" for name, ((mine, its), _) in gains.items()]
    judged = verdict(paper, [pair for pair, _ in gains.values()])
    return Finding(judged, "; ".join(told), tuple(measured))


def dynamics(results: Sequence[Result]) -> Finding:
    measured, found = [], {}
    for family in families(results):
        runs = {shift: shifted(results, family, shift) for shift in WORLDS}
        if not runs["crippled"] or not runs["none"]:
            continue
        gaps = {}
        for shift, group in runs.items():
            if not group:
                continue
            gaps[shift] = Sample.each(group, promised_too_much)
            words = WORLDS[shift]
            measured.append(line(family, f"{words}: zero shot, real return", "zero_real", group))
            zero = [until_zero_shot(run) for run in group]
            measured.append(Measured.of(f"{called(family)}: {words}: virtual above real", gaps[shift], number, zero))
            if group[0].config["stages"]:
                after = f"{words}: {after_stages(group[0])}, real return"
                measured.append(line(family, after, "last_real", group))
            for method, who in (("random", "random policy"), ("optimum", "same optimiser on the true dynamics")):
                optimizer = {"optimizer": group[0].config["optimizer"]} if method == "optimum" else {}
                if others := tested(within(usual(results, shift), family), method=method, **optimizer):
                    measured.append(line(family, f"{words}: {who}", "zero_real", others))
        found[family] = gaps
    if not found:
        return Finding()
    clear = [apart(gaps["crippled"], gaps["none"]) and _in_order(gaps) for gaps in _robots(found)]
    judged = verdict(clear, [(gaps["crippled"], gaps["none"]) for gaps in found.values()])
    told = [
        f"{called(name)}: " + ", ".join(f"{WORLDS[shift]} {number(sample.median)}" for shift, sample in gaps.items())
        for name, gaps in found.items()
    ]
    return Finding(judged, f"virtual return above real one: {'; '.join(told)}", tuple(measured))


def _robots(found: dict[str, dict[str, Sample]]) -> list[dict[str, Sample]]:
    return [gaps for name, gaps in found.items() if name.startswith(PAPERS)]


def _in_order(gaps: dict[str, Sample]) -> bool:
    medians = [gaps[shift].median for shift in WORLDS if shift in gaps]
    return len(medians) == len(WORLDS) and medians == sorted(medians)


TASKS = Claim(
    name="multitask-task-shift",
    title="With other tasks than in training, the warm-up still gains over MAML",
    number="no number is known",
    says="With a shifted task distribution (velocities of the other sign) the warm-up still gains over MAML.",
    source=ABSTRACT,
    rule=Rule(
        f"{ROBOT}, every seed has a higher return on shifted tasks, zero shot, than every seed of MAML at its best "
        f"stage, after {AMPLE:,} real steps or more",
        f"{NOT_CONTRARY}; after any number of MAML's real steps",
        UNDECIDED,
    ),
    measure=tasks,
    deviations=("On the point mass other tasks are goals farther out than any in training.",),
)
DYNAMICS = Claim(
    name="multitask-dynamics-shift",
    title="In another world the effect of the warm-up shrinks, most with a crippled robot",
    number="no number is known",
    says="With shifted dynamics (half the friction), and most with a crippled ant, the effect of the warm-up shrinks.",
    source=ABSTRACT,
    rule=Rule(
        f"on a half-cheetah or an ant, with at least {ENOUGH} seeds of each, what the model promises too much (virtual "
        "minus real return, zero shot) grows, in the median, from the world of training over half the friction to the "
        "crippled robot, and every crippled seed is above every seed in the world of training",
        f"it is larger with a crippled robot than in the world of training: {NOT_CONTRARY}",
        UNDECIDED,
    ),
    measure=dynamics,
    deviations=(
        "Returns in different worlds are not compared: what can be reached there differs, too. A crippled point mass "
        "has no motor along +x, half the friction is half of its drag.",
    ),
)
