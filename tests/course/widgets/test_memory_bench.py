"""The bench runs the library's rules; here it is held against the closed form, which it does not use."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.course.widgets import MemoryBench
from tlteach.course.widgets.memory_bench import ETAS, best_eta, recall, traces
from tlteach.errors import InvalidInput

START = dict(eta=0.1, alpha=2.0, delay=10, repetitions=1, rule="hebb")


@given(k=st.integers(1, 100), delay=st.integers(0, 60), times=st.integers(1, 10), alpha=st.floats(0, 20))
@settings(max_examples=25, deadline=None)
def test_recall_by_the_hebbian_rule_is_the_closed_form(k, delay, times, alpha):
    eta = k / 100
    trace = (1 - (1 - eta) ** times) * (1 - eta) ** delay
    assert recall(eta, alpha, delay, times, "hebb") == pytest.approx(np.tanh(alpha * trace), abs=1e-12)


def test_oja_keeps_its_trace_through_silence():
    left = traces("oja", 3)
    np.testing.assert_array_equal(left, np.broadcast_to(left[0], left.shape))
    np.testing.assert_allclose(left[0], 1 - (1 - ETAS) ** 3)  # pre = post = 1: it closes on 1


@pytest.mark.parametrize("delay", [0, 1, 4, 9, 19, 60])
def test_the_best_eta_is_one_over_delay_plus_one(delay):
    assert abs(best_eta(delay) - 1 / (delay + 1)) <= 0.005 + 1e-12


@pytest.mark.parametrize(("delay", "times"), [(10, 2), (10, 5), (30, 10)])
def test_the_best_eta_for_several_showings(delay, times):
    assert abs(best_eta(delay, times) - (1 - (delay / (delay + times)) ** (1 / times))) <= 0.005 + 1e-12


def test_the_picture_is_well_formed_and_changes_with_each_parameter():
    bench = MemoryBench()
    changes = [{}, dict(eta=0.2), dict(alpha=3.0), dict(delay=5), dict(repetitions=2), dict(rule="oja")]
    pictures = [bench.render(**(START | change)) for change in changes]
    assert len(set(pictures)) == len(changes)
    words = ET.fromstring(pictures[0]).attrib["aria-label"]
    assert f"{recall(0.1, 2.0, 10):.3g}" in words and "best eta for this delay is 0.09" in words


def test_a_setting_that_stood_stays_as_a_grey_curve_and_a_drag_does_not():
    seconds = [0.0]
    bench = MemoryBench(eta=0.1, clock=lambda: seconds[0])
    bench.view()
    seconds[0] = 5.0
    for eta in (0.2, 0.3, 0.4):  # one drag
        bench.controls["eta"].value = eta
        seconds[0] += 0.05
    assert [ghost["eta"] for ghost in bench.ghosts] == [0.1]
    seconds[0] += 5
    bench.controls["delay"].value = 20  # the same curve: not worth a ghost
    assert [ghost["eta"] for ghost in bench.ghosts] == [0.1]
    for alpha in (1.0, 2.0, 3.0, 4.0):
        seconds[0] += 5
        bench.controls["alpha"].value = alpha
    assert len(bench.ghosts) == 3 and "eta" in bench.ghosts[0]
    bench.clear()
    assert bench.ghosts == []


@pytest.mark.parametrize(
    "bad", [dict(eta=0), dict(eta=2), dict(alpha=-1), dict(delay=61), dict(repetitions=0), dict(rule="x")]
)
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(InvalidInput):
        MemoryBench(**bad)


def test_functions_refuse_what_they_cannot_compute():
    with pytest.raises(InvalidInput):
        traces("hebb", 0)
    with pytest.raises(InvalidInput):
        recall(1.5, 1, 1)
