"""Reading a learned matrix of plasticities: how plastic are the connections from here to there?"""

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def between(alpha, side, from_rows, to_rows):
    """Mean plasticity from some rows of the picture to others: alpha (side * side, side * side) [pre, post], rows as
    (first, stop) -> float."""
    (first, stop), (to_first, to_stop) = from_rows, to_rows
    block = alpha[first * side : stop * side, to_first * side : to_stop * side]  # a row is `side` neurons
    return block.mean().item()


def _probe(rows, side, from_rows, to_rows):
    return dict(alpha=tensor(*rows), side=side, from_rows=from_rows, to_rows=to_rows)


def _drawn(side, from_rows, to_rows):
    return dict(alpha=Draw(side).halves(side**2, side**2), side=side, from_rows=from_rows, to_rows=to_rows)


ALIKE = [[0.5] * 4] * 4
ACROSS = [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]  # from the upper row to the lower one
UPPER, LOWER = (0, 1), (1, 2)

PROPERTIES = [
    Property("it returns one number", [_probe(ALIKE, 2, UPPER, LOWER)], form),
    Property("if all connections are alike, it is their plasticity", [_probe(ALIKE, 2, UPPER, LOWER)]),
    Property(
        "the first axis is where a connection comes from, the second where it goes to",
        [_probe(ACROSS, 2, UPPER, LOWER), _probe(ACROSS, 2, LOWER, UPPER)],
    ),
    Property(
        "a row of the picture is `side` neurons, one after the other",
        [
            _probe([[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], 2, UPPER, LOWER),
            _probe([[0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]], 2, LOWER, UPPER),
        ],
    ),
    Property(
        "all connections count, those of a pixel to itself too, and signs are kept",
        [_probe([[1, 0, 0, 0], [0, -0.5, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], 2, rows, rows) for rows in (UPPER, LOWER)],
    ),
    Property(
        "several rows are taken together, from the first up to, not with, `stop`",
        [_drawn(2, (0, 2), LOWER), _drawn(2, UPPER, (0, 2)), _drawn(3, (0, 2), (2, 3)), _drawn(3, (1, 3), (0, 2))],
    ),
]  # fmt: skip

HINTS = [
    "Pixel 0 is the upper left one, and pixels are counted along the rows. Which neurons are the pixels of row 1 of a "
    "picture that is `side` wide?",
    "The neurons of the rows first to stop - 1 are first * side to stop * side - 1. So\n\n"
    "    block = alpha[from_first * side : from_stop * side,  to_first * side : to_stop * side]\n\n"
    "has the senders along its first axis and the receivers along its second; its mean is wanted.",
    "In three steps:\n\n    senders   = the slice of neurons of from_rows\n"
    "    receivers = the slice of neurons of to_rows\n"
    "    return      the mean of alpha at [senders, receivers]",
]


def _neurons(first, stop, side):
    return slice(first * side, stop * side)


def _variant(neurons=_neurons, read=lambda block: block.mean().item()):
    def mutant(alpha, side, from_rows, to_rows):
        return read(alpha[neurons(*from_rows, side), neurons(*to_rows, side)])

    return mutant


def _sliced_twice(neurons):
    return lambda alpha, side, from_rows, to_rows: (
        alpha[neurons(*from_rows, side)][neurons(*to_rows, side)].mean().item()
    )


def _with_stop(alpha, side, from_rows, to_rows):
    (a, b), (c, d) = from_rows, to_rows
    return between(alpha, side, (a, b + 1), (c, d + 1))


MUTANTS = [
    Mutant(
        "from and to exchanged",
        lambda alpha, side, from_rows, to_rows: between(alpha, side, to_rows, from_rows),
        "you exchanged sender and receiver. alpha is [pre, post]: the first axis is where a connection comes from.",
    ),
    Mutant(
        "sliced twice",
        _sliced_twice(_neurons),
        "`alpha[a:b][c:d]` takes rows twice, and of nothing the mean is nan. Both axes in one pair of brackets: "
        "`alpha[a:b, c:d]`.",
    ),
    Mutant(
        "rows sliced twice",
        _sliced_twice(lambda first, stop, side: slice(first, stop)),
        "`alpha[a:b][c:d]` takes rows twice: write `alpha[a:b, c:d]`. And a row of the picture is `side` neurons.",
    ),
    Mutant(
        "rows taken for neurons",
        _variant(neurons=lambda first, stop, side: slice(first, stop)),
        "you took rows of the picture for neurons. A row of the picture is `side` neurons: multiply by `side`.",
    ),
    Mutant(
        "one neuron a row",
        _variant(neurons=lambda first, stop, side: slice(first * side, stop * side, side)),
        "you read only the first neuron of each row. All `side` of them belong to it.",
    ),
    Mutant(
        "only the start multiplied",
        _variant(neurons=lambda first, stop, side: slice(first * side, first * side + stop - first)),
        "the block begins in the right place, but it ends too early: it is (stop - first) * side neurons long.",
    ),
    Mutant(
        "columns of the picture",
        lambda alpha, side, from_rows, to_rows: (
            alpha.view(4 * (side,))[:, slice(*from_rows), :, slice(*to_rows)].mean().item()
        ),
        "you took columns of the picture. Neurons are counted along the rows, so the row is the slow axis.",
    ),
    Mutant(
        "from everywhere",
        lambda alpha, side, from_rows, to_rows: between(alpha, side, (0, side), to_rows),
        "you average over connections from all rows. Restrict the first axis to `from_rows`.",
    ),
    Mutant(
        "to everywhere",
        lambda alpha, side, from_rows, to_rows: between(alpha, side, from_rows, (0, side)),
        "you average over connections to all rows. Restrict the second axis to `to_rows`.",
    ),
    Mutant(
        "one row more",
        _with_stop,
        "you go one row too far: as in a slice, `stop` itself does not belong to the rows.",
    ),
    Mutant(
        "sum",
        _variant(read=lambda block: block.sum().item()),
        "you add the plasticities up. A larger block would look more plastic: take the mean.",
    ),
    Mutant(
        "without signs",
        _variant(read=lambda block: block.abs().mean().item()),
        "you average absolute values. The sign says whether a connection brings a memory back or pushes it away.",
    ),
    Mutant(
        "spread",
        _variant(read=lambda block: block.std().item()),
        "this is the spread of the plasticities. Their mean is asked for.",
    ),
    Mutant(
        "the block itself",
        _variant(read=lambda block: block),
        "this is the right block, but it is still a matrix. Its mean is asked for: `.mean().item()`.",
    ),
    Mutant(
        "a mean for each receiver",
        _variant(read=lambda block: block.mean(0)),
        "you average over the senders only, and get one number for each receiver. One mean over all is asked for.",
    ),
]


exercise = Exercise(
    between,
    title="How plastic from here to there?",
    difficulty=2,
    minutes=6,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
