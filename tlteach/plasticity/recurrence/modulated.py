"""Episodes of simple neuromodulation that were acted already: their gradient in compiled loops, on a CPU.

Rules that clip cannot be worked through in chunks. What is left is to walk each episode's trace while it is in the
cache, as `fused.py` does: traces are kept every few steps and made again in between.
"""

import numpy as np
import torch
from torch import Tensor

from tlteach.plasticity.recurrence.episode import array
from tlteach.plasticity.recurrence.loops import add_product, compiled, copy, fill, tanh_into


def unroll(drive: Tensor, weight: Tensor, alpha: Tensor, rule, known: Tensor) -> tuple[Tensor, Tensor]:
    """drive, known (T, B, N), from an empty state -> the activities (T, B, N) and the last trace (B, N, N)."""
    rates = rule.rates
    parameters = (rates.modulator.weight, rates.modulator.bias, rates.fan.weight, rates.fan.bias)
    return _Replay.apply(drive, weight, alpha.expand_as(weight), *parameters, known.detach(), float(rule.clip))


class _Replay(torch.autograd.Function):
    @staticmethod
    def forward(ctx, drive, weight, alpha, m, b, fan, c, known, clip):
        T, B, N = known.shape
        x = torch.cat([known.new_zeros(1, B, N), known])  # (T + 1, B, N)
        modulation = torch.tanh(known @ m[0] + b)  # (T, B)
        rate = modulation.unsqueeze(-1) * fan[:, 0] + c  # (T, B, N)
        every = max(8, round(T**0.5))
        trace, kept = known.new_zeros(B, N, N), known.new_empty(-(-T // every), B, N, N)
        _forward(array(x), array(rate), clip, array(trace), array(kept), every)
        ctx.save_for_backward(weight, alpha, m, fan, x, rate, modulation, kept)
        ctx.clip, ctx.every = clip, every
        return known.clone(), trace

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, dx, dtrace):
        weight, alpha, m, fan, x, rate, modulation, kept = ctx.saved_tensors
        # in order, however the inputs lie in memory: the kernel must write into these, not into copies
        dtotal, drate, dmod = rate.new_empty(rate.shape), rate.new_empty(rate.shape), rate.new_empty(modulation.shape)
        dalpha = weight.new_zeros(weight.shape)
        dtrace = dtrace.clone(memory_format=torch.contiguous_format)
        given = (dx, weight, alpha, m[0], fan[:, 0], x, rate, modulation, kept)
        found = (dtotal, drate, dmod, dalpha, dtrace)
        _backward(*map(array, given), ctx.clip, ctx.every, *map(array, found))
        dweight = x[:-1].flatten(0, 1).t() @ dtotal.flatten(0, 1)
        dm = (dmod.unsqueeze(-1) * x[1:]).sum((0, 1)).unsqueeze(0)
        dfan = (modulation.unsqueeze(-1) * drate).sum((0, 1)).unsqueeze(1)
        return dtotal, dweight, dalpha, dm, dmod.sum().reshape(1), dfan, drate.sum((0, 1)), None, None


@compiled
def write(new, old, pre, written, clip):
    """new = clip(old + pre^T written)."""
    for i in range(len(pre)):
        pre_i, to, h = pre[i], new[i], old[i]
        for j in range(len(written)):
            value = h[j] + pre_i * written[j]
            to[j] = min(max(value, -clip), clip)


@compiled
def unwrite(trace, pre, written, clip, dtrace, p, dpre):
    """Through `write`: dtrace becomes the gradient before it; p = pre @ dtrace and dpre = dtrace @ written."""
    zero = pre.dtype.type(0)
    for i in range(len(pre)):
        pre_i, h, dh, dpre_i = pre[i], trace[i], dtrace[i], zero
        for j in range(len(written)):
            value = h[j] + pre_i * written[j]
            d = dh[j] if abs(value) <= clip else zero
            dh[j] = d
            p[j] += pre_i * d
            dpre_i += d * written[j]
        dpre[i] = dpre_i


@compiled
def unuse(trace, pre, weight, alpha, dz, dtrace, dalpha, dpre):
    """Through equation 1: dtrace, dalpha and dpre are added to."""
    zero = pre.dtype.type(0)
    for i in range(len(pre)):
        pre_i, h, w, a, dh, da, dpre_i = pre[i], trace[i], weight[i], alpha[i], dtrace[i], dalpha[i], zero
        for j in range(len(dz)):
            outer = pre_i * dz[j]
            dh[j] += a[j] * outer
            da[j] += h[j] * outer
            dpre_i += dz[j] * (w[j] + a[j] * h[j])
        dpre[i] += dpre_i


@compiled
def _forward(x, rate, clip, traces, kept, every):
    """traces (B, N, N), zero, become the last ones; kept[t // every] is the one before each step t that it divides."""
    T, B, N = rate.shape
    written, spare, bound = np.empty(N, x.dtype), np.empty((2, N, N), x.dtype), x.dtype.type(clip)
    for b in range(B):
        trace = traces[b]
        for t in range(T):
            if t % every == 0:
                copy(kept[t // every, b].reshape(-1), trace.reshape(-1))
            for j in range(N):
                written[j] = rate[t, b, j] * x[t + 1, b, j]
            write(spare[t % 2], trace, x[t, b], written, bound)
            trace = spare[t % 2]
        copy(traces[b].reshape(-1), trace.reshape(-1))


@compiled
def _backward(dx, weight, alpha, m, fan, x, rate, modulation, kept, clip, every, dtotal, drate, dmod, dalpha, dtraces):
    """`_forward` and equation 1 in reverse.

    Filled in: dtotal (T, B, N), at what stands inside tanh, drate (T, B, N), at the rates, dmod (T, B), at what stands
    inside M's tanh. dalpha (N, N) is added to; dtraces (B, N, N) arrive and become those at the start.
    """
    T, B, N = rate.shape
    work, one, bound = np.zeros((5, N), x.dtype), x.dtype.type(1), x.dtype.type(clip)
    written, p, dpre, dpost, dz = work[0], work[1], work[2], work[3], work[4]
    history = np.empty((every, N, N), x.dtype)
    for b in range(B):
        dtrace = dtraces[b]
        fill(dpre, one - one)
        for t in range(T - 1, -1, -1):
            begin = t // every * every
            if t == T - 1 or t - begin == every - 1:
                copy(history[0].reshape(-1), kept[t // every, b].reshape(-1))
                for n in range(t - begin):
                    for j in range(N):
                        written[j] = rate[begin + n, b, j] * x[begin + n + 1, b, j]
                    write(history[n + 1], history[n], x[begin + n, b], written, bound)
            trace, pre, post = history[t - begin], x[t, b], x[t + 1, b]
            for j in range(N):
                written[j] = rate[t, b, j] * post[j]
                dpost[j] = dx[t, b, j] + dpre[j]
            fill(p, one - one)
            unwrite(trace, pre, written, bound, dtrace, p, dpre)
            dm = one - one
            for j in range(N):
                drate[t, b, j] = p[j] * post[j]
                dm += fan[j] * drate[t, b, j]
            dm *= one - modulation[t, b] * modulation[t, b]
            dmod[t, b] = dm
            for j in range(N):
                d = dpost[j] + rate[t, b, j] * p[j] + m[j] * dm
                dz[j] = d - d * post[j] * post[j]
                dtotal[t, b, j] = dz[j]
            unuse(trace, pre, weight, alpha, dz, dtrace, dalpha, dpre)


@compiled
def act(input, pre, post, after, traces, into, bias, weight, alpha, m, b, fan, c, clip):
    """One step of all episodes, as `kernels.act`."""
    B, N = post.shape
    work, bound, modulation = np.zeros((2, N), post.dtype), post.dtype.type(clip), np.zeros(1, post.dtype)
    total, written = work[0], work[1]
    for e in range(B):
        copy(total, bias if len(into) else input[e])
        if len(into):
            add_product(total, input[e], into)
        modulation[0] = b[0]
        for j in range(N):
            modulation[0] += m[j] * post[e, j]
        modulation[0] = np.tanh(modulation[0])
        for j in range(N):
            written[j] = (fan[j] * modulation[0] + c[j]) * post[e, j]
        write_and_use(total, post[e], weight, alpha, traces[e], pre[e], written, bound)
        tanh_into(after[e], total)


@compiled
def write_and_use(total, x, weight, alpha, trace, pre, written, clip):
    """trace = clip(trace + pre^T written) in place, and total += x @ (weight + alpha * trace)."""
    for i in range(len(pre)):
        pre_i, x_i, h, w, a = pre[i], x[i], trace[i], weight[i], alpha[i]
        for j in range(len(total)):
            h_ij = min(max(h[j] + pre_i * written[j], -clip), clip)
            h[j] = h_ij
            total[j] += x_i * (w[j] + a[j] * h_ij)
