"""`tlteach build`: every lesson's source to its student notebook and, executed, to its solution notebook."""

import re
import traceback
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass

from tlteach.course import readme, source, times
from tlteach.course.execute import Failure, check_preset, execute, in_parallel
from tlteach.course.lessons import Checkout
from tlteach.errors import TlteachError
from tlteach.files import write_atomic

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Built:
    """What became of one lesson; `problem` is empty when all went well."""

    name: str
    seconds: float = 0.0
    problem: str = ""


def build(
    checkout: Checkout,
    names: Iterable[str] = (),
    *,
    run: bool = True,
    preset: str = "lesson",
    jobs: int | None = None,
    on_cell: Callable[[str], None] = lambda name: None,
    on_done: Callable[[Built], None] = lambda built: None,
) -> list[Built]:
    """Write the student notebooks of `names` (all by default) and, with `run`, the executed solutions; then the times
    they took, and the table of lessons in README.md.

    `jobs` notebooks run at a time (one a core by default). One that fails leaves its partial output and a report
    in `reports/`, what was committed stays as it was, and the others go on. `on_cell(name)` is called after each
    code cell and `on_done(built)` after each lesson, from the thread that ran it.
    """
    check_preset(preset)

    def one(name: str) -> Built:
        try:
            notebook = source.read(checkout.source(name))
            _write_if_changed(checkout.student(name), source.dumps(source.student(notebook)))
            built = _solution(checkout, name, notebook, preset, lambda _: on_cell(name)) if run else Built(name)
        except Exception as error:  # whatever it is, the other lessons go on
            words = "" if isinstance(error, TlteachError) else traceback.format_exc()
            failure = Failure(0, "", type(error).__name__, str(error), words)
            built = Built(name, problem=_report(checkout, name, failure))
        on_done(built)
        return built

    built = in_parallel(one, checkout.select(names), jobs)
    if run:
        good = {each.name: each.seconds for each in built if not each.problem}
        times.record(checkout.times, preset, good, keep=checkout.names())
    readme.update(checkout)
    return built


def _solution(checkout: Checkout, name: str, notebook, preset: str, on_cell) -> Built:
    """Execute one solution and write it, or write what there is of it to `reports/`."""
    template = source.solution(notebook)
    ran = execute(template, name, preset=preset, on_cell=on_cell)
    text = source.dumps(_committed(ran.notebook, template, preset))
    if ran.failure:
        return Built(name, ran.seconds, _report(checkout, name, ran.failure, text))
    write_atomic(checkout.solution(name), text)
    for stale in (checkout.reports / f"{name}.ipynb", checkout.reports / f"{name}.txt"):
        stale.unlink(missing_ok=True)
    return Built(name, ran.seconds)


def _committed(ran, template, preset: str):
    """The notebook to commit: the cells of `ran`, the metadata of `template`, and how it was executed."""
    notebook = deepcopy(ran)
    notebook.metadata = deepcopy(template.metadata)
    notebook.metadata["tlteach"] = {**template.metadata.get("tlteach", {}), "executed": {"preset": preset}}
    if widgets := ran.metadata.get("widgets"):  # a trusted notebook shows its widgets before it is run
        notebook.metadata["widgets"] = widgets
    return notebook


def _report(checkout: Checkout, name: str, failure: Failure, partial: str | None = None) -> str:
    """Write the report (and the partial notebook) of a failed lesson; returns it in one line."""
    lines = [f"lesson: {name}", f"failed: {failure}"]
    if partial is not None:
        write_atomic(checkout.reports / f"{name}.ipynb", partial)
        lines.append(f"partial output: {checkout.reports.name}/{name}.ipynb")
    if failure.traceback:
        lines += ["", _ANSI.sub("", failure.traceback)]
    path = write_atomic(checkout.reports / f"{name}.txt", "\n".join(lines) + "\n")
    return f"{failure} (see {path.parent.name}/{path.name})"


def _write_if_changed(path, text: str) -> None:
    """Leave an equal file alone, so that an open JupyterLab does not ask whether to reload it."""
    if not path.exists() or path.read_bytes() != text.encode():
        write_atomic(path, text)
