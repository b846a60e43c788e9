"""A bug hunt: the two bugs of active selection in the author's published program, in a few lines (spec 1.6)."""

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import tensor


def measured_error(model, shadows, fit, practise, act, iterations):
    """Warm up, with shadow models beside the model, and measure how wrong the model is in real steps.

    fit(network) fits a network; practise(network) lets the policy practise in it and gives the imagined steps; act()
    lets the policy take real ones. Steps are obs, action, next_obs, and network(obs, action) predicts next states.
    Returns how far off the model is in each real step, (N,).
    """
    for _ in range(iterations):
        fit(model)
        practise(model)
        for shadow in shadows:
            fit(shadow)
    real = act()
    error = real["next_obs"] - model(real["obs"], real["action"])  # (N, O)
    return error.norm(dim=-1)


class _Network:
    """Predicts that an action moves the state by `gain` times itself; 1 is right."""

    def __init__(self, name, gain):
        self.name, self.gain = name, gain

    def __call__(self, obs, action):
        return obs + self.gain * action


def _watched(function, n_shadows, iterations, rows=((1.0, 2.0), (0.0, 1.0))):
    """What `function` gives, and a diary. Real steps are `rows` of (obs, action); imagined ones are others."""
    diary = []
    model, shadows = _Network("model", 2.0), [_Network(f"shadow {i + 1}", 4.0 + i) for i in range(n_shadows)]
    obs, action = (tensor(*([row[i]] for row in rows)) for i in (0, 1))

    def fit(network):
        diary.append(f"fit {network.name}")

    def practise(network):
        diary.append(f"practise in {network.name}")
        return {"obs": obs + 5, "action": action - 3, "next_obs": network(obs + 5, action - 3)}

    def act():
        diary.append("act")
        return {"obs": obs, "action": action, "next_obs": obs + action}

    return function(model, shadows, fit, practise, act, iterations), diary


def _form(function, *inputs):
    return form(lambda *_: _watched(function, *inputs)[0])


def _diary(function, *inputs):
    return {"what it did": ", ".join(_watched(function, *inputs)[1])}


def _errors(function, *inputs):
    return {"errors": _watched(function, *inputs)[0]}


def _probe(n_shadows, iterations):
    return dict(n_shadows=n_shadows, iterations=iterations)


PROPERTIES = [
    Property("it returns one number for each real step, (N,)", [_probe(0, 1)], _form),
    Property("in each iteration the model is fitted, and the policy practises in the model", [_probe(0, 2)], _diary),
    Property("with shadows beside it, too: they are fitted as well, and nothing else", [_probe(1, 1), _probe(1, 2),
                                                                                       _probe(2, 2)], _diary),
    Property("the error is that of the real steps", [_probe(0, 1)], _errors),
    Property("it is the error of the model, whatever shadows there are", [_probe(1, 1), _probe(2, 2)], _errors),
]  # fmt: skip

HINTS = [
    "Read it as the computer does: after the first iteration, which network does the name `model` stand for? And whose "
    "next states are compared with whose predictions?",
    "Two names say one thing and are another:\n\n"
    "    for model in shadows: ...        gives the name `model` to each shadow; the last one keeps it\n"
    "    real next states - prediction for (obs, action) of `data`      rows of two different tables\n\n"
    "A prediction belongs to the step that it was made for: error[i] = next_obs[i] - model(obs[i], action[i]).",
    "Two small changes:\n\n    give the variable of the inner loop a name of its own\n"
    "    predict for the states and actions of the real steps",
]


def _variant(rebinds=False, table="real", size=lambda error: error.norm(dim=-1), last=False, careless=False):
    def mutant(model, shadows, fit, practise, act, iterations):
        for _ in range(iterations):
            fit(model)
            data = practise(model)
            for shadow in shadows:
                if not careless:
                    fit(shadow)
                if rebinds:
                    model = shadow
        real = act()
        rows = real if table == "real" else data
        truth = data["next_obs"] if table == "both" else real["next_obs"]
        judged = shadows[-1] if last and shadows else model
        return size(truth - judged(rows["obs"], rows["action"]))

    return mutant


MUTANTS = [
    Mutant(
        "as published",
        _variant(rebinds=True, table="data"),
        "these are the two bugs themselves. What is `model` after the inner loop? And whose rows are compared?",
    ),
    Mutant(
        "only the rows are mended",
        _variant(rebinds=True),
        "the rows fit now. But `model` still becomes the last shadow: give the inner loop a variable of its own.",
    ),
    Mutant(
        "only the name is mended",
        _variant(table="data"),
        "the right network is fitted now. But its predictions are for the imagined steps, and the next states are "
        "those of the real ones: row by row they have nothing to do with each other.",
    ),
    Mutant(
        "imagined against imagined",
        _variant(table="both"),
        "now both sides are imagined, and a model is never wrong about what it imagines. Use the real steps on both.",
    ),
    Mutant(
        "the last shadow is judged",
        _variant(last=True),
        "the error is that of the last shadow. The policy practised in the model: that is the one to be judged.",
    ),
    Mutant(
        "shadows not fitted",
        _variant(careless=True),
        "the shadows are not fitted any more. The loop was right, only its variable took a name that was in use.",
    ),
    Mutant(
        "one number",
        _variant(size=lambda error: error.norm()),
        "one number for all steps: keep `dim=-1`.",
    ),
    Mutant(
        "signed",
        _variant(size=lambda error: error.mean(-1)),
        "signed errors cancel. The length of the difference was right.",
    ),
]

exercise = Exercise(
    measured_error,
    title="Bug hunt: find two",
    difficulty=2,
    minutes=8,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
