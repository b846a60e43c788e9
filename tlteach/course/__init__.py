"""What turns notebooks into a course: the first cells of a lesson, its exercises and widgets, and its build."""

from tlteach.course.lessons import catalogue
from tlteach.course.session import Lesson, setup

__all__ = ["Lesson", "catalogue", "setup"]
