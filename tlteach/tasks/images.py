"""Natural images to be remembered: the second experiment of Miconi et al. 2018 (section 4.2).

An episode shows a few pictures the network has never seen, then one of them with half of it missing; the network must
paint the missing half. Unlike bits, pixels take any value, and neighbours resemble each other.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from tlteach import checks
from tlteach.errors import InvalidInput

HALVES = ("top", "bottom")
_LOOKED_THROUGH = WeakIdKeyDictionary()  # pool of pictures that is fit -> its version: each is looked through once


@dataclass(frozen=True)
class ImageEpisode:
    """A batch of episodes; a picture is a row of N = side * side pixels in [-1, 1].

    inputs: (T, B, N) what the network is given; 0 where a pixel is erased or nothing is shown.
    clamp: (T, B, N) True where a pixel is held at its input: wherever that is not 0.
    targets: (B, N) the whole picture that the network must show at the last step.
    images: (B, P, N) all pictures of each episode.
    order: (B, C, P) which picture was shown when, cycle by cycle.
    asked: (B,) which picture is asked for.
    erased: (B, N) True where the cue has lost a pixel.
    """

    inputs: Tensor
    clamp: Tensor
    targets: Tensor
    images: Tensor
    order: Tensor
    asked: Tensor
    erased: Tensor


@dataclass(frozen=True)
class ImageTask:
    """Show `n_images` pictures `n_cycles` times, then half of one of them. The defaults are the paper's: T = 201.

    Args:
        side: pixels along an edge.
        n_images: P, pictures in an episode.
        n_cycles: C, how often each is shown, in a new random order each cycle.
        show_steps: steps for which a picture is shown.
        gap_steps: steps without input after each showing.
        test_steps: steps for which the half picture is shown; the loss looks at the last.
    """

    side: int = 32
    n_images: int = 3
    n_cycles: int = 3
    show_steps: int = 20
    gap_steps: int = 2
    test_steps: int = 3

    def __post_init__(self):
        checks.whole(2, side=self.side)
        checks.whole(1, n_images=self.n_images, n_cycles=self.n_cycles, show_steps=self.show_steps)
        checks.whole(1, test_steps=self.test_steps)
        checks.whole(0, gap_steps=self.gap_steps)

    @property
    def n_pixels(self) -> int:
        """N."""
        return self.side * self.side

    @property
    def test_start(self) -> int:
        """The step at which the half picture first appears."""
        return self.n_cycles * self.n_images * (self.show_steps + self.gap_steps)

    @property
    def n_steps(self) -> int:
        """T, steps in an episode."""
        return self.test_start + self.test_steps

    def sample(self, batch_size: int, generator: torch.Generator, pictures: Tensor) -> ImageEpisode:
        """A batch of new episodes of pictures drawn from `pictures` (M, N), as `data.normalise` gives them.

        All randomness comes from `generator`. Raises InvalidInput where `pictures`, drawn or not, are of another size,
        of another range, or fewer than an episode needs.
        """
        checks.whole(1, batch_size=batch_size)
        self._require_pictures(pictures)
        B, P, C, device = batch_size, self.n_images, self.n_cycles, generator.device
        which = _distinct(len(pictures), B, P, generator)
        images = pictures[which.to(pictures.device)]  # (B, P, N)
        order = torch.rand(B, C, P, generator=generator, device=device).argsort(-1)  # (B, C, P)
        asked = torch.randint(P, (B,), generator=generator, device=device)  # (B,)
        lost = torch.randint(2, (B, 1), generator=generator, device=device).bool()  # (B, 1) the bottom half?
        bottom = torch.arange(self.n_pixels, device=device) >= self.n_pixels // 2  # (N,)
        choices = [t.to(pictures.device) for t in (order, asked, bottom == lost)]
        return self.episode(images, *choices)

    def half(self, lost: str) -> Tensor:
        """(N,) True on the half of a picture, "top" or "bottom", that a cue has lost."""
        if lost not in HALVES:
            raise InvalidInput(f"ImageTask: the half that is lost must be {' or '.join(HALVES)}, got {lost!r}")
        bottom = torch.arange(self.n_pixels) >= self.n_pixels // 2
        return bottom if lost == "bottom" else ~bottom

    def episode(self, images: Tensor, order: Tensor, asked: Tensor, erased: Tensor) -> ImageEpisode:
        """The episodes made of given choices (the fields of `ImageEpisode`); a widget makes them by hand."""
        B, P, N = images.shape
        rows = torch.arange(B, device=images.device)
        targets = images[rows, asked]  # (B, N)
        shown = images[rows[:, None], order.flatten(1)]  # (B, C * P, N)
        slots = shown.new_zeros(B, shown.shape[1], self.show_steps + self.gap_steps, N)
        slots[:, :, : self.show_steps] = shown[:, :, None]
        cue = targets.masked_fill(erased, 0.0)  # (B, N)
        inputs = torch.cat([slots.flatten(1, 2), cue[:, None].expand(B, self.test_steps, N)], 1)  # (B, T, N)
        inputs = inputs.transpose(0, 1).contiguous()  # (T, B, N)
        return ImageEpisode(inputs, inputs != 0, targets, images, order, asked, erased)

    def _require_pictures(self, pictures: Tensor) -> None:
        if pictures.ndim != 2 or pictures.shape[1] != self.n_pixels:
            raise InvalidInput(
                f"ImageTask: expected pictures (M, {self.n_pixels}), rows of {self.side} x {self.side} pixels; "
                f"got {tuple(pictures.shape)}. tlteach.data.normalise brings them to this form."
            )
        if len(pictures) < self.n_images:
            raise InvalidInput(f"ImageTask: an episode needs {self.n_images} pictures, got only {len(pictures)}")
        if not pictures.is_floating_point():
            raise InvalidInput(f"ImageTask: expected pictures of real numbers in [-1, 1], got {pictures.dtype}")
        _require_range(pictures)


def _require_range(pictures: Tensor) -> None:
    """Look through a whole pool, unless that was done and nothing has been written into it since.

    To look through forty thousand pictures of 32 x 32 pixels takes several times as long as to make an episode.
    """
    version = None if pictures.is_inference() else pictures._version  # torch counts what is written in place
    if version is not None and _LOOKED_THROUGH.get(pictures) == version:
        return
    low, high = (edge.item() for edge in pictures.detach().aminmax())  # nan where any pixel is
    if not -1 <= low <= high <= 1:
        raise InvalidInput(
            f"ImageTask: expected pixels in [-1, 1], got {low:g} to {high:g} among {len(pictures):,} pictures. "
            "tlteach.data.normalise brings them there."
        )
    _LOOKED_THROUGH[pictures] = version


def _distinct(n: int, rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """Rows of numbers below `n`, none twice in a row: (rows, columns)."""
    if n < 4 * columns**2:
        return torch.rand(rows, n, generator=generator, device=generator.device).topk(columns).indices
    which = torch.randint(n, (rows, columns), generator=generator, device=generator.device)
    while (again := (which.sort(-1).values.diff(dim=-1) == 0).any(-1)).any():  # rare among many: cheaper than a shuffle
        which[again] = torch.randint(n, (int(again.sum()), columns), generator=generator, device=generator.device)
    return which


def pixel_error(output: Tensor, targets: Tensor) -> Tensor:
    """Squared error of each episode summed over the pixels: (B, N), (B, N) -> (B,). The loss of section 4.2."""
    return (output - targets).square().sum(-1)
