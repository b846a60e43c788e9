"""Fully connected networks, many of the same shape at once: members of an ensemble, or policies of many tasks."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from tlteach.checks import choice, whole
from tlteach.errors import InvalidInput

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "silu": nn.functional.silu,
    "tanh": torch.tanh,
}


class MLP(nn.Module):
    """`n` independent networks in one batched computation, or, with n=None, an ordinary one.

    weights[l] is ([n,] sizes[l], sizes[l + 1]), [in, out]; biases[l] is ([n,] sizes[l + 1]). The initial weights are
    zero: `normal_` or `normc_` draws them.

    Args:
        sizes: widths from the input to the output, at least two; two of them make a linear map.
        activation: between the layers: "relu", "silu" or "tanh".
        n: number of networks, or None.

    Raises InvalidInput for anything else, and when the input does not fit.
    """

    def __init__(self, sizes: Sequence[int], activation: str, n: int | None = None, *, device=None, dtype=None):
        super().__init__()
        if len(sizes) < 2:
            raise InvalidInput(f"sizes must name the input and the output at least, got {tuple(sizes)}")
        choice("activation", activation, tuple(ACTIVATIONS))
        whole(1, **{f"sizes[{i}]": size for i, size in enumerate(sizes)}, **({} if n is None else {"n": n}))
        self.sizes, self.activation, self.n = tuple(sizes), activation, n
        lead = () if n is None else (n,)
        layers = list(zip(sizes[:-1], sizes[1:], strict=True))
        options = dict(device=device, dtype=dtype)
        self.weights = nn.ParameterList(torch.zeros(*lead, i, o, **options) for i, o in layers)
        self.biases = nn.ParameterList(torch.zeros(*lead, o, **options) for _, o in layers)

    def forward(self, x: Tensor) -> Tensor:
        """x ([n,] ..., sizes[0]) -> ([n,] ..., sizes[-1])."""
        lead = () if self.n is None else (self.n,)
        if x.shape[-1] != self.sizes[0] or x.shape[: len(lead)] != lead or x.ndim <= len(lead):
            wanted = ", ".join(map(str, (*lead, "...", self.sizes[0])))
            raise InvalidInput(f"the input has shape {tuple(x.shape)}, expected ({wanted})")
        h = x.reshape(*lead, -1, self.sizes[0])  # ([n,] B, in)
        act = ACTIVATIONS[self.activation]
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = act(h) if layer else h
            h = torch.addmm(bias, h, weight) if self.n is None else torch.baddbmm(bias[:, None], h, weight)
        return h.view(*x.shape[:-1], self.sizes[-1])

    @torch.no_grad()
    def normal_(self, std: Sequence[float], generator: torch.Generator) -> "MLP":
        """Weights of layer l from N(0, std[l]^2) truncated at two std, biases zero."""
        for weight, bias, s in zip(self.weights, self.biases, std, strict=True):
            # drawn where the generator lives, so that a seed means the same on every device
            drawn = torch.empty(weight.shape, dtype=weight.dtype, device=generator.device)
            weight.copy_(nn.init.trunc_normal_(drawn, 0.0, s, -2 * s, 2 * s, generator=generator))
            bias.zero_()
        return self

    @torch.no_grad()
    def normc_(self, norm: Sequence[float], generator: torch.Generator) -> "MLP":
        """Weights of layer l random with norm[l] as the length of what enters each unit, biases zero (spec 1.4)."""
        for weight, bias, length in zip(self.weights, self.biases, norm, strict=True):
            drawn = torch.randn(weight.shape, dtype=weight.dtype, device=generator.device, generator=generator)
            weight.copy_(length * drawn / drawn.norm(dim=-2, keepdim=True))
            bias.zero_()
        return self

    def extra_repr(self) -> str:
        return f"{self.sizes}, {self.activation!r}, n={self.n}"


def clip_gradients(gradients: Sequence[Tensor], max_norm: float, n: int | None) -> Tensor:
    """Cut the gradients of each network to the norm `max_norm`, in place; returns the norms before, (n,) or ().

    gradients: of the parameters of `n` networks at once, each ([n,] ...).
    """
    grads = [g if n is not None else g[None] for g in gradients]
    norm = sum(torch.linalg.vector_norm(g.flatten(1), dim=1).square() for g in grads).sqrt()  # (n or 1,)
    scale = (max_norm / (norm + 1e-6)).clamp(max=1.0)
    for g in grads:
        g.mul_(scale.view(-1, *[1] * (g.ndim - 1)))
    return norm if n is not None else norm[0]
