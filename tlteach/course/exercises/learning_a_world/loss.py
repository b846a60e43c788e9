"""The loss of the model: how far its own imagined steps stray, as a norm, with the truth where an episode ends."""

import torch
from torch import nn

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, Fresh, tensor


def multi_step_loss(step, obs, action, next_obs, boundary, std):
    """Loss of H steps: obs, next_obs (H, B, O), action (H, B, A), boundary (H, B) bool, std (O,) -> a scalar tensor."""
    H, state, total = len(obs), obs[0], 0.0  # state: what the model believes, (B, O)
    for i in range(H):
        predicted = step(state, action[i])  # (B, O)
        error = ((predicted - state) - (next_obs[i] - obs[i])) / std  # (B, O)  of the change
        total = total + (error.square().mean(-1) + 1e-12).sqrt().mean()  # norm, then mean over the batch
        if i + 1 < H:
            state = torch.where(boundary[i][:, None], obs[i + 1], predicted)  # a new episode, or the own belief
    return total / H


class World(nn.Module):
    """keep * obs + weight * action, with one weight to be learned."""

    def __init__(self, keep, gain):
        super().__init__()
        self.keep, self.weight = keep, nn.Parameter(tensor(gain)[0])

    def forward(self, obs, action):
        return self.keep * obs + self.weight * action


def _world(keep=0.5, gain=1.0):
    return Fresh(lambda: World(keep, gain), f"{keep:g} * obs + {gain:g} * action")


def _probe(obs, action, next_obs, boundary=None, std=(1,)):
    obs, action, next_obs = tensor(*obs), tensor(*action), tensor(*next_obs)
    boundary = tensor(*boundary).bool() if boundary else torch.zeros(obs.shape[:2], dtype=torch.bool)
    return dict(step=_world(), obs=obs, action=action, next_obs=next_obs, boundary=boundary, std=tensor(*std))


def _drawn(n_steps, n_windows, n_components):
    draw = Draw(n_steps + 10 * n_windows)
    obs, action, next_obs = (draw.halves(n_steps, n_windows, n_components) for _ in range(3))
    boundary, std = draw.signs(n_steps, n_windows) > 0, draw.halves(n_components).abs() + 0.5
    return dict(step=_world(), obs=obs, action=action, next_obs=next_obs, boundary=boundary, std=std)


def _gradient(function, step, *window):
    loss = function(step, *window)
    if not (isinstance(loss, torch.Tensor) and loss.requires_grad):
        return {"gradient": "none: the loss is cut off from the model"}
    loss.backward()
    return {"gradient": step.weight.grad}


RIGHT = [[[2]]], [[[1]]], [[[2]]]  # obs, action and next_obs of a step that is predicted exactly: 0.5 * 2 + 1 = 2
TWO_RIGHT = [[[2]], [[2]]], [[[1]], [[1]]], [[[2]], [[2]]]
ENDS = [[1], [0]]  # an episode ends with the first step of the window

PROPERTIES = [
    Property(
        "it returns one number",
        [_probe([[[0, 2], [1, 0]]], [[[1, 1], [0, 1]]], [[[1, 2], [1, 1]]], std=(1, 1))],
        form,
    ),
    Property("what is predicted exactly costs nothing", [_probe(*RIGHT)]),
    Property(
        "an error costs its size, not its square",
        [_probe([[[2]]], [[[1]]], [[[4]]]), _probe([[[2]]], [[[1]]], [[[1.5]]])],
    ),
    Property("errors are in units of std", [_probe([[[2]]], [[[1]]], [[[4]]], std=(4,))]),
    Property(
        "over the components it is the root of the mean square",
        [
            _probe([[[2, 2]]], [[[1, 1]]], [[[3, 1]]], std=(1, 1)),
            _probe([[[2, 2]]], [[[1, 1]]], [[[4, 2]]], std=(1, 1)),
        ],
    ),
    Property(
        "it is the mean over the windows of a batch",
        [_probe([[[2], [2]]], [[[1], [1]]], [[[4], [2]]]), _probe([[[2], [2]]], [[[1], [1]]], [[[4], [3]]])],
    ),
    Property("it is the mean over the steps", [_probe([[[2]], [[2]]], [[[1]], [[1]]], [[[2]], [[4]]])]),
    Property(
        "the second step starts from the model's own prediction, and its change is compared with the true change",
        [_probe([[[2]], [[4]]], [[[1]], [[1]]], [[[4]], [[5]]])],
    ),
    Property(
        "the last step of an episode counts: its target is next_obs, not the first state of the next episode",
        [
            _probe([[[2]], [[0]]], [[[1]], [[1]]], [[[2]], [[1]]], ENDS),
            _probe([[[2]], [[0]]], [[[1]], [[1]]], [[[4]], [[1]]], ENDS),
        ],
    ),
    Property(
        "after the end of an episode the model starts from the true first state of the next one",
        [_probe([[[2]], [[0]]], [[[1]], [[1]]], [[[2]], [[3]]], ENDS)],
    ),
    Property(
        "the end of the window's last step changes nothing",
        [_probe([[[2]], [[4]]], [[[1]], [[1]]], [[[4]], [[5]]], [[0], [1]])],
    ),
    Property(
        "its gradient goes back through all steps, and is a number even where the error is 0",
        [_probe(*RIGHT), _probe([[[2]], [[4]]], [[[1]], [[1]]], [[[4]], [[5]]])],
        _gradient,
    ),
    Property(
        "it agrees with the library on windows drawn at random", [_drawn(1, 1, 2), _drawn(3, 2, 1), _drawn(3, 2, 2)]
    ),
]

