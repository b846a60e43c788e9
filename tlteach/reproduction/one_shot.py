"""What the first paper claims about one-shot learning (Miconi et al. 2018, section 4.3), and what our runs say."""

from collections.abc import Sequence

import numpy as np

from tlteach.experiments.one_shot import wilson
from tlteach.plots import Table
from tlteach.reproduction.claim import Beside, Chapter, Claim, Finding, Measured, Rule, judge
from tlteach.reproduction.measures import Sample, count, duration, length, one_a_seed, seeds, select
from tlteach.reproduction.one_shot_tests import WHERE, where, why
from tlteach.runs import Result, alike

ENOUGH = 3  # seeds
TESTED = 10_000  # test episodes: over fewer the interval is wider, and reaches a published figure more easily
WARM_UP = 50  # updates, of `tlteach.experiments.one_shot`
PARTLY_ACCURACY = 0.974  # the lowest accuracy in the table of arXiv v1
HONEST, PAPER = "honest", "paper"
PROTOCOLS = {
    HONEST: "test characters never seen in training, the query never a drawing just shown",
    PAPER: "the seed's own split, the query may be a drawing just shown",
}
NETWORKS = {"plastic": "an alpha for each connection", "shared": "one shared alpha", "none": "no plasticity"}


def tested(results: Sequence[Result], **wanted: str) -> list[list[Result]]:
    """The runs on five characters of Omniglot that ended with a test of at least `TESTED` episodes.

    In groups that differ in the seed alone: those with enough seeds first, of them the longest, then the most seeds.
    """
    chosen = select(results, data="omniglot", task=dict(n_ways=5, n_shots=1), **wanted)
    chosen = [run for run in chosen if run.config["test_episodes"] >= TESTED]
    chosen = [run for run in chosen if "test_accuracy" in run.metrics and np.isfinite(run.metrics["test_accuracy"][-1])]
    groups = [one_a_seed(group) for group in alike(chosen, "seed")]
    return sorted(groups, key=lambda group: (len(group) >= ENOUGH, length(group[0]), len(group)), reverse=True)


def accuracies(runs: Sequence[Result]) -> Sample:
    """Share of the test episodes that each run answered rightly."""
    return Sample.each(runs, lambda run: run.metrics["test_accuracy"][-1])


def mean_and_ends(runs: Sequence[Result]) -> tuple[float, float, float]:
    """Mean accuracy over the seeds, low and high end of its 95 % interval over test episodes (Wilson's).

    All seeds answer the same episodes, so more seeds do not make the interval narrower.
    """
    mean = float(np.mean(accuracies(runs).values))
    return mean, *wilson(mean, runs[0].config["test_episodes"])


def percent(value: float) -> str:
    return f"{100 * value:.2f}%"


def in_words(runs: Sequence[Result]) -> str:
    """The mean, and how far the interval reaches on its longer side."""
    mean, low, high = mean_and_ends(runs)
    return f"{percent(mean)} ± {100 * max(mean - low, high - mean):.2f}"


def line(runs: Sequence[Result]) -> Measured:
    config = runs[0].config
    what = (
        f"{NETWORKS[config['network']]}, {config['protocol']} protocol, {count(length(runs[0]))} episodes, "
        f"{count(config['pool_episodes'])} an update from {config['pool_characters'] * config['pool_drawings']} "
        f"drawings, {config['loss'].replace('_', '-')} loss, distortion {config['distortion']:g}, Adam "
        f"{config['learning_rate']:g} ({config['decay']}), gain {config['gain']:g}, eta {config['eta']:g} at the "
        f"start, convolutions in {config['precision']}: test accuracy"
    )
    return Measured(what, in_words(runs), accuracies(runs).spread(percent), tuple(runs))


