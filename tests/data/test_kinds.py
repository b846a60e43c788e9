"""The paper's normalisation, against loops and by its properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tlteach.data import normalise
from tlteach.errors import InvalidInput


def by_hand(picture, size):
    side = len(picture)
    block = side // size
    p = [
        sum(float(picture[y * block + dy, x * block + dx]) for dy in range(block) for dx in range(block)) / block**2
        for y in range(size)
        for x in range(size)
    ]
    mean = sum(p) / len(p)
    p = [value - mean for value in p]
    largest = max(abs(value) for value in p)
    return [value / (1e-8 + largest) for value in p]


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_against_a_loop(size):
    pictures = np.random.default_rng(0).integers(0, 766, (3, 8, 8)).astype(np.uint16)
    expected = np.array([by_hand(picture, size) for picture in pictures])
    assert np.allclose(normalise(pictures, size).numpy(), expected, atol=1e-6)


@given(arrays(np.uint16, (2, 4, 4), elements=st.integers(0, 765)), st.sampled_from([None, 1, 2, 4]))
def test_zero_mean_and_within_one(pictures, size):
    p = normalise(pictures, size)
    assert p.shape == (2, 16 if size is None else size**2)
    assert p.abs().max() <= 1 and p.mean(1).abs().max() < 1e-5
    for picture, row in zip(pictures, p, strict=True):
        flat = np.ptp(picture.reshape(size or 4, 4 // (size or 4), -1, 4 // (size or 4)).mean((1, 3))) == 0
        assert row.abs().max() == pytest.approx(0 if flat else 1, abs=1e-5)


def test_neither_light_nor_contrast_matters_and_nothing_is_changed():
    pictures = np.random.default_rng(1).random((2, 6, 6)).astype(np.float32)
    before = pictures.copy()
    assert np.allclose(normalise(pictures, 3), normalise(300 * pictures + 100, 3), atol=1e-5)
    assert np.array_equal(pictures, before)


@pytest.mark.parametrize(
    "pictures, size, message",
    [
        (np.zeros((8, 8)), None, r"\(8, 8\); expected \(N, S, S\)"),
        (np.zeros((1, 8, 6)), None, r"\(1, 8, 6\)"),
        (np.zeros((1, 8, 8)), 3, "size 3; expected a divisor of 8"),
        (np.zeros((1, 8, 8)), 16, "size 16"),
        (np.zeros((1, 8, 8)), 0, "size 0"),
        (np.zeros((1, 8, 8)), 4.0, "size 4.0; expected a divisor of 8.*whole number"),
        (np.zeros((1, 8, 8)), True, "size True"),
        (np.zeros((1, 8, 8)), "4", "size '4'"),
        (np.full((1, 8, 8), np.nan), None, "not finite"),
    ],
)
def test_what_is_no_picture_is_refused(pictures, size, message):
    with pytest.raises(InvalidInput, match=message):
        normalise(pictures, size)
