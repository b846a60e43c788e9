"""Pictures as the network is given them (section 4.2 and the authors' program): around zero, within [-1, 1]."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def normalise_pictures(grey):
    """Pictures, one a row, around zero and within [-1, 1]: grey (B, N) -> (B, N). A flat picture becomes 0."""
    centred = grey - grey.mean(-1, keepdim=True)  # (B, N)
    largest = centred.abs().amax(-1, keepdim=True)  # (B, 1)
    return centred / (largest + 1e-8)  # a flat picture is 0 / 1e-8


def _probe(*grey):
    return dict(grey=tensor(*grey))


def _mean(function, grey):
    return {"mean of each picture": function(grey).mean(-1)}


def _largest(function, grey):
    return {"largest absolute value": function(grey).abs().amax(-1)}


def _drawn(n_pictures, n_pixels):
    return dict(grey=Draw(n_pixels).halves(n_pictures, n_pixels) * 2 + 3)  # 1 to 5


PROPERTIES = [
    Property("it returns as many pixels as it is given", [_probe([0, 2], [1, 5])], form),
    Property("the mean of a picture becomes 0", [_probe([0, 2]), _probe([0, 0, 3])], _mean),
    Property(
        "the pixel that is furthest from the mean becomes 1 or -1",
        [_probe([0, 4]), _probe([0, 0, 3]), _probe([3, 3, 0])],
        _largest,
    ),
    Property("every picture is treated by itself", [_probe([0, 2], [4, 8]), _probe([0, 3, 0], [9, 6, 9])]),
    Property("a flat picture becomes 0: it is not divided by zero", [_probe([3, 3]), _probe([0, 2], [5, 5])]),
    Property("it agrees with the library on pictures drawn at random", [_drawn(1, 3), _drawn(3, 4)]),
]

HINTS = [
    "Two things are wanted of every row: where should its middle lie, and how far may a pixel be from it? "
    "And what is left of a picture that is grey all over?",
    "For every picture b:\n\n"
    "    centred[b, j] = grey[b, j] - mean over j of grey[b, j]                    (B, N)\n"
    "    answer[b, j]  = centred[b, j] / (max over j of |centred[b, j]| + 1e-8)    (B, N)\n\n"
    "`x.mean(-1, keepdim=True)` and `x.amax(-1, keepdim=True)` keep the axis: (B, 1) fits (B, N).",
    "In three steps:\n\n    centred = grey minus the mean of its row\n"
    "    largest = the largest absolute value in each row of centred\n"
    "    return    centred divided by largest, which a tiny number keeps above 0",
]


def _variant(centre=lambda x: x - x.mean(-1, keepdim=True), scale=lambda x: x.abs().amax(-1, keepdim=True), least=1e-8):
    def mutant(grey):
        centred = centre(grey)
        return centred / (scale(centred) + least)

    return mutant


def _scaled_first(grey):
    scaled = grey / (grey.abs().amax(-1, keepdim=True) + 1e-8)
    return scaled - scaled.mean(-1, keepdim=True)


def _zero_to_one(grey):
    lowest = grey.amin(-1, keepdim=True)
    return (grey - lowest) / (grey.amax(-1, keepdim=True) - lowest + 1e-8)


def _in_place(grey):
    grey -= grey.mean(-1, keepdim=True)
    grey /= grey.abs().amax(-1, keepdim=True) + 1e-8
    return grey


MUTANTS = [
    Mutant(
        "no mean",
        _variant(centre=lambda x: x),
        "the mean is not taken off. A bright picture would drive every neuron the same way.",
    ),
    Mutant(
        "mean over the batch",
        _variant(centre=lambda x: x - x.mean(0)),
        "you take off the mean over the pictures. Each picture has a mean of its own: over the last axis, `mean(-1)`.",
    ),
    Mutant(
        "one mean for all",
        _variant(centre=lambda x: x - x.mean()),
        "you take off one mean for all pictures. Each has its own: `mean(-1, keepdim=True)`.",
    ),
    Mutant(
        "largest without sign",
        _variant(scale=lambda x: x.amax(-1, keepdim=True)),
        "you divide by the largest value, but a dark pixel can be further from the mean: take `abs()` first.",
    ),
    Mutant(
        "one scale for all",
        _variant(scale=lambda x: x.abs().max()),
        "you divide all pictures by the same number. A pale one would stay pale: take the largest of each row.",
    ),
    Mutant(
        "standard deviation",
        _variant(scale=lambda x: x.std(-1, keepdim=True)),
        "you divide by the standard deviation. Pixels can then be beyond 1, where no tanh neuron can follow.",
    ),
    Mutant(
        "standard deviation, the other one",
        _variant(scale=lambda x: x.std(-1, keepdim=True, correction=0)),
        "you divide by the standard deviation (with n below the fraction). Pixels can then lie outside [-1, 1].",
    ),
    Mutant(
        "range",
        _variant(scale=lambda x: x.amax(-1, keepdim=True) - x.amin(-1, keepdim=True)),
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
        "you scale before you take off the mean, so the largest value is no longer 1. Change the order.",
    ),
    Mutant(
        "from 0 to 1",
        _zero_to_one,
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
        "the numbers are right, but `-=` or `/=` wrote them into the caller's pictures. Make a new tensor.",
    ),
]

exercise = Exercise(
    normalise_pictures,
    title="Pictures around zero",
    difficulty=2,
    minutes=5,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
