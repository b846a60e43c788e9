"""Acting step by step without a graph gives what the whole sequence gives, and the gradient from it is the same."""

import pytest
import torch

from tlteach.errors import InvalidInput
from tlteach.plasticity import PlasticRNN
from tlteach.plasticity.acting import Acting
from tlteach.plasticity.rules import Hebb

KINDS = [
    dict(rule="hebb"),
    dict(rule="oja"),
    dict(rule="oja", plasticity="shared"),
    dict(plasticity="none"),
    dict(rule=Hebb(0.3, clip=0.1)),
    dict(rule="hebb", input_map=False),
    dict(rule="modulated"),
    dict(rule="modulated", input_map=False, plasticity="shared"),
    dict(rule="retroactive"),
]


def make(T=7, B=3, N=5, **kind):
    torch.manual_seed(0)
    mapped = kind.get("input_map", True)
    layer = PlasticRNN(4 if mapped else N, N, dtype=torch.double, **kind)
    with torch.no_grad():
        for parameter in (layer.weight, layer.alpha):
            if parameter is not None:
                parameter.copy_(torch.randn_like(parameter))
        if layer.eta is not None:
            layer.eta.fill_(0.3)
        if kind.get("rule") == "modulated":
            layer.rule.clip = 0.4  # so that some traces meet it
    return layer, torch.randn(T, B, layer.input_size, dtype=torch.double)


@pytest.mark.parametrize("kind", KINDS)
def test_step_by_step_is_the_sequence(kind):
    layer, input = make(**kind)
    layer.implementation = "direct"
    acting = Acting(layer, 3)
    walked = torch.stack([acting.step(each) for each in input])
    expected, _ = layer(input)
    torch.testing.assert_close(walked, expected.detach())
    assert not walked.requires_grad and (acting.hidden == walked[-1]).all()


@pytest.mark.parametrize("T", [1, 2, 7, 40])
@pytest.mark.parametrize("rule", ["hebb", "oja", "modulated"])
def test_the_gradient_from_known_activities_is_that_of_the_sequence(rule, T):
    layer, input = make(T=T, rule=rule)
    gradients = []
    for implementation in ("direct", "fused"):
        layer.zero_grad()
        layer.implementation, known = implementation, {}
        if implementation == "fused":
            layer.implementation = "auto" if rule == "modulated" else "fused"
            acting = Acting(layer, 3)
            known = dict(hidden=torch.stack([acting.step(each) for each in input]))
        output, state = layer(input, **known)
        (output.square().sum() + state.trace.pow(3).sum()).backward()
        gradients.append([state.trace.detach(), *(p.grad.clone() for p in layer.parameters())])
    torch.testing.assert_close(gradients[1], gradients[0])


def test_what_does_not_fit_is_refused():
    layer, input = make()
    with pytest.raises(InvalidInput, match="input has shape"):
        Acting(layer, 2).step(input[0])
    with pytest.raises(InvalidInput, match="batch_size"):
        Acting(layer, 0)
