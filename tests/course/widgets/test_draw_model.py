import numpy as np
import pytest
import torch
from torch import nn

from tlteach.course.widgets.draw_model import PEN, SIZE, SPAN, DrawModel, drawing
from tlteach.errors import InvalidInput
from tlteach.experiments.one_shot import OneShotNetwork

SIDE = 105
BOX = [[(0.2, 0.25), (0.8, 0.25), (0.8, 0.7), (0.3, 0.75)], [(0.5, 0.3), (0.5, 0.6)]]
LINE = [[(0.2, 0.5), (0.8, 0.5)]]


def span(picture):
    """Width and height of the ink, in pixels of a page of 105."""
    rows, columns = np.nonzero(picture < 0.9)
    return (np.ptp(columns) + 1) * SIDE / SIZE, (np.ptp(rows) + 1) * SIDE / SIZE


def moved(strokes, dx, dy, scale=1.0):
    return [[(scale * x + dx, scale * y + dy) for x, y in stroke] for stroke in strokes]


def test_a_drawing_is_ink_on_paper():
    picture = drawing(BOX)
    assert picture.shape == (SIZE, SIZE) and picture.dtype == np.float32
    assert 0 <= picture.min() < 0.05 and picture.max() == 1 and picture.mean() > 0.7
    assert ((picture > 0) & (picture < 1)).sum() > 20, "edges are grey"
    assert (drawing([]) == 1).all()


@pytest.mark.parametrize("strokes", [LINE, [[(0.5, 0.2), (0.5, 0.8)]]])
def test_lines_are_as_thick_as_the_pen(strokes):
    ink = 1 - drawing(strokes)
    across = ink.sum(0 if strokes is LINE else 1)[SIZE // 2 - 3 : SIZE // 2 + 4]
    np.testing.assert_allclose(across, PEN * SIZE / SIDE, rtol=0.12)


def test_strokes_are_as_thick_as_those_of_real_omniglot(real_data):
    """Thickness is area over half the length of the outline, for both measured in the same way."""
    from tlteach.data import omniglot

    def thickness(pages):
        ink = np.pad(pages < 128, ((0, 0), (1, 1), (1, 1)))
        inside = ink[:, 1:-1, 1:-1] & ink[:, :-2, 1:-1] & ink[:, 2:, 1:-1] & ink[:, 1:-1, :-2] & ink[:, 1:-1, 2:]
        return ink.sum() / ((ink[:, 1:-1, 1:-1] & ~inside).sum() / 2)

    real = omniglot(31, evaluation=False).images[::10, 0]
    mine = np.stack([(255 * drawing(moved(BOX, 0, 0, s))).astype(np.uint8) for s in (0.8, 0.9, 1.0)])
    assert thickness(mine) == pytest.approx(thickness(real), rel=0.3)


@pytest.mark.parametrize("shift", [(-20, 0), (15, 21), (3, -7)])
def test_where_on_the_page_something_is_drawn_makes_no_difference(shift):
    shifted = drawing(moved(BOX, shift[0] / SIDE, shift[1] / SIDE))
    assert np.abs(shifted - drawing(BOX)).mean() < 0.01
    rows, columns = np.nonzero(shifted < 0.9)
    assert abs((rows.min() + rows.max()) / 2 - 15) <= 0.5 and abs((columns.min() + columns.max()) / 2 - 15) <= 0.5


@pytest.mark.parametrize(
    ("scale", "wanted"),
    [(1.6, SPAN[1]), (1.0, 63), (0.5, SPAN[0]), (0.2, 25.2)],  # LINE is 63 pixels long; 12.6 are doubled
)
def test_what_is_too_large_or_small_is_made_to_fit(scale, wanted):
    width, height = span(drawing(moved(LINE, 0, 0, scale)))
    assert width == pytest.approx(wanted + PEN, abs=6) and height < 12


def test_a_tap_is_a_dot():
    ink = 1 - drawing([[(0.9, 0.1)]])
    assert ink.sum() == pytest.approx(np.pi / 4 * (PEN + 1) ** 2 * (SIZE / SIDE) ** 2, rel=0.3)
    assert ink[15, 15] > 0.5


@pytest.mark.parametrize("point", [(np.nan, 0.5), (np.inf, 0.5)])
def test_points_that_are_nowhere_are_refused(point):
    with pytest.raises(InvalidInput, match="finite"):
        drawing([[(0.1, 0.1), point]])


def network(plasticity="per_connection", ways=5):
    generator = torch.Generator().manual_seed(1)
    made = OneShotNetwork(ways, plasticity, gain=1.0, eta=0.3)
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim:
                parameter.copy_(torch.rand(parameter.shape, generator=generator) - 0.4)
    return made


def pictures(n, seed=0):
    return list(np.random.default_rng(seed).random((n, SIZE, SIZE), np.float32))


@pytest.mark.parametrize("plasticity", ["per_connection", "shared", "none"])
@torch.no_grad()
def test_the_answer_is_that_of_the_closed_form(plasticity):
    made, (*shown, query) = network(plasticity), pictures(6)
    answer = DrawModel(made).answer(shown, query)
    features = made.embed(torch.tensor(np.stack([*shown, query])))
    logits = made.logits(features[None, :5, None], features[5:])[0]
    np.testing.assert_allclose(answer.logits, logits, atol=1e-4)
    np.testing.assert_allclose(answer.probabilities, logits.softmax(-1), atol=1e-5)
    np.testing.assert_allclose(answer.query, features[5], atol=1e-6)
    trace = 0 * features[:5] if plasticity == "none" else 0.3 * features[:5]  # eta * f: eq 3 from an empty trace
    np.testing.assert_allclose(answer.trace, trace, atol=1e-5)
    from_weights = [sum(float(features[5, i] * made.readout.weight[i, c]) for i in range(64)) for c in range(5)]
    np.testing.assert_allclose(answer.agreement.sum(1) + from_weights, answer.logits, atol=1e-4)


@torch.no_grad()
def test_a_name_without_a_drawing_leaves_its_trace_empty():
    made, shown = network(), pictures(6)
    query, shown[1], shown[4] = shown.pop(), None, None
    answer = DrawModel(made).answer(shown, query)
    assert (answer.trace[[1, 4]] == 0).all() and (answer.trace[[0, 2, 3]] != 0).any(1).all()
    np.testing.assert_allclose(answer.logits[1], answer.query @ made.readout.weight[:, 1].numpy(), atol=1e-4)
    assert answer.probabilities.sum() == pytest.approx(1)


def test_with_no_drawing_at_all_there_is_still_an_answer():
    answer = DrawModel(network()).answer([None] * 5, pictures(1)[0])
    assert (answer.trace == 0).all() and answer.probabilities.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("made", "words"), [(nn.Linear(2, 2), "OneShotNetwork, got Linear"), (network(ways=9), "room for 8 characters")]
)
def test_networks_that_have_no_place_are_refused(made, words):
    with pytest.raises(InvalidInput, match=words):
        DrawModel(made)


@pytest.mark.parametrize(
    ("shown", "query", "words"),
    [
        (pictures(4), pictures(1)[0], "each of 5 names, got 4"),
        (pictures(5), np.ones((28, 28)), r"\(31, 31\).* got \(28, 28\)"),
        (pictures(5), np.full((31, 31), 255.0), "0 .ink. to 1 .paper."),
        (pictures(5), np.full((31, 31), np.nan), "0 .ink. to 1 .paper."),
    ],
)
def test_drawings_it_cannot_be_shown_are_refused(shown, query, words):
    with pytest.raises(InvalidInput, match=words):
        DrawModel(network()).answer(shown, query)
