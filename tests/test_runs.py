"""Runs are driven, stopped, resumed and stored without losing or changing a number."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from tlteach import files, paths, runs
from tlteach.errors import BadFile, InvalidInput
from tlteach.experiments import maze
from tlteach.runs import driving, folder, result


@dataclass(frozen=True)
class Config:
    steps: int = 12
    rate: float = 0.1
    seed: int = 3


def train(config, checkpoint=None):
    """A random walk of one parameter: any lost or repeated random number changes it."""
    model = torch.nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.zero_(), model.bias.zero_()
    generator, step = torch.Generator().manual_seed(config.seed), 0
    if checkpoint:
        model.load_state_dict(checkpoint["model"])
        generator.set_state(checkpoint["generator"])
        step = checkpoint["step"]
    while step < config.steps:
        with torch.no_grad():
            model.weight += config.rate * torch.randn(1, 1, generator=generator)
        step += 1

        def state(step=step):
            return {"model": model.state_dict(), "generator": generator.get_state(), "step": step}

        done = step == config.steps
        yield runs.Record(step, {"weight": model.weight.item()}, model, state, config.steps, done)


def drive(config=Config(), **how):
    return runs.drive("walk", train, config, progress=False, **how)


def test_the_result_holds_every_record_and_the_trained_tensors():
    result = drive()
    assert result.metrics["step"].tolist() == list(range(1, 13))
    assert result.metrics["weight"][-1] == pytest.approx(result.tensors["weight"].item())
    assert result.provenance.complete and result.provenance.seed == 3 and result.provenance.torch == torch.__version__


def test_a_result_survives_saving_and_loading(tmp_path):
    result = drive()
    loaded = runs.Result.load(result.save(tmp_path / "deep" / "result.safetensors"))
    assert loaded.config == result.config and loaded.provenance == result.provenance
    for name, curve in result.metrics.items():
        np.testing.assert_array_equal(loaded.metrics[name], curve)
    assert torch.equal(loaded.tensors["weight"], result.tensors["weight"])


@pytest.fixture(autouse=True)
def interruptible():
    """As in a terminal; a shell that starts the tests in the background has them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_run_killed_at_any_record_resumes_to_the_same_numbers(tmp_path):
    whole = drive()

    class Killed(BaseException):
        pass

    def kill_at(step):
        def watch(record):
            if record.step == step:
                raise Killed

        return watch

    for step in (1, 5, 9, 11):
        with pytest.raises(Killed):
            drive(folder=tmp_path, on_record=kill_at(step), checkpoint_seconds=0.0)
    resumed = drive(folder=tmp_path)
    np.testing.assert_array_equal(resumed.metrics["weight"], whole.metrics["weight"])
    assert drive(folder=tmp_path).metrics["weight"].tolist() == whole.metrics["weight"].tolist()  # stored, not rerun


def test_the_stop_button_keeps_what_was_computed_and_the_run_goes_on_later(tmp_path):
    whole = drive()

    def press_stop(record):
        if record.step == 4:
            os.kill(os.getpid(), signal.SIGINT)

    stopped = drive(folder=tmp_path, on_record=press_stop)
    assert not stopped.provenance.complete
    assert stopped.metrics["step"].tolist() == [1, 2, 3, 4]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    np.testing.assert_array_equal(drive(folder=tmp_path).metrics["weight"], whole.metrics["weight"])


def test_a_stop_at_the_last_record_comes_too_late_to_matter(tmp_path):
    def press_stop(record):
        if record.done:
            os.kill(os.getpid(), signal.SIGINT)

    result = drive(folder=tmp_path, on_record=press_stop, checkpoint_seconds=0.0)
    assert result.provenance.complete and len(result.tensors) == 2
    assert len(drive(folder=tmp_path).tensors) == 2


def test_a_full_disk_does_not_cost_the_run(tmp_path, monkeypatch):
    def full(*_):
        raise BadFile("no space left")

    for module in (folder, result):
        monkeypatch.setattr(module, "write_atomic", full)
    with pytest.warns(UserWarning, match="no space left"):
        kept = drive(folder=tmp_path, checkpoint_seconds=0.0)
    np.testing.assert_array_equal(kept.metrics["weight"], drive().metrics["weight"])


def test_pressing_stop_twice_interrupts_at_once():
    def press_twice(record):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        drive(on_record=press_twice)


def test_a_folder_of_another_configuration_is_refused_and_left_alone(tmp_path):
    first = drive(folder=tmp_path)
    with pytest.raises(InvalidInput, match="rate"):
        drive(Config(rate=0.2), folder=tmp_path)
    np.testing.assert_array_equal(drive(folder=tmp_path).metrics["weight"], first.metrics["weight"])


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"{" + b, lambda b: b[:8]])
def test_a_damaged_result_is_named(tmp_path, damage):
    path = drive().save(tmp_path / "result.safetensors")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadFile, match="result.safetensors"):
        runs.Result.load(path)


def test_a_missing_result_says_how_to_make_one(tmp_path):
    with pytest.raises(BadFile, match="--record"):
        runs.Result.load(tmp_path / "none.safetensors")


def test_a_safetensors_file_of_someone_else_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(BadFile, match="not a readable tlteach result"):
        runs.Result.load(tmp_path / "other.safetensors")


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / runs.CHECKPOINT).write_bytes(b"not a checkpoint")
    with pytest.raises(BadFile, match="start afresh"):
        drive(folder=tmp_path)


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    path = files.write_atomic(tmp_path / "kept.txt", "precious")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(BadFile, match="No space left on device.*untouched"):
        files.write_atomic(path, "new")
    assert path.read_text() == "precious" and list(tmp_path.iterdir()) == [path]


