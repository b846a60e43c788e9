"""The paper's equations once more, in numpy, one number at a time: what the layers are held against."""

import numpy as np


def hebb(trace, pre, post, eta):
    """Equation 2, connection by connection: trace (N_pre, N_post), pre (N_pre,), post (N_post,)."""
    new = np.empty_like(trace)
    for i in range(len(pre)):
        for j in range(len(post)):
            new[i, j] = eta * pre[i] * post[j] + (1 - eta) * trace[i, j]
    return new


def oja(trace, pre, post, eta):
    """Equation 3, connection by connection."""
    new = np.empty_like(trace)
    for i in range(len(pre)):
        for j in range(len(post)):
            new[i, j] = trace[i, j] + eta * post[j] * (pre[i] - post[j] * trace[i, j])
    return new


RULES = {"hebb": hebb, "oja": oja}


def episode(drive, weight, alpha, eta, rule, hidden, trace, clamp=None):
    """Equation 1 for one episode: drive (T, N) -> activities (T, N), last trace (N, N)."""
    T, N = drive.shape
    activities = []
    for t in range(T):
        new = np.empty(N)
        for j in range(N):
            total = drive[t, j]
            for i in range(N):
                total += (weight[i, j] + alpha[i, j] * trace[i, j]) * hidden[i]
            new[j] = np.tanh(total)
            if clamp is not None and clamp[t, j]:
                new[j] = drive[t, j]
        trace = RULES[rule](trace, hidden, new, eta)
        hidden = new
        activities.append(new)
    return np.array(activities), trace
