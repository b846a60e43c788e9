"""Fitting the dynamics model: the multi-step loss (spec 1.3), Adam, and how far ahead the model can see."""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.modelbased.adam import Adam
from tlteach.modelbased.buffer import ReplayBuffer, Transitions
from tlteach.modelbased.dynamics import Dynamics
from tlteach.modelbased.loss_passes import EPSILON, LossPasses
from tlteach.modelbased.mlp import clip_gradients


@dataclass(frozen=True)
class FitConfig:
    """How the model is fitted; the defaults are the authors'.

    horizon: steps that the loss looks ahead.
    batch_size: windows in a minibatch, of each member its own.
    learning_rate, weight_decay: of Adam; the decay is that of a penalty weight_decay / 2 * |weights|^2.
    grad_clip: largest norm of the gradient of a member.

    Raises InvalidInput for values that cannot be used.
    """

    horizon: int = 2
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1e-5
    grad_clip: float = 2.0

    def __post_init__(self):
        checks.whole(1, horizon=self.horizon, batch_size=self.batch_size)
        checks.positive(learning_rate=self.learning_rate, grad_clip=self.grad_clip)
        checks.share(weight_decay=self.weight_decay)


def multi_step_loss(model: Dynamics, window: Transitions) -> Tensor:
    """The loss of each member: window (H, E, B, ...) -> (E,), mean over the steps and the batch (spec 1.3).

    Of a deterministic member it is the root (not the square) of the mean square over the components of the error in the
    change of the state, in units of the changes' standard deviation: the authors' "L2" loss, their mean included. Of a
    probabilistic one the negative log likelihood, without its constant. The model goes on from its own prediction,
    except across the end of an episode.
    """
    H = len(window.obs)
    obs, total = window.obs[0], 0.0  # (E, B, O)
    for i in range(H):
        delta, log_std = model(obs, window.action[i])
        true = (window.next_obs[i] - window.obs[i] - model.delta_norm.mean) / model.delta_norm.std
        error = delta - true  # e_i: the mean change cancels
        if log_std is None:
            loss = (error.square().mean(-1) + EPSILON).sqrt()  # (E, B)
        else:
            loss = (0.5 * (error / log_std.exp()).square() + log_std).mean(-1)
        total = total + loss.mean(-1)  # (E,)
        if i + 1 < H:
            predicted = obs + model.delta_norm.inverse(delta)
            obs = torch.where(window.boundary[i, ..., None], window.obs[i + 1], predicted)
    return total / H


class Fitter:
    """Adam on the multi-step loss. Members are fitted independently, each on minibatches of its own."""

    def __init__(self, model: Dynamics, config: FitConfig):
        self.model, self.config = model, config
        self.adam = Adam(list(model.net.parameters()), config.learning_rate, config.weight_decay)

    def fit(self, buffer: ReplayBuffer, n_steps: int, generator: torch.Generator) -> Tensor:
        """Take `n_steps` steps on minibatches from `buffer`; returns the mean loss of each member, (E,).

        Raises InvalidInput when the buffer holds less than one window.
        """
        checks.whole(1, n_steps=n_steps)
        shape, total = (self.model.n_models, self.config.batch_size), 0.0
        passes = LossPasses(self.model, self.config.horizon, self.config.batch_size)
        for _ in range(n_steps):
            total = total + self.step(buffer.sample(shape, self.config.horizon, generator), passes)
        return total / n_steps

    def step(self, window: Transitions, passes: LossPasses | None = None) -> Tensor:
        """One step of Adam on window (H, E, B, ...); returns the loss of each member before it, (E,).

        passes: of this shape, which compute the gradient by hand; without, autograd does.
        """
        if passes is None:
            loss = multi_step_loss(self.model, window)
            gradients = torch.autograd.grad(loss.sum(), list(self.model.net.parameters()))
        else:
            loss = passes(window)
            gradients = passes.gradients
        clip_gradients(gradients, self.config.grad_clip, self.model.n_models)
        self.adam.step(gradients)
        return loss.detach()

    def state_dict(self) -> dict[str, Any]:
        """A copy of model, running moments and Adam: all from which fitting goes on."""
        return copy.deepcopy({"model": self.model.state_dict(), "adam": self.adam.state_dict()})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.adam.load_state_dict(copy.deepcopy(state["adam"]))


@torch.no_grad()
def error_by_horizon(model: Dynamics, obs: Tensor, action: Tensor, horizon: int) -> Tensor:
    """How far each member has gone astray after 1..horizon steps on held-out episodes.

    obs (T + 1, N, O), action (T, N, A): N episodes without a break. The model starts at every step from which
    `horizon` more are known and follows the real actions.

    Returns (horizon, E): root mean square over starts and dimensions of the error, in units of the standard deviation
    of the states seen in training.

    Raises InvalidInput when the episodes are shorter than `horizon`.
    """
    T, E = len(action), model.n_models
    if len(obs) != T + 1 or not 1 <= horizon <= T:
        raise InvalidInput(
            f"episodes of {T} actions and {len(obs)} states do not go {horizon} steps ahead; "
            "pass one state more than actions, and a horizon of at most their number"
        )
    starts = T - horizon + 1
    predicted = obs[:starts].expand(E, -1, -1, -1)  # (E, starts, N, O)
    errors = []
    for h in range(horizon):
        delta, _ = model(predicted, action[h : h + starts].expand(E, -1, -1, -1))
        predicted = predicted + model.delta_norm.inverse(delta)
        error = (predicted - obs[h + 1 : h + 1 + starts]) / model.obs_norm.std
        errors.append(error.square().mean((1, 2, 3)).sqrt())  # (E,)
    return torch.stack(errors)
