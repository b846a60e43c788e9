"""What a run of the second paper's experiment is: its configuration and presets, its tasks, and Algorithm 1's settings.

The lesson presets of point mass and Reacher were tuned on the tasks of seed 999, with training seed 0 (tests have
`TEST_SEED`): the size of TRPO's steps on the true point mass, the number of iterations in the learned worlds. The
cheetah's is that of the specification's prototype, not tuned again.
"""

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from torch import Tensor

from tlteach import checks
from tlteach.modelbased.critic import CriticConfig
from tlteach.modelbased.dynamics import DynamicsConfig
from tlteach.modelbased.fitting import FitConfig
from tlteach.modelbased.learner import AlgorithmConfig
from tlteach.modelbased.ppo import PPOConfig
from tlteach.modelbased.selection import Criterion, SelectionConfig
from tlteach.modelbased.shac import SHACConfig
from tlteach.modelbased.trpo import TRPOConfig
from tlteach.modelbased.warm_up import WarmUpConfig
from tlteach.tasks.families import Family, families, shifted
from tlteach.tasks.families import family as family_called

PRESETS = ("smoke", "lesson", "paper")
TEST_SEED = 10_000  # of the test tasks, which are the same for every seed; settings were tuned on those of seed 999

Method = Literal["model-based", "scratch", "optimum", "random"]
Optimizer = Literal["trpo", "ppo", "shac"]
Fitting = Literal["interleaved", "first"]
Choice = Literal["uniform", "skip", "best_of"]
Shift = Literal["none", "tasks", "friction", "crippled"]


@dataclass(frozen=True)
class Config:
    """One run.

    family: of tasks, a name of `tlteach.tasks.families`.
    method: "model-based", or a baseline on the test tasks: "scratch" (the optimiser on the real environment alone),
        "optimum" (on the true dynamics, where they are known on tensors) or "random".
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
    test_iterations: of warm-up on them. stages: adaptation after stage 0, with real steps.
    baseline_updates: of "scratch" and "optimum".
    evaluation_episodes: by which each policy is measured. act: how it then acts, "sample" or "mean".
    capacity: of the replay buffer.
    episode_steps: length of an episode; the family's own if none is given. frame_skip: steps of the simulator in one of
        a robot's; 5 for Gymnasium's cheetah, 1 for the authors'.
    log_std: of the policy's actions at the start, its logarithm.
    policy: widths of the policy's layers.
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
        cls, preset: str, family: str = "navigation", optimizer: Optimizer | None = None, **changes: Any
    ) -> "Config":
        """A preset of a family, with fields changed at will.

        smoke: seconds. lesson: shows the effect within a minute (the cheetah in some). paper: the authors' setting.
        """
        checks.choice("preset", preset, PRESETS)
        family_called(family)
        settings = dict(SETTINGS[preset].get(family, SETTINGS[preset]["others"]))
        pace = settings.pop("pace", {})
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
    if config.fitting == "first":  # the same amount of both, one after the other
        n = warm_up.iterations
        warm_up = replace(warm_up, iterations=1, fit_steps=n * warm_up.fit_steps, policy_steps=n * warm_up.policy_steps)
    same = {name: getattr(config, name) for name in names} | {"warm_up": warm_up}
    if config.rule != "uniform" and not test:
        selection = SelectionConfig(config.criterion, config.rule, config.window, candidates=config.candidates)
        same["selection"] = selection
    return AlgorithmConfig(optimizer=getattr(config, config.optimizer), hidden=tuple(config.policy), **same)


def _scaled(iterations: int, fit_steps: int, policy_steps: int, rollouts: int, **others: Any) -> WarmUpConfig:
    return WarmUpConfig(iterations, fit_steps, policy_steps, rollouts, clip_margin=0.5, **others)


FAST_CRITIC = CriticConfig(batch_size=256)
FAST_TRPO = TRPOConfig(max_kl=0.02, fisher_every=4)

# pace: updates of the policy in an iteration that take another optimiser about the CPU time of the preset's own
SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "smoke": {
        "others": dict(
            optimizer="trpo", n_tasks=2, steps_per_task=400, test_tasks=2, test_iterations=1, stages=1,
            baseline_updates=2, evaluation_episodes=2, capacity=2_000, episode_steps=20, policy=(8,),
            dynamics=DynamicsConfig(2, (16,), "silu"), critic=CriticConfig(epochs=1, batch_size=200),
            trpo=TRPOConfig(cg_steps=3), warm_up=_scaled(1, 10, 1, 4),
        ),
    },
    "lesson": {
        "navigation": dict(
            optimizer="trpo", n_tasks=5, steps_per_task=800, test_tasks=3, test_iterations=30, stages=0, act="mean",
            window=3, baseline_updates=120, capacity=4_000, log_std=-0.5, dynamics=DynamicsConfig(5, (64, 64), "silu"),
            critic=FAST_CRITIC, trpo=FAST_TRPO, warm_up=_scaled(10, 100, 4, 20), pace=dict(ppo=3, shac=2),
        ),
        "reacher": dict(
            optimizer="trpo", n_tasks=4, steps_per_task=1_000, test_tasks=3, test_iterations=40, stages=0, act="mean",
            window=2, baseline_updates=160, capacity=4_000, log_std=-0.5,
            dynamics=DynamicsConfig(3, (128, 128), "silu"),
            critic=FAST_CRITIC, trpo=FAST_TRPO, warm_up=_scaled(10, 80, 4, 20), pace=dict(ppo=3, shac=2),
        ),
        "others": dict(
            optimizer="shac", n_tasks=18, steps_per_task=2_000, test_tasks=4, test_iterations=15, stages=0,
            baseline_updates=50, capacity=36_000, episode_steps=100, log_std=-1.0,
            dynamics=DynamicsConfig(3, (200, 200), "silu"), critic=FAST_CRITIC, warm_up=_scaled(10, 60, 2, 40),
            pace=dict(ppo=4, trpo=6),
        ),
    },
    "paper": {  # the authors' time step; their networks and amounts are the defaults
        **{name: dict(optimizer="trpo", frame_skip=1) for name in families() if name.startswith("halfcheetah")},
        **{name: dict(optimizer="trpo", frame_skip=2) for name in families() if name.startswith("ant")},
        "others": dict(optimizer="trpo"),
    },
}  # fmt: skip
