"""PlasticRNN as an nn.Module: saving, copying, moving, printing, compiling; and what it refuses."""

import copy
import pickle

import pytest
import torch

from tlteach.errors import InvalidInput
from tlteach.plasticity import PlasticLinear, PlasticRNN

LAYERS = {
    "per_connection": lambda: PlasticRNN(3, 5),
    "shared": lambda: PlasticRNN(3, 5, plasticity="shared", rule="oja"),
    "none": lambda: PlasticRNN(3, 5, plasticity="none"),
    "readout": lambda: PlasticLinear(3, 5),
}


@pytest.fixture(params=LAYERS)
def layer(request):
    return LAYERS[request.param]()


INPUT = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(0))


def test_copies_saves_and_pickles_compute_the_same(layer):
    twin = type(layer)(3, 5, plasticity=layer.plasticity, rule=layer.rule.name if layer.rule else "hebb")
    twin.load_state_dict(layer.state_dict())
    for other in (twin, copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(other(INPUT)[0], layer(INPUT)[0])
    changed = copy.deepcopy(layer)
    with torch.no_grad():
        changed.weight.add_(1)
    assert not torch.equal(changed(INPUT)[0], layer(INPUT)[0])


def test_double_precision_throughout(layer):
    single, double = layer(INPUT)[0], copy.deepcopy(layer).double()(INPUT.double())
    assert double[0].dtype == torch.double and all(v is None or v.dtype == torch.double for v in double[1])
    torch.testing.assert_close(double[0].float(), single, rtol=1e-4, atol=1e-5)


def test_half_precision_runs(layer):
    output, _ = layer.to(torch.bfloat16)(INPUT.bfloat16())
    assert output.dtype == torch.bfloat16 and output.isfinite().all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_on_cuda(layer):
    there = copy.deepcopy(layer).cuda()
    output, state = there(INPUT.cuda())
    assert output.is_cuda and state.hidden.is_cuda
    torch.testing.assert_close(output.cpu(), layer(INPUT)[0], rtol=1e-4, atol=1e-5)
    output.sum().backward()
    with pytest.raises(InvalidInput, match="is on cpu and the layer on cuda"):
        there(INPUT)


def test_built_on_the_meta_device_it_costs_nothing():
    layer = PlasticRNN(100_000, 100_000, input_map=False, device="meta")
    assert layer.weight.is_meta and layer.eta.is_meta
    with torch.device("meta"):
        assert PlasticRNN(7, 9).alpha.is_meta


def test_factory_arguments_reach_every_parameter():
    layer = PlasticRNN(3, 5, dtype=torch.double)
    assert {p.dtype for p in layer.parameters()} == {torch.double}


def test_it_says_what_it_is():
    assert "3, 5, plasticity=shared, rule=oja" in repr(LAYERS["shared"]())
    assert "plasticity=none, batch_first" in repr(LAYERS["none"]())
    assert "3, 5, plasticity=per_connection, rule=oja, activation=softmax" in repr(LAYERS["readout"]())


def test_refusals_when_built():
    for sizes in ((0, 5), (3, 0), (3, -1), (3, 2.0), (True, 5)):
        with pytest.raises(InvalidInput, match="must be a whole number of at least 1"):
            PlasticRNN(*sizes)
    with pytest.raises(InvalidInput, match="unknown plasticity 'free'.*'per_connection', 'shared', 'none'"):
        PlasticRNN(3, 5, plasticity="free")
    with pytest.raises(InvalidInput, match="unknown implementation 'fast'.*'auto', 'direct', 'chunked', 'fused'"):
        PlasticRNN(3, 5, implementation="fast")
    with pytest.raises(InvalidInput, match="chunk_size must be a whole number of at least 1, got 0"):
        PlasticRNN(3, 5, chunk_size=0)
    with pytest.raises(InvalidInput, match="input_size must equal hidden_size, got 3 and 5"):
        PlasticRNN(3, 5, input_map=False)
    with pytest.raises(InvalidInput, match="floating-point dtype, got torch.int64"):
        PlasticRNN(3, 5, dtype=torch.long)


def test_refusals_of_input():
    layer = PlasticRNN(3, 5)
    with pytest.raises(InvalidInput, match=r"input has shape \(4, 2, 7\), expected \(T, B, 3\)"):
        layer(torch.zeros(4, 2, 7))
    with pytest.raises(InvalidInput, match=r"input has shape \(4, 3\), expected \(T, B, 3\); the batch axis"):
        layer(torch.zeros(4, 3))
    with pytest.raises(InvalidInput, match=r"input has shape \(0, 2, 3\), expected \(T, B, 3\); nothing to do"):
        layer(torch.zeros(0, 2, 3))
    with pytest.raises(InvalidInput, match=r"input is torch.float64 and the layer is torch.float32; convert one"):
        layer(torch.zeros(4, 2, 3, dtype=torch.double))
    with pytest.raises(InvalidInput, match="input must be a torch.Tensor, got list"):
        layer([[1.0, 2.0, 3.0]])
    with pytest.raises(InvalidInput, match="input is on meta and the layer on cpu"):
        layer(torch.zeros(4, 2, 3, device="meta"))
    bad = torch.zeros(4, 2, 3)
    bad[1, 0, 2] = float("nan")
    with pytest.raises(InvalidInput, match="input holds 1 NaN of 24 values"):
        layer(bad)
    with pytest.raises(InvalidInput, match="input holds 1 NaN of 6 values"):
        layer.step(bad[1])


def test_opposite_infinities_are_not_called_nan():
    layer = PlasticRNN(2, 2, input_map=False)
    output, _ = layer(torch.tensor([[[torch.inf, -torch.inf]]]))
    assert output.tolist() == [[[1.0, -1.0]]]


def test_refusals_of_states_and_masks():
    layer, input = PlasticRNN(3, 3, input_map=False), torch.zeros(4, 2, 3)
    with pytest.raises(InvalidInput, match=r"state.hidden has shape \(5, 3\), expected \(2, 3\)"):
        layer(input, layer.initial_state(5))
    with pytest.raises(InvalidInput, match=r"state.trace has shape \(2, 3, 4\), expected \(2, 3, 3\)"):
        layer(input, (torch.zeros(2, 3), torch.zeros(2, 3, 4)))
    with pytest.raises(InvalidInput, match=r"state must be the tuple \(hidden, trace\), got Tensor"):
        layer(input, torch.zeros(2, 3))
    with pytest.raises(InvalidInput, match="state.trace must be a torch.Tensor, got NoneType"):
        layer(input, (torch.zeros(2, 3), None))
    with pytest.raises(InvalidInput, match="state.trace must be None where plasticity is 'none'"):
        PlasticRNN(3, 3, plasticity="none")(input, layer.initial_state(2))
    with pytest.raises(InvalidInput, match="batch_size must be a whole number of at least 1, got 0"):
        layer.initial_state(0)
    with pytest.raises(InvalidInput, match=r"clamp has shape \(2, 3\), expected \(4, 2, 3\)"):
        layer(input, clamp=torch.zeros(2, 3, dtype=torch.bool))
    with pytest.raises(InvalidInput, match="clamp must be a bool tensor.*got torch.float32"):
        layer(input, clamp=torch.zeros(4, 2, 3))
    with pytest.raises(InvalidInput, match="clamp needs input_map=False"):
        PlasticRNN(3, 3)(input, clamp=torch.zeros(4, 2, 3, dtype=torch.bool))
    with pytest.raises(InvalidInput, match=r"hidden has shape \(3, 2, 3\), expected \(4, 2, 3\)"):
        layer(input, hidden=torch.zeros(3, 2, 3))
