import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch

from tlteach.course.widgets import TraceScrubber
from tlteach.errors import InvalidInput
from tlteach.plasticity import PlasticRNN


def parts(n=4, steps=6, seed=0):
    random = np.random.default_rng(seed)
    return (
        random.normal(size=(n, n)),
        random.normal(size=(n, n)),
        random.normal(size=(steps, n, n)),
        random.normal(size=(steps, n)),
    )


def test_values_are_those_of_the_chosen_synapse():
    w, alpha, hebb, x = parts()
    seen = TraceScrubber(w, alpha, hebb, x).values(time=3, pre=1, post=2)
    assert seen == {
        "pre": x[2, 1], "post": x[3, 2], "weight": w[1, 2], "alpha": alpha[1, 2], "trace": hebb[3, 1, 2],
        "effective": w[1, 2] + alpha[1, 2] * hebb[3, 1, 2],
    }  # fmt: skip
    assert TraceScrubber(w, alpha, hebb, x).values(time=0, pre=1, post=2)["pre"] == 0, (
        "before the first step all is silent"
    )


def test_running_a_layer_agrees_with_a_loop_written_by_hand():
    torch.manual_seed(0)
    layer = PlasticRNN(3, 3, input_map=False, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.normal_(), layer.alpha.normal_(), layer.eta.fill_(0.3)
    drive = torch.randn(5, 3, dtype=torch.float64)
    w, alpha, x, hebb = layer.weight.detach().numpy(), layer.alpha.detach().numpy(), np.zeros(3), np.zeros((3, 3))
    shown = TraceScrubber.of(layer, drive)
    for t in range(5):
        new = np.tanh(x @ (w + alpha * hebb) + drive[t].numpy())  # equation 1, with the old trace
        hebb = 0.3 * np.outer(x, new) + 0.7 * hebb  # equation 2
        x = new
        np.testing.assert_allclose(shown.x[t], x, atol=1e-12)
        np.testing.assert_allclose(shown.hebb[t], hebb, atol=1e-12)


def test_a_shared_alpha_fills_its_panel():
    w, _, hebb, x = parts()
    np.testing.assert_array_equal(TraceScrubber(w, torch.tensor(0.5), hebb, x).alpha, np.full((4, 4), 0.5))


@pytest.mark.parametrize("n", [2, 5, 12, 16])
def test_the_picture_is_well_formed_says_what_it_shows_and_changes_with_each_parameter(n):
    widget = TraceScrubber(*parts(n))
    first = widget.render(time=1, pre=0, post=1)
    root = ET.fromstring(first)
    assert root.attrib["role"] == "img" and "after step 1 of 5" in root.attrib["aria-label"]
    others = [widget.render(time=t, pre=i, post=j) for t, i, j in ((2, 0, 1), (1, 1, 1), (1, 0, 0))]
    assert len({first, *others}) == 4
    assert len(first) < 60_000


def test_small_networks_print_their_numbers():
    w, alpha, hebb, x = parts(2)
    w[0, 0] = 0.25
    assert ">0.25<" in TraceScrubber(w, alpha, hebb, x).render(time=0, pre=0, post=0)


def test_a_click_chooses_the_synapse_and_redraws():
    widget = TraceScrubber(*parts(), labels=list("abcd"))
    widget.view()
    before = widget.picture.value
    widget.bridge.field.value = "3,1"
    assert (widget.controls["pre"].value, widget.controls["post"].value) == (3, 1)
    assert widget.picture.value != before and "from d to b" in widget.picture.value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(weight=np.zeros((3, 4))), "(3, 4)"),
        (dict(hebb=np.zeros((6, 4))), "3 dimensions"),
        (dict(hebb=np.zeros((5, 4, 4))), "(5, 4, 4)"),
        (dict(alpha=np.zeros((2, 2))), "(4, 4)"),
        (dict(x=np.full((6, 4), np.inf)), "infinite"),
        (dict(labels=["a"]), "4 units"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(change, words):
    given = dict(zip(("weight", "alpha", "hebb", "x"), parts(), strict=True)) | change
    with pytest.raises(InvalidInput) as caught:
        TraceScrubber(**given)
    assert words in str(caught.value)


def test_a_network_too_large_to_see_is_refused():
    with pytest.raises(InvalidInput, match="from 2 to 16"):
        TraceScrubber(*parts(17))
