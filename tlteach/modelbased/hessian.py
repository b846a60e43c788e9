"""Products with the Hessian of a loss of an `MLP`, by hand: forward along a tangent, then backward (Pearlmutter 1994).

The Hessian H is never built. H v is how the gradient changes along v: each line of the backward pass, differentiated
along the change that v makes in the forward pass. The same numbers as twice autograd (tested in double precision).
"""

import functools
from collections.abc import Sequence

import torch
from torch import Tensor

from tlteach.checks import choice
from tlteach.modelbased.mlp import MLP
from tlteach.modelbased.passes import SLOPES, Passes, add_product, product


class SecondOrder(Passes):
    """`Passes` that remember their backward pass, around which `backward_change` differentiates once more.

    H v is `forward` and `backward` once, then for each v `tangent` and `backward_change`.

    Raises InvalidInput for an activation whose second derivative is not known here: it knows "relu" and "tanh".
    """

    def __init__(self, net: MLP, rows: int):
        choice("activation for second derivatives", net.activation, ("relu", "tanh"))
        super().__init__(net, rows)

    def backward(self, error: Tensor, *, to_input: bool = False, add: bool = False) -> Tensor:
        found = super().backward(error, to_input=to_input, add=add)
        # d loss / d what enters the activation of each layer; of the last one what came from outside
        self._remembered = [None, *(e.clone() for e in self.errors[1:-1]), error]
        return found

    def backward_change(self, direction: Sequence[Tensor], change: Tensor) -> list[Tensor]:
        """How the gradients change along `direction`, in their order and shapes; overwrites `gradients`.

        direction: what `tangent` was just called with.
        change: of the error at the output, (n, rows, sizes[-1]).
        """
        slope = SLOPES[self.activation]
        for l in reversed(range(len(self.weights))):
            h, moved, error = self.outputs[l], self.errors[l], self._remembered[l + 1]  # moved: the change of h
            weight_gradient, bias_gradient, turned = self._written[l]
            product(h.mT, change, weight_gradient)
            torch.sum(change, 1, keepdim=True, out=bias_gradient)
            if l:
                add_product(moved.mT, error, weight_gradient)
                v = direction[l].view_as(self.weights[l])
                change = product(change, turned, self._changes[l]).baddbmm_(error, v.mT)
                slope(change, None, h)
                if self.activation == "tanh":  # act'' = -2 h act'; that of relu is 0
                    change.addcmul_(torch.bmm(error, turned).mul_(h), moved, value=-2)
        return self.gradients

    @functools.cached_property
    def _changes(self) -> list[Tensor]:
        return [torch.empty_like(h) for h in self.outputs]
