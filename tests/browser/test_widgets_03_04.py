"""The widgets of lessons 03 and 04 in a real JupyterLab: painting, drawing and uploading by mouse and by keyboard."""

import nbformat
import pytest
from PIL import Image

from .test_lessons import OURS

V4 = nbformat.v4
SETUP = """from tlteach.course import setup, widgets
from tlteach import data
from tlteach.experiments import images, one_shot
from tlteach.tasks.images import ImageTask
import torch
lesson = setup("smoke", 0)"""
BENCH = """task = ImageTask(side=8, show_steps=4)
networks = {kind: images.build(images.Config(network=kind, task=task)) for kind in ("plastic", "shared", "rnn")}
some = data.normalise(torch.rand(20, 8, 8, generator=lesson.generator()))
bench = widgets.ImageBench(networks, some, task, source="noise")
bench"""
PAD = """drawn = data.drawn_characters(n_alphabets=1).floats()
pad = widgets.DrawPad(one_shot.build(one_shot.Config()), drawn, source="drawn")
pad"""


@pytest.fixture
def notebook(server):
    def opened(*cells):
        kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
        made = V4.new_notebook(
            cells=[V4.new_code_cell(cell) for cell in (SETUP, *cells)], metadata={"kernelspec": kernel}
        )
        nbformat.write(made, server.root / "widgets.ipynb")
        return server.open("widgets.ipynb")

    return opened


PICTURE = "widget => [...widget.querySelectorAll('svg[role=img]')].map(svg => svg.outerHTML).join()"  # not the pads


def becomes(page, read, expected):
    """Wait until `read()` gives what is expected."""
    for _ in range(300):
        if read() == expected:
            return
        page.wait_for_timeout(30)
    assert read() == expected


def changes(page, widget, act, what):
    """Do something, and wait until what the kernel draws is another picture."""
    before = widget.evaluate(PICTURE)
    act()
    for _ in range(300):
        if widget.evaluate(PICTURE) != before:
            return
        page.wait_for_timeout(30)
    raise AssertionError(f"the picture did not change after {what}")


def drag(page, pad, *points, up=True):
    """Press on the first point (in parts of the pad's side), move through the others, release."""
    pad.scroll_into_view_if_needed()
    box = pad.locator("svg").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    if up:
        page.mouse.up()


def keys(page, *names):
    for name in names:
        page.keyboard.press(name)


def files(folder):
    """A small picture, a large one, a letter, and something endless."""
    paths = [folder / name for name in ("letter.png", "round.png", "endless.png", "huge.bmp")]
    paths[0].write_text("Dear friend")
    paths[2].write_bytes(bytes(11_000_000))
    for path, side in ((paths[1], 100), (paths[3], 2100)):
        Image.radial_gradient("L").resize((side, side)).convert("RGB").save(path)
    assert paths[3].stat().st_size > 13e6, "more than a message to the kernel can hold"
    return paths


def ink(pad):
    return pad.locator(".tl-ink").get_attribute("d")


def strokes(pad):
    """How many strokes a page shows, or how many cells are painted."""
    return ink(pad).count("M")


def is_clean(notebook):
    defects = {"light": notebook.violations(OURS)}
    notebook.set_theme("dark")
    defects["dark"] = notebook.violations(OURS)
    assert defects == {"light": [], "dark": []}
    assert notebook.cell_errors() == []
    assert notebook.complaints() == []


