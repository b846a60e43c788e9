"""Sequential multi-task training (spec 1.1): for each task a fresh policy, a warm-up in the shared model, real data."""

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from tlteach import checks
from tlteach.modelbased.buffer import ReplayBuffer, Transitions
from tlteach.modelbased.critic import Critic, CriticConfig, PolicyOptimizer
from tlteach.modelbased.dynamics import Dynamics, DynamicsConfig
from tlteach.modelbased.exploration import explorer
from tlteach.modelbased.fitting import FitConfig, Fitter
from tlteach.modelbased.policies import GaussianPolicy, Value
from tlteach.modelbased.ppo import PPO, PPOConfig
from tlteach.modelbased.shac import SHAC, SHACConfig
from tlteach.modelbased.trpo import TRPO, TRPOConfig
from tlteach.modelbased.virtual import Diverged, learned_world
from tlteach.modelbased.warm_up import WarmUpConfig, warm_up
from tlteach.runs import Record
from tlteach.tasks.families import Family, collect

OPTIMIZERS = {TRPOConfig: TRPO, PPOConfig: PPO, SHACConfig: SHAC}


@dataclass(frozen=True)
class AlgorithmConfig:
    """The defaults are the authors' final setting.

    n_tasks: training tasks, drawn in advance from the seed.
    steps_per_task: real steps collected on each.
    refine: iterations of warm-up after the collection, on the same task; the authors' earlier variant had 20.
    evaluation_episodes: real episodes that measure the policy after its warm-up; they teach nothing.
    capacity: of the replay buffer.
    hidden, log_std: of the policy.
    optimizer: the configuration of TRPO, PPO or SHAC.

    Raises InvalidInput for values that cannot be used.
    """

    n_tasks: int = 100
    steps_per_task: int = 4000
    refine: int = 0
    evaluation_episodes: int = 20
    capacity: int = 200_000
    hidden: tuple[int, ...] = (32, 32)
    log_std: float = 0.0
    dynamics: DynamicsConfig = field(default_factory=DynamicsConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    critic: CriticConfig = field(default_factory=CriticConfig)
    optimizer: TRPOConfig | PPOConfig | SHACConfig = field(default_factory=TRPOConfig)
    warm_up: WarmUpConfig = field(default_factory=WarmUpConfig)
    seed: int = 0

    def __post_init__(self):
        checks.whole(0, refine=self.refine, seed=self.seed)
        counts = ("n_tasks", "steps_per_task", "evaluation_episodes", "capacity")
        checks.whole(1, **{name: getattr(self, name) for name in counts})
        checks.choice("kind of optimizer", type(self.optimizer), tuple(OPTIMIZERS))


class Shared:
    """What goes from task to task: the model with its Adam, the buffer, the value with its Adam, the generator."""

    def __init__(self, family: Family, config: AlgorithmConfig):
        self.family, self.config = family, config
        self.generator = torch.Generator().manual_seed(config.seed)
        O, A = family.obs_size, family.action_size
        self.fitter = Fitter(Dynamics(O, A, config.dynamics, self.generator), config.fit)
        self.buffer = ReplayBuffer(O, A, config.capacity)
        self.critic = Critic(Value(O, self.model.obs_norm, self.generator), config.critic)

    @property
    def model(self) -> Dynamics:
        return self.fitter.model

    def fresh(self) -> PolicyOptimizer:
        """An optimiser with a random policy."""
        c, family = self.config, self.family
        options = dict(hidden=c.hidden, log_std=c.log_std)
        policy = GaussianPolicy(family.obs_size, family.action_size, self.model.obs_norm, self.generator, **options)
        return OPTIMIZERS[type(c.optimizer)](policy, self.critic, c.optimizer)

    def practise(self, optimizer: PolicyOptimizer, task: Tensor, iterations: int) -> tuple[float, bool]:
        """Warm-up; returns the model's last loss (mean of the members) and whether practice diverged."""
        config = WarmUpConfig(**(vars(self.config.warm_up) | {"iterations": iterations}))
        for step in warm_up(self.fitter, self.buffer, optimizer, self.family, task, config, self.generator):
            last = step
        return last.model_loss.mean().item(), bool(last.diverged)

    def collect(self, policy: GaussianPolicy, task: Tensor) -> float:
        """Real steps with exploration noise, into the buffer and the running moments; returns their mean return."""
        got = collect(self.family, task, explorer(policy, self.generator), self.config.steps_per_task, self.generator)
        new = Transitions(got.obs, got.action.clamp(-1, 1), got.next_obs, got.terminated | got.truncated)
        self.buffer.add(new)
        self.model.observe(new)
        return got.returns().mean().item()

    def returns(self, policy: GaussianPolicy, task: Tensor) -> tuple[float, float]:
        """Virtual and real return of the policy's samples, without exploration noise; nothing is learned from them.

        The virtual one is NaN where the model diverges, or before it has seen any data.
        """
        family, c, virtual = self.family, self.config, float("nan")
        start = family.resets(c.evaluation_episodes, self.generator)
        if len(self.buffer):
            options = dict(scheme=c.warm_up.scheme, clip_margin=c.warm_up.clip_margin)
            world = learned_world(self.model, family, task, **options)
            with contextlib.suppress(Diverged):
                virtual = world.rollout(policy, start, family.horizon, self.generator).total.item()
        steps = c.evaluation_episodes * family.horizon
        real = collect(family, task, explorer(policy, self.generator, sigma=0.0), steps, self.generator)
        return virtual, real.returns().mean().item()

    def state_dict(self) -> dict[str, Any]:
        """A copy of everything from which training goes on to the same numbers."""
        return {
            "fitter": self.fitter.state_dict(),
            "buffer": copy.deepcopy(self.buffer.state_dict()),
            "critic": self.critic.state_dict(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.fitter.load_state_dict(state["fitter"])
        self.buffer.load_state_dict(state["buffer"])
        self.critic.load_state_dict(state["critic"])
        self.generator.set_state(state["generator"])


def train(family: Family, config: AlgorithmConfig, checkpoint: dict | None = None) -> Iterator[Record]:
    """Algorithm 1: a record after each task; `checkpoint` is that of any of them.

    Metrics: virtual_return and real_return of the policy after its warm-up, before any real step of this task (zero
    shot); refined_virtual and refined_real after `config.refine` more iterations, equal to them without; the return
    while collecting; real_steps collected so far; model_loss; diverged (1 where practice had to be stopped). What a
    first task has not got yet is NaN.
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
        virtual, real = shared.returns(optimizer.policy, task)
        collected = shared.collect(optimizer.policy, task)
        refined = virtual, real
        if config.refine:
            loss, again = shared.practise(optimizer, task, config.refine)
            diverged |= again
            refined = shared.returns(optimizer.policy, task)
        step += 1
        metrics = {
            "virtual_return": virtual,
            "real_return": real,
            "refined_virtual": refined[0],
            "refined_real": refined[1],
            "collected_return": collected,
            "real_steps": float(step * config.steps_per_task),
            "model_loss": loss,
            "diverged": float(diverged),
        }

        def snapshot(step: int = step) -> dict[str, Any]:
            return {"shared": shared.state_dict(), "step": step}

        yield Record(step, metrics, shared.model, snapshot, config.n_tasks, step == config.n_tasks)