HINTS = [
    "What does the model believe the state to be at the beginning of step 0, and of step 1? When is that belief "
    "replaced by the truth?",
    "With s^ for what the model believes, s^[0] = obs[0], and for i = 0 to H - 1:\n\n"
    "    s^[i+1] = step(s^[i], action[i])                                              (B, O)\n"
    "    e[i]    = ((s^[i+1] - s^[i]) - (next_obs[i] - obs[i])) / std                   (B, O)\n"
    "    L       = 1/H times the sum over i of mean over B of sqrt(mean over O of e[i]**2 + 1e-12)\n\n"
    "Where boundary[i] is true, put obs[i+1] in the place of s^[i+1] before you go on: `torch.where`, with "
    "`boundary[i][:, None]` of shape (B, 1).",
    "In a loop over the steps, with state = obs[0] before it:\n\n"
    "    predicted = step of state and this step's action\n"
    "    error     = change of the belief minus true change, divided by std        (B, O)\n"
    "    add up      mean over B of the root of (mean square over O, plus 1e-12)\n"
    "    state     = the next true obs where an episode ended, else predicted (not after the last step)\n"
    "    at the end, divide by H",
]


def _variant(
    size=lambda e: (e.square().mean(-1) + 1e-12).sqrt().mean(),
    unit=lambda std: std,
    error=lambda predicted, state, obs, next_obs: (predicted - state) - (next_obs - obs),
    go_on=lambda predicted, obs, i, boundary: torch.where(boundary[i][:, None], obs[i + 1], predicted),
    target=lambda next_obs, obs, i: next_obs[i],
    total=lambda losses: sum(losses) / len(losses),
):
    def mutant(step, obs, action, next_obs, boundary, std):
        H, state, losses = len(obs), obs[0], []
        for i in range(H):
            predicted = step(state, action[i])
            losses.append(size(error(predicted, state, obs[i], target(next_obs, obs, i)) / unit(std)))
            if i + 1 < H:
                state = go_on(predicted, obs, i, boundary)
        return total(losses)

    return mutant


def _last_step_skipped(step, obs, action, next_obs, boundary, std):
    """Errors of steps that end an episode are left out."""
    H, state, total = len(obs), obs[0], 0.0
    for i in range(H):
        predicted = step(state, action[i])
        e = ((predicted - state) - (next_obs[i] - obs[i])) / std
        cost = (e.square().mean(-1) + 1e-12).sqrt()
        total = total + torch.where(boundary[i], 0.0, cost).mean()
        if i + 1 < H:
            state = torch.where(boundary[i][:, None], obs[i + 1], predicted)
    return total / H


def _cut_off(step, obs, action, next_obs, boundary, std):
    return torch.as_tensor(_variant()(step, obs, action, next_obs, boundary, std).item())


def _off_the_end(step, obs, action, next_obs, boundary, std):
    state = obs[0]
    for i in range(len(obs)):
        state = torch.where(boundary[i][:, None], obs[i + 1], step(state, action[i]))
    return state


def _one_for_the_batch(step, obs, action, next_obs, boundary, std):
    """A truth value for all windows at once: an error for batches of several."""
    go_on = lambda predicted, obs, i, boundary: obs[i + 1] if boundary[i] else predicted  # noqa: E731
    if len(boundary[0]) > 1:
        bool(boundary[0])
    return _variant(go_on=go_on)(step, obs, action, next_obs, boundary, std)


def _a_change(step, obs, action, next_obs, boundary, std):
    return _variant()(lambda s, a: s + step(s, a), obs, action, next_obs, boundary, std)


