"""What the image bench computes, without a page: what networks make of a damaged picture, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tlteach.errors import InvalidInput
from tlteach.experiments.images import ImageNetwork, mirror
from tlteach.plasticity import PlasticState
from tlteach.tasks.images import ImageEpisode, ImageTask, pixel_error

LARGEST = 4  # networks side by side
KEPT = 2  # sets of pictures whose traces are kept for each network: a trace of 1,025 units takes 4 MB
BASELINES = {"grey": "grey guess", "mirror": "mirror guess"}  # as lesson 03 calls them


@dataclass(frozen=True)
class Answer:
    """What one network shows during the test of S steps.

    frames: (S + 1, N) first the damaged picture as it is given, then what is shown after each step.
    errors: (S + 1,) squared error of each frame for each pixel that was lost; NaN where none was.
    """

    frames: np.ndarray
    errors: np.ndarray


class ImageModel:
    """Networks, the task they were trained on, and their answers to any three pictures, however damaged.

    What a network remembers of the pictures does not depend on which of them is asked for or on what is erased. It is
    computed once, and the test alone is repeated while somebody paints.

    Args:
        networks: name -> `ImageNetwork`, 1 to 4 of them, with side * side + 1 units.
        task: the `ImageTask` they were trained on.
        seed: of the order in which pictures are shown.

    Raises InvalidInput for anything else.
    """

    def __init__(self, networks: Mapping[str, ImageNetwork], task: ImageTask, seed: int = 0):
        if not isinstance(task, ImageTask):
            raise InvalidInput(f"ImageBench needs an ImageTask, got {type(task).__name__}.")
        if not isinstance(networks, Mapping) or not 1 <= len(networks) <= LARGEST:
            raise InvalidInput(f'ImageBench needs 1 to {LARGEST} networks by name, for example {{"plastic": network}}.')
        for name, network in networks.items():
            if not isinstance(network, ImageNetwork):
                raise InvalidInput(f"the network {name!r} must be an ImageNetwork, got {type(network).__name__}.")
            if network.layer.hidden_size != task.n_pixels + 1:
                raise InvalidInput(
                    f"the network {name!r} has {network.layer.hidden_size} units; pictures of {task.side} x {task.side}"
                    f" pixels need {task.n_pixels + 1}, one for each and one for the bias."
                )
        self.networks, self.task = dict(networks), task
        draw = torch.Generator().manual_seed(seed)
        self.order = torch.rand(1, task.n_cycles, task.n_images, generator=draw).argsort(-1)  # (1, C, P)
        self._answers: dict[tuple, Answer] = {}
        self._memories: dict[str, dict[bytes, PlasticState]] = {name: {} for name in networks}

    def episode(self, images: np.ndarray, asked: int, erased: np.ndarray) -> ImageEpisode:
        """The task's own episode (a batch of one): images (P, N) in [-1, 1], erased (N,) True where a pixel is lost."""
        images, erased, expected = np.asarray(images), np.asarray(erased), (self.task.n_images, self.task.n_pixels)
        if images.shape != expected or erased.shape != expected[1:] or erased.dtype != bool:
            raise InvalidInput(
                f"expected images {expected} and a mask of bools {expected[1:]}, got {images.shape} and "
                f"{erased.shape} of {erased.dtype}."
            )
        if not (np.isfinite(images).all() and np.abs(images).max() <= 1):
            raise InvalidInput("images must lie in [-1, 1], as tlteach.data.normalise gives them.")
        if not 0 <= asked < expected[0]:
            raise InvalidInput(f"asked must be one of the pictures 0 to {expected[0] - 1}, got {asked!r}.")
        batch = torch.as_tensor(images, dtype=torch.float32)[None]  # (1, P, N)
        return self.task.episode(batch, self.order, torch.tensor([asked]), torch.as_tensor(erased)[None])

    @torch.no_grad()
    def answer(self, name: str, images: np.ndarray, asked: int, erased: np.ndarray) -> Answer:
        """One network's test with picture `asked` of `images`, damaged where `erased`."""
        episode, start = self.episode(images, asked, erased), self.task.test_start
        pictures = episode.images.numpy().tobytes()
        key = (name, pictures, asked, np.asarray(erased).tobytes())
        if key not in self._answers:
            if len(self._answers) >= 20:
                self._answers.clear()
            state = self._memory(name, pictures, episode)
            shown, _ = self.networks[name].steps(episode.inputs[start:], episode.clamp[start:], state)
            frames = torch.cat([episode.inputs[-1:], shown.to(episode.inputs)])  # (S + 1, 1, N)
            self._answers[key] = _answer(frames[:, 0], episode)
        return self._answers[key]

    def _memory(self, name: str, pictures: bytes, episode: ImageEpisode) -> PlasticState:
        """Where one network stands when the test begins."""
        memories, start = self._memories[name], self.task.test_start
        if pictures not in memories:
            while len(memories) >= KEPT:
                memories.pop(next(iter(memories)))
            _, memories[pictures] = self.networks[name].steps(episode.inputs[:start], episode.clamp[:start])
        return memories[pictures]

    def baseline(self, name: str, images: np.ndarray, asked: int, erased: np.ndarray) -> Answer:
        """An answer that remembers nothing, given at once: "grey", or "mirror", the rest of the picture upside down."""
        episode = self.episode(images, asked, erased)
        cue, answer = episode.inputs[-1], episode.inputs[-1]  # (1, N)
        if name == "mirror":
            answer = mirror(cue, episode.erased, self.task.side)
        elif name != "grey":
            raise InvalidInput(f"there is no baseline {name!r}; there are {', '.join(BASELINES)}.")
        return _answer(torch.cat([cue, answer.expand(self.task.test_steps, -1)]), episode)


def _answer(frames: Tensor, episode: ImageEpisode) -> Answer:
    lost = episode.erased.sum().item()
    errors = pixel_error(frames, episode.targets)  # (S + 1,)
    return Answer(frames.numpy(), (errors / lost).numpy() if lost else np.full(len(frames), np.nan))