def test_a_shrunk_result_keeps_the_ends_of_its_curves_and_small_networks():
    result = drive(Config(steps=50))
    small = runs.shrink(result, points=7)
    assert len(small.metrics["step"]) == 7
    assert small.metrics["step"][[0, -1]].tolist() == [1, 50]
    assert small.tensors["weight"].dtype == torch.float16
    assert runs.shrink(result, tensor_bytes=3).tensors == {}


def test_an_experiment_chooses_which_tensors_are_shipped_and_how_large(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "recorded_folder", lambda: tmp_path)
    tensors = {name: torch.ones(200, 200) for name in ("embedding.0.weight", "embedding.1.bias", "head.weight")}
    large = replace(drive(), tensors=tensors | {"embedding.steps": torch.ones(2, dtype=torch.int64)})
    assert runs.shrink(large).tensors == {}  # 240 kB in half precision
    chosen = runs.shrink(large, tensors=("embedding.*",), tensor_bytes=160_016).tensors
    assert sorted(chosen) == ["embedding.0.weight", "embedding.1.bias", "embedding.steps"]
    assert runs.shrink(large, tensors=("embedding.*",), tensor_bytes=160_015).tensors == {}
    path = runs.record(large, "large", tensors=("head.weight",), tensor_bytes=10**6)
    assert list(runs.Result.load(path).tensors) == ["head.weight"]


def test_recorded_runs_are_found_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "recorded_folder", lambda: tmp_path)
    runs.record(drive(), "slow-seed3"), runs.record(drive(Config(seed=4)), "slow-seed4")
    assert [r.config["seed"] for r in runs.recorded("walk", "slow-*").values()] == [3, 4]
    with pytest.raises(BadFile, match="tlteach run walk --record"):
        runs.recorded("walk", "fast-*")


def test_one_recorded_run_never_replaces_another(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "recorded_folder", lambda: tmp_path)
    runs.record(drive(), "walk-seed3")
    with pytest.raises(InvalidInput, match="walk-seed3 is the recorded run of another .*differs in rate, steps.*LABEL"):
        runs.record(drive(Config(steps=13, rate=0.2)), "walk-seed3")
    assert runs.record(drive(), "walk-seed3").is_file()  # the same run again
    assert runs.recorded("walk")["walk-seed3"].config["rate"] == 0.1


def test_a_fingerprint_is_the_configurations_own():
    configs = [Config(steps, rate, seed) for steps in (1, 2) for rate in (1.0, 2.0) for seed in (1, 2)]
    assert len({runs.fingerprint(config) for config in configs}) == 8
    assert runs.fingerprint(Config()) == runs.fingerprint(Config()) == runs.fingerprint(runs.plain(Config()))
    assert runs.fingerprint(Config()) == "328870e8", "folders of earlier runs are found again"


def test_the_source_of_real_data_is_kept(tmp_path):
    assert drive(data="digits of pi, sha256 3141").save(tmp_path / "result") and drive().provenance.data == ""
    assert runs.Result.load(tmp_path / "result").provenance.data == "digits of pi, sha256 3141"


def test_half_a_run_is_not_recorded():
    result = drive()
    stopped = replace(result, provenance=replace(result.provenance, complete=False))
    with pytest.raises(InvalidInput, match="stopped"):
        runs.record(stopped, "half")


def test_a_run_on_other_data_is_not_gone_on_with(tmp_path):
    mine = folder.RunFolder(tmp_path, "demo", {"seed": 0}, data="archive A")
    mine.save([], {}, 1.0, ["abc1234"])
    with pytest.raises(InvalidInput, match="archive A.*archive B"):
        folder.RunFolder(tmp_path, "demo", {"seed": 0}, data="archive B").resume()
    assert mine.resume()[2:] == (1.0, ["abc1234"])


def test_a_run_that_another_commit_goes_on_with_names_both(tmp_path, monkeypatch):
    def stop(record):
        if record.step == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(driving, "commit", lambda: "first00")
    with pytest.raises(KeyboardInterrupt):
        drive(folder=tmp_path, on_record=stop, checkpoint_seconds=0)
    monkeypatch.setattr(driving, "commit", lambda: "second0")
    assert drive(folder=tmp_path).provenance.commit == "first00; second0"


LIVING = """
from tlteach.experiments import maze
config = maze.Config.preset("smoke", episodes=1600)
maze.run(config, folder={folder!r}, progress=False, checkpoint_seconds=0)
"""


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2])
def test_a_process_that_is_killed_loses_nothing_that_was_kept(delay, tmp_path):
    """Not an exception but the end of the process, in the middle of whatever it does: the same command goes on."""
    command = [sys.executable, "-c", LIVING.format(folder=str(tmp_path))]
    killed = subprocess.Popen(command)
    while not (tmp_path / "checkpoint.pt").exists():
        assert killed.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    time.sleep(delay)
    killed.kill()
    killed.wait()
    assert not (tmp_path / "result.safetensors").exists()
    config = maze.Config.preset("smoke", episodes=1600)
    resumed, whole = (maze.run(config, folder=where, progress=False) for where in (tmp_path, None))
    for name in whole.metrics.keys() - {"cpu_seconds"}:
        np.testing.assert_array_equal(resumed.metrics[name], whole.metrics[name])
    for name, tensor in whole.tensors.items():
        assert torch.equal(resumed.tensors[name], tensor)
