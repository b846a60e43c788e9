import xml.etree.ElementTree as ET
from types import SimpleNamespace

import pytest

from tlteach.course.lessons import catalogue
from tlteach.course.widgets import CourseMap
from tlteach.course.widgets.course_map import PLANNED, STRANDS
from tlteach.errors import InvalidInput


def lesson(name="01_hebb", title="Connections <learn>", summary="What & how", minutes=45, prerequisites=("00_start",)):
    return SimpleNamespace(name=name, title=title, summary=summary, minutes=minutes, prerequisites=prerequisites)


START = lesson("00_start", "Start", "Begin here", 20, ())


def test_every_lesson_is_a_relative_link_with_what_it_teaches_and_its_time():
    root = ET.fromstring(CourseMap([START, lesson()]).render())
    assert root.tag == "nav" and root.attrib["aria-label"] == "Map of the course"
    links = {a.attrib["href"]: "".join(a.itertext()) for a in root.iter("a")}
    assert list(links) == ["00_start.ipynb", "01_hebb.ipynb"]
    assert "Connections <learn>" in links["01_hebb.ipynb"] and "45 min" in links["01_hebb.ipynb"]
    words = "".join(root.itertext())
    assert "What & how" in words and "Builds on: 00_start" in words


def test_planned_lessons_are_shown_as_such_until_they_exist():
    assert "Remembering images" in CourseMap([START]).describe()
    exists = CourseMap([START, lesson("03_images", "Pictures")])
    assert "03 Pictures (45 min)" in exists.describe() and "Remembering images" not in exists.describe()
    planned = [e for e in ET.fromstring(exists.render()).iter("span") if "tl-planned" in e.attrib.get("class", "")]
    assert len(planned) == len(PLANNED) - 1 and all(e.attrib["tabindex"] == "0" for e in planned)


def test_both_strands_and_the_bridge_are_there_and_every_planned_lesson_has_its_strand():
    picture = CourseMap([START]).render()
    assert all(strand.title in picture for strand in STRANDS) and "The bridge" in picture
    assert all(any(p.number in strand.numbers for strand in STRANDS) for p in PLANNED)


def test_progress_is_words_as_well_as_a_bar():
    picture = CourseMap([START, lesson()], {"01_hebb": 0.5}).render()
    assert "50% solved" in picture and "width: 50%" in picture


def test_the_course_itself_can_be_drawn():
    bundle = CourseMap(catalogue())._repr_mimebundle_()
    assert bundle["text/html"].startswith("<nav") and bundle["text/plain"].startswith("Map of the course: 00 ")


@pytest.mark.parametrize(
    ("lessons", "progress", "words"),
    [([], None, "empty"), ([lesson("hebb")], None, "number"), ([START], {"00_start": 1.5}, "0 to 1")],
)
def test_what_cannot_be_drawn_is_refused(lessons, progress, words):
    with pytest.raises(InvalidInput, match=words):
        CourseMap(lessons, progress)
