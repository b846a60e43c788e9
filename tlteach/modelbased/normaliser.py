"""Running mean and standard deviation of what has been seen, shared by the dynamics model, the policy and the value."""

import torch
from torch import Tensor, nn

from tlteach.checks import whole
from tlteach.errors import InvalidInput

CLIP = 100.0  # normalised values are cut to +-100, as in the authors' program
CONSTANT = 1e-8  # a standard deviation below this, relative to the size of the values, is rounding


class Normaliser(nn.Module):
    """Cumulative moments and range of vectors: `update` takes in new ones, calling it normalises.

    Before the first update it changes nothing (mean 0, std 1). A dimension that has never varied keeps std 1.
    Everything is a buffer: saved with `state_dict`, moved with `.to`.

    Args:
        size: length of the vectors.

    Raises InvalidInput for a size below one, and when an update has another size or is not finite.
    """

    def __init__(self, size: int, *, device=None, dtype=None):
        super().__init__()
        whole(1, size=size)
        self.size = size
        self.register_buffer("count", torch.zeros((), dtype=torch.int64, device=device))
        self.register_buffer("mean", torch.zeros(size, device=device, dtype=dtype))
        self.register_buffer("var", torch.ones(size, device=device, dtype=dtype))
        self.register_buffer("std", torch.ones(size, device=device, dtype=dtype))
        self.register_buffer("low", torch.full((size,), torch.inf, device=device, dtype=dtype))
        self.register_buffer("high", torch.full((size,), -torch.inf, device=device, dtype=dtype))

    @torch.no_grad()
    def update(self, x: Tensor) -> None:
        """Take in the vectors of x (..., size); the order of updates does not matter (Chan et al. 1983)."""
        self._fits(x)
        x = x.reshape(-1, self.size).double()  # (B, size)
        if not x.isfinite().all():
            raise InvalidInput(f"{int((~x.isfinite()).sum())} of {x.numel()} values are not finite; remove them")
        if not len(x):
            return
        old, new = self.count.double(), len(x)
        count = old + new
        mean, var = x.mean(0), x.var(0, correction=0)
        shift = mean - self.mean
        self.var.copy_((self.var * old + var * new + shift.square() * old * new / count) / count)
        self.mean += shift * (new / count)
        self.count += new
        varied = self.var.sqrt() > CONSTANT * (1 + self.mean.abs())
        self.std.copy_(torch.where(varied, self.var.sqrt(), 1.0))
        self.low.copy_(torch.minimum(self.low, x.amin(0)))
        self.high.copy_(torch.maximum(self.high, x.amax(0)))

    def forward(self, x: Tensor) -> Tensor:
        """(x - mean) / std, cut to +-100: (..., size) -> (..., size)."""
        self._fits(x)
        return ((x - self.mean) / self.std).clamp(-CLIP, CLIP)

    def inverse(self, z: Tensor) -> Tensor:
        """mean + std * z: (..., size) -> (..., size)."""
        return torch.addcmul(self.mean, z, self.std)

    def clip(self, x: Tensor, margin: float) -> Tensor:
        """x within the range seen so far, widened on each side by `margin` times its width: (..., size)."""
        room = margin * (self.high - self.low)
        return torch.clamp(x, self.low - room, self.high + room)

    def _fits(self, x: Tensor) -> None:
        if x.shape[-1:] != (self.size,):
            raise InvalidInput(f"the normaliser is of vectors of {self.size}, got shape {tuple(x.shape)}")

    def extra_repr(self) -> str:
        return f"{self.size}, count={int(self.count)}"
