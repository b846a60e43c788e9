"""Practice in a learned world: a dynamics model that many tasks share (Landolfi, Thomas and Ma 2019).

Spec: task after task, a fresh policy is warmed up in the model, then real data is collected with it and the model
learns from that. At test, policies for tasks never met are warmed up without a real step (stage 0, zero shot), and go
on with real steps of their own (stages 1, 2, ...). Baselines are runs of the same configuration by another `method`.
"""

import math
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from tlteach import runs
from tlteach.errors import BadFile, InvalidInput
from tlteach.experiments._multitask_config import (
    PRESETS,
    TEST_SEED,
    Config,
    family,
    learning,
    test_family,
    test_tasks,
)
from tlteach.experiments._multitask_report import plot, scores, table
from tlteach.modelbased import algorithm, baselines, copies
from tlteach.modelbased.adaptation import Adaptation
from tlteach.modelbased.learner import AHEAD, Shared, misfit
from tlteach.modelbased.policies import GaussianPolicy

__all__ = [
    "PRESETS",
    "TEST_SEED",
    "Config",
    "Outcome",
    "family",
    "learning",
    "plot",
    "restore",
    "restore_policy",
    "run",
    "run_name",
    "scores",
    "table",
    "test_family",
    "test_tasks",
    "train",
]

RECORD = dict(tensor_bytes=400_000)
NOTHING = dict.fromkeys(
    (
        "task", "stage", "virtual_return", "real_return", "miss", "refined_virtual", "refined_real",
        "collected_return", "error_1", "error_10", "real_steps", "task_steps", "model_loss", "diverged", "criterion",
        "skipped", "best_return",
    ),
    math.nan,
)  # fmt: skip


class Outcome(nn.Module):
    """What a run leaves behind, as a module whose `state_dict` is kept.

    model, value: of the last moment of training. policies: those of the test tasks after the last stage, (P, ...).
    tasks: (P, K). virtual, real: (stages + 1, P) returns of these tasks; NaN for what was not run.
    errors: (AHEAD,) of the model on episodes of the warmed-up test policies, 1, 2, ... steps ahead.
    """

    def __init__(self, shared: Shared, tasks: Tensor, stages: int):
        super().__init__()
        self.model, self.value = shared.model, shared.critic.value
        self.policies: list[dict[str, Tensor]] = []
        self.register_buffer("tasks", tasks)
        for name in ("virtual", "real"):
            self.register_buffer(name, torch.full((stages + 1, len(tasks)), torch.nan))
        self.register_buffer("errors", torch.full((AHEAD,), torch.nan))

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        own = super().state_dict(*args, **kwargs)
        names = [name for name in (self.policies[0] if self.policies else ()) if not name.startswith(copies.SHARED)]
        return own | {f"policies.{name}": torch.stack([each[name] for each in self.policies]) for name in names}


def train(config: Config, checkpoint: dict | None = None) -> Iterator[runs.Record]:
    """A record after each training task, then after each test task of each stage; or after each update of a baseline.

    Metrics, NaN where they do not apply: task, its number; stage, of the test, NaN in training; virtual_return and
    real_return of its policy, before it learned from a real step of the task in training and in stage 0, and miss
    (`Shared.miss`); refined_*, collected_return, error_1, error_10, model_loss, diverged, criterion and skipped as in
    `algorithm.train`; real_steps of training so far; task_steps, real steps of this task so far; best_return, of the
    best actions that are known (baseline "optimum"); cpu_seconds of this process, measuring included.
    """
    clock = time.process_time() - (checkpoint or {}).get("cpu_seconds", 0.0)
    train = _model_based if config.method == "model-based" else _baseline
    for step, total, metrics, model, state in train(config, checkpoint):
        spent = time.process_time() - clock
        told = NOTHING | metrics | {"cpu_seconds": spent}

        def snapshot(state=state, spent=spent) -> dict[str, Any]:
            return state() | {"cpu_seconds": spent}

        yield runs.Record(step, told, model, snapshot, total, step == total)


