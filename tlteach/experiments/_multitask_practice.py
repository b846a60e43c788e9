"""The method of the paper as a run: Algorithm 1, then the test tasks in their stages; and what it leaves behind."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from tlteach.experiments._multitask_config import Config, family, learning, test_family, test_tasks
from tlteach.experiments._multitask_outcome import Outcome, Step
from tlteach.modelbased import algorithm, copies
from tlteach.modelbased.adaptation import Adaptation
from tlteach.modelbased.learner import AHEAD, Shared
from tlteach.modelbased.policies import GaussianPolicy


class Practised(Outcome):
    """With a model.

    model, value: of the last moment of training. policies: those of the test tasks after the last stage, (P, ...).
    virtual: (stages + 1, P) returns of the test tasks in the model; NaN for what was not run.
    errors: (AHEAD,) of the model on episodes of the warmed-up test policies, 1, 2, ... steps ahead.
    """

    measured = ("virtual", "real", "errors")

    def __init__(self, shared: Shared, tasks: Tensor, stages: int):
        super().__init__(tasks, stages)
        self.model, self.value = shared.model, shared.critic.value
        self.policies: list[dict[str, Tensor]] = []
        self.register_buffer("virtual", torch.full_like(self.real, torch.nan))
        self.register_buffer("errors", torch.full((AHEAD,), torch.nan))

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        own = super().state_dict(*args, **kwargs)
        names = [name for name in (self.policies[0] if self.policies else ()) if not name.startswith(copies.SHARED)]
        return own | {f"policies.{name}": torch.stack([each[name] for each in self.policies]) for name in names}


def steps(config: Config, checkpoint: dict | None) -> Iterator[Step]:
    """Training task after training task, then test task after test task in each stage."""
    tasks, world = test_tasks(config), test_family(config)
    tests = len(tasks) * (1 + config.stages)
    trained = None if checkpoint is None else checkpoint["trained"]
    shared = Shared(world, learning(config, test=True))
    outcome = Practised(shared, tasks, config.stages)
    if trained is None or trained["real_steps"] < config.n_tasks * config.steps_per_task:
        for record in algorithm.train(family(config), learning(config), trained):
            metrics = record.metrics | {"task_steps": 0.0}
            trained = record.checkpoint()  # a copy: testing begins from it, whatever happens to the model
            shared.load_state_dict(trained["shared"])
            yield record.step, record.total + tests, metrics, outcome, lambda trained=trained: {"trained": trained}
    shared.load_state_dict(trained["shared"])
    adaptation = Adaptation(world, learning(config, test=True), trained["shared"], tasks, config.stages)
    if checkpoint is not None and "test" in checkpoint:
        adaptation.load_state_dict(checkpoint["test"])
        outcome.fill(checkpoint["outcome"])
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
            return {"trained": trained, "test": adaptation.state_dict(), "outcome": outcome.kept()}

        yield trained["step"] + adaptation.step, trained["step"] + tests, metrics, outcome, state


def _errors(config: Config, outcome: Practised, shared: Shared) -> Tensor:
    """How far ahead the model sees where the warmed-up policies go: the mean over the test tasks, (AHEAD,)."""
    measured = Shared(shared.family, shared.config)  # numbers of its own: what is measured changes nothing
    measured.model.load_state_dict(shared.model.state_dict())
    policies = [own_policy(measured, state) for state in outcome.policies]
    errors = [measured.errors(measured.episodes(*each)) for each in zip(policies, outcome.tasks, strict=True)]
    return torch.stack(errors).nanmean(0)


def own_policy(shared: Shared, state: dict[str, Tensor]) -> GaussianPolicy:
    """A policy that sees through the moments of the shared model."""
    policy = shared.fresh().policy
    policy.load_state_dict(state, strict=False)  # the moments are the model's
    return policy