def accuracy(results: Sequence[Result], network: str, published: float) -> Finding:
    """The honest runs that `tested` has first decide; the rest is shown beside them."""
    groups = tested(results, network=network)
    honest = [group for group in groups if group[0].config["protocol"] == HONEST]
    other = [group for group in groups if group[0].config["protocol"] == PAPER]
    measured = tuple(line(group) for group in [*honest, *other])
    if not honest:
        return Finding(measured=measured)
    mean, low, high = mean_and_ends(honest[0])
    reaches = high >= published
    verdict = judge(reaches and len(honest[0]) >= ENOUGH, mean >= PARTLY_ACCURACY)
    summary = f"{in_words(honest[0])}, {seeds(len(honest[0]))}"
    side = "within" if low <= published <= high else "above" if published > high else "below"
    told = [f"Ours is {100 * (mean - published):+.2f} points from the published mean, which lies {side} the interval."]
    if reaches and len(honest[0]) < ENOUGH:
        told.append(f"This is {seeds(len(honest[0]))}; the rule asks for {ENOUGH}.")
    if other:
        theirs, *_ = mean_and_ends(other[0])
        told.append(
            f"Under the paper's protocol ({PROTOCOLS[PAPER]}) ours has {in_words(other[0])}, "
            f"{100 * (theirs - mean):+.2f} points."
        )
    told += [*ending(honest[0]), *why(results, network, mean, published), *lesson(honest)]
    return Finding(verdict, summary, measured, " ".join(told))


def ending(group: Sequence[Result]) -> list[str]:
    """Whether accuracy was still rising when training ended, in words; nothing where the curves are too short."""
    if any(len(run.metrics.get("validation_accuracy", ())) < 20 for run in group):
        return []
    gains = Sample.each(group, lambda run: _gain(run.metrics["validation_accuracy"]))
    flat = ", where the learning rate has nearly come down to zero: a longer schedule may still help"
    return [
        f"Accuracy on the validation characters changed by {100 * gains.median:+.2f} points in the last tenth of "
        f"training (median seed){flat if group[0].config['decay'] == 'cosine' else ''}."
    ]


def _gain(curve: np.ndarray) -> float:
    curve, tenth = curve.astype(float), len(curve) // 10
    return curve[-tenth:].mean() - curve[-2 * tenth : -tenth].mean()


def lesson(groups: Sequence[Sequence[Result]]) -> list[str]:
    """What the shortest of several settings had, in words: that which a lesson has time for."""
    if len(groups) < 2:
        return []
    short = min(groups, key=lambda group: length(group[0]))
    cpu = Sample.each(short, lambda run: run.metrics["cpu_seconds"][-1])
    return [
        f"After {count(length(short[0]))} episodes, {cpu.middle(duration)} of one core, such networks have "
        f"{in_words(short)} ({seeds(len(short))})."
    ]


FREE, YOKED = 0.983, 0.985


def free(results: Sequence[Result]) -> Finding:
    return accuracy(results, "plastic", FREE)


def yoked(results: Sequence[Result]) -> Finding:
    return accuracy(results, "shared", YOKED)


V1, RECALL = "arXiv v1, table 1", "ICML table, from memory: unverified"
PUBLISHED = (
    ("Memory-augmented networks (Santoro et al. 2016)", "82.8%", RECALL),
    ("Matching networks (Vinyals et al. 2016)", "98.1%", V1),
    ("Prototypical networks (Snell et al. 2017)", "97.4%", V1),
    ("Memory module (Kaiser et al. 2017)", "98.4%", RECALL),
    ("Meta networks (Munkhdalai & Yu 2017)", "98.95%", "its own paper, from memory: unverified"),
    ("MAML (Finn et al. 2017)", "98.7% ± 0.4", V1),
    ("SNAIL (Mishra et al. 2018)", "99.07% ± 0.16", V1),
    ("Differentiable plasticity, one shared alpha", "98.5% ± 0.57, median 99%", V1),
    ("Differentiable plasticity, an alpha for each connection", "98.3% ± 0.80, median 98.5%", RECALL),
)


def comparison(results: Sequence[Result]) -> Table:
    """The published accuracies, and under them those of our longest runs, those of the honest protocol first."""
    rows = [*PUBLISHED]
    for protocol, named in ((HONEST, "honest protocol"), (PAPER, "the paper's protocol, which asks less")):
        for network, words in NETWORKS.items():
            if groups := tested(results, network=network, protocol=protocol):
                note = f"recorded, {seeds(len(groups[0]))}, {named}"
                rows.append((f"tlteach: plastic readout, {words}", in_words(groups[0]), note))
    return Table(("method", "5-way 1-shot accuracy", "source"), rows, "One-shot learning of Omniglot's characters")


