"""The recurrence over a whole sequence, in three implementations of the same mathematics."""

from torch import Tensor

from tlteach.plasticity.recurrence import direct
from tlteach.plasticity.rules import Rule
from tlteach.plasticity.state import PlasticState

IMPLEMENTATIONS = ("auto", "direct", "chunked", "fused")


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
    """drive (T, B, N) -> the activities (T, B, N) and the last state."""
    return direct.unroll(drive, weight, alpha, rule, state, clamp)
