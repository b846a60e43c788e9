"""The oracle: one policy that is told the task, trained jointly over the task distribution in the real world.

Finn et al. 2017 compare with it: psi is appended to the observation. The optimiser is TRPO as it is, on real rollouts.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import BadFile
from tlteach.modelbased.critic import Critic, CriticConfig
from tlteach.modelbased.normaliser import Normaliser
from tlteach.modelbased.policies import GaussianPolicy, Value
from tlteach.modelbased.real_rollouts import RealRollout, real_rollouts
from tlteach.modelbased.trpo import TRPO, TRPOConfig
from tlteach.modelbased.virtual import Rollout
from tlteach.runs import Record
from tlteach.tasks.families import Family


@dataclass(frozen=True)
class OracleConfig:
    """Sizes of the authors' MAML, and their oracle's 1,000 iterations.

    iterations: of TRPO.
    tasks, episodes: in each, tasks drawn anew, and trajectories of each.
    hidden, activation, log_std: of the policy.

    Raises InvalidInput for values that cannot be used.
    """

    iterations: int = 1000
    tasks: int = 40
    episodes: int = 20
    hidden: tuple[int, ...] = (100, 100)
    activation: str = "relu"
    log_std: float = 0.0

    def __post_init__(self):
        checks.whole(1, iterations=self.iterations, tasks=self.tasks, episodes=self.episodes)


class Oracle:
    """A policy on observations with the task appended, its value, and TRPO. Both inputs are normalised as they come in.

    policy: obs and task (..., obs_size + task_size) -> distribution of actions.
    """

    def __init__(self, family: Family, config: OracleConfig, critic: CriticConfig, trpo: TRPOConfig, seed: int = 0):
        self.family, self.config = family, config
        self.generator = torch.Generator().manual_seed(seed)
        size = family.obs_size + family.task_size
        self.normaliser = Normaliser(size)
        options = dict(hidden=tuple(config.hidden), activation=config.activation, log_std=config.log_std)
        self.policy = GaussianPolicy(size, family.action_size, self.normaliser, self.generator, **options)
        self.critic = Critic(Value(size, self.normaliser, self.generator), critic)
        self.trpo = TRPO(self.policy, self.critic, trpo)

    def update(self, tasks: Tensor) -> dict[str, float]:
        """Real steps in tasks (P, K), all learned from at once: metrics of `train`, but what counts its iterations.

        The running moments take the new steps in before TRPO looks at them, so that its "old" policy is not quite the
        one that acted (on the point mass 0.001 to 0.004 nats away, beside steps of 0.02). Taken in afterwards, they
        would move the improved policy by as much, outside of the trust region; that undid one of four trials of TRPO
        from scratch on the point mass.

        Raises InvalidInput for an empty list or tasks outside the family.
        """
        got = self.act(tasks, self.config.episodes)
        rollout = joint(got.rollout, tasks)
        self.normaliser.update(rollout.obs)
        found = self.trpo.improve(rollout, self.generator)
        metrics = {name: found[name].item() for name in ("kl", "improvement", "scale", "entropy", "value_loss")}
        return {"return": got.returns.mean().item(), "miss": got.miss.mean().item(), **metrics}

    @torch.no_grad()
    def act(self, tasks: Tensor, episodes: int, sample: bool = True) -> RealRollout:
        """Real trajectories in tasks (P, K), `episodes` of each; by mean actions without `sample`."""
        told = tasks.repeat_interleave(episodes, 0)  # (P N, K)
        draws = self.generator if sample else None

        def choose(obs: Tensor) -> Tensor:  # (P N, O) -> (P N, A)
            return self.policy(torch.cat([obs, told], -1)).sample(draws)

        return real_rollouts(self.family, tasks, choose, episodes, self.generator)

    def state_dict(self) -> dict[str, Any]:
        """A copy of all from which training goes on."""
        policy = {name: value.clone() for name, value in self.policy.state_dict().items()}
        return {"policy": policy, "critic": self.critic.state_dict(), "generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` gave. Raises BadFile when it is of another family or of networks of other sizes."""
        try:
            self.policy.load_state_dict(state["policy"])
            self.critic.load_state_dict(state["critic"])
            self.generator.set_state(state["generator"])
        except (RuntimeError, KeyError, ValueError) as error:
            raise BadFile(
                f"the stored policy is no oracle of {self.family.name} with layers {tuple(self.config.hidden)}: {error}"
                ". Take the family and the configuration that it was stored with"
            ) from error


def joint(rollout: Rollout, tasks: Tensor) -> Rollout:
    """Rollouts of P tasks (P, T, N, ...) as those of one policy that is told the task: (T, P N, ...)."""

    def together(x: Tensor) -> Tensor:
        return x.transpose(0, 1).flatten(1, 2)

    told = tasks[:, None, None].expand(*rollout.reward.shape, -1)  # (P, T, N, K)
    obs, next_obs = (torch.cat([x, told], -1) for x in (rollout.obs, rollout.next_obs))
    return Rollout(
        together(obs), together(rollout.action), together(next_obs), together(rollout.reward), together(rollout.done),
        together(rollout.boundary),
    )  # fmt: skip


def train(
    family: Family,
    config: OracleConfig,
    checkpoint: dict | None = None,
    *,
    critic: CriticConfig | None = None,
    trpo: TRPOConfig | None = None,
    seed: int = 0,
) -> Iterator[Record]:
    """A record after each update; `checkpoint` is that of any of them.

    Metrics: return and miss in the tasks that were drawn, before the update; kl, improvement, scale and entropy of
    `TRPO.step`; value_loss; real_steps so far, of all tasks; cpu_seconds of this process.
    """
    oracle, step = Oracle(family, config, critic or CriticConfig(), trpo or TRPOConfig(), seed), 0
    clock = time.process_time()
    if checkpoint is not None:
        oracle.load_state_dict(checkpoint["oracle"])
        step, clock = checkpoint["step"], clock - checkpoint["cpu_seconds"]
    each = config.tasks * config.episodes * family.horizon
    while step < config.iterations:
        metrics = oracle.update(family.sample_tasks(config.tasks, oracle.generator))
        step += 1
        spent = time.process_time() - clock
        metrics |= {"real_steps": float(step * each), "cpu_seconds": spent}

        def snapshot(step: int = step, spent: float = spent) -> dict[str, Any]:
            return {"oracle": oracle.state_dict(), "step": step, "cpu_seconds": spent}

        yield Record(step, metrics, oracle.policy, snapshot, config.iterations, step == config.iterations)
