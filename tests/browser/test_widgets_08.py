"""The cheetah's stand in a real JupyterLab: its target moved by mouse and by keys, run, stop, wake up."""

import re

from .test_widgets_03_04 import changes, is_clean, notebook  # noqa: F401 (a fixture)
from .test_widgets_07 import until

BANK = """import torch
from tlteach.experiments import multitask
from tlteach.modelbased.learner import Shared
config = multitask.Config.preset("smoke", "halfcheetah-velocity")
shared = Shared(multitask.family(config), multitask.learning(config), n=3)
one = Shared(shared.family, shared.config)
got = one.collect(one.fresh().policy, one.family.sample_tasks(1, 0)[0])
shared.model.load_state_dict(one.model.state_dict())"""
STAND = """targets = torch.tensor([0.0, 1.0, 2.0])
stand = widgets.CheetahStand(shared.family, shared.model, shared.fresh().policy, targets)
stand"""


def told(widget):
    """Target and time, from the words of the picture."""
    words = widget.locator("svg[role=img]").first.get_attribute("aria-label")
    target, seconds = re.match(r"Target ([\d.]+) m/s, after ([\d.]+) s", words).groups()
    return float(target), float(seconds)


def test_the_target_is_dragged_and_moved_by_keys_while_both_bodies_run(notebook):  # noqa: F811
    with notebook(BANK, STAND) as opened:
        page = opened.page
        opened.run_all()
        widget = page.locator(".tl-widget")
        assert told(widget) == (1.0, 0.0)
        handle = widget.locator(".noUi-handle[aria-label='target velocity']")
        handle.focus()
        changes(page, widget, lambda: page.keyboard.press("ArrowRight"), "an arrow key on the target")
        until(page, lambda: told(widget)[0] == 2.0, "the fast target")
        until(page, lambda: told(widget)[1] > 0.5, "it runs by itself when the target is moved")
        assert handle.evaluate("handle => handle === document.activeElement"), "the slider keeps the focus"
        box = handle.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] - 1000, box["y"] + 4, steps=6)
        page.mouse.up()
        until(page, lambda: told(widget)[0] == 0.0, "dragged to the slow end")
        widget.get_by_role("button", name="Stop").click()
        widget.get_by_role("button", name="Run").wait_for()
        stopped = told(widget)
        page.wait_for_timeout(400)
        assert told(widget) == stopped, "stopped is stopped"
        assert "Target 0 m/s" in widget.locator("[role=status]").last.inner_text()
        changes(page, widget, lambda: widget.get_by_role("button", name="Wake up").click(), "Wake up")
        changes(page, widget, lambda: widget.get_by_role("button", name="Start again").click(), "Start again")
        until(page, lambda: told(widget)[1] == 0, "at the start again")
        is_clean(opened)
