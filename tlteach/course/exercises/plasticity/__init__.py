"""Exercises on connections that learn, in the order in which the lesson asks them."""

# isort: off
from tlteach.course.exercises.plasticity.hebb import exercise as hebb_update
from tlteach.course.exercises.plasticity.recall import exercise as recall_strength
from tlteach.course.exercises.plasticity.oja import exercise as oja_update
from tlteach.course.exercises.plasticity.step import exercise as plastic_step

__all__ = ["hebb_update", "oja_update", "plastic_step", "recall_strength"]
