"""Sequential multi-task training (spec 1.1): for each task a fresh policy, a warm-up in the shared model, real data."""

from collections.abc import Iterator
from typing import Any

from tlteach.modelbased.learner import OPTIMIZERS, AlgorithmConfig, Shared
from tlteach.runs import Record
from tlteach.tasks.families import Family

__all__ = ["OPTIMIZERS", "AlgorithmConfig", "Shared", "train"]


def train(family: Family, config: AlgorithmConfig, checkpoint: dict | None = None) -> Iterator[Record]:
    """Algorithm 1: a record after each task; `checkpoint` is that of any of them.

    Metrics: virtual_return and real_return of the policy after its warm-up, before any real step of this task (zero
    shot), and its miss (`Shared.miss`); refined_virtual and refined_real after `config.refine` more iterations, equal
    to them without; the return while collecting; error_1 and error_10 of the model, 1 and 10 steps ahead, in what was
    collected, before it learned from it; real_steps collected so far; model_loss; diverged (1 where practice had to be
    stopped). What a first task has not got yet is NaN.
    """
    shared, step = Shared(family, config), 0
    tasks = family.sample_tasks(config.n_tasks, config.seed)  # (n_tasks, K)
    if checkpoint is not None:
        shared.load_state_dict(checkpoint["shared"])
        step = checkpoint["step"]
    while step < config.n_tasks:
        task, optimizer = tasks[step], shared.fresh()
        loss, diverged = float("nan"), False
        if step > 0:
            loss, diverged = shared.practise(optimizer, task, config.warm_up.iterations)
        virtual, real, miss = refined = shared.returns(optimizer.policy, task)
        collected, errors = shared.collect(optimizer.policy, task)
        if config.refine:
            loss, again = shared.practise(optimizer, task, config.refine)
            diverged |= again
            refined = shared.returns(optimizer.policy, task)
        step += 1
        metrics = {
            "virtual_return": virtual,
            "real_return": real,
            "miss": miss,
            "refined_virtual": refined.virtual,
            "refined_real": refined.real,
            "collected_return": collected,
            "error_1": errors[0].item(),
            "error_10": errors[9].item(),
            "real_steps": float(step * config.steps_per_task),
            "model_loss": loss,
            "diverged": float(diverged),
        }

        def snapshot(step: int = step) -> dict[str, Any]:
            return {"shared": shared.state_dict(), "step": step}

        yield Record(step, metrics, shared.model, snapshot, config.n_tasks, step == config.n_tasks)
