"""Running notebooks with papermill: parameters, failures of every kind, and never a hang."""

import asyncio
import signal
import time
from queue import Empty

import nbformat.v4 as v4
import pytest

from tlteach.course.execute import execute, in_parallel
from tlteach.course.papermill_engine import PolledChannel
from tlteach.errors import InvalidInput


def notebook(*cells: str):
    made = v4.new_notebook(cells=[v4.new_code_cell('PRESET, SEED = "none", 0'), *map(v4.new_code_cell, cells)])
    made.cells[0].metadata["tags"] = ["parameters"]
    return made


def test_parameters_environment_and_folder_reach_the_kernel():
    code = (
        "import os\n"
        "names = ['TLTEACH_PRESET', 'TLTEACH_STRICT', 'OMP_NUM_THREADS', 'JPY_SESSION_NAME']\n"
        "print(PRESET, SEED, *map(os.environ.get, names), os.listdir(), os.listdir(os.environ['TLTEACH_HOME']))"
    )
    given, seen = notebook(code), []
    before = v4.writes(given)
    ran = execute(given, "01_x", preset="smoke", seed=5, strict=True, on_cell=seen.append)
    assert ran.failure is None and v4.writes(given) == before
    assert ran.notebook.cells[1].outputs[0].text.strip() == "smoke 5 smoke 1 1 01_x.ipynb [] []"
    assert len(seen) == 3  # papermill's own cell is one of them
    assert [cell.execution_count for cell in ran.notebook.cells] == [1, 2]
    assert all(not set(cell.metadata) - {"tags"} for cell in ran.notebook.cells)
    assert ran.seconds > sum(ran.cells) and ran.cpu_seconds > 0


def test_a_cell_that_takes_too_long_is_named():
    start = time.monotonic()
    ran = execute(
        notebook("x = 1", "print('begun')\nimport time; time.sleep(600)"), "01_x", preset="smoke", cell_timeout=2
    )
    assert time.monotonic() - start < 60
    assert (ran.failure.cell, ran.failure.error) == (3, "CellTimeoutError")
    assert "begun" in ran.notebook.cells[2].outputs[0].text


def test_a_kernel_that_dies_is_named():
    ran = execute(notebook("import os; os._exit(3)"), "01_x", preset="smoke")
    assert (ran.failure.cell, ran.failure.first_line) == (2, "import os; os._exit(3)")
    assert ran.failure.error == "DeadKernelError"


def test_what_cannot_be_run_at_all():
    with pytest.raises(InvalidInput, match="unknown preset 'fast'"):
        execute(notebook(), "01_x", preset="fast")
    bare = notebook()
    del bare.cells[0].metadata["tags"]
    with pytest.raises(InvalidInput, match="no cell tagged `parameters`"):
        execute(bare, "01_x")


@pytest.mark.skipif(not hasattr(signal, "alarm"), reason="needs a timer signal")
def test_a_stop_ends_what_runs_and_what_waits():
    done = []

    def one(name):
        done.append(execute(notebook("import time; time.sleep(600)"), name, preset="smoke"))

    def stop(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(4)
    try:
        with pytest.raises(KeyboardInterrupt):
            in_parallel(one, ["01_x", "02_y"], jobs=1)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert [ran.failure.error for ran in done] == ["DeadKernelError"]


class LostWakeUp:
    """A channel that behaves as the one that stalls: a waiting call never sees a message that is already there."""

    def __init__(self):
        self.waits = []

    async def get_msg(self, timeout=None):
        self.waits.append(timeout)
        if len(self.waits) < 4:
            await asyncio.sleep(min(timeout, 0.01))
            raise Empty
        return "message"


def test_an_unbounded_wait_looks_again():
    channel = LostWakeUp()
    assert asyncio.run(PolledChannel(channel, poll=0.5).get_msg()) == "message"
    assert channel.waits == [0.5] * 4


def test_a_bounded_wait_still_ends():
    channel = LostWakeUp()
    with pytest.raises(Empty):
        asyncio.run(PolledChannel(channel, poll=0.005).get_msg(timeout=0.006))
    assert max(channel.waits) <= 0.005


def test_cells_that_stall_papermill_do_not_stall_us():
    """About one in ten such cells stops stock papermill for ever; the lint keeps them out of the lessons."""
    start = "import ipywidgets\nfrom IPython.display import display"
    stalling = "out = ipywidgets.Output()\nwith out:\n    for i in range(5): print(i, flush=True)\ndisplay(out)"
    ran = execute(notebook(start, *[stalling] * 20), "01_x", preset="smoke", cell_timeout=20)
    assert ran.failure is None and max(ran.cells) < 20
