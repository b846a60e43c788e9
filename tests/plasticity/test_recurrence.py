"""The fast recurrences against the direct loop: outputs, last state and every gradient, to float64 rounding."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.plasticity import Hebb, PlasticRNN, recurrence

FAST = ("chunked", "fused")
EXACT = dict(rtol=1e-11, atol=1e-12)


def make(rule, plasticity="per_connection", N=5, *, eta=0.3, seed=0, **options):
    """A layer on which every gradient is large, in double precision."""
    torch.manual_seed(seed)
    layer = PlasticRNN(N, N, rule=rule, plasticity=plasticity, input_map=False, dtype=torch.double, **options)
    with torch.no_grad():
        layer.weight.normal_(std=0.5)
        layer.alpha.normal_(std=0.5)
        layer.eta.fill_(eta)
    return layer


def start(layer, B):
    """Activities and traces in the middle of an episode."""
    N = layer.hidden_size
    return torch.rand(B, N, dtype=torch.double) - 0.5, torch.randn(B, N, N, dtype=torch.double)


ENDS = ("output", "hidden", "trace")


def everything(layer, implementation, input, state=None, clamp=None, hidden=None, ends=ENDS, wanted=True):
    """All that comes out, and the gradient at all that went in (at the input if `wanted`), for a loss at the ends."""
    layer.implementation = implementation
    layer.zero_grad()
    input = input.clone().requires_grad_(wanted)
    state = None if state is None else tuple(s.clone().requires_grad_() for s in state)
    output, last = layer(input, state, clamp, hidden=hidden)
    came_out = {"output": output, "hidden": last.hidden, "trace": last.trace}
    weights = {name: torch.cos(torch.arange(v.numel(), dtype=v.dtype)).view_as(v) for name, v in came_out.items()}
    sum((came_out[name] * weights[name]).sum() for name in ends).backward()
    gradients = {f"d {name}": p.grad for name, p in layer.named_parameters()} | {"d input": input.grad}
    if state is not None:
        gradients |= {"d hidden": state[0].grad, "d trace": state[1].grad}
    return {k: v.detach().clone() for k, v in (came_out | gradients).items() if v is not None}


def assert_same(got, expected):
    """Equal but for rounding, which grows with the largest number that took part: an unstable rule makes large ones."""
    assert got.keys() == expected.keys()
    largest = max(1.0, *(value.abs().max().item() for value in expected.values()))
    exact = EXACT | dict(atol=EXACT["atol"] * largest)
    for name, value in expected.items():
        torch.testing.assert_close(got[name], value, msg=lambda m, name=name: f"{name}: {m}", **exact)


@pytest.mark.parametrize("clamped", [False, True])
@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize("plasticity", ["per_connection", "shared"])
@pytest.mark.parametrize("rule", ["hebb", "oja"])
@pytest.mark.parametrize("implementation", FAST)
def test_outputs_states_and_all_gradients_agree(implementation, rule, plasticity, started, clamped):
    T, B = 7, 3
    for chunk_size in (1, 3, 7, 50, None):  # 3 leaves a ragged end
        layer = make(rule, plasticity, chunk_size=chunk_size)
        input = torch.randn(T, B, 5, dtype=torch.double)
        state = start(layer, B) if started else None
        clamp = torch.rand(T, B, 5) < 0.3 if clamped else None
        expected = everything(layer, "direct", input, state, clamp)
        assert_same(everything(layer, implementation, input, state, clamp), expected)
        assert_same(everything(layer, implementation, input, state, clamp, hidden=expected["output"]), expected)


@settings(max_examples=25, deadline=None)
@given(
    implementation=st.sampled_from(FAST),
    rule=st.sampled_from(["hebb", "oja"]),
    T=st.integers(1, 12),
    B=st.integers(1, 3),
    N=st.integers(1, 20),
    chunk_size=st.integers(1, 13),
    eta=st.floats(-0.5, 1.5),
    seed=st.integers(0, 2**31 - 1),
)
def test_they_agree_for_any_size_and_any_eta(implementation, rule, T, B, N, chunk_size, eta, seed):
    layer = make(rule, N=N, eta=eta, seed=seed, chunk_size=chunk_size)
    with torch.no_grad():
        layer.alpha.div_(N)
        layer.weight.div_(N)
    input, state = torch.randn(T, B, N, dtype=torch.double), start(layer, B)
    assert_same(everything(layer, implementation, input, state), everything(layer, "direct", input, state))


@pytest.mark.parametrize("eta", [1.0, 0.999, 0.0])
@pytest.mark.parametrize("implementation", FAST)
def test_a_trace_that_forgets_all_at_once_is_safe(implementation, eta):
    """Undoing the decay, H_t = (H_t+1 - ...) / (1 - eta), would divide by zero."""
    layer = make("hebb", eta=eta)
    input = torch.randn(20, 2, 5, dtype=torch.double)
    assert_same(everything(layer, implementation, input), everything(layer, "direct", input))


@pytest.mark.parametrize("ends", [("output",), ("hidden",), ("trace",)])
@pytest.mark.parametrize("rule", ["hebb", "oja"])
@pytest.mark.parametrize("implementation", FAST)
def test_gradient_may_arrive_at_any_end_alone(implementation, rule, ends):
    layer = make(rule, chunk_size=3)
    input, state = torch.randn(7, 2, 5, dtype=torch.double), start(layer, 2)
    expected = everything(layer, "direct", input, state, ends=ends)
    assert_same(everything(layer, implementation, input, state, ends=ends), expected)


@pytest.mark.parametrize("plasticity", ["per_connection", "shared"])
@pytest.mark.parametrize("rule", ["hebb", "oja"])
@pytest.mark.parametrize("implementation", FAST)
def test_finite_differences(implementation, rule, plasticity):
    layer = make(rule, plasticity, N=3, implementation=implementation, chunk_size=2)
    names = [name for name, _ in layer.named_parameters()]

    def outputs(input, hidden, trace, *parameters):
        with_these = dict(zip(names, parameters, strict=True))
        output, last = torch.func.functional_call(layer, with_these, (input, (hidden, trace)))
        return output, last.hidden, last.trace

    inputs = [torch.randn(5, 2, 3, dtype=torch.double), *start(layer, 2), *(p.detach() for p in layer.parameters())]
    inputs = tuple(t.requires_grad_() for t in inputs)
    assert torch.autograd.gradcheck(outputs, inputs)
    assert torch.autograd.gradgradcheck(outputs, inputs)  # which goes through the direct loop


@pytest.mark.parametrize("implementation", FAST)
def test_only_what_is_asked_for_gets_a_gradient(implementation):
    layer = make("hebb", implementation=implementation)
    input = torch.randn(7, 2, 5, dtype=torch.double)
    layer.weight.requires_grad_(False)
    layer.eta.requires_grad_(False)
    layer(input)[0].sum().backward()
    assert layer.weight.grad is None and layer.eta.grad is None and layer.alpha.grad is not None
    layer.alpha.requires_grad_(False)
    assert not layer(input)[0].requires_grad
    with torch.no_grad():
        assert not layer(input.requires_grad_())[0].requires_grad


@pytest.mark.parametrize("implementation", FAST)
def test_single_precision_agrees_to_single_precision(implementation):
    layer = make("oja", N=40)
    with torch.no_grad():
        layer.weight.div_(10)
        layer.alpha.div_(10)
    input = torch.randn(60, 4, 40, dtype=torch.double)
    expected = everything(layer, "direct", input)
    got = everything(layer.float(), implementation, input.float())
    for name, value in expected.items():
        assert got[name].dtype == torch.float32
        assert (got[name] - value).abs().max() <= 3e-5 * value.abs().max(), name


@pytest.mark.parametrize("implementation", FAST)
def test_activities_changed_in_place_are_noticed(implementation):
    layer = make("hebb", implementation=implementation)
    output, _ = layer(torch.randn(7, 2, 5, dtype=torch.double))
    loss = output.sum()
    output.detach().zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


class Scaled(Hebb):
    """A user's variant of a known rule; the fast forms of Hebb are not its own."""

    def update(self, trace, pre, post):
        return 0.5 * super().update(trace, pre, post)


