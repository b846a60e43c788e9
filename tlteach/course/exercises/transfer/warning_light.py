"""A warning light from the disagreement of an ensemble, whose false alarms are bounded by a promise.

The threshold is that of split conformal prediction (Vovk et al. 2005): if a new task is one more of the known kind, its
score is as likely to take any place among theirs as any other.
"""

import math

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def warning_light(known, new, rate):
    """Scores of new tasks, and the threshold above which the light goes on.

    known (K, E, N, O), new (M, E, N, O): what E members predict in N imagined steps of each of K known and M new tasks,
    in units of the usual change. rate: of false alarms that is allowed. Returns scores (M,) and a threshold, a number.
    """

    def score(predictions):
        apart = predictions - predictions.mean(1, keepdim=True)  # (K, E, N, O)
        return apart.square().mean((1, 3)).sqrt().mean(1)  # (K, N) -> (K,)

    k = math.ceil((len(known) + 1) * (1 - rate))
    return score(new), score(known).sort().values[k - 1]


def _apart(*scores):
    """(K, 2, 1, 1): two members in one step of one component, that far from their mean."""
    return tensor(*([[[s]], [[-s]]] for s in scores))


def _probe(known, new, rate=0.5):
    return dict(known=known, new=new, rate=rate)


def _drawn(n_tasks, n_members, n_steps, n_components):
    draw = Draw(n_tasks + n_members)
    shape = n_members, n_steps, n_components
    return _probe(draw.halves(n_tasks, *shape), draw.halves(1, *shape), 0.5)


FOUR, FLAT = _apart(3, 1, 4, 2), _apart(1, 1, 1)
WIDE = tensor([[[1, 1]], [[-1, -1]]], [[[2, 0]], [[-2, 0]]])  # (2, 2, 1, 2) two tasks, one step of two components
LONG = tensor([[[1], [3]], [[-1], [-3]]])  # (1, 2, 2, 1) one task, two steps
STEADY = tensor([[[0, 4], [2, 1]], [[0, -4], [-2, -1]]])  # (1, 2, 2, 2) two steps of two components


def _scores(function, known, new, rate):
    return {"scores": function(known, new, rate)[0]}


def _threshold(function, known, new, rate):
    return {"threshold": function(known, new, rate)[1]}


def _both(function, known, new, rate):
    scores, threshold = function(known, new, rate)
    return {"scores": scores, "threshold": threshold}


def _promise(function, known, new, rate):
    """Made data: tasks that are all of one kind, so that every alarm is a false one."""
    generator, alarms, n = torch.Generator().manual_seed(7), 0, 400
    for _ in range(n):
        score, threshold = function(_some(len(known), generator), _some(1, generator), rate)
        alarms += bool(score > threshold)
    kept = alarms / n <= rate + 0.05  # two standard deviations
    return {f"false alarms with {len(known)} known tasks, rate {rate}": "no more" if kept else "more than promised"}


def _some(n, generator):
    return torch.rand(n, 1, 1, 1, generator=generator) * torch.tensor([1.0, -1.0]).view(1, 2, 1, 1)


PROPERTIES = [
    Property("it returns two things: a score for each new task, and a threshold", [_probe(FLAT, FOUR)], form),
    Property("members that agree get the score 0, wherever they are", [_probe(FLAT, tensor([[[5]], [[5]]]))], _scores),
    Property(
        "in one step of one component, the score is the standard deviation over the members",
        [_probe(FLAT, _apart(2)), _probe(FLAT, tensor([[[5]], [[3]], [[1]]]))],
        _scores,
    ),
    Property("over components it is the root of the mean square", [_probe(WIDE, WIDE)], _scores),
    Property("over the steps it is the plain mean", [_probe(FLAT, LONG), _probe(FLAT, STEADY)], _scores),
    Property("every new task has a score of its own", [_probe(FLAT, _apart(1, 3))], _scores),
    Property(
        "the threshold is the k-th smallest score of the known tasks, k = (K + 1)(1 - rate), rounded up",
        [_probe(FOUR, _apart(9), 0.5), _probe(FOUR, _apart(9), 0.25), _probe(_apart(1, 2, 3), _apart(9), 0.25)],
        _threshold,
    ),
    Property(
        "of new tasks that are like the known ones, no more than `rate` give an alarm",
        [_probe(FOUR, _apart(1), 0.25), _probe(_apart(1, 2), _apart(1), 0.5)],
        _promise,
    ),
    Property(
        "it agrees with the definition on numbers drawn at random", [_drawn(2, 2, 1, 1), _drawn(2, 2, 2, 2)], _both
    ),
]

