"""Runs: what training yields, how it is driven, stopped and resumed, and the one file format of its results.

A `train(config, checkpoint=None)` generator yields a `Record` now and then. `drive` walks it, for notebook, widget,
command line and tests alike, and returns a `Result`: curves, tensors and where they came from.
"""

import io
import json
import pickle
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_safetensors
from torch import Tensor, nn

from tlteach.errors import BadFile, InvalidInput
from tlteach.files import write_atomic
from tlteach.paths import recorded_folder
from tlteach.provenance import Provenance, commit

FORMAT = 1  # of the result files; a reader refuses what it does not know
CHECKPOINT, RESULT = "checkpoint.pt", "result.safetensors"


@dataclass(frozen=True)
class Record:
    """What training yields: numbers for the curves, and access to the state until the generator goes on.

    step: updates done so far.
    metrics: named numbers at this step; the same names in every record of a run.
    model: the network being trained (not a copy).
    checkpoint: makes the state from which `train(config, checkpoint)` goes on to the same numbers.
    total: updates that the run will take at the most, where that is known.
    done: whether this is the last record of the run.
    """

    step: int
    metrics: dict[str, float]
    model: nn.Module
    checkpoint: Callable[[], dict[str, Any]]
    total: int | None = None
    done: bool = False


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


def plain(config: Any) -> dict[str, Any]:
    """A config dataclass as the dict that is stored: nested dataclasses and tuples become what JSON gives back."""
    return json.loads(json.dumps(asdict(config) if is_dataclass(config) else config))


def drive(
    experiment: str,
    train: Callable[..., Iterator[Record]],
    config: Any,
    *,
    folder: str | Path | None = None,
    on_record: Callable[[Record], None] | Iterable[Callable[[Record], None]] = (),
    progress: bool = True,
    checkpoint_seconds: float = 60.0,
) -> Result:
    """Run `train(config)` to its end and return the `Result`.

    Args:
        experiment: the experiment's name, stored in the result.
        train: the generator function.
        config: its frozen dataclass.
        folder: run folder. A checkpoint is kept there; the same call with the same config goes on from it,
            and returns the stored result once the run is complete.
        on_record: called with each record (a live plot, for instance), one function or several.
        progress: show a bar.
        checkpoint_seconds: wall seconds between checkpoints in `folder`.

    The kernel's stop button (or Ctrl-C) ends the run at the next record, so that nothing computed is lost: the
    result so far is returned, its provenance says `complete=False`, and with a `folder` the same call goes on later.
    Pressed a second time it interrupts at once.

    Raises InvalidInput when `folder` holds a run of another config; BadFile when its checkpoint cannot be read.
    """
    from tqdm.auto import tqdm

    commit()  # remembered: what is changed while the run is on did not make its numbers
    watchers = [on_record] if callable(on_record) else list(on_record)
    keeper = _Keeper(Path(folder), experiment, plain(config)) if folder is not None else None
    if keeper and (done := keeper.finished()):
        return done
    rows, checkpoint, earlier = keeper.resume() if keeper else ([], None, 0.0)
    started, saved_at, record, complete = time.time(), time.monotonic(), None, True

    def result() -> Result:
        metrics = {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}
        seconds = earlier + time.time() - started
        provenance = Provenance.here(seed=getattr(config, "seed", None), wall_seconds=seconds, complete=complete)
        tensors = {} if record is None else {k: v.clone() for k, v in record.model.state_dict().items()}
        return Result(experiment, plain(config), metrics, tensors, provenance)

    def keep() -> None:
        _attempt(lambda: keeper.save(rows, record.checkpoint(), earlier + time.time() - started))

    with tqdm(total=None, disable=not progress, unit="update", leave=False) as bar, _StopRequest() as stop:
        for record in train(config, checkpoint):
            rows.append({"step": record.step, **record.metrics})
            bar.total = record.total
            bar.update(record.step - bar.n)
            for watch in watchers:
                watch(record)
            if stop.requested and not record.done:
                complete = False
                break
            if keeper and not record.done and time.monotonic() - saved_at > checkpoint_seconds:
                keep()
                saved_at = time.monotonic()
    if keeper and not complete:
        keep()
    final = result()
    if keeper and complete and _attempt(lambda: final.save(keeper.folder / RESULT)):
        keeper.checkpoint.unlink(missing_ok=True)
    return final


def _attempt(write: Callable[[], Any]) -> bool:
    """Whether `write` succeeded: a full disk is worth a warning, not the run that is in memory."""
    try:
        write()
    except BadFile as error:
        warnings.warn(str(error), stacklevel=3)
        return False
    return True


