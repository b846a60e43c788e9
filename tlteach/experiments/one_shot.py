"""One-shot learning of characters: a convolutional embedding under a plastic readout (Miconi et al. 2018, 4.3).

Spec: five characters shown once each with their names, then another drawing of one of them; which? Everything but
the trace is trained across episodes, and tested on characters that were never seen in training.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, get_args

import torch

from tlteach import checks, data, runs
from tlteach.errors import InvalidInput
from tlteach.experiments._one_shot_network import Loss, OneShotNetwork, episode_loss, evaluate, pool
from tlteach.experiments._one_shot_report import interval, plot, wilson
from tlteach.experiments._training import Training, cosine, seeded
from tlteach.tasks.one_shot import N_ROTATIONS, OneShotTask, Split, distort, paper_split, rotate, split

__all__ = [
    "NETWORKS",
    "PRESETS",
    "Config",
    "OneShotNetwork",
    "build",
    "characters",
    "episode_loss",
    "evaluate",
    "interval",
    "plot",
    "pool",
    "restore",
    "run",
    "run_name",
    "test",
    "train",
    "wilson",
]

RECORD = dict(tensor_bytes=300_000)  # the whole network: 112,065 numbers
PRESETS = ("smoke", "lesson", "long", "paper")

Network = Literal["plastic", "shared", "none"]
NETWORKS: dict[Network, str] = {"plastic": "per_connection", "shared": "shared", "none": "none"}
Source = Literal["drawn", "omniglot"]
Protocol = Literal["honest", "paper"]
Decay = Literal["cosine", "steps"]
Precision = Literal["float32", "bfloat16"]
CHOICES = {"network": tuple(NETWORKS), "data": get_args(Source), "protocol": get_args(Protocol), "loss": get_args(Loss),
           "decay": get_args(Decay), "precision": get_args(Precision)}  # fmt: skip


@dataclass(frozen=True)
class Config:
    """One run.

    network: "plastic" (alpha per connection), "shared" (one alpha) or "none" (no plasticity: chance).
    data: "drawn" (alphabets made by tlteach, no download) or "omniglot".
    task: ways and shots.
    protocol: "honest": the course's fixed split, a query is never a drawing just shown. "paper": the seed's own split,
        and in tests the query may be that drawing.
    pool_characters, pool_drawings: drawings embedded for an update; its episodes are dealt from them.
    pool_episodes: episodes dealt for an update.
    distortion: how much each drawing is turned, stretched and shifted in training; 0 as in the paper.
    loss: "cross_entropy", or "binary" as in the authors' program.
    learning_rate: Adam's at the start.
    decay: of the rate, "cosine" (50 updates of warming up, then down to zero) or "steps", x 0.666 at each fifth (the
        authors').
    gain, eta: where alpha and eta start, see `OneShotNetwork`.
    precision: of the convolutions while the run lasts; "bfloat16" is twice as fast where the processor has it.
    updates: budget of training. record_every: updates between two records.
    validation_episodes: the same at each record, of characters neither trained on nor tested on.
    test_episodes: of the test characters, once, after the last update.
    seed: of the initial weights and of the episodes.
    """

    network: Network = "plastic"
    data: Source = "drawn"
    task: OneShotTask = OneShotTask()
    protocol: Protocol = "honest"
    pool_characters: int = 32
    pool_drawings: int = 6
    pool_episodes: int = 512
    distortion: float = 1.0
    loss: Loss = "cross_entropy"
    learning_rate: float = 1e-3
    decay: Decay = "cosine"
    gain: float = 1.0
    eta: float = 0.5
    precision: Precision = "float32"
    updates: int = 1_200
    record_every: int = 50
    validation_episodes: int = 2_000
    test_episodes: int = 10_000
    seed: int = 0

    def __post_init__(self):
        for name, known in CHOICES.items():
            checks.choice(name, getattr(self, name), known)
        checks.whole(self.task.n_ways, pool_characters=self.pool_characters)
        checks.whole(self.task.n_shots + 1, pool_drawings=self.pool_drawings)
        checks.whole(1, pool_episodes=self.pool_episodes, updates=self.updates, record_every=self.record_every)
        checks.whole(1, validation_episodes=self.validation_episodes, test_episodes=self.test_episodes)
        checks.whole(0, seed=self.seed)
        checks.positive(learning_rate=self.learning_rate, gain=self.gain, eta=self.eta)
        checks.share(distortion=self.distortion)

    @classmethod
    def preset(cls, preset: str, network: Network = "plastic", **changes: Any) -> "Config":
        """A preset, with fields changed at will.

        smoke: a few updates. lesson: shows the effect within a minute or two. long: until validation is flat, on
        Omniglot (the recorded runs). paper: the authors' setting, five million single episodes.
        """
        checks.choice("preset", preset, PRESETS)
        return cls(**({"network": network} | SETTINGS[preset] | changes))


SETTINGS: dict[str, dict[str, Any]] = {
    "smoke": dict(pool_characters=8, pool_drawings=3, pool_episodes=32, updates=10, record_every=5,
                  validation_episodes=50, test_episodes=50),
    "lesson": dict(distortion=0.0),
    "long": dict(data="omniglot", precision="bfloat16", updates=30_000, record_every=200),
    "paper": dict(data="omniglot", protocol="paper", pool_characters=5, pool_drawings=2, pool_episodes=1,
                  distortion=0.0, loss="binary", learning_rate=3e-5, decay="steps", gain=0.01, eta=0.01,
                  updates=5_000_000, record_every=10_000),
}  # fmt: skip


@lru_cache(maxsize=2)
def characters(source: Source) -> data.Characters:
    """The drawings to train and test on, 31 x 31 pixels."""
    return data.characters(source)


def parts(config: Config) -> Split:
    """Which characters are for training, validation and test."""
    known = characters(config.data)
    return paper_split(len(known.names), config.seed) if config.protocol == "paper" else split(known.names)


def build(config: Config) -> OneShotNetwork:
    """The network of `config`, its initial weights drawn from `config.seed`."""
    with seeded(config.seed):
        dtype = getattr(torch, config.precision)
        return OneShotNetwork(config.task.n_ways, NETWORKS[config.network], config.gain, config.eta, dtype)


def train(config: Config, checkpoint: dict | None = None) -> Iterator[runs.Record]:
    """Train, yielding a record every `config.record_every` updates and at the end.

    Metrics: episodes; loss and accuracy in training, means since the last record; validation_accuracy over
    `config.validation_episodes` episodes of characters that are not trained on; test_accuracy, NaN but in the last
    record: nothing can be chosen by it; eta; cpu_seconds of this process spent training (evaluation is not in it).
    """
    drawings, (trained, validation, _) = characters(config.data).floats(), parts(config)
    network, task, generator = build(config), config.task, torch.Generator().manual_seed(config.seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    training = Training(network, optimizer, generator, checkpoint, lambda step: _rate(config, step))
    C, D, total = config.pool_characters, config.pool_drawings, config.updates
    n_characters, n_drawings = len(trained), drawings.shape[1]
    if n_characters < C or n_drawings < D:
        raise InvalidInput(
            f"a pool of {C} characters in {D} drawings each cannot be taken from {n_characters} in {n_drawings}; "
            "make pool_characters or pool_drawings smaller"
        )

    def update() -> None:
        rows = trained[torch.randperm(len(trained), generator=generator)[:C]]  # (C,)
        columns = torch.rand(C, drawings.shape[1], generator=generator).argsort(-1)[:, :D]  # (C, D)
        turns = torch.randint(N_ROTATIONS, (C,), generator=generator).repeat_interleave(D)  # a row has one rotation
        images = rotate(drawings[rows[:, None], columns].flatten(0, 1), turns)  # (C * D, 31, 31)
        if config.distortion:
            images = distort(images, config.distortion, generator)
        features = network.embed(images).unflatten(0, (C, D))  # (C, D, F)
        episode = task.deal(config.pool_episodes, C, D, generator)
        logits = network.logits(*episode.take(features))  # (B, N)
        right = (logits.argmax(-1) == episode.target).float().mean().item()
        training.update(episode_loss(logits, episode.target, config.loss), accuracy=right)

    for _ in training.updates(update, total, config.record_every):
        same = torch.Generator().manual_seed(0)  # the same episodes at every record
        valid = evaluate(network, task, drawings[validation], config.validation_episodes, same)
        tested = test(network, config, config.test_episodes).float().mean().item() if training.done else math.nan
        metrics = {
            "episodes": training.step * config.pool_episodes,
            **training.means(),
            "validation_accuracy": valid.float().mean().item(),
            "test_accuracy": tested,
            "eta": float("nan") if network.readout.eta is None else network.readout.eta.item(),
            "cpu_seconds": training.cpu_seconds,
        }
        yield runs.Record(training.step, metrics, network, training.state, total, training.done)


def _rate(config: Config, step: int) -> float:
    if config.decay == "steps":
        return 0.666 ** (5 * step // config.updates)
    return cosine(step, config.updates)


def run_name(config: Config) -> str:
    """The name of a run among runs of the same preset."""
    ways = f"{config.task.n_ways}way-{config.task.n_shots}shot"
    return f"{config.network}-{config.data}-{ways}-{config.protocol}-seed{config.seed}"


def run(config: Config, **how: Any) -> runs.Result:
    """Train to the end of the budget; keyword arguments as in `runs.drive`."""
    return runs.drive("one_shot", train, config, data=characters(config.data).source, **how)


def test(
    network: OneShotNetwork, config: Config, episodes: int = 10_000, seed: int = 0, task: OneShotTask | None = None
) -> torch.Tensor:
    """Whether each of `episodes` test episodes was answered rightly, characters under any rotation: (episodes,).

    `task` is the protocol's, unless another is given. Raises InvalidInput as `evaluate` does, for a task with another
    number of ways among them.
    """
    held_out = characters(config.data).floats()[parts(config).test]
    task = task or replace(config.task, query_may_repeat=config.protocol == "paper")
    return evaluate(network, task, held_out, episodes, torch.Generator().manual_seed(seed))


def restore(result: runs.Result) -> OneShotNetwork:
    """The trained network of a result, in single precision. Raises InvalidInput when only its curves were recorded."""
    if not result.tensors:
        raise InvalidInput("this result holds no network, only curves; train it again")
    stored = dict(result.config)
    network = build(Config(**(stored | {"task": OneShotTask(**stored["task"]), "precision": "float32"})))
    network.load_state_dict({name: tensor.float() for name, tensor in result.tensors.items()})
    return network.eval()
