"""The practice field in a real JupyterLab: a goal dragged and moved by keys, live practice, and its stop button."""

import re

from .test_widgets_03_04 import changes, drag, is_clean, keys, notebook  # noqa: F401 (a fixture)

LEARNER = """from tlteach.experiments import multitask
from tlteach.modelbased.learner import Shared
config = multitask.Config.preset("smoke", "navigation")
shared = Shared(multitask.family(config), multitask.learning(config))
shared.collect(shared.fresh().policy, shared.family.sample_tasks(1, 0)[0])
loss = shared.fitter.fit(shared.buffer, 20, shared.generator)"""
FIELD = """field = widgets.PracticeField(shared, iterations=2000, fit_steps=1)
field"""


def told(widget):
    """Goal and number of updates, from the words of the picture."""
    words = widget.locator(".tl-stack svg[role=img]").get_attribute("aria-label")
    x, y, updates = re.match(r"Goal at (-?[\d.]+), (-?[\d.]+) m, after (\d+) update", words).groups()
    return (float(x), float(y)), int(updates)


def until(page, ready, what):
    for _ in range(600):
        if ready():
            return
        page.wait_for_timeout(30)
    raise AssertionError(f"this did not happen: {what}")


def test_the_goal_is_dragged_and_moved_by_keys_while_a_policy_practises(notebook):  # noqa: F811
    with notebook(LEARNER, FIELD) as opened:
        page = opened.page
        opened.run_all()
        widget = page.locator(".tl-widget")
        pad = widget.locator(".tl-pad")
        assert told(widget) == ((1.0, 1.0), 0)
        boxes = [widget.locator(where).first.bounding_box() for where in (".tl-stack svg[role=img]", ".tl-pad svg")]
        assert all(abs(boxes[0][side] - boxes[1][side]) < 1 for side in boxes[0]), (
            f"the pad lies on the picture: {boxes}"
        )

        drag(page, pad, (0.5, 0.5), (0.75, 0.25), (0.3, 0.7))
        until(page, lambda: told(widget)[0] == (-1.4, -1.4), "the goal is where the pointer let go")
        until(page, lambda: told(widget)[1] >= 3, "practice goes on by itself")
        stop = widget.get_by_role("button", name="Stop")
        stop.click()
        widget.get_by_role("button", name="Practise").wait_for()
        done = told(widget)[1]
        page.wait_for_timeout(500)
        assert told(widget)[1] == done, "stopped is stopped"
        assert f"after {done} updates" in widget.locator("[role=status]").last.inner_text()

        pad.focus()
        changes(page, widget, lambda: keys(page, "ArrowRight", "ArrowUp", "Shift+ArrowUp"), "arrow keys")
        until(page, lambda: told(widget)[0] == (-1.3, -1.0), "0.1 m a key, 0.3 m with Shift")
        assert pad.evaluate("pad => pad === document.activeElement"), "the pad keeps the focus while it is moved"
        until(page, lambda: told(widget)[1] >= 2, "a fresh policy practises for the new goal")
        stop.click()
        widget.get_by_role("button", name="Practise").wait_for()
        changes(page, widget, lambda: widget.get_by_role("button", name="Fresh policy").click(), "Fresh policy")
        until(page, lambda: told(widget)[1] == 0, "nothing practised")
        changes(page, widget, lambda: widget.get_by_role("button", name="Another goal").click(), "Another goal")
        until(page, lambda: told(widget)[1] >= 1, "practice for it")
        stop.click()
        widget.get_by_role("button", name="Practise").wait_for()
        is_clean(opened)
