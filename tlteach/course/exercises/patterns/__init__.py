"""Exercises on remembering patterns, in the order in which the lesson asks them."""

# isort: off
from tlteach.course.exercises.patterns.degradation import exercise as degrade
from tlteach.course.exercises.patterns.errors import exercise as bit_error
from tlteach.course.exercises.patterns.episode import exercise as episode_loss
from tlteach.course.exercises.patterns.readout import exercise as trace_readout

__all__ = ["bit_error", "degrade", "episode_loss", "trace_readout"]
