"""Oja's rule (equation 3) while a label is told: one column of the trace moves towards what is seen."""

import torch
from torch.nn.functional import one_hot

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def oja_label(trace, features, label, eta):
    """Equation 3 with y one-hot: trace (F, N) [pre, post], features (F,), label 0 to N - 1, eta -> new trace (F, N)."""
    new = trace.clone()
    new[:, label] += eta * (features - trace[:, label])  # (F,) the label's column moves, the others stay
    return new


def _probe(trace, features, label, eta):
    return dict(trace=tensor(*trace), features=tensor(*features), label=label, eta=eta)


def _drawn(n_features, n_classes):
    draw = Draw(n_features)
    shape = n_features, n_classes
    return dict(trace=draw.halves(*shape), features=draw.halves(n_features), label=n_classes - 1, eta=0.25)


def _others(function, trace, features, label, eta):
    new = function(trace, features, label, eta)
    return {"the other columns": new[:, [c for c in range(trace.shape[1]) if c != label]]}


ZERO, ONES = [[0, 0]] * 3, [[1, 1]] * 3  # more features than names, so that the axes cannot be mixed up

PROPERTIES = [
    Property("it returns a trace of the shape that it was given", [_probe(ZERO, [1, 0.5, 0], 0, 0.5)], form),
    Property(
        "an empty trace takes up eta * features in the label's column",
        [_probe(ZERO, [1, -0.5, 0], 0, 0.5), _probe(ZERO, [1, -0.5, 0], 1, 0.5)],
    ),
    Property("the columns of all other classes stay as they were", [_probe(ONES, [1, -0.5, 0], 1, 0.5)], _others),
    Property(
        "with eta = 1 the column becomes the features: the new drawing replaces the old",
        [_probe(ONES, [1, -0.5, 0], 0, 1.0)],
    ),
    Property(
        "a column that already equals the features has settled",
        [_probe([[1, 0], [-0.5, 0], [0, 0]], [1, -0.5, 0], 0, 0.5)],
    ),
    Property("the column moves the share eta of its way to the features", [_probe(ONES, [0, -1, 1], 0, 0.25)]),
    Property("it agrees with equation 3 on numbers drawn at random", [_drawn(2, 2), _drawn(3, 2), _drawn(2, 3)]),
]

HINTS = [
    "Oja's rule changes nothing where the postsynaptic neuron is silent. When y is one-hot, how many columns are left?",
    "Equation 3 for every connection from feature i to class c, with y[c] = 1 for the label and 0 for all others:\n\n"
    "    new[i, c] = trace[i, c] + eta * y[c] * (features[i] - y[c] * trace[i, c])\n\n"
    "So for the label\n\n    new[:, c] = trace[:, c] + eta * (features - trace[:, c])      (F,)\n\n"
    "and for the others nothing changes. `trace[:, c]` is column c.",
    "In three steps:\n\n    new = a copy of trace\n"
    "    column number `label` of new = that column of trace, plus eta times (features minus that column)\n"
    "    return new",
]


def _column(change):
    def mutant(trace, features, label, eta):
        new = trace.clone()
        new[:, label] = change(trace[:, label], features, eta)
        return new

    return mutant


def _lined_up_with_names(trace, features, label, eta):
    y = one_hot(torch.tensor(label), trace.shape[1]).float()  # (N,)
    return trace + eta * y * (features - y * trace)


def _row(trace, features, label, eta):
    new = trace.clone()
    new[label] += eta * (features - trace[label])
    return new


def _in_place(trace, features, label, eta):
    trace[:, label] += eta * (features - trace[:, label])
    return trace


MUTANTS = [
    Mutant(
        "Hebb's rule",
        lambda trace, features, label, eta: (
            (1 - eta) * trace + eta * torch.outer(features, one_hot(torch.tensor(label), trace.shape[1]).float())
        ),
        "this is equation 2: every name that is told makes all others fade. Under Oja's rule a silent class forgets "
        "nothing.",
    ),
    Mutant(
        "all columns",
        lambda trace, features, label, eta: trace + eta * (features[:, None] - trace),
        "all columns move towards the features, so all classes become alike. Only the label's neuron is active.",
    ),
    Mutant(
        "nothing forgotten",
        _column(lambda column, features, eta: column + eta * features),
        "the old trace is missing inside the bracket: a column that is added to at every look grows without bound.",
    ),
    Mutant(
        "wrong sign",
        _column(lambda column, features, eta: column - eta * (features - column)),
        "the column runs away from the features. It moves towards them: plus eta * (features - column).",
    ),
    Mutant(
        "sign in the bracket",
        _column(lambda column, features, eta: column + eta * (features + column)),
        "the sign in the bracket is plus, so that what is there grows. Its share eta should be forgotten.",
    ),
    Mutant(
        "eta left out",
        _column(lambda column, features, eta: features),
        "the column becomes the features whatever eta is. It moves only the share eta of the way.",
    ),
    Mutant(
        "eta the other way round",
        _column(lambda column, features, eta: eta * column + (1 - eta) * features),
        "eta and 1 - eta changed places: a small eta means that little is learned from one look.",
    ),
    Mutant(
        "replaced by eta times the features",
        _column(lambda column, features, eta: eta * features),
        "the old trace is thrown away. The share 1 - eta of it stays.",
    ),
    Mutant(
        "features lined up with the names",
        _lined_up_with_names,
        "`features` (F,) meets a trace (F, N), and torch lines it up with the last axis, the names. "
        "`features[:, None]`, of shape (F, 1), goes down the rows.",
    ),
    Mutant(
        "a row",
        _row,
        "you changed row number `label`. The trace is [pre, post]: features are the rows, classes the columns.",
    ),
    Mutant(
        "in place",
        _in_place,
        "the numbers are right, but you wrote them into the caller's trace. Work on a copy: `trace.clone()`.",
    ),
]

exercise = Exercise(
    oja_label,
    title="One look, one name",
    difficulty=2,
    minutes=6,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
