"""Rules against equations 2 and 3, and against what these equations imply."""

from typing import NamedTuple

import numpy as np
import numpy_reference as reference
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tlteach.errors import InvalidInput
from tlteach.plasticity import Hebb, Oja, PlasticLinear, PlasticRNN, Rule, register_rule, rules

FEW = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**31 - 1)
etas = st.floats(0.01, 0.99)


def activities(seed, *shape, scale=1.0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.double) * 2 * scale - scale


def test_both_rules_of_the_paper_are_known_and_start_alike():
    assert {"hebb", "oja"} <= set(rules())
    for rule in (Hebb(), Oja()):
        assert rule.eta.shape == () and rule.eta.requires_grad
        assert rule.eta.item() == pytest.approx(0.01)


@pytest.mark.parametrize("name, rule", [("hebb", Hebb), ("oja", Oja)])
@FEW
@given(seed=seeds, eta=st.floats(-0.5, 1.5))
def test_update_is_the_equation(name, rule, seed, eta):
    trace, pre, post = activities(seed, 2, 3, 4), activities(seed + 1, 2, 3), activities(seed + 2, 2, 4)
    new = rule(eta=eta, dtype=torch.double).update(trace, pre, post)
    expected = [reference.RULES[name](trace[b].numpy(), pre[b].numpy(), post[b].numpy(), eta) for b in range(2)]
    np.testing.assert_allclose(new.detach(), expected, rtol=0, atol=1e-14)


@FEW
@given(seed=seeds, eta=etas)
def test_a_silent_hebbian_trace_fades_by_one_minus_eta(seed, eta):
    trace, silence = activities(seed, 1, 3, 3), torch.zeros(1, 3, dtype=torch.double)
    rule = Hebb(eta=eta, dtype=torch.double)
    new = trace
    for _ in range(5):
        new = rule.update(new, silence, silence)
    torch.testing.assert_close(new, (1 - eta) ** 5 * trace)


@FEW
@given(seed=seeds, eta=etas)
def test_an_oja_trace_outlives_silence(seed, eta):
    trace, pre = activities(seed, 1, 3, 3), activities(seed + 1, 1, 3)
    new = Oja(eta=eta, dtype=torch.double).update(trace, pre, torch.zeros(1, 3, dtype=torch.double))
    assert torch.equal(new, trace)


@FEW
@given(seed=seeds, eta=etas)
def test_a_hebbian_trace_of_bounded_activities_stays_below_one(seed, eta):
    rule, trace = Hebb(eta=eta, dtype=torch.double), torch.zeros(1, 4, 4, dtype=torch.double)
    for t in range(30):
        trace = rule.update(trace, activities(seed + t, 1, 4).sign(), activities(seed + t + 1, 1, 4).sign())
        assert trace.abs().max() <= 1 + 1e-12


@FEW
@given(seed=seeds, eta=st.floats(0.3, 0.9))
def test_repetition_brings_an_oja_column_to_pre_over_post(seed, eta):
    pre, post = activities(seed, 1, 4), 0.5 + 0.5 * activities(seed + 1, 1, 3).abs()
    rule, trace = Oja(eta=eta, dtype=torch.double), torch.zeros(1, 4, 3, dtype=torch.double)
    with torch.no_grad():
        for _ in range(400):
            trace = rule.update(trace, pre, post)
    torch.testing.assert_close(trace, pre.unsqueeze(-1) / post.unsqueeze(-2))


def test_oja_with_a_one_hot_output_writes_into_one_column_only():
    pre, post = activities(0, 1, 4), torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.double)
    trace = Oja(eta=0.25, dtype=torch.double).update(torch.zeros(1, 4, 3, dtype=torch.double), pre, post)
    assert torch.equal(trace[..., 1], 0.25 * pre)  # spec B4: Hebb[:, class] = eta * features
    assert not trace[..., 0].any() and not trace[..., 2].any()


def test_clipping_bounds_the_trace():
    rule = Hebb(eta=1.0, clip=0.5)
    (trace,) = rule(torch.zeros(1, 1, 1), torch.ones(1, 1), torch.ones(1, 1))
    assert trace.item() == 0.5
    assert "clip=0.5" in repr(rule)
    with pytest.raises(InvalidInput, match="clip must be above 0"):
        Oja(clip=0.0)


def test_unknown_rule_lists_the_known_ones():
    with pytest.raises(InvalidInput, match="'hebbian'.*hebb, oja"):
        PlasticRNN(3, 3, rule="hebbian")
    with pytest.raises(InvalidInput, match="subclass of Rule"):
        register_rule("nothing")(dict)
    with pytest.raises(NotImplementedError, match="must define update"):
        Rule()(torch.zeros(1, 1, 1), torch.zeros(1, 1), torch.zeros(1, 1))


class Retroactive(Rule):
    """Backpropamine's retroactive modulation (spec A7): a second trace, a modulator, and parameters of known size."""

    class State(NamedTuple):
        hidden: Tensor
        trace: Tensor
        eligibility: Tensor

    def __init__(self, size, *, device=None, dtype=None):
        super().__init__(clip=2.0)
        self.eta = torch.nn.Parameter(torch.tensor(0.1, device=device, dtype=dtype))
        self.modulator = torch.nn.Linear(size, 1, device=device, dtype=dtype)

    @classmethod
    def for_layer(cls, pre_size, post_size, **factory):
        return cls(post_size, **factory)

    def update(self, trace, pre, post, eligibility):
        modulation = torch.tanh(self.modulator(post)).unsqueeze(-1)  # (B, 1, 1)
        new = (1 - self.eta) * eligibility + self.eta * pre.unsqueeze(-1) * post.unsqueeze(-2)
        return trace + modulation * eligibility, new


@pytest.fixture
def retroactive():
    register_rule("retroactive again")(Retroactive)
    yield
    from tlteach.plasticity.rules import _RULES

    del _RULES["retroactive again"]


def test_a_rule_may_bring_its_own_state_parameters_and_clipping(retroactive):
    layer = PlasticRNN(3, 5, rule="retroactive again")
    output, state = layer(torch.randn(6, 2, 3))
    assert type(state) is Retroactive.State and state.eligibility.shape == (2, 5, 5)
    output.sum().backward()
    assert layer.rule.modulator.weight.grad.abs().sum() > 0 and layer.eta.grad is not None
    acted = layer.initial_state(2)
    first, acted = layer.step(torch.ones(2, 3), acted)
    again, _ = layer(torch.ones(1, 2, 3))
    torch.testing.assert_close(first, again[0])
    with pytest.raises(InvalidInput, match=r"\(hidden, trace, eligibility\), got a tuple of 2"):
        layer(torch.randn(6, 2, 3), (state.hidden, state.trace))


def test_a_rule_with_state_serves_the_readout_too(retroactive):
    readout = PlasticLinear(4, 3, rule="retroactive again")
    _, state = readout(torch.rand(5, 2, 4))
    assert state.eligibility.shape == (2, 4, 3)
