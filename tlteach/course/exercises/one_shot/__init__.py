"""Exercises on learning a symbol from one drawing, in the order in which the lesson asks them."""

# isort: off
from tlteach.course.exercises.one_shot.loading import exercise as load_drawings
from tlteach.course.exercises.one_shot.query import exercise as sample_query
from tlteach.course.exercises.one_shot.label import exercise as oja_label
from tlteach.course.exercises.one_shot.one_look import exercise as one_look_logits
from tlteach.course.exercises.one_shot.width import exercise as half_width

__all__ = ["half_width", "load_drawings", "oja_label", "one_look_logits", "sample_query"]