MUTANTS = [
    Mutant(
        "squared",
        _variant(size=lambda e: e.square().mean(-1).mean()),
        "you add up squares. The loss is a norm: the root is taken for each window, before the mean over the batch.",
    ),
    Mutant(
        "one root for the batch",
        _variant(size=lambda e: (e.square().mean() + 1e-12).sqrt()),
        "you take the root after the mean over the batch. Then one bad window rules again: root first, then mean.",
    ),
    Mutant(
        "absolute errors",
        _variant(size=lambda e: e.abs().mean()),
        "you average absolute errors. Over the components it is the root of the mean square.",
    ),
    Mutant(
        "summed over components",
        _variant(size=lambda e: (e.square().sum(-1) + 1e-12).sqrt().mean()),
        "under the root stands the mean over the components, not the sum.",
    ),
    Mutant(
        "no unit",
        _variant(unit=lambda std: 1.0),
        "the errors are not divided by std, so the component with the largest numbers rules.",
    ),
    Mutant(
        "multiplied by the unit",
        _variant(unit=lambda std: 1 / std),
        "you multiply by std. Divide, to measure in units of it.",
    ),
    Mutant(
        "one step at a time",
        _variant(go_on=lambda predicted, obs, i, boundary: obs[i + 1]),
        "every step starts from the true state (teacher forcing everywhere): that is the one-step loss.",
    ),
    Mutant(
        "over the end",
        _variant(go_on=lambda predicted, obs, i, boundary: predicted),
        "the model goes on imagining across the end of an episode. There, put the true `obs[i + 1]` in its place.",
    ),
    Mutant(
        "the other way round",
        _variant(go_on=lambda predicted, obs, i, boundary: torch.where(boundary[i][:, None], predicted, obs[i + 1])),
        "`torch.where(condition, a, b)` takes a where the condition is true: the true state where an episode ends.",
    ),
    Mutant(
        "a step late",
        _variant(
            go_on=lambda predicted, obs, i, boundary: torch.where(boundary[i + 1][:, None], obs[i + 1], predicted)
        ),
        "you look at boundary[i + 1]. It is boundary[i] that says that step i ended an episode, and obs[i + 1] is new.",
    ),
    Mutant(
        "a row where a column is needed",
        _variant(go_on=lambda predicted, obs, i, boundary: torch.where(boundary[i], obs[i + 1], predicted)),
        "`boundary[i]` is (B,), the states are (B, O): torch lays it along the components. `boundary[i][:, None]` is "
        "(B, 1), one truth value a window.",
    ),
    Mutant(
        "off the end of the window",
        _off_the_end,
        "there is no `obs[i + 1]` after the last step of the window, and nothing to go on to: `if i + 1 < len(obs)`.",
    ),
    Mutant(
        "if for the whole batch",
        _one_for_the_batch,
        "`boundary[i]` holds a truth value for each of the B windows, `if` wants a single one. `torch.where` chooses "
        "window by window.",
    ),
    Mutant(
        "never goes on",
        _variant(go_on=lambda predicted, obs, i, boundary: obs[0]),
        "every step starts from `obs[0]`: the belief is never moved on to what was predicted.",
    ),
    Mutant(
        "the old episode's last state",
        lambda step, obs, action, next_obs, boundary, std: _variant(
            go_on=lambda predicted, obs, i, boundary: torch.where(boundary[i][:, None], next_obs[i], predicted)
        )(step, obs, action, next_obs, boundary, std),
        "after the end of an episode you go on from `next_obs[i]`, the last state of the old one. The next one starts "
        "at `obs[i + 1]`.",
    ),
    Mutant(
        "a change expected",
        _a_change,
        "you treat what `step` returns as a change. It returns the next state, as in exercise 2.",
    ),
    Mutant(
        "states compared",
        _variant(error=lambda predicted, state, obs, next_obs: predicted - next_obs),
        "you compare states. Compare the changes: (s^[i+1] - s^[i]) with (next_obs[i] - obs[i]). From the second step "
        "on that differs.",
    ),
    Mutant(
        "the next row as the target",
        _variant(target=lambda next_obs, obs, i: obs[i + 1] if i + 1 < len(obs) else next_obs[i]),
        "your target is obs[i + 1]. Where an episode ends that is the start of another one: use next_obs[i].",
    ),
    Mutant(
        "the last step of an episode left out",
        _last_step_skipped,
        "you leave out the step that ends an episode. Its next_obs is true: it counts like any other.",
    ),
    Mutant(
        "sum over steps",
        _variant(total=sum),
        "you add up the steps. Divide by H, so that a longer horizon is not a larger learning rate.",
    ),
    Mutant(
        "only the last step",
        _variant(total=lambda losses: losses[-1]),
        "only the last step is judged. All H steps count.",
    ),
    Mutant(
        "not squared",
        _variant(size=lambda e: (e.mean(-1) + 1e-12).sqrt().mean()),
        "the errors are not squared before their root is taken; of a negative one that is NaN.",
    ),
    Mutant(
        "a plain number",
        _cut_off,
        "the value is right, but `.item()`, `float` or `.detach()` cuts it off, and the model gets no gradient. "
        "Add up the tensors.",
    ),
    Mutant(
        "infinite slope",
        _variant(size=lambda e: e.square().mean(-1).sqrt().mean()),
        "the value is right, but the slope of a root at 0 is infinite, and the gradient becomes NaN at the first "
        "perfect prediction. Add 1e-12 under the root.",
    ),
    Mutant(
        "cut between the steps",
        _variant(
            go_on=lambda predicted, obs, i, boundary: torch.where(boundary[i][:, None], obs[i + 1], predicted.detach())
        ),
        "the value is right, but the prediction is cut off from the graph (`.detach()`, `no_grad`): the model is not "
        "told that its first step spoiled the second.",
    ),
]

exercise = Exercise(
    multi_step_loss,
    title="A loss that looks ahead",
    difficulty=4,
    minutes=15,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
