"""The recurrence for small nets on a CPU: one pass over an episode's trace a step, while it is in the cache.

Forward, the trace is updated and used in the same pass, and kept every few steps. Backward, the traces of such a
stretch are made again from its beginning, and one pass a step goes through both equations in reverse; the update is
never undone, so every eta is safe. Episodes are independent: with more than one torch thread they are shared out.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

from tlteach.plasticity.recurrence import kernels
from tlteach.plasticity.recurrence.clamped import Schedule
from tlteach.plasticity.recurrence.episode import Arriving, Given, Gradients, Run, array

Result = TypeVar("Result")

WORTH_A_THREAD = 1 << 22  # trace entries times steps; about a millisecond


def chunk_size(drive: Tensor, alpha: Tensor, steps: Schedule) -> int:
    """Steps between two kept traces: then the kept traces, and every second one of a stretch, take least memory."""
    return max(12, round((2 * len(drive)) ** 0.5))


def _every(given: Given) -> int:
    """`size`, made even: the kernels go two steps at a time."""
    return given.size + given.size % 2


def _own(trace: Tensor) -> Tensor:
    """A copy that the kernels can write into; `clone` alone would keep the order of a transposed one."""
    return trace.clone(memory_format=torch.contiguous_format)


def forward(given: Given, keep: bool) -> Run:
    """Run the episodes; `keep` what the backward pass needs."""
    if given.known is not None:
        return _replay(given)
    T, B, N = given.drive.shape
    x = given.drive.new_empty(T + 1, B, N)
    x[0] = 0 if given.hidden is None else given.hidden
    trace = given.drive.new_zeros(B, N, N) if given.trace is None else _own(given.trace)
    kept = given.drive.new_empty(-(-T // _every(given)) if keep else 0, B, N, N)
    drive, parameters = array(given.drive), _parameters(given)
    outcome = (array(x), array(trace), array(kept))
    _share_out(given, lambda a, z, _: kernels.forward(a, z, drive, *parameters, *outcome, _every(given)))
    return Run(x, trace, [kept] if keep else [])


def _replay(given: Given) -> Run:
    """The activities are known: there is nothing to do but the traces between the stretches."""
    T, B, N = given.drive.shape
    start = torch.zeros_like(given.drive[0]) if given.hidden is None else given.hidden
    x = torch.cat([start.unsqueeze(0), given.known])
    trace = given.drive.new_zeros(B, N, N) if given.trace is None else _own(given.trace)
    kept = given.drive.new_empty(-(-T // _every(given)), B, N, N)
    eta = array(given.eta)[()]
    arrays = (array(x), eta, given.oja, array(trace), array(kept), _every(given))
    _share_out(given, lambda first, last, _: kernels.replay(first, last, *arrays))
    return Run(x, trace, [kept])


def backward(given: Given, run: Run, arriving: Arriving) -> Gradients:
    """`forward` in reverse."""
    T, B, N = given.drive.shape
    new = given.drive.new_empty
    dx = given.drive.new_zeros(T, B, N) if arriving.x is None else arriving.x
    dtrace = given.drive.new_zeros(B, N, N) if arriving.trace is None else _own(arriving.trace)
    dtotal, dpost = new(T, B, N), new(T + 1, B, N)
    dalphas = given.drive.new_zeros(_threads(given), N, N)
    before = (array(dx), *_parameters(given), array(run.x), array(run.kept[0]), _every(given))
    after = (array(dtotal), array(dpost))

    def reverse(first: int, last: int, thread: int) -> float:
        return kernels.backward(first, last, *before, *after, array(dalphas[thread]), array(dtrace))

    detas = _share_out(given, reverse)
    drive = dtotal if given.clamp is None or not given.drive_wanted else torch.where(given.clamp, dpost[1:], dtotal)
    weight = run.x[:-1].reshape(-1, N).t() @ dtotal.view(-1, N)
    alpha = dalphas.sum(0) if given.alpha.ndim else dalphas.sum()
    return Gradients(drive, weight, alpha, given.eta.new_tensor(sum(detas)), dpost[0], dtrace)


def _parameters(given: Given) -> tuple:
    """weight, alpha, eta, oja, clamp, as the kernels take them."""
    alpha = array(given.alpha.expand_as(given.weight))
    clamp = torch.empty(0, 0, 0, dtype=torch.bool) if given.clamp is None else given.clamp
    return array(given.weight), alpha, alpha.dtype.type(given.eta.item()), given.oja, array(clamp)


def _threads(given: Given) -> int:
    """How many threads are worth starting."""
    T, B, N = given.drive.shape
    return max(1, min(torch.get_num_threads(), B, T * B * N * N // WORTH_A_THREAD))


def _share_out(given: Given, work: Callable[[int, int, int], Result]) -> list[Result]:
    """What work(first, last, thread) returns for equal shares of the batch; the kernels let go of Python's lock."""
    n, B = _threads(given), given.drive.shape[1]
    if n == 1:
        return [work(0, B, 0)]
    cuts = [B * i // n for i in range(n + 1)]
    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(work, cuts[:-1], cuts[1:], range(n)))
