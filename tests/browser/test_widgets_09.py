"""The world that is broken by hand in a real JupyterLab: moved by keyboard, and heard by a screen reader."""

from .test_widgets_03_04 import changes, is_clean, notebook  # noqa: F401 (a fixture)

LEARNER = """from tlteach.experiments import multitask
from tlteach.modelbased.learner import Shared
from tlteach.tasks.families import shifted
config = multitask.Config.preset("smoke", "navigation")
one = Shared(multitask.family(config), multitask.learning(config))
one.collect(one.fresh().policy, one.family.sample_tasks(1, 0)[0])
loss = one.fitter.fit(one.buffer, 20, one.generator)
goals = torch.cat([one.family.sample_tasks(10, 0), shifted(one.family, "tasks").sample_tasks(1, 0)])
many = Shared(one.family, one.config, n=11)
many.fitter.load_state_dict(one.fitter.state_dict())"""
BREAKER = """widgets.WorldBreaker(many.model, many.family, many.fresh().policy, goals, known=9)"""


def test_a_world_is_broken_by_keyboard_and_the_picture_tells_it(notebook):  # noqa: F811
    with notebook(LEARNER, BREAKER) as opened:
        page = opened.page
        opened.run_all()
        widget = page.locator(".tl-widget")
        told = lambda words: widget.locator(f"svg[aria-label*='{words}']").wait_for(state="attached")  # noqa: E731
        told("drag at 100 per cent, all motors work")
        goal, motor = widget.locator("select").first, widget.locator("select").last
        drag = widget.locator(".noUi-handle[aria-label='drag, in %']")
        drag.focus()
        changes(page, widget, lambda: page.keyboard.press("ArrowRight"), "an arrow key on the drag")
        told("drag at 110 per cent")
        changes(page, widget, lambda: page.keyboard.press("Home"), "Home on the drag")
        told("drag at 0 per cent")
        assert drag.evaluate("handle => handle === document.activeElement"), "the slider keeps the focus"
        motor.focus()
        page.keyboard.press("ArrowDown")
        told("no push right")
        widget.locator(".noUi-handle[aria-label='real steps']").focus()
        changes(page, widget, lambda: page.keyboard.press("ArrowLeft"), "fewer real steps")
        told("after 9 real steps")
        outside = goal.locator("option").last.inner_text()
        assert outside.endswith("outside")
        changes(page, widget, lambda: goal.select_option(outside), "a goal outside")
        is_clean(opened)
