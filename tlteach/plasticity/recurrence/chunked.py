"""The recurrence a chunk of steps at a time: the trace, which is what costs, is touched once a chunk.

What the steps of a chunk write to the trace is kept as rows (`rows.py`), and what equation 1 needs of them are small
matrix products, without any N x N trace:

    x @ (alpha * H_k) = faded_k * (x @ (alpha * H_0)) + sum_s [(x_s * x) @ alpha] * written_s(k).

This is the chunkwise form known from linear attention and fast-weight programmers; with one shared alpha it is linear
attention. The backward pass is the same program in reverse. Nothing is ever divided by the fading, so every eta is
safe. Steps in which all units are clamped write a row and cost nothing else.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from tlteach.plasticity.recurrence.clamped import Schedule
from tlteach.plasticity.recurrence.episode import Arriving, Given, Gradients, Run
from tlteach.plasticity.recurrence.rows import Rows, row_count, writing_slope

WHOLE = 27  # free steps up to which an episode in one piece is cheaper than two chunks with a trace between them


def chunk_size(drive: Tensor, alpha: Tensor, steps: Schedule) -> int:
    """Steps a chunk: fewer pay for touching the trace, more for the products inside the chunk."""
    if not alpha.ndim:
        return max(64, drive.shape[-1] // 2)  # the products are small
    return WHOLE if len(list(chunks(steps, WHOLE))) == 1 else 12


def chunks(steps: Schedule, size: int) -> Iterator[tuple[int, int]]:
    """(start, stop) of each: as many steps as read as many rows as `size` free steps do."""
    most, start, pairs = size * (size - 1) // 2, 0, 0
    for t, free in enumerate(steps.free):
        reads = row_count(steps.often[start:t]) if free else 0
        if pairs + reads > most:
            yield start, t
            start, pairs, reads = t, 0, 0
        pairs += reads
    yield start, len(steps.free)


def forward(given: Given, keep: bool) -> Run:
    """Run the episodes; `keep` what the backward pass needs."""
    T, B, N = given.drive.shape
    x = given.drive.new_zeros(T + 1, B, N)
    if given.hidden is not None:
        x[0] = given.hidden
    x[1:] = given.drive if given.known is None else given.known  # the drive is right for a clamped step
    trace, kept = given.trace, []
    for start, stop in chunks(given.steps, given.size):
        rows = Rows(given, x[start : stop + 1], given.steps.often[start:stop])
        products = _steps(given, rows, start, trace)
        kept += [trace, *products] if keep else []
        trace = rows.advance(trace)
    return Run(x, trace, kept)


def _steps(given: Given, rows: Rows, start: int, trace: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
    """The steps of one chunk, written into rows.x; the products of alpha in them: of the rows, and of the trace."""
    if given.known is not None:
        rows.write_all()
        return None, None
    x, plastic = rows.x, None if trace is None else given.alpha * trace  # (B, N, N)
    reads = _reads(given, rows, start)
    mixed = _new_pairs(given, reads)
    recalled = None if plastic is None else torch.zeros_like(x[1:])
    for k in range(rows.n):
        if k in reads:
            total = torch.addmm(given.drive[start + k], x[k], given.weight)  # (B, N)
            if plastic is not None:
                torch.bmm(x[k].unsqueeze(1), plastic, out=recalled[k].unsqueeze(1))
                total.addcmul_(recalled[k], rows.faded[k])
            if rows.count(k):
                pairs = _pairs(x[: rows.count(k)], x[k], given.alpha)
                mix = _mix(pairs, given.alpha, out=mixed[reads[k]])  # (rows, B, N)
                total += _sum(mix, rows.written(k))
            torch.tanh(total, out=x[k + 1])
            if given.clamp is not None:
                torch.where(given.clamp[start + k], given.drive[start + k], x[k + 1], out=x[k + 1])
        rows.write(k)
    return mixed, recalled


def _reads(given: Given, rows: Rows, start: int) -> dict[int, slice]:
    """Where the pairs (row, step) of each free step stand among those of the chunk."""
    reads, at = {}, 0
    for k in range(rows.n):
        if given.steps.free[start + k]:
            reads[k] = slice(at, at + rows.count(k))
            at = reads[k].stop
    return reads


def _new_pairs(given: Given, reads: dict[int, slice]) -> Tensor:
    """Room for all pairs of a chunk: (pairs, B, N), or (pairs, B, 1) for a shared alpha."""
    _, B, N = given.drive.shape
    return given.drive.new_empty(max((r.stop for r in reads.values()), default=0), B, N if given.alpha.ndim else 1)


def _pairs(rows: Tensor, one: Tensor, alpha: Tensor, out: Tensor | None = None) -> Tensor:
    """rows (k, B, N) * one (B, N); for a shared alpha its sum over the units, (k, B, 1), is enough."""
    if alpha.ndim:
        return torch.mul(rows, one, out=out)
    sums = (rows.transpose(0, 1) @ one.unsqueeze(-1)).transpose(0, 1)
    return sums if out is None else out.copy_(sums)


def _mix(pairs: Tensor, alpha: Tensor, out: Tensor | None = None) -> Tensor:
    """pairs @ alpha: (k, B, N) -> (k, B, N); or (k, B, 1) -> (k, B, 1)."""
    if alpha.ndim:
        flat = None if out is None else out.view(-1, out.shape[-1])
        return torch.mm(pairs.flatten(0, 1), alpha, out=flat).view(pairs.shape)
    return torch.mul(pairs, alpha, out=out)


def _sum(mix: Tensor, rows: Tensor) -> Tensor:
    """The sum of mix * rows over the rows: (k, B, N) or (k, B, 1), (k, B, N) -> (B, N)."""
    if mix.shape == rows.shape:
        return (mix * rows).sum(0)
    return (mix.permute(1, 2, 0) @ rows.transpose(0, 1)).squeeze(1)


def backward(given: Given, run: Run, arriving: Arriving) -> Gradients:
    """`forward` in reverse, chunk by chunk from the last."""
    T, B, N = given.drive.shape
    total = given.drive.new_zeros(T, B, N)  # gradient at what stands inside tanh
    drive = torch.empty_like(total) if given.drive_wanted else None
    alpha, eta = torch.zeros_like(given.alpha), torch.zeros_like(given.eta)
    hidden, trace = given.drive.new_zeros(B, N), arriving.trace
    kept = list(run.kept)
    for start, stop in reversed(list(chunks(given.steps, given.size))):
        recalled, mixed, first = kept.pop(), kept.pop(), kept.pop()
        chunk = _Reverse(given, run.x, start, stop, first, mixed, recalled)
        chunk.enter(trace)
        for k in reversed(range(stop - start)):
            if arriving.x is not None:
                hidden = hidden + arriving.x[start + k]
            hidden = chunk.step(k, hidden, total[start + k], None if drive is None else drive[start + k])
        eta += chunk.deta
        trace = chunk.leave(trace, alpha)
    free = [t for t in range(T) if given.steps.free[t]]
    pre, total = (run.x[:-1], total) if len(free) == T else (run.x[free], total[free])
    weight = pre.reshape(-1, N).t() @ total.reshape(-1, N)
    return Gradients(drive, weight, alpha, eta, hidden, trace)


class _Reverse:
    """One chunk walked backwards: `enter` at its end, `step` for k = n-1 ... 0, `leave` at its start.

    A name that starts with d is the gradient at the thing named.
    """

    def __init__(self, given: Given, x: Tensor, start: int, stop: int, trace: Tensor | None, mixed, recalled):
        self.given, self.start, self.trace, self.x = given, start, trace, x[start : stop + 1]
        self.rows = Rows(given, self.x, given.steps.often[start:stop]).write_all()
        self.reads = _reads(given, self.rows, start)
        self.plastic = None if trace is None else given.alpha * trace  # (B, N, N)
        self.pairs = _new_pairs(given, self.reads)
        for k, where in self.reads.items():
            _pairs(self.x[: self.rows.count(k)], self.x[k], given.alpha, out=self.pairs[where])
        self.mixed = _mix(self.pairs, given.alpha) if mixed is None else mixed
        self.recalled = _rows(self.x[:-1], self.plastic) if recalled is None and trace is not None else recalled
        self.dpairs = torch.empty_like(self.pairs)
        self.drecalled = None if trace is None else torch.zeros_like(self.x[:-1])
        self.dwritten, self.dpre = torch.zeros_like(self.x), torch.zeros_like(self.x)
        self.dfaded = self.deta = torch.zeros_like(given.eta)

    def _at_fade(self, a: Tensor, b: Tensor) -> Tensor:
        """Gradient at what multiplies the columns: sum of a * b (..., B, N) over all but (B, N), or over everything."""
        if not self.given.oja:
            return torch.dot(a.reshape(-1), b.reshape(-1))
        return (a * b).flatten(0, -3).sum(0) if a.ndim > 2 else a * b

    def enter(self, dtrace: Tensor | None) -> None:
        """Through trace = faded * (first trace) + sum_s x_s^T written_s, at the chunk's end."""
        if dtrace is None:
            return
        written = self.rows.written(self.rows.n)
        n = len(written)
        self.dwritten[:n], self.dpre[:n] = _rows(self.x[:n], dtrace), _rows(written, dtrace.transpose(1, 2))
        if self.trace is not None and self.given.oja:
            self.dfaded = torch.stack([(g * h).sum(0) for g, h in zip(dtrace, self.trace, strict=True)])
        elif self.trace is not None:
            self.dfaded = self._at_fade(dtrace, self.trace)

    def step(self, k: int, dpost: Tensor, dtotal: Tensor, ddrive: Tensor | None) -> Tensor:
        """Through the trace's update and equation 1 of one step: gradient at x(t) -> at x(t-1), all (B, N)."""
        given, rows = self.given, self.rows
        t, n, free = self.start + k, rows.count(k), k in self.reads
        rows.unwrite(k)
        written = rows.written(k)  # (n, B, N)
        dpost = self._unwrite(k, dpost, written)
        if ddrive is not None:
            ddrive.copy_(dpost)
        dpre = self.dpre[k]
        if not free:
            return dpre
        torch.mul(dpost, 1 - self.x[k + 1].square(), out=dtotal)
        if given.clamp is not None:
            dtotal.masked_fill_(given.clamp[t], 0)
        if ddrive is not None:
            ddrive.copy_(dtotal if given.clamp is None else torch.where(given.clamp[t], dpost, dtotal))
        dpre = torch.addmm(dpre, dtotal, given.weight.t())
        if self.plastic is not None:
            self.dfaded = self.dfaded + self._at_fade(dtotal, self.recalled[k])
            torch.mul(dtotal, rows.faded[k], out=self.drecalled[k])
            dpre += torch.bmm(self.drecalled[k].unsqueeze(1), self.plastic.transpose(1, 2)).squeeze(1)
        if n:
            self.dwritten[:n].addcmul_(dtotal, self.mixed[self.reads[k]])
            dpairs = _pairs(written, dtotal, given.alpha, out=self.dpairs[self.reads[k]])
            dpairs = _mix(dpairs, given.alpha.t())
            self.dpre[:n].addcmul_(dpairs, self.x[k])
            dpre += _sum(dpairs, self.x[:n])
        return dpre

    def _unwrite(self, k: int, dpost: Tensor, written: Tensor) -> Tensor:
        """Through what step k did to the trace: adds to the gradient at x_{k+1} and at eta."""
        given, rows, post, n = self.given, self.rows, self.x[k + 1], len(written)
        fade, (fades, writes, _) = given.fade(post), rows.writings[k]
        by_fade, by_eta = writing_slope(fade, given.eta, rows.often[k])
        dfades = self._at_fade(self.dwritten[:n], written) + self.dfaded * rows.faded[k]
        dwrites = self._at_fade(self.dwritten[k], post)
        dholds = self._at_fade(self.dwritten[k + 1], post)
        dfade = dfades * by_fade.fades + dwrites * by_fade.writes + dholds * by_fade.holds
        at_eta = dwrites * by_eta.writes + dholds * by_eta.holds
        self.deta = self.deta + (at_eta - (dfade * post.square() if given.oja else dfade)).sum()
        dpost = dpost + writes * self.dwritten[k]
        if given.oja:
            dpost = dpost - 2 * given.eta * post * dfade
        self.dwritten[: k + 1] *= fades
        self.dfaded = self.dfaded * fades
        return dpost

    def leave(self, dtrace: Tensor | None, dalpha: Tensor) -> Tensor | None:
        """Add to alpha's gradient; gradient at the trace of the chunk's end -> of its start."""
        if dalpha.ndim:
            dalpha.addmm_(self.pairs.flatten(0, 1).t(), self.dpairs.flatten(0, 1))
        else:
            dalpha += (self.pairs * self.dpairs).sum()
        if self.trace is None:
            return None
        dplastic = torch.bmm(self.x[:-1].permute(1, 2, 0), self.drecalled.transpose(0, 1))  # (B, N, N)
        for gradient, trace in zip(dplastic, self.trace, strict=True):
            if dalpha.ndim:
                dalpha.addcmul_(gradient, trace)
            else:
                dalpha += torch.dot(gradient.view(-1), trace.reshape(-1))
        dplastic *= self.given.alpha
        if dtrace is not None:
            faded = self.rows.faded[self.rows.n]
            dplastic.addcmul_(dtrace, faded.unsqueeze(1) if faded.ndim else faded)
        return dplastic


def _rows(rows: Tensor, matrices: Tensor) -> Tensor:
    """rows[:, b] @ matrices[b]: (n, B, N), (B, N, N) -> (n, B, N)."""
    return torch.bmm(rows.transpose(0, 1), matrices).transpose(0, 1).contiguous()
