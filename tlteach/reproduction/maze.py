"""What the first paper claims about exploring a maze (Miconi et al. 2018, section 4.5), and what our runs say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tlteach.experiments.maze import NETWORKS, compare
from tlteach.plots import Table
from tlteach.reproduction.claim import Beside, Chapter, Claim, Finding, Measured, Rule, judge
from tlteach.reproduction.measures import Sample, alike, count, length, mean_between, one_a_seed, seeds, select
from tlteach.runs import Result

SHARE = 0.05  # rewards are means over the last twentieth of the run
SIGNIFICANT, ENOUGH = 0.05, 4  # of the rank test, which cannot say so with fewer seeds of each
FIGURE_END = 1_000_000  # episodes
MAZE = dict(size=9, episode_length=250)
PAPER = dict(task=MAZE | dict(observation="paper"), batch_size=1, learning_rate=1e-4)
WORDS = {
    "plastic": "an alpha for each connection",
    "shared": "one shared alpha",
    "rnn": "no plasticity",
    "rnn_wide": "no plasticity, as many parameters",
    "lstm": "LSTM, as many parameters",
    "modulated": "neuromodulated",
    "retroactive": "retroactively neuromodulated",
}


@dataclass(frozen=True)
class Comparison:
    """Runs in one setting, of the plastic network and of another, that differ in the network and the seed alone."""

    plastic: list[Result]
    other: list[Result]

    @property
    def seeds(self) -> int:
        return min(len(self.plastic), len(self.other))

    @property
    def episodes(self) -> float:
        return length(self.plastic[0])


def rewards(runs: Sequence[Result]) -> Sample:
    """Reward of an episode at the end of each run."""
    return Sample.each(runs, lambda run: mean_between(run, "return", (1 - SHARE) * length(run), length(run)))


def number(value: float) -> str:
    return f"{value:.1f}"


def quartiles(values: Sequence[float]) -> str:
    low, middle, high = np.percentile(values, (25, 50, 75))
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def line(runs: Sequence[Result]) -> Measured:
    config = runs[0].config
    what = (
        f"{WORDS[config['network']]}, {config['task']['observation']} observation, batch {config['batch_size']}, Adam "
        f"{config['learning_rate']:g}, {count(length(runs[0]))} episodes: reward of an episode"
    )
    return Measured.of(what, rewards(runs), number, runs)


def comparisons(results: Sequence[Result], other: str) -> list[Comparison]:
    """Every comparison in the paper's maze, the one with the most seeds first, of those the longest."""
    found = []
    for group in alike(select(results, task=MAZE), "network", "seed", "record_every"):
        both = [one_a_seed(select(group, network=network)) for network in ("plastic", other)]
        if all(both):
            found.append(Comparison(*both))
    return sorted(found, key=lambda each: (min(each.seeds, ENOUGH), each.episodes), reverse=True)


def lead(results: Sequence[Result], other: str) -> Finding:
    """Whether the plastic network is paid more than another."""
    found = comparisons(results, other)
    if not found:
        return Finding()
    best = found[0]
    plastic, rival = rewards(best.plastic), rewards(best.other)
    test, ahead = compare(plastic.values, rival.values), plastic.median > rival.median
    measured = tuple(line(runs) for each in found for runs in (each.plastic, each.other))
    verdict = judge(ahead and best.seeds >= ENOUGH and test.p < SIGNIFICANT, ahead)
    analysis = f"Medians and quartiles: {quartiles(plastic.values)} against {quartiles(rival.values)}"
    analysis += f"; rank-sum test, p = {test.p:.3f}."
    if best.seeds < ENOUGH:
        analysis += f" With {seeds(best.seeds)} of each no test can say more."
    summary = f"{number(plastic.median)} : {number(rival.median)} after {count(best.episodes)} episodes"
    return Finding(verdict, summary, measured, analysis)


def ahead_of_rnn(results: Sequence[Result]) -> Finding:
    return lead(results, "rnn")


def ahead_of_shared(results: Sequence[Result]) -> Finding:
    return lead(results, "shared")


LEVELS = {"plastic": (100, 200), "rnn": (30, 90)}  # the quartiles of figure 6 at its end


def levels(results: Sequence[Result]) -> Finding:
    chosen = [run for run in select(results, **PAPER) if length(run) >= FIGURE_END]
    groups = {network: one_a_seed(select(chosen, network=network)) for network in LEVELS}
    if not all(groups.values()):
        return Finding(measured=tuple(line(runs) for runs in groups.values() if runs))
    inside = [low <= rewards(groups[n]).median <= high for n, (low, high) in LEVELS.items()]
    enough = min(map(len, groups.values())) >= ENOUGH
    values = " and ".join(number(rewards(runs).median) for runs in groups.values())
    return Finding(judge(all(inside) and enough, any(inside)), values, tuple(map(line, groups.values())))


def every_network(results: Sequence[Result]) -> Table:
    """Our longest runs with the corrected observation, each network beside the plastic one."""
    rows = [("actions at random", "", "", "1", ""), ("shortest path to the known goal", "", "", "411", "")]
    chosen = select(results, task=MAZE | dict(observation="corrected"))
    if not chosen:
        columns = ("network", "episodes", "seeds", "reward, median (quartiles)", "rank test against plastic, p")
        return Table(columns, rows, TITLE)
    settings = alike(chosen, "network", "seed", "record_every")
    group = max(settings, key=lambda runs: (len({run.config["network"] for run in runs}), len(runs)))
    plastic = rewards(one_a_seed(select(group, network="plastic"))).values
    for network in NETWORKS:
        if runs := one_a_seed(select(group, network=network)):
            values = rewards(runs).values
            p = f"{compare(values, plastic).p:.3f}" if plastic and network != "plastic" else ""
            rows.append((WORDS[network], count(length(runs[0])), f"{len(runs)}", quartiles(values), p))
    columns = ("network", "episodes", "seeds", "reward, median (quartiles)", "rank test against plastic, p")
    return Table(columns, rows, TITLE)


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
        "mention and which saturates its units. The runs with the corrected observation are told the share of the "
        "episode that is over, and the last action; they learn from 30 episodes an update, with Adam at 1e-3 and "
        "gradients of at most length 4, and take a fifth of the paper's episodes.",
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
                f"in the 9 x 9 maze with 250 steps, in one setting, at least {ENOUGH} seeds of each: the plastic "
                f"median is higher, and the rank-sum test has p < {SIGNIFICANT:g}",
                "the plastic median is higher",
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
                "one of them is, or both are with fewer seeds",
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
                f"as for `maze-plastic`, with networks of one shared alpha: at least {ENOUGH} seeds of each, a higher "
                f"median, p < {SIGNIFICANT:g}",
                "the median is higher",
            ),
            measure=ahead_of_shared,
            unverified="The ICML text and its figure are quoted from memory.",
        ),
    ),
    beside=(
        Beside(
            name="maze-networks",
            title="Every network in the maze, and the LSTM that the paper did not run",
            text="Each network is compared with the plastic one by Wilcoxon's rank-sum test, two-sided, over seeds.",
            table=every_network,
        ),
    ),
)
