"""The warm-up loop (Landolfi, Thomas & Ma 2019): fit the model and practise in it, in turns, with no real step."""

from tlteach.course.exercises.behaviour import Form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise


def warm_up(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    """Warm a fresh policy up: in each iteration `fit_steps` steps of fitting, then `policy_steps` improvements.

    fresh_policy() makes a random policy; fit(n) takes n steps of fitting the model; improve(policy) lets it practise
    once and gives the virtual return. Returns the policy, and the list of all virtual returns.
    """
    policy, returns = fresh_policy(), []
    for _ in range(iterations):
        fit(fit_steps)
        for _ in range(policy_steps):
            returns.append(improve(policy))
    return policy, returns


class Policy:
    """A policy that does nothing but have a number."""

    def __init__(self, number: int):
        self.number = number

    def __repr__(self):
        return f"policy {self.number}"


def _name(policy):
    return getattr(policy, "__name__", repr(policy))


def _watched(function, iterations, fit_steps, policy_steps):
    """What `function` gives, and a diary of all it did; fitting twice in a row is fitting longer."""
    diary, made = [], []

    def fresh_policy():
        made.append(Policy(len(made) + 1))
        diary.append(f"fresh {made[-1]}")
        return made[-1]

    def fit(n):
        before = int(diary.pop().split()[1]) if diary and diary[-1].startswith("fit") else 0
        diary.append(f"fit {before + int(n)}")

    def improve(policy):
        diary.append(f"improve {_name(policy)}")
        return -10.0 + sum(line.startswith("improve") for line in diary)

    for each in (fresh_policy, fit, improve):
        each.__qualname__ = each.__name__  # so does an error name it
    return function(fresh_policy, fit, improve, iterations, fit_steps, policy_steps), diary


def _kind(function, *numbers):
    return {"answer": Form(_watched(function, *numbers)[0])}


def _diary(function, *numbers):
    return {"what it did": ", ".join(_watched(function, *numbers)[1])}


def _given(function, *numbers):
    policy, returns = _watched(function, *numbers)[0]
    return {"the policy": _name(policy), "the returns": [float(value) for value in returns]}


def _probe(iterations, fit_steps, policy_steps):
    return dict(iterations=iterations, fit_steps=fit_steps, policy_steps=policy_steps)


ALL = [_probe(1, 1, 1), _probe(1, 5, 2), _probe(2, 5, 1), _probe(2, 5, 3)]

PROPERTIES = [
    Property("it returns two things: the policy, and a list of numbers", [_probe(1, 1, 1)], _kind),
    Property("one iteration: a fresh policy, the model is fitted, the policy practises", ALL[:1], _diary),
    Property("a policy practises `policy_steps` times after each fit", ALL[1:2], _diary),
    Property("then comes the next turn, for the same policy", ALL[2:], _diary),
    Property("it gives the policy that practised, and every virtual return in order", ALL, _given),
]

HINTS = [
    "How many policies are there in one warm-up, and how often does the model change under them?",
    "The authors' VIRTUAL TRAINING, n = iterations:\n\n"
    "    once         policy = a fresh one\n    n times      fit the model, fit_steps steps\n"
    "                 policy_steps times: improve the policy, note the virtual return\n\n"
    "Two loops, one inside the other. `returns.append(number)` puts a number at the end of a list.",
    "In outline:\n\n    policy = one from fresh_policy, returns = an empty list\n    for each iteration:\n"
    "        call fit with fit_steps\n        for each of the policy_steps:\n"
    "            call improve with the policy, and append what it gives\n    return policy and returns",
]


def _renewed(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    returns = []
    for _ in range(iterations):
        policy = fresh_policy()
        fit(fit_steps)
        returns += [improve(policy) for _ in range(policy_steps)]
    return policy, returns


def _fit_first(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    policy = fresh_policy()
    fit(iterations * fit_steps)
    return policy, [improve(policy) for _ in range(iterations * policy_steps)]


def _fit_once(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    policy = fresh_policy()
    fit(fit_steps)
    return policy, [improve(policy) for _ in range(iterations * policy_steps)]


def _practice_first(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    policy, returns = fresh_policy(), []
    for _ in range(iterations):
        returns += [improve(policy) for _ in range(policy_steps)]
        fit(fit_steps)
    return policy, returns


def _fit_each_time(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    policy, returns = fresh_policy(), []
    for _ in range(iterations * policy_steps):
        fit(fit_steps)
        returns.append(improve(policy))
    return policy, returns


def _never_fitted(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    policy = fresh_policy()
    return policy, [improve(policy) for _ in range(iterations * policy_steps)]


def _one_improvement(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    return warm_up(fresh_policy, fit, improve, iterations, fit_steps, 1)


def _swapped(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    return warm_up(fresh_policy, fit, improve, iterations, policy_steps, fit_steps)


def _last_returns(*inputs):
    policy, returns = warm_up(*inputs)
    return policy, returns[inputs[-1] - 1 :: inputs[-1]]


def _one_iteration(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    return warm_up(fresh_policy, fit, improve, 1, fit_steps, policy_steps)


def _never_made(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    return warm_up(lambda: fresh_policy, fit, improve, iterations, fit_steps, policy_steps)


def _list_in_the_loop(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    policy, returns = warm_up(fresh_policy, fit, improve, iterations, fit_steps, policy_steps)
    return policy, returns[-policy_steps:]


def _policy_replaced(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    policy = fresh_policy()
    for _ in range(iterations):
        fit(fit_steps)
        for _ in range(policy_steps):
            policy = improve(policy)
    return policy, []


def _fitted_squared(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    return warm_up(fresh_policy, lambda n: fit(n * n), improve, iterations, fit_steps, policy_steps)


def _one_too_many(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    policy, returns = fresh_policy(), []
    for _ in range(iterations):
        fit(fit_steps)
        for _ in range(policy_steps):
            improve(policy)
        returns.append(improve(policy))
    return policy, returns


def _fit_without_a_number(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    policy = fresh_policy()
    for _ in range(fit_steps):
        fit()
    return policy, []


def _told_how_often(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    policy = fresh_policy()
    fit(fit_steps)
    return policy, [improve(policy, policy_steps)]


def _lists_in_a_list(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    policy, returns = warm_up(fresh_policy, fit, improve, iterations, fit_steps, policy_steps)
    return policy, [returns[i : i + policy_steps] for i in range(0, len(returns), policy_steps)]


MUTANTS = [
    Mutant(
        "a fresh policy in every iteration",
        _renewed,
        "every iteration throws away what was learned. The policy is made once, before the loop.",
    ),
    Mutant(
        "all the fitting first",
        _fit_first,
        "you fit all at once and then practise. In turns the policy meets a model that keeps changing, whose errors "
        "may be harder to learn (measured below).",
    ),
    Mutant("fitted once", _fit_once, "the model is fitted in the first iteration only: `fit` belongs inside the loop."),
    Mutant(
        "practice before fitting",
        _practice_first,
        "you practise first. The model should be fitted before anyone believes it.",
    ),
    Mutant(
        "fitted before every improvement",
        _fit_each_time,
        "the model is fitted before each improvement. `fit` belongs to the outer loop, `improve` to the inner one.",
    ),
    Mutant("never fitted", _never_fitted, "`fit` is never called: the model does not learn from the data there is."),
    Mutant(
        "one improvement an iteration",
        _one_improvement,
        "the policy practises once an iteration. It should do so `policy_steps` times.",
    ),
    Mutant("one iteration", _one_iteration, "there is a single turn: repeat it `iterations` times."),
    Mutant("numbers swapped", _swapped, "fit_steps and policy_steps changed places."),
    Mutant(
        "the policy never made",
        _never_made,
        "brackets are missing: `fresh_policy()` makes a policy, `fresh_policy` is the function that would.",
    ),
    Mutant(
        "a list for each iteration",
        _list_in_the_loop,
        "the list is emptied in every iteration: `returns = []` belongs before the loop.",
    ),
    Mutant(
        "the return taken for the policy",
        _policy_replaced,
        "`improve(policy)` changes the policy itself and gives back the virtual return: put that into the list.",
    ),
    Mutant(
        "fitted fit_steps times fit_steps",
        _fitted_squared,
        "`fit(fit_steps)` already takes that many steps: call it once an iteration, without a loop of its own.",
    ),
    Mutant(
        "one improvement too many",
        _one_too_many,
        "the policy practises once too often in each iteration: write down what the inner loop's `improve` gives, "
        "instead of calling it again.",
    ),
    Mutant(
        "fit without a number",
        _fit_without_a_number,
        "`fit` must be told how many steps to take: `fit(fit_steps)`, once an iteration.",
    ),
    Mutant(
        "improve told how often",
        _told_how_often,
        "`improve(policy)` is one update. For policy_steps of them, call it in a loop.",
    ),
    Mutant(
        "policy and returns swapped",
        lambda *inputs: warm_up(*inputs)[::-1],
        "you return the list first. The policy comes first, then the returns.",
    ),
    Mutant(
        "only the policy",
        lambda *inputs: warm_up(*inputs)[0],
        "you return the policy alone: `return policy, returns`.",
    ),
    Mutant(
        "a list of lists",
        _lists_in_a_list,
        "each iteration has a list of its own inside your list. One list of numbers is wanted.",
    ),
    Mutant(
        "the last return of each iteration",
        _last_returns,
        "you keep one return an iteration. Keep all of them: how they fall after a fit is telling.",
    ),
]

exercise = Exercise(
    warm_up,
    title="The warm-up",
    difficulty=2,
    minutes=5,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
