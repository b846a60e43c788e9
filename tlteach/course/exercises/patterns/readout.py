"""A trace is a sum of rank-1 terms, so reading it out is attention over the past (section B8 of our specification).

With H = sum_s eta (1 - eta)^(k-1-s) pre_s post_s^T, the plastic input x @ (alpha * H) needs no N by N trace at all.
"""

import torch
from torch.overrides import TorchFunctionMode

from tlteach.course.exercises.behaviour import form, same
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def trace_readout(x, alpha, pre, post, eta):
    """x @ (alpha * H) without H: x (N,), alpha (N, N), the last k activities pre (k, N) and post (k, N) -> (N,)."""
    age = torch.arange(len(pre) - 1, -1, -1)  # (k,) silent steps since each pair was written
    strength = eta * (1 - eta) ** age  # (k,)
    return (strength[:, None] * ((x * pre) @ alpha) * post).sum(0)  # (k, N) -> (N,)


class _Watch(TorchFunctionMode):
    """Keeps a copy of every N by N matrix that a torch operation returns, alone or in a stack."""

    def __init__(self, n):
        super().__init__()
        self.n, self.matrices = n, []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.shape[-2:] == (self.n, self.n):
            self.matrices.append(result.detach().clone())
        return result


def _matrices(function, x, alpha, pre, post, eta):
    """How many N by N matrices depend on pre and post: those that another past makes different."""
    runs = []
    for past in ((pre, post), (pre + 1, post - 1)):
        with _Watch(len(x)) as watch:
            function(x, alpha, *past, eta)
        runs.append(watch.matrices)
    changed = sum(not same(a, b) for a, b in zip(*runs, strict=False))
    return {"N by N matrices": changed + abs(len(runs[0]) - len(runs[1]))}


def _probe(x, alpha, pre, post, eta):
    return dict(x=tensor(*x), alpha=tensor(*alpha), pre=tensor(*pre), post=tensor(*post), eta=eta)


def _drawn(n, k):
    draw = Draw(10 * n + k)
    return dict(x=draw.halves(n), alpha=draw.halves(n, n), pre=draw.halves(k, n), post=draw.halves(k, n), eta=0.25)


ONES = [[1, 1], [1, 1]]

PROPERTIES = [
    Property("it returns one input per neuron, of shape (N,)", [_probe([1, -1], ONES, [[1, 0]], [[0, 1]], 0.5)], form),
    Property(
        "one pair, written whole (eta = 1): its post comes back as far as x overlaps with its pre",
        [
            _probe([1], [[1]], [[1]], [[0.5]], 1.0),
            _probe([1, -1], ONES, [[1, 0]], [[0.5, -1]], 1.0),
            _probe([1, -1], ONES, [[1, 1]], [[0.5, -1]], 1.0),
        ],
    ),
    Property("a pair is written with strength eta", [_probe([1], [[1]], [[1]], [[1]], 0.25)]),
    Property(
        "a pair fades by (1 - eta) with every pair that comes after it",
        [_probe([1, 1], ONES, [[1, 0], [0, 1]], [[1, 0], [0, 1]], 0.25)],
    ),
    Property(
        "alpha[i, j] weighs the connection from neuron i to neuron j",
        [_probe([1, -1], [[1, 0], [0.5, -1]], [[1, 1]], [[1, 1]], 1.0)],
    ),
    Property("it agrees with x @ (alpha * H), H built by equation 2", [_drawn(1, 2), _drawn(2, 2), _drawn(3, 3)]),
    Property("it makes no N by N matrix of pre and post, neither the trace nor parts of it", [_drawn(3, 4)], _matrices),
]

HINTS = [
    "If the trace held a single pair, what would x @ (alpha * trace) be? Can x meet pre before any matrix is made?",
    "The trace is a decayed sum of outer products, and x @ (alpha * outer(p, q)) = ((x * p) @ alpha) * q:\n\n"
    "    readout = sum_s  eta * (1 - eta)**(k - 1 - s)  *  ((x * pre[s]) @ alpha) * post[s]\n"
    "      (N,)                    one number                 (N,)     (N, N)        (N,)\n\n"
    "s = 0 is the oldest pair and s = k - 1 the newest. x * pre is (k, N) for all pairs at once.",
    "For all pairs at once:\n\n    age      = k-1, k-2, ..., 0                     (k,)\n"
    "    strength = eta times (1 - eta) to the power age   (k,)\n"
    "    values   = (x * pre) @ alpha, times post           (k, N)\n"
    "    return     the sum of the rows of values, each times its strength",
]


def _weighed(strength, values=lambda x, alpha, pre, post: ((x * pre) @ alpha) * post):
    def mutant(x, alpha, pre, post, eta):
        return strength(torch.arange(len(pre)), len(pre), eta) @ values(x, alpha, pre, post)

    return mutant


def _built(x, alpha, pre, post, eta):
    hebb = torch.zeros(len(x), len(x))
    for before, after in zip(pre, post, strict=True):
        hebb = (1 - eta) * hebb + eta * torch.outer(before, after)
    return x @ (alpha * hebb)


def _decay(s, k, eta):
    return eta * (1 - eta) ** (k - 1 - s)


MUTANTS = [
    Mutant(
        "oldest strongest",
        _weighed(lambda s, k, eta: eta * (1 - eta) ** s),
        "time runs backwards: the oldest pair, s = 0, should have faded most.",
    ),
    Mutant(
        "one step too many",
        _weighed(lambda s, k, eta: eta * (1 - eta) ** (k - s)),
        "every pair fades once too often. The newest, s = k - 1, has not faded at all.",
    ),
    Mutant(
        "no eta",
        _weighed(lambda s, k, eta: (1 - eta) ** (k - 1 - s)),
        "the factor eta is missing: it is the strength with which each pair was written.",
    ),
    Mutant(
        "no decay",
        _weighed(lambda s, k, eta: torch.full((k,), eta)),
        "all pairs count the same. Each fades by (1 - eta) whenever another is written.",
    ),
    Mutant(
        "pre and post swapped",
        _weighed(_decay, lambda x, alpha, pre, post: ((x * post) @ alpha) * pre),
        "pre and post changed roles: x is compared with what came before, pre; what comes back is post.",
    ),
    Mutant(
        "alpha transposed",
        _weighed(_decay, lambda x, alpha, pre, post: ((x * pre) @ alpha.T) * post),
        "alpha is used the wrong way round. It is [pre, post], so pre meets its rows: `(x * pre) @ alpha`.",
    ),
    Mutant(
        "alpha left out",
        _weighed(_decay, lambda x, alpha, pre, post: (pre @ x)[:, None] * post),
        "alpha is left out. This would be right for a shared alpha of 1: plain linear attention.",
    ),
    Mutant(
        "mean over pairs",
        _weighed(lambda s, k, eta: _decay(s, k, eta) / k),
        "you average over the pairs. The trace is their sum.",
    ),
    Mutant(
        "trace built",
        _built,
        "the numbers are right, but you built the trace. Let x meet pre first: ((x * pre[s]) @ alpha) * post[s].",
    ),
]

exercise = Exercise(
    trace_readout,
    title="A trace read out without a trace",
    difficulty=4,
    minutes=15,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
