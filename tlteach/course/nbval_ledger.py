"""A pytest plugin for the process in which nbval runs a solution: writes what each cell took, and what failed.

Loaded with `-p tlteach.course.nbval_ledger`; the file's name comes in the environment variable TLTEACH_LEDGER.
"""

import json
import os
import re
from pathlib import Path

_reports = []


def pytest_runtest_logreport(report) -> None:
    """Keep the phase that ran the cell, and whatever failed around it (no kernel, for instance)."""
    if report.when == "call" or report.failed:
        number = re.search(r"Cell (\d+)", report.nodeid)
        text = report.longreprtext if report.failed else ""
        _reports.append(
            {
                "cell": int(number[1]) if number else None,
                "seconds": report.duration,
                "failed": report.failed,
                "text": text,
            }
        )


def pytest_collectreport(report) -> None:
    """A notebook that cannot even be read."""
    if report.failed:
        _reports.append({"cell": None, "seconds": 0.0, "failed": True, "text": report.longreprtext})


def pytest_sessionfinish(session) -> None:
    """Write the ledger, with the CPU seconds of the kernel, which has ended by now."""
    used = os.times()
    ledger = {"cells": _reports, "cpu_seconds": used.children_user + used.children_system}
    Path(os.environ["TLTEACH_LEDGER"]).write_text(json.dumps(ledger), encoding="utf-8")
