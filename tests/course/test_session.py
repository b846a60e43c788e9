"""The first and last lines of a lesson."""

import json

import pytest
import torch

import tlteach
from tlteach.course import session, setup, times
from tlteach.errors import BadFile, InvalidInput


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Keep what `setup` displays; returns the list."""
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    return shown


def test_setup_says_preset_seed_and_time(quiet, monkeypatch, tmp_path):
    path = tmp_path / "times.json"
    times.record(path, "lesson", {"01_doubling": 130.0}, keep=["01_doubling"])
    measured = times.measured(path)
    monkeypatch.setattr(session.times, "measured", lambda: measured)
    monkeypatch.setenv("JPY_SESSION_NAME", "somewhere/my-lessons/01_doubling.new.ipynb")
    lesson = setup("lesson", 3)
    assert (lesson.preset, lesson.seed, lesson.name) == ("lesson", 3, "01_doubling")
    assert torch.get_num_threads() == 1
    (note,) = quiet
    assert repr(note) == "preset lesson · seed 3 · this lesson computes for about 2 min"
    assert "<script>" in note._repr_html_() and "<b>2 min</b>" in note._repr_html_()


@pytest.mark.parametrize("told", ["", "Untitled.ipynb", "x-9f.json"])
def test_an_unknown_notebook_is_told_no_time(quiet, monkeypatch, told):
    monkeypatch.setenv("JPY_SESSION_NAME", told)
    assert setup("smoke", 0).name == ""
    assert repr(quiet[0]) == "preset smoke · seed 0"


@pytest.mark.parametrize(
    "preset, seed, told", [("fast", 0, "smoke, lesson, paper"), ("smoke", -1, "SEED"), ("smoke", "0", "SEED")]
)
def test_a_wrong_preset_or_seed(preset, seed, told):
    with pytest.raises(InvalidInput, match=told):
        setup(preset, seed)


def test_generators_start_from_the_seed_and_leave_the_global_one_alone():
    lesson = setup("smoke", 7)
    before = torch.random.get_rng_state()
    first, again, other = (torch.rand(3, generator=lesson.generator(k)) for k in (0, 0, 1))
    assert torch.equal(first, torch.rand(3, generator=torch.Generator().manual_seed(7)))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(before, torch.random.get_rng_state())


def test_choose():
    pick = {preset: setup(preset, 0).choose(smoke=1, lesson=2) for preset in ("smoke", "lesson", "paper")}
    assert pick == {"smoke": 1, "lesson": 2, "paper": 2}


def test_footer_names_what_the_numbers_depend_on():
    footer = repr(setup("smoke", 5).footer())
    for told in (
        f"tlteach {tlteach.__version__}",
        f"torch {torch.__version__}",
        "preset smoke",
        "seed 5",
        "machine ",
        " s",
    ):
        assert told in footer
    html = session.Note([("a", "<b>")])._repr_html_()
    assert "&lt;b&gt;" in html


def test_times_are_kept_for_lessons_that_exist(tmp_path):
    path = tmp_path / "times.json"
    assert times.measured(path) == {}
    times.record(path, "smoke", {"01_a": 3.21, "02_b": 4.0}, keep=["01_a", "02_b"])
    times.record(path, "lesson", {"02_b": 50.04}, keep=["02_b"])
    assert times.measured(path) == {"02_b": {"smoke": 4.0, "lesson": 50.0}}
    assert "cores" in json.loads(path.read_text())["machine"]
    path.write_text("{")
    with pytest.raises(BadFile, match="times.json"):
        times.measured(path)


@pytest.mark.parametrize(
    "seconds, told", [(0.2, "1 s"), (12.4, "12 s"), (100, "2 min"), (7200, "2 h"), (9000, "2.5 h")]
)
def test_times_in_words(seconds, told):
    assert times.words(seconds) == told
