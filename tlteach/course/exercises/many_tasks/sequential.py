"""Algorithm 1 (Landolfi, Thomas & Ma 2019): task after task, a fresh policy, a warm-up, real steps into the buffer."""

from tlteach.course.exercises.behaviour import Form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise


def sequential(tasks, fresh_policy, warm_up, collect, add):
    """Train on one task after the other; the policies of all tasks, as a list.

    fresh_policy() makes a random policy; warm_up(policy, task) lets it practise in the model, which is fitted on the
    steps of the buffer; collect(policy, task) takes real steps and gives them; add(steps) puts them into the buffer.
    """
    policies = []
    for k, task in enumerate(tasks):
        policy = fresh_policy()
        if k > 0:  # before the first task there is no data, and so no model
            warm_up(policy, task)
        add(collect(policy, task))
        policies.append(policy)
    return policies


class _Named:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name


def _watched(function, tasks):
    """What `function` gives, and a diary of all it did."""
    diary, made, buffer = [], [], []

    def fresh_policy():
        made.append(_Named(f"p{len(made) + 1}"))
        diary.append(f"new {made[-1]}")
        return made[-1]

    def warm_up(policy, task):
        diary.append(f"warm {policy!r} up for {task} on {'+'.join(map(repr, buffer)) or 'nothing'}")

    def collect(policy, task):
        diary.append(f"{policy!r} acts in {task}")
        return _Named(task)

    def add(steps):
        diary.append(f"add {steps!r}")
        buffer.append(steps)

    return function(list(tasks), fresh_policy, warm_up, collect, add), diary


def _kind(function, tasks):
    return {"answer": Form(list(_watched(function, tasks)[0]))}


def _diary(function, tasks):
    return {"what it did": ", ".join(_watched(function, tasks)[1])}


def _given(function, tasks):
    return {"the policies": [repr(policy) for policy in _watched(function, tasks)[0]]}


ONE, TWO, THREE = [dict(tasks=("A", "B", "C")[:n]) for n in (1, 2, 3)]

PROPERTIES = [
    Property("it returns a list with a policy for each task", [ONE, TWO], _kind),
    Property("the first task: a fresh policy collects real steps, which go into the buffer", [ONE], _diary),
    Property("every later policy is new, and practises in the model before it takes a real step", [TWO], _diary),
    Property("each warm-up has the steps of all tasks before it", [THREE], _diary),
    Property("it gives the policies in the order of the tasks", [TWO, THREE], _given),
]

HINTS = [
    "What is there already when the first task begins, and what is there when the second one does?",
    "Algorithm 1, for task k = 0, 1, 2, ... of the list:\n\n"
    "    policy  = a fresh one\n    if k > 0: warm it up for this task, in the model      no real step\n"
    "    steps   = what it collects in this task                real steps\n"
    "    buffer  <- buffer and these steps\n\n"
    "What goes from task to task is the buffer (and the model that is fitted on it), never a policy. "
    "`enumerate(tasks)` gives pairs (k, task).",
    "In outline:\n\n    policies = an empty list\n    for each k and task:\n        make a fresh policy\n"
    "        unless this is the first task: call warm_up with the policy and the task\n"
    "        call collect with both, and hand what it gives to add\n        append the policy\n    return policies",
]


def _variant(first=lambda k: k > 0, order="practise, collect", fresh=True, kept=lambda policies: policies, stored=1):
    """Algorithm 1 with something amiss."""

    def mutant(tasks, fresh_policy, warm_up, collect, add):
        policies, policy = [], None
        for k, task in enumerate(tasks):
            policy = fresh_policy() if fresh or policy is None else policy
            if order == "practise, collect" and first(k):
                warm_up(policy, task)
            steps = collect(policy, task)
            for _ in range(stored):
                add(steps)
            if order == "collect, practise" and first(k):
                warm_up(policy, task)
            policies.append(policy)
        return kept(policies)

    return mutant


def _added_late(tasks, fresh_policy, warm_up, collect, add):
    policies, every = [], []
    for k, task in enumerate(tasks):
        policy = fresh_policy()
        if k > 0:
            warm_up(policy, task)
        every.append(collect(policy, task))
        policies.append(policy)
    for steps in every:
        add(steps)
    return policies


def _all_collected_first(tasks, fresh_policy, warm_up, collect, add):
    policies = []
    for task in tasks:
        policies.append(fresh_policy())
        add(collect(policies[-1], task))
    for policy, task in list(zip(policies, tasks, strict=True))[1:]:
        warm_up(policy, task)
    return policies


def _for_the_task_before(tasks, fresh_policy, warm_up, collect, add):
    policies = []
    for k, task in enumerate(tasks):
        policy = fresh_policy()
        if k > 0:
            warm_up(policy, tasks[k - 1])
        add(collect(policy, task))
        policies.append(policy)
    return policies


def _fresh_after_practice(tasks, fresh_policy, warm_up, collect, add):
    policies = []
    for k, task in enumerate(tasks):
        if k > 0:
            warm_up(fresh_policy(), task)
        policies.append(fresh_policy())
        add(collect(policies[-1], task))
    return policies


MUTANTS = [
    Mutant(
        "one policy for all tasks",
        _variant(fresh=False),
        "one policy goes from task to task. It would come with the habits of the last goal; here only the model is "
        "carried on. Make a fresh one inside the loop.",
    ),
    Mutant(
        "warm-up on nothing",
        _variant(first=lambda k: True),
        "the first policy practises in a model that has seen no data. Skip the warm-up of the first task.",
    ),
    Mutant(
        "no warm-up",
        _variant(first=lambda k: False),
        "nobody practises: every policy goes out as it was born. Call warm_up, from the second task on.",
    ),
    Mutant(
        "warm-up for the second task only",
        _variant(first=lambda k: k == 1),
        "the warm-up is made once. Every task after the first has its own.",
    ),
    Mutant(
        "collects before it practises",
        _variant(order="collect, practise"),
        "the policy takes its real steps first and practises afterwards. Then they show where an ignorant policy goes, "
        "not where a good one does: warm up, then collect.",
    ),
    Mutant(
        "all real steps first",
        _all_collected_first,
        "all real steps are taken before anyone practises. Then they come from random policies alone, and the model "
        "never sees the way to a goal: one task after the other.",
    ),
    Mutant(
        "nothing kept",
        _variant(stored=0),
        "the real steps are thrown away. Hand what `collect` gives to `add`: that is all that one "
        "task leaves to the next.",
    ),
    Mutant(
        "kept twice",
        _variant(stored=2),
        "the same steps go into the buffer twice.",
    ),
    Mutant(
        "added at the end",
        _added_late,
        "the buffer gets its steps only after the last task: no warm-up ever has any data. Add after each task.",
    ),
    Mutant(
        "practises for the task before",
        _for_the_task_before,
        "the policy practises for the last task and collects in this one. Both are to get the same `task`.",
    ),
    Mutant(
        "a fresh policy after the warm-up",
        _fresh_after_practice,
        "the policy that has practised is thrown away, and another one goes out. One fresh policy a task is enough.",
    ),
    Mutant(
        "the last policy",
        _variant(kept=lambda policies: policies[-1:]),
        "you give the last policy. Give those of all tasks, in their order.",
    ),
]

exercise = Exercise(
    sequential,
    title="Algorithm 1",
    difficulty=2,
    minutes=7,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
