"""The gradient of the multi-step loss (spec 1.3) by hand: that of `fitting.multi_step_loss`, without a graph."""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from tlteach.modelbased.buffer import Transitions
from tlteach.modelbased.dynamics import LOG_STD, Dynamics
from tlteach.modelbased.normaliser import CLIP
from tlteach.modelbased.passes import Passes

EPSILON = 1e-12  # under the root of the norm, whose slope at zero is infinite


class LossPasses:
    """Loss and gradient of a model on windows (horizon, E, rows, ...)."""

    def __init__(self, model: Dynamics, horizon: int, rows: int):
        self.model = model
        self.steps = [Passes(model.net, rows) for _ in range(horizon)]
        for passes in self.steps:
            passes.gradients = self.steps[0].gradients

    @property
    def gradients(self) -> list[Tensor]:
        """What `__call__` wrote, in the order of the parameters."""
        return self.steps[0].gradients

    @torch.no_grad()
    def __call__(self, window: Transitions) -> Tensor:
        """The loss of each member, (E,)."""
        model, H, O = self.model, len(self.steps), self.model.obs_size
        mean, std = model.delta_norm.mean, model.delta_norm.std
        true = (window.next_obs - window.obs - mean) / std  # (H, E, B, O)
        obs, slopes, total = window.obs[0], [], 0.0
        for i, passes in enumerate(self.steps):
            passes.outputs[0][..., :O] = model.obs_norm(obs)
            torch.clamp(window.action[i], -1, 1, out=passes.outputs[0][..., O:])
            out = passes.forward()
            loss, slope = (likelihood if model.config.probabilistic else norm)(model, out, true[i])
            total = total + loss.mean((1, 2)) / H
            slopes.append(slope.div_(O * obs.shape[1] * H))  # d loss / d output, of this step alone
            if i + 1 < H:
                predicted = torch.addcmul(obs + mean, out[..., :O], std)
                obs = torch.where(window.boundary[i, ..., None], window.obs[i + 1], predicted)
        later = None  # d loss / d obs of the step after
        for i in reversed(range(H)):
            if later is not None:
                later = later * ~window.boundary[i, ..., None]
                slopes[i][..., :O] += later * std
            passes = self.steps[i]
            at_input = passes.backward(slopes[i], to_input=i > 0, add=i + 1 < H)
            if i > 0:
                inside = passes.outputs[0][..., :O].abs() < CLIP
                at_obs = at_input[..., :O] * inside / model.obs_norm.std
                later = at_obs if later is None else later + at_obs
        return total


def norm(model: Dynamics, out: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """The root mean square of the error of each row, (E, B, 1), and O times its slope at the output, (E, B, O)."""
    error = out - true
    loss = (error.square().mean(-1, keepdim=True) + EPSILON).sqrt()
    return loss, error.div_(loss)


def likelihood(model: Dynamics, out: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """The negative log likelihood of each number, (E, B, O), and its slope at the output: (E, B, 2 O)."""
    mean, log_std = model.parts(out)
    error, precision = mean - true, (-2 * log_std).exp()
    scaled = error * precision
    square = error * scaled
    (low, high), raw = LOG_STD, out[..., model.obs_size :]
    upper = high - softplus(high - raw)  # log_std with its upper bound alone, as in `Dynamics.parts`
    at_log_std = (1 - square) * (upper - low).sigmoid_() * (high - raw).sigmoid_()
    return 0.5 * square + log_std, torch.cat([scaled, at_log_std], -1)
