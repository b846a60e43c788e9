"""Adaptation at test (spec 1.1): a fresh policy practises in the model (stage 0), then learns from its own real steps.

Stage 0 needs no real step of the task: many tasks practise as one batch of policies over one stream of model fitting,
all from the same model, buffer and value. From stage 1 on each task has its own copy of all three.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.modelbased.buffer import Transitions
from tlteach.modelbased.copies import pick, spread
from tlteach.modelbased.critic import PolicyOptimizer
from tlteach.modelbased.learner import AlgorithmConfig, Shared
from tlteach.tasks.families import Family


@dataclass(frozen=True)
class Adapted:
    """One task after one stage.

    stage: 0 after the warm-up, then 1, 2, ... task: its number.
    virtual, real, miss: its policy in the model and in the world, measured together, see `learner.Returns`.
    real_steps: of this task, so far. model_loss: of the last fit. diverged: whether practice had to be stopped.
    policy: `state_dict` of the policy.
    """

    stage: int
    task: int
    virtual: float
    real: float
    miss: float
    real_steps: int
    model_loss: float
    diverged: bool
    policy: dict[str, Tensor]


class Adaptation:
    """Adapts to tasks; iterate over `steps()`. After each step `state_dict()` is where another one may go on.

    Args:
        family, config: as they were in training. The policy practises `config.warm_up.iterations` in every stage, and
            each stage after the first begins with `config.steps_per_task` real steps.
        start: `Shared.state_dict()` at the end of training.
        tasks: (P, K).
        n_stages: after stage 0.
        device: see `Shared`.

    Raises InvalidInput for tasks outside the family's range; BadFile where `start` is of other networks.
    """

    def __init__(
        self,
        family: Family,
        config: AlgorithmConfig,
        start: dict[str, Any],
        tasks: Tensor,
        n_stages: int = 4,
        device=None,
    ):
        checks.whole(0, n_stages=n_stages)
        self.tasks = family.check_tasks(tasks, dims=2)
        if not len(self.tasks):
            raise InvalidInput("there are no tasks to adapt to; pass (P, K) tasks, P at least 1")
        self.family, self.config, self.start, self.n_stages, self.device = family, config, start, n_stages, device
        Shared(family, config, device=device).load_state_dict(start)  # does it fit?
        self.step, self.learners = 0, []  # learners: state of each task

    def __len__(self) -> int:
        """Steps in all: each task in each stage."""
        return len(self.tasks) * (1 + self.n_stages)

    def steps(self) -> Iterator[Adapted]:
        """Task after task in stage 0 (their practice is done at once, before the first), then in stage 1, ..."""
        if not self.learners:
            self.learners = self._warmed_up()
        while self.step < len(self):
            stage, i = divmod(self.step, len(self.tasks))
            adapted = self._stage(stage, i)
            self.step += 1
            yield adapted

    def state_dict(self) -> dict[str, Any]:
        """From here `steps()` goes on to the same numbers."""
        return {"step": self.step, "learners": list(self.learners)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.step, self.learners = state["step"], list(state["learners"])

    def _warmed_up(self) -> list[dict[str, Any]]:
        """The states of all tasks after stage 0."""
        P, start = len(self.tasks), self.start
        all_at_once = Shared(self.family, self.config, n=P, device=self.device)
        all_at_once.load_state_dict(start | {"critic": spread(start["critic"], P)})
        optimizer = all_at_once.fresh()
        loss, diverged = all_at_once.practise(optimizer, self.tasks, self.config.warm_up.iterations)
        seeds = torch.randint(2**62, (P,), generator=all_at_once.generator).tolist()
        if diverged and P > 1:  # one policy must not stop the others: each by itself, from the same start
            return [self._alone(i, seed) for i, seed in enumerate(seeds)]
        critic, policy, state = all_at_once.critic.state_dict(), optimizer.policy.state_dict(), optimizer.state_dict()
        shared = dict(fitter=all_at_once.fitter.state_dict(), model_loss=loss, diverged=diverged, rows=None)
        return [
            shared
            | dict(critic=pick(critic, i), policy=pick(policy, i), optimizer=pick(state, i), generator=_source(seed))
            for i, seed in enumerate(seeds)
        ]

    def _alone(self, i: int, seed: int) -> dict[str, Any]:
        shared = Shared(self.family, self.config, device=self.device)
        shared.load_state_dict(self.start | {"generator": _source(seed)})
        optimizer = shared.fresh()
        loss, diverged = shared.practise(optimizer, self.tasks[i], self.config.warm_up.iterations)
        return _kept(shared, optimizer, None, loss, diverged)

    def _stage(self, stage: int, i: int) -> Adapted:
        """Let task i go through a stage and measure it."""
        kept, task, steps = self.learners[i], self.tasks[i], self.config.steps_per_task
        shared, optimizer = self._restored(kept)
        loss, diverged, rows = kept["model_loss"], kept["diverged"], kept["rows"]
        if stage:
            shared.collect(optimizer.policy, task)
            new = shared.buffer.latest(steps)
            rows = _joined(rows, vars(new))
            loss, diverged = shared.practise(optimizer, task, self.config.warm_up.iterations)
        returns = shared.returns(optimizer.policy, task)
        self.learners[i] = _kept(shared, optimizer, rows, loss, diverged)
        policy = self.learners[i]["policy"]
        return Adapted(stage, i, *returns, stage * steps, loss, diverged, policy)

    def _restored(self, kept: dict[str, Any]) -> tuple[Shared, PolicyOptimizer]:
        """A task's own model, buffer (the common one and its own rows), value and policy."""
        shared = Shared(self.family, self.config, device=self.device)
        shared.load_state_dict(kept | {"buffer": self.start["buffer"]})
        if kept["rows"] is not None:
            shared.buffer.add(Transitions(**kept["rows"]))
        source, shared.generator = shared.generator, torch.Generator()  # the fresh policy is overwritten
        optimizer = shared.fresh()
        shared.generator = source
        optimizer.policy.load_state_dict(kept["policy"])
        optimizer.load_state_dict(kept["optimizer"])
        return shared, optimizer


def _kept(shared: Shared, optimizer: PolicyOptimizer, rows, loss: float, diverged: bool) -> dict[str, Any]:
    """All that a task goes on from."""
    return {
        "fitter": shared.fitter.state_dict(),
        "critic": shared.critic.state_dict(),
        "policy": {k: v.clone() for k, v in optimizer.policy.state_dict().items()},
        "optimizer": optimizer.state_dict(),
        "generator": shared.generator.get_state(),
        "rows": rows,
        "model_loss": loss,
        "diverged": diverged,
    }


def _source(seed: int) -> Tensor:
    return torch.Generator().manual_seed(seed).get_state()


def _joined(old: dict[str, Tensor] | None, new: dict[str, Tensor]) -> dict[str, Tensor]:
    return dict(new) if old is None else {name: torch.cat([old[name], new[name]]) for name in new}
