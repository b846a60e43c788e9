"""The drivers of papermill and nbval on a small lesson and on broken ones; each run costs a kernel."""

import os

import nbformat.v4 as v4
import pytest

from tlteach.course import source, validate
from tlteach.course.build import build
from tlteach.course.validate import Task, perform, tasks


@pytest.fixture
def lesson(checkout):
    """The small lesson, its student version written and its solution executed by hand: 42 is what must come out."""
    build(checkout, run=False)
    solution = source.solution(source.read(checkout.source("01_doubling")))
    solution.cells[6].execution_count = 1
    solution.cells[6].outputs = [v4.new_output("execute_result", {"text/plain": "42"}, execution_count=1)]
    checkout.solution("01_doubling").write_text(source.dumps(solution))
    return checkout


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_which_runs_there_are():
    assert list(map(str, tasks(["01_a"]))) == ["01_a student smoke", "01_a nbval smoke"]
    assert list(map(str, tasks(["01_a"], versions=["student"]))) == ["01_a student smoke"]
    full = set(map(str, tasks(["01_a"], "lesson", full=True)))
    assert full == {
        "01_a student lesson",
        "01_a student lesson strict",
        "01_a nbval lesson",
        "01_a solution lesson strict",
    }


def test_every_run_of_a_good_lesson_goes_as_it_should(lesson):
    before = {path: path.read_bytes() for path in lesson.root.rglob("*") if path.is_file()}
    verdicts = validate.validate(lesson, tasks(["01_doubling"], full=True), jobs=2)
    assert [verdict.problem for verdict in verdicts] == [""] * 4
    assert all(0 < verdict.seconds < 60 for verdict in verdicts)
    assert {path: path.read_bytes() for path in lesson.root.rglob("*") if path.is_file()} == before


def test_nbval_compares_the_marked_output(lesson):
    replace(lesson.solution("01_doubling"), '"42"', '"43"')
    problem = perform(lesson, Task("01_doubling", "nbval")).problem
    assert problem.startswith("cell 7 (`# NBVAL_CHECK_OUTPUT`)") and "42" in problem and "43" in problem


def test_a_strict_run_that_does_not_stop_at_the_exercise_is_a_problem(lesson):
    replace(lesson.student("01_doubling"), 'os.environ.get(\\"TLTEACH_STRICT\\")', '\\"0\\"')
    problem = perform(lesson, Task("01_doubling", "student", strict=True)).problem
    assert "ran to its end unsolved" in problem


def test_a_strict_run_that_stops_elsewhere_and_a_picture_without_alt_text(lesson):
    picture = "from IPython.display import Image, display\\ndisplay(Image(data=b'x', format='png'))"
    replace(lesson.student("01_doubling"), '"double(21)"', f'"{picture}"')
    assert "without alt text" in perform(lesson, Task("01_doubling", "student")).problem
    replace(lesson.student("01_doubling"), "class lesson:", "1 / 0\\nclass lesson:")
    problem = perform(lesson, Task("01_doubling", "student", strict=True)).problem
    assert "first unsolved exercise, cell 5, but stopped at cell 3" in problem and "ZeroDivisionError" in problem


def test_a_missing_and_a_damaged_notebook(lesson):
    lesson.student("01_doubling").write_text("{")
    lesson.solution("01_doubling").unlink()
    student, solution = validate.validate(lesson, tasks(["01_doubling"]), jobs=1)
    assert "tutorials/01_doubling.ipynb is not a notebook" in student.problem
    assert "solutions/01_doubling.ipynb is missing; run `tlteach build 01`" in solution.problem


def test_lint_of_the_sources(lesson):
    lesson.source("02_broken").write_text("# %%\nx = 1\n")
    problems = validate.lint_sources(lesson)
    assert any("02_broken: the first code cell must be the parameters cell" in problem for problem in problems)
    assert any(problem.startswith("01_doubling: the cell after the parameters must call") for problem in problems)


@pytest.mark.parametrize(
    "load, seconds, cpu, told",
    [
        (0, 19, 19, ""),
        (0, 21, 5, "took 21 s, 5 s of CPU"),  # a stalled cell on an idle machine
        (99, 21, 5, ""),
        (99, 61, 5, "took 61 s"),
        (99, 21, 21, "21 s of CPU"),
        (99, 21, None, "took 21 s; a notebook has 20 s"),
    ],
)
def test_the_time_budget(monkeypatch, load, seconds, cpu, told):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load), raising=False)
    problem = validate.over_budget("smoke", seconds, cpu)
    assert told in problem if told else problem == ""
    assert validate.over_budget("lesson", seconds, cpu) == ""
