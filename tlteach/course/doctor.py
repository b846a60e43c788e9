"""`tlteach doctor`: what works on this machine, and what to do about what does not."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tlteach import paths

OK, WARNING, MISSING = "ok", "warning", "missing"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "firefox", "microsoft-edge", "safari", "open")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: "ok", "warning" (the course works without) or "missing" (it does not)."""

    what: str
    status: str
    detail: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, one finding at a time. Never raises: a check that breaks is itself a finding."""
    for check in (_python, _packages, _kernel, _devices, _numba, _user_folder, _runs_folder, _lessons, _data, _mujoco):
        yield from _guarded(check)
    yield from _guarded(_browser)


def exit_code(findings: list[Finding]) -> int:
    """1 when something that the course needs is missing, else 0."""
    return int(any(finding.status == MISSING for finding in findings))


def _guarded(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:  # whatever is broken here must not hide the rest
        what = check.__name__.strip("_").replace("_", " ")
        yield Finding(what, WARNING, f"could not be examined: {type(error).__name__}: {error}", "Report this as a bug.")


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    advice = "" if good else "Install Python 3.11 or later and run `make lab` again."
    yield Finding("python", OK if good else MISSING, f"{version} at {sys.executable}", advice)


def _packages() -> Iterator[Finding]:
    """The installed packages against the bounds that tlteach's own metadata gives."""
    from packaging.requirements import Requirement

    for text in importlib.metadata.requires("tlteach") or []:
        need = Requirement(text)
        if need.marker and not need.marker.evaluate({"extra": ""}):
            continue
        install = f'Run `{Path(sys.executable).name} -m pip install "{need}"`, or `make lab`.'
        try:
            version = importlib.metadata.version(need.name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding(need.name, MISSING, "not installed", install)
            continue
        if need.specifier.contains(version, prereleases=True):
            yield Finding(need.name, OK, version)
        else:
            yield Finding(need.name, WARNING, f"{version}; tested with {need.specifier}", install)


def _kernel() -> Iterator[Finding]:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    advice = f"Run `{Path(sys.executable).name} -m ipykernel install --sys-prefix`."
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        yield Finding("notebook kernel", MISSING, "no kernel called python3", advice)
        return
    program = spec.argv[0]
    if re.fullmatch(r"python[\d.]*", program) or Path(program).resolve() == Path(sys.executable).resolve():
        yield Finding("notebook kernel", OK, "python3 runs this Python")
    else:
        yield Finding(
            "notebook kernel", WARNING, f"python3 runs another Python ({program}), not {sys.executable}", advice
        )


def _devices() -> Iterator[Finding]:
    import torch

    names = ["cpu"]
    if torch.cuda.is_available():
        names += [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("Apple GPU (mps)")
    yield Finding("devices", OK, f"{', '.join(names)}; the lessons need the cpu only")
    cores, threads = os.cpu_count() or 1, torch.get_num_threads()
    yield Finding("threads", OK, f"{cores} cores; torch would use {threads}, the lessons set 1 (small networks)")


def _numba() -> Iterator[Finding]:
    import numba

    folder = Path(numba.config.CACHE_DIR or paths.user_folder())
    compiled = numba.njit(lambda x: x + 1)(1) == 2
    advice = "Set NUMBA_CACHE_DIR to a folder that you may write; else each start compiles anew (seconds)."
    package = Path(__file__).parent
    good = os.access(numba.config.CACHE_DIR or package, os.W_OK)
    detail = f"compiles; keeps compiled code in {numba.config.CACHE_DIR or 'the package'}"
    if not compiled:
        yield Finding("numba compiler", WARNING, f"compiled code is wrong ({folder})", "Install numba again.")
    else:
        yield Finding("numba compiler", OK if good else WARNING, detail, "" if good else advice)


def _user_folder() -> Iterator[Finding]:
    advice = "Your progress cannot be kept. Set TLTEACH_HOME to a folder that you may write."
    yield _writable("progress", paths.user_folder(), advice)


def _runs_folder() -> Iterator[Finding]:
    yield _writable("runs", paths.runs_folder(), "Experiments cannot be resumed. Set TLTEACH_RUNS to another folder.")


def _writable(what: str, folder: Path, advice: str) -> Finding:
    """Whether files can be made in `folder`, or in the first folder above it that exists."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return Finding(what, WARNING, f"{folder}: {error.strerror or error}", advice)
    free = shutil.disk_usage(existing).free / 1e9
    if free < 0.5:
        return Finding(what, WARNING, f"{folder}: {free:.1f} GB left on the disk", "Free some space.")
    return Finding(what, OK, f"{folder} ({free:.0f} GB free)")


def _lessons() -> Iterator[Finding]:
    from tlteach.course.lessons import catalogue

    lessons = catalogue()
    if lessons:
        yield Finding("lessons", OK, f"{len(lessons)} in {paths.lessons_folder()}")
    else:
        yield Finding("lessons", MISSING, f"none in {paths.lessons_folder()}", "Run `tlteach build`, or install again.")


def _data() -> Iterator[Finding]:
    folder = Path(os.environ.get("TLTEACH_DATA") or paths.user_folder() / "data")
    files = [file for file in folder.rglob("*") if file.is_file()] if folder.exists() else []
    size = sum(file.stat().st_size for file in files) / 1e6
    yield Finding(
        "data", OK, f"{size:.0f} MB kept in {folder}" if files else "nothing downloaded; no lesson needs it yet"
    )


# Rendering is tried in another process: a broken OpenGL can end the process that calls it.
_RENDER = """
import gymnasium
env = gymnasium.make("HalfCheetah-v5", render_mode="rgb_array")
env.reset(seed=0)
print("size", *env.render().shape)
"""


def _mujoco() -> Iterator[Finding]:
    tried = [os.environ["MUJOCO_GL"]] if os.environ.get("MUJOCO_GL") else ["", "egl", "osmesa"]
    for way in tried:
        environment = {**os.environ, **({"MUJOCO_GL": way} if way else {})}
        with tempfile.TemporaryDirectory() as folder:  # MuJoCo leaves a log file where it runs
            try:
                done = subprocess.run(
                    [sys.executable, "-c", _RENDER], env=environment, cwd=folder, capture_output=True, timeout=60
                )
            except subprocess.TimeoutExpired:
                continue
        if done.returncode == 0 and b"size" in done.stdout:
            set_it = f"Set MUJOCO_GL={way} to render films of the bodies." if way and way != tried[0] else ""
            yield Finding("mujoco rendering", OK, f"works{f' with MUJOCO_GL={way}' if way else ''}", set_it)
            return
    advice = "The lessons draw bodies without it. For films install EGL (Debian: libegl1) and set MUJOCO_GL=egl."
    yield Finding(
        "mujoco rendering",
        WARNING,
        f"no OpenGL without a screen (tried {', '.join(w or 'default' for w in tried)})",
        advice,
    )


def _browser() -> Iterator[Finding]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found or sys.platform in ("win32", "darwin"):
        yield Finding("browser", OK, found or "the system's")
    else:
        advice = "JupyterLab prints an address: open it in a browser, on another machine through `ssh -L` if need be."
        yield Finding("browser", WARNING, "none found", advice)
