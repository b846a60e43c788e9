"""Hard clamping (section 4.2): a neuron whose pixel is given shows that pixel, whatever the others say."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def clamp_step(x, weight, picture, given):
    """One step, given pixels held: x (N,), weight (N, N) [pre, post] with the trace, picture, given (N,) -> (N,)."""
    activity = torch.tanh(x @ weight)  # (N,)  equation 1
    return torch.where(given, picture, activity)


def _probe(x=(1, -1), weight=((0, 0), (0, 0)), picture=(0.5, -0.25), given=(True, False)):
    return dict(x=tensor(*x), weight=tensor(*weight), picture=tensor(*picture), given=tensor(*given).bool())


def _drawn(n):
    draw = Draw(n)
    given = draw.signs(n) > 0
    return dict(x=draw.halves(n), weight=draw.halves(n, n), picture=draw.halves(n) / 2, given=given)


WEIGHT = ((0.5, 1), (0, -1))

PROPERTIES = [
    Property("it returns one activity per neuron, of shape (N,)", [_probe()], form),
    Property(
        "where nothing is given, it is equation 1: tanh(x @ weight)",
        [
            _probe(weight=WEIGHT, picture=(0, 0), given=(False, False)),
            _probe(x=(1, 0), weight=WEIGHT, picture=(0, 0), given=(False, False)),
        ],
    ),
    Property(
        "a given pixel is shown exactly, whatever the other neurons say",
        [_probe(picture=(0.5, 0), given=(True, True)), _probe(weight=WEIGHT, given=(True, True))],
    ),
    Property(
        "each neuron is clamped or free by itself",
        [_probe(weight=WEIGHT, picture=(0.5, 0)), _probe(weight=WEIGHT, picture=(0, 0.5), given=(False, True))],
    ),
    Property("what the picture holds where it is not given has no say", [_probe(weight=WEIGHT)]),
    Property("a pixel that is given and happens to be 0 is held at 0", [_probe(weight=WEIGHT, picture=(0, 0.5))]),
    Property("it agrees with the library on numbers drawn at random", [_drawn(n) for n in (2, 3, 4)]),
]

HINTS = [
    "There are two kinds of neurons. Who decides the activity of the first kind, and who that of the second?",
    "Equation 1 (no other input), and then, for every neuron j:\n\n"
    "    activity[j] = tanh( sum_i x[i] * weight[i, j] )              (N,)\n"
    "    new[j]      = picture[j] if given[j] else activity[j]        (N,)\n\n"
    "`torch.where(condition, a, b)` takes a where the condition holds and b elsewhere.",
    "In two steps:\n\n    activity = tanh of x times weight, a sum over presynaptic neurons\n"
    "    return     where a pixel is given the picture's value, elsewhere the activity",
]


def _tanh(x, weight):
    return torch.tanh(x @ weight)


def _in_place(x, weight, picture, given):
    new = _tanh(x, weight)
    x[given], x[~given] = picture[given], new[~given]
    return x


MUTANTS = [
    Mutant(
        "added",
        lambda x, weight, picture, given: _tanh(x, weight) + picture * given,
        "you add the given pixels to the activity. A clamped neuron has no activity of its own: replace it.",
    ),
    Mutant(
        "whole picture added",
        lambda x, weight, picture, given: _tanh(x, weight) + picture,
        "you add the picture to the activity. A given pixel replaces the activity, and elsewhere it has no say.",
    ),
    Mutant(
        "driven, not clamped",
        lambda x, weight, picture, given: torch.tanh(x @ weight + 20 * picture * given),
        "this is the strong drive of the bits, 20 times the input. It makes every pixel black or white: tanh(20 * 0.5) "
        "is 1, not 0.5.",
    ),
    Mutant(
        "driven by the whole picture",
        lambda x, weight, picture, given: torch.tanh(x @ weight + 20 * picture),
        "you drive the neurons with 20 times the picture, as for bits. A grey pixel must come out grey: replace it.",
    ),
    Mutant(
        "added inside tanh",
        lambda x, weight, picture, given: torch.tanh(x @ weight + picture * given),
        "you add the pixel inside the tanh, where the other neurons still have a say. Clamp after the tanh.",
    ),
    Mutant(
        "clamped before tanh",
        lambda x, weight, picture, given: torch.tanh(torch.where(given, picture, x @ weight)),
        "you clamp first and take the tanh after, so a pixel of 0.5 comes out as tanh(0.5) = 0.46.",
    ),
    Mutant(
        "the wrong half",
        lambda x, weight, picture, given: torch.where(given, _tanh(x, weight), picture),
        "you clamped the pixels that are not given. Where `given` is true, the picture decides.",
    ),
    Mutant(
        "nothing elsewhere",
        lambda x, weight, picture, given: picture * given,
        "the neurons without a given pixel are silent. They are the ones that should paint: equation 1 is theirs.",
    ),
    Mutant(
        "no complement",
        lambda x, weight, picture, given: picture + _tanh(x, weight) * ~given,
        "the activity is masked, but the picture is not: whatever it holds where nothing is given leaks in.",
    ),
    Mutant(
        "no tanh",
        lambda x, weight, picture, given: torch.where(given, picture, x @ weight),
        "tanh is missing. The neurons that are free obey equation 1.",
    ),
    Mutant(
        "zero taken for missing",
        lambda x, weight, picture, given: torch.where(given & (picture != 0), picture, _tanh(x, weight)),
        "a given pixel of exactly 0 is taken for a missing one, as in the authors' program. Here, `given` says it.",
    ),
    Mutant(
        "`given` not used",
        lambda x, weight, picture, given: torch.where(picture != 0, picture, _tanh(x, weight)),
        "you look whether the picture is 0 instead of looking at `given`. It alone says which pixels are given.",
    ),
    Mutant(
        "transposed",
        lambda x, weight, picture, given: torch.where(given, picture, torch.tanh(weight @ x)),
        "you wrote `weight @ x`. Matrices are [pre, post], so the sum over presynaptic neurons is `x @ weight`.",
    ),
    Mutant(
        "old activity clamped",
        lambda x, weight, picture, given: torch.tanh(torch.where(given, picture, x) @ weight),
        "you clamp the old activity x, and compute all neurons from it. It is the new activity that is clamped.",
    ),
    Mutant(
        "in place",
        _in_place,
        "the numbers are right, but you wrote them into the caller's x, which the trace still needs.",
    ),
]

exercise = Exercise(
    clamp_step,
    title="Hold the pixels that are given",
    difficulty=2,
    minutes=6,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
