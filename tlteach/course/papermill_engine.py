"""A papermill engine that cannot hang, leaves the calling process alone and measures the kernel.

nbclient sends on the shell channel while another coroutine waits on the same socket without a limit; now and then
the wake-up is lost and the wait never ends (nbclient#312, papermill#723). Here every wait is made of short ones.
Working folder and environment go to the kernel only, so that several notebooks can run in threads of one process.
"""

import contextlib
import time
from queue import Empty

import psutil
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.log import logger

NAME = "tlteach"
POLL = 0.5  # seconds
_running: set["_Client"] = set()


class PolledChannel:
    """A message channel whose waits, bounded or not, look again every `POLL` seconds."""

    def __init__(self, channel, poll: float = POLL):
        self._channel, self._poll = channel, poll

    def __getattr__(self, name):
        return getattr(self._channel, name)

    async def get_msg(self, timeout: float | None = None):
        end = float("inf") if timeout is None else time.monotonic() + timeout
        while True:
            wait = max(0.0, min(self._poll, end - time.monotonic()))
            try:
                return await self._channel.get_msg(timeout=wait)
            except Empty:
                if time.monotonic() >= end:
                    raise


class _Client(PapermillNotebookClient):
    """papermill's client on polled channels; notes the CPU seconds of the kernel before it goes."""

    def start_new_kernel_client(self):
        client = super().start_new_kernel_client()
        client._shell_channel = PolledChannel(client.shell_channel)
        return client

    def papermill_execute_cells(self):
        _running.add(self)
        try:
            super().papermill_execute_cells()
        finally:
            _running.discard(self)
            self.nb.metadata.papermill["cpu_seconds"] = self._cpu_seconds()

    def kernel(self) -> psutil.Process:
        """The kernel's process; raises psutil.Error when it is gone."""
        return psutil.Process(getattr(self.km.provisioner, "pid", None) or -1)

    def _cpu_seconds(self) -> float | None:
        with contextlib.suppress(psutil.Error, ValueError):
            used = self.kernel().cpu_times()
            return used.user + used.system


def stop_kernels() -> None:
    """End every notebook that runs in a thread of this process; each then fails with a dead kernel."""
    for client in list(_running):
        with contextlib.suppress(psutil.Error, ValueError):
            client.kernel().kill()


class Engine(NBClientEngine):
    """Takes beside papermill's own options: `kernel_environment`, `kernel_folder`, `kernel_log`, `on_cell_executed`."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man,
        kernel_name,
        *,
        execution_timeout,
        start_timeout=60,
        kernel_environment=None,
        kernel_folder=None,
        kernel_log=None,
        on_cell_executed=None,
        **_,
    ):
        client = _Client(
            nb_man,
            kernel_name=kernel_name,
            timeout=execution_timeout,
            startup_timeout=start_timeout,
            iopub_timeout=60,
            on_cell_executed=on_cell_executed,
            log=logger,
        )
        return client.execute(env=kernel_environment, cwd=kernel_folder, stderr=kernel_log)


papermill_engines.register(NAME, Engine)
