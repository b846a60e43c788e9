"""Selecting runs and counting: against values counted by hand, and medians that are only known to be larger."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlteach.experiments.patterns import Config
from tlteach.reproduction.measures import (
    Sample,
    at,
    count,
    duration,
    level,
    mean_between,
    one_a_seed,
    percent,
    select,
)
from tlteach.runs import alike

TIMES = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=9)


@given(TIMES)
def test_a_median_is_exact_or_called_a_lower_bound(runs):
    """runs: (when it is solved, when it ends). What is known must not contradict what would have been."""
    truth = float(np.median([solved for solved, _ in runs]))
    sample = Sample(tuple(min(each) for each in runs), tuple(end < solved for solved, end in runs))
    assert sample.median <= truth
    if not sample.open:
        assert sample.median == truth


def test_more_than_is_said_of_the_seeds_that_did_not_get_there():
    solved = Sample((100.0, 300.0, 1200.0), (False, False, True))
    assert (solved.middle(count), solved.spread(count)) == ("300", "100 to more than 1,200")
    assert Sample((100.0, 300.0, 1200.0), (False, True, False)).middle(count) == "more than 300"
    assert Sample((5.0,)).spread(count) == "one seed"
    between = Sample((100.0, 200.0, 300.0), (False, True, False))
    assert (between.middle(count), between.spread(count)) == ("more than 200", "100 to 300 or more")


def test_select_compares_nested_values_and_choices(made):
    runs = [made("patterns", Config(seed=seed, network=network), [32], running_error=1.0)
            for seed in (0, 1) for network in ("plastic", "lstm")]  # fmt: skip
    assert len(select(runs, network="plastic", task=dict(n_bits=50))) == 2
    assert len(select(runs, network=("plastic", "lstm"), seed=1)) == 2
    assert not select(runs, task=dict(n_bits=1000)) and not select(runs, task=dict(unknown=1)) and not select([], a=1)


def test_runs_are_alike_but_for_the_free_fields(made):
    runs = [made("patterns", Config(seed=seed, batch_size=batch), [32]) for batch in (1, 2) for seed in (0, 1, 2)]
    assert [[run.config["seed"] for run in group] for group in alike(runs, "seed")] == [[0, 1, 2], [0, 1, 2]]
    assert [len(group) for group in alike(runs, "seed", "batch_size")] == [6]


def test_of_two_runs_with_one_seed_the_longer_counts(made):
    runs = [made("patterns", Config(seed=seed), [end]) for seed, end in ((1, 10), (0, 99), (1, 20), (1, 15))]
    assert [(run.config["seed"], run.metrics["episodes"][-1]) for run in one_a_seed(runs)] == [(0, 99), (1, 20)]


def test_reading_a_curve(made):
    run = made("patterns", Config(), [10, 20, 30, 40], loss=[1.0, 2.0, 3.0, 4.0])
    assert [at(run, "loss", episodes) for episodes in (1, 20, 21, 40, 99)] == [1, 2, 3, 4, 4]
    assert mean_between(run, "loss", 10, 30) == 2.5 and np.isnan(mean_between(run, "loss", 40, 50))


@pytest.mark.parametrize(
    "words, told",
    [
        (percent(0.01234), "1.2%"),
        (level(0.05), "5%"),
        (level(0.015), "1.5%"),
        (count(1234567.8), "1,234,568"),
        (duration(1.234), "1.2 s"),
        (duration(54.6), "55 s"),
        (duration(1800), "30.0 min"),
        (duration(9000), "2.5 h"),
    ],
)
def test_words(words, told):
    assert words == told
