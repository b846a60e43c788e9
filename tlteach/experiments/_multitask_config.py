"""What a run of the second paper's experiment is: its configuration, its tasks, and Algorithm 1's settings."""

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from torch import Tensor

from tlteach import checks
from tlteach.experiments._multitask_presets import PRESETS, SETTINGS
from tlteach.modelbased.critic import CriticConfig
from tlteach.modelbased.dynamics import DynamicsConfig
from tlteach.modelbased.fitting import FitConfig
from tlteach.modelbased.learner import AlgorithmConfig
from tlteach.modelbased.maml import MAMLConfig
from tlteach.modelbased.oracle import OracleConfig
from tlteach.modelbased.ppo import PPOConfig
from tlteach.modelbased.selection import Criterion, SelectionConfig
from tlteach.modelbased.shac import SHACConfig
from tlteach.modelbased.trpo import TRPOConfig
from tlteach.modelbased.warm_up import WarmUpConfig
from tlteach.tasks.families import Family, shifted
from tlteach.tasks.families import family as family_called

TEST_SEED = 10_000  # of the test tasks, which are the same for every seed; settings were tuned on those of seed 999

Method = Literal["model-based", "maml", "oracle", "scratch", "optimum", "random"]
Optimizer = Literal["trpo", "ppo", "shac"]
Fitting = Literal["interleaved", "first"]
Choice = Literal["uniform", "skip", "best_of"]
Shift = Literal["none", "tasks", "friction", "crippled"]


@dataclass(frozen=True)
class Config:
    """One run.

    family: of tasks, a name of `tlteach.tasks.families`.
    method: "model-based"; a rival that learns from all tasks jointly, in the real environment alone: "maml", or
        "oracle" (a policy that is told the task); or a baseline on the test tasks: "scratch" (the optimiser on the real
        environment alone), "optimum" (on the true dynamics, where they are known on tensors) or "random".
    optimizer: of the policies: "trpo" (the authors'), "ppo" or "shac".
    fitting: "interleaved" with practice (the authors' way: the policy meets a changing model) or all of it "first".
    n_tasks: training tasks. steps_per_task: real steps on each; also those of a test stage, and of an update from
        scratch.
    refine: iterations on a training task after its collection.
    rule: which training tasks get real steps: each as it is drawn ("uniform"), or by active selection, see
        `tlteach.modelbased.selection`; real steps in all are the same. criterion: that it goes by. window: of "skip".
        candidates: of "best_of".
    shift: between training and test, see `tlteach.tasks.families.shifted`: other "tasks", or another world, with half
        of the "friction" or "crippled". The model does not know of it before stage 1.
    test_tasks: tasks to test on, never trained on, the same for every seed.
    test_iterations: of warm-up on them. stages: adaptation after stage 0, with real steps; MAML's are gradient steps.
    baseline_updates: of "scratch" and "optimum".
    evaluation_episodes: by which each policy is measured. act: how it then acts, "sample" or "mean".
    capacity: of the replay buffer.
    episode_steps: length of an episode; the family's own if none is given. frame_skip: steps of the simulator in one of
        a robot's; 5 for Gymnasium's cheetah, 1 for the authors'.
    log_std: of the policy's actions at the start, its logarithm.
    policy: widths of the policy's layers; MAML and the oracle have their own.
    seed: of everything that is drawn, but the test tasks.
    """

    family: str = "navigation"
    method: Method = "model-based"
    optimizer: Optimizer = "trpo"
    fitting: Fitting = "interleaved"
    n_tasks: int = 100
    steps_per_task: int = 4000
    refine: int = 0
    rule: Choice = "uniform"
    criterion: Criterion = "drop-mean"
    window: int = 10
    candidates: int = 4
    shift: Shift = "none"
    test_tasks: int = 40
    test_iterations: int = 40
    stages: int = 4
    baseline_updates: int = 100
    evaluation_episodes: int = 20
    act: Literal["sample", "mean"] = "sample"
    capacity: int = 200_000
    episode_steps: int | None = None
    frame_skip: int | None = None
    log_std: float = 0.0
    policy: tuple[int, ...] = (32, 32)
    dynamics: DynamicsConfig = field(default_factory=DynamicsConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    critic: CriticConfig = field(default_factory=CriticConfig)
    warm_up: WarmUpConfig = field(default_factory=WarmUpConfig)
    trpo: TRPOConfig = field(default_factory=TRPOConfig)
    ppo: PPOConfig = field(default_factory=PPOConfig)
    shac: SHACConfig = field(default_factory=SHACConfig)
    maml: MAMLConfig = field(default_factory=MAMLConfig)
    oracle: OracleConfig = field(default_factory=OracleConfig)
    seed: int = 0

    def __post_init__(self):
        known = {"method": Method, "optimizer": Optimizer, "fitting": Fitting, "rule": Choice, "criterion": Criterion}
        for name, kind in known.items():
            checks.choice(name, getattr(self, name), get_args(kind))
        checks.whole(1, test_tasks=self.test_tasks, test_iterations=self.test_iterations)
        checks.whole(1, baseline_updates=self.baseline_updates)
        checks.whole(0, stages=self.stages)
        test_family(self)
        learning(self)

    @classmethod
    def preset(
        cls,
        preset: str,
        family: str = "navigation",
        optimizer: Optimizer | None = None,
        method: Method = "model-based",
        **changes: Any,
    ) -> "Config":
        """A preset of a family for a method, with fields changed at will.

        smoke: seconds. lesson: shows the effect within a minute (the cheetah in some). paper: the authors' setting.
        """
        checks.choice("preset", preset, PRESETS)
        family_called(family)
        settings = dict(SETTINGS[preset].get(family, SETTINGS[preset]["others"]))
        pace, own = settings.pop("pace", {}), settings.pop("methods", {})
        settings |= {"method": method} | own.get(method, {})
        if optimizer not in (None, settings["optimizer"]):
            settings["optimizer"] = optimizer
            if optimizer in pace:
                settings["warm_up"] = replace(settings["warm_up"], policy_steps=pace[optimizer])
        return cls(**({"family": family} | settings | changes))


def family(config: Config) -> Family:
    """The family of tasks of a configuration."""
    options = checks.given(horizon=config.episode_steps, frame_skip=config.frame_skip)
    return family_called(config.family, **options)


def test_family(config: Config) -> Family:
    """The family that is met at test: the same one, shifted."""
    return shifted(family(config), config.shift)


def test_tasks(config: Config) -> Tensor:
    """The tasks to test on, (P, K)."""
    return test_family(config).sample_tasks(config.test_tasks, TEST_SEED)


def learning(config: Config, *, test: bool = False) -> AlgorithmConfig:
    """The configuration of Algorithm 1, in training or at test."""
    names = {f.name for f in fields(AlgorithmConfig)} & {f.name for f in fields(Config)} - {"optimizer"}
    warm_up = config.warm_up
    if test:
        warm_up = replace(warm_up, iterations=config.test_iterations)
    if config.fitting == "first" and warm_up.iterations:  # the same amount of both, one after the other
        n = warm_up.iterations
        warm_up = replace(warm_up, iterations=1, fit_steps=n * warm_up.fit_steps, policy_steps=n * warm_up.policy_steps)
    same = {name: getattr(config, name) for name in names} | {"warm_up": warm_up}
    if config.rule != "uniform" and not test:
        selection = SelectionConfig(config.criterion, config.rule, config.window, candidates=config.candidates)
        same["selection"] = selection
    return AlgorithmConfig(optimizer=getattr(config, config.optimizer), hidden=tuple(config.policy), **same)
