"""Hard clamping: steps in which every unit is given are left out or merged, and nothing may change by it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plasticity.test_recurrence import FAST, assert_same, everything, make, start
from tlteach.plasticity import PlasticRNN, recurrence
from tlteach.plasticity.recurrence.clamped import merge_held

N, B = 5, 3


def pictures(generator, steps=(4, 3, 1, 5), gap=2, dtype=torch.double):
    """Pictures held for some steps, gaps in which only the last unit is clamped, half a picture at the end."""

    def show(n, part=N):
        picture = torch.randn(B, N, generator=generator, dtype=dtype)
        return picture.expand(n, B, N), (torch.arange(N) < part).expand(n, B, N)

    shown = []
    for n in steps:
        shown += [show(n), show(gap, 1)]
    shown.append(show(3, 2))
    drive, clamp = (torch.cat(column) for column in zip(*shown, strict=True))
    return drive.clone(), clamp.clone()


@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize("plasticity", ["per_connection", "shared"])
@pytest.mark.parametrize("rule", ["hebb", "oja"])
@pytest.mark.parametrize("implementation", FAST)
def test_held_pictures_agree_with_the_direct_loop(implementation, rule, plasticity, started):
    input, clamp = pictures(torch.Generator().manual_seed(1))
    for wanted in (False, True):  # with a gradient at the input, no steps are merged
        for chunk_size in (1, 2, 4, 9, None):
            layer = make(rule, plasticity, chunk_size=chunk_size)
            state = start(layer, B) if started else None
            expected = everything(layer, "direct", input, state, clamp, wanted=wanted)
            assert_same(everything(layer, implementation, input, state, clamp, wanted=wanted), expected)
            known = dict(hidden=expected["output"], wanted=wanted)
            assert_same(everything(layer, implementation, input, state, clamp, **known), expected)


@settings(max_examples=60, deadline=None)
@given(
    implementation=st.sampled_from(FAST),
    rule=st.sampled_from(["hebb", "oja"]),
    plasticity=st.sampled_from(["per_connection", "shared"]),
    T=st.integers(1, 14),
    chunk_size=st.integers(1, 15),
    eta=st.floats(-0.5, 1.5),
    wanted=st.booleans(),
    seed=st.integers(0, 2**31 - 1),
)
def test_any_mask_agrees(implementation, rule, plasticity, T, chunk_size, eta, wanted, seed):
    """Steps are free, half free, clamped or held at random; a held step may look clamped in one episode only."""
    layer = make(rule, plasticity, eta=eta, seed=seed, chunk_size=chunk_size)
    input, clamp = torch.randn(T, B, N, dtype=torch.double), torch.rand(T, B, N) < 0.5
    for t, kind in enumerate(torch.randint(5, (T,)).tolist()):
        if kind == 0:
            clamp[t] = False
        if kind > 1:
            clamp[t] = True
        if kind > 2 and t:
            input[t] = input[t - 1]
        if kind == 4 and t:
            input[t, 0, 0] += 1
    state = start(layer, B)
    expected = everything(layer, "direct", input, state, clamp, wanted=wanted)
    assert_same(everything(layer, implementation, input, state, clamp, wanted=wanted), expected)


def test_which_steps_are_held():
    input, clamp = pictures(torch.Generator(), steps=(3, 1), gap=1)  # shown 3, gap, shown 1, gap, half shown 3
    clamp[-2:] = True
    input[-1, 1, 2] += 1  # one unit of one episode moves: nobody is held
    held = merge_held(input, clamp)
    assert held.often == (3, 1, 1, 1, 1, 1, 1)
    assert held.left.tolist() == [0, 3, 4, 5, 6, 7, 8]
    assert held.among.tolist() == [0, 0, 0, 1, 2, 3, 4, 5, 6]


@pytest.fixture
def taken(monkeypatch):
    """The schedules and modules that the fast recurrence is called with."""
    calls, apply = [], recurrence.FastRecurrence.apply

    def spy(module, *arguments):
        calls.append((module.__name__.rpartition(".")[2], arguments[-1]))
        return apply(module, *arguments)

    monkeypatch.setattr(recurrence.FastRecurrence, "apply", spy)
    return calls


def test_held_steps_are_left_out_where_nobody_asks_for_their_gradient(taken):
    input, clamp = pictures(torch.Generator(), steps=(20, 20))
    layer = make("hebb", implementation="chunked")
    layer(input, clamp=clamp)
    layer(input.requires_grad_(), clamp=clamp)
    assert [len(steps.often) for _, steps in taken] == [9, 47]
    assert [sum(steps.free) for _, steps in taken] == [7, 7]


def test_large_nets_that_are_mostly_held_run_in_chunks(taken):
    steps, free = torch.zeros(60, 1, 301), torch.zeros(60, 1, 301, dtype=torch.bool)
    layer = PlasticRNN(301, 301, input_map=False)
    layer(steps, clamp=free)
    layer(steps, clamp=~free)
    assert [name for name, _ in taken] == ["fused", "chunked"]


@pytest.mark.parametrize("rule", ["hebb", "oja"])
def test_second_derivatives_through_held_steps(rule):
    layer = make(rule, implementation="chunked")
    input, clamp = pictures(torch.Generator().manual_seed(2), steps=(3, 2), gap=1)
    found = []
    for layer.implementation in ("chunked", "direct"):
        output, _ = layer(input, clamp=clamp)
        first = torch.autograd.grad(output[-1].sum(), list(layer.parameters()), create_graph=True)
        found.append(torch.autograd.grad(sum(g.square().sum() for g in first), list(layer.parameters())))
    for got, expected in zip(*found, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-11)
