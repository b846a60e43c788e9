"""MAML's inner step (Finn et al. 2017): one step of policy gradient, which can itself be differentiated."""

import torch

from tlteach.course.exercises.behaviour import Form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def inner_step(theta, obs, action, advantage, alpha):
    """theta after one gradient step on a task: theta (O,), obs (B, O), action (B,), advantage (B,) -> (O,).

    The policy acts by N(obs @ theta, 1). theta requires a gradient, and the answer can be differentiated by it.
    """
    log_prob = -0.5 * (action - obs @ theta) ** 2  # (B,) but for a constant
    loss = -(advantage * log_prob).mean()
    (gradient,) = torch.autograd.grad(loss, theta, create_graph=True)
    return theta - alpha * gradient


def _called(function, theta, obs, action, advantage, alpha):
    theta = theta.clone().requires_grad_()
    return theta, function(theta, obs, action, advantage, alpha)


def _kind(function, *inputs):
    return {"answer": Form(_called(function, *inputs)[1])}


def _value(function, *inputs):
    made = _called(function, *inputs)[1]
    return {"answer": made.detach() if isinstance(made, torch.Tensor) else made}


def _slope(function, *inputs):
    """The derivative of the adapted parameters by the initial ones, row by row: (O, O)."""
    theta, made = _called(function, *inputs)
    if not made.requires_grad:
        return {"d answer / d theta": "nothing: the answer has no graph"}
    rows = [torch.autograd.grad(part, theta, retain_graph=True, allow_unused=True)[0] for part in made]
    return {"d answer / d theta": torch.stack([torch.zeros_like(theta) if row is None else row for row in rows])}


def _kept(function, *inputs):
    """theta as it is after the call."""
    theta, _ = _called(function, *inputs)
    return {"theta afterwards": theta.detach()}


def _probe(theta, obs, action, advantage, alpha=0.5):
    return dict(
        theta=tensor(*theta), obs=tensor(*obs), action=tensor(*action), advantage=tensor(*advantage), alpha=alpha
    )


def _drawn(n, size):
    draw = Draw(n)
    numbers = dict(theta=draw.halves(size), obs=draw.halves(n, size), action=2 * draw.halves(n))
    return numbers | dict(advantage=draw.halves(n), alpha=0.5)


ONE = _probe([0], [[1]], [1], [1])
TWO = _probe([0, 0], [[1, 0], [0, 1]], [1, -1], [1, 1])

PROPERTIES = [
    Property("it returns parameters of the shape of theta", [ONE, TWO], _kind),
    Property("an action that was better than expected becomes likelier: the mean moves towards it", [ONE], _value),
    Property("one that was worse becomes less likely", [_probe([0], [[1]], [1], [-1])], _value),
    Property("an action that was just as expected changes nothing", [_probe([1], [[1]], [2], [0])], _value),
    Property("the step is alpha long for each unit of the gradient", [_probe([0], [[1]], [1], [1], 2.0)], _value),
    Property("where the policy acts as it meant to, there is nothing to learn", [_probe([2], [[1]], [2], [1])], _value),
    Property(
        "of several samples it is the mean gradient, each weighed by its advantage",
        [_probe([0], [[1], [1]], [1, 1], [1, 1]), _probe([0], [[1], [2]], [1, 1], [1, -1]), TWO],
        _value,
    ),
    Property("theta itself stays as it was", [ONE], _kept),
    Property(
        "the answer can be differentiated: theta acts through the gradient, too",
        [ONE, _probe([1], [[1]], [2], [-1]), TWO],
        _slope,
    ),
    Property(
        "it agrees with the formula on numbers drawn at random", [_drawn(1, 2), _drawn(2, 2), _drawn(3, 2)], _value
    ),
    Property("and so does its derivative", [_drawn(2, 2), _drawn(3, 2)], _slope),
]

HINTS = [
    "Which of the sampled actions should become likelier, and which way must the mean of the policy move for that?",
    "With log pi = -(a - s.theta)^2 / 2, one number for each of the B samples:\n\n"
    "    L(theta) = - mean of A log pi(a | s)            one number\n"
    "    theta'   = theta - alpha dL/dtheta              (O,), as theta\n\n"
    "`obs @ theta` is s.theta for all samples, (B,). `torch.autograd.grad(loss, theta, create_graph=True)` gives a "
    "tuple with dL/dtheta, itself a function of theta. By hand: dL/dtheta = - mean of A (a - s.theta) s.",
    "In outline:\n\n    log_prob = minus half the squared difference of action and mean, for each sample\n"
    "    loss = minus the mean of advantage times log_prob\n"
    "    gradient = derivative of the loss by theta, with its graph\n    return theta less alpha times the gradient",
]


