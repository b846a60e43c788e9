"""Equations 1 and 2 together: one time step of a plastic network."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def plastic_step(x, hebb, weight, alpha, eta, drive):
    """One time step: x (N,), hebb, weight, alpha (N, N) [pre, post], drive (N,) -> x_new (N,), hebb_new (N, N)."""
    x_new = torch.tanh(x @ (weight + alpha * hebb) + drive)  # (N,)  equation 1, with the trace as it was
    hebb_new = (1 - eta) * hebb + eta * torch.outer(x, x_new)  # (N, N)  equation 2: x is pre, x_new is post
    return x_new, hebb_new


def _activity(function, *inputs):
    return {"x_new": function(*inputs)[0]}


def _trace(function, *inputs):
    return {"hebb_new": function(*inputs)[1]}


def _both(function, *inputs):
    x_new, hebb_new = function(*inputs)
    return {"x_new": x_new, "hebb_new": hebb_new}


ZERO = [[0, 0], [0, 0]]


def _probe(x=(1, -1), hebb=ZERO, weight=ZERO, alpha=ZERO, eta=0.5, drive=(0, 0)):
    hebb, weight, alpha = (tensor(*rows) for rows in (hebb, weight, alpha))
    return dict(x=tensor(*x), hebb=hebb, weight=weight, alpha=alpha, eta=eta, drive=tensor(*drive))


def _drawn(n):
    draw = Draw(10 + n)
    square = {name: draw.halves(n, n) for name in ("hebb", "weight", "alpha")}
    return dict(x=draw.halves(n), **square, eta=0.25, drive=draw.halves(n))


def _step(activity, trace):
    def mutant(x, hebb, weight, alpha, eta, drive):
        x_new = activity(x, hebb, weight, alpha, drive)
        return x_new, trace(x, x_new, hebb, eta)

    return mutant


def _equation_1(x, hebb, weight, alpha, drive):
    return torch.tanh(x @ (weight + alpha * hebb) + drive)


def _equation_2(x, x_new, hebb, eta):
    return (1 - eta) * hebb + eta * torch.outer(x, x_new)


def _trace_first(x, hebb, weight, alpha, eta, drive):
    hebb_new = _equation_2(x, _equation_1(x, hebb, weight, alpha, drive), hebb, eta)
    return _equation_1(x, hebb_new, weight, alpha, drive), hebb_new


def _fast_weights(x, hebb, weight, alpha, eta, drive):
    hebb_new = _equation_2(x, x, hebb, eta)
    return _equation_1(x, hebb_new, weight, alpha, drive), hebb_new


def _swapped(*inputs):
    return plastic_step(*inputs)[::-1]


def _in_place(x, hebb, weight, alpha, eta, drive):
    x_new = _equation_1(x, hebb, weight, alpha, drive)
    return x_new, hebb.mul_(1 - eta).add_(eta * torch.outer(x, x_new))


PROPERTIES = [
    Property("it returns two things: x_new of shape (N,) and hebb_new of shape (N, N)", [_probe()], form),
    Property(
        "without connections every neuron follows its drive: x_new = tanh(drive)",
        [_probe(drive=(0.5, -1))],
        _activity,
    ),
    Property(
        "with alpha = 0 it is an ordinary network: x_new = tanh(x @ weight + drive)",
        [_probe(x=(1, 0), weight=[[0.5, 1], [0, 0]]), _probe(weight=[[0.5, 1], [0, -1]], drive=(0.5, 0))],
        _activity,
    ),
    Property(
        "the new activity comes from the old trace: an empty one has no say yet",
        [_probe(weight=[[0.5, 1], [0, -1]], alpha=[[1, 1], [1, 1]])],
        _activity,
    ),
    Property(
        "the trace adds alpha * hebb to the weight, connection by connection",
        [_probe(hebb=[[1, 0], [1, 1]], alpha=[[0.5, 1], [0, -1]])],
        _activity,
    ),
    Property(
        "with eta = 1 the new trace pairs the old activity (pre) with the new one (post)",
        [_probe(eta=1.0, drive=(0.5, -1))],
        _trace,
    ),
    Property("it agrees with equations 1 and 2 on numbers drawn at random", [_drawn(n) for n in (1, 2, 3)], _both),
]

HINTS = [
    "Two things happen, one after the other. Which trace can the neurons know while they compute x_new? And which two "
    "activities does the trace then pair?",
    "Equation 1, then equation 2:\n\n"
    "    x_new[j]       = tanh( sum_i x[i] * (weight[i, j] + alpha[i, j] * hebb[i, j]) + drive[j] )\n"
    "    hebb_new[i, j] = (1 - eta) * hebb[i, j] + eta * x[i] * x_new[j]\n\n"
    "x, x_new and drive are (N,); weight, alpha and hebb are (N, N). A sum over rows i is `x @ matrix`.",
    "In three steps:\n\n    effective = weight plus alpha times hebb, element by element      (N, N)\n"
    "    x_new     = tanh of x @ effective plus drive                      (N,)\n"
    "    hebb_new  = your hebb_update with pre = x and post = x_new         (N, N)\n"
    "    return x_new, hebb_new",
]

MUTANTS = [
    Mutant(
        "new trace in equation 1",
        _trace_first,
        "you updated the trace first and used the new one in equation 1. It works with the trace as it was.",
    ),
    Mutant(
        "new activity on both sides",
        _step(_equation_1, lambda x, x_new, hebb, eta: (1 - eta) * hebb + eta * torch.outer(x_new, x_new)),
        "the trace pairs x_new with itself. The presynaptic side is the activity before the step, x.",
    ),
    Mutant(
        "old activity on both sides",
        _step(_equation_1, lambda x, x_new, hebb, eta: (1 - eta) * hebb + eta * torch.outer(x, x)),
        "the trace pairs x with itself. The postsynaptic side is the activity after the step, x_new.",
    ),
    Mutant(
        "as fast weights do it",
        _fast_weights,
        "the trace pairs x with itself, and before it is used. So-called fast weights do, but here equation 1 comes "
        "first, with the trace as it was; then equation 2 pairs x with x_new.",
    ),
    Mutant(
        "transposed trace",
        _step(_equation_1, lambda x, x_new, hebb, eta: (1 - eta) * hebb + eta * torch.outer(x_new, x)),
        "pre and post are swapped in the trace: rows belong to x, which came before, columns to x_new.",
    ),
    Mutant(
        "transposed connections",
        _step(lambda x, hebb, weight, alpha, drive: torch.tanh((weight + alpha * hebb) @ x + drive), _equation_2),
        "you wrote `matrix @ x`. Matrices are [pre, post], so the sum over presynaptic neurons is `x @ matrix`.",
    ),
    Mutant(
        "no alpha",
        _step(lambda x, hebb, weight, alpha, drive: torch.tanh(x @ (weight + hebb) + drive), _equation_2),
        "alpha is missing: every connection has its own strength of plasticity, alpha[i, j] * hebb[i, j].",
    ),
    Mutant(
        "matrix product of alpha and hebb",
        _step(lambda x, hebb, weight, alpha, drive: torch.tanh(x @ (weight + alpha @ hebb) + drive), _equation_2),
        "`alpha @ hebb` is a matrix product. Each connection has its own alpha: multiply element by element with `*`.",
    ),
    Mutant(
        "no drive",
        _step(lambda x, hebb, weight, alpha, drive: torch.tanh(x @ (weight + alpha * hebb)), _equation_2),
        "the drive is missing: what comes from outside is added to what comes from the other neurons.",
    ),
    Mutant(
        "drive outside tanh",
        _step(lambda x, hebb, weight, alpha, drive: torch.tanh(x @ (weight + alpha * hebb)) + drive, _equation_2),
        "the drive is added after tanh. It belongs inside, so that activities stay between -1 and 1.",
    ),
    Mutant(
        "no tanh",
        _step(lambda x, hebb, weight, alpha, drive: x @ (weight + alpha * hebb) + drive, _equation_2),
        "tanh is missing. Without it activities grow without bound.",
    ),
    Mutant(
        "results swapped",
        _swapped,
        "the two results are the wrong way round: return x_new first, then hebb_new.",
    ),
    Mutant(
        "in place",
        _in_place,
        "the numbers are right, but the new trace was written into the caller's `hebb`. Make a new tensor.",
    ),
]

exercise = Exercise(
    plastic_step,
    title="One plastic step",
    difficulty=3,
    minutes=10,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
