"""Running a notebook through papermill: parameters in, outputs and a ledger of seconds out, never a hang."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tlteach.course.lessons import PRESETS
from tlteach.errors import InvalidInput

# Seconds that one cell may take; a cell that needs more is stuck.
CELL_TIMEOUT = {"smoke": 60, "lesson": 900, "paper": 48 * 3600}


@dataclass(frozen=True)
class Failure:
    """The cell at which a notebook stopped, and why."""

    cell: int  # counted from 1 in the notebook as it was written; 0 when no cell is to blame
    first_line: str
    error: str  # the exception's name
    message: str
    traceback: str = ""

    def __str__(self) -> str:
        where = f"cell {self.cell} (`{self.first_line}`): " if self.cell else ""
        return f"{where}{self.error}: {self.message}"


@dataclass(frozen=True)
class Execution:
    """A notebook after it ran, as far as it got."""

    notebook: object  # NotebookNode with outputs, without anything papermill added
    seconds: float  # wall time of the whole notebook, kernel start included (papermill's ledger)
    cpu_seconds: float | None  # of the kernel; None when it died
    cells: tuple[float, ...]  # wall time of each code cell that ran
    failure: Failure | None = None


def check_preset(preset: str) -> str:
    """`preset` itself; raises InvalidInput when there is no such preset."""
    if preset not in PRESETS:
        raise InvalidInput(f"unknown preset {preset!r}; choose one of {', '.join(PRESETS)}.")
    return preset


def kernel_environment(name: str, preset: str, strict: bool, home: str | Path) -> dict[str, str]:
    """The environment in which a notebook runs: one thread, the preset, and a student's folder of its own."""
    changed = {
        "TLTEACH_PRESET": check_preset(preset),
        "TLTEACH_STRICT": "1" if strict else "0",
        "TLTEACH_HOME": str(home),
        "TLTEACH_RUNS": str(Path(home, "runs")),
        "JPY_SESSION_NAME": f"{name}.ipynb",  # what JupyterLab tells a kernel
        "OMP_NUM_THREADS": "1",
    }
    return {**os.environ, **changed}


def execute(
    notebook,
    name: str,
    *,
    preset: str = "lesson",
    seed: int = 0,
    strict: bool = False,
    cell_timeout: float | None = None,
    on_cell: Callable[[int], None] | None = None,
) -> Execution:
    """Run `notebook` from top to bottom in a fresh kernel and an empty working folder; `notebook` is not changed.

    `on_cell(index)` is called after each code cell. A cell that fails is told in the result and does not raise;
    InvalidInput is raised for an unknown preset or a notebook without a parameters cell.
    """
    import nbformat
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from papermill.exceptions import PapermillException, PapermillExecutionError

    from tlteach.course import papermill_engine

    check_preset(preset)
    if not any("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells):
        raise InvalidInput(f"{name} has no cell tagged `parameters`, so papermill cannot set PRESET and SEED in it.")
    with TemporaryDirectory(prefix="tlteach-") as folder:
        home, work, result = Path(folder, "home"), Path(folder, "work"), Path(folder, f"{name}.ipynb")
        home.mkdir()
        work.mkdir()
        error = None
        with open(Path(folder, "kernel.log"), "w+b") as log:
            try:
                papermill.execute_notebook(
                    deepcopy(notebook),
                    result,
                    parameters={"PRESET": preset, "SEED": seed},
                    engine_name=papermill_engine.NAME,
                    kernel_name="python3",
                    language="python",
                    progress_bar=False,
                    execution_timeout=cell_timeout or CELL_TIMEOUT[preset],
                    kernel_environment=kernel_environment(name, preset, strict, home),
                    kernel_folder=str(work),
                    kernel_log=log,
                    on_cell_executed=on_cell and (lambda cell, cell_index, execute_reply: on_cell(cell_index)),
                )
            except PapermillExecutionError as stopped:
                error = stopped
            except (PapermillException, NoSuchKernel, RuntimeError, TimeoutError, OSError) as died:
                error = died
            log.seek(0)
            words = log.read().decode(errors="replace").strip()
        ran = nbformat.read(result, as_version=4) if result.exists() else deepcopy(notebook)
    return _result(ran, error, words)


def in_parallel(function: Callable, items: Iterable, jobs: int | None = None) -> list:
    """`function` of each of `items`, `jobs` at a time (one a core by default); a stop ends what runs and the rest.

    Threads do, since the work is done by the kernels, which are processes.
    """
    from tlteach.course import papermill_engine

    with ThreadPoolExecutor(max_workers=jobs or os.cpu_count() or 1) as pool:
        try:
            return list(pool.map(function, items))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            papermill_engine.stop_kernels()
            raise


def _result(ran, error, kernel_words: str) -> Execution:
    """Take papermill's cells and metadata out of `ran`, and read its ledger."""
    ledger = ran.metadata.pop("papermill", {})
    stopped_at = _stopped_at(ran)
    injected = next((c for c in ran.cells if "injected-parameters" in c.metadata.get("tags", [])), None)
    extra = {"injected-parameters", "papermill-error-cell-tag"}
    failed = ran.cells[stopped_at] if stopped_at is not None else None
    ran.cells = [cell for cell in ran.cells if not extra & set(cell.metadata.get("tags", []))]
    seconds, count = [], 0
    for cell in ran.cells:
        record = cell.metadata.pop("papermill", {})
        cell.metadata.pop("execution", None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]  # papermill gives every cell an empty list
        if cell.cell_type == "code" and cell.get("execution_count"):
            count += 1
            _renumber(cell, count)
            seconds.append(record.get("duration") or 0.0)
    failure = None
    if error is not None:
        number = next((i for i, cell in enumerate(ran.cells, 1) if cell is failed), 0)
        failure = _failure(error, number, failed if failed is not injected else None, kernel_words)
    return Execution(ran, ledger.get("duration") or 0.0, ledger.get("cpu_seconds"), tuple(seconds), failure)


def _stopped_at(ran) -> int | None:
    """The index of the cell that failed, or of the one that was running when the kernel died."""
    status = [cell.metadata.get("papermill", {}) for cell in ran.cells]
    for index, cell in enumerate(ran.cells):
        if status[index].get("exception") or any(o.output_type == "error" for o in cell.get("outputs", [])):
            return index
    started = [i for i, record in enumerate(status) if record.get("start_time") and ran.cells[i].cell_type == "code"]
    return started[-1] if started else None


def _renumber(cell, count: int) -> None:
    """Close the gap that the removed parameters cell leaves in the execution counts."""
    cell.execution_count = count
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = count


def _failure(error: Exception, number: int, cell, kernel_words: str) -> Failure:
    first_line = next((line for line in (cell.source if cell else "").split("\n") if line.strip()), "").strip()
    if hasattr(error, "ename"):
        return Failure(number, first_line, error.ename, error.evalue, "\n".join(error.traceback))
    message = str(error).strip().split("\n")[0] or "the kernel could not go on"
    return Failure(number, first_line, type(error).__name__, message, kernel_words)
