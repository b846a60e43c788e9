"""What the first paper claims about natural images (Miconi et al. 2018, section 4.2), and what our runs say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tlteach.experiments.images import LABELS, withheld_table
from tlteach.plots import Table
from tlteach.reproduction.claim import (
    NOT_RUN,
    PARTLY,
    REPRODUCED,
    Beside,
    Chapter,
    Claim,
    Finding,
    Measured,
    Rule,
    judge,
)
from tlteach.reproduction.measures import Sample, count, length, mean_between, one_a_seed, seeds, select
from tlteach.runs import Result, alike, plain
from tlteach.tasks.images import ImageTask

FULL_SIDE, FIGURE_END = 32, 40_000  # the paper's pictures; episodes of figure 5
PUBLISHED = dict(batch_size=1, learning_rate=1e-4)
SHARE = 0.05  # losses are means over the last twentieth before an episode
ENOUGH = 3  # seeds


@dataclass(frozen=True)
class Pair:
    """Runs that differ in the network and the seed alone, and the episode up to which both got (or the figure goes)."""

    side: int
    episodes: float
    plastic: list[Result]
    other: list[Result]

    @property
    def rank(self) -> tuple[float, ...]:
        """The paper's size counts more than length, and that more than seeds."""
        return self.side, self.episodes, self.seeds

    @property
    def seeds(self) -> int:
        return min(len(self.plastic), len(self.other))

    @property
    def full(self) -> bool:
        """Whether it is the comparison of the paper's figure, with seeds to tell."""
        return self.side == FULL_SIDE and self.episodes >= FIGURE_END and self.seeds >= ENOUGH


def real(results: Sequence[Result], **wanted: Any) -> list[Result]:
    """Runs on CIFAR-10, in the paper's episodes at any size of the pictures."""
    chosen = select(results, data="cifar10", **wanted)
    return [run for run in chosen if run.config["task"] == plain(ImageTask(side=run.config["task"]["side"]))]


def pairs(results: Sequence[Result], other: str) -> list[Pair]:
    """Every comparison of the plastic network with another on CIFAR-10, the one nearest to the paper's first."""
    found = []
    budgets = ("episodes", "record_every", "withheld_episodes")
    for group in alike(real(results), "network", "seed", *budgets):
        both = [select(group, network=network) for network in ("plastic", other)]
        if not all(both):
            continue
        side = group[0].config["task"]["side"]
        end = min(FIGURE_END, *(max(map(length, runs)) for runs in both))  # as far as both got
        long = [one_a_seed(run for run in runs if length(run) >= end) for runs in both]
        found.append(Pair(side, end, *long))
    return sorted(found, key=lambda pair: pair.rank, reverse=True)


OWN_WORDS = "one episode an update and Adam at 1e-4"


def own(results: Sequence[Result]) -> list[Pair]:
    """The comparisons with a shared alpha in the paper's setting: size of the pictures, batch and rate."""
    return [pair for pair in pairs(select(results, **PUBLISHED), "shared") if pair.side == FULL_SIDE]


def loss(runs: Sequence[Result], episodes: float, metric: str = "withheld_loss") -> Sample:
    """Loss of each run over the twentieth of its episodes before `episodes`."""
    return Sample.each(runs, lambda run: mean_between(run, metric, (1 - SHARE) * episodes, episodes))


def number(value: float) -> str:
    return f"{value:.1f}"


def after(episodes: float) -> str:
    """How long the runs are, and whether that is less than in the paper's figure."""
    return f"{count(episodes)} episodes" + " only" * (episodes < FIGURE_END)


def lines(runs: Sequence[Result], episodes: float) -> tuple[Measured, Measured]:
    """The losses of one network, withheld pictures and training pictures."""
    config = runs[0].config
    side, how = config["task"]["side"], f"batch {config['batch_size']}, Adam {config['learning_rate']:g}"
    what = f"{LABELS[config['network']]}, {side} x {side}, {how}, {count(episodes)} episodes"
    return tuple(
        Measured.of(f"{what}: loss on {kind} pictures", loss(runs, episodes, metric), number, runs)
        for kind, metric in (("withheld", "withheld_loss"), ("training", "loss"))
    )


