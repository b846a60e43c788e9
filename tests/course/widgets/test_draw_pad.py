import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch

from tlteach.course.widgets import DrawPad, draw_picture
from tlteach.course.widgets.draw_model import drawing
from tlteach.errors import InvalidInput
from tlteach.experiments import one_shot
from tlteach.tasks.one_shot import OneShotTask

GENERATOR = torch.Generator().manual_seed(0)
DRAWINGS = (torch.rand(12, 4, 31, 31, generator=GENERATOR) > 0.1).float()  # C = 12 characters in D = 4 drawings
NETWORK = one_shot.build(one_shot.Config())
CROSS = "10,10 90,90;90,10 10,90"


@pytest.fixture
def pad():
    made = DrawPad(NETWORK, DRAWINGS, source="dots")
    made.view()
    return made


def draw(page, state):
    """What the page script does while somebody draws."""
    page.pad.field.value = f"{page.pad.version}|{state}"


def where(picture):
    """Character and drawing number of an example."""
    (place,) = np.argwhere((DRAWINGS.numpy() == picture).all((2, 3)))
    return tuple(place)


def test_where_nothing_can_run_it_invites_to_draw(pad):
    assert "<figcaption>One drawing is enough. Run this cell to draw on its pages.</figcaption>" in pad.still()


def test_it_begins_with_examples_and_asks_for_another_drawing_of_one(pad):
    for _ in range(20):
        p = pad.parameters()
        shown, (character, column) = [where(picture) for picture in p["shown"]], where(p["query"])
        assert len({c for c, _ in shown}) == 5
        assert shown[p["target"]][0] == character and shown[p["target"]][1] != column
        pad.examples()


def test_asking_again_keeps_the_examples(pad):
    before, seen = [where(picture) for picture in pad.parameters()["shown"]], set()
    for _ in range(120):
        pad.ask()
        p = pad.parameters()
        assert [where(picture) for picture in p["shown"]] == before
        character, column = where(p["query"])
        assert before[p["target"]][0] == character and before[p["target"]][1] != column
        seen.add((character, column))
    assert len(seen) == 15, "each of 5 characters in each of its 3 other drawings"


def test_the_network_answers_while_somebody_draws(pad):
    answers = [pad.picture.value]
    for state in ("10,10 50,50", "10,10 50,50 90,90", CROSS):
        draw(pad.asked, state)
        answers.append(pad.picture.value)
    assert len(set(answers)) == 4
    p = pad.parameters()
    np.testing.assert_array_equal(
        p["query"],
        drawing([[(10 / 105, 10 / 105), (90 / 105, 90 / 105)], [(90 / 105, 10 / 105), (10 / 105, 90 / 105)]]),
    )
    assert p["target"] is None, "what somebody has drawn is known to them alone"
    said = pad.model.answer(p["shown"], p["query"]).probabilities
    assert pad.describe(**p) == f"The network says {'ABCDE'[said.argmax()]} ({said.max():.0%})."


def test_it_says_whether_an_example_was_named_rightly(pad):
    words = set()
    for _ in range(30):
        pad.examples()
        p = pad.parameters()
        best = int(pad.model.answer(p["shown"], p["query"]).probabilities.argmax())
        right = best == p["target"]
        assert ("and it is." in pad.describe(**p)) == right
        assert (f"in truth it is {'ABCDE'[p['target']]}." in pad.describe(**p)) != right
        words.add(right)
    assert words == {True, False}


def test_a_stroke_takes_the_place_of_an_example_and_undo_leaves_an_empty_page(pad):
    page = pad.shown[2]
    assert "<image" in page.pad.html.value
    draw(page, CROSS)
    assert pad.parameters()["shown"][2].min() < 0.05 and not page.is_example
    pad._edit(page.undo)
    assert len(page.pad.strokes) == 1 and "<image" not in page.pad.html.value
    pad._edit(page.undo)
    assert page.picture is None and "Still empty: C." in pad.describe(**pad.parameters())
    pad._edit(page.undo)
    assert page.picture is None


