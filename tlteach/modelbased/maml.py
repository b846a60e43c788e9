"""MAML for reinforcement learning (Finn et al. 2017): an initial policy from which a gradient step adapts to a task.

As its authors' program does it (cbfinn/maml_rl): real trajectories of each task, a step of policy gradient on each,
real trajectories of the adapted policies, one TRPO step on the initial one. Trajectories of all tasks are one batch;
the steps are taken task by task, which on a CPU is faster (see `maml_outer.Adapted`).
The value is a linear baseline, fitted to each task's trajectories anew; what comes after the horizon counts nothing.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import BadFile, Diverged
from tlteach.modelbased.copies import spread
from tlteach.modelbased.critic import Batch
from tlteach.modelbased.fisher import read, write
from tlteach.modelbased.linear_baseline import linear_baseline
from tlteach.modelbased.maml_inner import InnerStep, Loss
from tlteach.modelbased.maml_outer import Adapted, outer_step
from tlteach.modelbased.normaliser import Normaliser
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.modelbased.real_rollouts import RealRollout, check_list, real_rollouts
from tlteach.modelbased.returns import discounted_returns, gae
from tlteach.modelbased.trpo import TRPOConfig
from tlteach.modelbased.virtual import Rollout
from tlteach.runs import Record
from tlteach.tasks.families import Family

LIMIT = 1e4  # KL of an inner step, in nats, beyond which it has diverged


@dataclass(frozen=True)
class MAMLConfig:
    """The defaults are the authors' for robots; for the point in the plane they had fast_lr 0.5 and 100 iterations.

    iterations: of the outer loop, one TRPO step each.
    tasks, episodes: in each, tasks drawn anew, and trajectories of each task before and after its adaptation.
    fast_lr: size of the inner gradient step.
    inner: its loss, "vpg" (vanilla policy gradient, the authors') or "ppo".
    inner_steps: steps of adaptation, each with new trajectories. epochs: gradient steps on the same trajectories; for
        "ppo".
    first_order: leave out the second derivatives of the adaptation.
    gamma, lam: discount, and lambda of the advantage estimates.
    hidden, activation, log_std: of the policy.
    max_kl, cg_steps, damping, backtracks, fisher_every: of the outer step, see `TRPOConfig`.
    test_lr: size of the first gradient step at test; the later ones are half of it.

    Raises InvalidInput for values that cannot be used.
    """

    iterations: int = 800
    tasks: int = 40
    episodes: int = 20
    fast_lr: float = 0.1
    inner: str = "vpg"
    inner_steps: int = 1
    epochs: int = 1
    first_order: bool = False
    gamma: float = 0.99
    lam: float = 1.0
    hidden: tuple[int, ...] = (100, 100)
    activation: str = "relu"
    log_std: float = 0.0
    max_kl: float = 0.01
    cg_steps: int = 10
    damping: float = 1e-5
    backtracks: int = 15
    fisher_every: int = 1
    test_lr: float = 0.1

    def __post_init__(self):
        counts = ("iterations", "tasks", "episodes", "inner_steps", "epochs")
        checks.whole(1, **{name: getattr(self, name) for name in counts})
        checks.positive(fast_lr=self.fast_lr, test_lr=self.test_lr)
        checks.share(gamma=self.gamma, lam=self.lam)
        checks.choice("inner loss", self.inner, ("vpg", "ppo"))
        checks.choice("activation", self.activation, ("relu", "tanh"))
        self.trpo()

    def trpo(self) -> TRPOConfig:
        """Of the outer step."""
        names = ("max_kl", "cg_steps", "damping", "backtracks", "fisher_every")
        return TRPOConfig(entropy_coefficient=0.0, **{name: getattr(self, name) for name in names})


class MAML:
    """An initial policy that is being meta-trained.

    policy: the initial one. generator: of everything that is drawn.
    """

    def __init__(self, family: Family, config: MAMLConfig, seed: int = 0):
        self.family, self.config = family, config
        self.generator = torch.Generator().manual_seed(seed)
        self.policy = self._policy(None)

    def _policy(self, n: int | None) -> GaussianPolicy:
        c, sizes = self.config, (self.family.obs_size, self.family.action_size)
        options = dict(hidden=tuple(c.hidden), activation=c.activation, log_std=c.log_std, n=n)
        drawn = self.generator if n is None else torch.Generator()  # copies are overwritten
        return GaussianPolicy(*sizes, Normaliser(sizes[0]), drawn, **options)

    def copies(self, n: int) -> GaussianPolicy:
        """n policies at the initial one."""
        made = self._policy(n)
        made.load_state_dict(spread(self.policy.state_dict(), n))
        return made

    @torch.no_grad()
    def update(self, tasks: Tensor) -> dict[str, float]:
        """An outer step on tasks (P, K): metrics of `train`, but what counts its iterations.

        Raises InvalidInput for an empty list or tasks outside the family; Diverged as `outer_step` does, and where an
        inner step diverges. The initial policy and the generator are then as they were.
        """
        c, start = self.config, self.generator.get_state()
        tasks = check_list(self.family, tasks)
        policies, chains, acted, kls = [self.copies(1) for _ in tasks], [[] for _ in tasks], [], []
        try:
            for _ in range(c.inner_steps):
                acted.append(self.act(policies, tasks, c.episodes))
                steps, kl = self.adapt(policies, acted[-1].rollout, c.fast_lr, differentiable=True)
                _check(kl, c.fast_lr)
                chains = [before + new for before, new in zip(chains, steps, strict=True)]
                kls.append(kl)
            acted.append(self.act(policies, tasks, c.episodes))
            batches = split(advantages(acted[-1].rollout, c.gamma, c.lam))
            trpo, parts = c.trpo(), zip(policies, chains, batches, strict=True)
            found = outer_step(self.policy, [Adapted(*part, trpo, c.first_order) for part in parts], trpo)
        except Diverged:
            self.generator.set_state(start)
            raise
        return {
            "return_before": acted[0].returns.mean().item(),
            "return_after": acted[-1].returns.mean().item(),
            "miss": acted[-1].miss.mean().item(),
            "inner_kl": torch.stack(kls).mean().item(),
            "log_std": self.policy.log_std.mean().item(),
            **found,
        }

    def act(self, policies: Sequence[GaussianPolicy], tasks: Tensor, episodes: int, sample: bool = True) -> RealRollout:
        """Real trajectories of each policy in its task, `episodes` of them; by mean actions without `sample`."""
        together = self.copies(len(policies))
        write(together, torch.cat([read(policy) for policy in policies]))
        draws = self.generator if sample else None

        def choose(obs: Tensor) -> Tensor:  # (P N, O) -> (P N, A)
            return together(obs.unflatten(0, (len(policies), -1))).sample(draws).flatten(0, 1)

        return real_rollouts(self.family, tasks, choose, episodes, self.generator)

    def adapt(
        self, policies: Sequence[GaussianPolicy], rollout: Rollout, rate: float, *, differentiable: bool = False
    ) -> tuple[list[list[InnerStep]], Tensor]:
        """The gradient steps of adaptation of each policy (n=1) on its trajectories, of the rollout (P, T, N, ...).

        Returns the steps of each, and how far they went: the mean KL from before to after, (P,).
        """
        c, found, kls = self.config, [], []
        batches = split(advantages(rollout, c.gamma, c.lam))
        for policy, batch in zip(policies, batches, strict=True):
            before = policy(batch.obs).detach()
            acted = before.log_prob(batch.action)
            found.append([InnerStep(batch, acted, Loss(c.inner), rate, c.fisher_every) for _ in range(c.epochs)])
            for step in found[-1]:
                step(policy, differentiable=differentiable)
            kls.append(before.kl(policy(batch.obs)).mean())
        return found, torch.stack(kls)

    def state_dict(self) -> dict[str, Any]:
        """A copy of all from which training goes on."""
        policy = {name: value.clone() for name, value in self.policy.state_dict().items()}
        return {"policy": policy, "generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` gave. Raises BadFile when it is of another family or of a network of other sizes."""
        try:
            self.policy.load_state_dict(state["policy"])
            self.generator.set_state(state["generator"])
        except (RuntimeError, KeyError) as error:
            raise BadFile(
                f"the stored policy is not one of {self.family.name} with layers {tuple(self.config.hidden)}: {error}. "
                "Take the family and the configuration that it was stored with"
            ) from error


@torch.no_grad()
def advantages(rollout: Rollout, gamma: float, lam: float) -> Batch:
    """Of the linear baseline, each task's with mean 0 and std 1: a batch of B = T N samples, (P, B, ...)."""
    zero = torch.zeros_like(rollout.reward)
    target = discounted_returns(rollout.reward, zero, rollout.done, rollout.boundary, gamma)  # (P, T, N)
    value = linear_baseline(rollout.obs, target, rollout.boundary)
    later = torch.cat([value[..., 1:, :], zero[..., :1, :]], -2)
    advantage = gae(
        rollout.reward, value, torch.where(rollout.boundary, 0.0, later), rollout.done, rollout.boundary, gamma, lam
    )
    advantage, target = advantage.flatten(-2), target.flatten(-2)
    std, mean = torch.std_mean(advantage, -1, keepdim=True)
    obs, action = rollout.obs.flatten(-3, -2), rollout.action.flatten(-3, -2)
    return Batch(obs, action, (advantage - mean) / (std + 1e-8), target)


def split(batch: Batch) -> list[Batch]:
    """(P, B, ...) into P of (1, B, ...)."""
    return [Batch(*parts) for parts in zip(*(x.split(1) for x in vars(batch).values()), strict=True)]


def _check(kl: Tensor, rate: float) -> None:
    bad = (~(kl < LIMIT)).nonzero()[:, 0].tolist()  # NaN is bad
    if bad:
        raise Diverged(
            f"the inner step of size {rate:g} diverged on {len(bad)} of {len(kl)} tasks (numbers {bad[:5]}): it moved "
            f"the policy by a KL of {kl[bad[0]].item():.3g} nats, expected less than {LIMIT:g}. The initial policy is "
            "as it was before this iteration; a smaller fast_lr may help"
        )


def train(family: Family, config: MAMLConfig, checkpoint: dict | None = None, *, seed: int = 0) -> Iterator[Record]:
    """A record after each outer step; `checkpoint` is that of any of them.

    Metrics: return_before and return_after the adaptation, of the tasks that were drawn, before the outer step; miss
    after the adaptation; inner_kl, how far it moved the policies; kl, improvement and scale of the outer step (0: none
    was good enough); log_std; real_steps so far, of all tasks; cpu_seconds of this process.

    Raises Diverged, see `MAML.update`: the last record is then a state to go on from.
    """
    maml, step = MAML(family, config, seed), 0
    clock = time.process_time()
    if checkpoint is not None:
        maml.load_state_dict(checkpoint["maml"])
        step, clock = checkpoint["step"], clock - checkpoint["cpu_seconds"]
    each = config.tasks * config.episodes * family.horizon * (config.inner_steps + 1)
    while step < config.iterations:
        metrics = maml.update(family.sample_tasks(config.tasks, maml.generator))
        step += 1
        spent = time.process_time() - clock
        metrics |= {"real_steps": float(step * each), "cpu_seconds": spent}
        state = {
            "maml": maml.state_dict(),
            "step": step,
            "cpu_seconds": spent,
        }  # small, and complete if the next diverges
        yield Record(
            step, metrics, maml.policy, lambda state=state: state, config.iterations, step == config.iterations
        )
