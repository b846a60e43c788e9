"""Where a number comes from: versions, machine, time."""

import os
import platform
import subprocess
import time
from dataclasses import dataclass
from functools import cache

from tlteach import __version__
from tlteach.paths import checkout


@dataclass(frozen=True)
class Provenance:
    """The circumstances of a run; stored with every result and shown at the foot of every lesson.

    seed: of the run. version: of tlteach. commit: of the checkout, "+" appended when it had uncommitted changes.
    python, torch: versions. machine: processor and cores. threads: torch's. wall_seconds: of the whole run.
    finished: UTC. complete: False when the run was stopped early. data: where real data came from, if any.
    """

    seed: int | None = None
    version: str = ""
    commit: str = ""
    python: str = ""
    torch: str = ""
    machine: str = ""
    threads: int = 1
    wall_seconds: float = 0.0
    finished: str = ""
    complete: bool = True
    data: str = ""

    @classmethod
    def here(cls, **known) -> "Provenance":
        """The circumstances of this process, completed by what the caller knows."""
        import torch

        return cls(
            version=__version__,
            commit=commit(),
            python=platform.python_version(),
            torch=torch.__version__,
            machine=machine(),
            threads=torch.get_num_threads(),
            finished=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            **known,
        )


@cache
def commit() -> str:
    """The short commit hash of the checkout, with "+" when tracked files were changed; "" outside a checkout.

    Recorded runs do not count: one that has just been put there says nothing about the code of the next.
    """
    root = checkout()
    if root is None:
        return ""

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10).stdout

    try:
        changed = git("status", "--porcelain", "-uno", "--", ".", ":!tlteach/recorded").strip()
        return git("rev-parse", "--short", "HEAD").strip() + ("+" if changed else "")
    except (OSError, subprocess.TimeoutExpired):
        return ""


@cache
def machine() -> str:
    """The processor's name and the number of cores that this process may use; no host name."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            name = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), name)
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores"
