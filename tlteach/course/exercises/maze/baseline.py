"""A bug hunt: a batch whose members are all compared with the first one's expectation (the batched programs, A6)."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def own_advantage(returns, values):
    """How much better than expected: returns (T, B), values (T, B, 1) from the value head -> (T, B)."""
    return torch.stack([returns[t] - values[t].squeeze(-1) for t in range(len(returns))])


def _probe(returns, values):
    return dict(returns=tensor(*returns), values=tensor(*[[[v] for v in row] for row in values]))


def _drawn(n_steps, n_episodes):
    draw = Draw(n_steps + n_episodes)
    return dict(returns=draw.halves(n_steps, n_episodes), values=draw.halves(n_steps, n_episodes, 1))


PROPERTIES = [
    Property("it returns a number for each step and episode, (T, B)", [_probe([[1, 2]], [[0, 0]])], form),
    Property("where nothing is expected, it is the return", [_probe([[1, 2], [3, 4]], [[0, 0], [0, 0]])]),
    Property("with one episode at a time: the return less what was expected", [_probe([[3], [1]], [[1], [2]])]),
    Property(
        "each episode is compared with its own expectation",
        [_probe([[5, 5]], [[1, 3]]), _probe([[1, 2], [3, 4]], [[1, 2], [3, 4]])],
    ),
    Property("it agrees with the difference on numbers drawn at random", [_drawn(2, 2), _drawn(3, 2), _drawn(2, 5)]),
]

HINTS = [
    "What is the shape of values[t], and what is the shape of values[t][0]? With a batch of one, would you have "
    "noticed?",
    "Shapes:\n\n    returns[t]                 (B,)\n    values[t]                  (B, 1)\n"
    "    values[t][0]               (1,)      the first episode's value, which broadcasts to all\n"
    "    values[t].squeeze(-1)      (B,)      or values[t][:, 0]",
    "One index is wrong:\n\n    for each step: the returns (B,) minus the values of this step, their last axis "
    "taken away (B,)\n"
    "    stack the steps",
]

MUTANTS = [
    Mutant(
        "the first episode's value for all",
        lambda returns, values: returns - values[:, 0],
        "this is the bug itself: `values[t][0]` is the value of the *first* episode, of shape (1,), and it broadcasts.",
    ),
    Mutant(
        "the last episode's value for all",
        lambda returns, values: returns - values[:, -1],
        "now all are compared with the last episode. It is the *last axis* that has to go: `squeeze(-1)`.",
    ),
    Mutant(
        "everybody with everybody",
        lambda returns, values: torch.stack([r - v for r, v in zip(returns, values, strict=True)]),
        "(B,) minus (B, 1) broadcasts to (B, B): every episode with every other. Take the last axis of the values "
        "away.",
    ),
    Mutant(
        "squeezed and broadcast",
        lambda returns, values: returns - values.mean(1),
        "you compare with the mean over the episodes. Each has an expectation of its own.",
    ),
    Mutant(
        "the first step's value for all",
        lambda returns, values: returns - values[0].squeeze(-1),
        "you compare every step with what was expected at the first one. Take the values of the same step.",
    ),
    Mutant(
        "wrong way round",
        lambda returns, values: values.squeeze(-1) - returns,
        "the sign is wrong: better than expected is returns minus values.",
    ),
]

exercise = Exercise(
    own_advantage,
    title="Bug hunt: whose expectation?",
    difficulty=2,
    minutes=4,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