def test_undo_on_an_example_leaves_it(pad):
    before = pad.picture.value
    pad._edit(pad.shown[0].undo)
    assert pad.picture.value == before and pad.shown[0].is_example


def test_a_stroke_that_was_cleared_meanwhile_is_ignored(pad):
    page, version = pad.shown[0], pad.shown[0].pad.version
    pad.clear()
    page.pad.field.value = f"{version}|{CROSS}"
    assert page.picture is None


def test_buttons_of_a_page_act_on_it_alone(pad):
    page = pad.shown[1]
    draw(page, CROSS)
    columns = pad.layout().children[2].children
    undo, clear = columns[1].children[-1].children
    assert (undo.tooltip, clear.tooltip) == ("Take the last stroke on page B back", "Empty page B")
    undo.click()
    assert len(page.pad.strokes) == 1
    clear.click()
    assert page.picture is None and sum(picture is not None for picture in pad.parameters()["shown"]) == 4


def test_from_clear_pages_to_an_answer(pad):
    pad.clear()
    assert pad.describe(**pad.parameters()).startswith("The network answers when") is False
    assert "Still empty: A, B, C, D, E." in pad.describe(**pad.parameters())
    ET.fromstring(pad.picture.value)
    draw(pad.shown[0], CROSS)
    assert "The network answers when" in pad.describe(**pad.parameters())
    draw(pad.asked, CROSS)
    assert "The network says" in pad.describe(**pad.parameters())
    assert pad.picture.value.count("nothing drawn yet") == 4
    pad.clear()
    pad.ask()
    assert pad.parameters()["target"] is not None, "with no example left there are new ones"


def test_rows_show_the_trace_or_its_agreement_with_the_query(pad):
    p = pad.parameters()
    answer = pad.model.answer(p["shown"], p["query"])
    before = pad.picture.value
    pad.controls["rows"].value = "agreement"
    after = pad.picture.value
    assert before != after and draw_picture.TITLES["trace"] in before and draw_picture.TITLES["agreement"] in after
    for row in answer.agreement:
        assert after.count(draw_picture.number(row.sum(), signed=True)) >= 1
    bars = [r.attrib for r in ET.fromstring(after).iter() if r.attrib.get("fill") == draw_picture.BLUE]
    np.testing.assert_allclose(
        [float(bar["width"]) for bar in bars], draw_picture.BAR * answer.probabilities, rtol=1e-3
    )


def test_the_same_seed_gives_the_same_examples():
    one, same, other = (DrawPad(NETWORK, DRAWINGS, seed=seed).parameters() for seed in (1, 1, 2))
    np.testing.assert_array_equal(one["shown"], same["shown"])
    assert not np.array_equal(one["shown"], other["shown"])


def test_untrusted_pages_show_a_picture_with_words_and_the_source(pad):
    bundle = pad._repr_mimebundle_()
    assert '<img alt="The network says' in bundle["text/html"] and "Examples: dots" in pad.picture.value
    assert len(bundle["text/html"]) < 100_000


def test_a_network_of_other_ways_has_as_many_pages():
    network = one_shot.build(one_shot.Config(task=OneShotTask(n_ways=3)))
    assert len(DrawPad(network, DRAWINGS).shown) == 3


@pytest.mark.parametrize(
    ("drawings", "words"),
    [
        (DRAWINGS[0], r"\(C, D, 31, 31\)"),
        (torch.ones(9, 2, 28, 28), r"got \(9, 2, 28, 28\)"),
        (DRAWINGS.to(torch.uint8), "real numbers.*uint8"),
        (DRAWINGS * 255, "from 0 .ink. to 1"),
        (1 - DRAWINGS, "mostly paper"),
        (DRAWINGS / 255, "mostly paper"),
        (DRAWINGS[:4], "5 ways need at least 5 characters"),
        (DRAWINGS[:, :1], "need 2 drawings, got 1"),
    ],
)
def test_drawings_it_cannot_use_are_refused(drawings, words):
    with pytest.raises(InvalidInput, match=words):
        DrawPad(NETWORK, drawings)
