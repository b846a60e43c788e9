"""Recorded one-shot networks, tested again: on which characters do they err? Nothing is trained here.

Spec: a run of `one_shot` ends with a single number. Where it is lower than a published one, these tell why: a network
that answers characters it was trained on no better than new ones has not learned them by heart; what it lacks is
size, training or a better way of comparing, not more alphabets.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from tlteach import checks, runs
from tlteach.errors import InvalidInput
from tlteach.experiments import one_shot
from tlteach.experiments._one_shot_network import pool
from tlteach.experiments._report import several
from tlteach.runs import Result
from tlteach.tasks.one_shot import N_ROTATIONS, OneShotTask, distort, rotate

__all__ = ["PRESETS", "TESTS", "Config", "answers", "by_characters", "plot", "run", "run_name", "train"]

RECORD = dict(tensors=())  # the network is that of the run it was recorded with
PRESETS = ("smoke", "lesson", "long", "paper")
TESTS = {
    "seen": "characters it was trained on, drawn as they are",
    "distorted": "characters it was trained on, distorted as in training",
    "validation": "characters for validation",
    "unseen": "test characters",
    "repeated": "test characters, the query may be a drawing just shown",
}


@dataclass(frozen=True)
class Config:
    """One recorded network, and how long it is tested.

    trained: which, by the name of its recorded run without the seed at its end.
    episodes: of each of `TESTS`.
    seed: of the recorded run, and of the episodes.
    """

    trained: str = "long-plastic-omniglot-5way-1shot-honest"
    episodes: int = 20_000
    seed: int = 0

    def __post_init__(self):
        if not re.fullmatch(r"[\w.+-]+", str(self.trained)):
            raise InvalidInput(f"trained: expected the name of a recorded run without its seed, got {self.trained!r}")
        checks.whole(1, episodes=self.episodes)
        checks.whole(0, seed=self.seed)

    @classmethod
    def preset(cls, preset: str, **changes: Any) -> "Config":
        """A preset, with fields changed at will.

        smoke: a few episodes. lesson: in seconds. long: the recorded tests. paper: as many as the paper asked each
        network.
        """
        checks.choice("preset", preset, PRESETS)
        return cls(**(dict(episodes=SIZES[preset]) | changes))


SIZES = {"smoke": 20, "lesson": 1_000, "long": 20_000, "paper": 100}


def tested(config: Config) -> Result:
    """The recorded run that `config` names. Raises BadFile when there is none."""
    name = f"{config.trained}-seed{config.seed}"
    return runs.recorded("one_shot", name)[name]


def train(config: Config, checkpoint: dict | None = None) -> Iterator[runs.Record]:
    """Test the network, yielding one record at the end; the name is that of every experiment's.

    Metrics, for each of `TESTS`: the share of right answers, and NAME_error, its standard error with the characters
    that were asked for as the sample (other characters may be easier or harder). episodes: of each test. cpu_seconds:
    of training, so 0.
    """
    result = tested(config)
    stored = one_shot.Config(**(result.config | {"task": OneShotTask(**result.config["task"])}))
    network, parts = one_shot.restore(result), one_shot.parts(stored)
    drawings, generator = one_shot.characters(stored.data).floats(), torch.Generator().manual_seed(config.seed)
    task, repeating = replace(stored.task, query_may_repeat=False), replace(stored.task, query_may_repeat=True)
    asked = {
        "seen": (task, parts.train, 0.0),
        "distorted": (task, parts.train, stored.distortion),
        "validation": (task, parts.validation, 0.0),
        "unseen": (task, parts.test, 0.0),
        "repeated": (repeating, parts.test, 0.0),
    }
    metrics = {"episodes": config.episodes, "cpu_seconds": 0.0}
    for name, (how, characters, distortion) in asked.items():
        right, which = answers(network, how, drawings[characters], config.episodes, generator, distortion)
        metrics[name], metrics[f"{name}_error"] = right.float().mean().item(), by_characters(right, which)
    yield runs.Record(1, metrics, network, dict, 1, True)


@torch.no_grad()
def answers(
    network: one_shot.OneShotNetwork,
    task: OneShotTask,
    images: Tensor,
    episodes: int,
    generator: torch.Generator,
    distortion: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Whether each episode of the characters `images` (C, D, S, S) was answered rightly, and which was asked for.

    distortion: of every drawing that is shown or asked for, one by one. Both are (episodes,), bool and 0 to C - 1.
    """
    C, D = images.shape[:2]
    sizes = [min(500, episodes - start) for start in range(0, episodes, 500)]
    dealt = [task.deal(n, C, D, generator, N_ROTATIONS) for n in sizes]
    if not distortion:
        known = pool(network, images, torch.cat([each.places(D) for each in dealt]).unique())  # (4 * C, D, F)
    right, which = [], []
    for n, episode in zip(sizes, dealt, strict=True):
        if distortion:
            places = episode.places(D)  # (n * (N * K + 1),), the queries last
            turned = rotate(images.flatten(0, 1)[places % (C * D)], places // (C * D))
            features = network.embed(distort(turned, distortion, generator))
            shots, query = features[:-n].view(n, task.n_ways, task.n_shots, -1), features[-n:]
        else:
            shots, query = episode.take(known)
        right.append(network.logits(shots, query).argmax(-1) == episode.target)
        which.append(episode.rows.gather(1, episode.target[:, None]).squeeze(1) % C)
    return torch.cat(right), torch.cat(which)


def by_characters(right: Tensor, which: Tensor) -> float:
    """Standard error of the share of right answers, when it is the characters that are drawn at random.

    right (n,), which (n,): all episodes that ask for a character stand or fall together (a cluster), so

        error^2 = C / (C - 1) * sum_c ( sum over the episodes of c of (right - mean) )^2 / n^2.

    Of a single character it is not known: NaN.
    """
    n = len(right)
    off = right.double() - right.double().mean()  # (n,)
    sums = torch.zeros(int(which.max()) + 1, dtype=torch.float64).index_add_(0, which, off)
    C = len(which.unique())
    return float((C / (C - 1) * (sums**2).sum()).sqrt() / n) if C > 1 else math.nan


def run_name(config: Config) -> str:
    """The name of a run among runs of the same preset."""
    return f"{config.trained}-seed{config.seed}"


def run(config: Config, **how: Any) -> Result:
    """All tests; keyword arguments as in `runs.drive`."""
    source = one_shot.characters(tested(config).config["data"]).source
    return runs.drive("one_shot_tests", train, config, data=source, **how)


def plot(results: Sequence[Result] | Result) -> Figure:
    """Wrong answers in each test, a dot a network, 1.96 standard errors over the characters to either side."""
    results = several(results)
    figure, ax = plt.subplots(figsize=(7, 3))
    rows = np.arange(len(TESTS))
    for i, result in enumerate(results):
        share, error = (np.array([result.metrics[name + end][-1] for name in TESTS]) for end in ("", "_error"))
        shift = 0.1 * (i - (len(results) - 1) / 2)
        label = f"{result.config['trained']}-seed{result.config['seed']}"
        ax.errorbar(100 * (1 - share), rows + shift, xerr=196 * error, fmt="o", markersize=4, label=label)
    ax.set(yticks=rows, yticklabels=TESTS.values(), xlabel="wrong answers, %")
    ax.invert_yaxis()
    ax.set_xlim(left=0)
    figure.legend(loc="outside lower center")
    return figure
