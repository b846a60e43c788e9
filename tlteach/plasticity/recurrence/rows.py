"""What the steps of a chunk have written to the trace, as rows: no N x N matrix is needed to read it.

Both rules of the paper fade the columns of the trace and add one outer product:

    H(t+1) = fade(t) * H(t) + eta * x(t-1)^T x(t),     fade = 1 - eta (eq 2)  or  1 - eta * x_j(t)^2 (eq 3).

So k steps into a chunk the trace is what the chunk began with, faded, and one rank-1 term for each row since:

    H_k = faded_k * H_0 + sum_s x_s^T written_s(k),     x_s = the activities before step s.

A step that is taken m + 1 times ends where it began in the last m of them, which add to the row that starts there:

    fade^m * (fade * H + eta * x_k^T x_{k+1}) + eta * (1 + fade + ... + fade^(m-1)) * x_{k+1}^T x_{k+1}.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from tlteach.plasticity.recurrence.episode import Given


class Writing(NamedTuple):
    """What one step does to the trace, H -> fades * H + x_k^T (writes * x_{k+1}) + x_{k+1}^T (holds * x_{k+1}).

    Scalars for equation 2, (B, N) for equation 3. For a step taken once, (fade, eta, 0).
    """

    fades: Tensor
    writes: Tensor
    holds: Tensor | float


def writing(fade: Tensor, eta: Tensor, often: int) -> Writing:
    """`Writing` of a step that is taken `often` times."""
    power, total = torch.ones_like(fade), torch.zeros_like(fade)
    for _ in range(often - 1):
        total = total + power
        power = power * fade
    return Writing(fade * power, eta * power, eta * total)


def writing_slope(fade: Tensor, eta: Tensor, often: int) -> tuple[Writing, Writing]:
    """Derivatives of `writing` by fade, and by eta where fade stays."""
    one, zero = torch.ones_like(fade), torch.zeros_like(fade)
    power, total, dpower, dtotal = one, zero, zero, zero
    for _ in range(often - 1):
        total, dtotal = total + power, dtotal + dpower
        power, dpower = power * fade, dpower * fade + power
    return Writing(power + fade * dpower, eta * dpower, eta * dtotal), Writing(zero, power, total)


def row_count(often: tuple[int, ...]) -> int:
    """How many rows there are after these steps: one for each, and one for where the last ended if it was held."""
    return len(often) + (len(often) > 0 and often[-1] > 1)


class Rows:
    """The rows of one chunk of n steps while one walks through it, forward with `write`, back with `unwrite`.

    x: (n + 1, B, N), the chunk's activities from before its first step on. They are looked at when they are needed.
    """

    def __init__(self, given: Given, x: Tensor, often: tuple[int, ...]):
        self.given, self.x, self.often, self.n = given, x, often, len(often)
        self.rows = torch.zeros_like(x)  # written_s, as it was right after step s
        self.writings: list[Writing] = []
        self.faded = [x.new_ones(())]  # before each step and at the end
        if given.oja:
            self.fades = torch.ones_like(x)  # fades of each step
        else:
            self.taken = torch.tensor([0, *often, 0], device=x.device).cumsum(0)  # before each step

    def count(self, k: int) -> int:
        """How many rows there are before step k."""
        return row_count(self.often[:k])

    def write(self, k: int) -> None:
        """Step k is taken: x_{k+1} is known."""
        post = self.x[k + 1]
        fades, writes, holds = writing(self.given.fade(post), self.given.eta, self.often[k])
        self.writings.append(Writing(fades, writes, holds))
        self.faded.append(self.faded[k] * fades)
        self.rows[k].mul_(fades).addcmul_(post, writes)
        if self.given.oja:
            self.fades[k] = fades
        if self.often[k] > 1:
            torch.mul(post, holds, out=self.rows[k + 1])

    def unwrite(self, k: int) -> None:
        """Back to before step k."""
        self.rows[k] = self.x[k] * self.writings[k - 1].holds if self.count(k) > k else 0

    def written(self, k: int) -> Tensor:
        """All rows before step k as they have faded by then: (count(k), B, N)."""
        n = self.count(k)
        if self.given.oja:  # row s has faded in steps s+1 ... k-1
            decay = torch.ones_like(self.x[:n])
            decay[: max(k - 1, 0)] = self.fades[1:k].flip(0).cumprod(0).flip(0)
        else:
            times = (self.taken[k] - self.taken[1 : n + 1]).clamp(min=0)
            decay = ((1 - self.given.eta) ** times)[:, None, None]
        return self.rows[:n] * decay

    def write_all(self) -> "Rows":
        """All steps are taken, their activities are known."""
        for k in range(self.n):
            self.write(k)
        return self

    def advance(self, trace: Tensor | None) -> Tensor:
        """The trace (B, N, N) at the chunk's end from the one at its start, None for zero."""
        written, faded = self.written(self.n), self.faded[self.n]
        pre, written = self.x[: len(written)].permute(1, 2, 0), written.transpose(0, 1)  # (B, N, rows), (B, rows, N)
        if trace is None:
            return torch.bmm(pre, written)
        return (trace * (faded.unsqueeze(1) if faded.ndim else faded)).baddbmm_(pre, written)
