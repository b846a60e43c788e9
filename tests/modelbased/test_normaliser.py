"""The running moments against those of all the data at once."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.errors import InvalidInput
from tlteach.modelbased.normaliser import Normaliser


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(0, 9), min_size=1, max_size=6), offset=st.floats(-1e3, 1e3), seed=st.integers(0, 99))
def test_updates_in_pieces_give_the_moments_of_the_whole(sizes, offset, seed):
    torch.manual_seed(seed)
    x = torch.randn(sum(sizes), 3, dtype=torch.double) * torch.tensor([0.1, 1.0, 50.0]) + offset
    seen = Normaliser(3, dtype=torch.double)
    for piece in x.split(sizes):
        seen.update(piece)
    assert seen.count == len(x)
    if len(x) > 1:
        torch.testing.assert_close(seen.mean, x.mean(0))
        torch.testing.assert_close(seen.std, x.std(0, correction=0))
        torch.testing.assert_close(seen(x), (x - x.mean(0)) / x.std(0, correction=0))
        torch.testing.assert_close(seen.inverse(seen(x)), x)
        torch.testing.assert_close(torch.stack([seen.low, seen.high]), torch.stack([x.amin(0), x.amax(0)]))


def test_single_precision_stays_close_over_many_updates():
    x = torch.randn(100, 4000, 2) * 0.3 + 20
    seen = Normaliser(2)
    for piece in x:
        seen.update(piece)
    whole = x.double().reshape(-1, 2)
    torch.testing.assert_close(seen.std.double(), whole.std(0), rtol=1e-4, atol=0)
    torch.testing.assert_close(seen.mean.double(), whole.mean(0), rtol=1e-6, atol=0)


def test_nothing_seen_changes_nothing_and_constants_stay_harmless():
    seen = Normaliser(2)
    x = torch.tensor([[3.0, 7.0], [5.0, 7.0]])
    torch.testing.assert_close(seen(x), x)
    seen.update(x)
    torch.testing.assert_close(seen(x), torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))
    torch.testing.assert_close(seen(torch.full((2,), 1e9)), torch.full((2,), 100.0))


def test_clip_widens_the_range_that_was_seen():
    seen = Normaliser(1)
    seen.update(torch.tensor([[2.0], [6.0]]))
    torch.testing.assert_close(
        seen.clip(torch.tensor([[-9.0], [1.0], [9.0]]), 0.5), torch.tensor([[0.0], [1.0], [8.0]])
    )


def test_state_is_saved():
    seen, other = Normaliser(3), Normaliser(3)
    seen.update(torch.randn(7, 3))
    other.load_state_dict(seen.state_dict())
    more = torch.randn(5, 3)
    seen.update(more)
    other.update(more)
    assert all(torch.equal(a, b) for a, b in zip(seen.buffers(), other.buffers(), strict=True))


def test_refusals():
    with pytest.raises(InvalidInput, match=r"vectors of 3, got shape \(5, 2\)"):
        Normaliser(3).update(torch.zeros(5, 2))
    with pytest.raises(InvalidInput, match="1 of 6 values are not finite"):
        Normaliser(2).update(torch.tensor([[0.0, 1.0], [2.0, float("nan")], [1.0, 1.0]]))
