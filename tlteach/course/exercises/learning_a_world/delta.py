"""What the network is asked for: not the next state, but its change, in units of how much it usually changes."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def normalised_delta(obs, next_obs):
    """Changes with mean 0 and standard deviation 1 in each component: obs, next_obs (N, O) -> (N, O)."""
    delta = next_obs - obs  # (N, O)
    std = delta.std(0, correction=0)  # (O,)
    std = torch.where(std > 0, std, 1.0)  # what never varies is not divided by 0
    return (delta - delta.mean(0)) / std


def _probe(obs, next_obs):
    return dict(obs=tensor(*obs), next_obs=tensor(*next_obs))


def _moved(function, obs, next_obs):
    """What changes when each transition is moved by an amount of its own, both states alike: nothing should."""
    by = 3 * torch.arange(len(obs))[:, None].to(obs)  # (N, 1)
    return {
        "how the answer changes when both states are moved": function(obs + by, next_obs + by) - function(obs, next_obs)
    }


def _drawn(n_rows, n_components):
    draw = Draw(10 * n_rows + n_components)
    obs = draw.halves(n_rows, n_components)
    delta = draw.halves(n_rows, n_components)
    delta[0], delta[1] = 1.0, -0.5  # every component varies
    return dict(obs=obs, next_obs=obs + delta)


PROPERTIES = [
    Property(
        "it returns a tensor of the shape of obs", [_probe([[0, 1], [0, 2], [1, 1]], [[1, 1], [0, 1], [1, 2]])], form
    ),
    Property(
        "it is about the change: moving a state and its next state by the same amount makes no difference",
        [_probe([[0], [0]], [[1], [-1]]), _probe([[0], [5], [1]], [[1], [4], [1]])],
        _moved,
    ),
    Property(
        "of two changes the larger becomes 1 and the smaller -1: mean 0 and spread 1",
        [_probe([[0], [0]], [[3], [1]]), _probe([[0], [1]], [[3], [2]])],
    ),
    Property(
        "the changes have standard deviation 1",
        [_probe([[0], [0]], [[4], [-4]]), _probe([[0], [0]], [[0.25], [-0.25]])],
    ),
    Property(
        "every component has a mean and a spread of its own",
        [_probe([[0, 0], [0, 0]], [[4, 0.5], [-4, -0.5]]), _probe([[0, 0], [0, 0]], [[4, 10], [-4, 8]])],
    ),
    Property(
        "a component that always changes by the same amount becomes 0, not NaN",
        [_probe([[0], [1]], [[2], [3]]), _probe([[0, 0], [0, 0]], [[1, 3], [-1, 3]])],
    ),
    Property("it agrees with the library on states drawn at random", [_drawn(3, 1), _drawn(4, 2)]),
]

HINTS = [
    "Which axis runs over the transitions, and which over the components? Over which of the two are the mean and the "
    "spread taken?",
    "With n for the transition and j for the component:\n\n"
    "    delta[n, j]  = next_obs[n, j] - obs[n, j]                        (N, O)\n"
    "    target[n, j] = (delta[n, j] - mean over n) / (std over n)        (N, O)\n\n"
    "`x.mean(0)` and `x.std(0, correction=0)` give one number a component, (O,).",
    "In four steps:\n\n    delta = next_obs minus obs                        (N, O)\n"
    "    mean  = mean of delta over the first axis         (O,)\n"
    "    std   = its spread over the first axis, and 1 where that is 0\n"
    "    return  delta minus mean, divided by std",
]


def _variant(
    change=lambda s, n: n - s,
    mean=lambda d: d.mean(0),
    std=lambda d: d.std(0, correction=0),
    guard=lambda std: torch.where(std > 0, std, 1.0),
):
    def mutant(obs, next_obs):
        delta = change(obs, next_obs)
        return (delta - mean(delta)) / guard(std(delta))

    return mutant


def _standard(x):
    return (x - x.mean(0)) / x.std(0, correction=0)


def _spread(obs, next_obs):
    return (next_obs - obs).std(0, correction=0)


def _if(obs, next_obs):
    delta = next_obs - obs
    std = delta.std(0, correction=0)
    if std == 0:
        std = 1.0
    return (delta - delta.mean(0)) / std


MUTANTS = [
    Mutant(
        "the next state",
        _variant(change=lambda s, n: n),
        "you normalise the next state. Most of it is the old state, which is known; only the change is asked for.",
    ),
    Mutant(
        "the wrong way round",
        _variant(change=lambda s, n: s - n),
        "your change has the wrong sign: it is next_obs - obs, so that obs + change is the next state.",
    ),
    Mutant(
        "not centred",
        _variant(mean=lambda d: 0.0),
        "the mean change is not taken off. What always happens (gravity, a steady wind) need not be learned.",
    ),
    Mutant(
        "not scaled",
        _variant(std=lambda d: torch.ones(d.shape[-1])),
        "the changes are not divided by their spread. A component that moves in millimetres would be ignored.",
    ),
    Mutant(
        "variance",
        _variant(std=lambda d: d.var(0, correction=0)),
        "you divide by the variance. The standard deviation is its root.",
    ),
    Mutant(
        "n - 1",
        _variant(std=lambda d: d.std(0)),
        "`std` divides by N - 1 unless told otherwise. The running moments here divide by N: `correction=0`.",
    ),
    Mutant(
        "n - 1, divided by zero",
        _variant(std=lambda d: d.std(0), guard=lambda std: std),
        "two things about `std`: it divides by N - 1 unless told otherwise (`correction=0`), and where it is 0, "
        "0 / 0 is NaN (`torch.where(std > 0, std, 1.0)`).",
    ),
    Mutant(
        "over everything, n - 1",
        _variant(mean=lambda d: d.mean(), std=lambda d: d.std(), guard=lambda std: std),
        "you take one mean and one spread for all components (`dim=0` is missing), and the spread divides by N - 1 "
        "(`correction=0` is missing).",
    ),
    Mutant(
        "multiplied",
        _variant(guard=lambda std: 1 / torch.where(std > 0, std, 1.0)),
        "you multiply by the spread. To bring a spread to 1, divide by it.",
    ),
    Mutant(
        "over everything",
        _variant(mean=lambda d: d.mean(), std=lambda d: d.std(correction=0)),
        "you take one mean and one spread for all components. Metres and metres per second have their own: `dim=0`.",
    ),
    Mutant(
        "one spread for all",
        _variant(std=lambda d: d.std(correction=0)),
        "every component has its own mean, but all share one spread. `delta.std(0, correction=0)`.",
    ),
    Mutant(
        "over the components",
        _variant(
            mean=lambda d: d.mean(1, keepdim=True),
            std=lambda d: d.std(1, correction=0, keepdim=True),
        ),
        "you average over the components of each transition. The transitions are the first axis: `dim=0`.",
    ),
    Mutant(
        "the spread of the states",
        lambda obs, next_obs: _variant(std=lambda d: obs.std(0, correction=0))(obs, next_obs),
        "you divide by the spread of the states. It is the *change* that is to have spread 1; in a small time step it "
        "is much smaller.",
    ),
    Mutant(
        "change of the normalised states",
        lambda obs, next_obs: _standard(next_obs) - _standard(obs),
        "you normalise the states and then subtract. First the change, next_obs - obs, then its own mean and spread.",
    ),
    Mutant(
        "at least 1",
        _variant(guard=lambda std: std.clamp(min=1.0)),
        "a spread below 1 is raised to 1, and most are below: only a spread of exactly 0 is to be replaced.",
    ),
    Mutant(
        "left as it is where the spread is 0",
        lambda obs, next_obs: torch.where(_spread(obs, next_obs) > 0, _variant()(obs, next_obs), next_obs - obs),
        "where the spread is 0 you return the change itself. Its mean is still to be taken off, which leaves 0: put 1 "
        "in the place of the spread, then divide.",
    ),
    Mutant(
        "if for all components",
        _if,
        "`if` wants a single truth value, and there is a spread for each component. `torch.where(std > 0, std, 1.0)` "
        "chooses component by component.",
    ),
    Mutant(
        "divided by zero",
        _variant(guard=lambda std: std),
        "a component that always changes by the same amount has spread 0, and 0 / 0 is NaN. Put 1 there: "
        "`torch.where(std > 0, std, 1.0)`.",
    ),
]

exercise = Exercise(
    normalised_delta,
    title="Ask for the change",
    difficulty=2,
    minutes=7,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
