"""Transfer learning in reinforcement learning: a course in notebooks, and the small library beneath it.

The library is imported by its parts (`tlteach.plasticity`, `tlteach.tasks`, `tlteach.experiments`, ...);
this module imports nothing, so that `import tlteach` is instant.
"""

__version__ = "0.1.0"
