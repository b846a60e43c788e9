"""Recorded runs: results small enough to be shipped with the package."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from tlteach import paths
from tlteach.errors import BadFile, InvalidInput
from tlteach.runs.result import Result, difference


def shrink(result: Result, *, points: int = 400, tensors: Sequence[str] = ("*",), tensor_bytes: int = 64_000) -> Result:
    """A result small enough to ship.

    Args:
        result: of a run.
        points: most rows of each curve, evenly spread, the last kept; floats in single precision.
        tensors: which tensors of the network, by name or pattern (`"layer.*"`); floats in half precision.
        tensor_bytes: most bytes of these tensors together; where they are more, none is kept.
    """
    n = len(result.metrics["step"])
    rows = np.unique(np.linspace(0, n - 1, min(n, points)).round().astype(int))
    metrics = {k: v[rows].astype(np.float32) if v.dtype.kind == "f" else v[rows] for k, v in result.metrics.items()}
    chosen = {k: v for k, v in result.tensors.items() if any(fnmatchcase(k, pattern) for pattern in tensors)}
    chosen = {k: v.half() if v.is_floating_point() else v for k, v in chosen.items()}
    fits = sum(v.numel() * v.element_size() for v in chosen.values()) <= tensor_bytes
    return replace(result, metrics=metrics, tensors=chosen if fits else {})


def record(result: Result, name: str, **size: Any) -> Path:
    """Ship `result`, shrunk (`size` as in `shrink`), as the recorded run `name` of its experiment; returns the file.

    Raises InvalidInput for a run that was stopped early (half a run is not evidence), and where `name` is the
    recorded run of another configuration: one would replace the other unseen.
    """
    if not result.provenance.complete:
        raise InvalidInput(f"{name}: this run was stopped before its end; finish it before it is recorded")
    path = paths.recorded_folder() / result.experiment / f"{name}.safetensors"
    if path.exists() and (differ := difference(result.config, Result.load(path).config)):
        raise InvalidInput(
            f"{name} is the recorded run of another configuration (it differs in {differ}). Record this one under "
            f"another label, `--record LABEL`, or delete {path} first."
        )
    return shrink(result, **size).save(path)


def recorded(experiment: str, pattern: str = "*") -> dict[str, Result]:
    """The recorded runs of `experiment` whose names match the glob `pattern`, by name, in order.

    Raises BadFile when there is none, or when one of them is damaged.
    """
    found = sorted((paths.recorded_folder() / experiment).glob(f"{pattern}.safetensors"))
    if not found:
        raise BadFile(
            f"no recorded run {pattern!r} of {experiment!r}. They come with the package: install it again, "
            f"or make them with `tlteach run {experiment} --record`."
        )
    return {path.stem: Result.load(path) for path in found}
