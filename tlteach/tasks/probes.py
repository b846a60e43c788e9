"""Problems that isolate one failure each, small enough to be learned in seconds, with a known optimum.

| probe | an agent fails that |
|---|---|
| `Bandit` | is not told what its last action brought |
| `Recall` | does not carry its activities over |
| `TMaze` | is not paid for what it did long ago |
"""

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.tasks.episodes import Episodes


class Bandit(Episodes):
    """One of the arms always pays 1, another in each episode; the others never. Which?

    Seen: 1, the reward of the last pull, and which arm it was (all 0 at first). The best that can be done is to try
    one arm after the other: length - (n_arms - 1) / 2.

    Attributes: paying (B,), the arm.
    """

    def __init__(self, batch_size: int, generator: torch.Generator, n_arms: int = 3, length: int = 10, device=None):
        checks.whole(2, n_arms=n_arms)
        checks.whole(n_arms, length=length)
        super().__init__(batch_size, length, generator, device)
        self.n_actions, self.observation_size = n_arms, n_arms + 2
        self.paying = torch.zeros_like(self.steps)
        self.best = length - (n_arms - 1) / 2

    def _state(self) -> tuple[str, ...]:
        return ("paying",)

    def _begin(self) -> tuple[Tensor, ...]:
        return (_draw(self.n_actions, self),)

    def _advance(self, action: Tensor) -> tuple[Tensor, ...]:
        return self.paying, (action == self.paying).float()

    def _observe(self, reward: Tensor, action: Tensor | None) -> Tensor:
        seen = reward.new_zeros(self.batch_size, self.observation_size)
        seen[:, 0], seen[:, 1] = 1, reward
        if action is not None:
            seen.scatter_(1, action.unsqueeze(1) + 2, 1.0)
        return seen


class Recall(Episodes):
    """A symbol is shown, then nothing for `delay` steps; the last action must name it. 1 if it does, else 0.

    Seen: which symbol, at the first step only; then 1 at the last step. An agent without memory is paid 1 / n_symbols
    on average, the best 1.

    Attributes: symbol (B,).
    """

    best = 1.0

    def __init__(self, batch_size: int, generator: torch.Generator, n_symbols: int = 3, delay: int = 1, device=None):
        checks.whole(2, n_symbols=n_symbols)
        checks.whole(1, delay=delay)
        super().__init__(batch_size, delay + 1, generator, device)
        self.n_actions, self.observation_size = n_symbols, n_symbols + 1
        self.symbol = torch.zeros_like(self.steps)

    def _state(self) -> tuple[str, ...]:
        return ("symbol",)

    def _begin(self) -> tuple[Tensor, ...]:
        return (_draw(self.n_actions, self),)

    def _advance(self, action: Tensor) -> tuple[Tensor, ...]:
        return self.symbol, ((action == self.symbol) & (self.steps == self.length - 1)).float()

    def _observe(self, reward: Tensor, action: Tensor | None) -> Tensor:
        seen = reward.new_zeros(self.batch_size, self.observation_size)
        seen.scatter_(1, self.symbol.unsqueeze(1), (self.steps == 0).float().unsqueeze(1))
        seen[:, -1] = self.steps == self.length - 1
        return seen


class TMaze(Episodes):
    """A corridor with a crossing at its end: turn to the side that was shown at the start.

    Actions: 0 forward, 1 left, 2 right. A turn at the crossing ends the episode and pays 1 on the side shown, 0 on the
    other. In the corridor a turn, and at the crossing a step forward, stays in place. Nothing else is paid: who stands
    about runs out of time. Corridors differ in length, so that episodes end at different times. The best is 1.

    Seen: left shown, right shown (at the first step only), in the corridor, at the crossing.

    Attributes: side (B,), 1 or 2. corridor (B,), steps to the crossing. place (B,), steps from the start.
    """

    n_actions, observation_size, best = 3, 4, 1.0

    def __init__(
        self,
        batch_size: int,
        generator: torch.Generator,
        shortest: int = 2,
        longest: int = 6,
        length: int = 12,
        device=None,
    ):
        checks.whole(1, shortest=shortest, longest=longest, length=length)
        if longest < shortest or length <= longest:
            raise InvalidInput(
                f"corridors are {shortest} to {longest} long, in episodes of at most {length} steps; "
                "shortest <= longest < length is needed"
            )
        super().__init__(batch_size, length, generator, device)
        self.shortest, self.longest = shortest, longest
        self.side = self.corridor = self.place = torch.zeros_like(self.steps)
        self._turned = torch.zeros_like(self.over)

    def _state(self) -> tuple[str, ...]:
        return "side", "corridor", "place", "_turned"

    def _begin(self) -> tuple[Tensor, ...]:
        side, corridor = 1 + _draw(2, self), self.shortest + _draw(self.longest - self.shortest + 1, self)
        return side, corridor, torch.zeros_like(side), torch.zeros_like(self.over)

    def _advance(self, action: Tensor) -> tuple[Tensor, ...]:
        crossing, forward = self.place == self.corridor, action == 0
        turned = crossing & ~forward
        reward = (turned & (action == self.side)).float()
        return self.side, self.corridor, self.place + (forward & ~crossing), turned, reward

    def _ends(self) -> Tensor:
        return self._turned | super()._ends()

    def _observe(self, reward: Tensor, action: Tensor | None) -> Tensor:
        crossing, first = self.place == self.corridor, self.steps == 0
        shown = [first & (self.side == side) for side in (1, 2)]
        return torch.stack([*shown, ~crossing, crossing], 1).float()


def _draw(n: int, episodes: Episodes) -> Tensor:
    """A whole number below n for each episode."""
    steps = episodes.steps
    return torch.randint(n, steps.shape, generator=episodes.generator, device=steps.device)
