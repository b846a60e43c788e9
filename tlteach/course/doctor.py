"""`tlteach doctor`: what works on this machine, and what to do about what does not."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html import escape
from importlib.util import find_spec
from pathlib import Path

from tlteach import paths

OK, WARNING, MISSING = "ok", "warning", "missing"
COLORS = {OK: "#1a7f37", WARNING: "#b35900", MISSING: "#c1121f"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "firefox", "microsoft-edge")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: "ok", "warning" (the course works without) or "missing" (it does not).

    `detail` says what was found without naming a place on this machine; `place` is the file or folder concerned.
    """

    what: str
    status: str
    detail: str
    advice: str = ""
    place: str = ""

    def __str__(self) -> str:
        line = f"{self.status:8} {self.what:18} {self.detail}{f' ({self.place})' if self.place else ''}"
        return f"{line}\n{'':27} -> {self.advice}" if self.advice else line


@dataclass(frozen=True)
class Report:
    """Findings as a notebook shows them: coloured lines, plain text elsewhere."""

    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        return "\n".join(str(replace(finding, place="")) for finding in self.findings)

    def _repr_html_(self) -> str:
        rows = ""
        for each in self.findings:
            words = escape(each.detail) + (f"<br><b>{escape(each.advice)}</b>" if each.advice else "")
            status = f'<b style="color:{COLORS[each.status]};background:#fff;padding:0 4px">{each.status}</b>'
            rows += f'<tr><th scope="row" style="text-align:left">{escape(each.what)}</th><td>{status}</td>'
            rows += f'<td style="text-align:left">{words}</td></tr>'
        return f"<table><caption>Is this machine ready?</caption><tbody>{rows}</tbody></table>"


def examine() -> Iterator[Finding]:
    """Look at everything, one finding at a time. Never raises: a check that breaks is itself a finding."""
    checks = (
        _python,
        _packages,
        _kernel,
        _devices,
        _numba,
        _user_folder,
        _runs_folder,
        _lessons,
        data_sets,
        _mujoco,
        _browser,
    )
    for check in checks:
        yield from _guarded(check)


def report() -> Report:
    """What a lesson needs, for the first lesson: in a second, packages that are as they should be in one line."""
    packages = list(_guarded(_packages))
    bad = [finding for finding in packages if finding.status != OK]
    fine = [Finding("packages", OK, f"{len(packages) - len(bad)} as they should be")]
    others = [finding for check in (_kernel, _devices, _user_folder) for finding in _guarded(check)]
    return Report((*_guarded(_python), *fine, *bad, *others))


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
    yield Finding("python", OK if good else MISSING, version, advice, sys.executable)


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

    folder = numba.config.CACHE_DIR or str(Path(__file__).parents[1])
    if numba.njit(lambda x: x + 1)(1) != 2:
        yield Finding("numba", WARNING, "compiles, but the result is wrong", "Install numba again.")
    elif os.access(folder, os.W_OK):
        yield Finding("numba", OK, "compiles, and keeps what it compiled", place=folder)
    else:
        advice = "Each start compiles anew (seconds). Set NUMBA_CACHE_DIR to a folder that you may write."
        yield Finding("numba", WARNING, "compiles, but cannot keep what it compiled", advice, folder)


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
        return Finding(what, WARNING, f"cannot be kept: {error.strerror or error}", advice, str(folder))
    free = shutil.disk_usage(existing).free / 1e9
    if free < 0.5:
        return Finding(what, WARNING, f"only {free:.1f} GB left on the disk", "Free some space.", str(folder))
    return Finding(what, OK, "can be kept", place=str(folder))


def _lessons() -> Iterator[Finding]:
    from tlteach.course.lessons import catalogue

    lessons, folder = catalogue(), str(paths.lessons_folder())
    if lessons:
        yield Finding("lessons", OK, f"{len(lessons)}", place=folder)
    else:
        yield Finding("lessons", MISSING, "none", "Run `tlteach build`, or install tlteach again.", folder)


def data_sets() -> Iterator[Finding]:
    """Which archives are here, and how to get those that are not; no lesson needs any."""
    from tlteach.data.archives import DATA_SETS, LocalArchive, data_folder

    for what, name, instead in (
        ("Omniglot", "omniglot", "drawn alphabets"),
        ("CIFAR-10", "cifar10", "natural-looking pictures"),
    ):
        archives = DATA_SETS[name]
        found = [LocalArchive.of(archive, path) for archive in archives if (path := archive.find())]
        if len(found) == len(archives):
            official = all(local.verified for local in found)
            detail = "here, official" if official else "here, not byte for byte the official archive (unverified)"
            yield Finding(what, OK, detail, place=str(found[0].path.parent))
            continue
        names, size = " and ".join(each.name for each in archives), sum(each.size for each in archives) / 1e6
        detail = f"not here; the lessons use {instead} made by tlteach"
        advice = f"To download it ({size:.0f} MB), run `tlteach data get {name}`. "
        advice += f"Without internet, put {names} in the data folder (TLTEACH_DATA)."
        yield Finding(what, OK, detail, advice, str(data_folder()))


# Rendering is tried in another process: a broken OpenGL can end the process that calls it.
_RENDER = """
import gymnasium
env = gymnasium.make("HalfCheetah-v5", render_mode="rgb_array")
env.reset(seed=0)
print("size", *env.render().shape)
"""
_SIMULATE = """
import gymnasium
env = gymnasium.make("HalfCheetah-v5")
print("size", *env.reset(seed=0)[0].shape)
"""


def _mujoco() -> Iterator[Finding]:
    if find_spec("mujoco") is None:
        yield Finding(
            "mujoco", MISSING, "not installed", 'Run `python -m pip install "gymnasium[mujoco]"`, or `make lab`.'
        )
        return
    ways = [os.environ["MUJOCO_GL"]] if os.environ.get("MUJOCO_GL") else ["", "egl", "osmesa"]
    for way in ways:
        if _runs(_RENDER, way):
            advice = f"Set MUJOCO_GL={way} to render films of the bodies." if way != ways[0] else ""
            yield Finding("mujoco", OK, f"renders{f' with MUJOCO_GL={way}' if way else ''}", advice)
            return
    if not _runs(_SIMULATE):
        name = os.environ.get("MUJOCO_GL", "")
        advice = (
            "Unset MUJOCO_GL, or set it to egl, or to disable to simulate without pictures."
            if name
            else "Run `make lab`, which installs MuJoCo anew where it is broken."
        )
        yield Finding("mujoco", WARNING, f"does not start{f' with MUJOCO_GL={name}' if name else ''}", advice)
        return
    advice = "The lessons draw bodies without OpenGL. For films, install EGL (Debian: libegl1) and set MUJOCO_GL=egl."
    yield Finding("mujoco", WARNING, "simulates, but does not render without a screen", advice)


def _runs(script: str, way: str = "") -> bool:
    environment = {**os.environ, **({"MUJOCO_GL": way} if way else {})}
    command = [sys.executable, "-c", script]
    with tempfile.TemporaryDirectory() as folder:  # MuJoCo leaves a log file where it runs
        try:
            done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0 and b"size" in done.stdout


def _browser() -> Iterator[Finding]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), "")
    if found or sys.platform in ("win32", "darwin"):
        yield Finding("browser", OK, "there is one", place=found)
    else:
        advice = "JupyterLab prints an address: open it in a browser, on another machine through `ssh -L` if need be."
        yield Finding("browser", WARNING, "none found", advice)
