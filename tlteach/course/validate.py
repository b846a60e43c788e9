"""`tlteach validate`: run the notebooks that are committed, as students and instructors get them.

Student versions go through papermill, solutions through nbval, which also compares the outputs of cells marked
NBVAL_CHECK_OUTPUT. Each run has an expectation: student versions run unsolved, and fail when TLTEACH_STRICT=1.
"""

import json
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tlteach.course import source
from tlteach.course.execute import CELL_TIMEOUT, Execution, Failure, execute, in_parallel, kernel_environment
from tlteach.course.lessons import Checkout
from tlteach.course.lint import lint, lint_outputs
from tlteach.errors import TlteachError

BUDGET = 20.0  # seconds a notebook may take at smoke
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Task:
    """One run of one notebook. version: "student" (papermill), "solution" (papermill) or "nbval" (the solution)."""

    lesson: str
    version: str
    preset: str = "smoke"
    strict: bool = False

    def __str__(self) -> str:
        return f"{self.lesson} {self.version} {self.preset}{' strict' if self.strict else ''}"


@dataclass(frozen=True)
class Verdict:
    """What came of a task; `problem` is empty when it went as it should."""

    task: Task
    seconds: float
    problem: str = ""

    @property
    def timed(self) -> bool:
        """Whether this says how long a lesson takes: a student version that ran to its end."""
        return self.task.version == "student" and not self.task.strict and not self.problem


def tasks(names: Iterable[str], preset: str = "smoke", versions=("student", "nbval"), full: bool = False) -> list[Task]:
    """The runs of a validation: each student version and each solution once, or, with `full`, every combination."""
    every = [("student", False), ("nbval", False)]
    if full:
        every += [("student", True), ("solution", True)]
    wanted = {"student"} & set(versions) | ({"nbval", "solution"} if "nbval" in versions else set())
    return [Task(name, version, preset, strict) for name in names for version, strict in every if version in wanted]


def lint_sources(checkout: Checkout, names: Iterable[str] = ()) -> list[str]:
    """Every rule that the sources of `names` (all by default) break, in words."""
    problems = []
    for name in checkout.select(names):
        try:
            problems += map(str, lint(source.read(checkout.source(name)), name))
        except source.SourceError as error:
            problems.append(str(error))
    return problems


def validate(
    checkout: Checkout,
    tasks: list[Task],
    *,
    jobs: int | None = None,
    on_done: Callable[[Verdict], None] = lambda _: None,
) -> list[Verdict]:
    """Carry out `tasks`, `jobs` at a time (one a core by default)."""

    def one(task: Task) -> Verdict:
        try:
            verdict = perform(checkout, task)
        except Exception as error:  # whatever it is, the other runs go on
            told = str(error) if isinstance(error, TlteachError) else traceback.format_exc()
            verdict = Verdict(task, 0.0, told)
        on_done(verdict)
        return verdict

    return in_parallel(one, tasks, jobs)


def perform(checkout: Checkout, task: Task) -> Verdict:
    """Run one notebook and hold it against what is expected of it. Raises BadFile when it is not there."""
    path = checkout.student(task.lesson) if task.version == "student" else checkout.solution(task.lesson)
    notebook = source.load(path)
    if task.version == "nbval":
        return _with_nbval(path, notebook, task)
    ran = execute(notebook, task.lesson, preset=task.preset, strict=task.strict)
    if task.version == "student" and task.strict and (exercises := _exercise_cells(checkout, task.lesson)):
        return Verdict(task, ran.seconds, _must_stop_unsolved(ran, exercises))
    problems = [str(ran.failure)] if ran.failure else [str(each) for each in lint_outputs(ran.notebook, task.lesson)]
    return Verdict(task, ran.seconds, "\n".join(problems) or over_budget(task.preset, ran.seconds, ran.cpu_seconds))


def over_budget(preset: str, seconds: float, cpu_seconds: float | None) -> str:
    """Whether a smoke run took too long, in words.

    Wall time counts, since that is what a person waits for and what a stalled cell costs. Where more processes want
    the cores than there are, waiting for them is not the notebook's doing: its CPU time counts, and wall time
    only up to three times the budget.
    """
    crowded = hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1)
    if preset != "smoke" or (seconds <= BUDGET and (cpu_seconds or 0) <= BUDGET):
        return ""
    if crowded and cpu_seconds is not None and cpu_seconds <= BUDGET and seconds <= 3 * BUDGET:
        return ""
    used = "" if cpu_seconds is None else f", {cpu_seconds:.0f} s of CPU"
    return f"took {seconds:.0f} s{used}; a notebook has {BUDGET:.0f} s at smoke"


def _exercise_cells(checkout: Checkout, name: str) -> list[int]:
    """The numbers of the cells that ask something of the student, from 1."""
    cells = source.read(checkout.source(name)).cells
    return [number for number, cell in enumerate(cells, 1) if source.is_exercise(cell)]


def _must_stop_unsolved(ran: Execution, exercises: list[int]) -> str:
    """What is wrong when an unsolved notebook does not stop at its first exercise although it should."""
    if ran.failure is None:
        return "ran to its end unsolved although TLTEACH_STRICT=1; an exercise is not checked"
    following = exercises[1] if len(exercises) > 1 else len(ran.notebook.cells) + 1
    if not exercises[0] <= ran.failure.cell < following:
        return f"should stop at its first unsolved exercise, cell {exercises[0]}, but stopped at {ran.failure}"
    return ""


def _with_nbval(path: Path, notebook, task: Task) -> Verdict:
    """Run a solution where it stands with nbval in a process of its own; the file is only read."""
    with TemporaryDirectory(prefix="tlteach-") as folder:
        ledger, home = Path(folder, "ledger.json"), Path(folder, "home")
        home.mkdir()
        environment = kernel_environment(task.lesson, task.preset, task.strict, home)
        environment |= {"TLTEACH_LEDGER": str(ledger)}
        command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", str(path)]
        command += [f"--nbval-cell-timeout={CELL_TIMEOUT[task.preset]}", "-p", "tlteach.course.nbval_ledger"]
        # Nothing of the surrounding project's pytest set-up, and nothing left behind beside the notebook.
        command += ["-q", "-c", os.devnull, "--noconftest", "-p", "no:cacheprovider", f"--rootdir={path.parent}"]
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
        if not ledger.exists():
            return Verdict(task, 0.0, f"nbval could not run:\n{(done.stdout + done.stderr).strip()}")
        told = json.loads(ledger.read_text(encoding="utf-8"))
    seconds = sum(cell["seconds"] for cell in told["cells"])
    failed = [cell for cell in told["cells"] if cell["failed"]]
    if failed:
        return Verdict(task, seconds, _nbval_problem(notebook, failed[0]))
    if done.returncode:
        return Verdict(task, seconds, f"nbval ended with code {done.returncode}:\n{done.stdout.strip()}")
    return Verdict(task, seconds, over_budget(task.preset, seconds, told["cpu_seconds"]))


def _nbval_problem(notebook, cell: dict) -> str:
    """nbval numbers code cells from 0; we name the cell of the notebook, as everywhere else."""
    text = _ANSI.sub("", cell["text"]).strip()
    if cell["cell"] is None:
        return text
    number, found = [pair for pair in enumerate(notebook.cells, 1) if pair[1].cell_type == "code"][cell["cell"]]
    first_line = next((line for line in found.source.split("\n") if line.strip()), "")
    return str(Failure(number, first_line, "nbval", text))