def shrink(result: Result, *, points: int = 400, tensor_bytes: int = 64_000) -> Result:
    """A result small enough to ship: at most `points` rows of each curve (the last kept), floats in single precision,
    and the tensors in half precision where all of them fit in `tensor_bytes`; larger networks are left out."""
    n = len(result.metrics["step"])
    rows = np.unique(np.linspace(0, n - 1, min(n, points)).round().astype(int))
    metrics = {k: v[rows].astype(np.float32) if v.dtype.kind == "f" else v[rows] for k, v in result.metrics.items()}
    tensors = {k: v.half() if v.is_floating_point() else v for k, v in result.tensors.items()}
    fits = sum(v.numel() * v.element_size() for v in tensors.values()) <= tensor_bytes
    return replace(result, metrics=metrics, tensors=tensors if fits else {})


def record(result: Result, name: str) -> Path:
    """Ship `result`, shrunk, as the recorded run `name` of its experiment; returns the file.

    Raises InvalidInput for a run that was stopped early: half a run is not evidence.
    """
    if not result.provenance.complete:
        raise InvalidInput(f"{name}: this run was stopped before its end; finish it before it is recorded")
    return shrink(result).save(recorded_folder() / result.experiment / f"{name}.safetensors")


def recorded(experiment: str, pattern: str = "*") -> dict[str, Result]:
    """The recorded runs of `experiment` whose names match the glob `pattern`, by name, in order.

    Raises BadFile when there is none, or when one of them is damaged.
    """
    paths = sorted((recorded_folder() / experiment).glob(f"{pattern}.safetensors"))
    if not paths:
        raise BadFile(
            f"no recorded run {pattern!r} of {experiment!r}. They come with the package: install it again, "
            f"or make them with `tlteach run {experiment} --record`."
        )
    return {path.stem: Result.load(path) for path in paths}


class _StopRequest:
    """Turns the first interrupt into a request that is honoured between two records, where the state is whole."""

    def __init__(self):
        self.requested = False

    def __enter__(self) -> "_StopRequest":
        self._in_main_thread = threading.current_thread() is threading.main_thread()
        if self._in_main_thread:
            self._before = signal.signal(signal.SIGINT, self._request)
        return self

    def _request(self, *_) -> None:
        self.requested = True
        signal.signal(signal.SIGINT, self._before)

    def __exit__(self, *_) -> None:
        if self._in_main_thread:
            signal.signal(signal.SIGINT, self._before)


@dataclass(frozen=True)
class _Keeper:
    """The files of one run folder."""

    folder: Path
    experiment: str
    config: dict[str, Any]

    @property
    def checkpoint(self) -> Path:
        return self.folder / CHECKPOINT

    def finished(self) -> Result | None:
        path = self.folder / RESULT
        if not path.exists():
            return None
        result = Result.load(path)
        self._require_same(result.experiment, result.config)
        return result

    def resume(self) -> tuple[list[dict], dict | None, float]:
        """The rows so far, the state to go on from, and the wall seconds already spent."""
        if not self.checkpoint.exists():
            return [], None, 0.0
        try:
            kept = torch.load(self.checkpoint, weights_only=True)
            experiment, config = kept["experiment"], json.loads(kept["config"])
            rows, state, seconds = kept["rows"], kept["state"], kept["seconds"]
        except (pickle.UnpicklingError, RuntimeError, KeyError, EOFError, OSError, ValueError, TypeError) as error:
            first_line = str(error).partition("\n")[0]
            message = f"cannot read the checkpoint {self.checkpoint}: {first_line} Delete it to start afresh."
            raise BadFile(message) from error
        self._require_same(experiment, config)
        return rows, state, seconds

    def save(self, rows: list[dict], state: dict, seconds: float) -> None:
        buffer = io.BytesIO()
        kept = {"experiment": self.experiment, "config": json.dumps(self.config), "rows": rows, "state": state}
        torch.save(kept | {"seconds": seconds}, buffer)
        write_atomic(self.checkpoint, buffer.getvalue())

    def _require_same(self, experiment: str, config: dict) -> None:
        if (experiment, config) != (self.experiment, self.config):
            differ = sorted(k for k in config.keys() | self.config.keys() if config.get(k) != self.config.get(k))
            raise InvalidInput(
                f"{self.folder} holds a run of {experiment!r} with another configuration (it differs in "
                f"{', '.join(differ) or 'the experiment'}). Choose another folder, or delete this one."
            )
