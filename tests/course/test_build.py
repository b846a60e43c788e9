"""Build and check of a small checkout, with real kernels where a notebook must run (few: each costs seconds)."""

import json

import pytest

from tlteach.course import readme, source, times
from tlteach.course.build import build
from tlteach.course.freshness import check
from tlteach.course.lessons import catalogue
from tlteach.errors import InvalidInput

FAILING = "double(21)"


@pytest.fixture
def built(checkout):
    """The checkout after a build in which 02_failing fails."""
    text = checkout.source("01_doubling").read_text()
    checkout.source("02_failing").write_text(text.replace(FAILING, "print('so far')\n1 / 0"))
    results = build(checkout, jobs=2, preset="smoke")
    return checkout, {result.name: result for result in results}


def test_build_and_a_failing_notebook(built):
    checkout, results = built
    assert results["01_doubling"].problem == ""
    solution = json.loads(checkout.solution("01_doubling").read_text())
    code = [cell for cell in solution["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [1, 2, 3, 4, 5, 6]  # no injected cell, no gap
    assert code[-2]["outputs"][0]["data"]["text/plain"] == ["42"]
    assert "papermill" not in json.dumps(solution)
    assert solution["metadata"]["tlteach"]["executed"] == {"preset": "smoke"}
    assert 0 < times.measured(checkout.times)["01_doubling"]["smoke"] < 120
    assert "executed at preset 'smoke'" in "\n".join(check(checkout, ["01"]))
    checkout.solution("01_doubling").write_text(json.dumps(solution).replace('"smoke"', '"lesson"'))
    assert check(checkout, ["01"]) == []

    assert "cell 7" in results["02_failing"].problem and "ZeroDivisionError" in results["02_failing"].problem
    assert checkout.student("02_failing").exists() and not checkout.solution("02_failing").exists()
    report = (checkout.reports / "02_failing.txt").read_text()
    for told in (
        "lesson: 02_failing",
        "cell 7 (`# NBVAL_CHECK_OUTPUT`)",
        "ZeroDivisionError: division by zero",
        "1 / 0",
    ):
        assert told in report
    assert "\x1b" not in report
    assert "so far" in (checkout.reports / "02_failing.ipynb").read_text()
    assert "02_failing" not in times.measured(checkout.times)


def test_students_only_twice_gives_the_same_bytes(checkout):
    for _ in range(2):
        assert [result.problem for result in build(checkout, run=False)] == [""]
        first = checkout.student("01_doubling").read_bytes()
    assert checkout.student("01_doubling").read_bytes() == first
    assert not checkout.solution("01_doubling").exists() and not checkout.times.exists()
    (lesson,) = catalogue(checkout.root / "tutorials")
    assert (lesson.name, lesson.number, lesson.title, lesson.minutes) == ("01_doubling", 1, "Doubling", 5)
    assert lesson.prerequisites == ("counting",) and lesson.seconds == {}


def test_an_equal_file_is_left_alone(checkout):
    build(checkout, run=False)
    before = checkout.student("01_doubling").stat().st_mtime_ns
    build(checkout, run=False)
    assert checkout.student("01_doubling").stat().st_mtime_ns == before


def test_a_broken_source_is_reported_and_the_others_are_built(checkout, source_text):
    checkout.source("02_broken").write_text(source_text.replace('tags=["parameters"]', ""))
    good, bad = build(checkout, run=False)
    assert good.problem == "" and checkout.student("01_doubling").exists()
    assert "parameters cell" in bad.problem
    assert "parameters cell" in (checkout.reports / "02_broken.txt").read_text()


def test_an_unexpected_error_in_one_lesson_does_not_stop_the_others(checkout, source_text, monkeypatch):
    checkout.source("02_odd").write_text(source_text)
    read = source.read

    def odd(path):
        return 1 / 0 if path.stem == "02_odd" else read(path)

    monkeypatch.setattr(source, "read", odd)
    good, bad = build(checkout, run=False)
    assert good.problem == "" and checkout.student("01_doubling").exists()
    assert "ZeroDivisionError" in bad.problem
    assert "return 1 / 0" in (checkout.reports / "02_odd.txt").read_text()


def test_the_table_in_the_readme(checkout):
    path = checkout.root / "README.md"
    path.write_text(f"# Before\n\n{readme.BEGIN}\nold\n{readme.END}\n\nAfter.\n")
    build(checkout, run=False)
    _pretend_executed(checkout)
    row = "| [1 · Doubling](solutions/01_doubling.ipynb) | How to double a number. | 5 min |  |"
    assert row in path.read_text() and path.read_text().endswith(f"\n{readme.END}\n\nAfter.\n")
    assert "old" not in path.read_text() and check(checkout) == []
    times.record(checkout.times, "lesson", {"01_doubling": 12.4}, keep=["01_doubling"])
    assert check(checkout) == ["The table of lessons in README.md is out of date; run `tlteach build --no-execute`."]
    build(checkout, run=False)
    assert row.replace("|  |", "| 12 s |") in path.read_text() and check(checkout) == []
    path.write_text(readme.BEGIN)
    assert "must hold both" in check(checkout)[0]


def test_unknown_preset_and_lesson(checkout):
    with pytest.raises(InvalidInput, match="'fast'.*smoke, lesson, paper"):
        build(checkout, preset="fast")
    with pytest.raises(InvalidInput, match="no lesson '09'.*01_doubling"):
        build(checkout, ["09"])


def _pretend_executed(checkout, name="01_doubling"):
    """A solution as the build would commit it, without paying for a kernel."""
    notebook = source.solution(source.read(checkout.source(name)))
    notebook.metadata["tlteach"]["executed"] = {"preset": "lesson"}
    checkout.solution(name).write_text(source.dumps(notebook))


def _replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_check_finds_every_way_of_being_out_of_step(checkout):
    name = "01_doubling"
    student, solution = checkout.student(name), checkout.solution(name)
    told = "\n".join(check(checkout))
    assert "tutorials/01_doubling.ipynb is missing" in told and "solutions/01_doubling.ipynb is missing" in told

    build(checkout, run=False)
    _pretend_executed(checkout)
    assert check(checkout) == []

    _replace(student, "Twice x.", "Half of x.")
    (told,) = check(checkout)
    assert "tutorials/01_doubling.ipynb differs" in told and "cell 5" in told
    assert '-    """Half of x."""' in told and '+    """Twice x."""' in told
    build(checkout, run=False)

    _replace(student, '"outputs": []', '"outputs": [] ')  # no cell differs, the bytes do
    assert "formatting" in "\n".join(check(checkout))
    build(checkout, run=False)

    _replace(solution, "return 3 * x", "return x + x + x")
    (told,) = check(checkout)
    assert "solutions/01_doubling.ipynb was executed from another version" in told and "return 3 * x" in told
    _pretend_executed(checkout)

    _replace(solution, '"minutes": 5', '"minutes": 6')
    assert "another header" in "\n".join(check(checkout))

    solution.write_text("{ not a notebook")
    assert "not a notebook" in "\n".join(check(checkout))
    _pretend_executed(checkout)

    (checkout.root / "tutorials" / "07_gone.ipynb").write_text("{}")
    assert check(checkout) == ["tutorials/07_gone.ipynb has no source; delete it."]
    assert check(checkout, ["01"]) == []
