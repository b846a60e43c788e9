"""The claims about 1,000 bits."""

from collections.abc import Sequence

from tlteach.experiments.patterns import FULL, solved_after
from tlteach.reproduction.claim import REPRODUCED, Claim, Finding, Measured, Rule, judge
from tlteach.reproduction.measures import Sample, count, length, level, mean_between, percent, seeds, select
from tlteach.reproduction.patterns.common import END, SOLVED, episodes_line, error_line, errors, label, settings
from tlteach.runs import Result, plain

WINDOW = 50  # episodes that the running error is the mean of
FAST, PARTLY_ERROR = 200, 0.05
PUBLISHED = dict(hidden_size=1001, learning_rate=3e-4)


def thousand_bits(results: Sequence[Result]) -> Finding:
    centred = FAST + WINDOW // 2  # here the running error is the mean of the episodes around FAST
    runs = select(results, network="plastic", task=plain(FULL), batch_size=1, window=WINDOW)
    groups = settings([run for run in runs if length(run) >= centred or solved_after(run, SOLVED)])
    if not groups:
        return Finding()
    groups.sort(key=lambda group: (bool(select(group, **PUBLISHED)), len(group)), reverse=True)
    runs, when = groups[0], f"around episode {FAST}"  # these decide
    error, measured = errors(runs, centred), []
    losses = [
        Sample.each(group, lambda run: mean_between(run, "loss", FAST - WINDOW // 2, centred)) for group in groups
    ]
    for group, loss in zip(groups, losses, strict=True):
        measured += [
            error_line(group, centred, when),
            Measured.of(f"{label(group[0])}: loss {when}", loss, count, group),
            episodes_line(group),
        ]
    verdict = judge(error.median <= SOLVED, error.median <= PARTLY_ERROR)
    analysis = ""
    if verdict != REPRODUCED:
        ended = Sample.each(runs, length)
        analysis = (
            f"{when[0].upper()}{when[1:]} the loss of an episode is {losses[0].middle(count)} (figure 2 shows about "
            f"50) and {error.middle(percent)} of the bits are wrong; at the end of our runs, {ended.middle(count)} "
            f"episodes, {errors(runs, END).middle(percent)}. "
        )
        if goals := sorted({goal for run in runs if (goal := run.config["stop_below"])}):
            analysis += f"A run stops by itself below {', '.join(map(level, goals))}. "
        if len(runs) < 5:
            analysis += f"This is {seeds(len(runs))} only; the figure shows ten."
    return Finding(verdict, f"{error.middle(percent)} {when}", tuple(measured), analysis.strip())


BUDGET, FAILED = 2_000, 0.10  # episodes of figure 2; what cannot remember stays above this error


def only_plastic(results: Sequence[Result]) -> Finding:
    runs = select(results, network=("rnn", "lstm", "lstm_clamped"), task=plain(FULL), window=WINDOW)
    groups = settings([run for run in runs if length(run) >= BUDGET])
    if not groups:
        return Finding()
    measured = [
        error_line(group, END, f"after {Sample.each(group, length).middle(count)} episodes") for group in groups
    ]
    failed = all(error > FAILED for group in groups for error in errors(group, END).values)
    both = {"rnn", "lstm"} <= {group[0].config["network"].removesuffix("_clamped") for group in groups}
    return Finding(judge(failed and both, failed), "; ".join(line.value for line in measured), tuple(measured))


CLAIMS = (
    Claim(
        name="patterns-1000-bits",
        title="1,000 bits: error below 1% within about 200 episodes",
        number="below 1% within about 200 episodes",
        says="A plastic network of 1,001 neurons reaches an error below 1% within about 200 episodes. Figure 2, ten "
        "seeds: a loss of about 520 at the start, 50 at episode 200, 10 at 500, a few units at 2,000.",
        source="arXiv v1, section 4.1 and figure 2",
        rule=Rule(
            f"the median seed's error, mean of the {WINDOW} episodes around episode {FAST}, is at most 1%, in the runs "
            f"of one setting: that of the authors' program where it was run, else the one with the most seeds",
            f"it is at most {level(PARTLY_ERROR)}, a fifth of guessing",
        ),
        measure=thousand_bits,
    ),
    Claim(
        name="patterns-only-plastic",
        title="1,000 bits: neither an RNN nor an LSTM learns",
        number="neither could be made to learn",
        says="Neither the non-plastic RNN nor the LSTM could be made to learn the task of 1,000 bits at all.",
        source="arXiv v1, section 4.1",
        rule=Rule(
            f"every seed of an RNN and of an LSTM is above {level(FAILED)} after {BUDGET:,} episodes or more",
            "the same, of one of the two",
        ),
        measure=only_plastic,
    ),
)
