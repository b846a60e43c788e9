"""What the first paper claims about exploring a maze (Miconi et al. 2018, section 4.5), and what our runs say."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from tlteach.experiments.maze import NETWORKS, Config, build
from tlteach.plasticity import parameter_count
from tlteach.plots import Table
from tlteach.reproduction.claim import Beside, Chapter, Claim, Finding, Rule, judge
from tlteach.reproduction.maze_runs import (
    ENOUGH,
    FIGURE_END,
    LONG,
    MAZE,
    PAPER,
    PLAYED,
    SEEN,
    WORDS,
    Comparison,
    comparisons,
    line,
    number,
    quartiles,
    rewards,
    scale,
    settings,
)
from tlteach.reproduction.measures import SIGNIFICANT, count, length, one_a_seed, p_value, seeds, select
from tlteach.runs import Result


def lead(results: Sequence[Result], other: str) -> Finding:
    """Whether the plastic network is paid more than another."""
    found = comparisons(results, other)
    if not found:
        return Finding()
    best = found[0]
    plastic, rival = rewards(best.plastic), rewards(best.other)
    p, ahead = best.p, plastic.median > rival.median
    measured = tuple(line(runs) for each in found for runs in (each.plastic, each.other))
    verdict = judge(any(each.clear and each.papers for each in found), ahead)
    analysis = f"Medians and quartiles: {quartiles(plastic.values)} against {quartiles(rival.values)}"
    analysis += f"; rank-sum test, p = {p:.3f}."
    analysis += "".join(_contrary(each, ahead) for each in found[1:])
    if best.seeds < ENOUGH:
        analysis += f" With {seeds(best.seeds)} of each no test can say more."
    papers = [each for each in found[1:] if each.papers]
    return Finding(verdict, "; ".join(each.told for each in (best, *papers)), measured, analysis)


def _contrary(comparison: Comparison, ahead: bool) -> str:
    """A sentence on a setting in which the medians are in the other order."""
    one, other = rewards(comparison.plastic).median, rewards(comparison.other).median
    if (one > other) == ahead:
        return ""
    rates = {f"{runs[0].config['learning_rate']:g}": None for runs in (comparison.plastic, comparison.other)}
    return (
        f" The order is the other one with the {comparison.observation} observation, Adam {' and '.join(rates)} and "
        f"{count(comparison.episodes)} episodes: {number(one)} against {number(other)}, {seeds(comparison.seeds)} of "
        "each."
    )


def ahead_of_rnn(results: Sequence[Result]) -> Finding:
    return lead(results, "rnn")


def ahead_of_shared(results: Sequence[Result]) -> Finding:
    """With what a shared alpha is worth beside none at all."""
    finding, found = lead(results, "shared"), comparisons(results, "shared")
    shared = found[0].other if found else []
    same = [one.other for one in comparisons(results, "rnn") if found and one.plastic == found[0].plastic]
    if not same:
        return finding
    one, none = rewards(shared), rewards(same[0])
    words = f"A shared alpha beside no plasticity: {number(one.median)} against {number(none.median)}, "
    words += f"p = {p_value(one, none):.3f}."
    if one.median < none.median:
        words += " No plasticity is a shared alpha of 0: the shared one could be as good, and was trained less well."
    return replace(finding, analysis=f"{finding.analysis} {words}")


@cache
def parameters(network: str) -> int:
    """Numbers that are trained, in the recorded runs."""
    return parameter_count(build(Config.preset("long", network)))


LEVELS = {"plastic": (100, 200), "rnn": (30, 90)}  # the quartiles of figure 6 at its end


def levels(results: Sequence[Result]) -> Finding:
    """In the authors' way of training where both were run so, else in the setting in which both have most seeds."""
    seen = select(results, **SEEN)
    whole = [run for run in seen if length(run) >= FIGURE_END]
    settled = [group for group in settings(whole) if all(select(group, network=network) for network in LEVELS)]
    if not settled:
        shorter = [one_a_seed(select(seen, network=network)) for network in LEVELS]
        return Finding(measured=tuple(line(runs) for runs in shorter if runs))
    exact, group = max(
        ((bool(select(group, **PAPER)), group) for group in settled),
        key=lambda each: (each[0], min(len(one_a_seed(select(each[1], network=network))) for network in LEVELS)),
    )
    groups = {network: one_a_seed(select(group, network=network)) for network in LEVELS}
    inside = [low <= rewards(groups[n]).median <= high for n, (low, high) in LEVELS.items()]
    enough = min(map(len, groups.values())) >= ENOUGH
    in_order = rewards(groups["plastic"]).median > rewards(groups["rnn"]).median
    verdict = judge(all(inside) and enough and exact, any(inside) and in_order, not enough)
    values = " and ".join(number(rewards(runs).median) for runs in groups.values())
    told = f"{values}, {seeds(min(map(len, groups.values())))}{'' if exact else ', in batches'}"
    return Finding(verdict, told, tuple(map(line, groups.values())))


