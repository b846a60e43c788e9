"""Interactive pictures of the course: pictures first (untrusted, exported, headless), live where a kernel runs."""

from tlteach.course.widgets.base import Widget, accessibility_script
from tlteach.course.widgets.memory_bench import MemoryBench
from tlteach.course.widgets.predict import Predict
from tlteach.course.widgets.trace_scrubber import TraceScrubber

__all__ = ["MemoryBench", "Predict", "TraceScrubber", "Widget", "accessibility_script"]
