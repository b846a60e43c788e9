import asyncio

import ipywidgets
import numpy as np
import pytest
import torch

from tlteach.course.widgets import Widget, accessibility_script
from tlteach.course.widgets.base import ClickBridge, Player, array, button, figure, slider
from tlteach.errors import InvalidInput


class Square(Widget):
    title = "A square"

    def __init__(self):
        super().__init__({"side": slider("side", 2, 1, 5)})

    def render(self, side):
        return f"<svg>{side * side}</svg>"

    def describe(self, side):
        return f"a square of side {side}"


def test_moving_a_control_draws_again():
    square = Square()
    square.view()
    assert square.picture.value == "<svg>4</svg>"
    square.controls["side"].value = 3
    assert square.picture.value == "<svg>9</svg>"


def test_the_bundle_has_a_live_view_a_still_picture_with_words_and_plain_text():
    bundle = Square()._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert '<img alt="a square of side 2" src="data:image/svg+xml;base64,' in bundle["text/html"]
    assert "<figcaption>A square. Run this cell to move it.</figcaption>" in bundle["text/html"]
    assert bundle["text/plain"] == "[A square] a square of side 2"


def test_a_figure_escapes_its_text_alternative():
    assert 'alt="&quot;a&quot; &lt; b"' in figure("<svg/>", '"a" < b')


def test_sliders_are_whole_or_real_and_named():
    assert isinstance(slider("n", 1, 0, 3), ipywidgets.IntSlider)
    assert isinstance(slider("r", 1.0, 0, 3, 0.1), ipywidgets.FloatSlider)
    assert slider("n", np.int64(1), 0, 3).description == "n"


def test_a_player_steps_within_its_limits():
    player = Player(slider("step", 0, 0, 2))
    for _ in range(4):
        player.move(1)
    assert player.slider.value == 2
    for _ in range(4):
        player.move(-1)
    assert player.slider.value == 0


def test_a_player_without_an_event_loop_takes_one_step():
    player = Player(slider("step", 0, 0, 2))
    player.toggle()
    assert player.slider.value == 1


def test_a_player_plays_to_the_end_pauses_and_starts_over():
    async def play():
        player = Player(slider("step", 0, 0, 3), seconds=0.001)
        player.toggle()
        await player.task
        assert player.slider.value == 3 and player.task is None and "Play" in player.play.description
        player.toggle()  # from the end: over again
        await asyncio.sleep(0)
        assert player.slider.value == 0 and "Pause" in player.play.description
        task = player.task
        player.toggle()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert player.slider.value < 3 and "Play" in player.play.description

    asyncio.run(play())


def test_a_click_arrives_as_row_and_column_and_may_be_repeated():
    picked = []
    bridge = ClickBridge(lambda row, column: picked.append((row, column)))
    bridge.field.value = "2,5"
    bridge.field.value = "2,5"
    assert picked == [(2, 5), (2, 5)]
    assert bridge.name in bridge.area(0, 0, 10, 10, 3, 6) and 'data-tl-grid="3,6"' in bridge.area(0, 0, 10, 10, 3, 6)


def test_a_button_has_words_and_an_explanation_and_acts():
    pressed = []
    made = button("Go", "Start it", lambda: pressed.append(1))
    made.click()
    assert (made.description, made.tooltip, pressed) == ("Go", "Start it", [1])


@pytest.mark.parametrize(
    ("value", "words"),
    [("abc", "numbers"), ([1.0], "dimensions"), (np.zeros((0, 3)), "empty"), ([[np.nan]], "NaN"),
     (torch.zeros(2, 2, 2), "(2, 2, 2)")],
)  # fmt: skip
def test_arrays_that_cannot_be_drawn_are_refused(value, words):
    with pytest.raises(InvalidInput) as caught:
        array("weight", value, 2)
    assert words in str(caught.value) and "weight" in str(caught.value)


def test_tensors_with_gradients_are_taken():
    np.testing.assert_array_equal(array("w", torch.ones(2, 2, requires_grad=True), 2), np.ones((2, 2)))


def test_the_page_script_is_one_script_without_addresses():
    script = accessibility_script()
    assert script.startswith("<script>") and script.count("<script") == 1 and "http" not in script
