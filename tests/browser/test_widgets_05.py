"""The widgets of lesson 05 in a real JupyterLab: a maze walked blind by keyboard and mouse, two lives side by side."""

import nbformat
import pytest

from .test_lessons import OURS, changes

V4 = nbformat.v4
SETUP = """from tlteach.course import setup, widgets
from tlteach.experiments import maze
from tlteach.tasks.maze import MazeTask
lesson = setup("smoke", 0)"""
WALK = """walk = widgets.MazeWalk(MazeTask(size=5), steps=6, seed=1)
walk"""
STEPPER = """task = MazeTask(size=3, episode_length=8)
networks = {kind: maze.build(maze.Config(network=kind, task=task, hidden=6)) for kind in ("plastic", "rnn")}
stepper = widgets.MazeStepper(networks, task)
stepper"""


@pytest.fixture
def notebook(server):
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    cells = [V4.new_code_cell(cell) for cell in (SETUP, WALK, STEPPER)]
    nbformat.write(V4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), server.root / "maze.ipynb")
    return server.open("maze.ipynb")


def test_the_maze_is_walked_by_keyboard_and_mouse_and_lives_are_stepped_through(notebook):
    with notebook as opened:
        page = opened.page
        opened.run_all()
        walk, stepper = page.locator(".tl-widget").all()
        walk_blind(page, walk)
        step_through(page, stepper)
        defects = {"light": opened.violations(OURS)}
        opened.set_theme("dark")
        defects["dark"] = opened.violations(OURS)
        assert defects == {"light": [], "dark": []}
        assert opened.cell_errors() == []
        assert opened.complaints() == []


def walk_blind(page, walk):
    said = walk.locator(".tl-live .widget-html-content[aria-live=polite]")
    said.wait_for()
    walk.locator("svg").click()
    cell = page.locator(".jp-Cell.jp-mod-active").element_handle()
    for n, key in enumerate(("ArrowUp", "ArrowLeft", "ArrowDown"), 1):
        changes(page, walk, lambda key=key: page.keyboard.press(key), key)
        assert f"Step {n} of 6" in said.inner_text()
    pressed = walk.locator("button.tl-down").evaluate("button => button === document.activeElement")
    assert pressed, "the arrow key moved the focus to its button"
    assert cell.evaluate("cell => cell.classList.contains('jp-mod-active')"), "JupyterLab did not take the arrow keys"
    changes(page, walk, walk.get_by_role("button", name="right").click, "a click on a button")
    changes(page, walk, lambda: page.keyboard.press("Enter"), "Enter on a button")
    assert walk.locator("svg[aria-label*='The whole maze']").count() == 0
    changes(page, walk, walk.get_by_role("button", name="Show the maze").click, "Show the maze")
    walk.locator("svg[aria-label*='The whole maze']").wait_for(state="attached")
    changes(page, walk, walk.get_by_role("button", name="New maze").click, "New maze")
    walk.locator("svg[aria-label*='You have not moved yet']").wait_for(state="attached")


def step_through(page, stepper):
    changes(page, stepper, stepper.get_by_role("button", name="Back").click, "Back")
    changes(page, stepper, stepper.get_by_role("button", name="Another goal").click, "Another goal")
    stepper.locator("svg[aria-label^='After step 0 of 8']").wait_for(state="attached")
    handle = stepper.locator(".noUi-handle")
    handle.focus()
    changes(page, stepper, lambda: page.keyboard.press("ArrowRight"), "an arrow key on the slider")
    stepper.locator("svg[aria-label^='After step 1 of 8']").wait_for(state="attached")
