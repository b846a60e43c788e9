import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.course.widgets.pad import CellPad, StrokePad, cells_path
from tlteach.errors import InvalidInput


@pytest.fixture
def calls():
    return []


@pytest.fixture
def strokes(calls):
    pad = StrokePad("Page A", 120, lambda: calls.append(1))
    pad.draw()
    return pad


def sends(pad, state, version=None):
    """What the page script does at the end of a stroke."""
    pad.field.value = f"{pad.version if version is None else version}|{state}"


def element(pad):
    return ET.fromstring(pad.html.value)


def test_strokes_arrive_as_points_of_a_page_of_side_one(strokes, calls):
    sends(strokes, "0,0 52.5,105;21,42")
    assert strokes.strokes == [[(0, 0), (0.5, 1)], [(0.2, 0.4)]]
    assert calls == [1]


def test_a_pad_is_not_drawn_again_while_somebody_draws_on_it(strokes):
    before = strokes.html.value
    sends(strokes, "0,0 52.5,105")
    assert strokes.html.value == before


def test_what_was_drawn_before_python_changed_the_pad_is_ignored(strokes, calls):
    sends(strokes, "1,1 2,2")
    strokes.state = ""
    strokes.draw()
    sends(strokes, "1,1 2,2 3,3", version=strokes.version - 1)
    assert strokes.strokes == [] and calls == [1]


def test_every_time_a_pad_is_drawn_the_page_sees_it_even_if_nothing_else_changed(strokes):
    sends(strokes, "1,1 2,2")  # the page shows a stroke that `html` has never had
    before = strokes.html.value
    strokes.undo()
    strokes.draw()
    assert strokes.strokes == [] and strokes.html.value != before


def test_undo_takes_one_stroke(strokes):
    sends(strokes, "1,1 2,2;3,3 4,4;5,5")
    strokes.undo()
    strokes.draw()
    assert element(strokes).attrib["data-tl-state"] == "1,1 2,2;3,3 4,4"
    assert element(strokes).find(".//path").attrib["d"] == "M1,1L2,2M3,3L4,4"


def test_points_beyond_the_page_are_moved_to_its_edge(strokes):
    sends(strokes, "-5,210")
    assert strokes.strokes == [[(0, 1)]]


@pytest.mark.parametrize("state", ["1", "1,2,3", "a,b", "1,2 x"])
def test_what_is_no_stroke_is_refused(strokes, state):
    sends(strokes, state)
    with pytest.raises(InvalidInput, match="expected a point"):
        strokes.strokes  # noqa: B018


@pytest.mark.parametrize("pad", [StrokePad("Page A", 120, print), CellPad("Picture", 120, 5, print, brush=2)])
def test_a_pad_can_be_reached_and_has_a_name(pad):
    pad.draw('<image class="tl-under"/>')
    root = element(pad)
    assert root.attrib["role"] == "application" and root.attrib["tabindex"] == "0"
    assert root.attrib["aria-label"] == pad.label
    assert root.find(".//image") is not None and root.find(".//*[@role='status']") is not None
    assert pad.name in pad.field._dom_classes and root.attrib["data-tl-pad"] == pad.name


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=25, max_size=25))
def test_a_mask_goes_to_the_page_and_comes_back(cells):
    pad, mask = CellPad("Picture", 120, 5, lambda: None, brush=2), np.array(cells)
    pad.mask = mask
    np.testing.assert_array_equal(pad.mask, mask)
    pad.draw()
    sent = element(pad).attrib["data-tl-state"]
    pad.mask = np.zeros(25, bool)
    sends(pad, sent)
    np.testing.assert_array_equal(pad.mask, mask)
    starts = {tuple(map(int, part.split("h")[0].split())) for part in cells_path(mask, 5).split("M")[1:]}
    assert starts == {(i % 5, i // 5) for i in range(25) if mask[i]}


@pytest.mark.parametrize("state", ["01", "2" * 25, ""])
def test_what_is_no_mask_is_refused(state):
    pad = CellPad("Picture", 120, 5, lambda: None, brush=2)
    pad.draw()
    sends(pad, state)
    with pytest.raises(InvalidInput, match="expected 25 times 0 or 1"):
        pad.mask  # noqa: B018


def test_the_page_is_told_how_to_paint():
    pad = CellPad("Picture", 120, 5, lambda: None, brush=2)
    pad.draw()
    assert (element(pad).attrib["data-tl-brush"], element(pad).attrib["data-tl-paint"]) == ("2", "1")
    pad.paint = False
    pad.draw()
    assert element(pad).attrib["data-tl-paint"] == "0"
