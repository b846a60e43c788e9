"""The loss of section 4.1: run a whole episode, look at its last step."""

import torch
from torch import nn

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def episode_loss(layer, inputs, targets):
    """Squared error at the last step, summed over bits, averaged over episodes: inputs (T, B, N), targets (B, N)."""
    bias = inputs.new_ones(*inputs.shape[:2], 1)
    drive = 20 * torch.cat([inputs, bias], dim=-1)  # (T, B, N + 1)
    output, _ = layer(drive)  # (T, B, N + 1), from an empty state
    error = output[-1, :, : targets.shape[-1]] - targets  # (B, N) without the bias unit
    return (error**2).sum(-1).mean()


class Recording(nn.Module):
    """A layer that gives a prepared output (T, B, N + 1), and keeps the drive that it was given."""

    def __init__(self, output):
        super().__init__()
        self.output = nn.Parameter(output.clone())
        self.input_size = self.hidden_size = output.shape[-1]
        self.drives = []

    def forward(self, drive, state=None):
        self.drives.append(drive.detach())
        return self.output, len(self.output)

    def step(self, drive, state=None):
        self.drives.append(drive.detach()[None])
        return self.output[state or 0], (state or 0) + 1

    def initial_state(self, batch_size):
        return 0


def _loss(function, output, inputs, targets):
    return {"answer": function(Recording(output), inputs, targets)}


def _kind(function, output, inputs, targets):
    return form(function, Recording(output), inputs, targets)


def _drive(function, output, inputs, targets):
    layer = Recording(output)
    function(layer, inputs, targets)
    return {"drive": torch.cat(layer.drives) if layer.drives else "(the layer was not called)"}


def _gradient(function, output, inputs, targets):
    layer = Recording(output)
    loss = function(layer, inputs, targets)
    if not (isinstance(loss, torch.Tensor) and loss.requires_grad):
        return {"gradient": "none: the loss is cut off from the layer"}
    loss.backward()
    return {"gradient": layer.output.grad}


def _probe(output, inputs, targets):
    """The layer's output, time step by time step; three units are two bits and the bias."""
    return {"layer's output": tensor(*output), "inputs": tensor(*inputs), "targets": tensor(*targets)}


def _drawn(n_steps, n_episodes, n_bits):
    draw = Draw(n_bits)
    return {
        "layer's output": draw.halves(n_steps, n_episodes, n_bits + 1),
        "inputs": draw.signs(n_steps, n_episodes, n_bits),
        "targets": draw.signs(n_episodes, n_bits),
    }


SHOWN = [[[1, -1]], [[1, 0]]]  # a pattern, then a cue: two steps, one episode, two bits

PROPERTIES = [
    Property("it returns one number", [_probe([[[0, 0, 0]], [[1, -1, 1]]], SHOWN, [[1, -1]])], _kind),
    Property(
        "the layer is driven by 20 times the inputs, and by 20 in the bias unit, at every step",
        [_probe([[[0, 0, 0]]], [[[1, -1]]], [[1, -1]]), _probe([[[0, 0, 0]], [[1, -1, 1]]], SHOWN, [[1, -1]])],
        _drive,
    ),
    Property(
        "only the last step counts: what was wrong before it costs nothing",
        [_probe([[[-1, 1, 1]], [[1, -1, 1]]], SHOWN, [[1, -1]])],
        _loss,
    ),
    Property("the bias unit belongs to no pattern", [_probe([[[1, -1, 0.5]]], [[[1, 0]]], [[1, -1]])], _loss),
    Property("the squared errors of the bits are summed", [_probe([[[0, 1, 1]]], [[[1, 0]]], [[1, -1]])], _loss),
    Property(
        "the loss is the mean over episodes",
        [_probe([[[1, 1, 1], [1, -1, 1]]], [[[1, 0], [1, 0]]], [[1, -1], [1, -1]])],
        _loss,
    ),
    Property("its gradient reaches the layer", [_probe([[[0, -1, 1]]], [[[1, 0]]], [[1, -1]])], _gradient),
    Property("it agrees with the definition on outputs drawn at random", [_drawn(2, 1, 1), _drawn(3, 2, 1)], _loss),
]

