"""The compiled kernels of `fused.py`: one episode at a time, one pass over its trace a step.

Forward, only every second trace is written to memory; those between are made where they are used. Backward, the
traces of a stretch are made again from its checkpoint. All arrays are C-contiguous and of one precision. A name that
starts with d is the gradient at the thing named.
"""

import numpy as np

from tlteach.plasticity.recurrence.loops import (
    add_product,
    advance,
    advance_and_use,
    compiled,
    copy,
    fill,
    one_step,
    reverse,
    tanh_into,
    two_steps,
    use,
    write_and_use,
)


@compiled
def forward(first, last, drive, weight, alpha, eta, oja, clamp, x, traces, checkpoints, every):
    """Episodes first ... last-1, from x[0] and traces (B, N, N), which become x (T+1, B, N) and the last traces.

    checkpoints[t // every] keeps the trace before step t, for each t that is a multiple of `every`, an even number.
    """
    T, _, N = drive.shape
    work, zero = np.zeros((5, N), drive.dtype), drive.dtype.type(0)
    total, fades, written, written_later, nothing = work[0], work[1], work[2], work[3], work[4]
    spare = np.empty((2, N, N), drive.dtype)
    for b in range(first, last):
        trace = checkpoints[0, b] if len(checkpoints) else spare[0]
        copy(trace.reshape(-1), traces[b].reshape(-1))
        for t in range(T):
            copy(total, drive[t, b])
            post = x[t, b]
            if t == 0:
                fade = one_step(oja, zero, nothing, fades, written)
                use(oja, total, post, weight, alpha, trace, fade, fades, nothing, written)
            elif t % 2:
                fade = one_step(oja, eta, post, fades, written)
                use(oja, total, post, weight, alpha, trace, fade, fades, x[t - 1, b], written)
            else:
                before, pre, old = x[t - 2, b], x[t - 1, b], trace
                keep = len(checkpoints) > 0 and t % every == 0
                trace = checkpoints[t // every, b] if keep else spare[t // 2 % 2]
                fade = two_steps(oja, eta, pre, post, fades, written, written_later)
                advance_and_use(
                    oja, total, post, weight, alpha, trace, old, fade, fades, before, written, pre, written_later
                )
            tanh_into(x[t + 1, b], total)
            if len(clamp):
                for j in range(N):
                    if clamp[t, b, j]:
                        x[t + 1, b, j] = drive[t, b, j]
        if T % 2:
            fade = one_step(oja, eta, x[T, b], fades, written)
            advance(oja, traces[b], trace, fade, fades, x[T - 1, b], written, nothing, nothing)
        else:
            before, pre = x[T - 2, b], x[T - 1, b]
            fade = two_steps(oja, eta, pre, x[T, b], fades, written, written_later)
            advance(oja, traces[b], trace, fade, fades, before, written, pre, written_later)


@compiled
def replay(first, last, x, eta, oja, traces, checkpoints, every):
    """The traces of episodes first ... last-1 whose activities x (T+1, B, N) are known: `forward` but equation 1."""
    T, N = len(x) - 1, x.shape[2]
    work = np.zeros((4, N), x.dtype)
    fades, written, written_later, nothing = work[0], work[1], work[2], work[3]
    spare = np.empty((2, N, N), x.dtype)
    for b in range(first, last):
        trace = traces[b]
        for t in range(0, T, 2):
            if t % every == 0:
                copy(checkpoints[t // every, b].reshape(-1), trace.reshape(-1))
            new = spare[t // 2 % 2]
            if t + 1 < T:
                fade = two_steps(oja, eta, x[t + 1, b], x[t + 2, b], fades, written, written_later)
                advance(oja, new, trace, fade, fades, x[t, b], written, x[t + 1, b], written_later)
            else:
                fade = one_step(oja, eta, x[t + 1, b], fades, written)
                advance(oja, new, trace, fade, fades, x[t, b], written, nothing, nothing)
            trace = new
        copy(traces[b].reshape(-1), trace.reshape(-1))


@compiled
def remake(history, start, count, t, b, x, eta, oja):
    """history[1 ... count]: the traces after `start`, the one before step t; equation 2: every second of them."""
    work = np.zeros((4, x.shape[2]), x.dtype)
    fades, written, written_later, nothing = work[0], work[1], work[2], work[3]
    for n in range(count):
        new, old = history[n + 1], history[n] if n else start
        if oja:
            fade = one_step(oja, eta, x[t + 1, b], fades, written)
            advance(oja, new, old, fade, fades, x[t, b], written, nothing, nothing)
            t += 1
        else:
            fade = two_steps(oja, eta, x[t + 1, b], x[t + 2, b], fades, written, written_later)
            advance(oja, new, old, fade, fades, x[t, b], written, x[t + 1, b], written_later)
            t += 2


@compiled
def backward(first, last, dx, weight, alpha, eta, oja, clamp, x, checkpoints, every, dtotal, dpost, dalpha, dtraces):
    """Episodes first ... last-1 in reverse.

    dx (T, B, N) and dtraces (B, N, N), which becomes the gradient at the first traces, arrive; dtotal (T, B, N), at
    what stands inside tanh, and dpost (T + 1, B, N), at x, are filled in; dalpha (N, N) is added to.
    Returns deta.
    """
    T, _, N = dx.shape
    work, zero = np.zeros((9, N), dx.dtype), dx.dtype.type(0)
    dz, p, dpre, dpre_later, written, nothing = work[0], work[1], work[2], work[3], work[4], work[5]
    fades, laters, dfades = work[6], work[7], work[8]
    # The traces of a stretch: equation 3 needs the one before each step, equation 2 makes do with every second.
    history = np.empty((every + 1 if oja else every // 2 + 1, N, N), dx.dtype)
    deta = 0.0
    for b in range(first, last):
        fill(dz, 0)
        fill(dpre, 0)
        later = one_step(oja, zero, nothing, laters, written)
        for t in range(T - 1, -2, -1):  # equation 1 of step t + 1, and the rule's of step t
            begin = max(t, 0) // every * every
            n, start = t - begin, checkpoints[begin // every, b]
            if t == T - 1 or n == every - 1:
                remake(history, start, n if oja else (n + 1) // 2, begin, b, x, eta, oja)
            pre, post = (x[t, b], x[t + 1, b]) if t >= 0 else (nothing, x[0, b])
            # The trace after step t is one step from what there is, or is there.
            rate = eta if t >= 0 and (oja or n % 2 == 0) else zero
            n = 0 if t < 0 else n if oja else (n + 1) // 2
            trace, d = history[n] if n else start, dpost[t + 1, b]
            fade = one_step(oja, rate, post, fades, written)
            copy(dpre_later, dpre)
            fill(p, 0)
            fill(dfades, 0)
            dlater = reverse(
                oja, trace, fade, fades, rate, pre, post, weight, alpha, dz,
                later, laters, dalpha, dtraces[b], d, dpre, p, dfades,
            )  # fmt: skip
            for j in range(N):
                d[j] += eta * (dpre_later[j] + p[j])
            if not oja and t < T - 1:
                deta -= dlater
            if t < 0:
                break
            for j in range(N):
                d[j] += dx[t, b, j]
                deta += pre[j] * dpre[j]
                if oja:
                    d[j] -= (eta + eta) * post[j] * dfades[j]
                    deta -= post[j] * post[j] * dfades[j]
                dz[j] = d[j] - d[j] * post[j] * post[j]
            if len(clamp):
                for j in range(N):
                    if clamp[t, b, j]:
                        dz[j] = 0
            copy(dtotal[t, b], dz)
            later = dx.dtype.type(1) - eta
            if oja:
                copy(laters, fades)
    return deta


@compiled
def act(input, pre, post, after, traces, into, bias, weight, alpha, eta, oja):
    """One step of all episodes: from pre and post, the activities before the last two steps, to `after`, all (B, N).

    traces (B, N, N) lack what the step from pre to post writes; it is written now, on the way to equation 1. Inputs
    (B, n) reach the units through `into` (n, N) and a bias (N,); where `into` is empty each drives a unit of its own.
    """
    B, N = post.shape
    work = np.zeros((3, N), post.dtype)
    total, fades, written = work[0], work[1], work[2]
    for b in range(B):
        copy(total, bias if len(into) else input[b])
        if len(into):
            add_product(total, input[b], into)
        fade = one_step(oja, eta, post[b], fades, written)
        write_and_use(oja, total, post[b], weight, alpha, traces[b], fade, fades, pre[b], written)
        tanh_into(after[b], total)
