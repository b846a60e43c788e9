"""Rule A of active selection (Landolfi, Thomas & Ma 2019, the author's program): skip a task that seems understood."""

import statistics

from tlteach.course.exercises.behaviour import Form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise


def choose_tasks(tasks, meet, collect, budget, window):
    """Rule A: collect real steps on `budget` tasks; skip one whose value is below the median of the `window` before.

    tasks: as they come. meet(task) warms a policy up and gives the value of the criterion, without a real step.
    collect(task) takes its real steps. Returns the list of tasks that were collected.
    """
    values, chosen = [], []
    for task in tasks:
        if len(chosen) == budget:
            break
        value = meet(task)
        skip = len(values) >= window and value < statistics.median(values[-window:])
        values.append(value)  # of a skipped task, too
        if not skip:
            collect(task)
            chosen.append(task)
    return chosen


def _watched(function, values, budget, window):
    """What `function` gives, and a diary: which tasks were met and collected. Task t0 has the first value."""
    diary, tasks = [], [f"t{i}" for i in range(len(values))]
    told = dict(zip(tasks, values, strict=True))

    def meet(task):
        diary.append(f"meet {task}")
        return told[task]

    def collect(task):
        diary.append(f"collect {task}")

    return function(tasks, meet, collect, budget, window), diary


def _probe(values, budget, window):
    return dict(values=values, budget=budget, window=window)


def _kind(function, *inputs):
    return {"answer": Form(list(_watched(function, *inputs)[0]))}


def _diary(function, *inputs):
    return {"what it did": ", ".join(_watched(function, *inputs)[1])}


def _answer(function, *inputs):
    return {"the tasks it returns": ", ".join(map(str, _watched(function, *inputs)[0]))}


FALLING = [9.0, 8.0, 7.0, 6.0, 5.0]
MIXED = [4.0, 1.0, 3.0, 2.0, 5.0, 1.5, 6.0, 2.5]

PROPERTIES = [
    Property("it returns a list of tasks", [_probe([1.0], 1, 1)], _kind),
    Property("every task is met, and then collected, as long as there is nothing to compare with",
             [_probe([1.0, 2.0], 2, 2), _probe(FALLING[:3], 3, 3)], _diary),
    Property("a task whose value is below the one before it is met, but not collected (window 1)",
             [_probe([2.0, 1.0], 2, 1), _probe([2.0, 1.0, 3.0], 3, 1)], _diary),
    Property("one that is equal is collected", [_probe([2.0, 2.0], 2, 1)], _diary),
    Property("what counts is the median, also of an even number", [
        _probe([9.0, 1.0, 2.0, 2.5], 4, 3), _probe([1.0, 4.0, 2.0], 3, 2)], _diary),
    Property("only the last `window` values count", [_probe([9.0, 9.0, 1.0, 1.0, 5.0], 5, 2)], _diary),
    Property("the value of a skipped task counts for those after it",
             [_probe([5.0, 1.0, 2.0], 3, 1), _probe(FALLING, 5, 1)], _diary),
    Property("real steps are equal: it goes on until `budget` tasks are collected, and then stops",
             [_probe([2.0, 1.0, 3.0, 4.0], 2, 1), _probe([1.0, 2.0, 3.0], 2, 1)], _diary),
    Property("it returns the tasks that were collected, in order", [_probe([2.0, 1.0, 3.0, 4.0], 2, 1)], _answer),
    Property("it agrees with the rule on a longer list", [_probe(MIXED, 4, 2), _probe(MIXED, 5, 3)], _diary),
]  # fmt: skip

HINTS = [
    "Which cost real steps, the tasks that are met or those that are collected? And which of them does `budget` count?",
    "With c for the value of this task and v for the values of all tasks met before:\n\n"
    "    skip   if   there are `window` of them   and   c < median of the last `window`\n\n"
    "`statistics.median(list)` is right for even numbers, too; `v[-window:]` are the last ones.",
    "In outline:\n\n    values, chosen = two empty lists\n    for each task:\n"
    "        stop if as many as `budget` are chosen\n        value = what meet gives\n"
    "        decide by comparing it with the values *before*\n        append it to values, whatever was decided\n"
    "        unless it is skipped: collect, and append the task to chosen\n    return chosen",
]


