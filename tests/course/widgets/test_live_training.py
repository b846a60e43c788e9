import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.colors import to_hex

from tlteach.course.widgets import LiveTraining, drawing
from tlteach.course.widgets.live_training import seconds
from tlteach.errors import InvalidInput
from tlteach.plots import LOOKS, running_mean
from tlteach.runs import Record


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def record(step, error=0.1, total=None, **metrics):
    return Record(step, {"error": error, **metrics}, None, dict, total)


def test_records_become_curves_by_name(clock):
    live = LiveTraining("race", clock=clock)
    plastic, lstm = live.curve("plastic"), live.curve("lstm")
    for step in (1, 2, 3):
        plastic(record(step, 1 / step))
        lstm(record(step, 1.0))
    assert live.curves["plastic"].x == [1, 2, 3] and live.curves["plastic"].y == [1, 1 / 2, 1 / 3]
    words = ET.fromstring(live.render()).attrib["aria-label"]
    assert "plastic: 0.333 after 3 updates" in words and "lstm: 1 after 3 updates" in words


def test_a_network_has_its_colour_of_the_figures_whatever_else_is_drawn(clock):
    live = LiveTraining("race", clock=clock)
    for label in ("first", "lstm", "second", "rnn"):
        live.curve(label)(record(1))
    strokes = [r.attrib["stroke"] for r in ET.fromstring(live.render()).iter() if r.tag.endswith("path")]
    known = [to_hex(LOOKS[name]["color"]) for name in ("lstm", "rnn")]
    assert [strokes[1], strokes[3]] == known
    assert strokes[0] == drawing.COLORS[0] and strokes[2] == drawing.COLORS[1]
    for k in range(9):  # more than there are colours
        live.curve(f"run {k}")(record(1))
    assert live.render().count("<path") == 13


def test_metric_and_axis_choose_themselves_from_the_first_record(clock):
    live = LiveTraining("one", clock=clock)
    live(record(2, 0.5, running_error=0.4, episodes=64))
    assert (live.metric, live.x) == ("running_error", "episodes")
    assert (live.curves["network"].x, live.curves["network"].y) == ([64], [0.4])


def test_a_record_without_the_metric_says_what_there_is(clock):
    with pytest.raises(InvalidInput, match="has no 'return'; it has error, loss"):
        LiveTraining("one", metric="return", clock=clock)(record(1, loss=2.0))


def test_drawing_is_throttled_and_the_last_picture_is_complete(clock):
    live = LiveTraining("one", clock=clock)
    drawn = []
    live.picture.observe(lambda change: drawn.append(change["new"]), "value")
    for step in range(1, 101):
        clock.now += 0.01
        live(record(step, 1 / step))
    assert 4 <= len(drawn) <= 7, "a second of records is about five pictures"
    live.finish()
    assert "0.01 after 100 updates" in live.picture.value


def test_time_left_follows_the_total_or_the_budget(clock):
    live = LiveTraining("one", clock=clock, cpu_seconds=40.0)
    curve = live.curve("plastic")
    curve(record(1, total=100))
    clock.now += 10
    curve(record(20, total=100))
    assert "about 40 s left" in live.describe()
    other = live.curve("lstm")
    other(record(1, cpu_seconds=1.0))
    clock.now += 30
    other(record(5, cpu_seconds=30.0))
    assert "lstm: 0.1 after 5 updates, about 10 s left" in live.describe()
    curve(record(100, total=100))
    assert "left" not in live.describe().split("lstm")[0], "the end of a run is known"


def test_reaching_the_target_is_said_and_drawn(clock):
    live = LiveTraining("one", target=0.05, clock=clock)
    for step, error in ((10, 0.2), (20, 0.04), (30, 0.01)):
        live(record(step, error))
    assert live.curves["network"].crossing(0.05) == 20
    assert "reached 0.05 at 20" in live.render() and "target 0.05" in live.render()


