"""The fan of imagined futures in a real JupyterLab: moved by mouse and by keyboard, and heard by a screen reader."""

import nbformat
import pytest

from .test_lessons import OURS
from .test_widgets_03_04 import changes

V4 = nbformat.v4
CELLS = [
    """from tlteach.course import setup, widgets
import torch
from tlteach.modelbased.buffer import Transitions
from tlteach.modelbased.dynamics import Dynamics, DynamicsConfig
from tlteach.tasks.families import collect, family
lesson = setup("smoke", 0)""",
    """def fan(name, horizon):
    world, g = family(name), lesson.generator()
    act = lambda obs: torch.rand(len(obs), 2, generator=g) * 2 - 1
    got = collect(world, world.sample_tasks(1, 0)[0], act, 2 * world.horizon, 0, n_worlds=2)
    obs, last = got.obs.unflatten(0, (2, -1)), got.next_obs.unflatten(0, (2, -1))[:, -1:]
    config = DynamicsConfig(n_models=5, hidden=(8,), init_std=0.3)
    models = {name: Dynamics(world.obs_size, 2, config, lesson.generator(i)) for i, name in enumerate(("one", "four"))}
    for model in models.values():
        model.observe(Transitions(got.obs, got.action, got.next_obs, got.truncated))
    states = torch.cat([obs, last], 1).transpose(0, 1)
    action = got.action.unflatten(0, (2, -1)).transpose(0, 1)
    return widgets.WorldFan(models, world, states, action, data=got.obs, horizon=horizon)
mass = fan("navigation", 30)
mass""",
    """arm = fan("reacher", 20)
arm""",
]


@pytest.fixture
def notebook(server):
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    made = V4.new_notebook(cells=[V4.new_code_cell(cell) for cell in CELLS], metadata={"kernelspec": kernel})
    nbformat.write(made, server.root / "fan.ipynb")
    return server.open("fan.ipynb")


def test_a_fan_is_moved_by_keyboard_and_by_mouse_and_tells_what_it_shows(notebook):
    with notebook as opened:
        page = opened.page
        opened.run_all()
        assert opened.cell_errors() == []
        for widget, steps, unit in zip(page.locator(".tl-widget").all(), (30, 20), ("m", "cm"), strict=True):
            widget.scroll_into_view_if_needed()
            told = widget.locator("svg[role=img]")
            assert f"{steps} steps ahead" in told.get_attribute("aria-label")
            assert f" {unit} apart" in told.get_attribute("aria-label")
            slider = widget.locator(".noUi-handle[aria-label='steps ahead']")
            slider.focus()
            changes(page, widget, lambda: page.keyboard.press("ArrowLeft"), "an arrow key on the horizon")
            widget.locator(f"svg[aria-label*='{steps - 1} steps ahead']").wait_for(state="attached")
            assert slider.evaluate("handle => handle === document.activeElement"), "the slider keeps the focus"
            changes(page, widget, lambda: page.keyboard.press("Home"), "Home on the horizon")
            widget.locator("svg[aria-label*='Nothing is imagined yet']").wait_for(state="attached")
            play = widget.get_by_role("button", name="Play")
            changes(page, widget, play.click, "playing")
            widget.locator(f"svg[aria-label*='{steps} steps ahead']").wait_for(state="attached")  # played to its end
            widget.locator(".noUi-handle[aria-label='from step']").focus()
            changes(page, widget, lambda: page.keyboard.press("ArrowRight"), "another start by keyboard")
            chosen, episode = widget.locator("select").all()
            changes(page, widget, lambda field=chosen: field.select_option("four"), "another model")
            episode.focus()
            changes(page, widget, lambda: page.keyboard.press("ArrowDown"), "another episode by keyboard")
            widget.locator("svg[aria-label^='episode 2, from step 1, model four']").wait_for(state="attached")
        defects = {"light": opened.violations(OURS)}
        opened.set_theme("dark")
        defects["dark"] = opened.violations(OURS)
        assert defects == {"light": [], "dark": []}
        assert opened.complaints() == []
