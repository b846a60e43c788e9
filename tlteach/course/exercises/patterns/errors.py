"""The measure of section 4.1: how many bits of a pattern come out wrong."""

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def bit_error(output, target):
    """Share of bits with a wrong sign: output (B, N), target (B, N) of +1 and -1 -> float. An output of 0 is wrong."""
    return (output.sign() != target).float().mean().item()


def _probe(output, target):
    return dict(output=tensor(*output), target=tensor(*target))


def _drawn(n_episodes, n_bits):
    draw = Draw(n_bits)
    return dict(output=draw.halves(n_episodes, n_bits), target=draw.signs(n_episodes, n_bits))


PROPERTIES = [
    Property("it returns one number", [_probe([[1, -1]], [[1, -1]])], form),
    Property("an output that equals the target has no error", [_probe([[1, -1]], [[1, -1]])]),
    Property("only the sign counts, not the size", [_probe([[0.5, -0.25]], [[1, -1]])]),
    Property("one wrong bit of two is an error of one half", [_probe([[1, 0.5]], [[1, -1]])]),
    Property(
        "an output of exactly 0 is wrong, whatever the target",
        [_probe([[0, -1]], [[1, -1]]), _probe([[1, 0]], [[1, -1]])],
    ),
    Property("it is the share of all bits of all episodes", [_probe([[1, 1], [1, 1]], [[1, 1], [1, -1]])]),
    Property("it agrees with counting by hand on outputs drawn at random", [_drawn(1, 3), _drawn(2, 4)]),
]

HINTS = [
    "When is one bit right: what must be true of the output's sign? And which sign has an output of 0?",
    "For every bit of every episode:\n\n"
    "    wrong[b, j] = 1 if sign(output[b, j]) != target[b, j] else 0      (B, N)\n"
    "    error       = the sum of all wrong[b, j], divided by B * N       one number\n\n"
    "`tensor.sign()` gives +1, 0 or -1. The mean of True and False needs `.float()` first.",
    "In two steps:\n\n    wrong = where the sign of output differs from target\n"
    "    return  the mean of wrong, as a float",
]

MUTANTS = [
    Mutant(
        "zero counted as right",
        lambda output, target: (output * target < 0).float().mean().item(),
        "an output of 0 passes as right, since 0 times anything is not below 0. A silent neuron has not remembered.",
    ),
    Mutant(
        "zero counted as +1",
        lambda output, target: ((output >= 0) != (target > 0)).float().mean().item(),
        "an output of 0 passes as +1. It should be wrong for both targets.",
    ),
    Mutant(
        "number instead of share",
        lambda output, target: (output.sign() != target).float().sum().item(),
        "you count the wrong bits. A share is that number divided by all bits, so that patterns of any size compare.",
    ),
    Mutant(
        "sum over bits, mean over episodes",
        lambda output, target: (output.sign() != target).float().sum(1).mean().item(),
        "you count the wrong bits of an episode. Divide by the number of bits too: the mean over both axes.",
    ),
    Mutant(
        "accuracy",
        lambda output, target: (output.sign() == target).float().mean().item(),
        "this is the share of right bits. The error is the share of wrong ones.",
    ),
    Mutant(
        "compared without sign",
        lambda output, target: (output != target).float().mean().item(),
        "you compare the numbers themselves. tanh never reaches 1 exactly: compare the sign of the output.",
    ),
    Mutant(
        "distance of signs",
        lambda output, target: (output.sign() - target).abs().mean().item(),
        "the distance between +1 and -1 is 2, so a wrong bit counts double. Count each wrong bit once.",
    ),
    Mutant(
        "difference of the values",
        lambda output, target: (output - target).abs().mean().item(),
        "you measure how far the outputs are from the target. The error only asks for the sign: right or wrong.",
    ),
]

exercise = Exercise(
    bit_error,
    title="Count the wrong bits",
    difficulty=2,
    minutes=5,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
