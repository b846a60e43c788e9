"""Neuromodulated rules against loops in numpy, connection by connection (Backpropamine; specification A7)."""

import numpy as np
import torch

from tlteach.plasticity import Modulated, PlasticRNN, Retroactive


def walk(layer, input, retroactive):
    """Equation 1 and the rule for each connection by itself: the activities (T, N) of one episode, and the traces."""
    p = {name: value.detach().numpy() for name, value in layer.named_parameters()}
    N = layer.hidden_size
    x, hebb, eligibility, out = np.zeros(N), np.zeros((N, N)), np.zeros((N, N)), []
    for t in range(len(input)):
        new = np.array([
            np.tanh(input[t, j] + sum((p["weight"][i, j] + p["alpha"][i, j] * hebb[i, j]) * x[i] for i in range(N)))
            for j in range(N)
        ])  # fmt: skip
        m = np.tanh(p["rule.rates.modulator.weight"][0] @ new + p["rule.rates.modulator.bias"][0])
        for i in range(N):
            for j in range(N):
                rate = p["rule.rates.fan.weight"][j, 0] * m + p["rule.rates.fan.bias"][j]
                written = eligibility[i, j] if retroactive else x[i] * new[j]
                hebb[i, j] = min(max(hebb[i, j] + rate * written, -layer.rule.clip), layer.rule.clip)
                if retroactive:
                    eta = p["rule.eta"]
                    eligibility[i, j] = (1 - eta) * eligibility[i, j] + eta * x[i] * new[j]
        x = new
        out.append(new)
    return np.array(out), hebb, eligibility


def make(rule):
    torch.manual_seed(0)
    layer = PlasticRNN(4, 4, rule=rule, input_map=False, dtype=torch.double)
    with torch.no_grad():
        layer.weight.normal_()
        layer.alpha.normal_()
        if rule == "retroactive":
            layer.eta.fill_(0.3)
    layer.rule.clip = 0.7
    return layer, torch.randn(12, 1, 4, dtype=torch.double)


def test_simple_modulation():
    layer, input = make("modulated")
    output, state = layer(input)
    x, hebb, _ = walk(layer, input[:, 0].numpy(), False)
    np.testing.assert_allclose(output[:, 0].detach(), x)
    np.testing.assert_allclose(state.trace[0].detach(), hebb)
    assert (np.abs(hebb) == 0.7).any() and (np.abs(hebb) < 0.7).any()  # the bound was met by some
    assert isinstance(layer.rule, Modulated) and Modulated(3).clip == 2


def test_retroactive_modulation():
    layer, input = make("retroactive")
    output, state = layer(input)
    x, hebb, eligibility = walk(layer, input[:, 0].numpy(), True)
    np.testing.assert_allclose(output[:, 0].detach(), x)
    np.testing.assert_allclose(state.trace[0].detach(), hebb)
    np.testing.assert_allclose(state.eligibility[0].detach(), eligibility)
    assert isinstance(layer.rule, Retroactive)


def test_the_replay_gives_alpha_its_gradient_however_the_weights_lie_in_memory():
    layer, input = make("modulated")
    layer(input)[0].square().sum().backward()
    known, wanted = layer(input)[0].detach(), layer.alpha.grad.clone()
    layer.alpha.grad = None
    layer.weight = torch.nn.Parameter(layer.weight.detach().t().contiguous().t())
    layer(input, hidden=known)[0].square().sum().backward()
    torch.testing.assert_close(layer.alpha.grad, wanted)


def test_what_modulates_is_learned():
    for rule in ("modulated", "retroactive"):
        layer, input = make(rule)
        layer(input)[0].square().sum().backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in layer.parameters())
