"""The learned world: an ensemble of networks that predict the next state (spec 1.2)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.modelbased.buffer import Transitions
from tlteach.modelbased.mlp import MLP
from tlteach.modelbased.normaliser import Normaliser

SCHEMES = ("fixed", "resampled", "mean")
LOG_STD = (-6.0, 1.0)  # of a normalised delta: probabilistic members stay between these


@dataclass(frozen=True)
class DynamicsConfig:
    """Shape and initial weights of the model.

    n_models: members of the ensemble; the authors used one.
    hidden: widths of the hidden layers.
    activation: "relu", "silu" or "tanh".
    init_std: standard deviation of the initial weights of the output layer: the model begins by predicting the mean
        change.
    hidden_init_std: the same for the hidden layers; None takes 1 / sqrt(inputs). The authors' program has 1e-5 there,
        too: units that begin alike and hardly part, with 5 times the error on a point mass (2x64, 2,000 steps).
    probabilistic: members give a Gaussian for the next state, not a point.

    Raises InvalidInput for values that make no model.
    """

    n_models: int = 1
    hidden: tuple[int, ...] = (500, 500)
    activation: str = "relu"
    init_std: float = 1e-5
    hidden_init_std: float | None = None
    probabilistic: bool = False

    def __post_init__(self):
        checks.whole(1, n_models=self.n_models)
        checks.positive(init_std=self.init_std, **checks.given(hidden_init_std=self.hidden_init_std))


class Dynamics(nn.Module):
    """s' = s + mean_delta + std_delta * network(normalised s, clipped a), by each of E members.

    Args:
        obs_size, action_size: lengths of the vectors.
        config: see `DynamicsConfig`.
        generator: draws the initial weights.

    `obs_norm` and `delta_norm` are the running moments of s and s' - s: `observe` updates them. All members see the
    same ones, and the policies share `obs_norm`.
    """

    def __init__(
        self,
        obs_size: int,
        action_size: int,
        config: DynamicsConfig,
        generator: torch.Generator,
        *,
        device=None,
        dtype=None,
    ):
        super().__init__()
        checks.whole(1, obs_size=obs_size, action_size=action_size)
        self.obs_size, self.action_size, self.config = obs_size, action_size, config
        options = dict(device=device, dtype=dtype)
        self.obs_norm, self.delta_norm = Normaliser(obs_size, **options), Normaliser(obs_size, **options)
        sizes = (obs_size + action_size, *config.hidden, obs_size * (2 if config.probabilistic else 1))
        self.net = MLP(sizes, config.activation, config.n_models, **options)
        std = [config.hidden_init_std or size**-0.5 for size in sizes[:-2]] + [config.init_std]
        self.net.normal_(std, generator)

    @property
    def n_models(self) -> int:
        return self.config.n_models

    def observe(self, new: Transitions) -> None:
        """Take real transitions (n, ...) into the running moments; call it once for each."""
        self.obs_norm.update(new.obs)
        self.delta_norm.update(new.next_obs - new.obs)

    def forward(self, obs: Tensor, action: Tensor) -> tuple[Tensor, Tensor | None]:
        """Normalised delta that each member predicts, and its log standard deviation (None if deterministic).

        obs (E, ..., obs_size), action (E, ..., action_size) -> (E, ..., obs_size) each.
        """
        x = torch.cat([self.obs_norm(obs), action.clamp(-1, 1)], -1)  # (E, ..., O + A)
        return self.parts(self.net(x))

    def parts(self, out: Tensor) -> tuple[Tensor, Tensor | None]:
        """What `forward` returns, from what the networks put out: (E, ..., obs_size, or twice that)."""
        if not self.config.probabilistic:
            return out, None
        mean, log_std = out.chunk(2, -1)
        low, high = LOG_STD
        log_std = high - softplus(high - log_std)
        return mean, low + softplus(log_std - low)

    def members(self, obs: Tensor, action: Tensor) -> Tensor:
        """The next state that every member expects: obs (..., O), action (..., A) -> (E, ..., O)."""
        E = self.n_models
        delta, _ = self(obs.expand(E, *obs.shape), action.expand(E, *action.shape))
        return obs + self.delta_norm.inverse(delta)

    def step(
        self, obs: Tensor, action: Tensor, generator: torch.Generator | None = None, scheme: str = "fixed"
    ) -> Tensor:
        """One step of many rollouts: obs (..., O), action (..., A) -> next obs (..., O).

        scheme: "fixed": rollout i stays with member i % E as long as it lasts. "resampled": at each step the rollouts
            are dealt anew to the members, in equal shares (TS-infinity and TS-1 of Chua et al. 2018). "mean": the mean
            of all members.
        generator: deals the rollouts, and draws the next state where members are probabilistic; without one, such
            members give their mean.

        Raises InvalidInput for an unknown scheme, or "resampled" without a generator.
        """
        checks.choice("scheme", scheme, SCHEMES)
        if scheme == "mean":
            return self.members(obs, action).mean(0)
        shape = obs.shape
        obs, action = obs.reshape(-1, self.obs_size), action.reshape(-1, self.action_size)  # (N, O), (N, A)
        if scheme == "fixed" or self.n_models == 1:
            return self._dealt(obs, action, generator).view(shape)
        if generator is None:
            raise InvalidInput("scheme 'resampled' needs a generator")
        order = torch.randperm(len(obs), generator=generator, device=generator.device).to(obs.device)
        dealt = self._dealt(obs[order], action[order], generator)
        return dealt[order.argsort()].view(shape)

    def _dealt(self, obs: Tensor, action: Tensor, generator: torch.Generator | None) -> Tensor:
        """Row i by member i % E: (N, O), (N, A) -> (N, O)."""
        E, n = self.n_models, len(obs)
        lacking = -n % E  # the last round is filled up with rows that are dropped again

        def deal(x: Tensor) -> Tensor:
            x = torch.cat([x, x.new_zeros(lacking, x.shape[1])]) if lacking else x
            return x.unflatten(0, (-1, E)).transpose(0, 1)  # (E, N / E, ...)

        delta, log_std = self(deal(obs), deal(action))
        if log_std is not None and generator is not None:
            noise = torch.randn(delta.shape, generator=generator, device=generator.device, dtype=delta.dtype)
            delta = delta + log_std.exp() * noise.to(delta.device)
        delta = delta.transpose(0, 1).reshape(-1, self.obs_size)[:n]  # (N, O)
        return obs + self.delta_norm.inverse(delta)

    def extra_repr(self) -> str:
        return f"{self.obs_size}, {self.action_size}, probabilistic={self.config.probabilistic}"