def never(*_):
    raise AssertionError("a fast implementation was called where only the direct loop is right")


@pytest.fixture
def only_direct(monkeypatch):
    monkeypatch.setattr(recurrence.FastRecurrence, "apply", never)


@pytest.mark.parametrize("implementation", ["auto", *FAST])
def test_what_has_no_fast_form_runs_directly(only_direct, implementation):
    input = torch.randn(7, 2, 5)
    for rule in (Hebb(clip=0.1), Scaled()):
        layer = PlasticRNN(5, 5, rule=rule, input_map=False, implementation=implementation)
        layer(input)
    layer = PlasticRNN(5, 5, input_map=False, implementation=implementation)
    layer.to(torch.bfloat16)(input.bfloat16())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        PlasticRNN(5, 5, input_map=False, implementation=implementation)(input)
    PlasticRNN(5, 5, plasticity="none", input_map=False, implementation=implementation)(input)


def test_torch_func_and_torch_compile_run_directly(only_direct):
    layer = make("hebb")
    input = torch.randn(4, 7, 2, 5, dtype=torch.double)
    parameters = {name: p.detach() for name, p in layer.named_parameters()}

    def loss(parameters, input):
        return torch.func.functional_call(layer, parameters, (input,))[0].square().sum()

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(parameters, input)
    layer.implementation = "direct"
    layer(input[2])[0].square().sum().backward()
    torch.testing.assert_close(each["alpha"][2], layer.alpha.grad)
    _, slope = torch.func.jvp(lambda x: loss(parameters, x), (input[0],), (input[0],))
    assert slope.isfinite()
    layer.implementation = "auto"
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(input[0])[0], layer_output(layer, input[0]))


