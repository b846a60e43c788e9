"""The result of a run, its file format, and its configuration as plain data."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor

from tlteach.errors import BadFile
from tlteach.files import write_atomic
from tlteach.provenance import Provenance

FORMAT = 1  # of the result files; a reader refuses what it does not know


@dataclass(frozen=True)
class Result:
    """A finished (or stopped) run.

    experiment: name of the module in `tlteach.experiments`.
    config: its configuration as a plain dict.
    metrics: curves, each of shape (n,), aligned with `metrics["step"]`.
    tensors: the trained network's tensors by name.
    provenance: who, when, where, with what.
    """

    experiment: str
    config: dict[str, Any]
    metrics: dict[str, np.ndarray]
    tensors: dict[str, Tensor] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file, curves and tensors with everything else in its header.

        Raises BadFile when the file cannot be written; what was there is untouched.
        """
        header = {
            "format": FORMAT,
            "experiment": self.experiment,
            "config": self.config,
            "provenance": asdict(self.provenance),
        }
        tensors = {f"metrics/{k}": torch.as_tensor(np.ascontiguousarray(v)) for k, v in self.metrics.items()}
        tensors |= {f"tensors/{k}": v.detach().cpu().contiguous() for k, v in self.tensors.items()}
        return write_atomic(path, to_safetensors(tensors, {"tlteach": json.dumps(header)}))

    @classmethod
    def load(cls, path: str | Path) -> "Result":
        """Read a result file. Nothing in it is executed.

        Raises BadFile when it is missing, damaged, or not a result of a known format.
        """
        path = Path(path)
        if not path.is_file():
            raise BadFile(
                f"no recorded run at {path}. `tlteach run EXPERIMENT --record` makes one; "
                "if it came with the package, install tlteach again."
            )
        try:
            with safe_open(path, framework="pt") as file:
                header = json.loads((file.metadata() or {})["tlteach"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            known = header.get("format") == FORMAT
            provenance = Provenance(**header["provenance"]) if known else None
            experiment, config = header.get("experiment", ""), header.get("config", {})
        except (SafetensorError, KeyError, ValueError, OSError, TypeError, AttributeError) as error:
            raise BadFile(
                f"{path} is not a readable tlteach result ({type(error).__name__}: {error}). "
                "It may be damaged or cut short: delete it and record or install it again."
            ) from error
        if not known:
            raise BadFile(f"{path} has format {header.get('format')!r}; this version of tlteach reads {FORMAT}.")

        def part(prefix: str) -> dict[str, Tensor]:
            return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

        return cls(
            experiment,
            config,
            {k: v.numpy() for k, v in part("metrics/").items()},
            part("tensors/"),
            provenance,
        )


def difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    """The names of the fields in which two configurations (plain dicts) differ; empty when they are the same."""
    return ", ".join(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)))


def plain(config: Any) -> dict[str, Any]:
    """A config dataclass as the dict that is stored: nested dataclasses and tuples become what JSON gives back."""
    return json.loads(json.dumps(asdict(config) if is_dataclass(config) else config))


def fingerprint(config: Any) -> str:
    """Eight characters that differ between any two configurations, in practice: of the name of a run folder."""
    return hashlib.sha256(json.dumps(plain(config), sort_keys=True).encode()).hexdigest()[:8]


def alike(results: Iterable[Result], *free: str) -> list[list[Result]]:
    """The results in groups whose configurations differ in nothing but the fields `free`."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        fixed = {key: value for key, value in result.config.items() if key not in free}
        groups.setdefault(json.dumps(fixed, sort_keys=True), []).append(result)
    return list(groups.values())
