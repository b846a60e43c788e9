"""Exercises on learning to explore a maze, in the order in which the lesson asks them."""

# isort: off
from tlteach.course.exercises.maze.returns import exercise as discounted_returns
from tlteach.course.exercises.maze.loss import exercise as a2c_loss
from tlteach.course.exercises.maze.living import exercise as live
from tlteach.course.exercises.maze.teleport import exercise as teleport
from tlteach.course.exercises.maze.baseline import exercise as own_advantage
from tlteach.course.exercises.maze.elementwise import exercise as plastic_input

__all__ = ["a2c_loss", "own_advantage", "discounted_returns", "live", "plastic_input", "teleport"]
