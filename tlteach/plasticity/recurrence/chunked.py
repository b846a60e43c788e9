"""The recurrence a chunk of steps at a time: the trace, which is what costs, is touched once a chunk.

Both rules of the paper fade the columns of the trace and add one outer product:

    H(t+1) = fade(t) * H(t) + eta * x(t-1)^T x(t),     fade = 1 - eta (eq 2)  or  1 - eta * x_j(t)^2 (eq 3).

So k steps into a chunk the trace is what the chunk began with, faded, and one rank-1 term for each step since:

    H_k = faded * H_0 + sum_s pre_s^T written_s,     pre_s = x before step s,  written_s = eta * x after it, faded,

and what equation 1 needs of it are small matrix products, without any N x N trace:

    x @ (alpha * H_k) = faded * (x @ (alpha * H_0)) + sum_s [(pre_s * x) @ alpha] * written_s.

This is the chunkwise form known from linear attention and fast-weight programmers. The backward pass is the same
program in reverse. Nothing is ever divided by the fading, so every eta is safe.
"""

import torch
from torch import Tensor

from tlteach.plasticity.recurrence.episode import Arriving, Given, Gradients, Run


def chunk_size(drive: Tensor, alpha: Tensor) -> int:
    """Steps a chunk: fewer pay for touching the trace, more for the products inside the chunk."""
    return 12 if alpha.ndim else 64


def forward(given: Given, keep: bool) -> Run:
    """Run the episodes; `keep` what the backward pass needs."""
    T, B, N = given.drive.shape
    x = given.drive.new_zeros(T + 1, B, N)
    if given.hidden is not None:
        x[0] = given.hidden
    if given.known is not None:
        x[1:] = given.known
    trace, kept = given.trace, []
    for start in range(0, T, given.size):
        n = min(given.size, T - start)
        kept.append(trace)
        if given.known is None:
            faded, written, *products = _steps(given, x, start, n, trace)
            kept += products if keep else ()
        else:
            faded, written = _written(given, x[start + 1 : start + n + 1])[n]
        trace = _advance(trace, faded, x[start : start + n], written)
    return Run(x, trace, kept if keep else [])


