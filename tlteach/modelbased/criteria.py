"""What a warmed-up policy tells of its task before it gets real steps: the criteria of task selection (spec 1.6).

The authors' program has "shadow" models beside the one that is practised in, fitted to the same data. Here the members
of the ensemble are each other's shadows: they differ in their first weights and their minibatches. (A policy practises
in all of them, so that they disagree less where it goes than shadows would of which it knows nothing.)
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from tlteach.modelbased.learner import Shared
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.modelbased.selection import Criterion
from tlteach.modelbased.virtual import LeftBounds, Rollout, learned_world
from tlteach.modelbased.warm_up import WarmUpStep

LAST = 10  # iterations whose drops count


def value(
    criterion: Criterion,
    shared: Shared,
    policy: GaussianPolicy,
    task: Tensor,
    practice: Sequence[WarmUpStep],
    real=None,
) -> float:
    """The value of a criterion; NaN where the model diverges.

    policy: one, as its warm-up left it; practice: the records of that warm-up. task: (K,).
    real: real steps of this policy (`tlteach.tasks.families.collect`), for the last three; not yet learned from.

    | criterion | large where |
    |---|---|
    | drop-mean, drop-variance | practice exploits the model: mean (std) of `drops` |
    | shadow-reward-variance | the members differ in what the policy earns: std of `member_returns` |
    | shadow-state-error, -variance | they differ in where it gets: mean (std) of `disagreement` |
    | real-reward-diff | the model promises too much: virtual minus real return |
    | real-state-error, -variance | it is wrong: mean (std) of `state_errors` |
    """
    try:
        match criterion:
            case "drop-mean":
                found = drops(practice).mean()
            case "drop-variance":
                found = drops(practice).std(correction=0)
            case "shadow-reward-variance":
                found = member_returns(shared, practised(shared, policy, task)).std(correction=0)
            case "shadow-state-error":
                found = disagreement(shared, practised(shared, policy, task)).mean()
            case "shadow-state-variance":
                found = disagreement(shared, practised(shared, policy, task)).std(correction=0)
            case "real-reward-diff":
                found = practised(shared, policy, task).total - real.returns().mean()
            case "real-state-error":
                found = state_errors(shared, real).mean()
            case "real-state-variance":
                found = state_errors(shared, real).std(correction=0)
    except LeftBounds:
        return math.nan
    return float(found)


def drops(practice: Sequence[WarmUpStep]) -> Tensor:
    """What the policy lost when the model changed: the virtual return at the end of an iteration, minus that at the
    beginning of the next, in the model as it was fitted in between. (n,), of the last `LAST` iterations.
    """
    return torch.stack([one.last_return - after.first_return for one, after in pairwise(practice)])[-LAST:]


def practised(shared: Shared, policy: GaussianPolicy, task: Tensor) -> Rollout:
    """Virtual episodes of the policy, from the same starts in each of the E members: rollout i is of member i % E."""
    family, c = shared.family, shared.config
    starts = family.resets(c.warm_up.rollouts, shared.generator).repeat_interleave(shared.model.n_models, 0)
    world = learned_world(shared.model, family, task.to(shared.device), clip_margin=c.warm_up.clip_margin)
    starts = starts.to(shared.device)
    return world.rollout(policy, starts, family.horizon, shared.generator, sample=c.act == "sample")


def member_returns(shared: Shared, rollout: Rollout) -> Tensor:
    """(E,) mean virtual return in each member."""
    return rollout.returns.unflatten(0, (-1, shared.model.n_models)).mean(0)  # N is a multiple of E


@torch.no_grad()
def disagreement(shared: Shared, rollout: Rollout) -> Tensor:
    """|M(s, a) - M'(s, a)|_2, mean over the pairs of members, in every state of the rollout: (T N,)."""
    obs, action = rollout.obs.flatten(0, 1), rollout.action.flatten(0, 1)
    guesses = shared.model.members(obs, action)  # (E, T N, O), all of the same rows
    one, other = torch.triu_indices(len(guesses), len(guesses), 1)
    return (guesses[one] - guesses[other]).norm(dim=-1).mean(0)


@torch.no_grad()
def state_errors(shared: Shared, real) -> Tensor:
    """|s' - M(s, a)|_2, mean over the members, in every real step: (N,). Prediction and truth are of the same row."""
    obs, action, next_obs = (x.to(shared.device) for x in (real.obs, real.action, real.next_obs))
    return (shared.model.members(obs, action) - next_obs).norm(dim=-1).mean(0)
