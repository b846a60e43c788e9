"""The known reward of the point mass: what makes a learned dynamics model a world to practise in."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def known_reward(obs, action, next_obs, task):
    """Reward of each step: obs, next_obs (..., 4) = x, y, v_x, v_y; action (..., 2); task (2,) or (..., 2) -> (...)."""
    distance = (next_obs[..., :2] - task).norm(dim=-1)  # (...)
    effort = action.clamp(-1, 1).square().sum(-1)  # (...)
    return -distance - 0.01 * effort


def _probe(obs, action, next_obs, task):
    return dict(obs=tensor(*obs), action=tensor(*action), next_obs=tensor(*next_obs), task=tensor(*task))


def _drawn(n_steps, n_rollouts):
    draw = Draw(n_steps)
    shape = n_steps, n_rollouts
    obs, next_obs = draw.halves(*shape, 4), draw.halves(*shape, 4)
    return dict(obs=obs, action=3 * draw.halves(*shape, 2), next_obs=next_obs, task=draw.halves(n_rollouts, 2))


START, REST, HERE = [0, 0, 0, 0], [0, 0], [0, 0]

PROPERTIES = [
    Property(
        "it returns one number for each step, whatever the batch",
        [
            _probe([START, START], [REST, REST], [START, START], HERE),
            _probe([[START] * 2], [[REST] * 2], [[START] * 2], HERE),
        ],
        form,
    ),
    Property("at rest in the goal a step costs nothing", [_probe([START], [REST], [START], HERE)]),
    Property(
        "without force it is minus the distance to the goal, along a straight line",
        [_probe([[3, 4, 0, 0]], [REST], [[3, 4, 0, 0]], HERE), _probe([START], [REST], [START], [0, 2])],
    ),
    Property("what counts is where the step leads to", [_probe([START], [REST], [[0, 1, 0, 0]], HERE)]),
    Property("velocity costs nothing", [_probe([START], [REST], [[0, 0, 1, -1]], HERE)]),
    Property(
        "force costs a hundredth of its square, both motors together", [_probe([START], [[1, -0.5]], [START], HERE)]
    ),
    Property("a push is cut to [-1, 1] before it is paid for", [_probe([START], [[3, 0]], [START], HERE)]),
    Property("it agrees with the formula on numbers drawn at random", [_drawn(1, 1), _drawn(1, 2), _drawn(2, 2)]),
]

HINTS = [
    "What would a referee have to see of one step to give its reward: where it began, what was done, where it led?",
    "With p' the place after the step, g the goal and a the action, cut to [-1, 1]:\n\n"
    "    r = -|p' - g| - 0.01 (a_x^2 + a_y^2)        one number a step\n\n"
    "`next_obs[..., :2]` is p' (..., 2), `x.norm(dim=-1)` the length along the last axis, `x.clamp(-1, 1)` cuts, and "
    "`.sum(-1)` adds up the last axis alone.",
    "In three lines:\n\n    distance = length, along the last axis, of the place in next_obs minus the task\n"
    "    effort = sum, along the last axis, of the squares of the action that was cut\n"
    "    return minus distance, minus effort / 100",
]


def _variant(place=lambda obs, after: after[..., :2], length=lambda d: d.norm(dim=-1), cut=1.0, cost=0.01):
    def mutant(obs, action, next_obs, task):
        effort = action.clamp(-cut, cut).square().sum(-1)
        return -length(place(obs, next_obs) - task) - cost * effort

    return mutant


def _cut_in_place(obs, action, next_obs, task):
    return _variant()(obs, action.clamp_(-1, 1), next_obs, task)


MUTANTS = [
    Mutant(
        "before the step",
        _variant(place=lambda obs, after: obs[..., :2]),
        "you measure where the step began. An action would then be paid for what the one before it did: use next_obs.",
    ),
    Mutant(
        "squared distance",
        _variant(length=lambda d: d.square().sum(-1)),
        "this is the square of the distance. The root of it, or `.norm(dim=-1)`, is the distance.",
    ),
    Mutant(
        "along the axes",
        _variant(length=lambda d: d.abs().sum(-1)),
        "you add the distances along x and along y. Along a straight line it is the root of the sum of their squares.",
    ),
    Mutant(
        "all of the state",
        lambda obs, action, next_obs, task: (
            -(next_obs - task).norm(dim=-1) - 0.01 * action.clamp(-1, 1).square().sum(-1)
        ),
        "next_obs has four numbers, the goal two. Only the first two of the four are the place: `[..., :2]` (`[:2]` "
        "takes two rows of the batch).",
    ),
    Mutant(
        "effort is free",
        _variant(cost=0.0),
        "the force is missing: minus 0.01 times the sum of its squares.",
    ),
    Mutant(
        "effort in full",
        _variant(cost=1.0),
        "the force costs a hundredth of its square; at full price the best policy would be to stay where it is.",
    ),
    Mutant(
        "effort earns",
        _variant(cost=-0.01),
        "the sign of the effort: force is paid for, not rewarded.",
    ),
    Mutant(
        "distance earns",
        lambda obs, action, next_obs, task: (
            (next_obs[..., :2] - task).norm(dim=-1) - 0.01 * action.clamp(-1, 1).square().sum(-1)
        ),
        "the sign of the distance: this policy would flee from its goal.",
    ),
    Mutant(
        "effort as a length",
        lambda obs, action, next_obs, task: (
            -(next_obs[..., :2] - task).norm(dim=-1) - 0.01 * action.clamp(-1, 1).norm(dim=-1)
        ),
        "the effort is the square of the length, not the length: `.square().sum(-1)`.",
    ),
    Mutant(
        "mean effort",
        lambda obs, action, next_obs, task: (
            -(next_obs[..., :2] - task).norm(dim=-1) - 0.01 * action.clamp(-1, 1).square().mean(-1)
        ),
        "you take the mean of the two squares. The length squared is their sum.",
    ),
    Mutant(
        "effort not squared",
        lambda obs, action, next_obs, task: (
            -(next_obs[..., :2] - task).norm(dim=-1) - 0.01 * action.clamp(-1, 1).sum(-1)
        ),
        "the actions are added up without being squared: pushing backwards would earn something.",
    ),
    Mutant(
        "the sum is cut",
        lambda obs, action, next_obs, task: (
            -(next_obs[..., :2] - task).norm(dim=-1) - 0.01 * action.square().sum(-1).clamp(max=1)
        ),
        "each of the two motors is cut to [-1, 1] by itself, before squares are added: at full force both cost 2.",
    ),
    Mutant(
        "velocity for place",
        _variant(place=lambda obs, after: after[..., 2:]),
        "`next_obs[..., 2:]` is the velocity. The place comes first: `[..., :2]`.",
    ),
    Mutant(
        "a table expected",
        lambda obs, action, next_obs, task: (
            -(next_obs[:, :2] - task).norm(dim=-1) - 0.01 * action.clamp(-1, 1).square().sum(-1)
        ),
        "`[:, :2]` takes the second axis, whichever that is. The last one is `[..., :2]`, however many come before it.",
    ),
    Mutant(
        "the action cut in place",
        _cut_in_place,
        "the reward is right, but `clamp_` cuts the caller's actions. `action.clamp(-1, 1)` makes a new tensor.",
    ),
    Mutant(
        "effort not cut",
        _variant(cut=torch.inf),
        "an action of 3 does no more than one of 1, and costs no more: cut it with `.clamp(-1, 1)` first.",
    ),
    Mutant(
        "one number for all",
        lambda obs, action, next_obs, task: (
            -(next_obs[..., :2] - task).norm() - 0.01 * action.clamp(-1, 1).square().sum()
        ),
        "you added everything up. Thousands of steps come at once, and each has a reward of its own: sum over the last "
        "axis only, `sum(-1)` and `norm(dim=-1)`.",
    ),
    Mutant(
        "one effort for all",
        lambda obs, action, next_obs, task: (
            -(next_obs[..., :2] - task).norm(dim=-1) - 0.01 * action.clamp(-1, 1).square().sum()
        ),
        "the distances are right, but `sum()` adds up the effort of all steps of the batch. Use `sum(-1)`.",
    ),
    Mutant(
        "a column",
        lambda obs, action, next_obs, task: (
            -(next_obs[..., :2] - task).norm(dim=-1, keepdim=True)
            - 0.01 * action.clamp(-1, 1).square().sum(-1, keepdim=True)
        ),
        "the last axis is still there, with length 1. Leave out `keepdim=True`.",
    ),
]

exercise = Exercise(
    known_reward,
    title="The known reward",
    difficulty=2,
    minutes=6,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
