"""Binary pattern completion with plastic, shared-plastic, non-plastic and LSTM networks (Miconi et al. 2018, 4.1).

Spec: half of a pattern shown a moment ago is given; the network must fill in the other half. Sum of squared errors
at the last step, one Adam step a batch of episodes. Everything the networks are compared on is here.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, Literal

import torch
from torch import Tensor

from tlteach import checks, runs
from tlteach.errors import Diverged, InvalidInput
from tlteach.experiments._pattern_network import NETWORKS, Network, PatternNetwork, ablate, evaluate
from tlteach.experiments._pattern_report import plot, solved_after, table
from tlteach.experiments._training import Training, seeded
from tlteach.plasticity import LSTM, PlasticRNN
from tlteach.tasks.patterns import PatternEpisode, PatternTask, bit_errors

__all__ = [
    "NETWORKS",
    "PRESETS",
    "Config",
    "PatternNetwork",
    "ablate",
    "build",
    "episode_loss",
    "evaluate",
    "plot",
    "restore",
    "run",
    "run_name",
    "solved_after",
    "table",
    "train",
]

PRESETS = ("smoke", "lesson", "compare", "paper")

SMALL = PatternTask()  # 50 bits, 2 patterns shown once: 11 steps (spec A2, right column)
FULL = PatternTask(n_bits=1000, n_patterns=5, n_cycles=2, show_steps=6, gap_steps=4, test_steps=6)  # 106 steps


@dataclass(frozen=True)
class Config:
    """One run.

    network: "plastic" (alpha per connection), "shared" (one alpha), "rnn" (no plasticity), "lstm" (with a readout)
        or "lstm_clamped" (the paper's, tied to its inputs).
    task: the pattern task.
    hidden_size: neurons; a plastic or tanh network has one a bit, one for the bias, and the rest are free.
    batch_size: episodes an update.
    learning_rate: Adam's.
    episodes: budget of training episodes.
    cpu_seconds: budget of this process's CPU time, or None.
    stop_below: stop once the running mean of the error is below this, or None.
    window: episodes in the running mean.
    record_every: updates between two records.
    seed: of the initial weights and of the episodes.

    Raises InvalidInput for values that cannot be used.
    """

    network: Network = "plastic"
    task: PatternTask = SMALL
    hidden_size: int = 51
    batch_size: int = 32
    learning_rate: float = 3e-3
    episodes: int = 16_000
    cpu_seconds: float | None = None
    stop_below: float | None = None
    window: int = 1000
    record_every: int = 10
    seed: int = 0

    def __post_init__(self):
        checks.choice("network", self.network, NETWORKS)
        least = {"lstm": 1, "lstm_clamped": self.task.n_bits}.get(self.network, self.task.n_bits + 1)
        checks.whole(1, batch_size=self.batch_size, episodes=self.episodes)
        checks.whole(1, window=self.window, record_every=self.record_every, hidden_size=self.hidden_size)
        checks.whole(0, seed=self.seed)
        checks.positive(learning_rate=self.learning_rate)
        checks.positive(**checks.given(cpu_seconds=self.cpu_seconds, stop_below=self.stop_below))
        if self.hidden_size < least:
            raise InvalidInput(
                f"a {self.network} network for {self.task.n_bits} bits needs hidden_size >= {least}, "
                f"got {self.hidden_size}"
            )

    @classmethod
    def preset(
        cls, preset: str, network: Network = "plastic", *, bits: Literal[50, 1000] = 50, **changes: Any
    ) -> "Config":
        """A preset, with fields changed at will.

        smoke: a few updates, to see that it runs. lesson: shows the effect within half a minute.
        compare: batch 32 and 30 CPU minutes for every network, widths and learning rates tuned alike (the recorded
        runs). paper: the authors' published settings, batch 1. `bits` chooses between the paper's two sizes.
        """
        checks.choice("preset", preset, PRESETS)
        checks.choice("network", network, NETWORKS)
        if bits not in (50, 1000):
            raise InvalidInput(f"the paper's sizes are 50 and 1000 bits, got bits={bits!r}; for another, pass a task")
        base = {"network": network} | (_small(preset, network) if bits == 50 else _full(preset, network))
        return cls(**(base | changes))


def _small(preset: str, network: Network) -> dict[str, Any]:
    if preset == "paper":  # README of the authors' program; spec A2, right column
        width = {"plastic": 51, "shared": 51, "rnn": 2051}.get(network, 2000)
        rate = 3e-4 if network in ("plastic", "shared") else 3e-5
        return dict(hidden_size=width, learning_rate=rate, batch_size=1, episodes=1_000_000, record_every=100)
    width, rate = TUNED[network]
    base = dict(hidden_size=width, learning_rate=rate)
    if preset == "smoke":
        return base | dict(episodes=320, window=64, record_every=2)
    if preset == "lesson":
        return base | dict(episodes=10_000_000, cpu_seconds=30.0, stop_below=0.004)
    return base | dict(episodes=1_000_000_000, cpu_seconds=1800.0, stop_below=0.01, record_every=50)


def _full(preset: str, network: Network) -> dict[str, Any]:
    width = 1000 if network.startswith("lstm") else 1001
    base = dict(task=FULL, hidden_size=width, learning_rate=3e-4, batch_size=1, window=50, record_every=1)
    if preset == "smoke":
        return base | dict(task=replace(FULL, n_cycles=1, show_steps=2, gap_steps=1, test_steps=2), episodes=2)
    if preset == "paper":
        return base | dict(episodes=2000)
    return base | dict(episodes=2000, cpu_seconds=300.0, stop_below=0.015)


# Width and learning rate of each network at batch 32, chosen by `benchmarks/tune_patterns.py`.
TUNED: dict[Network, tuple[int, float]] = {
    "plastic": (51, 3e-3),
    "shared": (51, 3e-3),
    "rnn": (256, 3e-4),
    "lstm": (256, 3e-3),
    "lstm_clamped": (256, 1e-3),
}


def build(config: Config) -> PatternNetwork:
    """The network of `config`, its initial weights drawn from `config.seed`; the global generator is left alone."""
    H, N = config.hidden_size, config.task.n_bits
    with seeded(config.seed):
        if config.network.startswith("lstm"):
            return PatternNetwork(LSTM(N, H, clamp=config.network == "lstm_clamped"), N)
        plasticity = {"plastic": "per_connection", "shared": "shared", "rnn": "none"}[config.network]
        return PatternNetwork(PlasticRNN(H, H, plasticity=plasticity, input_map=False), N)


def episode_loss(output: Tensor, episode: PatternEpisode) -> Tensor:
    """Squared error summed over the bits, at the last step, mean over the batch: output (T, B, N) -> scalar (A2)."""
    return (output[-1] - episode.targets).square().sum(-1).mean()


def train(config: Config, checkpoint: dict | None = None) -> Iterator[runs.Record]:
    """Train, yielding a record every `config.record_every` updates and at the end.

    Metrics: episodes; loss and error (share of wrong bits, chance .25) as means since the last record;
    running_error, the mean over the last `config.window` episodes; cpu_seconds of this process spent training.

    Raises Diverged, after a record of the last good state, when the loss or the gradient is no longer finite.
    """
    network, generator = build(config), torch.Generator().manual_seed(config.seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    training = Training(network, optimizer, generator, checkpoint)
    window = deque((checkpoint or {}).get("window", ()), maxlen=-(-config.window // config.batch_size))  # of updates
    total, before = -(-config.episodes // config.batch_size), tuple(window)

    def update() -> None:
        nonlocal before
        episode = config.task.sample(config.batch_size, generator)
        output = network(episode.inputs)
        error = bit_errors(output[-1].detach(), episode.targets).mean().item()
        try:
            training.update(episode_loss(output, episode), error=error)
        except Diverged:  # the update before was taken back
            window.clear()
            window.extend(before)
            raise
        before = tuple(window)
        window.append(error)

    def enough() -> bool:
        full, target, seconds = len(window) == window.maxlen, config.stop_below, config.cpu_seconds
        solved = target is not None and full and fmean(window) < target
        return solved or (seconds is not None and training.cpu_seconds > seconds)

    for _ in training.updates(update, total, config.record_every, enough):
        metrics = {"episodes": training.step * config.batch_size, **training.means(), "running_error": fmean(window)}
        yield runs.Record(
            training.step,
            metrics | {"cpu_seconds": training.cpu_seconds},
            network,
            lambda: training.state() | {"window": list(window)},
            total if config.cpu_seconds is None else None,
            training.done,
        )


def run_name(config: Config) -> str:
    """The name of a run among runs of the same preset."""
    size = f"{config.task.n_bits}bits-{config.hidden_size}units-batch{config.batch_size}"
    return f"{config.network}-{size}-seed{config.seed}"


def run(config: Config, **how: Any) -> runs.Result:
    """Train to the end of the budget; keyword arguments as in `runs.drive`."""
    return runs.drive("patterns", train, config, **how)


def restore(result: runs.Result) -> PatternNetwork:
    """The trained network of a result, in single precision. Raises InvalidInput when only its curves were recorded."""
    if not result.tensors:
        raise InvalidInput("this result holds no network: of larger ones only the curves are recorded; train it again")
    stored = dict(result.config)
    config = Config(**(stored | {"task": PatternTask(**stored["task"])}))
    network = build(config)
    network.load_state_dict({name: tensor.float() for name, tensor in result.tensors.items()})
    return network.eval()