def layer_output(layer, input):
    layer.implementation = "direct"
    return layer(input)[0]


def test_forward_mode_runs_directly(only_direct):
    layer, input = make("hebb"), torch.randn(7, 2, 5, dtype=torch.double)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(input, torch.ones_like(input))
        output, _ = layer(dual)
        tangent = torch.autograd.forward_ad.unpack_dual(output).tangent
    step = 1e-6
    layer.implementation = "direct"
    slope = (layer(input + step)[0] - layer(input - step)[0]) / (2 * step)
    np.testing.assert_allclose(tangent.detach(), slope.detach(), atol=1e-7)


def turned(tensor):
    """The same numbers, in memory that runs the other way."""
    return tensor.transpose(1, 2).contiguous().transpose(1, 2)


@pytest.mark.parametrize("which", ["trace", "gradient"])
@pytest.mark.parametrize("implementation", FAST)
def test_a_transposed_trace_is_as_good_as_any(implementation, which):
    """The kernels write into copies of the first trace and of the gradient that arrives at the last one."""
    layer = make("hebb", N=6)
    input, (hidden, first) = torch.randn(9, 2, 6, dtype=torch.double), start(layer, 2)
    arriving = torch.randn(2, 6, 6, dtype=torch.double)

    def last_trace_and_gradient(implementation, first, arriving):
        layer.implementation = implementation
        first = first.detach().requires_grad_()
        last = layer(input, (hidden, first))[1].trace
        return last.detach(), *torch.autograd.grad(last, first, arriving)

    expected = last_trace_and_gradient("direct", first, arriving)
    if which == "trace":
        first = turned(first)
    else:
        arriving = turned(arriving)
    for got, want in zip(last_trace_and_gradient(implementation, first, arriving), expected, strict=True):
        torch.testing.assert_close(got, want, **EXACT)
