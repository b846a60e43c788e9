"""Every lesson in a real JupyterLab: it runs, its widgets move, and what is ours is accessible, in light and dark."""

import json

import pytest

from tlteach import paths

LESSONS = sorted(path.stem for path in paths.lessons_folder().glob("*.ipynb"))
OURS = ".jp-OutputArea-output"
PICTURE = "widget => [...widget.querySelectorAll('.widget-html-content')].map(html => html.innerHTML).join()"


def changes(page, widget, act, what):
    """Do something to a widget and wait until its picture is another one."""
    before = widget.evaluate(PICTURE)
    act()
    for _ in range(100):
        if widget.evaluate(PICTURE) != before:
            return
        page.wait_for_timeout(30)
    raise AssertionError(f"the picture did not change after {what}")


def move_sliders(page, widget):
    for handle in widget.locator(".noUi-handle").all():
        name = handle.get_attribute("aria-label")
        assert name, "a slider without an accessible name"
        at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        handle.focus()
        key = "ArrowLeft" if at_end else "ArrowRight"
        changes(page, widget, lambda key=key: page.keyboard.press(key), f"{key} on the slider {name!r}")


def press_buttons(page, widget):
    """Step back, play, and pause a player; try every bit of a grid's first two by mouse and keyboard."""
    for words in ("Back", "Play"):
        for button in widget.locator("button", has_text=words).all():
            assert button.get_attribute("title"), f"the button {words!r} has no explanation"
            changes(page, widget, button.click, f"pressing {words!r}")
    for button in widget.locator("button", has_text="Pause").all():
        button.click()
    for grid in widget.locator(".tl-grid").all():
        bits = grid.locator("button")
        changes(page, widget, bits.nth(0).click, "a click on a bit")
        page.keyboard.press("ArrowRight")
        assert bits.nth(1).evaluate("bit => bit === document.activeElement"), "arrow keys move between bits"
        changes(page, widget, lambda: page.keyboard.press("Enter"), "Enter on a bit")


def choose(page, widget):
    """Take another entry of every list, and click a cell of every picture that can be clicked."""
    for field in widget.locator("select").all():
        options = field.locator("option").all_inner_texts()
        if len(options) > 1:
            other = next(
                i for i in range(len(options)) if str(i) != field.evaluate("list => list.selectedIndex.toString()")
            )
            changes(page, widget, lambda f=field, i=other: f.select_option(index=i), f"choosing {options[other]!r}")
    for area in widget.locator("[data-tl-bridge]").all()[:1]:
        box = area.bounding_box()
        at = {"x": box["width"] * 0.95, "y": box["height"] * 0.05}
        changes(page, widget, lambda area=area, at=at: area.click(position=at), "a click on a matrix")


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_its_widgets_move_and_it_is_accessible(server, lesson):
    with server.open(f"{lesson}.ipynb") as notebook:
        page = notebook.page
        notebook.run_all()
        assert notebook.cell_errors() == []
        widgets = page.locator(".jp-OutputArea-output .tl-widget").all()
        for widget in widgets:
            move_sliders(page, widget)
            press_buttons(page, widget)
            choose(page, widget)
        assert page.locator(".tl-widget svg[aria-label*='Nothing trained yet']").count() == 0, "live curves have grown"
        for question in page.locator(".tl-predict").all():
            question.locator("input[type=radio]").first.focus()
            page.keyboard.press("Space")
        page.wait_for_timeout(300)
        kept = json.loads((server.home / "predictions.json").read_text()) if page.locator(".tl-predict").count() else {}
        assert len([entry for entry in kept.values() if entry["choice"]]) >= page.locator(".tl-predict").count()
        defects = {"light": notebook.violations(OURS)}
        notebook.set_theme("dark")
        defects["dark"] = notebook.violations(OURS)
        assert defects == {"light": [], "dark": []}
        assert notebook.complaints() == []


def test_the_map_shows_what_a_lesson_teaches_and_opens_it(server):
    with server.open("00_start_here.ipynb") as notebook:
        page = notebook.page
        notebook.run_all()
        card = page.locator(".tl-card", has_text="01")
        detail = card.locator("xpath=following-sibling::p")
        assert detail.evaluate("p => getComputedStyle(p).opacity") == "0"
        card.hover()
        assert detail.evaluate("p => getComputedStyle(p).opacity") == "1" and "minutes" in detail.inner_text()
        card.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".jp-NotebookPanel[title], .lm-TabBar-tabLabel:has-text('01_')", timeout=20_000)
        assert page.url.startswith(f"{server.url}/lab"), "the lesson opens inside JupyterLab"
