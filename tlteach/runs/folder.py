"""A run folder: the checkpoint of a run that goes on, the result of one that is complete."""

import io
import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tlteach.errors import BadFile, InvalidInput
from tlteach.files import write_atomic
from tlteach.runs.result import Result, difference

CHECKPOINT, RESULT = "checkpoint.pt", "result.safetensors"


@dataclass(frozen=True)
class RunFolder:
    """The files of one run.

    folder: where they are; made when the first is written. experiment, config, data: whose they must be; a run begun
    on one data set does not go on with another.
    """

    folder: Path
    experiment: str
    config: dict[str, Any]
    data: str = ""

    @property
    def checkpoint(self) -> Path:
        return self.folder / CHECKPOINT

    def finished(self) -> Result | None:
        """The stored result, if the run is complete."""
        path = self.folder / RESULT
        if not path.exists():
            return None
        result = Result.load(path)
        self._require_same(result.experiment, result.config, result.provenance.data)
        return result

    def resume(self) -> tuple[list[dict], dict | None, float, list[str]]:
        """The rows so far, the state to go on from, the wall seconds already spent, and the commits of their code."""
        if not self.checkpoint.exists():
            return [], None, 0.0, []
        try:
            kept = torch.load(self.checkpoint, weights_only=True)
            experiment, config = kept["experiment"], json.loads(kept["config"])
            rows, state, seconds, data = kept["rows"], kept["state"], kept["seconds"], kept.get("data", "")
        except (pickle.UnpicklingError, RuntimeError, KeyError, EOFError, OSError, ValueError, TypeError) as error:
            first_line = str(error).partition("\n")[0]
            message = f"cannot read the checkpoint {self.checkpoint}: {first_line} Delete it to start afresh."
            raise BadFile(message) from error
        self._require_same(experiment, config, data)
        return rows, state, seconds, kept.get("commits", [])

    def save(self, rows: list[dict], state: dict, seconds: float, commits: list[str]) -> None:
        """Keep what `resume` gives back."""
        buffer = io.BytesIO()
        kept = {"experiment": self.experiment, "config": json.dumps(self.config), "rows": rows, "state": state}
        torch.save(kept | {"seconds": seconds, "data": self.data, "commits": commits}, buffer)
        write_atomic(self.checkpoint, buffer.getvalue())

    def finish(self, result: Result) -> None:
        """Keep the result; the checkpoint has had its time."""
        result.save(self.folder / RESULT)
        self.checkpoint.unlink(missing_ok=True)

    def _require_same(self, experiment: str, config: dict, data: str) -> None:
        if (experiment, config) != (self.experiment, self.config):
            raise InvalidInput(
                f"{self.folder} holds a run of {experiment!r} with another configuration (it differs in "
                f"{difference(config, self.config) or 'the experiment'}). Choose another folder, or delete this one."
            )
        if data and self.data and data != self.data:
            raise InvalidInput(
                f"{self.folder} holds a run on other data: {data!r}, now {self.data!r}. Bring that data back to go on, "
                "choose another folder, or delete this one."
            )
