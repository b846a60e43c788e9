"""Exercises on learning a world, in the order in which the lesson asks them."""

# isort: off
from tlteach.course.exercises.learning_a_world.delta import exercise as normalised_delta
from tlteach.course.exercises.learning_a_world.imagining import exercise as imagine
from tlteach.course.exercises.learning_a_world.loss import exercise as multi_step_loss
from tlteach.course.exercises.learning_a_world.disagreement import exercise as disagreement

__all__ = ["disagreement", "imagine", "multi_step_loss", "normalised_delta"]