def every_network(results: Sequence[Result]) -> Table:
    """Our runs of the most networks with the corrected observation, each beside the plastic one."""
    chance, planner = scale()
    rows = [(who, *[""] * 5, number(paid), "", "") for who, paid in (("actions at random", chance), (PLANNED, planner))]
    groups = settings(select(results, task=MAZE | dict(observation="corrected")))
    group = max(groups, key=lambda runs: (len({run.config["network"] for run in runs}), len(runs)), default=[])
    plastic = rewards(one_a_seed(select(group, network="plastic")))
    for network in NETWORKS:
        if runs := one_a_seed(select(group, network=network)):
            after, values = rewards(runs, 1 / 3), rewards(runs)
            cells = [WORDS[network], count(parameters(network)), f"{runs[0].config['learning_rate']:g}"]
            cells += [count(length(runs[0])), f"{len(runs)}"]
            cells += [number(after.median), quartiles(values.values)]
            if plastic.values and network != "plastic":
                cells += [f"{values.median / plastic.median:.0%}", f"{p_value(values, plastic):.3f}"]
            rows.append((*cells, *[""] * (9 - len(cells))))
    columns = ("network", "parameters", "Adam rate", "episodes", "seeds", "reward after a third, median")
    columns += ("reward at the end, median (quartiles)", "of the plastic one's", "rank test against plastic, p")
    return Table(columns, rows, TITLE)


PLANNED = "shortest path to the known goal"
TITLE = "Reward of an episode in the 9 x 9 maze, 250 steps"

CHAPTER = Chapter(
    experiment="maze",
    title="Exploring a maze",
    setting=(
        "A maze of 9 x 9 cells with 16 pillars; an agent of 100 recurrent units, Oja's rule, sees the 3 x 3 cells "
        "around it and the last reward. The goal pays 10 and puts the agent down anywhere, a wall costs 0.1; 250 "
        "steps. An advantage actor-critic learns from one episode an update, Adam at 1e-4, for a million episodes."
    ),
    deviations=(
        "The authors' program tells the network the raw number of steps taken, up to 250, which the paper does not "
        "mention and which saturates its units. Runs with the corrected observation are told the share of the episode "
        "that is over, and the last action.",
        f"Our runs learn from {LONG.batch_size} episodes an update, from gradients of at most length "
        f"{LONG.clip_norm:g} and at a rate that falls along a cosine. Those of the corrected observation take "
        f"{LONG.episodes:,} episodes, {LONG.episodes / FIGURE_END:.0%} of the paper's, at a rate that was searched "
        "for each network with other seeds: by three runs for the LSTM, the shared alpha and the plastic one, by one "
        "for that without plasticity and the neuromodulated one. The plastic one has its second-best rate, as at the "
        "best one of four further runs diverged (`benchmarks/tune_maze.py`, `tlteach.experiments.maze`).",
        f"The value's error weighs {LONG.value_weight:g} in the loss of all our runs, not "
        f"{Config.preset('paper').value_weight:g}.",
        f"Networks without plasticity have as many units as the plastic ones, as in the paper, and therefore fewer "
        f"numbers to train: {parameters('rnn'):,}, not {parameters('plastic'):,}.",
        "A million episodes, one an update, were not run. What stands here with the paper's observation is one seed of "
        "each network, in batches, at the rates and with the number of episodes that the rows say.",
        "The authors' batched program subtracts the first episode's value from the returns of all; ours gives each "
        "episode its own baseline.",
    ),
    claims=(
        Claim(
            name="maze-plastic",
            title="Plastic networks find the goal more often than those without plasticity",
            number="about 150 : about 50",
            says="Plastic networks outperform non-plastic ones, which get stuck on a sub-optimal strategy. Figure 6, "
            "medians, after a million episodes.",
            source="arXiv v1, section 4.5 and figure 6",
            rule=Rule(
                f"in the 9 x 9 maze with 250 steps and the paper's observation, after {FIGURE_END:,} episodes or more, "
                f"at one learning rate or each network at its best, at least {ENOUGH} seeds of each: the plastic "
                f"median is higher, and the rank-sum test has p < {SIGNIFICANT:g}",
                f"the plastic median is higher in the setting with the most seeds ({ENOUGH} are as good as more), of "
                "those with the most episodes, whatever the observation",
            ),
            measure=ahead_of_rnn,
        ),
        Claim(
            name="maze-levels",
            title="They are paid about 150 and about 50 in an episode",
            number="about 150 and about 50",
            says="After a million episodes the medians are about 150 (quartiles about 100 to 200) and about 50 (30 to "
            "90), read off figure 6.",
            source="arXiv v1, figure 6",
            rule=Rule(
                f"with the paper's observation, single episodes and rate, after {FIGURE_END:,} of them and with at "
                f"least {ENOUGH} seeds of each, both medians are between the published quartiles",
                "after as many episodes, where fewer seeds, batches and other rates do, too, at least one of them is, "
                "and the plastic one is the higher one",
                f"neither, with fewer than {ENOUGH} seeds of one",
            ),
            measure=levels,
        ),
        Claim(
            name="maze-shared",
            title="A plasticity of its own for each connection is crucial",
            number="each connection's own above a shared one †",
            says="Networks with one shared alpha stay clearly below those with an alpha for each connection.",
            source="ICML 2018, section 4.5 and figure",
            rule=Rule(
                "as for `maze-plastic`, with networks of one shared alpha in place of those without plasticity",
                "as for `maze-plastic`",
            ),
            measure=ahead_of_shared,
            unverified="The ICML text and its figure are quoted from memory.",
        ),
    ),
    beside=(
        Beside(
            name="maze-networks",
            title="Every network in the maze, and the LSTM that the paper did not run",
            text="Each network is compared with the plastic one by Wilcoxon's rank-sum test, two-sided, over seeds. "
            f"Chance and the shortest path are means of {PLAYED:,} episodes.",
            table=every_network,
        ),
    ),
)
