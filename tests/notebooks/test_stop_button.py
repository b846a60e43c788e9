"""The kernel's stop button, in a real kernel: a training run ends, and what it has computed is there."""

import time

import pytest
from jupyter_client.manager import start_new_kernel

TRAIN = """
import torch; torch.set_num_threads(1)
from tlteach.experiments import patterns
config = patterns.Config.preset("compare", "lstm", hidden_size=64, record_every=1)
result = patterns.run(config, progress=False, on_record=lambda record: print("record", record.step, flush=True))
"""


def printed(client, code, until=None, timeout=60):
    """What `code` prints, until it is done, or has printed `until`."""
    request, text, end = client.execute(code), "", time.monotonic() + timeout
    while time.monotonic() < end:
        message = client.get_iopub_msg(timeout=timeout)
        if message["parent_header"].get("msg_id") != request:
            continue
        content = message["content"]
        text += content.get("text", "") + "\n".join(content.get("traceback", []))
        if until and until in text or content.get("execution_state") == "idle":
            return text
    raise TimeoutError(f"after {timeout} s only this: {text}")


@pytest.mark.notebook
def test_the_stop_button_ends_training_and_keeps_its_result():
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        printed(client, TRAIN, until="record 3")
        manager.interrupt_kernel()
        told = printed(client, "print(result.provenance.complete, len(result.metrics['step']), len(result.tensors))")
        complete, steps, tensors = told.split()
        assert complete == "False" and int(steps) >= 3 and tensors == "6"  # four of the LSTM and two of its readout
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
