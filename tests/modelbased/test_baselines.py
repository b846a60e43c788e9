"""What warmed-up policies are measured by: counted, better where it should be, refused where it cannot be known."""

from dataclasses import replace

import pytest
import torch
from test_adaptation import SHORT, TINY

from tlteach.errors import InvalidInput
from tlteach.modelbased.baselines import best_return, from_scratch, optimum, untrained
from tlteach.modelbased.learner import Shared
from tlteach.modelbased.shac import SHACConfig
from tlteach.tasks.families import family

GOAL = torch.tensor([1.0, 0.5])


def test_from_scratch_counts_its_real_steps_and_learns():
    config = replace(TINY, steps_per_task=400, evaluation_episodes=10, log_std=-1.0)
    steps = list(from_scratch(SHORT, config, GOAL, 25))
    assert [step.real_steps for step in steps] == [400 * (i + 1) for i in range(25)]
    assert steps[-1].real > untrained(SHORT, config, GOAL).real + 2
    assert steps[-1].miss < 0.8 * untrained(SHORT, config, GOAL).miss


def test_practice_in_the_true_world_and_the_bound():
    config = replace(TINY, optimizer=SHACConfig(window=8, learning_rate=2e-2), log_std=-1.0, act="mean")
    config = replace(config, evaluation_episodes=10)
    found = optimum(SHORT, config, GOAL, 30)
    assert found.real > untrained(SHORT, config, GOAL).real + 2
    start = SHORT.resets(6, 0)
    best = best_return(SHORT, found.policy, GOAL, start)
    assert best.shape == (6,) and (best > found.real).all()
    # of the distance cost alone no one can do better than full thrust without drag and wind: x(t) = 2 t^2
    assert best.max() < -sum(max(0.0, 1.1 - 2.0 * (0.1 * t) ** 2 - 0.2) for t in range(1, 21))


def test_the_bound_is_that_of_a_problem_with_a_known_optimum():
    """Without wind and drag, a goal at the start: doing nothing is best, and from rest it costs nothing."""
    still = family("navigation", horizon=10, wind=0, drag=0)
    policy = Shared(still, TINY).fresh().policy
    best = best_return(still, policy, torch.zeros(2), torch.zeros(3, 4), n_steps=300, learning_rate=0.02)
    assert (best <= 0).all() and best.min() > -0.02


def test_refusals():
    with pytest.raises(InvalidInput, match="SHAC differentiates the world"):
        next(from_scratch(SHORT, replace(TINY, optimizer=SHACConfig()), GOAL, 1))
    with pytest.raises(InvalidInput, match="30 steps are no whole episodes of 20"):
        next(from_scratch(SHORT, replace(TINY, steps_per_task=30), GOAL, 1))
    with pytest.raises(InvalidInput, match=r"is no task of navigation"):
        untrained(SHORT, TINY, torch.tensor([9.0, 0.0]))
    with pytest.raises(InvalidInput, match="reacher has no simulator on tensors"):
        optimum(family("reacher"), TINY, torch.zeros(2), 1)
