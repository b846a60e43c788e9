"""Hard clamping (section 4.2): a neuron whose pixel is given shows that pixel, whatever the others say."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def clamp_step(summed, picture, given):
    """One step's activities: summed (B, N) what arrives at each neuron, picture (B, N), given (B, N) bool -> (B, N)."""
    activity = torch.tanh(summed)  # (B, N)  equation 1
    return torch.where(given, picture, activity)


def _probe(summed, picture, given):
    return dict(summed=tensor(summed), picture=tensor(picture), given=tensor(given).bool())


def _drawn(n_episodes, n):
    draw = Draw(n)
    summed, picture = draw.halves(n_episodes, n), draw.halves(n_episodes, n) / 2
    return dict(summed=summed, picture=picture, given=draw.signs(n_episodes, n) > 0)


PROPERTIES = [
    Property("it returns one activity per neuron, of shape (B, N)", [_probe([0, 0], [0.5, 0], [1, 0])], form),
    Property("where nothing is given, it is equation 1: tanh(summed)", [_probe([0.5, -1], [0, 0], [0, 0])]),
    Property(
        "a given pixel is shown exactly, whatever the other neurons say",
        [_probe([0, 0], [0.5, -0.25], [1, 1]), _probe([0.5, -1], [0.5, -0.25], [1, 1])],
    ),
    Property("each neuron is clamped or free by itself", [_probe([0.5, -1], [0.5, 0], [1, 0])]),
    Property("what the picture holds where it is not given has no say", [_probe([0.5, -1], [0.5, -0.25], [1, 0])]),
    Property("a pixel that is given and happens to be 0 is held at 0", [_probe([0.5, -1], [0, 0.5], [1, 0])]),
    Property("it agrees with the library on numbers drawn at random", [_drawn(1, 3), _drawn(2, 4)]),
]

HINTS = [
    "There are two kinds of neurons. Who decides the activity of the first kind, and who that of the second?",
    "Equation 1, and then for every neuron j of every episode b:\n\n"
    "    activity[b, j] = tanh(summed[b, j])                                (B, N)\n"
    "    answer[b, j]   = picture[b, j] if given[b, j] else activity[b, j]   (B, N)\n\n"
    "`torch.where(condition, a, b)` takes a where the condition holds and b elsewhere.",
    "In two steps:\n\n    activity = tanh of summed\n"
    "    return     where a pixel is given the picture's value, elsewhere the activity",
]


def _in_place(summed, picture, given):
    summed.tanh_()
    summed[given] = picture[given]
    return summed


MUTANTS = [
    Mutant(
        "added",
        lambda summed, picture, given: torch.tanh(summed) + picture * given,
        "you add the given pixels to the activity. A clamped neuron has no activity of its own: replace it.",
    ),
    Mutant(
        "whole picture added",
        lambda summed, picture, given: torch.tanh(summed) + picture,
        "you add the picture to the activity. A given pixel replaces the activity, and elsewhere it has no say.",
    ),
    Mutant(
        "driven, not clamped",
        lambda summed, picture, given: torch.tanh(summed + 20 * picture * given),
        "this is the strong drive of the bits, 20 times the input. It makes every pixel black or white: tanh(20 * 0.5) "
        "is 1, not 0.5.",
    ),
    Mutant(
        "driven by the whole picture",
        lambda summed, picture, given: torch.tanh(summed + 20 * picture),
        "you drive the neurons with 20 times the picture, as for bits. A grey pixel must come out grey: replace it.",
    ),
    Mutant(
        "added inside tanh",
        lambda summed, picture, given: torch.tanh(summed + picture * given),
        "you add the pixel inside the tanh, where the other neurons still have a say. Clamp after the tanh.",
    ),
    Mutant(
        "clamped before tanh",
        lambda summed, picture, given: torch.tanh(torch.where(given, picture, summed)),
        "you clamp first and take the tanh after, so a pixel of 0.5 comes out as tanh(0.5) = 0.46.",
    ),
    Mutant(
        "the wrong half",
        lambda summed, picture, given: torch.where(given, torch.tanh(summed), picture),
        "you clamped the pixels that are not given. Where `given` is true, the picture decides.",
    ),
    Mutant(
        "nothing elsewhere",
        lambda summed, picture, given: picture * given,
        "the neurons without a given pixel are silent. They are the ones that should paint: equation 1 is theirs.",
    ),
    Mutant(
        "no complement",
        lambda summed, picture, given: picture + torch.tanh(summed) * ~given,
        "the activity is masked, but the picture is not: whatever it holds where nothing is given leaks in.",
    ),
    Mutant(
        "no tanh",
        lambda summed, picture, given: torch.where(given, picture, summed),
        "tanh is missing. The neurons that are free obey equation 1.",
    ),
    Mutant(
        "zero taken for missing",
        lambda summed, picture, given: torch.where(given & (picture != 0), picture, torch.tanh(summed)),
        "a given pixel of exactly 0 is taken for a missing one, as in the authors' program. Here, `given` says it.",
    ),
    Mutant(
        "`given` not used",
        lambda summed, picture, given: torch.where(picture != 0, picture, torch.tanh(summed)),
        "you look whether the picture is 0 instead of looking at `given`. It alone says which pixels are given.",
    ),
    Mutant(
        "in place",
        _in_place,
        "the numbers are right, but you wrote them into the caller's `summed`. Make a new tensor.",
    ),
]

exercise = Exercise(
    clamp_step,
    title="Hold the pixels that are given",
    difficulty=1,
    minutes=4,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
