"""Sequential multi-task training (spec 1.1): for each task a fresh policy, a warm-up in the shared model, real data."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from tlteach.modelbased import criteria
from tlteach.modelbased.critic import PolicyOptimizer
from tlteach.modelbased.learner import OPTIMIZERS, AlgorithmConfig, Shared
from tlteach.runs import Record
from tlteach.tasks.families import Family

__all__ = ["OPTIMIZERS", "AlgorithmConfig", "Shared", "train"]


@dataclass(frozen=True)
class Met:
    """A task with a fresh policy, warmed up. model_loss, diverged: of the warm-up. value: of the selection's criterion,
    NaN without one. real: real steps that it was measured by, where it needs some; nothing has learned from them yet.
    """

    task: Tensor
    optimizer: PolicyOptimizer
    model_loss: float = math.nan
    diverged: bool = False
    value: float = math.nan
    real: Any = None

    @property
    def measured(self) -> int:
        """Real steps that were spent."""
        return 0 if self.real is None else len(self.real)


def train(family: Family, config: AlgorithmConfig, checkpoint: dict | None = None) -> Iterator[Record]:
    """Algorithm 1: a record after each task; `checkpoint` is that of any of them.

    With a `config.selection` there are records of tasks that were skipped, too, or of the chosen one of several each;
    training ends when `n_tasks * steps_per_task` real steps are spent, those by which tasks were measured included.

    Metrics: task, its number in the order in which tasks are drawn; virtual_return and real_return of the policy after
    its warm-up, before any real step of this task (zero shot), and its miss (`Shared.miss`); refined_virtual and
    refined_real after `config.refine` more iterations, equal to them without; the return while collecting; error_1 and
    error_10 of the model, 1 and 10 steps ahead, in what was collected, before it learned from it; real_steps so far;
    model_loss; diverged (1 where practice had to be stopped); criterion, the value that the selection went by; skipped
    (1 where nothing was collected). What a first task has not got yet, a skipped one never, or uniform draws have no
    use for is NaN.
    """
    shared, selection, budget = Shared(family, config), config.selection, config.n_tasks * config.steps_per_task
    tasks = family.sample_tasks(config.n_tasks * (selection.most if selection else 1), config.seed)  # (., K)
    step = place = real_steps = skipped = 0  # records, tasks met, real steps, tasks skipped in a row
    values: list[float] = []  # of the criterion, on the tasks before
    if checkpoint is not None:
        shared.load_state_dict(checkpoint["shared"])
        step, place, real_steps, skipped, values = (
            checkpoint[name] for name in ("step", "place", "real_steps", "skipped", "values")
        )
    while real_steps < budget:
        several = selection.candidates if selection and selection.rule == "best_of" and step else 1
        offered = tasks[place : place + several]
        met, others, chosen = _best_of(shared, offered, budget - real_steps)
        number = place + chosen
        place += several
        skip = bool(selection) and selection.rule == "skip" and selection.skips(met.value, values, skipped)
        if math.isfinite(met.value):
            values = [*values, met.value][-selection.window :]
        skipped = skipped + 1 if skip else 0
        virtual, real, miss = refined = shared.returns(met.optimizer.policy, met.task)
        for each in (met, *others):
            if each.real is not None:  # paid for
                shared.learn(each.real, met.optimizer.policy)  # which goes on
                real_steps += each.measured
        steps = 0 if skip else min(config.steps_per_task - met.measured, budget - real_steps)
        collected, errors, loss, diverged = math.nan, None, met.model_loss, met.diverged
        if steps > 0:
            collected, errors = shared.collect(met.optimizer.policy, met.task, steps)
            real_steps += steps
        if config.refine and not skip:
            loss, again = shared.practise(met.optimizer, met.task, config.refine)
            diverged |= again
            refined = shared.returns(met.optimizer.policy, met.task)
        step += 1
        metrics = {
            "task": float(number),
            "virtual_return": virtual,
            "real_return": real,
            "miss": miss,
            "refined_virtual": refined.virtual,
            "refined_real": refined.real,
            "collected_return": collected,
            "error_1": math.nan if errors is None else errors[0].item(),
            "error_10": math.nan if errors is None else errors[9].item(),
            "real_steps": float(real_steps),
            "model_loss": loss,
            "diverged": float(diverged),
            "criterion": met.value,
            "skipped": float(skip),
        }
        at = {"step": step, "place": place, "real_steps": real_steps, "skipped": skipped, "values": values}

        def snapshot(at: dict = at) -> dict[str, Any]:
            return {"shared": shared.state_dict(), **at}

        left = -(-(budget - real_steps) // config.steps_per_task)  # tasks, if none of them is skipped
        yield Record(step, metrics, shared.model, snapshot, step + left, real_steps >= budget)


def _best_of(shared: Shared, tasks: Tensor, budget: int) -> tuple[Met, list[Met], int]:
    """The task to go on with, the others, and its number among them, of (W, K): rule B.

    Each is warmed up from the model and the value as they are now; afterwards they are as the warm-up on the chosen one
    left them.
    """
    if len(tasks) == 1:
        return _meet(shared, tasks[0], budget), [], 0
    before, met, after = _learned(shared), [], []
    for task in tasks:
        shared.fitter.load_state_dict(before["fitter"])
        shared.critic.load_state_dict(before["critic"])
        met.append(_meet(shared, task, budget - sum(each.measured for each in met)))
        after.append(_learned(shared))
    best = shared.config.selection.best([each.value for each in met])
    shared.fitter.load_state_dict(after[best]["fitter"])
    shared.critic.load_state_dict(after[best]["critic"])
    return met[best], met[:best] + met[best + 1 :], best


def _learned(shared: Shared) -> dict[str, Any]:
    return {"fitter": shared.fitter.state_dict(), "critic": shared.critic.state_dict()}


def _meet(shared: Shared, task: Tensor, budget: int) -> Met:
    """Warm up a fresh policy on task (K,); nothing is learned from real steps. budget: of real steps, to measure by."""
    optimizer, practice, selection = shared.fresh(), [], shared.config.selection
    if not len(shared.buffer):  # the first task: there is no model yet
        return Met(task, optimizer)
    iterations = shared.config.warm_up.iterations
    loss, diverged = shared.practise(optimizer, task, iterations, practice.append)
    if selection is None or diverged:
        return Met(task, optimizer, loss, diverged)
    real = None
    if selection.criterion.startswith("real"):
        steps = min(selection.episodes * shared.family.horizon, budget)
        if not steps:
            return Met(task, optimizer, loss, diverged)
        real = shared.episodes(optimizer.policy, task, steps)
    value = criteria.value(selection.criterion, shared, optimizer.policy, task, practice, real)
    return Met(task, optimizer, loss, diverged, value, real)
