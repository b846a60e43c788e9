"""Interactive pictures of the course: a still picture where nothing can run, live where a kernel does.

Names are imported when they are first used: the map of the course needs no torch.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "CheetahStand": "cheetah_stand",
    "CourseMap": "course_map",
    "DrawPad": "draw_pad",
    "ImageBench": "image_bench",
    "LiveTraining": "live_training",
    "MazeStepper": "maze_stepper",
    "MazeWalk": "maze_walk",
    "MemoryBench": "memory_bench",
    "PatternBench": "pattern_bench",
    "PracticeField": "practice_field",
    "Predict": "predict",
    "TraceScrubber": "trace_scrubber",
    "Widget": "base",
    "WorldBreaker": "world_breaker",
    "WorldFan": "world_fan",
    "accessibility_script": "base",
}
__all__ = list(_HOME)  # noqa: PLE0605 (names resolved by __getattr__)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_HOME)}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(_HOME)
