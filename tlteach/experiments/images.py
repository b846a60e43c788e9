"""Completion of natural images by plastic networks, with an alpha for each connection or one for all (Miconi et al.
2018, 4.2).

Spec: three pictures are shown three times each, then half of one; the network paints the rest. Sum of squared errors
over the pixels at the last step, Adam at 1e-4, one episode an update; the learned rate eta included.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import torch
from torch import Tensor

from tlteach import checks, data, runs
from tlteach.errors import InvalidInput
from tlteach.experiments._image_network import ImageNetwork, baselines, evaluate, mirror
from tlteach.experiments._image_report import LABELS, plot, table, withheld_table
from tlteach.experiments._training import Training, seeded
from tlteach.plasticity import PlasticRNN
from tlteach.tasks.images import ImageTask, pixel_error

__all__ = [
    "LABELS",
    "NETWORKS",
    "PRESETS",
    "Config",
    "ImageNetwork",
    "baselines",
    "build",
    "evaluate",
    "mirror",
    "pictures",
    "plot",
    "restore",
    "run",
    "run_name",
    "table",
    "train",
    "withheld_table",
]

RECORD = dict(tensor_bytes=300_000)  # the network of 16 x 16 pixels, not that of 32 x 32
PRESETS = ("smoke", "lesson", "small", "paper")

Network = Literal["plastic", "shared", "rnn"]
NETWORKS: tuple[Network, ...] = ("plastic", "shared", "rnn")
Source = Literal["natural", "shuffled", "cifar10"]
SOURCES: tuple[Source, ...] = ("natural", "shuffled", "cifar10")


@dataclass(frozen=True)
class Config:
    """One run.

    network: "plastic" (alpha per connection), "shared" (one alpha) or "rnn" (no plasticity).
    data: "natural" (pictures made by tlteach, no download), "shuffled" (the same, the pixels of each in an order of its
        own, so that no pixel says anything about another) or "cifar10".
    task: the episodes; its `side` is the pictures' size. The network has a neuron for each pixel and one for the bias.
    batch_size: episodes an update.
    learning_rate: Adam's.
    episodes: budget of training episodes.
    record_every: updates between two records.
    withheld_episodes: episodes of withheld pictures that the withheld loss is the mean of: others at each record, so
        that a mean over records is one over many pictures; the same for every run.
    seed: of the initial weights and of the episodes.
    """

    network: Network = "plastic"
    data: Source = "natural"
    task: ImageTask = ImageTask()
    batch_size: int = 1
    learning_rate: float = 1e-4
    episodes: int = 100_000
    record_every: int = 100
    withheld_episodes: int = 40
    seed: int = 0

    def __post_init__(self):
        checks.choice("network", self.network, NETWORKS)
        checks.choice("data", self.data, SOURCES)
        counts = dict(episodes=self.episodes, record_every=self.record_every, withheld_episodes=self.withheld_episodes)
        checks.whole(1, batch_size=self.batch_size, **counts)
        checks.whole(0, seed=self.seed)
        checks.positive(learning_rate=self.learning_rate)

    @classmethod
    def preset(cls, preset: str, network: Network = "plastic", **changes: Any) -> "Config":
        """A preset, with fields changed at will.

        smoke: a few updates of a small network. lesson: 16 x 16 pixels, shows the effect within a minute or two.
        small: 16 x 16 pixels for 40,000 episodes (the recorded seeds). paper: the authors' setting, 32 x 32.
        """
        checks.choice("preset", preset, PRESETS)
        return cls(**({"network": network} | SETTINGS[preset] | changes))


SETTINGS: dict[str, dict[str, Any]] = {
    "smoke": dict(task=ImageTask(side=8, show_steps=4), batch_size=4, learning_rate=1e-3, episodes=40, record_every=2,
                  withheld_episodes=4),
    "lesson": dict(task=ImageTask(side=16), batch_size=4, learning_rate=1e-3, episodes=4_000, record_every=20),
    "small": dict(task=ImageTask(side=16), batch_size=4, learning_rate=1e-3, episodes=40_000, data="cifar10",
                  record_every=25),
    "paper": dict(data="cifar10", episodes=100_000),
}  # fmt: skip


@lru_cache(maxsize=2)
def pictures(source: Source, side: int) -> tuple[Tensor, Tensor, str]:
    """Pictures to train on (M, side * side), withheld ones, and where they come from (A3: batches 1 to 4, and 5)."""
    if source == "shuffled":
        shown, withheld, made = pictures("natural", side)
        return _shuffled(shown, 0), _shuffled(withheld, 1), f"{made}, the pixels of each shuffled"
    chosen = data.pictures(source)
    return data.normalise(chosen.train, side), data.normalise(chosen.withheld, side), chosen.source


def _shuffled(rows: Tensor, seed: int) -> Tensor:
    return rows.gather(1, torch.rand(rows.shape, generator=torch.Generator().manual_seed(seed)).argsort(1))


def build(config: Config) -> ImageNetwork:
    """The network of `config`, its initial weights drawn from `config.seed`."""
    n_units = config.task.n_pixels + 1
    plasticity = {"plastic": "per_connection", "shared": "shared", "rnn": "none"}[config.network]
    with seeded(config.seed):
        return ImageNetwork(PlasticRNN(n_units, n_units, plasticity=plasticity, input_map=False))


def train(config: Config, checkpoint: dict | None = None) -> Iterator[runs.Record]:
    """Train, yielding a record every `config.record_every` updates and at the end.

    Metrics: episodes; loss, mean since the last record; withheld_loss, mean over `config.withheld_episodes` episodes
    of pictures never trained on; eta; cpu_seconds of this process spent training (evaluation is not in it).
    """
    shown, withheld, _ = pictures(config.data, config.task.side)
    network, task = build(config), config.task
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    training = Training(network, optimizer, torch.Generator().manual_seed(config.seed), checkpoint)
    total = -(-config.episodes // config.batch_size)

    def update() -> None:
        episode = task.sample(config.batch_size, training.generator, shown)
        training.update(pixel_error(network(episode)[-1], episode.targets).mean())

    for _ in training.updates(update, total, config.record_every):
        same = torch.Generator().manual_seed(training.step)  # for every run, others at the next record
        test = evaluate(network, task, withheld, config.withheld_episodes, same)
        metrics = {
            "episodes": training.step * config.batch_size,
            **training.means(),
            "withheld_loss": test.mean().item(),
            "eta": float("nan") if network.layer.eta is None else network.layer.eta.item(),
            "cpu_seconds": training.cpu_seconds,
        }
        yield runs.Record(training.step, metrics, network, training.state, total, training.done)


def run_name(config: Config) -> str:
    """The name of a run among runs of the same preset."""
    return f"{config.network}-{config.data}-{config.task.side}px-batch{config.batch_size}-seed{config.seed}"


def run(config: Config, **how: Any) -> runs.Result:
    """Train to the end of the budget; keyword arguments as in `runs.drive`."""
    return runs.drive("images", train, config, data=pictures(config.data, config.task.side)[2], **how)


def restore(result: runs.Result) -> ImageNetwork:
    """The trained network of a result, in single precision. Raises InvalidInput when only its curves were recorded."""
    if not result.tensors:
        raise InvalidInput("this result holds no network: of larger ones only the curves are recorded; train it again")
    stored = dict(result.config)
    network = build(Config(**(stored | {"task": ImageTask(**stored["task"])})))
    network.load_state_dict({name: tensor.float() for name, tensor in result.tensors.items()})
    return network.eval()
