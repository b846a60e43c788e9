"""A value that is linear in features of state and time, fitted anew to each batch (Duan et al. 2016, section 4.1)."""

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput

CUT = 10.0  # features see observations within +-10


def linear_baseline(obs: Tensor, target: Tensor, boundary: Tensor, ridge: float = 1e-5) -> Tensor:
    """The best prediction of `target` from the features, V(s_t, t): (..., T, N); each leading index its own fit.

    Features: observation, its square, t/100 to the powers 1 to 3, and 1; t counts from the start of the episode.
    Least squares with `ridge` times the squared weights, in double precision.

    Args:
        obs: (..., T, N, O).
        target: returns, (..., T, N).
        boundary: bool (..., T, N); the episode ends with this step.

    Raises InvalidInput when shapes differ.
    """
    checks.positive(ridge=ridge)
    if target.ndim < 2 or obs.shape[:-1] != target.shape or boundary.shape != target.shape:
        raise InvalidInput(
            f"obs is (..., T, N, O), target and boundary (..., T, N); got {tuple(obs.shape)}, {tuple(target.shape)}, "
            f"{tuple(boundary.shape)}"
        )
    x = features(obs.double(), boundary).flatten(-3, -2)  # (..., B, F)
    y = target.double().flatten(-2)[..., None]  # (..., B, 1)
    eye = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    weights = torch.linalg.solve(x.mT @ x + ridge * eye, x.mT @ y)
    return (x @ weights).view(target.shape).to(target.dtype)


def features(obs: Tensor, boundary: Tensor) -> Tensor:
    """(..., T, N, 2 O + 4)."""
    t = torch.arange(obs.shape[-3], device=obs.device)[:, None].expand(boundary.shape)
    ended = torch.where(boundary, t + 1, 0).cummax(-2).values  # the start of the episode after this one
    began = torch.cat([torch.zeros_like(ended[..., :1, :]), ended[..., :-1, :]], -2)
    time = ((t - began) / 100).to(obs.dtype)[..., None]
    cut = obs.clamp(-CUT, CUT)
    return torch.cat([cut, cut.square(), time, time**2, time**3, torch.ones_like(time)], -1)
