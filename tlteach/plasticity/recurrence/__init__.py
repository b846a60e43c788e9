"""The recurrence over a whole sequence, in three implementations of the same mathematics.

direct.py       the equations, step by step, with autograd; every rule, every transformation of torch
chunked.py      several steps at a time, in matrix products; large nets, and any device
fused.py        compiled loops over one episode's trace while it is in the cache; small nets on a CPU
"""

import torch
from torch import Tensor
from torch.autograd import forward_ad

from tlteach.plasticity.recurrence import chunked, direct
from tlteach.plasticity.recurrence.function import FastRecurrence
from tlteach.plasticity.rules import Hebb, Oja, Rule
from tlteach.plasticity.state import PlasticState

IMPLEMENTATIONS = ("auto", "direct", "chunked", "fused")
CHUNK = 12


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

    `hidden` (T, B, N) are activities computed before for exactly these arguments.
    """
    if implementation == "direct" or not _has_fast_form(drive, weight, alpha, rule, state):
        return direct.unroll(drive, weight, alpha, rule, state, clamp)
    first, trace = (None, None) if state is None else state
    known = None if hidden is None else hidden.detach()
    differentiable = (drive, weight, alpha, rule.eta, first, trace)
    keep = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in differentiable)
    size = chunk_size or CHUNK
    output, trace = FastRecurrence.apply(
        chunked, type(rule), keep, *differentiable, clamp, known, type(rule) is Oja, min(size, len(drive))
    )
    return output, PlasticState(output[-1], trace)


def _has_fast_form(drive: Tensor, weight: Tensor, alpha: Tensor | None, rule: Rule | None, state) -> bool:
    """Whether the rule is one of the paper's, unclipped, and torch wants no more of us than a gradient."""
    tensors = [t for t in (drive, weight, alpha, *(state or ())) if t is not None]
    return (
        type(rule) in (Hebb, Oja)
        and rule.clip is None
        and drive.dtype in (torch.float32, torch.float64)
        and not drive.is_meta
        and not torch.compiler.is_compiling()
        and not torch._C._are_functorch_transforms_active()
        and not torch.is_autocast_enabled(drive.device.type)
        and all(forward_ad.unpack_dual(t).tangent is None for t in tensors)
    )
