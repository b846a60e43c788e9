"""Forward, backward and along a tangent through an `MLP` by hand, into buffers made once: no graph, no allocation.

The same numbers as autograd on `MLP.forward` (tested in double precision), at a fraction of its cost for small
networks, where building the graph takes longer than the products.
"""

import functools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from tlteach.modelbased.mlp import MLP

NARROW, WORTH = 12, 10_000  # see `narrow`
aten = torch.ops.aten
_number = functools.cache(lambda value, dtype, device: torch.tensor(value, dtype=dtype, device=device))

# g, z, h -> g * act'(z) in place, where h = act(z)
SLOPES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "relu": lambda g, z, h: aten.threshold_backward.grad_input(g, h, 0, grad_input=g),
    "silu": lambda g, z, h: aten.silu_backward.grad_input(g, z, grad_input=g),
    "tanh": lambda g, z, h: aten.tanh_backward.grad_input(g, h, grad_input=g),
}


class Passes:
    """Passes of `rows` inputs through each of the networks of `net`, which counts as one network where its n is None.

    outputs[0] (n, rows, sizes[0]) is the input: write to it, or put another tensor of that shape in its place.
    outputs[l] are the outputs of layer l after its activation, outputs[-1] those of the network.
    errors[l]: of layer l the gradients before the activation.
    gradients: what `backward` writes, in the order and the shapes of `net.parameters()`.
    """

    def __init__(self, net: MLP, rows: int):
        n, self.activation = net.n or 1, net.activation
        self.parameters = [p.detach() for p in net.parameters()]
        self.weights = [w.detach().view(n, *w.shape[-2:]) for w in net.weights]
        self.biases = [b.detach().view(n, 1, -1) for b in net.biases]
        self.outputs = [self.weights[0].new_empty(n, rows, size) for size in net.sizes]
        self._before = [torch.empty_like(h) if net.activation == "silu" else None for h in self.outputs]

    @functools.cached_property
    def errors(self) -> list[Tensor]:
        return [torch.empty_like(h) for h in self.outputs]

    @functools.cached_property
    def gradients(self) -> list[Tensor]:
        return [torch.zeros_like(p) for p in self.parameters]

    @functools.cached_property
    def _written(self) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Of each layer the gradients of its weight and bias as views of `gradients`, and its weight turned."""
        L = len(self.weights)
        weights = [g.view_as(w) for g, w in zip(self.gradients[:L], self.weights, strict=True)]
        biases = [g.view_as(b) for g, b in zip(self.gradients[L:], self.biases, strict=True)]
        return list(zip(weights, biases, (w.mT for w in self.weights), strict=True))

    def forward(self) -> Tensor:
        """outputs[0] -> outputs[-1], (n, rows, sizes[-1]); the next call overwrites it."""
        outputs, last = self.outputs, len(self.weights) - 1
        for l in range(last):
            hidden(outputs[l], self.weights[l], self.biases[l], self.activation, outputs[l + 1], self._before[l + 1])
        return linear(outputs[last], self.weights[last], self.biases[last], outputs[-1])

    def backward(self, error: Tensor, *, to_input: bool = False, add: bool = False) -> Tensor:
        """From `error`, d loss / d output (n, rows, sizes[-1]), the gradients of the parameters, after `forward`.

        to_input: also the gradient at the input, errors[0], which is returned.
        add: to what the gradients hold already.
        """
        slope = SLOPES[self.activation]
        for l in reversed(range(len(self.weights))):
            h, (weight_gradient, bias_gradient, turned) = self.outputs[l], self._written[l]
            if add:
                add_product(h.mT, error, weight_gradient)
                bias_gradient.add_(error.sum(1, keepdim=True))
            else:
                product(h.mT, error, weight_gradient)
                torch.sum(error, 1, keepdim=True, out=bias_gradient)
            if l or to_input:
                error = product(error, turned, self.errors[l])
            if l:
                slope(error, self._before[l], h)
        return error

    def tangent(self, direction: Sequence[Tensor]) -> Tensor:
        """How the output changes, (n, rows, sizes[-1]), along a change of the parameters; after `forward`.

        direction: in the order and the shapes of `net.parameters()`.
        """
        slope, L = SLOPES[self.activation], len(self.weights)
        for l, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            change = self.errors[l + 1]
            linear(self.outputs[l], direction[l].view_as(weight), direction[L + l].view_as(bias), change)
            if l:
                add_product(self.errors[l], weight, change)
            if l + 1 < L:
                slope(change, self._before[l + 1], self.outputs[l + 1])
        return change


def hidden(x: Tensor, weight: Tensor, bias: Tensor, activation: str, out: Tensor, before: Tensor | None = None):
    """act(x weight + bias), (n, rows, out), written to `out`; "silu" leaves in `before` what it was applied to."""
    if activation == "tanh":  # 2 sigmoid(2 z) - 1: a third of the time of torch's tanh
        torch.baddbmm(bias, x, weight, beta=2, alpha=2, out=out)
        return torch.add(_number(-1, out.dtype, out.device), out.sigmoid_(), alpha=2, out=out)
    if activation == "relu":
        return torch.baddbmm(bias, x, weight, out=out).relu_()
    return aten.silu.out(torch.baddbmm(bias, x, weight, out=out if before is None else before), out=out)


def linear(x: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> Tensor:
    """x weight + bias, (n, rows, out), written to `out`."""
    if weight.shape[-1] == 1 < len(weight) or narrow(x, weight):
        return product(x, weight, out).add_(bias)
    return torch.baddbmm(bias, x, weight, out=out)


def product(a: Tensor, b: Tensor, out: Tensor) -> Tensor:
    """a b, (n, i, k) and (n, k, j) -> (n, i, j), written to `out`.

    Batched products with few columns or a single term are slow in BLAS; turned, (b' a')', those with few columns are
    two to five times as fast.
    """
    if a.shape[-1] == 1:
        return torch.mul(a, b, out=out)
    if b.shape[-1] == 1 < len(b):
        return torch.sum(a * b.mT, -1, keepdim=True, out=out)
    if narrow(a, b):
        return out.copy_(torch.bmm(b.mT, a.mT).mT)
    return torch.bmm(a, b, out=out)


def add_product(a: Tensor, b: Tensor, out: Tensor) -> Tensor:
    """a b, added to `out`."""
    return out.add_(torch.bmm(b.mT, a.mT).mT) if narrow(a, b) else out.baddbmm_(a, b)


def narrow(a: Tensor, b: Tensor) -> bool:
    """Few columns, and enough work that turning the product pays."""
    return b.shape[-1] < NARROW and a[0].numel() >= WORTH
