"""The LSTM that plastic networks are compared with, and networks sized by their parameters."""

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
    with pytest.raises(InvalidInput, match="at least 1"):
        LSTM(0, 4)
    with pytest.raises(InvalidInput, match="hidden_size >= input_size"):
        LSTM(5, 4, clamp=True)
    with pytest.raises(InvalidInput, match="one unit has"):
        width_matching(lambda n: LSTM(5, n), 10)
