"""Erasing part of a pattern: the cue from which a network must remember the rest."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import seed, tensor


def degrade(pattern, fraction, generator):
    """A copy of pattern (N,) in which exactly int(fraction * N) bits, chosen by the generator, are 0 -> (N,)."""
    n_erased = int(fraction * len(pattern))
    erased = torch.randperm(len(pattern), generator=generator)[:n_erased]  # every choice is equally likely
    cue = pattern.clone()
    cue[erased] = 0
    return cue


def _probe(pattern, fraction, number=0):
    return dict(pattern=tensor(*pattern), fraction=fraction, generator=seed(number))


def _zeros(function, pattern, fraction, generator):
    return {"number of zeros": int((function(pattern, fraction, generator) == 0).sum())}


def _survivors(function, pattern, fraction, generator):
    cue = function(pattern, fraction, generator)
    return {"bits that are neither 0 nor the pattern's": int(((cue != 0) & (cue != pattern)).sum())}


def _repeats(function, pattern, fraction, generator):
    draws = [[function(pattern.clone(), fraction, seed(n).make()) for n in range(5)] for _ in range(2)]
    return {"equal for equal generators": all(torch.equal(a, b) for a, b in zip(*draws, strict=True))}


def _choices(function, pattern, fraction, generator):
    draws = [function(pattern.clone(), fraction, generator) for _ in range(100)]
    return {"different choices in 100 calls": len({tuple((cue == 0).tolist()) for cue in draws})}


PROPERTIES = [
    Property("it returns a pattern of the same length", [_probe((1, -1), 0.5)], form),
    Property("with fraction = 0 nothing is erased", [_probe((1, -1, 1), 0.0)]),
    Property("with fraction = 1 every bit is 0", [_probe((1, -1, 1), 1.0)]),
    Property(
        "exactly int(fraction * N) bits are 0, at every draw",
        [
            *(_probe((1, -1), 0.5, number) for number in range(4)),
            *(_probe((1, -1, 1, 1), 0.25, number) for number in range(4)),
            *(_probe((1, -1, 1, 1, -1, -1, 1), 0.5, number) for number in range(4)),
        ],
        _zeros,
    ),
    Property(
        "the other bits keep their value",
        [_probe((1, -1, 1, -1), fraction, number) for fraction in (0.25, 0.5) for number in range(4)],
        _survivors,
    ),
    Property("a generator that starts alike erases the same bits", [_probe((1, -1, 1, 1, -1, -1), 0.5)], _repeats),
    Property("every choice of bits turns up: 2 of 4 can be chosen in 6 ways", [_probe((1, -1, 1, -1), 0.5)], _choices),
]

HINTS = [
    "How can you choose exactly n of N positions at random, none twice? And whose tensor may you write zeros into?",
    "With n = int(fraction * N):\n\n"
    "    torch.randperm(N, generator=generator)   (N,)   all positions in random order\n"
    "    pattern.clone()                          (N,)   a copy of your own\n\n"
    "The first n of the positions are a fair choice of n bits.",
    "In four steps:\n\n    n = int of fraction times the pattern's length\n"
    "    positions = the first n of a random order, drawn with the generator\n"
    "    cue = a copy of pattern, with 0 at those positions\n    return cue",
]


def _erase(choose):
    def mutant(pattern, fraction, generator):
        cue = pattern.clone()
        cue[choose(len(pattern), fraction, generator)] = 0
        return cue

    return mutant


def _shuffled(n, generator=None):
    return torch.randperm(n, generator=generator)


def _random_bits(pattern, fraction, generator):
    cue, n_erased = pattern.clone(), int(fraction * len(pattern))
    cue[_shuffled(len(pattern), generator)[:n_erased]] = torch.randint(0, 2, (n_erased,), generator=generator) * 2.0 - 1
    return cue


def _flipped(pattern, fraction, generator):
    cue, erased = pattern.clone(), _shuffled(len(pattern), generator)[: int(fraction * len(pattern))]
    cue[erased] = -cue[erased]
    return cue


def _in_place(pattern, fraction, generator):
    pattern[_shuffled(len(pattern), generator)[: int(fraction * len(pattern))]] = 0
    return pattern


MUTANTS = [
    Mutant(
        "random bits",
        _random_bits,
        "you put random bits in the place of the erased ones. An erased bit is 0: neither +1 nor -1, nothing is known.",
    ),
    Mutant(
        "flipped bits",
        _flipped,
        "you flipped the sign of the chosen bits. That is wrong information; an erased bit gives none, it is 0.",
    ),
    Mutant(
        "coin flips",
        _erase(lambda n, fraction, generator: torch.rand(n, generator=generator) < fraction),
        "you flip a coin for every bit, so the number of zeros varies. Exactly int(fraction * N) are asked for.",
    ),
    Mutant(
        "drawn with replacement",
        _erase(lambda n, fraction, generator: torch.randint(n, (int(fraction * n),), generator=generator)),
        "you draw positions that can come twice, and then too few bits are erased. `torch.randperm` never repeats one.",
    ),
    Mutant(
        "always the first half",
        _erase(lambda n, fraction, generator: slice(int(fraction * n))),
        "you always erase the beginning of the pattern. The positions should be random, drawn with the generator.",
    ),
    Mutant(
        "a block",
        _erase(
            lambda n, fraction, generator: (
                (torch.arange(int(fraction * n)) + torch.randint(n, (1,), generator=generator)) % n
            )
        ),
        "you erase neighbouring bits, starting anywhere. Every choice of positions should be possible.",
    ),
    Mutant(
        "rounded up",
        _erase(lambda n, fraction, generator: _shuffled(n, generator)[: int(fraction * n + 0.5)]),
        "you round to the nearest whole number. `int` rounds down: int(3.5) is 3.",
    ),
    Mutant(
        "the others",
        _erase(lambda n, fraction, generator: _shuffled(n, generator)[int(fraction * n) :]),
        "you erased the bits that should stay: fraction is the share that is lost.",
    ),
    Mutant(
        "the generator ignored",
        _erase(lambda n, fraction, generator: _shuffled(n)[: int(fraction * n)]),
        "the generator is not used, so nobody can draw the same cue again. Hand it on: `generator=generator`.",
    ),
    Mutant(
        "in place",
        _in_place,
        "you wrote the zeros into the caller's pattern, and the target is lost with them. Work on a copy: `.clone()`.",
    ),
]

exercise = Exercise(
    degrade,
    title="Erase half of a pattern",
    difficulty=2,
    minutes=8,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