HINTS = [
    "Which step of the output is judged, and which units? What must the last axis of the drive hold besides the bits?",
    "With a bias of 1 as one more unit, and x the output of the layer:\n\n"
    "    drive = 20 * [inputs, 1]                                      (T, B, N + 1)\n"
    "    loss  = mean over b of  sum over j < N of (x[T-1, b, j] - targets[b, j])**2\n\n"
    "`torch.cat([a, b], dim=-1)` joins (T, B, N) and (T, B, 1); x[-1] is the last step, (B, N + 1).",
    "In four steps:\n\n    drive   = 20 times inputs with a column of ones at the end     (T, B, N + 1)\n"
    "    output  = what the layer makes of drive, without its state      (T, B, N + 1)\n"
    "    error   = last step of output, first N units, minus targets     (B, N)\n"
    "    return    the sum of the squared errors over units, then the mean over episodes",
]


def _variant(gain=20, bias_gain=20, last=lambda x, n: x[-1, :, :n], cost=lambda error: (error**2).sum(-1).mean()):
    def mutant(layer, inputs, targets):
        bias = torch.ones(*inputs.shape[:2], 1)
        drive = torch.cat([gain * inputs, bias_gain * bias], -1) if bias_gain is not None else gain * inputs
        return cost(last(layer(drive)[0], targets.shape[-1]) - targets)

    return mutant


def _bias_judged(layer, inputs, targets):
    bias = torch.ones(*inputs.shape[:2], 1)
    output = layer(20 * torch.cat([inputs, bias], -1))[0][-1]
    return ((output - torch.cat([targets, torch.ones(len(targets), 1)], -1)) ** 2).sum(-1).mean()


MUTANTS = [
    Mutant(
        "all steps",
        _variant(last=lambda x, n: x[:, :, :n], cost=lambda error: (error**2).sum((0, -1)).mean()),
        "you add up the error of all steps. While patterns are shown there is nothing to remember: take x[-1].",
    ),
    Mutant(
        "first step",
        _variant(last=lambda x, n: x[0, :, :n]),
        "you judge the first step, when nothing has been seen. Time is the first axis, and the answer is at its end.",
    ),
    Mutant(
        "no bias",
        _variant(bias_gain=None),
        "the bias unit is missing: the layer has one unit more than the pattern, and it is driven at every step.",
    ),
    Mutant(
        "no gain",
        _variant(gain=1, bias_gain=1),
        "the factor 20 is missing. It lets a given bit win over what the other neurons say, since tanh(20) is 1.",
    ),
    Mutant(
        "bias without gain",
        _variant(bias_gain=1),
        "the bias unit is driven by 1. Join the bias first, then multiply everything by 20.",
    ),
    Mutant(
        "mean over bits",
        _variant(cost=lambda error: (error**2).mean()),
        "you average over the bits too. The paper sums the squared error over the bits; only episodes are averaged.",
    ),
    Mutant(
        "sum over episodes",
        _variant(cost=lambda error: (error**2).sum()),
        "you sum over episodes as well, so a larger batch would take larger steps. Average over them.",
    ),
    Mutant(
        "not squared",
        _variant(cost=lambda error: error.abs().sum(-1).mean()),
        "you sum the absolute errors. The loss is made of squares.",
    ),
    Mutant(
        "bias judged",
        _bias_judged,
        "the bias unit is judged along with the pattern. Its activity is no answer: take the first N units only.",
    ),
    Mutant(
        "bias not taken off",
        _variant(last=lambda x, n: x[-1]),
        "the layer's output has N + 1 units, the target N bits. Take off the last unit, the bias, before you compare.",
    ),
    Mutant(
        "cut off",
        _variant(cost=lambda error: (error.detach() ** 2).sum(-1).mean()),
        "the value is right, but `.detach()` or `torch.no_grad()` cut it off from the layer: nothing can be learned.",
    ),
]

exercise = Exercise(
    episode_loss,
    title="The loss of an episode",
    difficulty=3,
    minutes=10,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
