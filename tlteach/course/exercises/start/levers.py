"""Carrying experience from task to task, in its smallest form: try first what has paid most often before."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def next_lever(wins, tried):
    """Of the levers not yet tried, the one that paid most often: wins (N,), tried (N,) bool -> int; ties: the first."""
    return torch.where(tried, -1, wins).argmax().item()


def _probe(wins, tried):
    return dict(wins=tensor(*wins), tried=tensor(*tried).bool())


def _drawn(n):
    draw = Draw(n)
    tried = draw.signs(n) > 0
    tried[draw.halves(n).argmax()] = False  # one is left
    return dict(wins=draw.halves(n) + 1, tried=tried)


def _in_place(wins, tried):
    wins[tried] = -1
    return wins.argmax().item()


PROPERTIES = [
    Property("it returns one number", [_probe([0, 1], [0, 0])], form),
    Property("before anything was tried, it is the lever that paid most often", [_probe([0, 2, 1], [0, 0, 0])]),
    Property("a lever that was tried is not tried again", [_probe([2, 1], [1, 0]), _probe([0, 0], [1, 0])]),
    Property("of the levers that are left, it is the one that paid most often", [_probe([3, 0, 1], [1, 0, 0])]),
    Property("of equals, it is the first", [_probe([1, 1], [0, 0]), _probe([2, 0, 0], [1, 0, 0])]),
    Property("it agrees with the library on cases drawn at random", [_drawn(n) for n in (3, 4, 5)]),
]

HINTS = [
    "If nothing had been tried yet, which lever would you take? And how can those already tried be kept from winning?",
    "Over all levers i that are not tried:\n\n    next = the i with the largest wins[i]\n\n"
    "`torch.where(condition, a, b)` takes a where the condition holds and b elsewhere; `.argmax()` gives the position "
    "of the largest value, and the first of equals.",
    "In two steps:\n\n    score  = wins, but -1 where the lever was tried\n"
    "    return   the position of the largest score, as an int",
]

MUTANTS = [
    Mutant(
        "ignores what was tried",
        lambda wins, tried: wins.argmax().item(),
        "you always take the lever that paid most often, even when it was tried a moment ago. Look at `tried` as well.",
    ),
    Mutant(
        "ignores experience",
        lambda wins, tried: (~tried).float().argmax().item(),
        "you take the first lever that is left. That is how one starts afresh: nothing of the earlier tasks is used.",
    ),
    Mutant(
        "the worst first",
        lambda wins, tried: torch.where(tried, wins.max() + 1, wins).argmin().item(),
        "you begin with the lever that paid least often. Is it `argmax` that you want?",
    ),
    Mutant(
        "zero for what was tried",
        lambda wins, tried: torch.where(tried, 0, wins).argmax().item(),
        "a tried lever counts as 0, but a fresh lever that never paid counts as 0 too. A tried one must lose to it.",
    ),
    Mutant(
        "position among those left",
        lambda wins, tried: wins[~tried].argmax().item(),
        "`wins[~tried]` is shorter than `wins`, so its positions are not the levers' numbers any more.",
    ),
    Mutant(
        "in place",
        _in_place,
        "the answer is right, but you wrote -1 into the caller's `wins`: all experience with that lever is lost.",
    ),
]

exercise = Exercise(
    next_lever,
    title="Try first what paid before",
    difficulty=1,
    minutes=5,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
