"""Equations 1 to 3 as the paper writes them: one step after the other, differentiated by autograd.

Works with every rule, and is what the fast implementations are held against.
"""

import torch
from torch import Tensor

from tlteach.plasticity.rules import Rule
from tlteach.plasticity.state import PlasticState, empty_state


def step(
    drive: Tensor, state: PlasticState, weight: Tensor, alpha: Tensor | None, rule: Rule | None, clamp: Tensor | None
) -> PlasticState:
    """One time step: drive (B, N), clamp (B, N) of bool or None -> the next state.

    x_j(t) = tanh( sum_i [w_ij + alpha_ij * Hebb_ij(t)] * x_i(t-1) + drive_j(t) )     (eq 1, with the old trace)

    and then the rule turns Hebb(t), x(t-1) and x(t) into Hebb(t+1) (eq 2 or 3). A clamped unit takes the value of
    the drive instead.
    """
    previous, trace, *extra = state
    if rule is None:
        hidden = torch.tanh(previous @ weight + drive)
    else:
        hidden = torch.tanh((previous.unsqueeze(-2) @ (weight + alpha * trace)).squeeze(-2) + drive)  # (B, N)
    if clamp is not None:
        hidden = torch.where(clamp, drive, hidden)
    if rule is None:
        return PlasticState(hidden, None)
    return rule.State(hidden, *rule(trace, previous, hidden, *extra))


def unroll(
    drive: Tensor,
    weight: Tensor,
    alpha: Tensor | None,
    rule: Rule | None,
    state: PlasticState | None,
    clamp: Tensor | None = None,
) -> tuple[Tensor, PlasticState]:
    """drive (T, B, N), clamp (T, B, N) of bool or None -> the activities (T, B, N) and the last state."""
    if state is None:
        state = empty_state(drive.shape[1], weight, rule)
    hidden = []
    for t in range(len(drive)):
        state = step(drive[t], state, weight, alpha, rule, None if clamp is None else clamp[t])
        hidden.append(state.hidden)
    return torch.stack(hidden), state
