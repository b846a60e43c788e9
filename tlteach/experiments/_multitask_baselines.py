"""What is trained on each test task by itself: from scratch in the real world, on the true dynamics, or not at all."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from tlteach.experiments._multitask_config import Config, learning, test_family, test_tasks
from tlteach.experiments._multitask_practice import Step, fill
from tlteach.modelbased import baselines


class Outcome(nn.Module):
    """What is kept of a baseline. tasks: (P, K) of the test. real: (1, P) their returns; NaN for what was not run."""

    def __init__(self, tasks: Tensor):
        super().__init__()
        self.register_buffer("tasks", tasks)
        self.register_buffer("real", torch.full((1, len(tasks)), torch.nan))


def steps(config: Config, checkpoint: dict | None) -> Iterator[Step]:
    """Task after task. A run that is resumed does the updates of its task again, and goes on to the same numbers."""
    world, learn, tasks = test_family(config), learning(config, test=True), test_tasks(config)
    updates = config.baseline_updates if config.method == "scratch" else 1
    total, done = len(tasks) * updates, 0 if checkpoint is None else checkpoint["step"]
    outcome = Outcome(tasks)
    if checkpoint is not None:
        fill(outcome, checkpoint["outcome"])
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
