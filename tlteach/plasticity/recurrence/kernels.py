"""The loops of `fused.py`, compiled by numba: one episode at a time, one pass over its trace a step.

All arrays are C-contiguous and of one precision. Inner loops run along a row of the trace (over postsynaptic units)
and stand in functions of their own on whole matrices: so the compiler can turn them into vector instructions.
A name that starts with d is the gradient at the thing named.
"""

import numba
import numpy as np


def compiled(function):
    """`function` compiled on its first call, and kept on disk for the next process where some folder allows it."""
    # NaN and infinities keep their meaning; only the order of a sum is left to the compiler.
    options = dict(nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # neither the package's own folder nor the user's cache can be written to
        return numba.njit(**options)(function)


@compiled
def tanh_into(out, z):
    """tanh to the last digits, without the one-by-one calls of the C library.

    Lambert's fraction for tanh(z / 64), then tanh(2a) = 2 tanh(a) / (1 + tanh(a)^2) six times. tanh(20) is 1.
    """
    number = z.dtype.type
    one, two, most, part = number(1), number(2), number(20), number(1 / 64)
    a0, a1, a2, b1, b2, b3 = number(135135), number(17325), number(378), number(62370), number(3150), number(28)
    for j in range(len(z)):
        a = part * (-most if z[j] < -most else (most if z[j] > most else z[j]))
        s = a * a
        y = a * (a0 + s * (a1 + s * (a2 + s))) / (a0 + s * (b1 + s * (b2 + s * b3)))
        for _ in range(6):
            y = two * y / (one + y * y)
        out[j] = y


@compiled
def copy(to, source):
    """to[:] = source, for vectors."""
    for j in range(len(to)):
        to[j] = source[j]


@compiled
def fill(to, value):
    """to[:] = value, for vectors."""
    for j in range(len(to)):
        to[j] = value


@compiled
def fade_into(out, post, eta, oja):
    """By how much a step that ends in `post` multiplies each column of the trace (equations 2 and 3)."""
    one = post.dtype.type(1)
    for j in range(len(post)):
        out[j] = one - eta * (post[j] * post[j] if oja else one)


@compiled
def advance(new, old, fade, pre, post, eta):
    """new = fade * old + eta * pre^T post."""
    for i in range(len(pre)):
        write, to, fro = eta * pre[i], new[i], old[i]
        for j in range(len(post)):
            to[j] = fade[j] * fro[j] + write * post[j]


@compiled
def advance_and_use(total, trace, fade, pre, post, eta, weight, alpha):
    """The trace takes in the step pre -> post, and is used at once: total += post @ (weight + alpha * trace)."""
    for i in range(len(pre)):
        write, post_i, h, w, a = eta * pre[i], post[i], trace[i], weight[i], alpha[i]
        for j in range(len(total)):
            h_ij = fade[j] * h[j] + write * post[j]
            h[j] = h_ij
            total[j] += post_i * (w[j] + a[j] * h_ij)


@compiled
def forward(first, last, drive, weight, alpha, eta, oja, clamp, x, traces, checkpoints, every):
    """Episodes first ... last-1, from x[0] and traces (B, N, N), which become x (T+1, B, N) and the last traces.

    checkpoints[t // every] keeps the trace before step t, for each t that is a multiple of `every`.
    """
    T, _, N = drive.shape
    total, fade = np.empty(N, drive.dtype), np.empty(N, drive.dtype)
    nothing = np.zeros(N, drive.dtype)
    for b in range(first, last):
        trace, pre = traces[b], nothing
        fill(fade, 1)
        for t in range(T):
            copy(total, drive[t, b])
            advance_and_use(total, trace, fade, pre, x[t, b], eta, weight, alpha)
            if len(checkpoints) and t % every == 0:
                copy(checkpoints[t // every, b].reshape(-1), trace.reshape(-1))
            tanh_into(x[t + 1, b], total)
            if len(clamp):
                for j in range(N):
                    if clamp[t, b, j]:
                        x[t + 1, b, j] = drive[t, b, j]
            pre = x[t, b]
            fade_into(fade, x[t + 1, b], eta, oja)
        advance_and_use(total, trace, fade, pre, x[T, b], eta, weight, alpha)


@compiled
def reverse_hebb(trace, fade, pre, post, eta, weight, alpha, dz, fade_later, dalpha, dtrace, dpost, dpre, p):
    """One pass for two things: equation 1 of the step from `post`, then equation 2 of the step pre -> post before it.

    trace: before both; fade: what the earlier step multiplies it by, fade_later: the later step.
    dz: at what stands inside tanh in the later step. dtrace: at the trace after the later step, becomes that at the
    trace after the earlier one. dalpha is added to. Filled in: dpost, through equation 1; dpre and p, which are
    dtrace @ post and pre @ dtrace. Returns the gradient at `fade`.
    """
    zero = trace.dtype.type(0)
    dfade = zero
    for i in range(len(pre)):
        h, w, a, dh, da = trace[i], weight[i], alpha[i], dtrace[i], dalpha[i]
        pre_i, post_i, write, dpost_i, dpre_i = pre[i], post[i], eta * pre[i], zero, zero
        for j in range(len(post)):
            h_ij = fade * h[j] + write * post[j]
            outer = post_i * dz[j]
            da[j] += outer * h_ij
            dpost_i += dz[j] * (w[j] + a[j] * h_ij)
            dh_ij = fade_later * dh[j] + a[j] * outer
            dh[j] = dh_ij
            dpre_i += dh_ij * post[j]
            p[j] += pre_i * dh_ij
            dfade += dh_ij * h[j]
        dpost[i] = dpost_i
        dpre[i] = dpre_i
    return dfade


@compiled
def reverse_oja(trace, fade, pre, post, eta, weight, alpha, dz, fade_later, dalpha, dtrace, dpost, dpre, p, dfade):
    """As `reverse_hebb`, for equation 3: each column has a fade of its own; dfade (N,) is filled in."""
    zero = trace.dtype.type(0)
    for i in range(len(pre)):
        h, w, a, dh, da = trace[i], weight[i], alpha[i], dtrace[i], dalpha[i]
        pre_i, post_i, write, dpost_i, dpre_i = pre[i], post[i], eta * pre[i], zero, zero
        for j in range(len(post)):
            h_ij = fade[j] * h[j] + write * post[j]
            outer = post_i * dz[j]
            da[j] += outer * h_ij
            dpost_i += dz[j] * (w[j] + a[j] * h_ij)
            dh_ij = fade_later[j] * dh[j] + a[j] * outer
            dh[j] = dh_ij
            dpre_i += dh_ij * post[j]
            p[j] += pre_i * dh_ij
            dfade[j] += dh_ij * h[j]
        dpost[i] = dpost_i
        dpre[i] = dpre_i


@compiled
def reverse(oja, trace, fade, pre, post, eta, weight, alpha, dz, fade_later, dalpha, dtrace, dpost, dpre, p, dfade):
    """`reverse_oja` or `reverse_hebb`; the latter's one number comes first in dfade (N,)."""
    fill(p, 0)
    fill(dfade, 0)
    if oja:
        reverse_oja(trace, fade, pre, post, eta, weight, alpha, dz, fade_later, dalpha, dtrace, dpost, dpre, p, dfade)
    else:
        dfade[0] = reverse_hebb(
            trace, fade[0], pre, post, eta, weight, alpha, dz, fade_later[0], dalpha, dtrace, dpost, dpre, p
        )


@compiled
def backward(first, last, dx, weight, alpha, eta, oja, clamp, x, checkpoints, every, dtotal, dpost, dalpha, dtraces):
    """Episodes first ... last-1 in reverse.

    dx (T, B, N) and dtraces (B, N, N), which becomes the gradient at the first traces, arrive; dtotal (T, B, N), at
    what stands inside tanh, and dpost (T + 1, B, N), at x, are filled in; dalpha (N, N) is added to.
    Returns deta.
    """
    T, _, N = dx.shape
    work = np.empty((8, N), dx.dtype)
    dz, p, dpre, dpre_later = work[0], work[1], work[2], work[3]
    fade, fade_later, dfade, nothing = work[4], work[5], work[6], work[7]
    history = np.empty((every, N, N), dx.dtype)  # the traces before each step of the stretch since a checkpoint
    fill(nothing, 0)
    deta = 0.0
    for b in range(first, last):
        dtrace = dtraces[b]
        fill(dz, 0)
        fill(dpre, 0)
        fill(fade_later, 1)
        for t in range(T - 1, -1, -1):
            if t == T - 1 or (t + 1) % every == 0:
                begin = t - t % every
                copy(history[0].reshape(-1), checkpoints[begin // every, b].reshape(-1))
                for s in range(begin, t):
                    fade_into(fade, x[s + 1, b], eta, oja)
                    advance(history[s + 1 - begin], history[s - begin], fade, x[s, b], x[s + 1, b], eta)
            trace, pre, post, d = history[t % every], x[t, b], x[t + 1, b], dpost[t + 1, b]
            fade_into(fade, post, eta, oja)
            copy(dpre_later, dpre)
            reverse(oja, trace, fade, pre, post, eta, weight, alpha, dz, fade_later, dalpha, dtrace, d, dpre, p, dfade)
            for j in range(N):
                d[j] += dx[t, b, j] + eta * (dpre_later[j] + p[j])
                deta += pre[j] * dpre[j]
                if oja:
                    d[j] -= (eta + eta) * post[j] * dfade[j]
                    deta -= post[j] * post[j] * dfade[j]
                dz[j] = d[j] - d[j] * post[j] * post[j]
            if not oja:
                deta -= dfade[0]
            if len(clamp):
                for j in range(N):
                    if clamp[t, b, j]:
                        dz[j] = 0
            copy(dtotal[t, b], dz)
            copy(fade_later, fade)
        # The first step's equation 1; nothing was written before it.
        post, d = x[0, b], dpost[0, b]
        fill(fade, 1)
        copy(dpre_later, dpre)
        trace = history[0]
        reverse(oja, trace, fade, nothing, post, eta, weight, alpha, dz, fade_later, dalpha, dtrace, d, dpre, p, dfade)
        for j in range(N):
            d[j] += eta * dpre_later[j]
    return deta
