"""What the pattern bench computes, without a page: damaged patterns, networks with parts taken away, their answers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from tlteach.errors import InvalidInput
from tlteach.experiments._pattern_network import ABLATIONS, ablate
from tlteach.tasks.patterns import PatternEpisode, PatternTask, bit_errors, n_erased

LARGEST = 100  # bits
AS_TRAINED = "as trained"


@dataclass(frozen=True)
class Answer:
    """One network in one episode: inputs (T, N) and outputs (T, N), and the number of wrong bits at each step, (T,)."""

    inputs: np.ndarray
    outputs: np.ndarray
    wrong: np.ndarray


class PatternModel:
    """Networks, the task they were trained on, and their answers to any cue.

    networks: name -> module, (T, B, n_bits) -> (T, B, n_bits).
    task: where the episodes come from.

    Raises InvalidInput when there is no network, one gives another shape, or the task is too large to be drawn.
    """

    def __init__(self, networks: Mapping[str, nn.Module], task: PatternTask):
        if not isinstance(task, PatternTask):
            raise InvalidInput(f"PatternBench needs a PatternTask, got {type(task).__name__}.")
        if not isinstance(networks, Mapping) or not networks:
            raise InvalidInput('PatternBench needs at least one network by name, for example {"plastic": network}.')
        if task.n_bits > LARGEST:
            raise InvalidInput(f"PatternBench draws at most {LARGEST} bits, the task has {task.n_bits}.")
        self.networks, self.task = dict(networks), task
        self._episodes: dict[int, PatternEpisode] = {}
        self._answers: dict[tuple, Answer] = {}
        for name in self.networks:
            self.answer(name, AS_TRAINED, 0, 0, self.cue(0, 0, 0.5))

    def ablations(self, name: str) -> tuple[str, ...]:
        """What can be taken away from this network."""
        layer = getattr(self.networks[name], "layer", None)
        return (AS_TRAINED, *ABLATIONS) if getattr(layer, "alpha", None) is not None else (AS_TRAINED,)

    def episode(self, seed: int) -> PatternEpisode:
        """The patterns of this seed, as the task draws them (a batch of one)."""
        if seed not in self._episodes:
            self._episodes[seed] = self.task.sample(1, torch.Generator().manual_seed(seed))
        return self._episodes[seed]

    def pattern(self, seed: int, asked: int) -> np.ndarray:
        return self.episode(seed).patterns[0, asked].numpy()

    def cue(self, seed: int, asked: int, fraction: float) -> tuple[int, ...]:
        """The pattern with as many bits erased as the task erases: growing the fraction erases more, never others."""
        order = np.random.default_rng(seed).permutation(self.task.n_bits)
        cue = self.pattern(seed, asked).copy()
        cue[order[: n_erased(fraction, self.task.n_bits)]] = 0
        return tuple(cue.astype(int).tolist())

    @torch.no_grad()
    def answer(self, name: str, ablation: str, seed: int, asked: int, cue: tuple[int, ...]) -> Answer:
        """Run one network through the episode whose degraded pattern is `cue` (+1, -1, 0 for erased)."""
        key = (name, ablation, seed, asked, cue)
        if key in self._answers:
            return self._answers[key]
        drawn, task = self.episode(seed), self.task
        bits = torch.tensor(cue, dtype=drawn.targets.dtype)[None]  # (1, N)
        episode = task.episode(drawn.patterns, drawn.order, torch.tensor([asked]), bits == 0)
        episode.inputs[task.test_start :] = bits  # flipped bits, too
        network = self.networks[name] if ablation == AS_TRAINED else ablate(self.networks[name], ablation, task)
        like = next(network.parameters(), bits)
        outputs = network(episode.inputs.to(like)).cpu().to(bits)
        if outputs.shape != episode.inputs.shape:
            shape, got = tuple(episode.inputs.shape), tuple(outputs.shape)
            raise InvalidInput(f"the network {name!r} must map {shape} to the same shape, got {got}.")
        wrong = bit_errors(outputs[:, 0], episode.targets) * task.n_bits
        if len(self._answers) > 500:
            self._answers.clear()
        result = Answer(episode.inputs[:, 0].numpy(), outputs[:, 0].numpy(), wrong.round().int().numpy())
        self._answers[key] = result
        return result

    def phase(self, seed: int, time: int) -> str:
        """What happens at this step, in words."""
        task = self.task
        if time >= task.test_start:
            return f"the damaged pattern is shown, step {time - task.test_start + 1} of {task.test_steps}"
        slot, within = divmod(time, task.show_steps + task.gap_steps)
        shown = int(self.episode(seed).order[0].flatten()[slot])
        return f"pattern {letter(shown)} is shown" if within < task.show_steps else "nothing is shown"


def letter(i: int) -> str:
    """A, B, C ... the names of patterns."""
    return chr(ord("A") + i)
