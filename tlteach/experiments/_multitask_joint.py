"""The rivals that learn from all tasks at once, in the real world alone: MAML, and the oracle that is told the task.

Both are measured on the test tasks again and again while they train, which costs no counted steps and changes nothing:
measuring draws numbers of its own.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tlteach.errors import InvalidInput
from tlteach.experiments._multitask_config import TEST_SEED, Config, family, test_family, test_tasks
from tlteach.experiments._multitask_outcome import Outcome, Step
from tlteach.modelbased import maml, maml_adaptation, oracle
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.runs import Record

LOOKS = 24  # how often the test tasks are looked at in training, at the most; evenly on a log axis


class Joint(Outcome):
    """With the policy at the end of training, MAML's not adapted."""

    def __init__(self, policy: GaussianPolicy, tasks: Tensor, stages: int):
        super().__init__(tasks, stages)
        self.policy = policy


class Tested(NamedTuple):
    """The test tasks after a stage. returns, miss: (P,). steps: real ones of each task, so far. diverged: bool (P,)."""

    stage: int
    returns: Tensor
    miss: Tensor
    steps: int
    diverged: Tensor


class MAML:
    """`config.maml`; in a test each stage is a gradient step with `config.steps_per_task` real steps of the task."""

    def __init__(self, config: Config):
        if config.steps_per_task % family(config).horizon:  # before all training, not after it
            raise InvalidInput(
                f"MAML takes a gradient step of its test from whole episodes: {config.steps_per_task} steps are none "
                f"of {family(config).horizon}; change steps_per_task"
            )
        self.config, self.stages, self.iterations = config, config.stages, config.maml.iterations
        self.made = maml.MAML(test_family(config), config.maml, config.seed)

    def train(self, checkpoint: dict | None) -> Iterator[Record]:
        return maml.train(family(self.config), self.config.maml, checkpoint, seed=self.config.seed)

    @staticmethod
    def told(metrics: dict[str, float]) -> dict[str, float]:
        return {"batch_return": metrics["return_after"], "inner_kl": metrics["inner_kl"]}

    def look(self, state: dict[str, Tensor], seed: int) -> dict[str, float]:
        """Before and after one gradient step on each test task."""
        before, after = self.test(state, seed, 1)
        return _means(after) | {"unadapted_return": before.returns.mean().item()}

    def test(self, state: dict[str, Tensor], seed: int, stages: int) -> Iterator[Tested]:
        """Adapt from the initial policy `state` to the test tasks."""
        c = self.config
        self.made.policy.load_state_dict(state)
        self.made.generator.manual_seed(seed)
        how = dict(steps=c.steps_per_task, evaluation_episodes=c.evaluation_episodes, sample=c.act == "sample")
        for each in maml_adaptation.adapt(self.made, test_tasks(c), stages, **how):
            yield Tested(each.stage, each.returns, each.miss, each.real_steps, each.diverged)


class Oracle:
    """`config.oracle`, with the critic and the TRPO of the other methods. It takes no real steps of a test task."""

    stages = 0

    def __init__(self, config: Config):
        self.config, self.iterations = config, config.oracle.iterations
        self.made = oracle.Oracle(test_family(config), config.oracle, config.critic, config.trpo, config.seed)

    def train(self, checkpoint: dict | None) -> Iterator[Record]:
        c = self.config
        return oracle.train(family(c), c.oracle, checkpoint, critic=c.critic, trpo=c.trpo, seed=c.seed)

    @staticmethod
    def told(metrics: dict[str, float]) -> dict[str, float]:
        return {"batch_return": metrics["return"]}

    def look(self, state: dict[str, Tensor], seed: int) -> dict[str, float]:
        (now,) = self.test(state, seed, 0)
        return _means(now)

    def test(self, state: dict[str, Tensor], seed: int, stages: int) -> Iterator[Tested]:
        c, tasks = self.config, test_tasks(self.config)
        self.made.policy.load_state_dict(state)
        self.made.generator.manual_seed(seed)
        got = self.made.act(tasks, c.evaluation_episodes, c.act == "sample")
        yield Tested(0, got.returns, got.miss, 0, torch.zeros(len(tasks), dtype=torch.bool))


RIVALS = {"maml": MAML, "oracle": Oracle}


def steps(config: Config, checkpoint: dict | None) -> Iterator[Step]:
    """Update after update, then test task after test task in each stage. A test that is resumed is done again from its
    start, with the same numbers.
    """
    rival, tasks = RIVALS[config.method](config), test_tasks(config)
    total, done, trained = rival.iterations + len(tasks) * (1 + rival.stages), 0, None
    outcome = Joint(rival.made.policy, tasks, rival.stages)
    looks, seed = _looks(rival.iterations), TEST_SEED * (1 + config.seed)
    if checkpoint is not None:
        done, trained = checkpoint["step"], checkpoint["trained"]
        outcome.fill(checkpoint["outcome"])

    def state(step: int, trained: dict[str, Any]) -> dict[str, Any]:
        return {"step": step, "trained": trained, "outcome": outcome.kept()}

    if done < rival.iterations:
        for record in rival.train(trained):
            step, trained = record.step, record.checkpoint() | {"real_steps": record.metrics["real_steps"]}
            metrics = {name: record.metrics[name] for name in ("kl", "scale", "real_steps")}
            metrics |= rival.told(record.metrics)
            policy = trained[config.method]["policy"]
            outcome.policy.load_state_dict(policy)
            if step in looks:
                metrics |= rival.look(policy, seed + step)
            yield step, total, metrics, outcome, lambda step=step, trained=trained: state(step, trained)
    step = rival.iterations
    for each in rival.test(trained[config.method]["policy"], seed, rival.stages):
        for i in range(len(tasks)):
            step += 1
            if step <= done:
                continue
            outcome.real[each.stage, i] = each.returns[i]
            metrics = dict(task=float(i), stage=float(each.stage), real_return=each.returns[i].item())
            metrics |= dict(miss=each.miss[i].item(), diverged=float(each.diverged[i]))
            metrics |= dict(real_steps=trained["real_steps"], task_steps=float(each.steps))
            yield step, total, metrics, outcome, lambda step=step: state(step, trained)


def _looks(iterations: int) -> set[int]:
    """After which updates the test tasks are looked at: the first, the last, and others at equal ratios."""
    return {round(iterations ** (i / (LOOKS - 1))) for i in range(LOOKS)}


def _means(tested: Tested) -> dict[str, float]:
    told = {"real_return": tested.returns, "miss": tested.miss}
    return {name: values.mean().item() for name, values in told.items()} | {"task_steps": float(tested.steps)}
