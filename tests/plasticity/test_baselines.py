"""The LSTM that plastic networks are compared with, and networks sized by their parameters."""

import copy
import math

import pytest
import torch
from torch import nn

from tlteach.errors import InvalidInput
from tlteach.plasticity import LSTM, PlasticRNN, parameter_count, width_matching


def inputs(T=6, B=3, N=4, seed=0):
    return torch.randn(T, B, N, generator=torch.Generator().manual_seed(seed))


def test_without_clamping_it_is_torch_lstm():
    layer, plain = LSTM(4, 7), nn.LSTM(4, 7)
    plain.load_state_dict({name.removeprefix("lstm."): value for name, value in layer.state_dict().items()})
    output, (hidden, cell) = layer(inputs())
    expected, (expected_hidden, expected_cell) = plain(inputs())
    assert torch.equal(output, expected) and torch.equal(hidden, expected_hidden) and torch.equal(cell, expected_cell)


def without_gate_weights(layer):
    """The layer with nothing but its biases at the input, forget and output gates."""
    with torch.no_grad():
        for weight in (layer.lstm.weight_ih_l0, layer.lstm.weight_hh_l0):
            gates = weight.view(4, layer.hidden_size, -1)
            gates[[0, 1, 3]] = 0.0
    return layer


def test_a_clamped_unit_follows_its_input_whatever_the_cell_gate_hears():
    """sigmoid(10) * tanh(sigmoid(10) * tanh(10 * 100 * bit)), by hand from the paper's ties (spec A2)."""
    torch.manual_seed(0)
    layer = LSTM(4, 9, clamp=True)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()  # ties are imposed anew at every call
    bits = inputs().sign()
    output, _ = without_gate_weights(layer)(100 * bits)
    gate = 1 / (1 + math.exp(-10))
    torch.testing.assert_close(output[..., :4], gate * torch.tanh(gate * bits), atol=2e-3, rtol=0)
    assert abs(output[0, 0, 0].abs().item() - 0.76) < 0.01


def test_a_clamped_unit_without_input_is_left_to_the_others():
    layer = without_gate_weights(LSTM(2, 5, clamp=True))
    drive = torch.zeros(3, 1, 2)
    drive[:, :, 0] = 100
    with torch.no_grad():
        layer.lstm.weight_hh_l0[2 * 5 + 1].fill_(0.0)  # what unit 1's cell gate hears from the others
        silent, _ = layer(drive)
        layer.lstm.weight_hh_l0[2 * 5 + 1, 0] = 3.0
        told, _ = layer(drive)
    assert silent[-1, 0, 1] == 0 and told[-1, 0, 1] > 0.5


def by_hand(layer, drive):
    """The clamped LSTM, gate by gate and step by step, with the ties written into copies of its weights."""
    n, H = layer.input_size, layer.hidden_size
    into, back = (w.detach().reshape(4, H, -1).clone() for w in (layer.lstm.weight_ih_l0, layer.lstm.weight_hh_l0))
    bias = layer.lstm.bias_ih_l0.detach().reshape(4, H).clone()
    for unit in range(n):
        into[2, unit] = 0.0
        into[2, unit, unit] = 10.0
        bias[:, unit] = torch.tensor([10.0, -1000.0, 0.0, 10.0])
    hidden, cell, outputs = torch.zeros(drive.shape[1], H), torch.zeros(drive.shape[1], H), []
    for x in drive:
        i, f, c, o = (x @ into[k].T + hidden @ back[k].T + bias[k] for k in range(4))
        cell = f.sigmoid() * cell + i.sigmoid() * c.tanh()
        hidden = o.sigmoid() * cell.tanh()
        outputs.append(hidden)
    return torch.stack(outputs)


def test_the_clamped_layer_is_the_lstm_with_its_ties_written_out():
    torch.manual_seed(1)
    layer, drive = LSTM(3, 7, clamp=True), inputs(N=3)
    torch.testing.assert_close(layer(drive)[0], by_hand(layer, drive), atol=1e-6, rtol=1e-5)


def test_a_clamped_layer_can_be_called_twice_before_one_backward_pass():
    """In halves, with the state handed on: output and gradients are those of one call."""
    torch.manual_seed(2)
    layer, drive = LSTM(3, 7, clamp=True), inputs(N=3)

    def gradients(output):
        return torch.autograd.grad(output.square().sum(), list(layer.parameters()), allow_unused=True)

    whole = layer(drive)[0]
    first, state = layer(drive[:4])
    halves = torch.cat([first, layer(drive[4:], state)[0]])
    torch.testing.assert_close(halves, whole)
    for one, two in zip(gradients(whole), gradients(halves), strict=True):
        torch.testing.assert_close(one, two)


def test_the_ties_survive_training_and_copies():
    torch.manual_seed(3)
    layer, drive = LSTM(3, 7, clamp=True), inputs(N=3)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    for _ in range(3):
        optimizer.zero_grad()
        layer(drive)[0].square().sum().backward()
        optimizer.step()
    assert not torch.equal(before["lstm.weight_hh_l0"], layer.lstm.weight_hh_l0)
    expected = by_hand(layer, drive)
    for each in (layer, copy.deepcopy(layer)):
        torch.testing.assert_close(each(drive)[0], expected, atol=1e-6, rtol=1e-5)
    double = copy.deepcopy(layer).double()
    torch.testing.assert_close(double(drive.double())[0].float(), expected, atol=1e-5, rtol=1e-4)


def test_the_width_has_no_ceiling():
    assert width_matching(lambda n: torch.nn.Linear(1, n, bias=False), 1_000_000) == 1_000_000


@pytest.mark.parametrize("budget", [50, 5203, 100_000])
def test_the_width_is_the_largest_that_fits(budget):
    for build in (
        lambda n: PlasticRNN(5, n),
        lambda n: PlasticRNN(5, n, plasticity="none"),
        lambda n: LSTM(5, n),
    ):
        width = width_matching(build, budget)
        assert parameter_count(build(width)) <= budget < parameter_count(build(width + 1))


def test_impossible_sizes_are_refused():
    for sizes in ((0, 4), (4, 0), (4, 5.0), (True, 4)):
        with pytest.raises(InvalidInput, match="at least 1"):
            LSTM(*sizes)
    with pytest.raises(InvalidInput, match="hidden_size >= input_size"):
        LSTM(5, 4, clamp=True)
    with pytest.raises(InvalidInput, match="one unit has"):
        width_matching(lambda n: LSTM(5, n), 10)


@pytest.mark.parametrize("clamp", [False, True])
def test_what_does_not_fit_is_named(clamp):
    layer = LSTM(4, 7, clamp=clamp)
    spoilt = inputs()
    spoilt[2, 1, 3] = torch.nan
    _, (hidden, cell) = layer(inputs())
    for given, told in [
        ((spoilt,), "input holds 1 NaN of 72 values"),
        ((inputs(N=5),), r"input has shape \(6, 3, 5\), expected \(T, B, 4\)"),
        ((inputs()[0],), "the batch axis is missing"),
        ((inputs().double(),), "input is torch.float64 and the layer is torch.float32"),
        ((inputs(), hidden), r"state must be the tuple \(hidden, cell\)"),
        ((inputs(B=2), (hidden, cell)), r"state.hidden has shape \(1, 3, 7\), expected \(1, 2, 7\)"),
    ]:
        with pytest.raises(InvalidInput, match=told):
            layer(*given)
