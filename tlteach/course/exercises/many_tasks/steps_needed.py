"""Reading a sample-efficiency plot: real steps until a return is reached, with the runs that never got there."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def steps_needed(steps, returns, target):
    """Real steps until half of the runs have reached `target`: steps (S,), returns (R, S), R odd -> a number.

    A run has reached it at the first of its measurements with at least that return; one that never does counts as inf.
    """
    reached = returns >= target  # (R, S)
    first = steps[reached.int().argmax(-1)]  # (R,) the first True; where there is none, nonsense
    needed = torch.where(reached.any(-1), first, torch.inf)  # (R,)
    return needed.median().item()


def _probe(steps, returns, target):
    return dict(steps=tensor(*steps), returns=tensor(*returns), target=float(target))


def _drawn(n):
    draw = Draw(n)
    return dict(steps=1000 * 10.0 ** torch.arange(n), returns=-10 * draw.halves(3, n).abs(), target=-5.0)


FEW = [1000, 2000, 4000]

PROPERTIES = [
    Property("it returns one number", [_probe([1000], [[-5]], -5)], form),
    Property("one run: the steps at which it has reached the return", [_probe(FEW, [[-90, -20, -5]], -20)]),
    Property("a return that is exactly the target has reached it", [_probe([1000, 2000], [[-20, -10]], -20)]),
    Property(
        "what counts is the first time, whatever comes later",
        [_probe(FEW, [[-90, -10, -30]], -20), _probe(FEW, [[-10, -30, -5]], -20)],
    ),
    Property("a run that never gets there needs more than any number", [_probe(FEW, [[-90, -80, -70]], -20)]),
    Property(
        "of several runs it is the middle one",
        [
            _probe(FEW, [[-10, -5, -5], [-90, -10, -5], [-90, -90, -5]], -20),
            _probe([1000, 2000, 64000], [[-10, -5, -5], [-10, -5, -5], [-90, -90, -5]], -20),
        ],
    ),
    Property(
        "runs that never get there are counted, not left out",
        [
            _probe(FEW, [[-90, -80, -70], [-10, -5, -5], [-90, -90, -5]], -20),
            _probe(FEW, [[-90, -80, -70], [-90, -80, -70], [-90, -90, -5]], -20),
        ],
    ),
    Property("it agrees on curves drawn at random", [_drawn(2), _drawn(3), _drawn(4), _drawn(5)]),
]

HINTS = [
    "If one of three runs has not got there when you stop watching, what do you know about it, and what not?",
    "For run r with returns R_r(s) after s real steps:\n\n"
    "    needed_r = smallest s with R_r(s) >= target,  inf if there is none     (R,)\n"
    "    answer   = median of needed_r over the runs                            one number\n\n"
    "`returns >= target` is (R, S) of True and False; `.any(-1)` says whether a run has a True at all, "
    "`.int().argmax(-1)` where its first one is. `torch.where(condition, a, torch.inf)` chooses. `x.median()` is the "
    "middle one of an odd number.",
    "In outline:\n\n    reached = where the returns are at least the target\n"
    "    first = for each run, the steps at its first True\n"
    "    needed = first where the run has a True, infinity where it has none\n    return the median of needed",
]


def _variant(
    ok=lambda returns, target: returns >= target,
    where=lambda reached: reached.int().argmax(-1),
    censored=lambda steps: torch.inf,
    middle=torch.median,
    told=lambda steps: steps,
):
    def mutant(steps, returns, target):
        reached, steps = ok(returns, target), told(steps)
        needed = torch.where(reached.any(-1), steps[where(reached)], censored(steps))
        return middle(needed).item()

    return mutant


def _left_out(steps, returns, target):
    reached = returns >= target
    needed = steps[reached.int().argmax(-1)][reached.any(-1)]
    return needed.median().item() if len(needed) else torch.inf


def _not_asked(steps, returns, target):
    return steps[(returns >= target).int().argmax(-1)].median().item()


def _of_the_mean(steps, returns, target):
    return _variant()(steps, returns.mean(0, keepdim=True), target)


def _of_the_median(steps, returns, target):
    return _variant()(steps, returns.median(0, keepdim=True).values, target)


def _last_miss(reached):
    """Place after the last False."""
    behind = (~reached).flip(-1).int().argmax(-1)
    return torch.where((~reached).any(-1), (reached.shape[-1] - behind).clamp(max=reached.shape[-1] - 1), 0)


MUTANTS = [
    Mutant(
        "failed runs left out",
        _left_out,
        "runs that never get there are dropped. Then a method that fails half of the time looks as good as its lucky "
        "half: count them as infinity.",
    ),
    Mutant(
        "failed runs at their end",
        _variant(censored=lambda steps: steps[-1]),
        "a run that never gets there is counted as if it had, just when you stopped watching. It needs more than that; "
        "how much more nobody knows: infinity.",
    ),
    Mutant(
        "failed runs at their start",
        _not_asked,
        "`argmax` of a run without any True is 0: a run that never gets there counts as the fastest. Ask `.any(-1)`.",
    ),
    Mutant(
        "failed runs are nan",
        _variant(censored=lambda steps: torch.nan),
        "nan is not large: one failed run makes the median nan. Count it as infinity, which the median can take.",
    ),
    Mutant(
        "mean of the runs",
        _variant(middle=torch.mean),
        "this is the mean: one slow run rules it, and one that never gets there makes it infinite. Take the median.",
    ),
    Mutant(
        "the best run",
        _variant(middle=torch.min),
        "this is the luckiest run. What can be expected is the middle one.",
    ),
    Mutant(
        "the worst run",
        _variant(middle=torch.max),
        "this is the unluckiest run. What can be expected is the middle one.",
    ),
    Mutant(
        "the mean curve",
        _of_the_mean,
        "you average the returns first and look at that curve. No run is that curve, and a single terrible one pulls "
        "it down: take each run's steps first, then their median.",
    ),
    Mutant(
        "the median curve",
        _of_the_median,
        "you take the median of the returns at each place. Runs that rise and fall again at different times never show "
        "there: take each run's steps first, then their median.",
    ),
    Mutant(
        "more than the target",
        _variant(ok=lambda returns, target: returns > target),
        "a return equal to the target has reached it: `>=`.",
    ),
    Mutant(
        "the wrong way round",
        _variant(ok=lambda returns, target: returns <= target),
        "these are the steps until a return is *below* the target. Returns are negative here, and larger is better.",
    ),
    Mutant(
        "the last time",
        _variant(where=lambda reached: reached.shape[-1] - 1 - reached.flip(-1).int().argmax(-1)),
        "this is the last measurement with that return, usually just where the run ended. Take the first.",
    ),
    Mutant(
        "for good",
        _variant(where=_last_miss),
        "you ask from when on a run *stays* there. A good question, but another one; here it is the first time.",
    ),
    Mutant(
        "the place instead of the steps",
        _variant(told=lambda steps: torch.arange(float(len(steps)))),
        "you give the number of the measurement. Look the real steps up in `steps`.",
    ),
    Mutant(
        "its logarithm",
        _variant(told=torch.log10),
        "you read the axis as if it were marked in logarithms. On a log axis the marks still are the steps themselves.",
    ),
]

exercise = Exercise(
    steps_needed,
    title="How many real steps?",
    difficulty=3,
    minutes=10,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
