"""The warm-up of the first lesson."""

from tlteach.course.exercises.start.levers import exercise as next_lever

__all__ = ["next_lever"]
