"""Walking a training generator: progress, watchers, checkpoints, the stop button, and the result at the end."""

import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from tlteach.errors import BadFile, Diverged
from tlteach.provenance import Provenance, commit
from tlteach.runs.folder import RunFolder
from tlteach.runs.result import Result, plain
from tlteach.runs.stop import StopRequest


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


def drive(
    experiment: str,
    train: Callable[..., Iterator[Record]],
    config: Any,
    *,
    folder: str | Path | None = None,
    on_record: Callable[[Record], None] | Iterable[Callable[[Record], None]] = (),
    progress: bool = True,
    checkpoint_seconds: float = 60.0,
    data: str = "",
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
        data: where the data came from (an experiment on real data says so here); kept in the provenance.

    The kernel's stop button (or Ctrl-C) ends the run at the next record, so that nothing computed is lost: the
    result so far is returned, its provenance says `complete=False`, and with a `folder` the same call goes on later.
    Pressed a second time it interrupts at once.

    Training that diverges ends the same way, at its last record, with a warning that says what to try.

    Raises InvalidInput when `folder` holds a run of another config or on other data; BadFile when its checkpoint cannot
    be read.
    """
    from tqdm.auto import tqdm

    here = commit()  # remembered: what is changed while the run is on did not make its numbers
    watchers = [on_record] if callable(on_record) else list(on_record)
    home = RunFolder(Path(folder), experiment, plain(config), data) if folder is not None else None
    if home and (done := home.finished()):
        return done
    rows, checkpoint, earlier, commits = home.resume() if home else ([], None, 0.0, [])
    commits = list(dict.fromkeys([*commits, here]))
    started, saved_at, record, complete = time.time(), time.monotonic(), None, True

    def result() -> Result:
        metrics = {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}
        seconds = earlier + time.time() - started
        known = dict(seed=getattr(config, "seed", None), wall_seconds=seconds, complete=complete, data=data)
        kept = (checkpoint or {}).get("network", {}) if record is None else record.model.state_dict()
        tensors = {name: value.clone() for name, value in kept.items()}
        made = replace(Provenance.here(**known), commit="; ".join(filter(None, commits)))
        return Result(experiment, plain(config), metrics, tensors, made)

    def keep() -> None:
        _attempt(lambda: home.save(rows, record.checkpoint(), earlier + time.time() - started, commits))

    with tqdm(total=None, disable=not progress, unit="update", leave=False) as bar, StopRequest() as stop:
        try:
            for record in train(config, checkpoint):
                if not rows or rows[-1]["step"] < record.step:  # else made again, after a divergence took its step back
                    rows.append({"step": record.step, **record.metrics})
                bar.total = record.total
                bar.update(record.step - bar.n)
                for watch in watchers:
                    watch(record)
                if stop.requested and not record.done:
                    complete = False
                    break
                if home and not record.done and time.monotonic() - saved_at > checkpoint_seconds:
                    keep()
                    saved_at = time.monotonic()
        except Diverged as error:
            complete = False
            warnings.warn(str(error), stacklevel=2)
    if home and record and not complete:
        keep()
    final = result()
    if home and complete:
        _attempt(lambda: home.finish(final))
    return final


def _attempt(write: Callable[[], None]) -> None:
    """A full disk is worth a warning, not the run that is in memory."""
    try:
        write()
    except BadFile as error:
        warnings.warn(str(error), stacklevel=3)
