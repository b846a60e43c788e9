"""Equation 3: Oja's rule, the trace that forgets only what it replaces."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def oja_update(hebb, pre, post, eta):
    """One step of equation 3: hebb (N, N) indexed [pre, post], pre (N,), post (N,), eta a number -> (N, N)."""
    return hebb + eta * post * (pre[:, None] - post * hebb)  # post (N,) runs along the columns


def _probe(hebb, pre, post, eta):
    return dict(hebb=tensor(*hebb), pre=tensor(*pre), post=tensor(*post), eta=eta)


def _drawn(n):
    draw = Draw(n)
    return dict(hebb=draw.halves(n, n), pre=draw.halves(n), post=draw.halves(n), eta=0.25)


def _in_place(hebb, pre, post, eta):
    hebb += eta * post * (pre[:, None] - post * hebb)
    return hebb


PROPERTIES = [
    Property(
        "it returns a trace of the shape that it was given",
        [_probe([[0, 0], [0, 0]], [1, 0], [0, 1], 0.5)],
        form,
    ),
    Property(
        "an empty trace learns like Hebb's: eta * pre[i] * post[j]",
        [_probe([[0]], [1], [1], 0.5), _probe([[0, 0], [0, 0]], [1, 0], [0.5, -1], 0.5)],
    ),
    Property(
        "where the postsynaptic neuron is silent nothing changes, not even by decay",
        [_probe([[1]], [1], [0], 0.5), _probe([[1, 1], [1, 1]], [1, 0], [0, 0], 0.5)],
    ),
    Property(
        "without presynaptic activity it forgets eta * post[j]**2 of the trace",
        [_probe([[1]], [0], [0.5], 0.5), _probe([[1, 1], [1, 1]], [0, 0], [1, -0.5], 0.5)],
    ),
    Property(
        "when post = 1 and the trace already equals pre, it has settled",
        [_probe([[1]], [1], [1], 0.5), _probe([[1, 1], [0.5, 0.5]], [1, 0.5], [1, 1], 0.5)],
    ),
    Property("it agrees with equation 3 on activities drawn at random", [_drawn(n) for n in (1, 2, 3)]),
]

HINTS = [
    "In Hebb's rule a trace fades even when nothing happens. In Oja's, whose activity must be there for any change?",
    "Equation 3, for every connection from neuron i to neuron j:\n\n"
    "    hebb_new[i, j] = hebb[i, j] + eta * post[j] * (pre[i] - post[j] * hebb[i, j])\n"
    "       (N, N)          (N, N)            (N,)       (N,)     (N,)       (N, N)\n\n"
    "post[j] belongs to the columns, pre[i] to the rows. A tensor of shape (N,) broadcasts along the columns; "
    "`pre[:, None]` has the shape (N, 1) and gives every row its own value.",
    "In three steps:\n\n    expected = post times hebb, column by column\n"
    "    surprise = pre, as a column, minus expected\n"
    "    return     hebb plus eta times post times surprise",
]

MUTANTS = [
    Mutant(
        "Hebb's rule",
        lambda hebb, pre, post, eta: (1 - eta) * hebb + eta * torch.outer(pre, post),
        "this is still equation 2, whose decay goes on when nothing happens. Oja forgets by eta * post[j]**2 instead.",
    ),
    Mutant(
        "forgetting not squared",
        lambda hebb, pre, post, eta: hebb + eta * post * (pre[:, None] - hebb),
        "post[j] is missing inside the bracket. Multiplied out, the trace should carry it as a square.",
    ),
    Mutant(
        "no post before the bracket",
        lambda hebb, pre, post, eta: hebb + eta * (pre[:, None] - post * hebb),
        "post[j] is missing in front of the bracket. Without it a connection learns even while its target is silent.",
    ),
    Mutant(
        "forgets by pre squared",
        lambda hebb, pre, post, eta: hebb + eta * pre[:, None] * (post - pre[:, None] * hebb),
        "pre and post changed roles. The postsynaptic activity, post[j], decides how much is forgotten.",
    ),
    Mutant(
        "sign",
        lambda hebb, pre, post, eta: hebb + eta * post * (pre[:, None] + post * hebb),
        "the sign in the bracket is plus: the more there is, the more is added. It should forget.",
    ),
    Mutant(
        "transposed",
        lambda hebb, pre, post, eta: hebb + eta * post[:, None] * (pre - post[:, None] * hebb),
        "you transposed pre and post: post[j] belongs to the columns of the trace, pre[i] to its rows.",
    ),
    Mutant(
        "broadcast along the wrong axis",
        lambda hebb, pre, post, eta: hebb + eta * post * (pre - post * hebb),
        "pre has the shape (N,) and so runs along the columns, like post. It belongs to the rows: `pre[:, None]`.",
    ),
    Mutant(
        "in place",
        _in_place,
        "the numbers are right, but `+=` wrote them into the caller's `hebb`. Return a new tensor instead.",
    ),
]

exercise = Exercise(
    oja_update,
    title="Oja's update",
    difficulty=2,
    minutes=5,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
