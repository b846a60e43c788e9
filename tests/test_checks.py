"""What configurations refuse, and the words that say so."""

import math

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from tlteach import checks
from tlteach.errors import InvalidInput

ODD = [None, True, "3", [3], 2.0, math.nan, -1, 0]


@given(st.integers(-3, 10), st.integers(-5, 15))
def test_a_whole_number_of_at_least_so_much_passes(least, value):
    if value >= least:
        checks.whole(least, n=value)
    else:
        with pytest.raises(InvalidInput, match=f"n must be a whole number of at least {least}, got {value}"):
            checks.whole(least, n=value)


@pytest.mark.parametrize("value", ODD)
def test_a_count_is_a_whole_number_and_named(value):
    checks.whole(1, good=1)
    with pytest.raises(InvalidInput, match="episodes must be a whole number of at least 1, got"):
        checks.whole(1, batch_size=4, episodes=value)


@pytest.mark.parametrize("value", [None, True, "3", [3], math.nan, math.inf, -0.1, 0])
def test_a_rate_is_finite_and_above_zero(value):
    checks.positive(rate=1e-9, steps=3)
    with pytest.raises(InvalidInput, match="rate must be a finite number above 0, got"):
        checks.positive(rate=value)


@pytest.mark.parametrize("value", [None, True, "3", math.nan, -0.1, 1.1])
def test_a_share_lies_between_0_and_1(value):
    checks.share(none=0, half=0.5, all=1)
    with pytest.raises(InvalidInput, match="fraction must be a number from 0 to 1, got"):
        checks.share(fraction=value)


def test_a_choice_names_what_there_is():
    checks.choice("preset", "smoke", ("smoke", "lesson"))
    with pytest.raises(InvalidInput, match="unknown preset 'huge'; choose one of 'smoke', 'lesson'"):
        checks.choice("preset", "huge", ("smoke", "lesson"))


def test_options_that_are_left_out_are_not_checked():
    checks.positive(**checks.given(cpu_seconds=None, stop_below=0.1))
    with pytest.raises(InvalidInput, match="cpu_seconds"):
        checks.positive(**checks.given(cpu_seconds=0, stop_below=None))


@pytest.mark.parametrize("value", [None, True, "3", math.nan, math.inf, -math.inf])
def test_a_finite_number_may_have_a_least_value(value):
    checks.finite(a=-2.5, b=0)
    checks.finite(least=0, a=0.0, b=3)
    with pytest.raises(InvalidInput, match="wind must be a finite number, got"):
        checks.finite(good=1.0, wind=value)
    with pytest.raises(InvalidInput, match="wind must be a finite number of at least 0, got -0.1"):
        checks.finite(least=0, wind=-0.1)


def test_a_device_is_there():
    assert checks.device(None) is None and checks.device("cpu").type == "cpu" and checks.device("meta").type == "meta"
    with pytest.raises(InvalidInput, match="unknown device 'gpu7'; choose 'cpu' or 'cuda'"):
        checks.device("gpu7")


@pytest.mark.parametrize(("n", "name"), [(0, "cuda"), (1, "cuda:1")])
def test_a_cuda_device_that_is_not_there_is_refused(monkeypatch, n, name):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: n)
    with pytest.raises(InvalidInput, match=f"device '{name}' is not there: torch finds {n} CUDA.*take device='cpu'"):
        checks.device(name)
    assert n == 0 or checks.device("cuda").type == "cuda"
