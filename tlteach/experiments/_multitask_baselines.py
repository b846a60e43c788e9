"""What is trained on each test task by itself: from scratch in the real world, on the true dynamics, or not at all."""

from collections.abc import Iterator
from typing import Any

from tlteach.experiments._multitask_config import Config, learning, test_family, test_tasks
from tlteach.experiments._multitask_outcome import Outcome, Step
from tlteach.modelbased import baselines


def steps(config: Config, checkpoint: dict | None) -> Iterator[Step]:
    """Task after task. A run that is resumed does the updates of its task again, and goes on to the same numbers."""
    world, learn, tasks = test_family(config), learning(config, test=True), test_tasks(config)
    updates = config.baseline_updates if config.method == "scratch" else 1
    total, done = len(tasks) * updates, 0 if checkpoint is None else checkpoint["step"]
    outcome = Outcome(tasks)
    if checkpoint is not None:
        outcome.fill(checkpoint["outcome"])
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
                return {"step": step, "outcome": outcome.kept()}

            yield step, total, metrics, outcome, state
