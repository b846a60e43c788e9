"""The real transitions that all tasks share: a ring in which the newest push out the oldest (spec 1.1)."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tlteach.checks import whole
from tlteach.errors import BadFile, InvalidInput


@dataclass(frozen=True)
class Transitions:
    """What happened in single steps, in any batch shape.

    obs, next_obs: (..., obs_size). At the end of an episode `next_obs` is the state that ended it, not the next start.
    action: (..., action_size), as executed, in [-1, 1].
    boundary: bool (...); the episode ends with this step, done or out of time: the next row starts another one.
    """

    obs: Tensor
    action: Tensor
    next_obs: Tensor
    boundary: Tensor

    def __getitem__(self, index: Any) -> "Transitions":
        return Transitions(self.obs[index], self.action[index], self.next_obs[index], self.boundary[index])


class ReplayBuffer:
    """The last `capacity` transitions, in the order in which they were added.

    Args:
        obs_size, action_size: lengths of the vectors.
        capacity: number of transitions kept; the authors' 200,000 hold 50 tasks of 4,000.

    Raises InvalidInput for sizes below one, and as said at the methods.
    """

    def __init__(self, obs_size: int, action_size: int, capacity: int = 200_000, *, device=None, dtype=None):
        whole(1, obs_size=obs_size, action_size=action_size, capacity=capacity)
        options = dict(device=device, dtype=dtype)
        self.capacity, self.size, self._next = capacity, 0, 0
        self._rows = Transitions(
            torch.zeros(capacity, obs_size, **options),
            torch.zeros(capacity, action_size, **options),
            torch.zeros(capacity, obs_size, **options),
            torch.zeros(capacity, dtype=torch.bool, device=device),
        )

    def __len__(self) -> int:
        return self.size

    def add(self, new: Transitions) -> None:
        """Append rows (n, ...) in the order of time, one episode after the other.

        `boundary` must be true wherever the next row, of this call or of the next one, does not go on from this one.

        Raises InvalidInput when shapes do not fit or a value is not finite; the buffer is then unchanged.
        """
        n = self._check(new)
        kept = slice(max(0, n - self.capacity), None)
        place = (self._next + torch.arange(n, device=self._rows.obs.device)[kept]) % self.capacity
        for name, rows in vars(self._rows).items():
            rows[place] = getattr(new, name)[kept].to(rows)
        self._next = (self._next + n) % self.capacity
        self.size = min(self.capacity, self.size + n)

    def latest(self, n: int | None = None) -> Transitions:
        """The last n transitions (all of them by default) from old to new: (n, ...)."""
        n = self.size if n is None else min(n, self.size)
        return self._rows[self._place(torch.arange(self.size - n, self.size, device=self._rows.obs.device))]

    def sample(self, shape: tuple[int, ...], horizon: int, generator: torch.Generator) -> Transitions:
        """Windows of consecutive transitions, uniform and with replacement: (horizon, *shape, ...).

        A window may run across the end of an episode; its `boundary` says where.

        Raises InvalidInput when fewer than `horizon` transitions are stored.
        """
        if self.size < max(1, horizon):
            raise InvalidInput(f"windows of {horizon} need as many stored transitions, got {self.size}; collect first")
        start = torch.randint(self.size - horizon + 1, shape, generator=generator, device=generator.device)
        steps = torch.arange(horizon, device=start.device).view(-1, *[1] * len(shape))
        return self._rows[self._place((start + steps).to(self._rows.obs.device))]

    def starts(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """States from which practice may start: (*shape, obs_size), drawn uniformly from those stored."""
        return self.sample(shape, 1, generator).obs[0]

    def _place(self, age: Tensor) -> Tensor:
        """Rows by age, 0 the oldest: where they lie in the ring."""
        return (self._next - self.size + age) % self.capacity

    def _check(self, new: Transitions) -> int:
        n = len(new.obs)
        for name, rows in vars(self._rows).items():
            value, wanted = getattr(new, name), (n, *rows.shape[1:])
            if value.shape != wanted:
                raise InvalidInput(f"{name} has shape {tuple(value.shape)}, expected {wanted}")
            if not value.isfinite().all():
                raise InvalidInput(f"{name} holds values that are not finite; leave that episode out")
        return n

    def state_dict(self) -> dict[str, Tensor]:
        """What is stored, from old to new."""
        return dict(vars(self.latest()))

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take what `state_dict` gave: sampling goes on to the same numbers.

        Raises BadFile when it does not fit this buffer; the buffer is then unchanged.
        """
        try:
            rows = Transitions(**state)
            n = self._check(rows)
        except (TypeError, AttributeError, InvalidInput) as error:
            raise BadFile(f"these transitions are not of this buffer: {error}") from error
        if n > self.capacity:
            raise BadFile(f"{n} transitions do not fit into a buffer of {self.capacity}; make it larger")
        self.size = self._next = 0
        self.add(rows)