Step = tuple[int, int, dict[str, float], nn.Module, Any]


def _model_based(config: Config, checkpoint: dict | None) -> Iterator[Step]:
    tasks, world = test_tasks(config), test_family(config)
    tests = len(tasks) * (1 + config.stages)
    trained = None if checkpoint is None else checkpoint["trained"]
    shared = Shared(world, learning(config, test=True))
    outcome = Outcome(shared, tasks, config.stages)
    if trained is None or trained["real_steps"] < config.n_tasks * config.steps_per_task:
        for record in algorithm.train(family(config), learning(config), trained):
            metrics = record.metrics | {"task": record.step - 1.0, "task_steps": 0.0}
            trained = record.checkpoint()  # a copy: testing begins from it, whatever happens to the model
            shared.load_state_dict(trained["shared"])
            yield record.step, record.total + tests, metrics, outcome, lambda trained=trained: {"trained": trained}
    shared.load_state_dict(trained["shared"])
    adaptation = Adaptation(world, learning(config, test=True), trained["shared"], tasks, config.stages)
    if checkpoint is not None and "test" in checkpoint:
        adaptation.load_state_dict(checkpoint["test"])
        _fill(outcome, checkpoint["outcome"])
    for each in adaptation.steps():
        outcome.virtual[each.stage, each.task], outcome.real[each.stage, each.task] = each.virtual, each.real
        outcome.policies = [learner["policy"] for learner in adaptation.learners]
        if adaptation.step == len(tasks):
            outcome.errors = _errors(config, outcome, shared)
        metrics = {
            **{name: float(getattr(each, name)) for name in ("task", "stage", "miss", "model_loss", "diverged")},
            **dict(virtual_return=each.virtual, real_return=each.real, task_steps=float(each.real_steps)),
            "real_steps": float(trained["real_steps"]),
        }

        def state() -> dict[str, Any]:
            kept = {name: getattr(outcome, name).clone() for name in ("virtual", "real", "errors")}
            return {"trained": trained, "test": adaptation.state_dict(), "outcome": kept}

        yield trained["step"] + adaptation.step, trained["step"] + tests, metrics, outcome, state


def _fill(outcome: Outcome, kept: dict[str, Tensor]) -> None:
    for name, value in kept.items():
        getattr(outcome, name).copy_(value)


def _errors(config: Config, outcome: Outcome, shared: Shared) -> Tensor:
    """How far ahead the model sees where the warmed-up policies go: the mean over the test tasks, (AHEAD,)."""
    measured = Shared(shared.family, shared.config)  # numbers of its own: what is measured changes nothing
    measured.model.load_state_dict(shared.model.state_dict())
    policies = [_policy(measured, state) for state in outcome.policies]
    errors = [measured.errors(measured.episodes(*each)) for each in zip(policies, outcome.tasks, strict=True)]
    return torch.stack(errors).nanmean(0)


def _policy(shared: Shared, state: dict[str, Tensor]) -> GaussianPolicy:
    policy = shared.fresh().policy
    policy.load_state_dict(state, strict=False)  # the moments are the model's
    return policy


