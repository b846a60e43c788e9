"""Equation 2: the Hebbian trace that decays."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def hebb_update(hebb, pre, post, eta):
    """One step of equation 2: hebb (N, N) indexed [pre, post], pre (N,), post (N,), eta a number -> (N, N)."""
    return (1 - eta) * hebb + eta * torch.outer(pre, post)


def _probe(hebb, pre, post, eta):
    return dict(hebb=tensor(*hebb), pre=tensor(*pre), post=tensor(*post), eta=eta)


def _drawn(n):
    draw = Draw(n)
    return dict(hebb=draw.halves(n, n), pre=draw.halves(n), post=draw.halves(n), eta=0.25)


def _in_place(hebb, pre, post, eta):
    hebb *= 1 - eta
    hebb += eta * torch.outer(pre, post)
    return hebb


PROPERTIES = [
    Property(
        "it returns a trace of the shape that it was given",
        [_probe([[0, 0], [0, 0]], [1, 0], [0, 1], 0.5)],
        form,
    ),
    Property(
        "with eta = 1 the trace is the outer product, pre[i] * post[j]",
        [
            _probe([[0]], [1], [1], 1.0),
            _probe([[0, 0], [0, 0]], [1, 0], [0.5, -1], 1.0),
            _probe([[1, 1], [1, 1]], [1, 0], [0.5, -1], 1.0),
        ],
    ),
    Property(
        "with silent neurons the trace only fades: (1 - eta) of it is left",
        [_probe([[1]], [0], [0], 0.25), _probe([[1, 0], [-1, 1]], [0, 0], [0, 0], 0.25)],
    ),
    Property(
        "with eta = 0 nothing is learned and nothing is forgotten",
        [_probe([[1, 0], [-1, 1]], [1, 1], [1, -1], 0.0)],
    ),
    Property("it agrees with equation 2 on activities drawn at random", [_drawn(n) for n in (1, 2, 3)]),
]

HINTS = [
    "After one step, what remains of the old trace, and what is new? Which neuron of a pair gives the row, which "
    "the column?",
    "Equation 2, for every connection from neuron i to neuron j:\n\n"
    "    hebb_new[i, j] = (1 - eta) * hebb[i, j] + eta * pre[i] * post[j]\n"
    "       (N, N)                     (N, N)            (N,)     (N,)\n\n"
    "All products pre[i] * post[j] together are an outer product, (N,) and (N,) -> (N, N).",
    "In two steps:\n\n    together = outer product of pre (rows) and post (columns)\n"
    "    return   what decay leaves of hebb, plus eta times together",
]

MUTANTS = [
    Mutant(
        "transposed",
        lambda hebb, pre, post, eta: (1 - eta) * hebb + eta * torch.outer(post, pre),
        "you transposed pre and post. A trace is indexed [pre, post]: which of the two should give the rows?",
    ),
    Mutant(
        "no decay",
        lambda hebb, pre, post, eta: hebb + eta * torch.outer(pre, post),
        "you forgot the decay. The old trace is kept whole, so it grows for ever: how much of it should be left?",
    ),
    Mutant(
        "eta on the wrong term",
        lambda hebb, pre, post, eta: eta * hebb + (1 - eta) * torch.outer(pre, post),
        "eta and (1 - eta) changed places. A small eta should mean slow learning and a long memory.",
    ),
    Mutant(
        "learning without eta",
        lambda hebb, pre, post, eta: (1 - eta) * hebb + torch.outer(pre, post),
        "the new pair is added whole. eta also sets how much of it is written.",
    ),
    Mutant(
        "elementwise product",
        lambda hebb, pre, post, eta: (1 - eta) * hebb + eta * (pre * post),
        "you multiplied pre and post element by element, which pairs each neuron with itself only. "
        "Every neuron has a connection to every other: N times N products are needed.",
    ),
    Mutant(
        "dot product",
        lambda hebb, pre, post, eta: (1 - eta) * hebb + eta * (pre @ post),
        "`pre @ post` is a single number, so every connection learned the same. Each connection needs its own product.",
    ),
    Mutant(
        "in place",
        _in_place,
        "the numbers are right, but you wrote them into the caller's `hebb`. Make a new tensor: other cells, and "
        "backpropagation, still need the old trace.",
    ),
]

exercise = Exercise(
    hebb_update,
    title="The Hebbian update",
    difficulty=1,
    minutes=5,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