def order(results: Sequence[Result]) -> Finding:
    compared = pairs(results, "shared")
    if not compared:
        return Finding()
    best = compared[0]
    free, shared = loss(best.plastic, best.episodes), loss(best.other, best.episodes)
    ordered, apart = free.median < shared.median, max(free.values) < min(shared.values)
    measured = [line for pair in compared for runs in (pair.plastic, pair.other) for line in lines(runs, pair.episodes)]
    verdict = judge(ordered and apart and best.full, ordered)
    analysis = ""
    if verdict == PARTLY:
        missing = [
            words
            for lacks, words in (
                (best.side != FULL_SIDE, f"pictures of {FULL_SIDE} x {FULL_SIDE} pixels"),
                (best.episodes < FIGURE_END, f"{FIGURE_END:,} episodes (these are {count(best.episodes)})"),
                (best.seeds < ENOUGH, f"{ENOUGH} seeds of each"),
                (not apart, "a gap between the worst seed of the one and the best of the other"),
            )
            if lacks
        ]
        analysis = f"The order is the paper's; for a full reproduction it lacks {', '.join(missing)}."
    elif verdict != REPRODUCED:
        analysis = (
            f"At {best.side} x {best.side} pixels after {count(best.episodes)} episodes the order is the other way "
            f"round: {number(free.median)} with an alpha for each connection, {number(shared.median)} with one for all."
        )
    summary = f"{number(free.median)} : {number(shared.median)}, {best.side} x {best.side}, "
    return Finding(verdict, summary + after(best.episodes), tuple(measured), analysis)


LEVELS = {"plastic": (12.0, 18.0), "shared": (20.0, 32.4)}  # 15, and 25 to 27, give or take a fifth: read off a figure


def levels(results: Sequence[Result]) -> Finding:
    compared = own(results)
    if not compared:
        return Finding()
    best = compared[0]
    measured, inside = [], []
    for runs, (low, high) in zip((best.plastic, best.other), LEVELS.values(), strict=True):
        measured += lines(runs, best.episodes)
        inside.append(low <= loss(runs, best.episodes).median <= high)
    long = best.episodes >= FIGURE_END
    if not long and not all(inside):  # the losses are still on their way
        return Finding(NOT_RUN, after(best.episodes), tuple(measured))
    verdict = judge(all(inside) and best.full, any(inside))
    values = " and ".join(line.value for line in measured[::2])
    analysis = ""
    if all(inside) and not best.full:
        lacks = [f"after {count(best.episodes)} episodes, not {FIGURE_END:,}"] * (not long)
        lacks += [f"in {seeds(best.seeds)}, not {ENOUGH}"] * (best.seeds < ENOUGH)
        analysis = f"The losses are within the levels {', and '.join(lacks)}."
    return Finding(verdict, f"{values} after {after(best.episodes)}", tuple(measured), analysis)


CROSSING, WIDTH = 2_500, 500  # episodes: "one to two thousand" and the width of the mean that sees it


def early(results: Sequence[Result]) -> Finding:
    compared = [pair for pair in own(results) if pair.episodes >= CROSSING]
    if not compared:
        return Finding()
    best = max(compared, key=lambda pair: pair.seeds)
    stops = np.arange(WIDTH, best.episodes + 1, WIDTH)
    lower = [_median(best.plastic, stop) < _median(best.other, stop) for stop in stops]
    above = np.flatnonzero(~np.array(lower))  # where the free alpha is not yet the better one
    crossed = float(stops[0] if not len(above) else stops[min(above[-1] + 1, len(stops) - 1)])
    stays = lower[-1]
    value = f"from {count(crossed)} episodes on" if stays else f"not within {after(best.episodes)}"
    runs = tuple(best.plastic + best.other)
    what = f"{LABELS['plastic']} below {LABELS['shared']}, medians over {WIDTH} episodes, {best.side} x {best.side}, "
    measured = (Measured(what + after(best.episodes), value, "", runs),)
    higher, enough = _median(best.plastic, WIDTH) > _median(best.other, WIDTH), best.seeds >= ENOUGH
    verdict = judge(higher and stays and crossed <= CROSSING and enough, stays)
    missing = [f"This is {seeds(best.seeds)} of each; the rule asks for {ENOUGH}."] * (stays and not enough)
    missing += [f"It is not higher at first: within the first {WIDTH} episodes it is lower already."] * (not higher)
    length = f", {after(best.episodes)}" if stays and best.episodes < FIGURE_END else ""
    return Finding(verdict, f"{value}, {seeds(best.seeds)} of each{length}", measured, " ".join(missing))


def _median(runs: Sequence[Result], stop: float) -> float:
    return Sample.each(runs, lambda run: mean_between(run, "withheld_loss", stop - WIDTH, stop)).median


FAILS = 2.0  # times the plastic network's loss


def rnn_fails(results: Sequence[Result]) -> Finding:
    compared = pairs(results, "rnn")
    if not compared:
        return Finding()
    best = compared[0]
    plastic, rnn = loss(best.plastic, best.episodes), loss(best.other, best.episodes)
    times = min(rnn.values) / max(plastic.values)
    measured = [line for runs in (best.plastic, best.other) for line in lines(runs, best.episodes)]
    summary = f"{number(rnn.median)} against {number(plastic.median)}, {best.side} x {best.side}"
    analysis = (
        "With hard clamping and a neuron for each pixel, a picture that is shown replaces the whole state of the "
        "network: an RNN has nowhere to keep the ones before. The *last* one it can carry through the two blank steps "
        "in its activity, and in part it does: lesson 03 asks the recorded networks for it and for an earlier one, and "
        "its error, as a share of that of leaving the lost half grey, is the lower one for the last. For the earlier "
        "ones all it can learn is what pictures are like, a guess at the lost half from the given one. No LSTM of ours "
        "was run on pictures, so this is not the whole claim."
    )
    return Finding(judge(False, times >= FAILS), summary, tuple(measured), analysis)


