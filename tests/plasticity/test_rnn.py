"""PlasticRNN against the equations written out in numpy, finite differences, and what must hold of any episode."""

import numpy as np
import numpy_reference as reference
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.plasticity import Hebb, PlasticRNN, PlasticState

FEW = settings(max_examples=15, deadline=None)


def make(rule="hebb", N=4, *, seed=0, eta=0.2, scale=0.5, plasticity="per_connection", **options):
    """A small layer with large weights, so that everything matters, in double precision."""
    torch.manual_seed(seed)
    options = {"input_map": False, "dtype": torch.double} | options
    layer = PlasticRNN(N, N, rule=rule, plasticity=plasticity, **options)
    with torch.no_grad():
        layer.weight.normal_(std=scale)
        if layer.alpha is not None:
            layer.alpha.normal_(std=scale)
            layer.eta.fill_(eta)
    return layer


def started(layer, B, seed=1):
    """A state in the middle of an episode, with gradients."""
    generator, N = torch.Generator().manual_seed(seed), layer.hidden_size
    hidden = torch.rand(B, N, generator=generator, dtype=torch.double) - 0.5
    trace = torch.rand(B, N, N, generator=generator, dtype=torch.double) - 0.5
    return PlasticState(hidden.requires_grad_(), trace.requires_grad_())


@pytest.mark.parametrize("clamped", [False, True])
@pytest.mark.parametrize("plasticity", ["per_connection", "shared"])
@pytest.mark.parametrize("rule", ["hebb", "oja"])
def test_every_number_is_that_of_the_equations(rule, plasticity, clamped):
    T, B, N = 6, 2, 4
    layer = make(rule, N, plasticity=plasticity)
    drive, state = torch.randn(T, B, N, dtype=torch.double), started(layer, B)
    clamp = torch.rand(T, B, N) < 0.3 if clamped else None
    output, final = layer(drive, state, clamp)
    weight, alpha = layer.weight.detach().numpy(), np.broadcast_to(layer.alpha.detach().numpy(), (N, N))
    for b in range(B):
        activities, trace = reference.episode(
            drive[:, b].numpy(),
            weight,
            alpha,
            layer.eta.item(),
            rule,
            state.hidden[b].detach().numpy(),
            state.trace[b].detach().numpy(),
            None if clamp is None else clamp[:, b].numpy(),
        )
        np.testing.assert_allclose(output[:, b].detach(), activities, rtol=0, atol=1e-13)
        np.testing.assert_allclose(final.trace[b].detach(), trace, rtol=0, atol=1e-13)
    torch.testing.assert_close(final.hidden, output[-1])


def test_without_plasticity_it_is_a_plain_tanh_rnn():
    layer = PlasticRNN(3, 5, plasticity="none", dtype=torch.double)
    twin = torch.nn.RNN(3, 5, dtype=torch.double)
    with torch.no_grad():
        twin.weight_ih_l0.copy_(layer.input_map.weight)
        twin.bias_ih_l0.copy_(layer.input_map.bias)
        twin.weight_hh_l0.copy_(layer.weight.T)
        twin.bias_hh_l0.zero_()
    input = torch.randn(7, 2, 3, dtype=torch.double)
    output, state = layer(input)
    torch.testing.assert_close(output, twin(input)[0])
    assert state.trace is None and layer.alpha is None and layer.rule is None and layer.eta is None
    assert [name for name, _ in layer.named_parameters()] == ["weight", "input_map.weight", "input_map.bias"]