ROBUST = (
    "Published protocols differ among each other in splits, rotations and augmentation, so that differences of a few "
    "tenths of a per cent say little. ± after our figures is how far the 95% interval over the test episodes reaches "
    "on its longer side (Wilson's); other test characters may differ by more (see the table below). ± in the published "
    "rows is quoted as it stands there; of what it is the spread was not checked. The honest protocol: "
    + PROTOCOLS[HONEST]
    + ". The paper's: "
    + PROTOCOLS[PAPER]
    + "; a drawing just shown is the easier question, so its figure is no better evidence than the honest one."
)

CHAPTER = Chapter(
    experiment="one_shot",
    title="Learning symbols from one drawing",
    setting=(
        "Five Omniglot characters, each turned by a random multiple of 90 degrees, are shown once with their labels, "
        "then another drawing of one of them without: which? Four 3 x 3 convolutions of 64 channels, stride 2, tanh; a "
        "plastic readout with Oja's rule on their 64 features. 100 characters are held out. The paper trains on five "
        "million single episodes, Adam at 3e-5, times .666 every million (arXiv v1: 3e-4, one million)."
    ),
    deviations=(
        "Under the honest protocol the split is fixed and published (`tlteach.tasks.one_shot.split`), 100 more "
        "characters are for validation, and the query is never the drawing just shown. In the authors' program it is "
        "in 1 of 20 queries; its evaluation script uses one split for ten models trained on splits of their own, so "
        "that nine are tested on characters of which about 94% were in their training set (the paper's figures may "
        "come from another script).",
        "The episodes of an update share one pool of drawings, embedded once and under one rotation a character: the "
        "count of episodes is of questions asked, many of them about the same drawings. The paper's episodes have "
        "drawings of their own.",
        "Learning rate and schedule: a rate of Adam's tuned for such updates; it rises over the first "
        f"{WARM_UP} updates and falls along a cosine to zero. The paper starts at 3e-5 and falls in steps.",
        "The training drawings are distorted (turned, stretched, shifted); the paper's are not. The loss is "
        "cross-entropy, the authors' program has a binary one for each of the five outputs.",
        "The convolutions are computed in the precision that the rows below name, in training and in the tests at its "
        "end.",
        "Alpha starts at random values times a gain, and eta at a value, both much larger than the paper's 0.01. The "
        "rows below have the values, and say where a run differs from this list.",
    ),
    claims=(
        Claim(
            name="one-shot-free",
            title="5-way 1-shot: 98.3% with an alpha for each connection",
            number="98.3% ± 0.80 †",
            says="Mean accuracy 98.3% ± 0.80 (median 98.5%) over ten runs, each on 100 episodes of test characters; "
            "112,065 parameters.",
            source="ICML version, Omniglot table; settings of the authors' program",
            rule=Rule(
                f"over at least {ENOUGH} seeds under the honest protocol, tested on at least {TESTED:,} episodes, the "
                f"95% interval of the mean reaches {100 * FREE:.1f}%",
                f"the mean is at least {100 * PARTLY_ACCURACY:.1f}%, the lowest in the table of arXiv v1",
            ),
            measure=free,
            unverified="98.3 and 98.5 are quoted from memory of the ICML version and could not be checked.",
        ),
        Claim(
            name="one-shot-shared",
            title="5-way 1-shot: 98.5% with one shared alpha",
            number="98.5% ± 0.57",
            says="Mean accuracy 98.5% ± 0.57 (median over runs 99%) with one yoked alpha; 111,746 parameters.",
            source="arXiv v1, section 4.3 and table 1",
            rule=Rule(
                f"over at least {ENOUGH} seeds under the honest protocol, tested on at least {TESTED:,} episodes, the "
                f"95% interval of the mean reaches {100 * YOKED:.1f}%",
                f"the mean is at least {100 * PARTLY_ACCURACY:.1f}%, the lowest in the table of arXiv v1",
            ),
            measure=yoked,
        ),
    ),
    beside=(
        Beside("one-shot-published", "Beside the published accuracies", ROBUST, comparison),
        Beside("one-shot-where", "On which characters the networks err", WHERE, where),
    ),
    also=("one_shot_tests",),
)
