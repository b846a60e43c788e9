"""Runs: what training yields, how it is driven, stopped and resumed, and the one file format of its results.

A `train(config, checkpoint=None)` generator yields a `Record` now and then. `drive` walks it, for notebook, widget,
command line and tests alike, and returns a `Result`: curves, tensors and where they came from. `record` ships a result
with the package, `recorded` finds those that are shipped.
"""

from tlteach.runs.driving import Record, drive
from tlteach.runs.folder import CHECKPOINT, RESULT
from tlteach.runs.result import Result, alike, fingerprint, plain
from tlteach.runs.shipping import record, recorded, shrink

__all__ = [
    "CHECKPOINT",
    "RESULT",
    "Record",
    "Result",
    "alike",
    "drive",
    "fingerprint",
    "plain",
    "record",
    "recorded",
    "shrink",
]
