"""PlasticLinear, the readout of one-shot learning (spec A4), against numpy and against its closed form (spec B4)."""

import numpy as np
import numpy_reference as reference
import pytest
import torch
from torch.nn.functional import one_hot

from tlteach.errors import InvalidInput
from tlteach.plasticity import PlasticLinear


def layer(**options):
    torch.manual_seed(0)
    made = PlasticLinear(6, 3, dtype=torch.double, **options)
    with torch.no_grad():
        made.weight.normal_(std=0.5)
        if made.alpha is not None:
            made.alpha.normal_(std=0.5)
            made.eta.fill_(0.3)
    return made


@pytest.mark.parametrize("plasticity", ["per_connection", "shared"])
@pytest.mark.parametrize("rule", ["hebb", "oja"])
def test_every_number_is_that_of_the_equations(rule, plasticity):
    readout = layer(rule=rule, plasticity=plasticity, activation="tanh")
    features, drive = torch.rand(5, 2, 6, dtype=torch.double), torch.randn(5, 2, 3, dtype=torch.double)
    output, state = readout(features, drive=drive)
    weight, alpha = readout.weight.detach().numpy(), readout.alpha.detach().numpy()
    for b in range(2):
        trace = np.zeros((6, 3))
        for t in range(5):
            f = features[t, b].numpy()
            y = np.tanh(f @ (weight + alpha * trace) + drive[t, b].numpy())
            np.testing.assert_allclose(output[t, b].detach(), y, rtol=0, atol=1e-13)
            trace = reference.RULES[rule](trace, f, y, 0.3)
        np.testing.assert_allclose(state.trace[b].detach(), trace, rtol=0, atol=1e-13)


def test_one_shot_each_gives_a_matching_network():
    """f_q . w_c + eta * sum_i alpha_ic f_q,i f_c,i, with a label of 1000 on softmax units (spec B4)."""
    readout = layer()
    shots, query = torch.rand(3, 1, 6, dtype=torch.double), torch.rand(1, 6, dtype=torch.double)
    labels = 1000 * one_hot(torch.arange(3), 3).double().unsqueeze(1)
    output, state = readout(shots, drive=labels)
    torch.testing.assert_close(output[:, 0], torch.eye(3, dtype=torch.double))
    answer, _ = readout.step(query, state)
    logits = query @ readout.weight + 0.3 * torch.einsum("i,ic,ci->c", query[0], readout.alpha, shots[:, 0])
    torch.testing.assert_close(answer, logits.softmax(-1))


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "tanh", "identity"])
def test_steps_and_cuts_agree_and_gradients_are_right(activation):
    readout = layer(activation=activation, batch_first=True)
    features = torch.rand(2, 4, 6, dtype=torch.double, requires_grad=True)
    output, last = readout(features)
    first, state = readout(features[:, :1])
    rest, state = readout(features[:, 1:], state)
    torch.testing.assert_close(torch.cat([first, rest], 1), output)
    torch.testing.assert_close(state, last)
    assert torch.autograd.gradcheck(lambda f, *_: readout(f)[0], (features, *readout.parameters()))


def test_without_plasticity_it_is_an_ordinary_readout():
    readout = layer(plasticity="none", activation="identity")
    features = torch.rand(2, 3, 6, dtype=torch.double)
    output, state = readout(features)
    torch.testing.assert_close(output, features @ readout.weight)
    assert state.trace is None and readout.alpha is None


def test_refusals():
    readout = PlasticLinear(6, 3)
    with pytest.raises(InvalidInput, match=r"input has shape \(4, 2, 5\), expected \(T, B, 6\)"):
        readout(torch.zeros(4, 2, 5))
    with pytest.raises(InvalidInput, match=r"drive has shape \(4, 1, 3\), expected \(4, 2, 3\)"):
        readout(torch.zeros(4, 2, 6), drive=torch.zeros(4, 1, 3))
    with pytest.raises(InvalidInput, match="unknown activation 'relu'"):
        PlasticLinear(6, 3, activation="relu")
    with pytest.raises(InvalidInput, match="out_features must be a whole number of at least 1, got 0"):
        PlasticLinear(6, 0)
    with pytest.raises(InvalidInput, match="drive holds 1 NaN"):
        readout.step(torch.zeros(1, 6), drive=torch.tensor([[0.0, float("nan"), 0.0]]))
