"""Recorded runs of the maze: which are compared, what they are paid, and how they are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from tlteach.experiments.maze import Config
from tlteach.reproduction.claim import Measured
from tlteach.reproduction.measures import (
    SIGNIFICANT,
    Sample,
    count,
    length,
    mean_between,
    one_a_seed,
    p_value,
    seeds,
    select,
)
from tlteach.runs import Result, alike
from tlteach.tasks.maze import BatchedMaze, MazeTask, Planner, RandomPlayer, play

SHARE = 0.05  # rewards are means over the last twentieth of the run
ENOUGH = 4  # seeds of each: with fewer the rank test cannot be significant
FIGURE_END = 1_000_000  # episodes
MAZE = dict(size=9, episode_length=250)
SEEN = dict(task=MAZE | dict(observation="paper"))
PAPER = SEEN | dict(batch_size=1, learning_rate=1e-4, decay="none", clip_norm=None)
LONG = Config.preset("long")
PLAYED = 20_000  # episodes of chance and of the planner
WORDS = {
    "plastic": "an alpha for each connection",
    "shared": "one shared alpha",
    "rnn": "no plasticity",
    "rnn_wide": "no plasticity, as many parameters",
    "lstm": "LSTM, as many parameters",
    "modulated": "neuromodulated",
    "retroactive": "retroactively neuromodulated",
}


@dataclass(frozen=True)
class Comparison:
    """Runs in one setting, of the plastic network and of another."""

    plastic: list[Result]
    other: list[Result]

    @property
    def seeds(self) -> int:
        return min(len(self.plastic), len(self.other))

    @property
    def episodes(self) -> float:
        return length(self.plastic[0])

    @property
    def observation(self) -> str:
        return self.plastic[0].config["task"]["observation"]

    @property
    def papers(self) -> bool:
        """Whether it is in the paper's setting, but for the size of the batch and the rate."""
        return self.observation == "paper" and self.episodes >= FIGURE_END

    @property
    def p(self) -> float:
        """Of the rank-sum test."""
        return p_value(rewards(self.plastic), rewards(self.other))

    @property
    def clear(self) -> bool:
        """Whether the plastic network is paid more, beyond chance."""
        ahead = rewards(self.plastic).median > rewards(self.other).median
        return ahead and self.seeds >= ENOUGH and self.p < SIGNIFICANT

    @property
    def told(self) -> str:
        one, other = (number(rewards(runs).median) for runs in (self.plastic, self.other))
        few = f", {seeds(self.seeds)}" * (self.seeds < ENOUGH)
        return f"{one} : {other} after {count(self.episodes)} episodes, {self.observation} observation{few}"


def rewards(runs: Sequence[Result], end: float = 1.0) -> Sample:
    """Reward of an episode in the twentieth of each run that is over when a share `end` of it is."""
    between = lambda run: (max(0, end - SHARE) * length(run), end * length(run))  # noqa: E731
    return Sample.each(runs, lambda run: mean_between(run, "return", *between(run)))


@cache
def scale() -> tuple[float, float]:
    """What actions at random and the shortest path to the known goal are paid in an episode, on average."""
    generator = torch.Generator().manual_seed(0)
    maze = BatchedMaze(MazeTask(**MAZE), PLAYED, generator)
    return tuple(play(p, maze).mean().item() for p in (RandomPlayer(maze.task, generator), Planner(maze.task)))


def number(value: float) -> str:
    return f"{value:.1f}"


def quartiles(values: Sequence[float]) -> str:
    low, middle, high = np.percentile(values, (25, 50, 75))
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def line(runs: Sequence[Result]) -> Measured:
    config = runs[0].config
    what = (
        f"{WORDS[config['network']]}, {config['task']['observation']} observation, batch {config['batch_size']}, Adam "
        f"{config['learning_rate']:g}, {count(length(runs[0]))} episodes: reward of an episode"
    )
    return Measured.of(what, rewards(runs), number, runs)


def settings(results: Sequence[Result]) -> list[list[Result]]:
    """Runs in one setting: they differ in the network and the seed, and in the learning rate only where each network
    has that of the preset `long`, which was searched for it.
    """
    tuned = [run for run in results if run.config["learning_rate"] == preset_rate(run.config["network"])]
    free = ("network", "seed", "record_every")
    groups = alike(tuned, *free, "learning_rate") + alike(results, *free)
    known = [set(map(id, group)) for group in groups]
    return [group for k, group in enumerate(groups) if not any(known[k] <= other for other in known[:k])]


def preset_rate(network: str) -> float:
    return Config.preset("long", network).learning_rate


def comparisons(results: Sequence[Result], other: str) -> list[Comparison]:
    """Every comparison in the paper's maze, the one with the most seeds first, of those the longest."""
    found = []
    for group in settings(select(results, task=MAZE)):
        both = [one_a_seed(select(group, network=network)) for network in ("plastic", other)]
        if all(both):
            found.append(Comparison(*both))
    return sorted(found, key=lambda each: (min(each.seeds, ENOUGH), each.episodes), reverse=True)
