"""A batched rollout: many imagined futures at once, each going on from its own prediction."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, Fresh, tensor


def imagine(step, start, actions):
    """Roll a world out: step (N, O), (N, A) -> (N, O); start (N, O), actions (T, N, A) -> states (T + 1, N, O)."""
    states = [start]
    for action in actions:  # (N, A)
        states.append(step(states[-1], action))
    return torch.stack(states)  # (T + 1, N, O)


class World:
    """keep * obs + gain * action, counting how often it is asked."""

    def __init__(self, keep, gain):
        self.keep, self.gain, self.calls = keep, gain, 0

    def __call__(self, obs, action):
        self.calls += 1
        return self.keep * obs + self.gain * action


def _probe(start, actions, keep=1.0, gain=1.0):
    world = Fresh(lambda: World(keep, gain), f"{keep:g} * obs + {gain:g} * action")
    return {"step": world, "start": tensor(*start), "actions": tensor(*actions)}


def _drawn(n_steps, n_rollouts, n_components):
    draw = Draw(n_steps + n_rollouts)
    start, actions = draw.halves(n_rollouts, n_components), draw.halves(n_steps, n_rollouts, n_components)
    return _probe([], [], 0.5, 2.0) | dict(start=start, actions=actions)


def _asked(function, step, start, actions):
    function(step, start, actions)
    return {"calls of step": step.calls}


TWO = [[[1], [2]], [[3], [-1]]]  # two steps of two rollouts

PROPERTIES = [
    Property(
        "it returns T + 1 states of N rollouts, (T + 1, N, O)", [_probe([[0], [0], [0]], [[[1], [1], [1]]])], form
    ),
    Property("the first state is the start", [_probe([[2]], [[[0]]]), _probe([[2], [-1]], [[[0], [0]]])]),
    Property("then comes what step makes of it", [_probe([[0]], [[[1]]]), _probe([[2]], [[[1]]], 0.5, 2.0)]),
    Property("it goes on from its own prediction, with the next action", [_probe([[0]], [[[1]], [[2]]])]),
    Property("every rollout has its own start and actions", [_probe([[0], [1]], TWO, 0.5)]),
    Property("one call of step moves all rollouts", [_probe([[0], [1]], TWO)], _asked),
    Property("it agrees with the definition on numbers drawn at random", [_drawn(3, 1, 1), _drawn(2, 2, 2)]),
]

HINTS = [
    "What does the second step start from, when nobody tells the model what really happened after the first?",
    "With s[t] for the states of all rollouts at time t, (N, O), and a[t] for their actions, (N, A):\n\n"
    "    s[0]     = start\n    s[t + 1] = step(s[t], a[t])        for t = 0 to T - 1\n\n"
    "`for action in actions` walks along the first axis, time; `torch.stack(list)` makes one tensor of a list.",
    "In three steps:\n\n    states = a list that begins with start\n"
    "    for each action along the time axis: append step of the last state and this action\n"
    "    return   the list, stacked along a new first axis        (T + 1, N, O)",
]


def _variant(
    begin=lambda start: [start],
    source=lambda states, start: states[-1],
    steps=lambda actions: list(actions),
    move=lambda step, s, a: step(s, a),
    end=lambda states: torch.stack(states),
):
    def mutant(step, start, actions):
        states, now = begin(start), [start]
        for action in steps(actions):
            now.append(move(step, source(now, start), action))
            states.append(now[-1])
        return end(states)

    return mutant


def _columns(step, start, actions):
    states = [start]
    for t in range(len(actions)):
        states.append(step(states[t], actions[:, t]))
    return torch.stack(states)


def _one_row_short(step, start, actions):
    states = torch.zeros(len(actions), *start.shape)
    states[0] = start
    for t in range(len(actions)):
        states[t + 1] = step(states[t], actions[t])
    return states


def _last_row_zero(step, start, actions):
    states = torch.zeros(len(actions) + 1, *start.shape)
    states[0] = start
    for t in range(len(actions) - 1):
        states[t + 1] = step(states[t], actions[t])
    return states


def _noted_before(step, start, actions):
    state, states = start, []
    for action in actions:
        states.append(state)
        state = step(state, action)
    return torch.stack(states)


def _tensor_of_list(step, start, actions):
    states = [start]
    for action in actions:
        states.append(step(states[-1], action))
    return torch.tensor(states)


def _one_by_one(step, start, actions):
    columns = []
    for n in range(len(start)):
        states = [start[n : n + 1]]
        for t in range(len(actions)):
            states.append(step(states[-1], actions[t, n : n + 1]))
        columns.append(torch.cat(states))
    return torch.stack(columns, 1)


MUTANTS = [
    Mutant(
        "without the start",
        _variant(begin=lambda start: []),
        "the start is missing: T actions make T + 1 states.",
    ),
    Mutant(
        "always from the start",
        _variant(source=lambda states, start: start),
        "every step starts from `start` again. A rollout goes on from the state that was predicted last.",
    ),
    Mutant(
        "the last action left out",
        _variant(steps=lambda actions: list(actions[:-1])),
        "the last action is left out: there is one state more than actions.",
    ),
    Mutant(
        "the state noted before the step",
        _noted_before,
        "each state is put into the list before its step is taken, so the last one never gets there. T actions make "
        "T + 1 states.",
    ),
    Mutant(
        "what step returns is thrown away",
        lambda step, start, actions: torch.stack([start for _ in range(len(actions) + 1)]),
        "the state never changes. `step` returns the next state and leaves the old one alone: keep what it returns.",
    ),
    Mutant(
        "returned after the first step",
        _variant(steps=lambda actions: list(actions[:1])),
        "only the first action is taken. Does `return` stand inside the loop?",
    ),
    Mutant(
        "the first action left out",
        _variant(steps=lambda actions: list(actions[1:])),
        "the first action is left out. `actions[0]` leads from the start to the second state.",
    ),
    Mutant(
        "actions of one rollout",
        _columns,
        "`actions[:, t]` is everything that rollout t does. The actions of all rollouts at time t are `actions[t]`, "
        "(N, A).",
    ),
    Mutant(
        "a row too few",
        _one_row_short,
        "there is room for T states; T actions make T + 1.",
    ),
    Mutant(
        "the last row left at 0",
        _last_row_zero,
        "the last row was never filled. All T actions lead on: `range(len(actions))`.",
    ),
    Mutant(
        "torch.tensor of a list of tensors",
        _tensor_of_list,
        "`torch.tensor` makes tensors from numbers. Tensors are put together by `torch.stack(states)`.",
    ),
    Mutant(
        "always the first action",
        _variant(steps=lambda actions: [actions[0]] * len(actions)),
        "the first action is taken at every step. `for action in actions` gives one after the other.",
    ),
    Mutant(
        "backwards",
        _variant(steps=lambda actions: list(actions.flip(0))),
        "the actions come in the wrong order.",
    ),
    Mutant(
        "changes added",
        _variant(move=lambda step, s, a: s + step(s, a)),
        "you add what `step` returns to the state. It returns the next state, not the change.",
    ),
    Mutant(
        "stacked across",
        _variant(end=lambda states: torch.stack(states, 1)),
        "time is the first axis of what is asked for, (T + 1, N, O): `torch.stack(states)`.",
    ),
    Mutant(
        "joined",
        _variant(end=lambda states: torch.cat(states)),
        "`torch.cat` joins the states along the rollouts. `torch.stack` makes a new axis, time.",
    ),
    Mutant(
        "only the last state",
        _variant(end=lambda states: states[-1]),
        "you return only the last state. All of them are wanted, the start first.",
    ),
    Mutant(
        "a list",
        _variant(end=lambda states: states),
        "you return a list of states. `torch.stack(states)` makes one tensor of it.",
    ),
    Mutant(
        "walked along the rollouts",
        lambda step, start, actions: _variant()(step, start, actions.transpose(0, 1)),
        "you walk along the rollouts. `actions` is (T, N, A): its first axis is time.",
    ),
    Mutant(
        "one by one",
        _one_by_one,
        "the states are right, but `step` is called for each rollout by itself. It takes all N at once, and one large "
        "product costs little more than a small one.",
    ),
]

exercise = Exercise(
    imagine,
    title="Imagine a future",
    difficulty=2,
    minutes=8,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
