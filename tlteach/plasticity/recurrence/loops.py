"""The inner loops of `kernels.py`: each goes once through an N x N trace.

They run along a row (over postsynaptic units) and stand in functions of their own on whole matrices: so the compiler
can turn them into vector instructions. A name that starts with d is the gradient at the thing named.

The two rules differ in how the columns of a trace fade: all alike by `fade` (equation 2), or each for itself by
`fades` (N,) (equation 3, `oja`). The compiler makes a loop of its own for each.
"""

import numba
from numba.core.compiler import CompilerBase, DefaultPassBuilder


class NoAlias(CompilerBase):
    """Numba's own compiler, told that an array which a function writes to shares no memory with its other arrays.

    What C calls `restrict`. Without it each row begins with a comparison of every two addresses: a tenth of the time.
    """

    def define_pipelines(self):
        self.state.flags.noalias = True
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]


def compiled(function):
    """`function` compiled on its first call, and kept on disk for the next process where some folder allows it."""
    # NaN and infinities keep their meaning; only the order of a sum is left to the compiler.
    fastmath = {"reassoc", "contract", "nsz", "arcp"}
    options = dict(pipeline_class=NoAlias, nogil=True, error_model="numpy", fastmath=fastmath)
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
def add_product(total, x, matrix):
    """total += x @ matrix, passing over what is 0 in x."""
    for i in range(len(x)):
        x_i, row = x[i], matrix[i]
        if x_i != 0:
            for j in range(len(total)):
                total[j] += x_i * row[j]


@compiled
def one_step(oja, eta, post, fades, written):
    """What a step that ends in `post` does: trace -> fade * trace + pre^T written. Returns fade."""
    one = post.dtype.type(1)
    for j in range(len(post)):
        fades[j] = one - eta * (post[j] * post[j] if oja else one)
        written[j] = eta * post[j]
    return one - eta


@compiled
def two_steps(oja, eta, post, later, fades, written, written_later):
    """What two steps do: trace -> fade * trace + pre^T written + post^T written_later. Returns fade."""
    one = post.dtype.type(1)
    for j in range(len(post)):
        fade_later = one - eta * (later[j] * later[j] if oja else one)
        fades[j] = fade_later * (one - eta * (post[j] * post[j] if oja else one))
        written[j] = fade_later * eta * post[j]
        written_later[j] = eta * later[j]
    return (one - eta) * (one - eta)


@compiled
def advance(oja, new, old, fade, fades, pre, written, post, written_later):
    """new = fade * old + pre^T written + post^T written_later."""
    for i in range(len(pre)):
        pre_i, post_i, to, h = pre[i], post[i], new[i], old[i]
        for j in range(len(written)):
            f = fades[j] if oja else fade
            to[j] = f * h[j] + (pre_i * written[j] + post_i * written_later[j])


@compiled
def advance_and_use(oja, total, x, weight, alpha, new, old, fade, fades, pre, written, post, written_later):
    """`advance`, and total += x @ (weight + alpha * new) on the way."""
    for i in range(len(pre)):
        pre_i, post_i, x_i, to, h, w, a = pre[i], post[i], x[i], new[i], old[i], weight[i], alpha[i]
        for j in range(len(total)):
            f = fades[j] if oja else fade
            h_ij = f * h[j] + (pre_i * written[j] + post_i * written_later[j])
            to[j] = h_ij
            total[j] += x_i * (w[j] + a[j] * h_ij)


@compiled
def write_and_use(oja, total, x, weight, alpha, trace, fade, fades, pre, written):
    """trace = fade * trace + pre^T written in place, and total += x @ (weight + alpha * trace)."""
    for i in range(len(pre)):
        pre_i, x_i, h, w, a = pre[i], x[i], trace[i], weight[i], alpha[i]
        for j in range(len(total)):
            h_ij = (fades[j] if oja else fade) * h[j] + pre_i * written[j]
            h[j] = h_ij
            total[j] += x_i * (w[j] + a[j] * h_ij)


@compiled
def use(oja, total, x, weight, alpha, trace, fade, fades, pre, written):
    """total += x @ (weight + alpha * (fade * trace + pre^T written))."""
    for i in range(len(pre)):
        pre_i, x_i, h, w, a = pre[i], x[i], trace[i], weight[i], alpha[i]
        for j in range(len(total)):
            f = fades[j] if oja else fade
            total[j] += x_i * (w[j] + a[j] * (f * h[j] + pre_i * written[j]))


@compiled
def reverse(
    oja, trace, fade, fades, eta, pre, post, weight, alpha, dz, later, laters, dalpha, dtrace, dpost, dpre, p, dfades
):
    """One pass for two things: equation 1 of the step from `post`, then the rule's of the step pre -> post before it.

    Between the two the trace is fade * trace + eta * pre^T post; the later step multiplies it by `later`.
    dz: at what stands inside tanh in the later step. dtrace: at the trace after the later step, becomes that at the
    trace between. dalpha is added to. Filled in: dpost, through equation 1; dpre and p, which are dtrace @ post and
    pre @ dtrace. Equation 2: returns the gradient at `later`. Equation 3: that at `fades` is added to dfades (N,).
    """
    zero = trace.dtype.type(0)
    dlater = zero
    for i in range(len(pre)):
        h, w, a, dh, da = trace[i], weight[i], alpha[i], dtrace[i], dalpha[i]
        pre_i, post_i, write, dpost_i, dpre_i = pre[i], post[i], eta * pre[i], zero, zero
        for j in range(len(post)):
            h_ij = (fades[j] if oja else fade) * h[j] + write * post[j]
            outer = post_i * dz[j]
            if not oja:
                dlater += dh[j] * h_ij
            dh_ij = (laters[j] if oja else later) * dh[j] + a[j] * outer
            dh[j] = dh_ij
            da[j] += outer * h_ij
            dpost_i += dz[j] * (w[j] + a[j] * h_ij)
            dpre_i += dh_ij * post[j]
            p[j] += pre_i * dh_ij
            if oja:
                dfades[j] += dh_ij * h[j]
        dpost[i] = dpost_i
        dpre[i] = dpre_i
    return dlater
