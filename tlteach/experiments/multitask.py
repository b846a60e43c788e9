"""Practice in a learned world: a dynamics model that many tasks share (Landolfi, Thomas and Ma 2019).

Spec: task after task, a fresh policy is warmed up in the model, then real data is collected with it and the model
learns from that. At test, policies for tasks never met are warmed up without a real step (stage 0, zero shot), and go
on with real steps of their own (stages 1, 2, ...). Rivals and baselines are runs of the same configuration by another
`method`.
"""

import math
import time
from collections.abc import Iterator
from typing import Any

from tlteach import runs
from tlteach.experiments import _multitask_baselines, _multitask_joint, _multitask_practice
from tlteach.experiments._multitask_compare import AUTHORS, changes, world
from tlteach.experiments._multitask_config import (
    PRESETS,
    TEST_SEED,
    Config,
    family,
    learning,
    test_family,
    test_tasks,
)
from tlteach.experiments._multitask_outcome import Outcome
from tlteach.experiments._multitask_report import plot, scores, table
from tlteach.experiments._multitask_restore import restore, restore_maml, restore_oracle, restore_policy
from tlteach.experiments._multitask_samples import plot_samples, samples

__all__ = [
    "AUTHORS",
    "PRESETS",
    "TEST_SEED",
    "Config",
    "Outcome",
    "changes",
    "family",
    "learning",
    "plot",
    "plot_samples",
    "restore",
    "restore_maml",
    "restore_oracle",
    "restore_policy",
    "run",
    "run_name",
    "samples",
    "scores",
    "table",
    "test_family",
    "test_tasks",
    "train",
    "world",
]

RECORD = dict(tensor_bytes=400_000)
NOTHING = dict.fromkeys(
    (
        "task", "stage", "virtual_return", "real_return", "miss", "refined_virtual", "refined_real",
        "collected_return", "error_1", "error_10", "real_steps", "task_steps", "model_loss", "diverged", "criterion",
        "skipped", "best_return", "batch_return", "unadapted_return", "inner_kl", "kl", "scale",
    ),
    math.nan,
)  # fmt: skip
METHODS = {
    "model-based": _multitask_practice.steps,
    "maml": _multitask_joint.steps,
    "oracle": _multitask_joint.steps,
    "scratch": _multitask_baselines.steps,
    "optimum": _multitask_baselines.steps,
    "random": _multitask_baselines.steps,
}


def train(config: Config, checkpoint: dict | None = None) -> Iterator[runs.Record]:
    """A record after each training task, or each joint update, then after each test task of each stage; of a baseline
    after each of its updates.

    Metrics, NaN where they do not apply: task, its number; stage, of the test, NaN in training; virtual_return and
    real_return of its policy, before it learned from a real step of the task in training and in stage 0, and miss
    (`Shared.miss`); refined_*, collected_return, error_1, error_10, model_loss, diverged, criterion and skipped as in
    `algorithm.train`; real_steps of training so far; task_steps, real steps of this task so far; best_return, of the
    best actions that are known (baseline "optimum"); cpu_seconds of this process, measuring included.

    While MAML and the oracle train, real_return and miss are means over the test tasks, NaN where they were not looked
    at: of the oracle as it is, of MAML after one gradient step with task_steps real steps of each, unadapted_return
    without it. batch_return is that of the tasks that were drawn (MAML: adapted); inner_kl, how far MAML's adaptation
    goes; kl and scale of the update.

    Raises Diverged where MAML's does: the last record is then a state to go on from (see `MAML.update`).
    """
    clock = time.process_time() - (checkpoint or {}).get("cpu_seconds", 0.0)
    for step, total, metrics, model, state in METHODS[config.method](config, checkpoint):
        spent = time.process_time() - clock
        told = NOTHING | metrics | {"cpu_seconds": spent}

        def snapshot(state=state, spent=spent) -> dict[str, Any]:
            return state() | {"cpu_seconds": spent}

        yield runs.Record(step, told, model, snapshot, total, step == total)


def run_name(config: Config) -> str:
    """The name of a run among runs of the same preset: all that makes it another experiment, and the seed."""
    parts = [config.family, config.method]
    if config.method == "maml":
        parts += ["first-order"] * config.maml.first_order + [config.maml.inner] * (config.maml.inner != "vpg")
    elif config.method not in ("random", "oracle"):
        parts.append(config.optimizer)
    if config.method == "model-based":
        parts += [f"{config.dynamics.n_models}x{'x'.join(map(str, config.dynamics.hidden))}", f"{config.n_tasks}tasks"]
        parts += [f"horizon{config.fit.horizon}"] * (config.fit.horizon != 2)
        parts += [f"refine{config.refine}"] * bool(config.refine) + ["first"] * (config.fitting == "first")
        parts += ["cold"] * (not config.warm_up.iterations)
        rules = {"skip": f"skip{config.window}", "best_of": f"best{config.candidates}"}
        parts += [f"{rules[config.rule]}-{config.criterion}"] if config.rule in rules else []
    parts += [f"shifted-{config.shift}"] * (config.shift != "none")
    return "-".join([*parts, f"seed{config.seed}"])


def run(config: Config, **how: Any) -> runs.Result:
    """Train to the end and test; keyword arguments as in `runs.drive`."""
    return runs.drive("multitask", train, config, **how)
