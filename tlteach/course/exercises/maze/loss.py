"""The loss of advantage actor-critic: actor, critic, and a penalty on being too sure (specification A5)."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def a2c_loss(log_prob, probs, values, returns, critic, penalty):
    """log_prob, values, returns (T, B), probs (T, B, A), weights critic, penalty -> the loss, one number."""
    advantage = returns - values.detach()  # (T, B)  better or worse than expected; no gradient reaches the critic here
    actor = -log_prob * advantage  # (T, B)
    error = (returns - values) ** 2  # (T, B)
    sure = (probs**2).sum(-1)  # (T, B)  1 for a single action, 1 / A for all alike
    return (actor + critic * error + penalty * sure).mean()


def _probe(log_prob=(0,), probs=((0.5, 0.5),), values=(0,), returns=(0,), critic=0.0, penalty=0.0):
    rows = {"log_prob": [log_prob], "probs": [list(map(list, probs))], "values": [values], "returns": [returns]}
    return {name: tensor(*row) for name, row in rows.items()} | dict(critic=critic, penalty=penalty)


def _drawn(n_steps, n_episodes):
    draw = Draw(7 * n_steps + n_episodes)
    shape = n_steps, n_episodes
    probs = (draw.halves(*shape, 2) + 2) / 4
    chosen = dict(
        log_prob=draw.halves(*shape) - 1, probs=probs, values=draw.halves(*shape), returns=draw.halves(*shape)
    )
    return chosen | dict(critic=0.5, penalty=0.25)


def _loss(function, *inputs):
    return {"loss": function(*inputs)}


def _gradient(which):
    """What the loss would change if `which` could be moved: the gradient with respect to it."""
    names = ("log_prob", "probs", "values", "returns")

    def look(function, *inputs):
        leaves = [value.clone().requires_grad_() for value in inputs[:4]]
        at = names.index(which)
        loss = function(*leaves, *inputs[4:])
        (found,) = torch.autograd.grad(loss, leaves[at], allow_unused=True)
        return {f"gradient of the loss for {which}": torch.zeros_like(leaves[at]) if found is None else found}

    return look


ONE = dict(log_prob=(-1,), values=(1,), returns=(3,))

PROPERTIES = [
    Property("it returns one number", [_probe()], form),
    Property(
        "the actor: an action that did better than expected by 2, taken with log probability -1, adds 2",
        [_probe(**ONE), _probe(log_prob=(-1,), returns=(3,)), _probe(log_prob=(-2,), values=(3,), returns=(1,))],
        _loss,
    ),
    Property(
        "every step is compared with its own expectation, and the loss is the mean over steps and episodes",
        [_probe(log_prob=(-1, -1), probs=((0.5, 0.5), (0.5, 0.5)), values=(1, 5), returns=(3, 1))],
        _loss,
    ),
    Property(
        "the critic: its error, squared, times its weight", [_probe(values=(1,), returns=(3,), critic=0.5)], _loss
    ),
    Property(
        "the penalty: the sum of squared probabilities, times its weight",
        [_probe(penalty=1.0), _probe(probs=((1, 0),), penalty=1.0), _probe(probs=((0.5, 0.25, 0.25),), penalty=0.5)],
        _loss,
    ),
    Property("the actor's gradient makes the better action likelier", [_probe(**ONE)], _gradient("log_prob")),
    Property(
        "the critic learns from its own error alone: through the actor's part no gradient reaches the values",
        [_probe(**ONE), _probe(**ONE, critic=0.5)],
        _gradient("values"),
    ),
    Property(
        "the penalty pulls the probabilities together", [_probe(probs=((0.75, 0.25),), penalty=1.0)], _gradient("probs")
    ),
    Property(
        "it agrees with the formula on numbers drawn at random", [_drawn(1, 2), _drawn(2, 2), _drawn(2, 3)], _loss
    ),
]

HINTS = [
    "Three wishes: do again what went better than expected; expect what really comes; do not be too sure too early. "
    "Which "
    "part of the loss is which, and which of them may change the values?",
    "For every step and episode, each (T, B):\n\n"
    "    advantage = returns - values, as plain numbers: values.detach()\n"
    "    actor     = -log_prob * advantage\n"
    "    error     = (returns - values) ** 2\n"
    "    sure      = sum over actions a of probs[..., a] ** 2\n"
    "    loss      = mean of  actor + critic * error + penalty * sure\n\n"
    "`.detach()` gives the same numbers, but no gradient flows back through them.",
    "In five steps:\n\n    the advantage: returns minus the values, cut off from the gradient\n"
    "    the actor's part: minus log_prob times the advantage\n"
    "    the critic's part: the squared difference, not cut off\n"
    "    the penalty: squared probs, summed over the last axis\n"
    "    add them, the last two with their weights; take the mean",
]


def _advantage(returns, values):
    return returns - values.detach()


def _variant(
    advantage=_advantage,
    actor=lambda log_prob, a: -log_prob * a,
    error=lambda returns, values: (returns - values) ** 2,
    sure=lambda probs: (probs**2).sum(-1),
    total=torch.mean,
):
    def mutant(log_prob, probs, values, returns, critic, penalty):
        parts = actor(log_prob, advantage(returns, values)) + critic * error(returns, values)
        return total(parts + penalty * sure(probs))

    return mutant


MUTANTS = [
    Mutant(
        "not detached",
        _variant(advantage=lambda returns, values: returns - values),
        "the numbers are right, but the actor's part teaches the critic, too: it would learn to expect whatever "
        "makes the "
        "actor's loss small. Cut it off there: `values.detach()`.",
    ),
    Mutant(
        "no baseline",
        _variant(advantage=lambda returns, values: returns),
        "you weigh actions by the return itself. What counts is how much *more* it was than expected: returns - "
        "values.",
    ),
    Mutant(
        "wrong sign",
        _variant(advantage=lambda returns, values: values.detach() - returns),
        "the actor's part has the wrong sign: better than expected is returns *minus* values, and the loss is made "
        "*small*, so it is minus log_prob times the advantage.",
    ),
    Mutant(
        "the first episode's baseline for all",
        _variant(advantage=lambda returns, values: returns - values.detach()[:, :1]),
        "all episodes are compared with the value of the first. (A published program did this; see the bug hunt.)",
    ),
    Mutant(
        "one baseline for the batch",
        _variant(advantage=lambda returns, values: returns - values.detach().mean()),
        "you subtract the mean of all values. Each step has an expectation of its own.",
    ),
    Mutant(
        "critic detached",
        _variant(error=lambda returns, values: (returns - values.detach()) ** 2),
        "the numbers are right, but now the critic learns nothing: only in the actor's part are its values cut off.",
    ),
    Mutant(
        "the critic's error not squared",
        _variant(error=lambda returns, values: (returns - values).abs()),
        "the critic's error is not squared. Squared, its best answer is the mean of the returns.",
    ),
    Mutant(
        "half the squared error",
        _variant(error=lambda returns, values: (returns - values) ** 2 / 2),
        "you halve the squared error. Here its weight is `critic` alone.",
    ),
    Mutant(
        "mean over actions",
        _variant(sure=lambda probs: (probs**2).mean(-1)),
        "you take the mean of the squared probabilities over the actions. It is their sum.",
    ),
    Mutant(
        "probabilities not squared",
        _variant(sure=lambda probs: probs.sum(-1)),
        "the probabilities are not squared, and their sum is always 1: nothing to learn from.",
    ),
    Mutant(
        "penalty as a reward",
        _variant(sure=lambda probs: -(probs**2).sum(-1)),
        "the penalty has the wrong sign: being sure is to cost something.",
    ),
    Mutant(
        "entropy",
        _variant(sure=lambda probs: (probs * probs.clamp(min=1e-9).log()).sum(-1)),
        "this is (minus) the entropy, the more common choice. This lesson follows the paper's program: squared "
        "probabilities.",
    ),
    Mutant(
        "sum",
        _variant(total=torch.sum),
        "you take the sum over steps and episodes. With the mean, rates need not change with the size of the batch.",
    ),
    Mutant(
        "mean over steps, sum over episodes",
        _variant(total=lambda parts: parts.mean(0).sum()),
        "you add up the episodes. Take the mean over both, steps and episodes.",
    ),
]

exercise = Exercise(
    a2c_loss,
    title="Actor and critic",
    difficulty=3,
    minutes=10,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
