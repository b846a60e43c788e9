"""What goes from task to task (spec 1.1): the model with its Adam, the buffer, the value; and what uses them."""

import copy
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tlteach import checks
from tlteach.errors import BadFile
from tlteach.modelbased.buffer import ReplayBuffer, Transitions
from tlteach.modelbased.critic import Critic, CriticConfig, PolicyOptimizer
from tlteach.modelbased.dynamics import Dynamics, DynamicsConfig
from tlteach.modelbased.exploration import explorer
from tlteach.modelbased.fitting import FitConfig, Fitter, error_by_horizon
from tlteach.modelbased.policies import GaussianPolicy, Value, keep_actions
from tlteach.modelbased.ppo import PPO, PPOConfig
from tlteach.modelbased.selection import SelectionConfig
from tlteach.modelbased.shac import SHAC, SHACConfig
from tlteach.modelbased.trpo import TRPO, TRPOConfig
from tlteach.modelbased.virtual import LeftBounds, learned_world
from tlteach.modelbased.warm_up import WarmUpConfig, WarmUpStep, warm_up
from tlteach.tasks.families import Family, collect, collecting

OPTIMIZERS = {TRPOConfig: TRPO, PPOConfig: PPO, SHACConfig: SHAC}
AHEAD = 20  # steps for which the model's error is told
RUINED = 100.0  # mean error of a step of a member that diverged, in spreads of the change; of one that knows nothing: 1


