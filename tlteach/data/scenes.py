"""Small pictures that look natural without being of anything: clouds of 1/f noise, and things in front of things.

Occluding shapes whose sizes follow a power law ("dead leaves": Ruderman 1997; Lee, Mumford & Huang 2001) give the
spectrum of natural images, power falling as 1/f^2, and what noise of the same spectrum lacks: edges.
"""

from functools import lru_cache

import numpy as np
from numpy.random import Generator

from tlteach import checks
from tlteach.data.kinds import Pictures

SIDE = 32
WHITE = 3 * 255  # red + green + blue
LEAVES = 14  # shapes of a picture, from the back to the front
SMALLEST, LARGEST = 2.0, 16.0  # radii in pixels
BATCH = 250  # pictures made at a time: their arrays fit into a processor's cache
TEXTURES = 500  # fields of noise that the surfaces of all pictures are cut from


@lru_cache(maxsize=1)  # a lesson asks for the same more than once
def natural_pictures(n_train: int = 4000, n_withheld: int = 1000, seed: int = 0) -> Pictures:
    """Made-up pictures of 32 x 32 pixels, on CIFAR-10's scale of grey (0 to 765).

    Args:
        n_train, n_withheld: how many; more of them leave the first ones as they are.
        seed: of everything.

    Raises InvalidInput for numbers below 1.
    """
    checks.whole(1, n_train=n_train, n_withheld=n_withheld)
    checks.whole(0, seed=seed)
    source = f"natural-looking pictures (made by tlteach, not CIFAR-10; seed {seed})"
    train, withheld = (_pictures([seed, part], n) for part, n in enumerate((n_train, n_withheld)))
    return Pictures(train, withheld, source, real=False)


def _pictures(seed: list[int], n: int) -> np.ndarray:
    """(n, 32, 32) uint16; the first ones do not depend on n."""
    textures = _noise(np.random.default_rng([*seed, 1]), TEXTURES)  # no batch starts at 1
    batches = [_batch(np.random.default_rng([*seed, start]), textures) for start in range(0, n, BATCH)]
    return np.concatenate(batches)[:n]


def _batch(rng: Generator, textures: np.ndarray) -> np.ndarray:
    """(BATCH, 32, 32) uint16."""
    x = np.arange(SIDE, dtype=np.float32)[None] - (SIDE - 1) / 2  # (1, 32)
    y = x.T  # (32, 1)
    scene = _surface(rng, x, y, 0.25, textures)
    covers = (_ground(rng, x, y), *(_leaf(rng, x, y) for _ in range(LEAVES)))
    for cover in covers:  # (BATCH, 32, 32) 1 inside, 0 outside
        scene += cover * (_surface(rng, x, y, 0.1, textures) - scene)
    contrast, middle = _each(rng.uniform(0.4, 0.9, BATCH)), _each(rng.uniform(0.3, 0.65, BATCH))
    scene = middle + contrast * (scene - scene.mean((1, 2), keepdims=True))
    return np.rint(WHITE * np.clip(scene, 0, 1)).astype(np.uint16)


def _surface(rng: Generator, x: np.ndarray, y: np.ndarray, rough: float, textures: np.ndarray) -> np.ndarray:
    """(BATCH, 32, 32) a surface of some brightness, lit from one side, more or less rough."""
    bright = _each(rng.uniform(0, 1, BATCH))
    light = _each(rng.normal(0, 0.012, BATCH)) * x + _each(rng.normal(0, 0.012, BATCH)) * y
    texture = textures[rng.integers(len(textures), size=BATCH)]
    return bright + light + _each(rough * rng.uniform(0, 1, BATCH)) * texture


def _noise(rng: Generator, n: int) -> np.ndarray:
    """(n, 32, 32) noise whose amplitude falls as 1/f, of unit variance. It is cut from a field of twice the size: a
    field made by Fourier transform wraps around, a picture does not."""
    side = 2 * SIDE
    f = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    f[0, 0] = np.inf
    wave = np.fft.rfft2(rng.standard_normal((n, side, side)))
    field = np.fft.irfft2(wave / f)[:, :SIDE, :SIDE]
    field -= field.mean((1, 2), keepdims=True)
    return (field / field.std((1, 2), keepdims=True)).astype(np.float32)


def _ground(rng: Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(BATCH, 32, 32) 1 below a horizon, which some pictures have out of sight."""
    below = y + _each(rng.normal(0, 0.1, BATCH)) * x - _each(rng.normal(3, 9, BATCH))
    return np.clip(0.5 + below / _each(rng.choice([1, 2, 6], BATCH)), 0, 1)


def _leaf(rng: Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(BATCH, 32, 32) how much a shape covers each pixel: ellipses and rectangles, upright or not, sharp or soft."""
    u = rng.random(BATCH)
    radius = _each(1 / np.sqrt(u / SMALLEST**2 + (1 - u) / LARGEST**2))  # its density falls as radius^-3
    centre_x, centre_y = _each(rng.uniform(-SIDE / 2, SIDE / 2, BATCH)), _each(rng.uniform(-SIDE / 2, SIDE / 2, BATCH))
    angle = _each(rng.choice([0, 1], BATCH, p=[0.4, 0.6]) * rng.uniform(0, np.pi, BATCH))
    stretch = _each(np.exp(rng.normal(0, 0.5, BATCH)))
    dx, dy = x - centre_x, y - centre_y
    along = (np.cos(angle) * dx + np.sin(angle) * dy) / stretch
    across = (np.cos(angle) * dy - np.sin(angle) * dx) * stretch
    straight = rng.random(BATCH) < 0.3
    distance = np.empty_like(along)
    distance[straight] = np.maximum(np.abs(along[straight]), np.abs(across[straight]))
    distance[~straight] = np.hypot(along[~straight], across[~straight])
    soft = _each(rng.choice([1, 1, 2, 4], BATCH))
    return np.clip(0.5 - (distance - radius) / soft, 0, 1)  # distances from the edge are about in pixels


def _each(values: np.ndarray) -> np.ndarray:
    """One number for each picture, in the shape that meets (BATCH, 32, 32)."""
    return values.astype(np.float32)[:, None, None]