def _variant(
    below=lambda value, limit: value < limit,
    middle=statistics.median,
    recent=lambda values, window: values[-window:],
    remembers=lambda skip: True,
    itself=False,
    ready=lambda values, window: len(values) >= window,
    full=lambda chosen, met, budget: chosen == budget,
    gives=lambda chosen, met: chosen,
):
    def mutant(tasks, meet, collect, budget, window):
        values, chosen, met = [], [], []
        for task in tasks:
            if full(len(chosen), len(met), budget):
                break
            value = meet(task)
            met.append(task)
            before = [*values, value] if itself else values
            skip = ready(values, window) and below(value, middle(recent(before, window)))
            values += [value] * remembers(skip)
            if not skip:
                collect(task)
                chosen.append(task)
        return gives(chosen, met)

    return mutant


def _collects_first(tasks, meet, collect, budget, window):
    values, chosen = [], []
    for task in tasks:
        if len(chosen) == budget:
            break
        collect(task)
        value = meet(task)
        if len(values) < window or value >= statistics.median(values[-window:]):
            chosen.append(task)
        values.append(value)
    return chosen


def _met_all_before(tasks, meet, collect, budget, window):
    values, chosen = [meet(task) for task in tasks], []
    for i, task in enumerate(tasks):
        if len(chosen) < budget and (i < window or values[i] >= statistics.median(values[i - window : i])):
            collect(task)
            chosen.append(task)
    return chosen


MUTANTS = [
    Mutant(
        "a budget of tasks met",
        _variant(full=lambda chosen, met, budget: met == budget),
        "you stop after `budget` tasks were met, so a rule that skips gets fewer real steps than uniform draws. Equal "
        "real steps is the only fair comparison: count those that are collected.",
    ),
    Mutant(
        "no budget",
        _variant(full=lambda chosen, met, budget: False),
        "it never stops before the tasks run out. Stop once `budget` of them are collected.",
    ),
    Mutant(
        "skipped values forgotten",
        _variant(remembers=lambda skip: not skip),
        "the values of skipped tasks are forgotten. Then the median stays high while the model gets better, and nearly "
        "everything is skipped. Append every value.",
    ),
    Mutant(
        "all values",
        _variant(recent=lambda values, window: values),
        "you compare with all values since the beginning, when the model knew nothing. Only the last `window` count.",
    ),
    Mutant(
        "the first values",
        _variant(recent=lambda values, window: values[:window]),
        "you compare with the first `window` values, for ever. Take the last ones: `[-window:]`.",
    ),
    Mutant(
        "compared with itself",
        _variant(itself=True),
        "the value is among those it is compared with. Compare first, append afterwards.",
    ),
    Mutant(
        "the mean",
        _variant(middle=statistics.mean),
        "you compare with the mean. One task that went badly wrong would lift it above all others: the median is asked "
        "for.",
    ),
    Mutant(
        "the lower of the two",
        _variant(middle=statistics.median_low),
        "of an even number of values the median lies between the two in the middle. `torch.median` takes the lower of "
        "them; `statistics.median` does not.",
    ),
    Mutant(
        "the wrong way round",
        _variant(below=lambda value, limit: value > limit),
        "you skip what is above the median. A high value says that the model is in doubt there: that is where real "
        "steps teach most.",
    ),
    Mutant(
        "equal is skipped",
        _variant(below=lambda value, limit: value <= limit),
        "a value equal to the median is skipped. Only those *below* it are.",
    ),
    Mutant(
        "from the second task on",
        _variant(ready=lambda values, window: len(values) > 0),
        "you compare before there are `window` values. Until then every task is collected.",
    ),
    Mutant(
        "one too late",
        _variant(ready=lambda values, window: len(values) > window),
        "you begin one task too late: with `window` values before it, a task can be skipped.",
    ),
    Mutant(
        "never skips",
        _variant(below=lambda value, limit: False),
        "every task is collected: that is uniform sampling.",
    ),
    Mutant(
        "tasks met",
        _variant(gives=lambda chosen, met: met),
        "you return all tasks that were met. Return those that were collected.",
    ),
    Mutant(
        "real steps first",
        _collects_first,
        "you collect before you ask. The criterion is there to *save* those real steps.",
    ),
    Mutant(
        "all met in advance",
        _met_all_before,
        "you meet all tasks before anything is collected, so their values know nothing of what was learned meanwhile. "
        "One after the other.",
    ),
]

exercise = Exercise(
    choose_tasks,
    title="Skip what is understood",
    difficulty=3,
    minutes=10,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
