"""`start` never touches what is there, whatever happened to it."""

import json
import os

import pytest

from tlteach.course import start as module
from tlteach.course.start import start
from tlteach.errors import BadFile, InvalidInput


@pytest.fixture
def lessons(tmp_path):
    folder = tmp_path / "lessons"
    folder.mkdir()
    for name in ("00_first", "01_second"):
        (folder / f"{name}.ipynb").write_text(f"version 1 of {name}")
    (folder / "notes.ipynb").write_text("not a lesson")
    return folder


@pytest.fixture
def mine(tmp_path):
    return tmp_path / "a" / "mine"


def outcomes(copied):
    return [each.outcome for each in copied]


def files(folder):
    return {path.name: path.read_text() for path in folder.glob("*.ipynb")}


def test_copies_everything_to_a_new_folder(mine, lessons):
    assert outcomes(start(mine, lessons=lessons)) == ["new", "new"]
    assert files(mine) == {
        "00_first.ipynb": "version 1 of 00_first",
        "01_second.ipynb": "version 1 of 01_second",
    }


def test_my_work_stays_and_nothing_is_put_beside_it_while_the_lesson_is_the_same(mine, lessons):
    start(mine, lessons=lessons)
    (mine / "00_first.ipynb").write_text("my work")
    before = files(mine)
    copied = start(mine, lessons=lessons)
    assert outcomes(copied) == ["kept", "kept"] and [each.worked_on for each in copied] == [True, False]
    assert files(mine) == before


def test_a_changed_lesson_is_put_beside_once(mine, lessons):
    start(mine, lessons=lessons)
    (mine / "00_first.ipynb").write_text("my work")
    (lessons / "00_first.ipynb").write_text("version 2")
    first, second = start(mine, lessons=lessons)
    assert (first.outcome, first.path.name, second.outcome) == ("beside", "00_first.new.ipynb", "kept")
    assert files(mine)["00_first.ipynb"] == "my work" and files(mine)["00_first.new.ipynb"] == "version 2"
    (mine / "00_first.new.ipynb").unlink()  # not wanted: it does not come back
    assert outcomes(start(mine, lessons=lessons)) == ["kept", "kept"]


def test_a_new_version_does_not_replace_an_earlier_one_that_was_worked_on(mine, lessons):
    start(mine, lessons=lessons)
    for version in ("version 2", "version 3"):
        (lessons / "00_first.ipynb").write_text(version)
        start(mine, lessons=lessons)
    assert files(mine)["00_first.new.ipynb"] == "version 2"
    assert files(mine)["00_first.new2.ipynb"] == "version 3"
    assert files(mine)["00_first.ipynb"] == "version 1 of 00_first"  # even untouched, a file is the student's
    assert [each.worked_on for each in start(mine, lessons=lessons)] == [False, False]


@pytest.mark.parametrize("record", [None, "not json", "[]", '{"00_first": 3}'])
def test_without_a_record_everything_counts_as_worked_on(mine, lessons, record):
    mine.mkdir(parents=True)
    (mine / "00_first.ipynb").write_text("from somewhere else")
    if record is not None:
        (mine / module.RECORD).write_text(record)
    assert outcomes(start(mine, lessons=lessons)) == ["beside", "new"]
    assert outcomes(start(mine, lessons=lessons)) == ["kept", "kept"]
    assert files(mine)["00_first.ipynb"] == "from somewhere else"
    assert set(json.loads((mine / module.RECORD).read_text())) == {"00_first", "01_second"}


def test_a_file_in_place_of_the_folder(mine, lessons):
    mine.parent.mkdir()
    mine.write_text("precious")
    with pytest.raises(BadFile, match="is a file, not a folder"):
        start(mine, lessons=lessons)
    with pytest.raises(BadFile, match="cannot be written"):
        start(mine / "deeper", lessons=lessons)
    assert mine.read_text() == "precious"


def test_a_folder_that_may_not_be_written(mine, lessons, monkeypatch):
    def refused(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module.tempfile, "TemporaryFile", refused)  # root may write everywhere
    with pytest.raises(BadFile, match="cannot be written.*Permission denied.*tlteach start ~/lessons"):
        start(mine, lessons=lessons)


def test_a_full_disk_leaves_no_half_lesson_and_the_next_call_goes_on(mine, lessons, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    start(mine, ["00"], lessons=lessons)
    before = sorted(path.name for path in mine.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(BadFile, match="could not write .*01_second.ipynb.*No space left on device"):
            start(mine, lessons=lessons)
    assert sorted(path.name for path in mine.iterdir()) == before
    assert outcomes(start(mine, lessons=lessons)) == ["kept", "new"]


def test_a_name_that_is_no_lesson_and_a_folder_without_lessons(mine, lessons, tmp_path):
    with pytest.raises(InvalidInput, match="no lesson '07'"):
        start(mine, ["07"], lessons=lessons)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFile, match="no lessons in"):
        start(mine, lessons=tmp_path / "empty")
