import json

import pytest

from tlteach import paths
from tlteach.course.widgets import Predict
from tlteach.errors import InvalidInput

OPTIONS = ["more", "fewer", "the same"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TLTEACH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def make(key="01-a", **more):
    return Predict(key, "How many?", OPTIONS, **more)


def test_nothing_is_chosen_at_first_and_the_default_serves():
    guess = make(default="fewer")
    assert not guess.answered and guess.value == "fewer" and make().value == "more"
    assert not (paths.user_folder() / "predictions.json").exists()


def test_a_choice_is_back_when_the_lesson_is_opened_again(home):
    guess = make()
    guess.controls["choice"].value = "the same"
    guess.controls["reason"].value = "I think so \u2013 \u03b7"
    make("01-b").controls["choice"].value = "more"
    again = make()
    assert again.answered and (again.value, again.reason) == ("the same", "I think so \u2013 \u03b7")
    assert make("01-b").value == "more"
    assert [path.name for path in home.iterdir()] == ["predictions.json"], "no temporary file is left behind"


def test_a_choice_that_is_no_longer_an_option_is_not_restored():
    make().controls["choice"].value = "more"
    assert not Predict("01-a", "How many?", ["five", "six"]).answered


@pytest.mark.parametrize("content", ["{broken", "[1, 2]", '{"01-a": 3}', "\udcff"])
def test_a_damaged_file_is_set_aside_not_lost(home, content):
    home.mkdir()
    (home / "predictions.json").write_bytes(content.encode(errors="surrogateescape"))
    guess = make()
    guess.controls["choice"].value = "more"
    assert (home / "predictions.json.damaged").read_bytes() == content.encode(errors="surrogateescape")
    assert json.loads((home / "predictions.json").read_text())["01-a"]["choice"] == "more"


def test_a_folder_that_cannot_be_written_is_said_and_the_choice_still_holds(home):
    home.write_text("a file where the folder should be")
    guess = make()
    guess.controls["choice"].value = "fewer"
    assert guess.value == "fewer" and "could not be kept" in guess._note.value


def test_reveal_says_whether_the_guess_held():
    guess = make()
    assert not guess.reveal("more", "w is fixed").held and "no prediction" in guess.reveal("more", "why").lines[0]
    guess.controls["choice"].value = "more"
    held = guess.reveal("more", "w is <fixed>")
    assert held.held and "held" in held.lines[0]
    bundle = held._repr_mimebundle_()
    assert "w is &lt;fixed&gt;" in bundle["text/html"] and "w is <fixed>" in bundle["text/plain"]
    other = guess.reveal("fewer", "because")
    assert not other.held and "You predicted: more" in other.lines[0] and "fewer" in other.lines[0]


def test_the_still_lists_the_options_and_marks_the_choice():
    guess = make()
    guess.controls["choice"].value = "fewer"
    bundle = guess._repr_mimebundle_()
    assert "<strong>fewer</strong> (your choice)" in bundle["text/html"]
    assert "Chosen: fewer" in bundle["text/plain"]


@pytest.mark.parametrize(
    "arguments",
    [("", "q", OPTIONS), ("k", "", OPTIONS), ("k", "q", ["one"]), ("k", "q", ["a", "a"]), ("k", "q", OPTIONS, "other")],
)
def test_bad_questions_are_refused(arguments):
    with pytest.raises(InvalidInput):
        Predict(*arguments)


def test_revealing_something_that_was_no_option_is_refused():
    with pytest.raises(InvalidInput, match="not one of the options"):
        make().reveal("none", "")
