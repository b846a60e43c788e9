"""Exercises on where transfer breaks, in the order in which the lesson asks them."""

# isort: off
from tlteach.course.exercises.transfer.warning_light import exercise as warning_light
from tlteach.course.exercises.transfer.drop_mean import exercise as drop_mean
from tlteach.course.exercises.transfer.choose_tasks import exercise as choose_tasks
from tlteach.course.exercises.transfer.measured_error import exercise as measured_error

__all__ = ["choose_tasks", "drop_mean", "measured_error", "warning_light"]
