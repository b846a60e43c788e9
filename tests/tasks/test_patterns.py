"""The pattern task against a slow, literal reading of its specification (spec A2)."""

import math
from fractions import Fraction

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import example, given, settings

from tlteach.errors import InvalidInput
from tlteach.tasks.patterns import PatternTask, bit_errors, n_erased

tasks = st.builds(
    PatternTask,
    n_bits=st.integers(2, 12),
    n_patterns=st.integers(1, 4),
    n_cycles=st.integers(1, 3),
    show_steps=st.integers(1, 3),
    gap_steps=st.integers(0, 2),
    test_steps=st.integers(1, 3),
    erased_fraction=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
)


def literal_inputs(task, episode, b):
    """The inputs of episode b, one step at a time, as a list of lists."""
    rows = []
    for cycle in range(task.n_cycles):
        for place in range(task.n_patterns):
            pattern = episode.patterns[b, episode.order[b, cycle, place]].tolist()
            rows += [pattern] * task.show_steps + [[0.0] * task.n_bits] * task.gap_steps
    target = episode.patterns[b, episode.asked[b]].tolist()
    cue = [0.0 if gone else bit for bit, gone in zip(target, episode.erased[b].tolist(), strict=True)]
    return rows + [cue] * task.test_steps


@settings(max_examples=25, deadline=None)
@given(tasks, st.integers(0, 2**31))
def test_an_episode_is_what_the_specification_says(task, seed):
    episode = task.sample(3, torch.Generator().manual_seed(seed))
    assert episode.inputs.shape == (task.n_steps, 3, task.n_bits)
    for b in range(3):
        assert episode.inputs[:, b].tolist() == literal_inputs(task, episode, b)
        assert episode.targets[b].tolist() == episode.patterns[b, episode.asked[b]].tolist()
        for cycle in episode.order[b]:
            assert sorted(cycle.tolist()) == list(range(task.n_patterns))
    assert (episode.patterns.abs() == 1).all()
    assert ((episode.patterns == 1).sum(-1) == task.n_bits // 2).all()
    assert (episode.erased.sum(-1) == int(task.erased_fraction * task.n_bits)).all()


def test_the_paper_sizes():
    assert PatternTask().n_steps == 11
    assert PatternTask(1000, 5, 2, 6, 4, 6).n_steps == 106


def test_the_same_seed_gives_the_same_episodes_and_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    one, two = (PatternTask().sample(4, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(one.inputs, two.inputs) and torch.equal(one.erased, two.erased)
    assert not torch.equal(one.inputs, PatternTask().sample(4, torch.Generator().manual_seed(8)).inputs)
    assert torch.equal(before, torch.random.get_rng_state())


def test_choices_are_uniform():
    episode = PatternTask(n_bits=10, n_patterns=4, n_cycles=1).sample(8000, torch.Generator().manual_seed(0))
    for frequencies, expected in [
        (torch.bincount(episode.asked) / 8000, 1 / 4),
        (torch.bincount(episode.order[:, 0, 0]) / 8000, 1 / 4),
        (episode.erased.float().mean(0), 1 / 2),
        ((episode.patterns > 0).float().mean((0, 1)), 1 / 2),
    ]:
        assert (frequencies - expected).abs().max() < 5 * (expected * (1 - expected) / 8000) ** 0.5


def test_copying_the_given_half_and_guessing_the_rest_scores_a_quarter():
    episode = PatternTask().sample(2000, torch.Generator().manual_seed(0))
    coin = torch.randint(0, 2, episode.targets.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    guess = torch.where(episode.erased, coin, episode.inputs[-1])
    assert abs(bit_errors(guess, episode.targets).mean() - 0.25) < 0.005


def test_an_output_of_zero_counts_as_wrong():
    assert bit_errors(torch.tensor([[0.0, 0.3, -2.0, 1.0]]), torch.tensor([[1.0, 1.0, -1.0, -1.0]])).tolist() == [0.5]


@pytest.mark.parametrize(
    "wrong",
    [
        *(dict(n_bits=1), dict(n_patterns=0), dict(show_steps=0), dict(gap_steps=-1)),
        *(dict(n_bits=5.0), dict(n_cycles=True), dict(gap_steps=False), dict(test_steps=None)),
    ],
)
def test_impossible_tasks_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(InvalidInput, match=name):
        PatternTask(**wrong)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), True, "half"])
def test_an_impossible_fraction_is_refused(fraction):
    with pytest.raises(InvalidInput, match="erased_fraction"):
        PatternTask(erased_fraction=fraction)


@pytest.mark.parametrize("batch_size", [0, 2.0, True])
def test_an_impossible_batch_is_refused(batch_size):
    with pytest.raises(InvalidInput, match="batch_size"):
        PatternTask().sample(batch_size, torch.Generator())


@example(58, 50)
@given(st.integers(0, 100), st.integers(2, 1000))
def test_the_erased_bits_are_the_whole_part_of_the_share(percent, n_bits):
    assert n_erased(percent / 100, n_bits) == math.floor(Fraction(percent, 100) * n_bits)


def test_as_many_bits_are_erased_as_the_share_says():
    episode = PatternTask(erased_fraction=0.58).sample(3, torch.Generator().manual_seed(0))
    assert episode.erased.sum(-1).tolist() == [29, 29, 29]  # 0.58 * 50 is 28.999... in floating point
