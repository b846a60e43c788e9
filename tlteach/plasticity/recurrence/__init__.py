"""The recurrence over a whole sequence, in three implementations of the same mathematics.

direct.py       the equations, step by step, with autograd; every rule, every transformation of torch
fused.py        compiled loops over one episode's trace at a time, on a CPU
modulated.py    whole episodes of neuromodulation whose activities are known, on a CPU
chunked.py      several steps at a time, in matrix products; any device, and where a trace is far beyond the cache
"""

from types import ModuleType

import torch
from torch import Tensor
from torch.autograd import forward_ad

from tlteach.plasticity.modulation import Modulated
from tlteach.plasticity.recurrence import chunked, direct
from tlteach.plasticity.recurrence.clamped import merge_held, schedule
from tlteach.plasticity.recurrence.function import FastRecurrence
from tlteach.plasticity.rules import Hebb, Oja, Rule
from tlteach.plasticity.state import PlasticState

IMPLEMENTATIONS = ("auto", "direct", "chunked", "fused")

# Where `auto` goes over from one to the next, measured by benchmarks/plasticity.py.
TINY = 1 << 12  # trace entries times steps for which the direct loop is not worth compiling anything
FUSED_UNITS = {"per_connection": 1500, "shared": 500}  # largest N; chunks of a shared alpha need no matrix product
HELD_SHARE = 1 / 3  # of the steps that may be left once held ones are merged, which only the chunks can do
OVERHEAD = 1 << 19  # trace entries that the fused loops go through while the chunks take one step


def unroll(
    drive: Tensor,
    weight: Tensor,
    alpha: Tensor | None,
    rule: Rule | None,
    state: PlasticState | None,
    clamp: Tensor | None = None,
    hidden: Tensor | None = None,
    implementation: str = "auto",
    chunk_size: int | None = None,
) -> tuple[Tensor, PlasticState]:
    """drive (T, B, N) -> the activities (T, B, N) and the last state.

    `hidden` (T, B, N) are activities computed before for exactly these arguments: the fast implementations then
    compute no more than the backward pass needs.
    """
    if implementation == "auto" and hidden is not None and _can_be_replayed(drive, rule, state, clamp):
        from tlteach.plasticity.recurrence import modulated  # not before it is needed: numba takes its time

        output, trace = modulated.unroll(drive, weight, alpha, rule, hidden)
        return output, PlasticState(output[-1], trace)
    T, B, N = drive.shape
    tiny = implementation == "auto" and T * B * N * N < TINY
    if implementation == "direct" or tiny or not _has_fast_form(drive, weight, alpha, rule, state):
        return direct.unroll(drive, weight, alpha, rule, state, clamp)
    held = None if clamp is None or drive.requires_grad else merge_held(drive, clamp)
    fast = _choose(implementation, drive, alpha, T if held is None else len(held.left))
    if held is not None and fast is chunked:
        drive, clamp, hidden = drive[held.left], clamp[held.left], None if hidden is None else hidden[held.left]
    else:
        held = None
    hidden_before, trace_before = (None, None) if state is None else state
    differentiable = (drive, weight, alpha, rule.eta, hidden_before, trace_before)
    keep = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in differentiable)
    known = None if hidden is None else hidden.detach()
    steps = schedule(clamp, (1,) * T if held is None else held.often)
    size = min(chunk_size or fast.chunk_size(drive, alpha, steps), T)
    output, trace = FastRecurrence.apply(fast, type(rule), keep, *differentiable, clamp, known, size, steps)
    return output if held is None else output[held.among], PlasticState(output[-1], trace)


def _choose(implementation: str, drive: Tensor, alpha: Tensor, left: int) -> ModuleType:
    """The module of a fast implementation; `left` are the steps that the chunks would have to take."""
    T, B, N = drive.shape
    if implementation == "chunked" or drive.device.type != "cpu":
        return chunked
    mostly_held = left <= HELD_SHARE * T and left * OVERHEAD <= T * B * N * N
    if implementation == "auto" and (mostly_held or FUSED_UNITS["per_connection" if alpha.ndim else "shared"] < N):
        return chunked
    from tlteach.plasticity.recurrence import fused  # not before it is needed: numba takes its time

    return fused


def _has_fast_form(drive: Tensor, weight: Tensor, alpha: Tensor | None, rule: Rule | None, state) -> bool:
    """Whether the rule is one of the paper's, unclipped, and torch wants no more of us than a gradient."""
    tensors = [t for t in (drive, weight, alpha, *(state or ())) if t is not None]
    return (
        type(rule) in (Hebb, Oja)
        and rule.clip is None
        and _is_plain(drive)
        and all(forward_ad.unpack_dual(t).tangent is None for t in tensors)
    )


def _can_be_replayed(drive: Tensor, rule: Rule | None, state: PlasticState | None, clamp: Tensor | None) -> bool:
    """Whether these are whole episodes of simple neuromodulation, on a CPU."""
    modulated = type(rule) is Modulated and rule.clip is not None
    return modulated and state is None and clamp is None and drive.device.type == "cpu" and _is_plain(drive)


def _is_plain(drive: Tensor) -> bool:
    """Whether torch wants no more of us than numbers, in single or double precision."""
    return (
        drive.dtype in (torch.float32, torch.float64)
        and not drive.is_meta
        and not torch.compiler.is_compiling()
        and not torch._C._are_functorch_transforms_active()
        and not torch.is_autocast_enabled(drive.device.type)
        and forward_ad.unpack_dual(drive).tangent is None
    )
