"""Exercises on practice in a learned world, in the order in which the lesson asks them."""

# isort: off
from tlteach.course.exercises.practice.known_reward import exercise as known_reward
from tlteach.course.exercises.practice.advantages import exercise as advantages
from tlteach.course.exercises.practice.conjugate_gradient import exercise as conjugate_gradient
from tlteach.course.exercises.practice.warm_up import exercise as warm_up

__all__ = ["advantages", "conjugate_gradient", "known_reward", "warm_up"]