def test_a_finished_curve_starts_anew_and_a_running_one_goes_on(clock):
    live = LiveTraining("one", clock=clock)
    live(record(1))
    live(record(2))
    live.finish()
    live(record(1))
    assert live.curves["network"].x == [1]


def test_recorded_curves_and_predictions_stand_beside(clock):
    live = LiveTraining("one", target=0.01, clock=clock)
    live.add("recorded", [1, 10, 100], [0.5, 0.1, 0.005])
    live.mark(50, "your prediction")
    picture = live.render()
    assert "recorded" in picture and "your prediction" in picture and "reached 0.01 at 100" in picture
    with pytest.raises(InvalidInput, match="as many"):
        live.add("bad", [1], [])


@pytest.mark.parametrize(
    "options", [{}, {"logx": True}, {"logy": True}, {"ylim": (0, 1)}, {"smooth": 5}, {"target": 0.0}]
)
def test_any_numbers_make_a_well_formed_picture(clock, options):
    live = LiveTraining("a < b", clock=clock, **options)
    ET.fromstring(live.render())
    for step, value in enumerate([0.0, 1.0, float("nan"), 1e-9, 5.0, -1.0], 1):
        live(record(step, value))
        ET.fromstring(live.render())


def test_long_runs_make_small_pictures(clock):
    live = LiveTraining("long", clock=clock)
    curve = live.curve("plastic")
    for step in range(1, 5001):
        curve(record(step, 1 / step))
    assert len(live.render()) < 12_000


@pytest.mark.parametrize("window", [1, 3, 50])
def test_smoothing_is_the_mean_of_the_last_values(window):
    y = np.random.default_rng(0).normal(size=20)
    by_hand = [y[max(0, i + 1 - window) : i + 1].mean() for i in range(20)]
    np.testing.assert_allclose(running_mean(y, window), by_hand, atol=1e-12)


@pytest.mark.parametrize(
    "bad", [{"smooth": 0}, {"ylim": (1, 0)}, {"logy": True, "target": 0.0}, {"logy": True, "ylim": (0, 1)}]
)
def test_settings_that_cannot_be_drawn_are_refused(bad):
    with pytest.raises(InvalidInput):
        LiveTraining("one", **bad)


def test_durations_read_like_speech():
    assert [seconds(s) for s in (0.2, 59.6, 75, 7300)] == ["0 s", "1 min 0 s", "1 min 15 s", "2 h 1 min"]


def test_inside_a_kernel_the_stored_picture_is_the_last_one(clock, monkeypatch):
    """What a notebook keeps is the still: it must be renewed when the cell that trains has ended."""
    hooks, updates = [], []

    class Events:
        register = staticmethod(lambda event, hook: hooks.append((event, hook)))
        unregister = staticmethod(lambda event, hook: hooks.remove((event, hook)))

    class Shell:
        kernel, events = object(), Events

    class Handle:
        update = staticmethod(lambda bundle, raw: updates.append(bundle))

    monkeypatch.setattr("tlteach.course.widgets.live_training._shell", lambda: Shell)
    monkeypatch.setattr("IPython.display.display", lambda *args, **how: Handle)
    live = LiveTraining("one", clock=clock)
    for step in (1, 2, 3):
        live(record(step, 0.5))
    assert hooks == [("post_execute", live.finish)] and not updates
    hooks[0][1]()
    assert not hooks and "after 3 updates" in updates[-1]["text/plain"] and "so far" not in updates[-1]["text/plain"]


def test_what_a_run_has_done_stands_right_of_the_longest_name(clock):
    live = LiveTraining("names", clock=clock)
    for name in ("short", "a network without plasticity, seed 1"):
        live.curve(name)(record(1, 0.5))
    words = [
        (float(t.get("x")), "".join(t.itertext()))
        for t in ET.fromstring(live.render()).iter()
        if t.tag.endswith("text")
    ]
    name = next((x, w) for x, w in words if w.startswith("a network"))
    told = [x for x, w in words if "after 1" in w]
    assert len(told) == 2 and told[0] == told[1] > name[0] + 6 * len(name[1])
