"""The criterion "drop-mean" of active selection: what a policy loses when the model it practised in is fitted again."""

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def drop_mean(first, last, n):
    """Mean of the last n drops: first, last (I,) virtual return at the start and at the end of iterations 1 to I."""
    drops = last[:-1] - first[1:]  # (I - 1,) the end of one, minus the start of the next
    return drops[-n:].mean()


def _probe(first, last, n):
    return dict(first=tensor(*first), last=tensor(*last), n=n)


def _drawn(iterations, n):
    draw = Draw(iterations + n)
    return dict(first=draw.halves(iterations), last=draw.halves(iterations), n=n)


PROPERTIES = [
    Property("it returns a number", [_probe([-9, -5], [-4, -3], 1)], form),
    Property(
        "a policy that is worth as much after the fit as before has not fooled itself: 0",
        [_probe([-9, -4], [-4, -4], 1)],
    ),
    Property("what is lost from the end of one iteration to the start of the next", [_probe([-9, -6], [-4, -3], 1)]),
    Property("of several drops it is the mean", [_probe([-9, -6, -5], [-4, -3, -2], 2)]),
    Property(
        "only the last n count, if there are as many",
        [_probe([-9, -9, -6, -5], [-4, -4, -3, -2], 1), _probe([-9, -6, -5], [-4, -3, -2], 9)],
    ),
    Property("it agrees with the definition on numbers drawn at random", [_drawn(4, 2), _drawn(6, 3)]),
]

HINTS = [
    "The model is fitted between two iterations. Which two numbers tell what the policy is worth just before, and just "
    "after?",
    "With i for the iteration:\n\n    drop[i] = last[i] - first[i + 1]         (I - 1,)\n\n"
    "`x[:-1]` is all but the last, `x[1:]` all but the first, `x[-n:]` the last n.",
    "In two lines:\n\n    drops = last without its last entry, minus first without its first\n"
    "    return the mean of the last n drops",
]


def _variant(drops=lambda first, last: last[:-1] - first[1:], some=lambda drops, n: drops[-n:], one=lambda x: x.mean()):
    return lambda first, last, n: one(some(drops(first, last), n))


MUTANTS = [
    Mutant(
        "gain within an iteration",
        _variant(lambda first, last: last - first),
        "this is what practice gains within an iteration. The model is fitted between two: compare the end of one with "
        "the start of the next.",
    ),
    Mutant(
        "the sign",
        _variant(lambda first, last: first[1:] - last[:-1]),
        "the sign: a drop is positive where the policy is worth less after the fit.",
    ),
    Mutant(
        "two iterations on",
        _variant(lambda first, last: last[1:] - first[:-1]),
        "you compare the end of an iteration with the start of the one *before*. Turn the two slices round.",
    ),
    Mutant(
        "start to start",
        _variant(lambda first, last: first[:-1] - first[1:]),
        "you use `first` twice. Before the fit the policy is worth `last`.",
    ),
    Mutant(
        "end to end",
        _variant(lambda first, last: last[:-1] - last[1:]),
        "you use `last` twice. Right after the fit the policy is worth `first`.",
    ),
    Mutant(
        "the first n",
        _variant(some=lambda drops, n: drops[:n]),
        "you take the first n, when the policy is still poor and practice explores. The last n count: `[-n:]`.",
    ),
    Mutant("all of them", _variant(some=lambda drops, n: drops), "all drops count. Only the last n should: `[-n:]`."),
    Mutant("the sum", _variant(one=lambda drops: drops.sum()), "this is the sum, not the mean."),
    Mutant(
        "around the corner",
        _variant(lambda first, last: last - first.roll(-1)),
        "`roll` puts the first entry at the end: the last iteration has no next one, and no drop. Leave it out.",
    ),
    Mutant(
        "absolute",
        _variant(lambda first, last: (last[:-1] - first[1:]).abs()),
        "you take absolute values. A policy that is worth *more* after the fit has been too modest, not fooled.",
    ),
]

exercise = Exercise(
    drop_mean,
    title="Who has fooled itself?",
    difficulty=2,
    minutes=5,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
