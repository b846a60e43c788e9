"""`tlteach lab`: JupyterLab on the student's own copies of the lessons."""

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from tlteach import paths
from tlteach.course.lessons import select
from tlteach.course.start import Copied
from tlteach.errors import TlteachError

FOLDER = "my-lessons"


def default_folder() -> Path:
    """Where a student works: `my-lessons` in the checkout (git ignores it), else in the current folder."""
    return (paths.checkout() or Path.cwd()) / FOLDER


def command(
    folder: Path, copied: Sequence[Copied], lesson: str | None = None, options: Sequence[str] = ()
) -> list[str]:
    """The command line that opens JupyterLab in `folder`: on `lesson`, else where the student left off, else the first.

    Raises InvalidInput for a lesson that is not there and TlteachError when JupyterLab is not installed.
    """
    if find_spec("jupyterlab") is None:
        raise TlteachError(
            "JupyterLab is not installed in this environment; run `make lab`, or pip install jupyterlab."
        )
    worked_on = [each.name for each in copied if each.worked_on]
    if lesson:
        name = select([each.name for each in copied], [lesson])[0]
    else:
        name = max(worked_on, key=lambda each: (folder / f"{each}.ipynb").stat().st_mtime, default=copied[0].name)
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{name}.ipynb",
        f"--LabApp.workspaces_dir={folder / '.workspaces'}",  # which tabs are open here, not elsewhere
        f"--LabApp.app_settings_dir={Path(__file__).parent / 'lab_settings'}",  # no question about news over the lesson
        "--ServerApp.log_level=WARN",  # still prints the address
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),  # in a container
        *options,
    ]


def open_lab(arguments: Sequence[str]) -> int:
    """Become JupyterLab, so that Ctrl-C and every other signal reach it; on Windows, run it until it is closed.

    One thread for arrays, so that small networks do not fight over the cores.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    if os.name == "posix":
        sys.stdout.flush()
        os.execve(arguments[0], arguments, environment)
    return subprocess.run(arguments, env=environment, check=False).returncode
