"""The replay buffer against a list that forgets."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.errors import BadFile, InvalidInput
from tlteach.modelbased.buffer import ReplayBuffer, Transitions


def numbered(first: int, n: int) -> Transitions:
    """Row i holds the number i in every field."""
    i = torch.arange(first, first + n)
    return Transitions(i[:, None].float().expand(n, 2), i[:, None].float(), i[:, None] + torch.zeros(n, 2), i % 3 == 2)


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_it_keeps_the_latest_in_order(sizes):
    buffer, first, expected = ReplayBuffer(2, 1, capacity=10), 0, []
    for n in sizes:
        buffer.add(numbered(first, n))
        expected = (expected + list(range(first, first + n)))[-10:]
        first += n
        assert buffer.latest().action[:, 0].tolist() == expected and len(buffer) == len(expected)
    assert buffer.latest(3).action[:, 0].tolist() == expected[-3:]


def test_windows_are_consecutive_uniform_and_never_wrap():
    buffer = ReplayBuffer(2, 1, capacity=10)
    buffer.add(numbered(0, 7))
    buffer.add(numbered(7, 7))  # 4..13 remain; 10..13 lie before 4 in memory
    got = buffer.sample((4, 500), 3, torch.Generator().manual_seed(0))
    start = got.action[0, :, :, 0]
    assert got.obs.shape == (3, 4, 500, 2) and got.boundary.shape == (3, 4, 500)
    for h in range(3):
        torch.testing.assert_close(got.obs[h, ..., 0], start + h)
        torch.testing.assert_close(got.boundary[h], (start + h) % 3 == 2)
    counts = torch.bincount(start.flatten().long(), minlength=14)
    assert counts[4:12].min() > 180 and counts[:4].sum() == counts[12:].sum() == 0  # 250 expected, std 15


def test_saved_and_restored_it_samples_the_same():
    buffer = ReplayBuffer(2, 1, capacity=10)
    buffer.add(numbered(0, 17))
    again = ReplayBuffer(2, 1, capacity=10)
    again.add(numbered(50, 3))
    again.load_state_dict(buffer.state_dict())
    for each in (buffer, again):
        each.add(numbered(17, 4))
    one, other = (b.sample((50,), 2, torch.Generator().manual_seed(1)) for b in (buffer, again))
    assert all(torch.equal(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True))


def test_starts_are_stored_states():
    buffer = ReplayBuffer(2, 1, capacity=10)
    buffer.add(numbered(3, 5))
    starts = buffer.starts((20, 6), torch.Generator())
    assert starts.shape == (20, 6, 2) and set(starts.unique().tolist()) == {3, 4, 5, 6, 7}


def test_refusals():
    buffer = ReplayBuffer(2, 1, capacity=4)
    with pytest.raises(InvalidInput, match="windows of 2 need as many stored transitions, got 0"):
        buffer.sample((1,), 2, torch.Generator())
    with pytest.raises(InvalidInput, match=r"action has shape \(3, 2\), expected \(3, 1\)"):
        buffer.add(Transitions(torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(3).bool()))
    with pytest.raises(InvalidInput, match="next_obs holds values that are not finite"):
        nan = torch.full((3, 2), torch.nan)
        buffer.add(Transitions(torch.zeros(3, 2), torch.zeros(3, 1), nan, torch.zeros(3).bool()))
    with pytest.raises(BadFile, match="5 transitions do not fit into a buffer of 4"):
        buffer.load_state_dict(dict(vars(numbered(0, 5))))
    with pytest.raises(BadFile, match="not of this buffer"):
        buffer.load_state_dict({"obs": torch.zeros(1, 2)})
