"""Exercises on many tasks, in the order in which the lesson asks them."""

# isort: off
from tlteach.course.exercises.many_tasks.sequential import exercise as sequential
from tlteach.course.exercises.many_tasks.inner_step import exercise as inner_step
from tlteach.course.exercises.many_tasks.steps_needed import exercise as steps_needed

__all__ = ["inner_step", "sequential", "steps_needed"]