@dataclass(frozen=True)
class AlgorithmConfig:
    """The defaults are the authors' final setting.

    n_tasks: training tasks, drawn in advance from the seed.
    steps_per_task: real steps collected on each.
    refine: iterations of warm-up after the collection, on the same task; the authors' earlier variant had 20.
    evaluation_episodes: real episodes that measure the policy after its warm-up; they teach nothing.
    act: how the policy is measured: "sample", as the authors do, or by its "mean".
    capacity: of the replay buffer.
    hidden, log_std: of the policy.
    optimizer: the configuration of TRPO, PPO or SHAC.
    selection: of the tasks that get real steps; None collects on each of them, as they come. With it, the budget is as
        large, `n_tasks * steps_per_task` real steps, but which tasks they are taken on is up to a rule.

    Raises InvalidInput for values that cannot be used.
    """

    n_tasks: int = 100
    steps_per_task: int = 4000
    refine: int = 0
    evaluation_episodes: int = 20
    act: str = "sample"
    capacity: int = 200_000
    hidden: tuple[int, ...] = (32, 32)
    log_std: float = 0.0
    dynamics: DynamicsConfig = field(default_factory=DynamicsConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    critic: CriticConfig = field(default_factory=CriticConfig)
    optimizer: TRPOConfig | PPOConfig | SHACConfig = field(default_factory=TRPOConfig)
    warm_up: WarmUpConfig = field(default_factory=WarmUpConfig)
    selection: SelectionConfig | None = None
    seed: int = 0

    def __post_init__(self):
        checks.whole(0, refine=self.refine, seed=self.seed)
        counts = ("n_tasks", "steps_per_task", "evaluation_episodes", "capacity")
        checks.whole(1, **{name: getattr(self, name) for name in counts})
        checks.choice("act", self.act, ("sample", "mean"))
        checks.choice("kind of optimizer", type(self.optimizer), tuple(OPTIMIZERS))
        if self.selection:
            self.selection.check(self.n_tasks, self.dynamics.n_models, self.warm_up.iterations)


class Returns(NamedTuple):
    """virtual, real: return of a policy in the model and in the world. The virtual one is NaN where the model diverges,
    or before it has seen any data. miss: see `Shared.miss`.
    """

    virtual: float
    real: float
    miss: float


class Shared:
    """What goes from task to task: the model with its Adam, the buffer, the value with its Adam, the generator.

    Args:
        family, config: the tasks, and how they are learned.
        n: number of policies (and values) that practise at once in the one model, or None for a single one.
        device: of networks and buffer; numbers are drawn on the CPU, so that a seed means the same everywhere.
    """

    def __init__(self, family: Family, config: AlgorithmConfig, n: int | None = None, device=None):
        self.family, self.config, self.n, self.device = family, config, n, checks.device(device)
        self.generator = torch.Generator().manual_seed(config.seed)
        O, A = family.obs_size, family.action_size
        self.fitter = Fitter(Dynamics(O, A, config.dynamics, self.generator, device=device), config.fit)
        self.buffer = ReplayBuffer(O, A, config.capacity, device=device)
        value = Value(O, self.model.obs_norm, self.generator, n=n, device=device)
        self.critic = Critic(value, config.critic)

    @property
    def model(self) -> Dynamics:
        return self.fitter.model

    def fresh(self) -> PolicyOptimizer:
        """An optimiser with a random policy (or n of them)."""
        c, family = self.config, self.family
        options = dict(hidden=c.hidden, log_std=c.log_std, n=self.n, device=self.device)
        policy = GaussianPolicy(family.obs_size, family.action_size, self.model.obs_norm, self.generator, **options)
        return OPTIMIZERS[type(c.optimizer)](policy, self.critic, c.optimizer)

    def practise(
        self,
        optimizer: PolicyOptimizer,
        task: Tensor,
        iterations: int,
        watch: Callable[[WarmUpStep], None] = lambda step: None,
    ) -> tuple[float, bool]:
        """Warm-up on task (K,), or (n, K); returns the model's last loss (mean of the members), and did it diverge?
        `watch` is called with the record of each iteration. Without an iteration nothing happens: (NaN, False).

        Practice that diverged has ended early, with the last good policy; a RuntimeWarning says why. Where the model
        or one of its members is ruined (see `RUINED`), model and value are put back to what they were before, and that
        counts as diverged, too: states that are cut to the range of the data would hide it. What the policy has learned
        by then it keeps.
        """
        if not iterations:
            return math.nan, False
        before, value = self.fitter.state_dict(), self.critic.state_dict()
        config = replace(self.config.warm_up, iterations=iterations)
        task = task.to(self.device)
        for step in warm_up(self.fitter, self.buffer, optimizer, self.family, task, config, self.generator):
            last = step
            watch(step)
        if last.diverged:
            warnings.warn(f"task {task.tolist()}: {last.diverged}", RuntimeWarning, stacklevel=2)
        ruined = not self._worst_error() < RUINED  # NaN is not
        if ruined:
            self.fitter.load_state_dict(before)
            self.critic.load_state_dict(value)  # it has learned from what the model imagined
            told = "fitting the model diverged; it is as it was before this task. A smaller learning rate may help"
            warnings.warn(f"task {task.tolist()}: {told}", RuntimeWarning, stacklevel=2)
        return last.model_loss.mean().item(), ruined or bool(last.diverged)

    @torch.no_grad()
    def _worst_error(self) -> float:
        """Of the members: mean error of a step, in spreads of the change; a sample that costs the run no draw."""
        draws = torch.Generator(self.generator.device).manual_seed(0)
        steps = self.buffer.sample((self.model.n_models, self.config.fit.batch_size), 1, draws)
        delta, _ = self.model(steps.obs[0], steps.action[0])  # (E, B, O)
        true = (steps.next_obs[0] - steps.obs[0] - self.model.delta_norm.mean) / self.model.delta_norm.std
        return (delta - true).square().mean(-1).sqrt().mean(-1).max().item()

    def collect(self, policy: GaussianPolicy, task: Tensor, steps: int | None = None) -> tuple[float, Tensor]:
        """Real steps of one policy with exploration noise, into the buffer and the running moments: as many as the
        configuration says, or `steps`. The policy acts afterwards as before (see `learn`).

        Returns their mean return, and how far off the model was in them 1, 2, ... `AHEAD` steps ahead before it
        learned from them, (AHEAD,): the mean of the members of `fitting.error_by_horizon`.
        """
        got = self._act(policy, task, self.config.steps_per_task if steps is None else steps, sigma=0.3)
        errors = self.errors(got)
        self.learn(got, policy)
        return got.returns().mean().item(), errors

    def learn(self, got: collecting.Transitions, policy: GaussianPolicy | None = None) -> None:
        """`add` real steps as `tlteach.tasks.families.collect` gives them. `policy`, one that is to go on, acts as it
        did although the moments that it looks through have moved.
        """
        norm = self.model.obs_norm
        mean, std = norm.mean.clone(), norm.std.clone()
        self.add(Transitions(got.obs, got.action.clamp(-1, 1), got.next_obs, got.terminated | got.truncated))
        if policy is not None:
            keep_actions(policy, mean, std)

    def add(self, new: Transitions) -> None:
        """Real steps into the buffer and the running moments of the model."""
        new = Transitions(*(x.to(self.device) for x in vars(new).values()))
        self.buffer.add(new)
        self.model.observe(new)

    def errors(self, got: collecting.Transitions) -> Tensor:
        """Of the model in real steps (as `tlteach.tasks.families.collect` gives them), see `collect`: (AHEAD,).

        NaN without a model, or without an episode of full length.
        """
        H = self.family.horizon
        whole = got.complete & (got.episode.bincount(minlength=len(got.complete)) == H)
        if not int(self.model.obs_norm.count) or not whole.any():
            return torch.full((AHEAD,), torch.nan)
        rows = whole[got.episode]
        obs, action, last = (x[rows].unflatten(0, (-1, H)).transpose(0, 1) for x in (got.obs, got.action, got.next_obs))
        obs = torch.cat([obs, last[-1:]])  # (H + 1, N, O)
        ahead = min(AHEAD, H)
        errors = error_by_horizon(self.model, obs.to(self.device), action.to(self.device), ahead).mean(-1).cpu()
        return torch.cat([errors, torch.full((AHEAD - ahead,), torch.nan)])

    def returns(self, policy: GaussianPolicy, task: Tensor) -> Returns:
        """What one policy earns in the model and in the world, without exploration; nothing is learned from it."""
        virtual, got = self._virtual_return(policy, task), self.episodes(policy, task)
        return Returns(virtual, got.returns().mean().item(), self.miss(got))

    def _virtual_return(self, policy: GaussianPolicy, task: Tensor) -> float:
        family, c = self.family, self.config
        start = family.resets(c.evaluation_episodes, self.generator).to(self.device)
        if not int(self.model.obs_norm.count):
            return float("nan")
        options = dict(scheme=c.warm_up.scheme, clip_margin=c.warm_up.clip_margin)
        world = learned_world(self.model, family, task.to(self.device), **options)
        try:
            made = world.rollout(policy, start, family.horizon, self.generator, sample=c.act == "sample")
            return made.total.item()
        except LeftBounds:
            return float("nan")

    def episodes(self, policy: GaussianPolicy, task: Tensor, steps: int | None = None) -> collecting.Transitions:
        """The real episodes by which a policy is measured: `config.evaluation_episodes` of them, or `steps` steps."""
        if steps is None:
            steps = self.config.evaluation_episodes * self.family.horizon
        n_worlds = max(1, steps // self.family.horizon)
        return self._act(policy, task, steps, sigma=0.0, sample=self.config.act == "sample", n_worlds=n_worlds)

    def miss(self, got: collecting.Transitions) -> float:
        """How far from its goal (m, or m/s) the robot is at the end of an episode that counts, see `Family.miss`."""
        last = got.ends()
        return self.family.miss(got.obs[last], got.next_obs[last], got.task[last]).mean().item()

    def _act(
        self, policy: GaussianPolicy, task: Tensor, steps: int, sigma: float, sample: bool = True, n_worlds=None
    ) -> collecting.Transitions:
        act = explorer(policy, self.generator, sigma=sigma) if sample else lambda obs: policy(obs).mean
        return collect(self.family, task, lambda obs: act(obs.to(self.device)).cpu(), steps, self.generator, n_worlds)

    def state_dict(self) -> dict[str, Any]:
        """A copy of everything from which training goes on to the same numbers."""
        return {
            "fitter": self.fitter.state_dict(),
            "buffer": copy.deepcopy(self.buffer.state_dict()),
            "critic": self.critic.state_dict(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` gave. Raises BadFile when it is of another family or of networks of other sizes."""
        try:
            self.fitter.load_state_dict(state["fitter"])
            self.critic.load_state_dict(state["critic"])
        except (RuntimeError, KeyError, ValueError) as error:
            raise BadFile(misfit(self.family, self.config, error)) from error
        self.buffer.load_state_dict(state["buffer"])
        self.generator.set_state(state["generator"])


def misfit(family: Family, config: AlgorithmConfig, error: Exception) -> str:
    """What to tell where stored networks do not fit."""
    first = str(error).strip().splitlines()[-1].strip()
    return (
        f"the stored networks are not of {family.name} ({family.obs_size} numbers observed, {family.action_size} "
        f"motors) with {config.dynamics.n_models} models of hidden layers {tuple(config.dynamics.hidden)}: {first} "
        "Take the family and the configuration that they were stored with."
    )