def test_pictures_are_painted_over_by_mouse_and_by_keyboard_chosen_and_uploaded(notebook, tmp_path):
    with notebook(BENCH) as opened:
        page = opened.page
        opened.run_all()
        widget = page.locator(".tl-widget")
        pad = widget.locator(".tl-pad")
        changes(page, widget, lambda: widget.get_by_role("button", name="Clear").click(), "Clear")
        becomes(page, lambda: strokes(pad), 0)
        words = widget.locator("svg[aria-label*='nothing to bring back']")
        words.wait_for(state="attached")
        changes(page, widget, lambda: drag(page, pad, (0.05, 0.05), (0.95, 0.05)), "a drag along the top")
        top_row = [f"M{column} 0h1v1h-1z" in ink(pad) for column in range(8)]
        assert top_row == [True] * 8, "the brush leaves no gaps"
        pad.focus()
        changes(page, widget, lambda: keys(page, "Space", "ArrowDown", "ArrowDown"), "painting by keyboard")
        assert pad.evaluate("pad => pad === document.activeElement"), "a pad keeps the focus while it is drawn on"
        before = ink(pad)
        keys(page, "Space", "ArrowDown", "ArrowDown")
        assert ink(pad) == before, "a brush that is up paints nothing"
        widget.get_by_role("button", name="Wipe off").click()
        page.wait_for_function("() => document.querySelector('.tl-pad').dataset.tlPaint === '0'")
        changes(page, widget, lambda: drag(page, pad, (0.05, 0.05), (0.95, 0.05)), "wiping the paint off again")
        assert "M4 0h1v1h-1z" not in ink(pad)
        changes(page, widget, lambda: widget.get_by_role("button", name="Top half").click(), "Top half")
        becomes(page, lambda: strokes(pad), 32)
        choose_and_upload(page, widget, tmp_path)
        is_clean(opened)


def choose_and_upload(page, widget, folder):
    slots, shelf = widget.locator("[data-tl-bridge]").all()
    box = shelf.bounding_box()
    at = {"x": box["width"] * 0.95, "y": box["height"] * 0.3}
    changes(page, widget, lambda: shelf.click(position=at), "a click on a picture")
    assert widget.locator("select").first.evaluate("list => list.selectedIndex") == 11
    box = slots.bounding_box()
    at = {"x": box["width"] * 0.5, "y": box["height"] * 0.5}
    changes(page, widget, lambda: slots.click(position=at), "a click on the second remembered picture")
    widget.locator("svg[aria-label^='Picture B of 3']").wait_for(state="attached")
    widget.locator("select").nth(1).focus()
    changes(page, widget, lambda: page.keyboard.press("ArrowDown"), "another picture by keyboard")
    upload = widget.locator("input[type=file]")
    paths = files(folder)
    changes(page, widget, lambda: upload.set_input_files(paths), "an upload")
    note = widget.get_by_role("alert")
    note.wait_for()
    told = note.inner_text()
    assert "Remembered as B, C" in told and "letter.png: got a text file" in told and "endless.png: got 11.0 MB" in told
    chosen = [field.evaluate("list => list.selectedIndex") for field in widget.locator("select").all()]
    assert chosen[1:] == [12, 13], "the two pictures stand in the places of B and C"
    changes(page, widget, lambda: upload.set_input_files(paths[1]), "the same file again")


def test_a_character_is_drawn_by_mouse_and_by_keyboard_and_named_meanwhile(notebook):
    with notebook(PAD) as opened:
        page = opened.page
        opened.run_all()
        widget = page.locator(".tl-widget")
        pads = widget.locator(".tl-pad").all()
        assert len(pads) == 6
        changes(page, widget, lambda: widget.get_by_role("button", name="Ask again").click(), "another question")
        changes(page, widget, lambda: widget.get_by_role("button", name="Clear all").click(), "Clear all")
        drag(page, pads[0], (0.2, 0.2), (0.8, 0.8))
        drag(page, pads[0], (0.8, 0.2), (0.2, 0.8))  # at once: both strokes must arrive
        pads[1].focus()
        keys(page, "Space", "ArrowRight", "ArrowRight", "ArrowDown", "Space")
        assert pads[1].evaluate("pad => pad === document.activeElement"), "a pad keeps the focus while it is drawn on"
        widget.locator("svg[aria-label*='Still empty: C, D, E']").wait_for(state="attached")
        drag(page, pads[5], (0.2, 0.2), (0.5, 0.5), up=False)
        widget.locator("svg[aria-label*='The network says']").wait_for(state="attached")
        changes(page, widget, lambda: page.mouse.move(5, 5), "more of the stroke, the button still pressed")
        page.mouse.up()
        changes(page, widget, lambda: drag(page, pads[5], (0.8, 0.2), (0.2, 0.8)), "a second stroke")
        becomes(page, lambda: strokes(pads[5]), 2)
        changes(page, widget, lambda: keys(page, "Backspace"), "taking a stroke back by keyboard")
        becomes(page, lambda: strokes(pads[5]), 1)
        becomes(page, lambda: strokes(pads[0]), 2)
        undo = widget.get_by_role("button", name="Undo").first
        changes(page, widget, undo.click, "Undo")
        becomes(page, lambda: strokes(pads[0]), 1)
        changes(page, widget, lambda: drag(page, pads[0], (0.1, 0.5), (0.9, 0.5)), "drawing on after Undo")
        becomes(page, lambda: strokes(pads[0]), 2)
        changes(page, widget, lambda: widget.get_by_role("button", name="New examples").click(), "New examples")
        becomes(page, widget.locator("image.tl-under").count, 6)
        changes(page, widget, lambda: drag(page, pads[2], (0.3, 0.3), (0.7, 0.6)), "drawing over an example")
        assert pads[2].locator("image").count() == 0, "an example makes room"
        is_clean(opened)


