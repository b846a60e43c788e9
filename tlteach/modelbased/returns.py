"""Returns and advantages from rewards: (..., T, N), time second to last, shared by all learners."""

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput


def discounted_returns(reward: Tensor, next_value: Tensor, done: Tensor, boundary: Tensor, gamma: float) -> Tensor:
    """R_t = r_t + gamma R_{t+1}, and where an episode ends V(s_{t+1}) in place of R_{t+1}: (..., T, N).

    An episode that is out of time, or cut off by the end of the arrays, goes on being worth V(s_{t+1}); one that is
    done is worth nothing more.

    Args:
        reward: r_t, (..., T, N).
        next_value: V(s_{t+1}) of the state that followed, not of the next episode's first one; zeros for plain sums.
        done: bool; the episode is over for good.
        boundary: bool; the episode ends with this step, done or out of time.
        gamma: discount.

    Raises InvalidInput when shapes differ or gamma is not between 0 and 1.
    """
    _check(reward, gamma=gamma, next_value=next_value, done=done, boundary=boundary)
    returns, later = [], next_value[..., -1, :]
    for t in reversed(range(reward.shape[-2])):
        later = torch.where(boundary[..., t, :], next_value[..., t, :], later)
        later = reward[..., t, :] + gamma * later * ~done[..., t, :]
        returns.append(later)
    return torch.stack(returns[::-1], -2)


def gae(
    reward: Tensor, value: Tensor, next_value: Tensor, done: Tensor, boundary: Tensor, gamma: float, lam: float
) -> Tensor:
    """Generalised advantage estimates A_t (Schulman et al. 2016, equations 12 and 16): (..., T, N).

    A_t + V(s_t) is the target of the value regression. lam=1 gives `discounted_returns` - V(s_t), lam=0 the one-step
    error of the value.

    value: V(s_t). The other arguments and errors as of `discounted_returns`.
    """
    _check(reward, gamma=gamma, lam=lam, value=value, next_value=next_value, done=done, boundary=boundary)
    delta = reward + gamma * next_value * ~done - value  # (12)
    carry = gamma * lam * ~(boundary | done)
    advantages, later = [], torch.zeros_like(reward[..., 0, :])
    for t in reversed(range(reward.shape[-2])):
        later = delta[..., t, :] + carry[..., t, :] * later  # (16)
        advantages.append(later)
    return torch.stack(advantages[::-1], -2)


def _check(reward: Tensor, *, gamma: float, lam: float = 1.0, **others: Tensor) -> None:
    checks.share(gamma=gamma, lam=lam)
    for name, x in others.items():
        if reward.ndim < 2 or x.shape != reward.shape:
            raise InvalidInput(f"{name} has shape {tuple(x.shape)}, reward {tuple(reward.shape)}; both are (..., T, N)")
