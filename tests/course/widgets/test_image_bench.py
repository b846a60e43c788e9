import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from PIL import Image

from tlteach.course.widgets import ImageBench, drawing, image_picture
from tlteach.course.widgets.image_model import Answer
from tlteach.course.widgets.upload import File
from tlteach.data import normalise
from tlteach.errors import BadFile, InvalidInput
from tlteach.experiments import images
from tlteach.tasks.images import ImageTask

TASK = ImageTask(side=6, show_steps=3, gap_steps=1, n_cycles=2)
N, KINDS = TASK.n_pixels, ("plastic", "shared", "rnn")
PICTURES = normalise(torch.rand(30, 6, 6, generator=torch.Generator().manual_seed(0)))


def network(kind="plastic"):
    return images.build(images.Config(network=kind, task=TASK))


@pytest.fixture
def bench():
    made = ImageBench({kind: network(kind) for kind in KINDS}, PICTURES, TASK, source="noise")
    made.view()
    return made


def png(seed=0, side=24):
    content = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def paint(bench, mask):
    """What the page script does while somebody paints."""
    bench.pad.field.value = f"{bench.pad.version}|{''.join('01'[int(m)] for m in mask)}"


def test_it_begins_with_three_pictures_and_half_of_the_first_lost(bench):
    p = bench.parameters()
    assert (p["asked"], p["time"]) == (0, TASK.test_steps)
    np.testing.assert_array_equal(p["erased"], TASK.half("bottom"))
    assert len({image.tobytes() for image in p["images"]}) == 3
    assert all(any((image == row).all() for row in PICTURES.numpy()) for image in p["images"])


def test_the_picture_shows_the_numbers_of_the_model(bench):
    p = bench.parameters()
    picture, words = bench.render(**p), bench.describe(**p)
    assert ET.fromstring(picture).attrib["aria-label"] == words
    for kind in KINDS:
        error = bench.model.answer(kind, p["images"], 0, p["erased"]).errors[-1]
        assert f"{kind} {error:.3g}" in words and f">{error:.3g}<" in picture
    assert (
        "18 of 36 pixels lost" in words
        and "grey guess" in words
        and "mirror guess" in words
        and "Pictures: noise" in picture
    )


def test_everything_that_can_be_done_changes_the_picture(bench):
    pictures = [bench.picture.value]
    mask = np.arange(N) % 7 == 0
    for act in (
        lambda: paint(bench, mask),
        lambda: bench.erase(TASK.half("top").numpy()),
        lambda: setattr(bench.controls["asked"], "value", 2),
        lambda: setattr(bench.controls["picture C"], "value", 9),
        lambda: setattr(bench.controls["time"], "value", 0),
        bench.renew,
        lambda: bench.add("mine.png", png()),
        lambda: bench.erase(np.zeros(N, bool)),
    ):
        act()
        pictures.append(bench.picture.value)
    assert len(set(pictures)) == len(pictures)
    assert "Nothing is lost" in pictures[-1] and "nothing to bring back" in bench.describe(**bench.parameters())


def test_while_somebody_paints_the_pad_is_left_alone_and_the_mask_is_taken(bench):
    pad, mask = bench.pad.html.value, np.arange(N) % 5 == 0
    paint(bench, mask)
    assert bench.pad.html.value == pad
    np.testing.assert_array_equal(bench.parameters()["erased"], mask)
    bench.controls["asked"].value = 1
    assert bench.pad.html.value != pad
    np.testing.assert_array_equal(bench.parameters()["erased"], mask)  # another picture, the same paint


def test_moving_through_the_steps_draws_no_pad(bench):
    pad = bench.pad.html.value
    bench.player.move(-1)
    assert bench.pad.html.value == pad and "After 2 of 3 test steps" in bench.picture.value
    bench.controls["time"].value = 0
    assert "Before the test" in bench.picture.value


def test_a_click_chooses_what_is_painted_over_and_what_takes_its_place(bench):
    bench.slots.field.value = "0,1"
    assert bench.controls["asked"].value == 1
    bench.shelf.field.value = "0,7"
    assert bench.controls["picture B"].value == 7
    np.testing.assert_array_equal(bench.images[1], bench.gallery[7])
    bench.shelf.field.value = "1,7"  # an empty place of the second row
    assert bench.controls["picture B"].value == 7


def test_the_brush_paints_or_wipes(bench):
    assert 'data-tl-paint="1"' in bench.pad.html.value
    bench.brush.value = False
    assert 'data-tl-paint="0"' in bench.pad.html.value


