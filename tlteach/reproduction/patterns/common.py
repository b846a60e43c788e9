"""What the claims about patterns share: which runs belong together, and what is measured of them."""

from collections.abc import Sequence
from functools import partial

from tlteach.experiments.patterns import SMALL, solved_after
from tlteach.plots import LOOKS
from tlteach.reproduction.claim import Measured
from tlteach.reproduction.measures import Sample, at, count, level, one_a_seed, percent, select
from tlteach.runs import Result, alike, plain

SOLVED = 0.01  # the paper's "mean error below .01"
WINDOW = 1000  # episodes that the running error is the mean of, at 50 bits
END = float("inf")
BUDGETS = ("episodes", "cpu_seconds", "stop_below", "record_every")


def label(run: Result) -> str:
    """What a run was."""
    config = run.config
    name, width, batch = LOOKS[config["network"]]["label"], config["hidden_size"], config["batch_size"]
    return f"{name}, {width:,} units, batch {batch}, Adam {config['learning_rate']:g}"


def settings(results: Sequence[Result]) -> list[list[Result]]:
    """Groups of runs that differ in nothing but seed and budget, the longest of each seed; by batch and width."""
    groups = [one_a_seed(group) for group in alike(results, "seed", *BUDGETS)]
    return sorted(groups, key=lambda group: (group[0].config["batch_size"], group[0].config["hidden_size"]))


def small(results: Sequence[Result], *networks: str) -> list[Result]:
    """The runs of these networks on the paper's task of 50 bits."""
    return select(results, network=networks, task=plain(SMALL), window=WINDOW)


def reached(group: Sequence[Result], target: float = SOLVED) -> Sample:
    """Episodes until the running error of each was first below `target`."""
    return Sample.reached(group, partial(solved_after, target=target))


def errors(group: Sequence[Result], episodes: float) -> Sample:
    """Running error of each after `episodes`."""
    return Sample.each(group, lambda run: at(run, "running_error", episodes))


def episodes_line(group: Sequence[Result], target: float = SOLVED) -> Measured:
    what = f"{label(group[0])}: episodes until the error was first below {level(target)}"
    return Measured.of(what, reached(group, target), count, group)


def error_line(group: Sequence[Result], episodes: float, when: str) -> Measured:
    return Measured.of(f"{label(group[0])}: error {when}", errors(group, episodes), percent, group)
