"""Exercises: `from tlteach.course.exercises import check`, then `hebb_update = check.hebb_update(hebb_update)`.

Every package in this folder is a group of exercises, and every module of it one exercise: the reference, the
properties that must hold (in teaching order, each with small probes), three hints that rise, and the wrong answers
that students give, each with a hint of its own. An exercise exists because its group imports it, in the order of the
lesson; there is no other list to keep. The tests hold every exercise to the same rules.
"""

import difflib
import functools
import importlib
import pkgutil

from tlteach.course.exercises import report
from tlteach.course.exercises.checking import Mutant, Property, Verdict
from tlteach.course.exercises.exercise import Exercise, UnsolvedExercise
from tlteach.course.exercises.progress import progress as _progress
from tlteach.errors import InvalidInput

__all__ = ["Check", "Exercise", "Mutant", "Property", "UnsolvedExercise", "Verdict", "check"]


class Check:
    """All exercises by name: `check.hebb_update(f)` checks, `.hint()`, `.solution()` and `.trace()` help."""

    def progress(self, group: str | None = None) -> None:
        """Show what is solved of a group, or of all of them. Raises InvalidInput for an unknown group."""
        if group is not None and group not in self._groups:
            raise InvalidInput(f"There is no group of exercises {group!r}; there are: {', '.join(self._groups)}.")
        for name in [group] if group else self._groups:
            report.strip(name, self._groups[name]).with_notes(_progress.notices()).show()

    def __getattr__(self, name: str) -> Exercise:
        if name.startswith("_"):
            raise AttributeError(name)
        exercises = {exercise.name: exercise for exercise in self}
        if name in exercises:
            return exercises[name]
        near = difflib.get_close_matches(name, exercises, n=3, cutoff=0.5)
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        raise AttributeError(f"There is no exercise {name!r}. {meant}There are: {', '.join(exercises)}.")

    def __dir__(self) -> list[str]:
        return ["progress", *(exercise.name for exercise in self)]

    def __iter__(self):
        return (exercise for group in self._groups.values() for exercise in group)

    def __repr__(self) -> str:
        return "\n".join(repr(report.strip(name, group)) for name, group in self._groups.items())

    @functools.cached_property
    def _groups(self) -> dict[str, list[Exercise]]:
        """Groups by name, each in the order in which its package imports its exercises."""
        packages = [module.name for module in pkgutil.iter_modules(__path__) if module.ispkg]
        modules = {name: importlib.import_module(f"{__name__}.{name}") for name in packages}
        return {
            name: [item for item in vars(module).values() if isinstance(item, Exercise)]
            for name, module in modules.items()
        }


check = Check()