def _variant(
    sign=-1.0, mean=torch.mean, weight=lambda advantage: advantage, rate=lambda alpha: alpha, graph=True, half=0.5
):
    def mutant(theta, obs, action, advantage, alpha):
        loss = -mean(weight(advantage) * -half * (action - obs @ theta) ** 2)
        (gradient,) = torch.autograd.grad(loss, theta, create_graph=graph)
        return theta + sign * rate(alpha) * gradient

    return mutant


def _detached(theta, obs, action, advantage, alpha):
    return _variant()(theta, obs, action, advantage, alpha).detach()


def _in_place(theta, obs, action, advantage, alpha):
    step = _variant()(theta, obs, action, advantage, alpha) - theta
    with torch.no_grad():
        theta += step
    return theta


def _gradient_alone(theta, obs, action, advantage, alpha):
    return (theta - _variant()(theta, obs, action, advantage, alpha)) / alpha


def _step_alone(theta, obs, action, advantage, alpha):
    return _variant()(theta, obs, action, advantage, alpha) - theta


def _forgotten_start(theta, obs, action, advantage, alpha):
    return theta.detach() + _step_alone(theta, obs, action, advantage, alpha)


def _means_of_products(theta, obs, action, advantage, alpha):
    log_prob = -0.5 * (action - obs @ theta) ** 2
    loss = -advantage.mean() * log_prob.mean()
    (gradient,) = torch.autograd.grad(loss, theta, create_graph=True)
    return theta - alpha * gradient


def _without_obs(theta, obs, action, advantage, alpha):
    return theta + alpha * (advantage * (action - obs @ theta)).mean()


MUTANTS = [
    Mutant(
        "uphill",
        _variant(sign=1.0),
        "the step goes the wrong way: L is a loss, with its minus sign already in it, so theta goes down its gradient.",
    ),
    Mutant(
        "sum",
        _variant(mean=torch.sum),
        "you add the samples up. Take their mean, or twice as many samples would make a step twice as long.",
    ),
    Mutant(
        "advantages left out",
        _variant(weight=torch.ones_like),
        "every action becomes likelier, good or bad: the advantage is missing. This is imitation of oneself.",
    ),
    Mutant(
        "means multiplied",
        _means_of_products,
        "you multiply the mean advantage with the mean log-probability. Each sample has its own advantage: multiply "
        "first, then take the mean.",
    ),
    Mutant(
        "without alpha",
        _variant(rate=lambda alpha: 1.0),
        "alpha is missing: it says how long the step is.",
    ),
    Mutant(
        "the half forgotten",
        _variant(half=1.0),
        "the step is twice too long. In log pi the square is halved: -(a - s.theta)^2 / 2.",
    ),
    Mutant(
        "first order",
        _variant(graph=False),
        "the number is right, but the gradient counts as a constant: `create_graph=True` is missing. This is "
        "first-order MAML, which leaves the second derivatives out.",
    ),
    Mutant(
        "no graph",
        _detached,
        "the number is right, but the answer does not know that it came from theta (`.detach()`, `.data`, "
        "`torch.no_grad()` or `.item()`). The outer loop could learn nothing from it.",
    ),
    Mutant(
        "start forgotten",
        _forgotten_start,
        "the gradient has its graph, but the theta that it is taken from has not: use theta itself in the last line.",
    ),
    Mutant(
        "in place",
        _in_place,
        "you changed theta itself. It is the initial policy of all tasks: return new parameters and leave it alone.",
    ),
    Mutant("the gradient alone", _gradient_alone, "you gave the gradient. A step is theta minus alpha times it."),
    Mutant("the step alone", _step_alone, "you gave the change. The adapted parameters are theta plus that change."),
    Mutant(
        "obs left out of the gradient",
        _without_obs,
        "the derivative of s.theta by theta is s: it is missing, and all components move alike.",
    ),
]

exercise = Exercise(
    inner_step,
    title="MAML's inner step",
    difficulty=4,
    minutes=12,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