def test_uploads_take_the_places_from_the_one_that_is_painted_over(bench):
    bench.controls["asked"].value = 1
    old = bench.images.copy()
    bench.receive([File("x.png", 9, png(1)), File("y.png", 9, png(2)), File("z.png", 9, png(3))])
    assert "Remembered as B, C, A." in bench.note.value
    for place, seed in ((1, 1), (2, 2), (0, 3)):
        blocks = np.asarray(Image.open(io.BytesIO(png(seed))), float).sum(-1).reshape(6, 4, 6, 4).mean((1, 3))
        blocks -= blocks.mean()
        np.testing.assert_allclose(bench.images[place], (blocks / np.abs(blocks).max()).ravel(), atol=1e-5)
    assert bench.controls["picture A"].label == "15: z.png"
    bench.renew()
    assert not (bench.images == old).all(1).any() and bench.controls["picture A"].label == "15: z.png"


def test_what_is_no_picture_is_named_and_nothing_is_lost(bench):
    images, picture = bench.images.copy(), bench.picture.value
    bench.receive([File("a<b>.txt", 5, b"Hello"), File("big.tif", 20_000_000, None)])
    assert 'role="alert"' in bench.note.value
    assert "a&lt;b&gt;.txt: got a text file; expected a picture" in bench.note.value
    assert "big.tif: got 20.0 MB" in bench.note.value and "Remembered" not in bench.note.value
    np.testing.assert_array_equal(bench.images, images)
    assert bench.picture.value == picture
    bench.receive([File("bad.png", 5, b"\x89PNG"), File("good.png", 9, png())])
    assert "Remembered as A." in bench.note.value and "bad.png" in bench.note.value


def test_there_is_room_for_twelve_uploads(bench):
    for seed in range(12):
        bench.add(f"{seed}.png", png(seed))
    assert len(bench.gallery) == 24 and ET.fromstring(bench.chooser.value) is not None
    bench.shelf.field.value = "1,11"
    assert bench.controls["picture A"].label == "24: 11.png"
    with pytest.raises(BadFile, match="more than 12 pictures"):
        bench.add("one too many.png", png())
    with pytest.raises(BadFile, match="drawing.svg: got a text file"):
        bench.add("drawing.svg", b"<svg/>")  # it would not have helped to begin anew


def test_of_more_files_than_places_it_is_said_which_remain(bench):
    bench.receive([File(f"{seed}.png", 9, png(seed)) for seed in range(5)])
    assert "Remembered as C, A, B." in bench.note.value and "the last 3 of 5" in bench.note.value
    labels = {name: bench.controls[f"picture {name}"].label for name in "ABC"}
    assert [labels[name].split(": ")[1] for name in "CAB"] == ["2.png", "3.png", "4.png"]


def test_files_of_one_name_are_told_apart(bench):
    bench.receive([File("x.png", 9, png(1)), File("x.png", 9, b"no picture"), File("y.png", 9, png(2))])
    assert "x.png (2): got a text file" in bench.note.value and "Remembered as A, B." in bench.note.value
    assert bench.controls["picture A"].label.endswith(": x.png (1)")


def test_the_choice_is_described(bench):
    bench.controls["picture B"].value = 5
    root = ET.fromstring(bench.chooser.value)
    assert root.attrib["aria-label"] == "Pictures to remember: A is number 1, B is number 6, C is number 3."


def test_untrusted_pages_show_a_picture_with_words(bench):
    bundle = bench._repr_mimebundle_()
    assert '<img alt="Picture A of 3, 18 of 36 pixels lost' in bundle["text/html"]
    assert len(bundle["text/html"]) < 100_000


def test_outline_by_hand():
    """One lost pixel in the corner of 2 x 2: its four edges, each once."""
    path = ET.fromstring(image_picture.outline(np.array([True, False, False, False]), 0, 0, 10)).attrib["d"]
    edges = {edge for edge in path.split("M") if edge}
    assert edges == {"0 0h1", "0 1h1", "0 0v1", "1 0v1"}


def test_errors_are_drawn_to_scale():
    answers = {"a": Answer(np.zeros((2, 4)), np.array([1.0, 0.1])), "b": Answer(np.zeros((2, 4)), np.array([1.0, 0.4]))}
    erased = np.array([True, True, False, False])
    picture = image_picture.results(answers, {}, np.zeros(4), erased, 1, "A", "", "label")
    widths = {r.attrib.get("fill"): float(r.attrib["width"]) for r in ET.fromstring(picture).iter() if "rect" in r.tag}
    first, second = (widths[color] for color in drawing.COLORS[:2])  # those of the curves in the figures
    assert second == pytest.approx(4 * first)


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        (PICTURES[:, :10], r"\(M, 36\)"),
        (PICTURES[:2], "at least 3 pictures"),
        (PICTURES * 2, r"in \[-1, 1\]"),
        (torch.full((3, N), torch.nan), r"in \[-1, 1\]"),
        (PICTURES.view(30, 6, 6), r"got \(30, 6, 6\)"),
    ],
)
def test_pictures_it_cannot_show_are_refused(pictures, words):
    with pytest.raises(InvalidInput, match=words):
        ImageBench({"plastic": network()}, pictures, TASK)