HINTS = [
    "If a new task is of the same kind as three known ones, how likely is its score to be the highest of the four?",
    "For each task, with e the member, n the step, j the component:\n\n"
    "    apart[e, n, j] = predictions[e, n, j] - mean over e                      (E, N, O)\n"
    "    score          = mean over n of the root of the mean over e and j of apart**2\n\n"
    "Threshold: the k-th smallest of the K known scores, k = (K + 1)(1 - rate), rounded up (`math.ceil`).\n"
    "`x.mean(1, keepdim=True)` is the mean of the members, `x.sort().values[k - 1]` the k-th smallest.",
    "Write a function for the score, since it is needed twice:\n\n"
    "    apart = predictions minus the mean over axis 1, which is kept\n"
    "    rms   = root of the mean of its squares over axes 1 and 3          (K, N)\n"
    "    score = mean of rms over the steps                               (K,)\n\n"
    "    k = (number of known tasks + 1) times (1 - rate), rounded up\n"
    "    return the scores of the new tasks, and the k-th smallest of the known ones",
]


def _rms(apart):
    return apart.square().mean((1, 3)).sqrt().mean(1)


def _conformal(scores, rate):
    return scores.sort().values[math.ceil((len(scores) + 1) * (1 - rate)) - 1]


def _variant(centre=lambda p: p.mean(1, keepdim=True), size=_rms, limit=_conformal, swapped=False):
    def mutant(known, new, rate):
        score = lambda p: size(p - centre(p))  # noqa: E731
        known, new = (new, known) if swapped else (known, new)
        return score(new), limit(score(known), rate)

    return mutant


MUTANTS = [
    Mutant(
        "quantile",
        _variant(limit=lambda scores, rate: scores.quantile(1 - rate)),
        "that is the quantile of the known scores. The new task is one more of them and could take any of K + 1 "
        "places: count with K + 1, and do not interpolate between two scores.",
    ),
    Mutant(
        "K places",
        _variant(limit=lambda scores, rate: scores.sort().values[math.ceil(len(scores) * (1 - rate)) - 1]),
        "you count with K, or round down, and break the promise. The new score can take K + 1 places among the known "
        "ones (below all, ..., above all): k = (K + 1)(1 - rate), rounded up.",
    ),
    Mutant(
        "from the other end",
        _variant(limit=lambda s, r: s.sort(descending=True).values[math.ceil((len(s) + 1) * (1 - r)) - 1]),
        "you sort from the largest down, so that most tasks give an alarm. Sort upwards.",
    ),
    Mutant(
        "rate from the bottom",
        _variant(limit=lambda s, r: s.sort().values[max(math.ceil((len(s) + 1) * r) - 1, 0)]),
        "nearly all tasks lie above this threshold. Only `rate` of them should: count (K + 1)(1 - rate) from below.",
    ),
    Mutant(
        "the highest known score",
        _variant(limit=lambda scores, rate: scores.max()),
        "the threshold does not depend on the rate. The highest known score gives few false alarms, and misses much.",
    ),
    Mutant(
        "mean and two standard deviations",
        _variant(limit=lambda scores, rate: scores.mean() + 2 * scores.std()),
        "that is a rule for bell-shaped scores, and knows no rate. Counting promises the rate whatever their shape.",
    ),
    Mutant(
        "the mean",
        _variant(limit=lambda scores, rate: scores.mean()),
        "about half of all tasks lie above the mean. Which of the known scores leaves only `rate` above it?",
    ),
    Mutant(
        "known and new swapped",
        _variant(swapped=True),
        "the threshold comes from the new tasks, and the scores are those of the known ones. It must be set before "
        "anything new is seen.",
    ),
    Mutant(
        "not centred",
        _variant(centre=lambda p: 0.0),
        "the mean of the members is not taken off: members that agree on a large change seem far apart.",
    ),
    Mutant(
        "centred over the steps",
        _variant(centre=lambda p: p.mean(2, keepdim=True)),
        "you take off the mean over the steps. Members are compared with each other: they are axis 1.",
    ),
    Mutant(
        "no root",
        _variant(size=lambda a: a.square().mean((1, 3)).mean(1)),
        "the root is missing: this is a variance.",
    ),
    Mutant(
        "root at the end",
        _variant(size=lambda a: a.square().mean((1, 2, 3)).sqrt()),
        "you average the squares over the steps as well, so one bad step weighs as much as many. Take the root in each "
        "step, then the mean over the steps.",
    ),
    Mutant(
        "worst step",
        _variant(size=lambda a: a.square().mean((1, 3)).sqrt().amax(1)),
        "this is the worst step. Asked for is the mean over the steps.",
    ),
    Mutant(
        "n - 1",
        _variant(centre=lambda p: 0.0, size=lambda p: p.std(1).square().mean(-1).sqrt().mean(1)),
        "`std` divides by E - 1 unless told otherwise. Here it is the plain mean over the members.",
    ),
    Mutant(
        "one score",
        _variant(size=lambda a: a.square().mean((1, 3)).sqrt().mean(1)[:1]),
        "there is one score for all new tasks. Keep axis 0.",
    ),
]

exercise = Exercise(
    warning_light,
    title="A warning light that keeps a promise",
    difficulty=3,
    minutes=12,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
