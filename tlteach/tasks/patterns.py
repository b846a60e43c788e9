"""Binary patterns to be remembered: the first experiment of Miconi et al. 2018 (section 4.1).

An episode shows a few new patterns of +1 and -1, then half of one of them; the network must fill in the rest.
Nothing of one episode helps in the next, so the weights cannot hold the answer: only the trace can.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from tlteach import checks


@dataclass(frozen=True)
class PatternEpisode:
    """A batch of episodes.

    inputs: (T, B, N) what the network is given: +1, -1, or 0 where a bit is erased or nothing is shown.
    targets: (B, N) the whole pattern that it must show at the last step.
    patterns: (B, P, N) all patterns of each episode.
    order: (B, C, P) which pattern was shown when, cycle by cycle.
    asked: (B,) which pattern is asked for.
    erased: (B, N) True where the cue has lost a bit.
    """

    inputs: Tensor
    targets: Tensor
    patterns: Tensor
    order: Tensor
    asked: Tensor
    erased: Tensor


@dataclass(frozen=True)
class PatternTask:
    """Show `n_patterns` patterns `n_cycles` times, then a degraded one.

    Args:
        n_bits: N, length of a pattern; exactly half of the bits (rounded down) are +1.
        n_patterns: P, patterns in an episode.
        n_cycles: C, how often each is shown, in a new random order each cycle.
        show_steps: steps for which a pattern is shown.
        gap_steps: steps without input after each showing.
        test_steps: steps for which the degraded pattern is shown; the loss looks at the last.
        erased_fraction: share of the bits that the degraded pattern has lost, exactly `n_erased(fraction, n_bits)`.

    Raises InvalidInput for counts that are no whole numbers or too small, and a share outside 0 to 1.
    """

    n_bits: int = 50
    n_patterns: int = 2
    n_cycles: int = 1
    show_steps: int = 3
    gap_steps: int = 1
    test_steps: int = 3
    erased_fraction: float = 0.5

    def __post_init__(self):
        checks.whole(2, n_bits=self.n_bits)
        checks.whole(1, n_patterns=self.n_patterns, n_cycles=self.n_cycles)
        checks.whole(1, show_steps=self.show_steps, test_steps=self.test_steps)
        checks.whole(0, gap_steps=self.gap_steps)
        checks.share(erased_fraction=self.erased_fraction)

    @property
    def test_start(self) -> int:
        """The step at which the degraded pattern first appears."""
        return self.n_cycles * self.n_patterns * (self.show_steps + self.gap_steps)

    @property
    def n_steps(self) -> int:
        """T, steps in an episode."""
        return self.test_start + self.test_steps

    def sample(self, batch_size: int, generator: torch.Generator) -> PatternEpisode:
        """A batch of new episodes; all randomness comes from `generator`, and the tensors lie on its device."""
        checks.whole(1, batch_size=batch_size)
        B, P, C, N = batch_size, self.n_patterns, self.n_cycles, self.n_bits
        random = lambda *shape: torch.rand(shape, generator=generator, device=generator.device)  # noqa: E731
        half = (torch.arange(N, device=generator.device) < N // 2).float() * 2 - 1  # N // 2 ones, the rest -1
        patterns = half[random(B, P, N).argsort(-1)]  # (B, P, N) a random permutation each
        order = random(B, C, P).argsort(-1)  # (B, C, P)
        asked = torch.randint(P, (B,), generator=generator, device=generator.device)  # (B,)
        erased = random(B, N).argsort(-1) < n_erased(self.erased_fraction, N)  # (B, N) exactly that many
        return self.episode(patterns, order, asked, erased)

    def episode(self, patterns: Tensor, order: Tensor, asked: Tensor, erased: Tensor) -> PatternEpisode:
        """The episodes made of given choices (the fields of `PatternEpisode`); a widget edits them by hand."""
        B, P, N = patterns.shape
        rows = torch.arange(B, device=patterns.device)
        targets = patterns[rows, asked]  # (B, N)
        shown = patterns[rows[:, None], order.flatten(1)]  # (B, C * P, N)
        slots = shown.new_zeros(B, shown.shape[1], self.show_steps + self.gap_steps, N)
        slots[:, :, : self.show_steps] = shown[:, :, None]
        cue = targets.masked_fill(erased, 0.0)  # (B, N)
        inputs = torch.cat([slots.flatten(1, 2), cue[:, None].expand(B, self.test_steps, N)], 1)  # (B, T, N)
        return PatternEpisode(inputs.transpose(0, 1).contiguous(), targets, patterns, order, asked, erased)


def n_erased(fraction: float, n_bits: int) -> int:
    """How many of `n_bits` bits a share is: its whole part. What rounding in floating point adds or takes is ignored.

    >>> n_erased(0.5, 7), n_erased(0.58, 50), int(0.58 * 50)
    (3, 29, 28)
    """
    return int(round(fraction * n_bits, 6))


def bit_errors(output: Tensor, targets: Tensor) -> Tensor:
    """Share of wrong bits in each episode: output (B, N), targets (B, N) of +-1 -> (B,). An output of 0 is wrong.

    Source: Miconi et al. 2018, section 4.1. A network that copies the given half and guesses the rest scores 0.25.
    """
    return (output.sign() != targets).float().mean(-1)
