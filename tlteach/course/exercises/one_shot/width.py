"""How sure is a share? A test of a few hundred episodes can flatter or insult a network by several per cent."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Fresh


def half_width(right):
    """Half the width of the 95 % interval of a share, 1.96 standard errors: right (n,) bool per episode -> float."""
    p = right.float().mean().item()
    return 1.96 * (p * (1 - p) / len(right)) ** 0.5


def _test(n_right, n):
    """A test of n episodes, right ones first."""
    return Fresh(lambda: torch.arange(n, device="cpu") < n_right, f"{n:,} episodes, {n_right:,} right")


def _probe(n_right, n):
    return dict(right=_test(n_right, n))


def _percent(function, right):
    """In three digits: n or n - 1 under the root makes no difference to them."""
    return {"half width": f"{100 * round(float(function(right)), 6):.3g} %"}


def _ratio(function, right):
    wide, narrow = float(function(right)), float(function(right.repeat(4)))
    return {"half width with four times as many episodes": f"{narrow / wide:.2g} of what it was"}


PROPERTIES = [
    Property("it returns one number", [_probe(80, 100)], form),
    Property("if all episodes went alike, there is no spread", [_probe(100, 100), _probe(0, 100)], _percent),
    Property("four times as many episodes halve it", [_probe(500, 1000)], _ratio),
    Property("10,000 episodes, half of them right, leave about 1 % to either side", [_probe(5000, 10000)], _percent),
    Property("it is less where nearly all are right", [_probe(9800, 10000), _probe(900, 1000)], _percent),
]

HINTS = [
    "How much do single answers, 0 or 1, differ from their mean? And how much does the mean of n of them, from test to "
    "test?",
    "With p the share of right answers among n:\n\n"
    "    variance of one answer   p * (1 - p)\n"
    "    standard error of p      sqrt( p * (1 - p) / n )\n"
    "    half width               1.96 * standard error\n\n"
    "In 95 tests of 100 the true share lies no further from the measured one. `** 0.5` is a square root, and a bool "
    "tensor needs `.float()` before its mean can be taken.",
    "In three steps:\n\n    p        = the mean of right, as floats\n"
    "    variance = p times (1 - p), divided by the number of episodes\n    return     1.96 times its square root",
]


def _variant(width):
    return lambda right: width(right.float().mean().item(), len(right))


MUTANTS = [
    Mutant(
        "spread of one answer",
        _variant(lambda p, n: 1.96 * (p * (1 - p)) ** 0.5),
        "this is the spread of single answers. The mean of n of them is steadier: divide the variance by n.",
    ),
    Mutant(
        "divided by n",
        _variant(lambda p, n: 1.96 * (p * (1 - p)) ** 0.5 / n),
        "you divide by n after the root. It is the variance that is divided by n, the spread by the root of n.",
    ),
    Mutant(
        "one standard error",
        _variant(lambda p, n: (p * (1 - p) / n) ** 0.5),
        "this is one standard error, and holds in 68 tests of 100. For 95 it takes 1.96 of them.",
    ),
    Mutant(
        "no root",
        _variant(lambda p, n: 1.96 * p * (1 - p) / n),
        "the square root is missing: a variance has squared units.",
    ),
    Mutant(
        "whole width",
        _variant(lambda p, n: 2 * 1.96 * (p * (1 - p) / n) ** 0.5),
        "this is the whole width, from end to end. Half of it is asked for, what stands behind the plus-minus sign.",
    ),
    Mutant(
        "p alone",
        _variant(lambda p, n: 1.96 * (p / n) ** 0.5),
        "p is not the variance of an answer that is 0 or 1. If all answers are right, nothing varies: p * (1 - p).",
    ),
    Mutant(
        "the worst case",
        _variant(lambda p, n: 1.96 * (0.25 / n) ** 0.5),
        "you use the largest spread there can be, that of p = 1/2. The answers say how far they really vary.",
    ),
    Mutant(
        "in per cent",
        _variant(lambda p, n: 196 * (p * (1 - p) / n) ** 0.5),
        "you return per cent. Stay with shares, as for the mean.",
    ),
    Mutant(
        "two standard errors",
        _variant(lambda p, n: 2 * (p * (1 - p) / n) ** 0.5),
        "you take 2 standard errors: nearly right. Exactly 95 % lie within 1.96 of them.",
    ),
]

exercise = Exercise(
    half_width,
    title="Plus or minus what?",
    difficulty=2,
    minutes=5,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
