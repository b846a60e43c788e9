"""Make `.venv` ready: `python tools/set_up.py [EXTRA ...]`. Standard library only; Python 3.11 or later.

Installs tlteach, editable, with the given extras of pyproject.toml. Does nothing when that has been done and
pyproject.toml has not changed since. On Linux without an NVIDIA GPU torch comes from PyTorch's own index of CPU
builds, since the default build brings gigabytes of CUDA along; where that cannot be reached, from the default index.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "tlteach-set-up.json"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PATIENCE = 5  # seconds to wait for an answer of that index


def main(extras: list[str]) -> None:
    """Bring `.venv` up to date with pyproject.toml and `extras`."""
    wanted = {"pyproject": fingerprint(), "extras": sorted(extras)}
    done = read_stamp()
    if is_current(done, wanted):
        return
    if not works(VENV):
        print(
            f"Setting up {VENV.name} with Python {platform.python_version()}; this takes a few minutes, once.",
            flush=True,
        )
        create(VENV)
    wanted["extras"] = sorted({*extras, *done.get("extras", [])})  # what was there stays
    STAMP.unlink(missing_ok=True)
    if not has_torch():
        install_cpu_torch()
    target = f".[{','.join(wanted['extras'])}]" if wanted["extras"] else "."
    pip("install", "--editable", target)
    STAMP.write_text(json.dumps(wanted))


def fingerprint() -> str:
    """Changes when what is to be installed changes."""
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()


def read_stamp() -> dict:
    """What was installed the last time, {} when nothing was finished."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def is_current(done: dict, wanted: dict) -> bool:
    """Whether everything `wanted` is there."""
    return (
        done.get("pyproject") == wanted["pyproject"]
        and set(wanted["extras"]) <= set(done.get("extras", []))
        and works(VENV)
    )


def python() -> Path:
    """The environment's interpreter."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def works(folder: Path) -> bool:
    """Whether the environment's Python starts and is new enough (the one it was made from may be gone)."""
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return folder.exists() and subprocess.run([python(), "-c", check], capture_output=True, check=False).returncode == 0


def create(folder: Path) -> None:
    """A fresh environment; one that does not work is replaced."""
    try:
        venv.create(folder, clear=folder.exists(), with_pip=True)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(
            f"Could not make {folder} ({error}).\nOn Debian and Ubuntu the module for it is a package of its own: "
            "`apt install python3-venv`; else free some space, or remove the folder and try again."
        )


def pip(*arguments: str) -> None:
    """Run the environment's pip; ends the program with its message when it fails."""
    command = [python(), "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"Installing failed; the lines above say why. It was: {' '.join(map(str, command))}")


def has_torch() -> bool:
    """Whether the environment has a torch that pyproject.toml allows."""
    check = (  # pip brings along what understands versions
        "import importlib.metadata, sys; from pip._vendor.packaging.requirements import Requirement; "
        "there = importlib.metadata.version('torch'); "
        "sys.exit(not Requirement(sys.argv[1]).specifier.contains(there, prereleases=True))"
    )
    asked = [python(), "-c", check, torch_requirement()]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def wants_cpu_torch() -> bool:
    """Whether the default wheel would be far too big: on Linux it is the one for CUDA."""
    return platform.system() == "Linux" and not has_gpu()


def has_gpu() -> bool:
    """Whether the NVIDIA driver lists a GPU."""
    if shutil.which("nvidia-smi") is None:
        return False
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return listed.returncode == 0 and bool(listed.stdout.strip())


def install_cpu_torch() -> None:
    """torch from the CPU index where that makes sense and is possible; otherwise leaves it to the default index."""
    if not wants_cpu_torch():
        return
    if not answers(f"{CPU_INDEX}/torch/"):
        print("PyTorch's index of CPU builds cannot be reached; torch comes from the default index.", flush=True)
        return
    command = [python(), "-m", "pip", "--disable-pip-version-check", "install", "--index-url", CPU_INDEX]
    command += ["--timeout", str(PATIENCE), "--retries", "0", torch_requirement()]
    if subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode:
        print("That did not work; torch comes from the default index.", flush=True)


def torch_requirement() -> str:
    """The line of pyproject.toml that bounds torch."""
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    return next(need for need in needs if need.startswith("torch"))


def answers(address: str) -> bool:
    """Whether `address` can be fetched, without much waiting."""
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as reply:
            return reply.status == 200
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    main(sys.argv[1:])
