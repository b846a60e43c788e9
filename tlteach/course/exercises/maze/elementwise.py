"""A bug hunt: plasticity by matrix product (a re-implementation within a research library, A8)."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def plastic_input(x, weight, alpha, hebb):
    """The sum in equation 1, in a batch: x (B, N), weight, alpha (N, N), hebb (B, N, N) [pre, post] -> (B, N)."""
    effective = weight + alpha * hebb  # (B, N, N)
    return torch.einsum("bi,bij->bj", x, effective)


ZERO, EYE = [[0, 0], [0, 0]], [[1, 0], [0, 1]]


def _probe(x=((1, -1),), weight=ZERO, alpha=ZERO, hebb=(ZERO,)):
    return dict(x=tensor(*x), weight=tensor(*weight), alpha=tensor(*alpha), hebb=tensor(*hebb))


def _drawn(n_episodes, n):
    draw = Draw(n_episodes + n)
    return dict(
        x=draw.halves(n_episodes, n),
        weight=draw.halves(n, n),
        alpha=draw.halves(n, n),
        hebb=draw.halves(n_episodes, n, n),
    )


PROPERTIES = [
    Property("it returns as many numbers as x has, (B, N)", [_probe(((1, 0), (0, 1)), hebb=(ZERO, ZERO))], form),
    Property("with alpha = 0 it is x @ weight", [_probe(((1, 0),), [[0.5, 1], [0, -1]], hebb=(EYE,))]),
    Property(
        "with all alphas 1, the trace is added to the weights as it is",
        [_probe(alpha=((1, 1), (1, 1)), hebb=([[1, 0.5], [0, 0]],))],
    ),
    Property(
        "a connection that is not plastic ignores its trace, whatever the others do",
        [
            _probe(((1, 1),), alpha=EYE, hebb=([[0, 1], [1, 0]],)),
            _probe(((1, 0),), alpha=[[0, 1], [0, 0]], hebb=([[0, 0], [1, 1]],)),
        ],
    ),
    Property("every episode has a trace of its own", [_probe(((1, 0), (1, 0)), alpha=EYE, hebb=(EYE, ZERO))]),
    Property("it agrees with equation 1 on numbers drawn at random", [_drawn(1, 2), _drawn(2, 2), _drawn(2, 3)]),
]

HINTS = [
    "How many alphas act on one connection in equation 1? And how many does the line in the program mix together?",
    "Equation 1 has one alpha for each connection:\n\n"
    "    sum_i x[i] * (weight[i, j] + alpha[i, j] * hebb[i, j])\n\n"
    "`alpha @ hebb` sums over alpha[i, k] * hebb[k, j] instead. Both are (N, N), so nothing complains.",
    "One sign is wrong:\n\n    effective = weight plus alpha times hebb, element by element      (B, N, N)\n"
    "    return      x times effective, summed over pre                    (B, N)",
]


def _variant(plastic):
    return lambda x, weight, alpha, hebb: torch.einsum("bi,bij->bj", x, weight + plastic(alpha, hebb))


MUTANTS = [
    Mutant(
        "matrix product",
        _variant(lambda alpha, hebb: alpha @ hebb),
        "this is the bug itself: `alpha @ hebb` mixes the traces of different connections. Element by element is `*`.",
    ),
    Mutant(
        "matrix product the other way round",
        _variant(lambda alpha, hebb: hebb @ alpha),
        "this is a matrix product still, the other way round. Element by element is `*`.",
    ),
    Mutant(
        "alpha transposed",
        _variant(lambda alpha, hebb: alpha.T * hebb),
        "alpha was transposed: alpha and hebb are both [pre, post].",
    ),
    Mutant(
        "hebb transposed",
        _variant(lambda alpha, hebb: alpha * hebb.mT),
        "the trace was transposed: alpha and hebb are both [pre, post].",
    ),
    Mutant(
        "no alpha",
        _variant(lambda alpha, hebb: hebb),
        "alpha is missing: each connection has its own strength of plasticity.",
    ),
    Mutant(
        "one trace for all",
        _variant(lambda alpha, hebb: alpha * hebb.mean(0)),
        "you average the trace over the batch. Every episode has learned something else.",
    ),
    Mutant(
        "the sum over post",
        lambda x, weight, alpha, hebb: torch.einsum("bj,bij->bi", x, weight + alpha * hebb),
        "the sum runs over the columns. Activity comes in over the rows, pre: `bi,bij->bj`.",
    ),
    Mutant(
        "the weight inside",
        lambda x, weight, alpha, hebb: torch.einsum("bi,bij->bj", x, alpha * (weight + hebb)),
        "alpha multiplies the weight, too. It belongs to the trace alone.",
    ),
]

exercise = Exercise(
    plastic_input,
    title="Bug hunt: one alpha for each connection",
    difficulty=1,
    minutes=4,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
