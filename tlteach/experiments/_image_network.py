"""A hard-clamped plastic network as a memory of pictures, tested on pictures it was not trained on."""

import torch
from torch import Tensor, nn

from tlteach.plasticity import PlasticRNN, PlasticState
from tlteach.tasks.images import ImageEpisode, ImageTask, pixel_error


class ImageNetwork(nn.Module):
    """One neuron a pixel and one for the bias: an episode -> the pixels the network shows, (T, B, N).

    Hard clamping (section 4.2): a neuron whose pixel is given takes its value, whatever the others say; the neuron
    of an erased pixel is left to equation 1. The bias neuron is held at 1.
    """

    def __init__(self, layer: PlasticRNN):
        super().__init__()
        self.layer = layer

    def forward(self, episode: ImageEpisode) -> Tensor:
        return self.steps(episode.inputs, episode.clamp)[0]

    def steps(self, inputs: Tensor, clamp: Tensor, state: PlasticState | None = None) -> tuple[Tensor, PlasticState]:
        """Some steps of an episode, from `state`, or from its beginning when left out: inputs, clamp (T, B, N) as in
        `ImageEpisode` -> the pixels shown (T, B, N), and the state after the last step."""
        bias = torch.ones_like(inputs[..., :1])
        inputs = torch.cat([inputs, bias], -1).to(self.layer.weight)  # (T, B, N + 1)
        clamp = torch.cat([clamp, bias.bool()], -1).to(self.layer.weight.device)  # (T, B, N + 1)
        output, state = self.layer(inputs, state, clamp)
        return output[..., :-1], state


@torch.no_grad()
def evaluate(
    network: ImageNetwork, task: ImageTask, pictures: Tensor, episodes: int, generator: torch.Generator
) -> Tensor:
    """Squared error, summed over the pixels at the last step, of `episodes` episodes of `pictures`: (episodes,)."""
    parts = []
    for start in range(0, episodes, 20):
        episode = task.sample(min(20, episodes - start), generator, pictures)
        parts.append(pixel_error(network(episode)[-1], episode.targets))
    return torch.cat(parts)


@torch.no_grad()
def baselines(task: ImageTask, pictures: Tensor, episodes: int, generator: torch.Generator) -> dict[str, Tensor]:
    """What the same error is for answers that remember nothing, (episodes,) each.

    "grey": the lost half is left at 0, the mean of a picture. "mirror": it is the given half turned over.
    """
    parts: dict[str, list[Tensor]] = {"grey": [], "mirror": []}
    for start in range(0, episodes, 20):
        episode = task.sample(min(20, episodes - start), generator, pictures)
        cue = episode.inputs[-1]  # (B, N)
        parts["grey"].append(pixel_error(cue, episode.targets))
        parts["mirror"].append(pixel_error(mirror(cue, episode.erased, task.side), episode.targets))
    return {name: torch.cat(errors) for name, errors in parts.items()}


def mirror(cue: Tensor, erased: Tensor, side: int) -> Tensor:
    """The picture upside down where pixels are erased: cue, erased (B, N) -> (B, N). What is erased in both stays 0."""
    return torch.where(erased, cue.unflatten(-1, (side, side)).flip(-2).flatten(-2), cue)