def _baseline(config: Config, checkpoint: dict | None) -> Iterator[Step]:
    """Task after task. A run that is resumed does the updates of its task again, and goes on to the same numbers."""
    world, learn, tasks = test_family(config), learning(config, test=True), test_tasks(config)
    updates = config.baseline_updates if config.method == "scratch" else 1
    total, done = len(tasks) * updates, 0 if checkpoint is None else checkpoint["step"]
    outcome = Outcome(Shared(world, learn), tasks, 0)
    if checkpoint is not None:
        _fill(outcome, checkpoint["outcome"])
    for i in range(done // updates, len(tasks)):
        if config.method == "scratch":
            practised = baselines.from_scratch(world, learn, tasks[i], updates)
        elif config.method == "optimum":
            practised = iter([baselines.optimum(world, learn, tasks[i], config.baseline_updates)])
        else:
            practised = iter([baselines.untrained(world, learn, tasks[i])])
        for update, each in enumerate(practised, 1):
            step = i * updates + update
            if step <= done:
                continue
            outcome.real[0, i] = each.real
            metrics = dict(task=float(i), stage=0.0, real_return=each.real, miss=each.miss)
            metrics |= dict(real_steps=0.0, task_steps=float(each.real_steps))
            if config.method == "optimum":
                starts = world.resets(config.evaluation_episodes, config.seed)
                metrics["best_return"] = baselines.best_return(world, each.policy, tasks[i], starts).mean().item()

            def state(step: int = step) -> dict[str, Any]:
                return {"step": step, "outcome": {"real": outcome.real.clone()}}

            yield step, total, metrics, outcome, state


def run_name(config: Config) -> str:
    """The name of a run among runs of the same preset: all that makes it another experiment, and the seed."""
    parts = [config.family, config.method]
    if config.method != "random":
        parts.append(config.optimizer)
    if config.method == "model-based":
        parts += [f"{config.dynamics.n_models}x{'x'.join(map(str, config.dynamics.hidden))}", f"{config.n_tasks}tasks"]
        parts += [f"horizon{config.fit.horizon}"] * (config.fit.horizon != 2)
        parts += [f"refine{config.refine}"] * bool(config.refine) + ["first"] * (config.fitting == "first")
        rules = {"skip": f"skip{config.window}", "best_of": f"best{config.candidates}"}
        parts += [f"{rules[config.rule]}-{config.criterion}"] if config.rule in rules else []
    parts += [f"shifted-{config.shift}"] * (config.shift != "none")
    return "-".join([*parts, f"seed{config.seed}"])


def run(config: Config, **how: Any) -> runs.Result:
    """Train to the end and test; keyword arguments as in `runs.drive`."""
    return runs.drive("multitask", train, config, **how)


def restore(result: runs.Result) -> Shared:
    """The model and the value of a result, ready for `fresh` and `practise` in the family that it was tested on; the
    buffer is empty.

    Raises InvalidInput when only curves were recorded, BadFile when the networks are not those of its configuration.
    """
    config = _config(result)
    shared = Shared(test_family(config), learning(config, test=True))
    try:
        shared.model.load_state_dict(_part(result, "model."))
        shared.critic.value.load_state_dict(_part(result, "value."))
    except RuntimeError as error:
        raise BadFile(misfit(shared.family, shared.config, error)) from error
    return shared


def restore_policy(result: runs.Result, i: int = 0) -> GaussianPolicy:
    """The policy of test task `i` after the last stage. Raises as `restore` does, and InvalidInput for another task."""
    shared, n = restore(result), len(result.tensors["tasks"])
    if i not in range(n):
        raise InvalidInput(f"there are policies of the test tasks 0 to {n - 1}, got {i}")
    states = _part(result, "policies.")
    if not states:
        raise InvalidInput("this result holds no policies: the run ended before its tests, or it is a baseline")
    return _policy(shared, {name: value[i] for name, value in states.items()})


def _part(result: runs.Result, prefix: str) -> dict[str, Tensor]:
    if not result.tensors:
        raise InvalidInput("this result holds no networks, only curves; run it again")
    single = {k: v.float() if v.is_floating_point() else v for k, v in result.tensors.items()}
    return {k.removeprefix(prefix): v for k, v in single.items() if k.startswith(prefix)}


def _config(result: runs.Result) -> Config:
    """The configuration from the plain data that is stored."""
    default, stored = Config(), dict(result.config)
    for name, value in stored.items():
        if isinstance(value, dict):
            stored[name] = type(getattr(default, name))(**value)
    return Config(**stored)
