"""The pictures are checked against matplotlib's own reader and colour maps, and against an XML parser."""

import io
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread

from tlteach import plots
from tlteach.course.widgets import drawing


@given(rows=st.integers(1, 9), columns=st.integers(1, 9), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_png_reads_back_as_the_same_pixels(rows, columns, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3)).astype(np.uint8)
    read = imread(io.BytesIO(drawing.png(pixels)), format="png")
    np.testing.assert_array_equal((read[..., :3] * 255).round().astype(np.uint8), pixels)


def test_the_colours_are_those_of_the_figures_in_their_order():
    """A network, or a world, has one colour in the figures and in the widgets; the grey alone is darker here."""
    figures = [matplotlib.colors.to_hex(colour) for colour in plots.COLOURS]
    assert [c for k, c in enumerate(drawing.COLORS) if k != 4] == [c for k, c in enumerate(figures) if k != 4]
    looks = list(plots.LOOKS.values())
    assert [look["color"] for look in looks] == list(plots.COLOURS[: len(looks)])
    grey, lighter = (matplotlib.colors.to_rgb(c) for c in (drawing.COLORS[4], figures[4]))
    assert max(grey) < min(lighter) and max(grey) - min(grey) < 0.05


def test_colours_agree_with_matplotlib_and_are_symmetric_about_zero():
    values = np.linspace(-2, 2, 7)[None]
    expected = matplotlib.colormaps["RdBu_r"](np.round((values + 2) / 4 * 255).astype(int))[..., :3]
    np.testing.assert_allclose(drawing.colorize(values, -2, 2, "RdBu_r") / 255, expected, atol=1 / 255)
    middle = drawing.colorize(np.zeros((1, 1)), -1, 1, "RdBu_r")[0, 0]
    assert (middle > 235).all(), "zero must be (nearly) white"
    np.testing.assert_array_equal(
        drawing.colorize(np.array([[9.0]]), -1, 1, "RdBu_r"), drawing.colorize(np.ones((1, 1)), -1, 1, "RdBu_r")
    )


@given(low=st.floats(-1e4, 1e4), span=st.floats(1e-3, 1e5))
@settings(max_examples=25, deadline=None)
def test_ticks_lie_within_the_limits_and_are_few(low, span):
    found = drawing.ticks(low, low + span, 5)
    assert 1 <= len(found) <= 7
    slack = 1e-6 * span + 1e-9
    assert (found >= low - slack).all() and (found <= low + span + slack).all()


def test_axes_put_the_limits_at_the_corners():
    axes = drawing.Axes(10, 20, 100, 50, (0, 4), (-1, 1))
    assert (axes.px(0), axes.px(4), axes.py(-1), axes.py(1)) == (10, 110, 70, 20)
    log = drawing.Axes(0, 0, 10, 100, (0, 1), (1e-3, 1), logy=True)
    assert log.py(0.1) == pytest.approx(100 / 3)
    np.testing.assert_allclose(drawing.decades(1e-3, 1), [1e-3, 1e-2, 1e-1, 1])
    np.testing.assert_allclose(drawing.decades(0.9, 6), [1, 2, 5])


def test_a_missing_point_breaks_the_curve():
    axes = drawing.Axes(0, 0, 10, 10, (0, 3), (0, 1))
    assert axes.line([0, 1, 2, 3], [0, np.nan, 1, 1], "red").count("M") == 2


def test_text_is_escaped_and_the_picture_is_well_formed():
    picture = drawing.svg(10, 10, [drawing.text(0, 0, "<a & b>")], 'say "hi" <now>')
    root = ET.fromstring(picture)
    assert root.attrib["aria-label"] == 'say "hi" <now>' and root[0].text == "<a & b>"


def test_numbers_use_a_true_minus_and_no_negative_zero():
    assert drawing.number(-0.5) == "\u22120.5"
    assert drawing.number(-0.0) == "0"
    assert drawing.number(0.12345) == "0.123"
