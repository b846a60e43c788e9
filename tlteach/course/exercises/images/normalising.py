"""A picture as the network is given it (section 4.2 and the authors' program): around zero, within [-1, 1]."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def normalise_picture(grey):
    """grey (S, S), any real numbers -> (S, S): mean 0, largest absolute value 1; an even picture becomes 0."""
    centred = grey - grey.mean()  # (S, S)
    return centred / (centred.abs().max() + 1e-8)  # an even picture is 0 / 1e-8


def _probe(*grey):
    return dict(grey=tensor(*grey))


def _mean(function, grey):
    return {"mean of the picture": function(grey).mean()}


def _largest(function, grey):
    return {"largest absolute value": function(grey).abs().max()}


def _drawn(side):
    return dict(grey=Draw(side).halves(side, side) * 2 + 3)  # 1 to 5


PROPERTIES = [
    Property("it returns a picture of the same size", [_probe([0, 2], [0, 2])], form),
    Property("the mean of the picture becomes 0", [_probe([0, 2], [0, 2]), _probe([0, 0], [4, 8])], _mean),
    Property(
        "the pixel that is furthest from the mean becomes 1 or -1",
        [_probe([0, 4], [0, 4]), _probe([0, 0], [0, 4]), _probe([4, 4], [4, 0])],
        _largest,
    ),
    Property("an even picture becomes 0: it is not divided by zero", [_probe([3, 3], [3, 3])]),
    Property(
        "the picture is treated as a whole: bright rows and columns stay brighter",
        [_probe([0, 0], [2, 2]), _probe([0, 2], [0, 2]), _probe([0, 1], [2, 5])],
    ),
    Property("it agrees with the library on pictures drawn at random", [_drawn(side) for side in (2, 3, 4)]),
]

HINTS = [
    "Two things are wanted: where should the middle of all pixels lie, and how far may one be from it? "
    "And what is left of a picture that is the same grey all over?",
    "For every pixel of the picture:\n\n"
    "    centred[i, j] = grey[i, j] - mean of all pixels                             (S, S)\n"
    "    answer[i, j]  = centred[i, j] / (largest of all |centred| + a tiny number)   (S, S)\n\n"
    "`x.mean()`, `x.abs()` and `x.max()` are all there is to it. With a tiny number such as 1e-8, 0 / 0 cannot happen.",
    "In three steps:\n\n    centred = grey minus its mean\n"
    "    largest = the largest absolute value of centred\n"
    "    return    centred divided by largest, which a tiny number keeps above 0",
]


def _variant(centre=lambda x: x - x.mean(), scale=lambda x: x.abs().max(), least=1e-8):
    def mutant(grey):
        centred = centre(grey)
        return centred / (scale(centred) + least)

    return mutant


def _scaled_first(grey):
    scaled = grey / (grey.abs().max() + 1e-8)
    return scaled - scaled.mean()


def _in_place(grey):
    grey -= grey.mean()
    grey /= grey.abs().max() + 1e-8
    return grey


MUTANTS = [
    Mutant(
        "no mean",
        _variant(centre=lambda x: x),
        "the mean is not taken off. A bright picture would drive every neuron the same way.",
    ),
    Mutant(
        "mean of each row",
        _variant(centre=lambda x: x - x.mean(-1, keepdim=True)),
        "you take off the mean of each row, and a bright ground looks like a dark sky. One mean for the whole picture.",
    ),
    Mutant(
        "mean of each column",
        _variant(centre=lambda x: x - x.mean(0)),
        "you take off the mean of each column: `mean(0)` goes down the rows. One mean for the whole picture, `mean()`.",
    ),
    Mutant(
        "scaled row by row",
        _variant(scale=lambda x: x.abs().amax(-1, keepdim=True)),
        "every row is divided by its own largest value. One number for the whole picture keeps the contrasts in it.",
    ),
    Mutant(
        "largest without sign",
        _variant(scale=lambda x: x.max()),
        "you divide by the largest value, but a dark pixel can be further from the mean: take `abs()` first.",
    ),
    Mutant(
        "standard deviation",
        _variant(scale=lambda x: x.std()),
        "you divide by the standard deviation. Pixels can then be beyond 1, where no tanh neuron can follow.",
    ),
    Mutant(
        "standard deviation, the other one",
        _variant(scale=lambda x: x.std(correction=0)),
        "you divide by the standard deviation. Some pixels then lie outside [-1, 1], and no tanh neuron gets there.",
    ),
    Mutant(
        "range",
        _variant(scale=lambda x: x.max() - x.min()),
        "you divide by the whole range, from darkest to lightest. It is the largest distance from 0 that becomes 1.",
    ),
    Mutant(
        "not scaled",
        _variant(scale=lambda x: torch.ones(())),
        "the mean is right, but nothing is scaled. tanh neurons can only show values between -1 and 1.",
    ),
    Mutant(
        "scaled first",
        _scaled_first,
        "you divide by the largest value of the picture as it came in. Take the mean off first, then divide by the "
        "largest absolute value of what is left.",
    ),
    Mutant(
        "from 0 to 1",
        lambda grey: (grey - grey.min()) / (grey.max() - grey.min() + 1e-8),
        "you bring the pixels between 0 and 1. The network's neurons lie between -1 and 1, and 0 means nothing known.",
    ),
    Mutant(
        "divided by zero",
        _variant(least=0.0),
        "a picture that is grey all over is divided by 0, and 0 / 0 is nan. Add 1e-8 to what you divide by.",
    ),
    Mutant(
        "in place",
        _in_place,
        "the numbers are right, but `-=` or `/=` wrote them into the caller's picture. Make a new tensor.",
    ),
]

exercise = Exercise(
    normalise_picture,
    title="A picture around zero",
    difficulty=2,
    minutes=6,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
