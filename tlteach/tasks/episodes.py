"""Many episodes of one task at a time, on torch tensors: what the batched environments have in common."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput


class Episodes(ABC):
    """B episodes side by side.

        observation = episodes.reset()                          # (B, observation_size)
        observation, reward, over = episodes.step(action)       # action (B,) of int64 -> reward (B,), over (B,) of bool

    Episodes may end at different times. One that is over waits: its reward is 0, what is seen of it stands still, and
    `over` stays true. `reset(which)` begins new ones where `which` (B,) is true and leaves the others alone.

    `step` raises InvalidInput before the first reset, when all episodes are over, and for actions of another shape or
    out of range. All chance is drawn from `generator`, which must be on the same device.
    """

    observation_size: int
    n_actions: int

    def __init__(self, batch_size: int, length: int, generator: torch.Generator, device=None):
        checks.whole(1, batch_size=batch_size, length=length)
        self.batch_size, self.length, self.generator = batch_size, length, generator
        self.steps = torch.zeros(batch_size, dtype=torch.int64, device=device)
        self.over = torch.zeros(batch_size, dtype=torch.bool, device=device)
        self._seen: Tensor | None = None
        self._n_over = 0  # asked for once a step, as it makes a GPU wait

    @abstractmethod
    def _state(self) -> tuple[str, ...]:
        """Names of the tensors (B, ...) that are the state of the episodes."""

    @abstractmethod
    def _begin(self) -> tuple[Tensor, ...]:
        """The state in which new episodes begin, in the order of `_state`."""

    @abstractmethod
    def _advance(self, action: Tensor) -> tuple[Tensor, ...]:
        """The state after the action (B,), and the reward (B,)."""

    @abstractmethod
    def _observe(self, reward: Tensor, action: Tensor | None) -> Tensor:
        """What is seen (B, observation_size) after `self.steps` steps, the last with this reward and action."""

    def _ends(self) -> Tensor:
        """Which episodes are over by now: (B,) of bool."""
        return self.steps >= self.length

    @property
    def all_over(self) -> bool:
        """Whether every episode is over."""
        return self._n_over == self.batch_size

    def reset(self, which: Tensor | None = None) -> Tensor:
        """Begin new episodes, all or those in `which` (B,) of bool: what is seen at first, (B, observation_size)."""
        if which is None:
            which = torch.ones_like(self.over)
        elif which.shape != self.over.shape or which.dtype != torch.bool:
            raise InvalidInput(f"which must be ({self.batch_size},) of bool, got {tuple(which.shape)} of {which.dtype}")
        elif self._seen is None and not which.all():
            raise InvalidInput("the first reset must begin all episodes")
        for name, new in zip(self._state(), self._begin(), strict=True):
            setattr(self, name, _where(which, new, getattr(self, name)))
        self.steps, self.over = self.steps.masked_fill(which, 0), self.over & ~which
        self._n_over = int(self.over.sum())
        seen = self._observe(torch.zeros_like(self.over, dtype=torch.float32), None)
        self._seen = seen if self._seen is None else _where(which, seen, self._seen)
        return self._seen

    def step(self, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One step of all episodes that are not over."""
        self._check(action)
        waiting, some_wait = self.over, self._n_over > 0
        *state, reward = self._advance(action)
        steps = self.steps + 1
        if some_wait:
            reward, steps = reward.masked_fill(waiting, 0), torch.where(waiting, self.steps, steps)
            state = [_where(waiting, getattr(self, name), new) for name, new in zip(self._state(), state, strict=True)]
        for name, new in zip(self._state(), state, strict=True):
            setattr(self, name, new)
        self.steps = steps
        self.over = waiting | self._ends() if some_wait else self._ends()
        self._n_over = int(self.over.sum())
        seen = self._observe(reward, action)
        self._seen = _where(waiting, self._seen, seen) if some_wait else seen
        return self._seen, reward, self.over

    def look(self, reward: Tensor | None = None, action: Tensor | None = None) -> Tensor:
        """What is seen (B, observation_size) of the state as it is now, after a step with this reward and action."""
        return self._observe(torch.zeros_like(self.over, dtype=torch.float32) if reward is None else reward, action)

    def _check(self, action: Tensor) -> None:
        if self._seen is None:
            raise InvalidInput("the episodes have not begun: call reset() before the first step()")
        if self.all_over:
            raise InvalidInput(f"all {self.batch_size} episodes are over: call reset()")
        if not isinstance(action, Tensor) or action.shape != self.over.shape or action.dtype != torch.int64:
            got = f"{tuple(action.shape)} of {action.dtype}" if isinstance(action, Tensor) else type(action).__name__
            raise InvalidInput(f"action must be a tensor ({self.batch_size},) of int64, got {got}")
        least, most = (int(value) for value in action.aminmax())
        if least < 0 or most >= self.n_actions:
            raise InvalidInput(
                f"actions are 0 to {self.n_actions - 1}, got some from {least} to {most}; sample them from "
                "the policy's distribution, or take the argmax over the last axis"
            )


def _where(which: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """new where `which` (B,), old elsewhere; both (B, ...)."""
    return torch.where(which.view(-1, *[1] * (new.ndim - 1)), new, old)