def _steps(given: Given, x: Tensor, start: int, n: int, trace: Tensor | None):
    """Equation 1 for n steps, written into x; (faded, written) at their end, and the products of alpha."""
    _, B, N = x.shape
    plastic = None if trace is None else given.alpha * trace  # (B, N, N)
    recalled = x.new_zeros(n, B, N)
    mixed = x.new_empty(n * (n - 1) // 2, B, N if given.alpha.ndim else 1)
    faded, written = x.new_ones(()), x.new_empty(0, B, N)
    for k in range(n):
        t, now = start + k, x[start + k]
        total = torch.addmm(given.drive[t], now, given.weight)  # (B, N)
        if plastic is not None:
            torch.bmm(now.unsqueeze(1), plastic, out=recalled[k].unsqueeze(1))
            total.addcmul_(recalled[k], faded)
        if k:
            mix = _mix(x[start:t] * now, given.alpha, out=mixed[_until(k)])  # (k, B, N)
            total += (mix * written).sum(0)
        torch.tanh(total, out=x[t + 1])
        if given.clamp is not None:
            torch.where(given.clamp[t], given.drive[t], x[t + 1], out=x[t + 1])
        faded, written = _write(given, faded, written, x[t + 1])
    return faded, written, recalled, mixed


def _write(given: Given, faded: Tensor, written: Tensor, post: Tensor) -> tuple[Tensor, Tensor]:
    """One more step: what there was fades, and eta * post joins it. faded scalar or (B, N), written (k, B, N)."""
    fade = given.fade(post)
    return faded * fade, torch.cat([written * fade, (given.eta * post).unsqueeze(0)])


def _written(given: Given, post: Tensor) -> list[tuple[Tensor, Tensor]]:
    """(faded, written) before each of n steps and at their end, from the activities post (n, B, N)."""
    history = [(post.new_ones(()), post[:0])]
    for after in post:
        history.append(_write(given, *history[-1], after))
    return history


def _advance(trace: Tensor | None, faded: Tensor, pre: Tensor, written: Tensor) -> Tensor:
    """faded * trace + sum_s pre_s^T written_s: (B, N, N)."""
    pre, written = pre.permute(1, 2, 0), written.transpose(0, 1)  # (B, N, n), (B, n, N)
    if trace is None:
        return torch.bmm(pre, written)
    return (trace * (faded.unsqueeze(1) if faded.ndim else faded)).baddbmm_(pre, written)


def _mix(rows: Tensor, alpha: Tensor, out: Tensor | None = None) -> Tensor:
    """rows @ alpha: (k, B, N) -> (k, B, N); for one shared alpha every column is the same, (k, B, 1)."""
    if alpha.ndim:
        flat = None if out is None else out.view(-1, out.shape[-1])
        return torch.mm(rows.flatten(0, 1), alpha, out=flat).view(rows.shape)
    return torch.mul(rows.sum(-1, keepdim=True), alpha, out=out)


def backward(given: Given, run: Run, arriving: Arriving) -> Gradients:
    """`forward` in reverse, chunk by chunk from the last."""
    T, B, N = given.drive.shape
    total = given.drive.new_empty(T, B, N)  # gradient at what stands inside tanh
    drive = total if given.clamp is None else torch.empty_like(total)
    alpha, eta = torch.zeros_like(given.alpha), torch.zeros_like(given.eta)
    hidden, trace = given.drive.new_zeros(B, N), arriving.trace
    kept = list(run.kept)
    for start in reversed(range(0, T, given.size)):
        products = (kept.pop(), kept.pop()) if given.known is None else None
        chunk = _Reverse(given, run.x, start, kept.pop(), products)
        chunk.enter(trace)
        for k in reversed(range(chunk.n)):
            if arriving.x is not None:
                hidden += arriving.x[start + k]
            hidden = chunk.step(k, hidden, total[start + k], drive[start + k])
        eta += chunk.eta()
        trace = chunk.leave(trace, alpha)
    weight = run.x[:-1].view(-1, N).t() @ total.view(-1, N)
    return Gradients(drive, weight, alpha, eta, hidden, trace)


class _Reverse:
    """One chunk walked backwards: `enter` at its end, `step` for k = n-1 ... 0, `leave` at its start.

    A name that starts with d is the gradient at the thing named.
    """

    def __init__(self, given: Given, x: Tensor, start: int, trace: Tensor | None, products: tuple | None):
        stop = min(start + given.size, len(x) - 1)
        self.given, self.trace, self.n = given, trace, stop - start
        self.pre, self.post = x[start:stop], x[start + 1 : stop + 1]  # (n, B, N)
        self.clamp = None if given.clamp is None else given.clamp[start:stop]
        self.slope = 1 - self.post.square()  # of tanh
        self.history = _written(given, self.post)
        self.plastic = None if trace is None else given.alpha * trace  # (B, N, N)
        self.pairs = x.new_empty(self.n * (self.n - 1) // 2, *x.shape[1:])  # pre_s * pre_k of all s < k
        for k in range(1, self.n):
            torch.mul(self.pre[:k], self.pre[k], out=self.pairs[_until(k)])
        if products is not None:
            self.mixed, self.recalled = products
        else:
            self.mixed = _mix(self.pairs, given.alpha)
            self.recalled = self.post if trace is None else _rows(self.pre, self.plastic)
        self.drows = torch.empty_like(self.pairs)  # gradient at `mixed`
        self.dfade, self.drecalled = torch.empty_like(self.pre), torch.empty_like(self.pre)

    def enter(self, dtrace: Tensor | None) -> None:
        """Through trace = faded * (first trace) + sum_s pre_s^T written_s, at the chunk's end."""
        faded, written = self.history[self.n]
        self.dfaded = torch.zeros_like(self.pre[0])
        if dtrace is None:
            self.dwritten, self.dpre = torch.zeros_like(self.pre), torch.zeros_like(self.pre)
            return
        self.dwritten, self.dpre = _rows(self.pre, dtrace), _rows(written, dtrace.transpose(1, 2))
        if self.trace is not None:
            for b, (gradient, trace) in enumerate(zip(dtrace, self.trace, strict=True)):
                self.dfaded[b] = (gradient * trace).sum(0)

    def step(self, k: int, dpost: Tensor, dtotal: Tensor, ddrive: Tensor) -> Tensor:
        """Through the trace's update and equation 1 of one step: gradient at x(t) -> at x(t-1), all (B, N)."""
        given, post, earlier = self.given, self.post[k], self.dwritten[:k]
        faded, written = self.history[k]
        fade = given.fade(post)
        torch.addcmul((earlier * written).sum(0), self.dfaded, faded, out=self.dfade[k])
        dpost = torch.addcmul(dpost, given.eta, self.dwritten[k])
        if given.oja:
            dpost.addcmul_(post * self.dfade[k], given.eta, value=-2)
        torch.mul(dpost, self.slope[k], out=dtotal)
        if self.clamp is not None:
            dtotal.masked_fill_(self.clamp[k], 0)
            torch.where(self.clamp[k], dpost, dtotal, out=ddrive)
        earlier *= fade
        self.dfaded *= fade
        dpre = torch.addmm(self.dpre[k], dtotal, given.weight.t())
        if self.plastic is not None:
            self.dfaded.addcmul_(dtotal, self.recalled[k])
            torch.mul(dtotal, faded, out=self.drecalled[k])
            dpre += torch.bmm(self.drecalled[k].unsqueeze(1), self.plastic.transpose(1, 2)).squeeze(1)
        if k:
            earlier.addcmul_(dtotal, self.mixed[_until(k)])
            products = _mix(torch.mul(dtotal, written, out=self.drows[_until(k)]), given.alpha.t())
            self.dpre[:k].addcmul_(products, self.pre[k])
            dpre += (products * self.pre[:k]).sum(0)
        return dpre

    def eta(self) -> Tensor:
        """Its gradient in this chunk: by how much each step writes, and by how much it fades."""
        faded = (self.dfade * self.post.square()).sum() if self.given.oja else self.dfade.sum()
        return (self.dwritten * self.post).sum() - faded

    def leave(self, dtrace: Tensor | None, dalpha: Tensor) -> Tensor | None:
        """Add to alpha's gradient; gradient at the trace of the chunk's end -> of its start."""
        if dalpha.ndim:
            dalpha.addmm_(self.pairs.flatten(0, 1).t(), self.drows.flatten(0, 1))
        else:
            dalpha += (self.pairs.sum(-1) * self.drows.sum(-1)).sum()
        if self.trace is None:
            return None
        dplastic = torch.bmm(self.pre.permute(1, 2, 0), self.drecalled.transpose(0, 1))  # (B, N, N)
        for gradient, trace in zip(dplastic, self.trace, strict=True):
            dalpha += gradient * trace if dalpha.ndim else (gradient * trace).sum()
        dplastic *= self.given.alpha
        if dtrace is not None:
            faded, _ = self.history[self.n]
            dplastic.addcmul_(dtrace, faded.unsqueeze(1) if faded.ndim else faded)
        return dplastic


def _until(k: int) -> slice:
    """Where the k pairs (s, k), s < k, stand among all pairs."""
    return slice(k * (k - 1) // 2, k * (k + 1) // 2)


def _rows(rows: Tensor, matrices: Tensor) -> Tensor:
    """rows[:, b] @ matrices[b]: (n, B, N), (B, N, N) -> (n, B, N)."""
    return torch.bmm(rows.transpose(0, 1), matrices).transpose(0, 1).contiguous()
