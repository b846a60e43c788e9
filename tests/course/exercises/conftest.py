"""Every test is a kernel that has just started."""

import pytest

from tlteach.course.exercises import check
from tlteach.course.exercises.exercise import Session
from tlteach.course.exercises.progress import progress


@pytest.fixture(autouse=True)
def fresh_kernel(own_user_folder, monkeypatch):
    monkeypatch.delenv("TLTEACH_STRICT", raising=False)
    progress.__init__()
    for exercise in check:
        exercise.session = Session()
