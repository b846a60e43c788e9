"""The first and the last line of a lesson: `lesson = setup(PRESET, SEED)` and `lesson.footer()`."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlteach.course import times
from tlteach.course.lessons import PRESETS
from tlteach.course.source import NAME
from tlteach.errors import InvalidInput

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Note:
    """A quiet line in a notebook: HTML where it can be shown, plain text elsewhere."""

    rows: Sequence[tuple[str, str]]
    script: str = ""  # shown nowhere, run where scripts may run

    def __repr__(self) -> str:
        return " · ".join(f"{name} {value}" for name, value in self.rows)

    def _repr_html_(self) -> str:
        items = " · ".join(f"{escape(name)} <b>{escape(value)}</b>" for name, value in self.rows)
        return f'<p style="font-size:90%;color:var(--jp-content-font-color2,#555)">{items}</p>{self.script}'


@dataclass(frozen=True)
class Lesson:
    """A lesson that is being worked on.

    preset: how much is computed. seed: where all its randomness starts. name: the notebook's, "" where the front
    end does not tell it. started: CPU seconds of the kernel when the lesson began.
    """

    preset: str
    seed: int
    name: str = ""
    started: float = 0.0

    def generator(self, offset: int = 0) -> "torch.Generator":
        """A fresh generator, seeded with the lesson's seed plus `offset`; the global one is never used."""
        import torch

        return torch.Generator().manual_seed(self.seed + offset)

    def choose(self, *, smoke: Any, lesson: Any, paper: Any = None) -> Any:
        """The value for the preset in use; where `paper` has none, it takes the lesson's."""
        return {"smoke": smoke, "lesson": lesson, "paper": lesson if paper is None else paper}[self.preset]

    def footer(self) -> Note:
        """Where the numbers above come from: versions, commit, machine, seed, preset, computing time so far."""
        from tlteach.provenance import Provenance

        here = Provenance.here(seed=self.seed)
        version = f"{here.version} ({here.commit})" if here.commit else here.version
        rows = [("tlteach", version), ("Python", here.python), ("torch", here.torch), ("machine", here.machine)]
        rows += [("preset", self.preset), ("seed", str(self.seed))]
        return Note([*rows, ("computed for", times.words(time.process_time() - self.started))])


def setup(preset: str, seed: int) -> Lesson:
    """Make the notebook ready: one thread, the course's figure style, accessible widgets; says what it will compute.

    Raises InvalidInput for a preset that does not exist or a seed that is no whole number of at least 0.
    """
    if preset not in PRESETS:
        raise InvalidInput(
            f"unknown preset {preset!r}; choose one of {', '.join(PRESETS)} in the first code cell, "
            "or with the environment variable TLTEACH_PRESET."
        )
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InvalidInput(f"SEED must be a whole number of at least 0, got {seed!r}.")
    import torch
    from IPython.display import display

    from tlteach import plots
    from tlteach.course.widgets import accessibility_script

    lesson = Lesson(preset, seed, notebook_name(), time.process_time())
    torch.set_num_threads(1)  # the networks are small: more threads only wait for each other
    plots.style()
    rows = [("preset", preset), ("seed", str(seed))]
    measured = times.measured().get(lesson.name, {}).get(preset)
    if measured:
        rows.append(("this lesson computes for about", times.words(measured)))
    display(Note(rows, accessibility_script()))
    return lesson


def notebook_name() -> str:
    """The lesson that this kernel belongs to, as far as its front end tells; also for a copy like NAME.new.ipynb."""
    told = os.environ.get("JPY_SESSION_NAME", "")  # JupyterLab and our own build
    name = Path(told).name.split(".")[0]
    return name if NAME.fullmatch(name) else ""
