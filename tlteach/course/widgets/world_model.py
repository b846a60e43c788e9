"""What the fan of imagined futures computes, without a page: every member's rollout beside what really happened."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tlteach.errors import InvalidInput
from tlteach.modelbased.dynamics import Dynamics

KEPT = 50  # fans that are kept: moving the horizon computes nothing


@dataclass(frozen=True)
class Fan:
    """Futures of T steps from one real state, with the real actions.

    real: (T + 1, O) what happened. members: (E, T + 1, O) what each member of the ensemble imagines.
    """

    real: np.ndarray
    members: np.ndarray

    def distance(self, place: slice) -> np.ndarray:
        """(E, T + 1) how far each member is from what happened, in the components `place`."""
        return np.linalg.norm((self.members - self.real)[..., place], axis=-1)

    def spread(self, place: slice) -> np.ndarray:
        """(T + 1,) root mean square distance of the members from their mean."""
        apart = (self.members - self.members.mean(0))[..., place]
        return np.sqrt((apart**2).sum(-1).mean(0))


class FanModel:
    """Models, recorded episodes, and the futures that the models imagine from any step of them.

    Args:
        models: name -> `Dynamics`.
        obs: (T + 1, N, O) states of N real episodes. action: (T, N, A) what was done.
        horizon: steps to imagine, at most T.

    Raises InvalidInput for anything else.
    """

    def __init__(self, models: Mapping[str, Dynamics], obs: Tensor, action: Tensor, horizon: int):
        if not isinstance(models, Mapping) or not models:
            raise InvalidInput('WorldFan needs models by name, for example {"one step": model}.')
        for name, model in models.items():
            if not isinstance(model, Dynamics):
                raise InvalidInput(f"the model {name!r} must be a Dynamics, got {type(model).__name__}.")
            if (
                obs.ndim != 3
                or action.ndim != 3
                or (obs.shape[-1], action.shape[-1])
                != (
                    model.obs_size,
                    model.action_size,
                )
            ):
                raise InvalidInput(
                    f"the model {name!r} takes states of {model.obs_size} and actions of {model.action_size} numbers: "
                    f"expected obs (T + 1, N, {model.obs_size}) and action (T, N, {model.action_size}), got "
                    f"{tuple(obs.shape)} and {tuple(action.shape)}."
                )
        if len(obs) != len(action) + 1 or obs.shape[1] != action.shape[1]:
            raise InvalidInput(
                f"episodes have one state more than actions, got obs {tuple(obs.shape)}, action {tuple(action.shape)}."
            )
        if not (obs.isfinite().all() and action.isfinite().all()):
            raise InvalidInput("the episodes contain NaN or infinite values; leave those out.")
        if not 1 <= horizon <= len(action):
            raise InvalidInput(f"horizon must be from 1 to the {len(action)} steps of an episode, got {horizon!r}.")
        self.models, self.obs, self.action, self.horizon = dict(models), obs, action, horizon
        self._kept: dict[tuple, Fan] = {}

    @property
    def last_start(self) -> int:
        """The last step from which `horizon` more were recorded."""
        return len(self.action) - self.horizon

    @torch.no_grad()
    def fan(self, name: str, episode: int, start: int) -> Fan:
        """Futures from step `start` of an episode."""
        key = (name, episode, start)
        if key not in self._kept:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            model, stop = self.models[name], start + self.horizon
            state = self.obs[start, episode].expand(model.n_models, 1, -1)  # (E, 1, O)
            states = [state]
            for action in self.action[start:stop, episode]:
                delta, _ = model(state, action.expand(model.n_models, 1, -1))
                state = state + model.delta_norm.inverse(delta)
                states.append(state)
            members = torch.stack(states, 1)[:, :, 0]  # (E, T + 1, O)
            self._kept[key] = Fan(self.obs[start : stop + 1, episode].numpy(), members.numpy())
        return self._kept[key]
