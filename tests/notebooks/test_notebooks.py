"""Every lesson, found by its source: in step, without lint, and run once in each version at the smoke preset."""

import pytest

from tlteach.course import source
from tlteach.course.freshness import check
from tlteach.course.lessons import Checkout, catalogue
from tlteach.course.lint import lint_outputs
from tlteach.course.validate import Task, lint_sources, perform

CHECKOUT = Checkout.here()
NAMES = CHECKOUT.names()


def test_there_are_lessons_and_the_catalogue_knows_them():
    assert NAMES and [lesson.name for lesson in catalogue()] == NAMES


def test_the_notebooks_follow_from_their_sources():
    problems = check(CHECKOUT)
    assert not problems, "\n".join(problems)


def test_lint():
    problems = lint_sources(CHECKOUT)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", NAMES)
def test_committed_outputs_have_alt_text_and_name_no_place(name):
    problems = lint_outputs(source.load(CHECKOUT.solution(name)), name)
    assert not problems, "\n".join(map(str, problems))


@pytest.mark.notebook
@pytest.mark.parametrize("name", NAMES)
def test_student_version_runs_unsolved_within_its_budget(name):
    verdict = perform(CHECKOUT, Task(name, "student"))
    assert not verdict.problem, verdict.problem


@pytest.mark.notebook
@pytest.mark.parametrize("name", NAMES)
def test_solution_passes_nbval_within_its_budget(name):
    verdict = perform(CHECKOUT, Task(name, "nbval"))
    assert not verdict.problem, verdict.problem