@FEW
@given(seed=st.integers(0, 2**31 - 1), rule=st.sampled_from(["hebb", "oja"]), cut=st.integers(1, 6))
def test_a_sequence_cut_in_two_is_the_same_sequence(seed, rule, cut):
    layer = make(rule, seed=seed)
    input = torch.randn(7, 2, 4, dtype=torch.double)
    whole, last = layer(input)
    first, state = layer(input[:cut])
    second, state = layer(input[cut:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    torch.testing.assert_close(state, last)


@FEW
@given(seed=st.integers(0, 2**31 - 1), rule=st.sampled_from(["hebb", "oja"]))
def test_episodes_of_a_batch_do_not_see_each_other(seed, rule):
    layer = make(rule, seed=seed)
    input = torch.randn(5, 3, 4, dtype=torch.double)
    together, state = layer(input)
    alone, own = layer(input[:, 1:2])
    torch.testing.assert_close(together[:, 1:2], alone)
    torch.testing.assert_close(state.trace[1:2], own.trace)
    (gradient,) = torch.autograd.grad(layer(leaf := input.clone().requires_grad_())[0][:, 0].sum(), leaf)
    assert gradient[:, 0].any() and not gradient[:, 1:].any()


@FEW
@given(seed=st.integers(0, 2**31 - 1), eta=st.floats(0.01, 0.99))
def test_hebbian_traces_of_a_tanh_network_stay_below_one(seed, eta):
    layer = make("hebb", seed=seed, eta=eta, scale=3.0)
    _, state = layer(10 * torch.randn(40, 2, 4, dtype=torch.double))
    assert state.trace.abs().max() <= 1


@pytest.mark.parametrize("rule", ["hebb", "oja"])
def test_stepping_is_the_whole_sequence(rule):
    layer = make(rule)
    input = torch.randn(6, 3, 4, dtype=torch.double)
    output, last = layer(input)
    state = None
    for t in range(6):
        acted, state = layer.step(input[t], state)
        torch.testing.assert_close(acted, output[t])
    torch.testing.assert_close(state, last)


def test_batch_first_only_swaps_axes():
    layer = PlasticRNN(3, 5)
    flipped = PlasticRNN(3, 5, batch_first=True)
    flipped.load_state_dict(layer.state_dict())
    input = torch.randn(7, 2, 3)
    output, state = layer(input)
    turned, same = flipped(input.transpose(0, 1))
    torch.testing.assert_close(turned, output.transpose(0, 1))
    torch.testing.assert_close(same, state)


def test_the_trace_is_used_before_it_is_updated():
    """After one step from an empty state nothing plastic has acted yet; after two it has."""
    layer = make(eta=0.5)
    plain = make(eta=0.5)
    with torch.no_grad():
        plain.alpha.zero_()
    input = torch.randn(3, 1, 4, dtype=torch.double)
    plastic, fixed = layer(input)[0], plain(input)[0]
    torch.testing.assert_close(plastic[:2], fixed[:2])  # x(1) and x(2) meet an empty trace: x(0) = 0 wrote nothing
    assert not torch.allclose(plastic[2], fixed[2])


def test_clamped_units_take_the_input_and_hand_it_its_gradient():
    layer = make()
    input = torch.randn(3, 1, 4, dtype=torch.double, requires_grad=True)
    clamp = torch.zeros(3, 1, 4, dtype=torch.bool)
    clamp[1, 0, 2] = True
    output, _ = layer(input, clamp=clamp)
    assert output[1, 0, 2] == input[1, 0, 2]
    (gradient,) = torch.autograd.grad(output[1, 0, 2], input)
    assert gradient[1, 0, 2] == 1 and gradient.count_nonzero() == 1


def test_a_rule_instance_brings_its_own_start():
    layer = PlasticRNN(3, 5, rule=Hebb(eta=0.3))
    assert layer.eta.item() == pytest.approx(0.3)
    assert "rule.eta" in layer.state_dict()


def test_initial_parameters_are_the_papers():
    torch.manual_seed(0)
    layer = PlasticRNN(300, 300, input_map=False)
    for parameter in (layer.weight, layer.alpha):
        assert parameter.shape == (300, 300)
        assert parameter.std().item() == pytest.approx(0.01, rel=0.02)
        assert abs(parameter.mean().item()) < 1e-4
    assert sum(p.numel() for p in layer.parameters()) == 2 * 300**2 + 1
    shared = PlasticRNN(300, 300, plasticity="shared", input_map=False)
    assert shared.alpha.shape == () and shared.alpha.item() == pytest.approx(0.01)