def by_heart(results: Sequence[Result]) -> Table:
    """Withheld pictures against those trained on, in all runs of the paper's episodes."""
    photographs = real(results)
    return withheld_table(photographs) if photographs else Table(("network",), [], "")


CHAPTER = Chapter(
    experiment="images",
    title="Remembering natural images",
    setting=(
        "An episode shows three grey CIFAR-10 pictures of 32 x 32 pixels three times each, for 20 steps, then one of "
        "them with its upper or lower half missing, for 3; the network paints the lost half. 1,025 neurons, hard "
        "clamping, 201 steps. The loss is the squared error summed over the 1,024 pixels at the last step. Adam at "
        "1e-4, one episode an update."
    ),
    deviations=(
        "Where the text of arXiv v1 (3 blank steps after a picture, pixels from 0 to 1) and the authors' program (2, "
        "zero mean within [−1, 1]) differ, we follow the program.",
        "The loss that decides is that of pictures never trained on. The program that draws the paper's test pictures "
        "takes them from the training set; we show the training loss too.",
        "The withheld loss of a record is that of a few episodes of withheld pictures, others at the next record, the "
        "same for every run. A single record is noisy, so a loss is the mean over the last twentieth of the episodes; "
        "the training loss, of many more episodes, stands beside it.",
        "Where the data is not the official archive, the provenance below says so.",
    ),
    claims=(
        Claim(
            name="images-order",
            title="An alpha for each connection ends lower than one for all",
            number="15 : 25 to 27 at 40,000 episodes",
            says="Networks with a plasticity for each connection reach a lower loss than those with a single, shared "
            "one. Figure 5, medians of ten seeds.",
            source="arXiv v1, section 4.2 and figure 5",
            rule=Rule(
                f"at {FULL_SIDE} x {FULL_SIDE} pixels after {FIGURE_END:,} episodes, with at least {ENOUGH} seeds of "
                "each, every seed of the one is below every seed of the other",
                "the medians are in that order, in the comparison nearest to the paper's that was run: the largest "
                "pictures, then the most episodes",
            ),
            measure=order,
        ),
        Claim(
            name="images-levels",
            title="The losses are about 15, and 25 to 27",
            number="15, and 25 to 27, at 40,000 episodes",
            says="After 40,000 episodes the median loss is about 15 with an alpha for each connection and about 25 to "
            "27 with a shared one, read off figure 5.",
            source="arXiv v1, figure 5",
            rule=Rule(
                f"with at least {ENOUGH} seeds of each, {OWN_WORDS}, both medians at {FULL_SIDE} x {FULL_SIDE} pixels "
                f"after {FIGURE_END:,} episodes are within a fifth of that: "
                + ", ".join(f"{low:g} to {high:g}" for low, high in LEVELS.values()),
                "one of them is, or both are with fewer seeds or after fewer episodes (where they are not, after fewer "
                "episodes, it counts as not yet run)",
            ),
            measure=levels,
        ),
        Claim(
            name="images-early",
            title="The lead is there after one to two thousand episodes",
            number="from 1,000 to 2,000 episodes on",
            says="The loss with an alpha for each connection, higher at first, drops below the other within one to two "
            "thousand episodes.",
            source="arXiv v1, figure 5",
            rule=Rule(
                f"at {FULL_SIDE} x {FULL_SIDE} pixels, {OWN_WORDS}, with at least {ENOUGH} seeds of each, the median "
                f"loss is above the other's over the first {WIDTH} episodes, and below it over every {WIDTH} from "
                f"episode {CROSSING:,} or earlier to the end",
                "it is below to the end, but from a later one, or was not above at first, or with fewer seeds",
            ),
            measure=early,
        ),
        Claim(
            name="images-rivals",
            title="An RNN and an LSTM fail",
            number="both fail",
            says="A non-plastic RNN and an LSTM fail to solve this task.",
            source="arXiv v1, section 4.2",
            rule=Rule(
                f"every seed of an RNN and of an LSTM has at least {FAILS:g} times the loss of every plastic seed",
                "every seed of an RNN has",
            ),
            measure=rnn_fails,
        ),
    ),
    beside=(
        Beside(
            name="images-by-heart",
            title="Were pictures learned by heart?",
            text="If so, the loss on withheld pictures lies above that on training pictures by more than the noise. At "
            "32 x 32 pixels, 10,000 episodes show 30,000 pictures out of 40,000: few are seen often enough for that.",
            table=by_heart,
        ),
    ),
)
