"""The fast implementations as one differentiable operation."""

from types import ModuleType

import torch
from torch import Tensor

from tlteach.plasticity.recurrence import direct
from tlteach.plasticity.recurrence.episode import Arriving, Given, Run
from tlteach.plasticity.rules import Oja, Rule
from tlteach.plasticity.state import PlasticState

TENSORS = Given._fields.index("size")  # the fields before it are tensors


class FastRecurrence(torch.autograd.Function):
    """Activities (T, B, N) and last trace (B, N, N), from the fields of `Given`."""

    @staticmethod
    def forward(ctx, implementation: ModuleType, rule: type[Rule], keep: bool, *fields):
        given = Given(*fields, rule is Oja, ctx.needs_input_grad[3])
        run = implementation.forward(given, keep)
        if keep:
            ctx.set_materialize_grads(False)
            ctx.implementation, ctx.rule, ctx.rest = implementation, rule, given[TENSORS:]
            ctx.save_for_backward(*given[:TENSORS], run.x, *run.kept)
        return run.x[1:], run.trace

    @staticmethod
    def backward(ctx, dx: Tensor | None, dtrace: Tensor | None):
        given = Given(*ctx.saved_tensors[:TENSORS], *ctx.rest)
        if torch.is_grad_enabled():  # somebody will differentiate these gradients once more
            gradients = _through_direct(ctx, given, dx, dtrace)
        else:
            x, *kept = ctx.saved_tensors[TENSORS:]
            gradients = ctx.implementation.backward(given, Run(x, None, kept), Arriving(dx, dtrace))
        wanted = ctx.needs_input_grad[3 : 3 + len(gradients)]
        return None, None, None, *(g if w else None for g, w in zip(gradients, wanted, strict=True)), *[None] * 4


def _through_direct(ctx, given: Given, dx: Tensor | None, dtrace: Tensor | None) -> list[Tensor | None]:
    """The same gradients through the direct loop, as autograd can differentiate them again."""
    B, N = given.drive.shape[1:]
    hidden = given.drive.new_zeros(B, N) if given.hidden is None else given.hidden
    trace = given.drive.new_zeros(B, N, N) if given.trace is None else given.trace
    often = torch.tensor(given.steps.often, device=given.drive.device)
    drive = given.drive.repeat_interleave(often, 0)
    clamp = None if given.clamp is None else given.clamp.repeat_interleave(often, 0)
    state = PlasticState(hidden, trace)
    output, last = direct.unroll(drive, given.weight, given.alpha, _RuleWith(ctx.rule, given.eta), state, clamp)
    output = output[often.cumsum(0) - 1]
    ends = [(end, gradient) for end, gradient in ((output, dx), (last.trace, dtrace)) if gradient is not None]
    inputs = given[:6]
    wanted = [i for i, need in enumerate(ctx.needs_input_grad[3:9]) if need]
    found = torch.autograd.grad(
        [end for end, _ in ends],
        [inputs[i] for i in wanted],
        [gradient for _, gradient in ends],
        create_graph=True,
        allow_unused=True,
    )
    gradients = [None] * len(inputs)
    for i, gradient in zip(wanted, found, strict=True):
        gradients[i] = gradient
    return gradients


class _RuleWith:
    """A rule of the paper with a given eta, in place of the parameter that the module holds by now."""

    State = PlasticState

    def __init__(self, rule: type[Rule], eta: Tensor):
        self.rule, self.eta = rule, eta

    def __call__(self, trace: Tensor, pre: Tensor, post: Tensor) -> tuple[Tensor]:
        return (self.rule.update(self, trace, pre, post),)
