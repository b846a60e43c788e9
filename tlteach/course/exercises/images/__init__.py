"""Exercises on remembering pictures, in the order in which the lesson asks them."""

# isort: off
from tlteach.course.exercises.images.normalising import exercise as normalise_picture
from tlteach.course.exercises.images.clamping import exercise as clamp_step
from tlteach.course.exercises.images.error import exercise as lost_half_error
from tlteach.course.exercises.images.between import exercise as between

__all__ = ["between", "clamp_step", "lost_half_error", "normalise_picture"]
