"""A policy and a model while they do not learn: what a virtual rollout calls at each step, without graph or allocation.

The same numbers as `GaussianPolicy` and `Dynamics.step`, which stay the reference (tested in double precision).
"""

import torch
from torch import Tensor

from tlteach.errors import InvalidInput
from tlteach.modelbased.dynamics import Dynamics
from tlteach.modelbased.normaliser import CLIP, Normaliser
from tlteach.modelbased.passes import Passes
from tlteach.modelbased.policies import GaussianPolicy


class FrozenNormaliser:
    """(x - mean) / std, cut to +-100, with one product and one sum."""

    def __init__(self, normaliser: Normaliser):
        self.scale = 1 / normaliser.std
        self.shift = -normaliser.mean * self.scale

    def __call__(self, x: Tensor, out: Tensor) -> Tensor:
        return torch.addcmul(self.shift, x, self.scale, out=out).clamp_(-CLIP, CLIP)


class FrozenPolicy:
    """obs ([P,] rows, O), noise ([P,] rows, A) or None -> action, mean + std * noise or the mean."""

    def __init__(self, policy: GaussianPolicy, rows: int):
        self.normalise, self.net = FrozenNormaliser(policy.normaliser), Passes(policy.net, rows)
        self.std = policy.log_std.detach().exp().unsqueeze(-2)  # ([P,] 1, A)

    def __call__(self, obs: Tensor, noise: Tensor | None) -> Tensor:
        self.normalise(obs, out=self.net.outputs[0].view_as(obs))
        mean = self.net.forward().view(*obs.shape[:-1], -1)
        return mean.clone() if noise is None else torch.addcmul(mean, self.std, noise)


class FrozenModel:
    """`Dynamics.step` for `rows` states in any batch shape, after which states may be cut to the range of the data.

    Arguments as of `virtual.learned_world`.
    """

    def __init__(self, model: Dynamics, rows: int, scheme: str, clip_margin: float | None):
        E, O, A = model.n_models, model.obs_size, model.action_size
        self.model, self.rows = model, rows
        self.scheme = "fixed" if E == 1 and scheme == "resampled" else scheme
        self.normalise = FrozenNormaliser(model.obs_norm)
        each = rows if scheme == "mean" else -(-rows // E)  # rows of a member; those that nobody asked for are dropped
        self.net = Passes(model.net, each)
        x = torch.zeros_like(self.normalise.scale).new_zeros(rows if scheme == "mean" else each * E, O + A)
        self.x, self.state, self.action = x, x[:rows, :O], x[:rows, O:]
        self.dealt = torch.empty_like(x) if self.scheme == "resampled" else x
        # a member's rows are every E-th one
        self.net.outputs[0] = x.expand(E, -1, -1) if scheme == "mean" else self.dealt.view(each, E, -1).transpose(0, 1)
        room = 0.0 if clip_margin is None else clip_margin * (model.obs_norm.high - model.obs_norm.low)
        self.range = None if clip_margin is None else (model.obs_norm.low - room, model.obs_norm.high + room)

    def __call__(self, obs: Tensor, action: Tensor, generator: torch.Generator | None) -> Tensor:
        flat = obs.reshape(self.rows, -1)
        self.normalise(flat, out=self.state)
        torch.clamp(action.reshape(self.rows, -1), -1, 1, out=self.action)
        delta = self._delta(generator)
        next_obs = torch.add(flat, self.model.delta_norm.mean).addcmul_(delta, self.model.delta_norm.std)
        if self.range is not None:
            next_obs.clamp_(*self.range)
        return next_obs.view(obs.shape)

    def _delta(self, generator: torch.Generator | None) -> Tensor:
        """The normalised change of each row, (rows, O)."""
        if self.scheme == "resampled":
            if generator is None:
                raise InvalidInput("scheme 'resampled' needs a generator")
            order = torch.randperm(self.rows, generator=generator, device=generator.device).to(self.x.device)
            torch.index_select(self.x, 0, order, out=self.dealt[: self.rows])
        delta, log_std = self.model.parts(self.net.forward())  # (E, each, O)
        if self.scheme == "mean":
            return delta.mean(0)
        if log_std is not None and generator is not None:
            noise = torch.randn(delta.shape, generator=generator, device=generator.device, dtype=delta.dtype)
            delta = delta + log_std.exp() * noise.to(delta.device)
        delta = delta.transpose(0, 1).reshape(-1, delta.shape[-1])[: self.rows]
        return delta[order.argsort()] if self.scheme == "resampled" else delta
