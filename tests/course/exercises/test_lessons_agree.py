"""What a lesson says of an exercise above its stub is what the exercise says of itself."""

import re
from pathlib import Path

import pytest

from tlteach.course.exercises import check

SOURCES = sorted((Path(__file__).parents[3] / "solutions").glob("*.py"))
ANNOUNCED = re.compile(r"\*Difficulty ([●○]{5}) · about (\d+) minutes\*")
CHECKED = re.compile(r"^(\w+) = check\.(\w+)\((\w+)\)", re.MULTILINE)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_difficulty_and_minutes(source):
    text = source.read_text(encoding="utf-8")
    start = 0
    for found in CHECKED.finditer(text):
        name = found[1]
        assert found[2] == found[3] == name
        announced = ANNOUNCED.search(text, start, found.start())
        assert announced, f"{name}: no line '*Difficulty ●○○○○ · about 5 minutes*' above it"
        exercise = getattr(check, name)
        assert (announced[1].count("●"), int(announced[2])) == (exercise.difficulty, exercise.minutes), name
        start = found.end()