def touch(page, pad):
    """A function that puts fingers on the pad, moves them and lifts them: touch(kind, (x, y) of those that stay...)."""
    page.mouse.move(0, 0)
    pad.scroll_into_view_if_needed()
    session, box = page.context.new_cdp_session(page), pad.locator("svg").bounding_box()
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})

    def event(kind, **fingers):
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": "ab".index(name)}
            for name, (x, y) in fingers.items()
        ]
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    return event


def points(pad):
    """What the strokes of a page run through, in parts of its side."""
    state = pad.get_attribute("data-tl-state")
    return [[tuple(float(part) / 105 for part in p.split(",")) for p in s.split(" ")] for s in state.split(";") if s]


def test_a_second_finger_does_not_go_on_with_the_stroke_of_the_first(notebook):
    with notebook(PAD) as opened:
        page = opened.page
        opened.run_all()
        pad = page.locator(".tl-widget .tl-pad").first
        fingers = touch(page, pad)
        fingers("Start", a=(0.2, 0.2))
        fingers("Move", a=(0.3, 0.3))
        fingers("Start", a=(0.3, 0.3), b=(0.9, 0.1))
        fingers("Move", a=(0.3, 0.3), b=(0.9, 0.6))
        fingers("Move", a=(0.4, 0.4), b=(0.9, 0.6))
        fingers("Move", a=(0.5, 0.5))  # the second is lifted
        fingers("End")
        becomes(page, lambda: [len(stroke) for stroke in points(pad)], [4])
        assert all(abs(x - y) < 0.02 for x, y in points(pad)[0]), "all of it is by the first finger"
        fingers("Start", b=(0.1, 0.9))
        fingers("Move", b=(0.3, 0.7))
        fingers("End")
        becomes(page, lambda: [len(stroke) for stroke in points(pad)], [4, 2])


def test_shift_enter_on_a_pad_runs_the_cell_and_leaves_the_pen_alone(notebook):
    with notebook(PAD, "1 + 1") as opened:
        page = opened.page
        opened.run_all()
        prompts = page.locator(".jp-CodeCell .jp-InputPrompt")
        assert prompts.nth(1).inner_text() == "[2]:"
        pad = page.locator(".tl-widget .tl-pad").first
        pad.focus()
        version = pad.get_attribute("data-tl-state")
        keys(page, "Shift+Enter")
        becomes(page, lambda: prompts.nth(1).inner_text(), "[4]:")
        opened.wait_idle()
        pad = page.locator(".tl-widget .tl-pad").first
        assert (pad.get_attribute("data-tl-state"), pad.get_attribute("data-tl-down")) == (version, None) == ("", None)
        pad.focus()
        keys(page, "Enter")
        assert pad.get_attribute("data-tl-down") == "", "Enter alone puts the pen down"
