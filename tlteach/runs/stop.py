"""The stop button: an interrupt that waits until the state of a run is whole."""

import signal
import threading


class StopRequest:
    """Turns the first interrupt into a request that is honoured between two records, where the state is whole."""

    def __init__(self):
        self.requested = False

    def __enter__(self) -> "StopRequest":
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
