"""What was earned from a step on: discounted returns with a bootstrapped end (specification A5)."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def discounted_returns(rewards, last_value, gamma):
    """R(t) = r(t) + gamma * R(t+1): rewards (T, B), last_value (B,) stands for R(T), gamma -> returns (T, B)."""
    returns, ahead = [], last_value  # (B,)
    for reward in reversed(rewards):
        ahead = reward + gamma * ahead  # (B,)
        returns.append(ahead)
    return torch.stack(returns[::-1])  # (T, B)


def _probe(*rewards, last=(0,), gamma=0.5):
    return dict(
        rewards=tensor(*([r] if isinstance(r, int) else r for r in rewards)), last_value=tensor(*last), gamma=gamma
    )


def _drawn(n_steps, n_episodes):
    draw = Draw(n_steps + n_episodes)
    return dict(rewards=draw.halves(n_steps, n_episodes), last_value=draw.halves(n_episodes), gamma=0.75)


PROPERTIES = [
    Property("it returns as many numbers as there are rewards, (T, B)", [_probe([1, 0], [0, 1], last=(0, 0))], form),
    Property("with gamma = 0 only the reward of the step itself counts", [_probe(1, 2, 3, gamma=0.0)]),
    Property(
        "with gamma = 1 the return is the sum of all rewards from this step on",
        [_probe(1, 2, gamma=1.0), _probe(0, 0, 1, gamma=1.0)],
    ),
    Property("a reward that lies k steps ahead counts gamma to the power of k", [_probe(0, 0, 1), _probe(0, 0, 0, 8)]),
    Property(
        "after the last step comes last_value, discounted like everything else",
        [_probe(0, last=(1,)), _probe(1, 0, last=(1,)), _probe(0, 0, last=(4,))],
    ),
    Property("episodes side by side know nothing of each other", [_probe([1, 0], [0, 2], last=(0, 4))]),
    Property("it agrees with the recursion on numbers drawn at random", [_drawn(2, 2), _drawn(3, 2), _drawn(5, 3)]),
]

HINTS = [
    "Of which step do you know the return at once? And which one can you work out as soon as you know it?",
    "For all episodes at a time, each (B,):\n\n"
    "    R[T]   = last_value                      what the critic expects after the last step\n"
    "    R[t]   = rewards[t] + gamma * R[t + 1]   for t = T - 1, ..., 1, 0\n\n"
    "`reversed(rewards)` goes through the rows from the last to the first, `torch.stack(list)` makes one tensor of "
    "them.",
    "Backwards in time:\n\n    ahead = last_value, and an empty list\n"
    "    for each row of rewards, from the last to the first:\n"
    "        ahead = the row plus gamma times ahead; put it into the list\n"
    "    turn the list round, and stack it to (T, B)",
]


def _backwards(step, start=lambda last: last, turn=True):
    def mutant(rewards, last_value, gamma):
        returns, ahead = [], start(last_value)
        for reward in reversed(rewards):
            ahead = step(reward, ahead, gamma)
            returns.append(ahead)
        return torch.stack(returns[::-1] if turn else returns)

    return mutant


def _forwards(rewards, last_value, gamma):
    returns, ahead = [], last_value
    for reward in rewards:
        ahead = reward + gamma * ahead
        returns.append(ahead)
    return torch.stack(returns)


def _from_the_start(rewards, last_value, gamma):
    steps = torch.arange(len(rewards) + 1)[:, None]
    weighed = gamma**steps * torch.cat([rewards, last_value[None]])
    return weighed.flip(0).cumsum(0).flip(0)[:-1]


def _end_not_discounted(rewards, last_value, gamma):
    returns, ahead = [rewards[-1] + last_value], rewards[-1] + last_value
    for reward in reversed(rewards[:-1]):
        ahead = reward + gamma * ahead
        returns.append(ahead)
    return torch.stack(returns[::-1])


def _last_reward_lost(rewards, last_value, gamma):
    return discounted_returns(
        torch.cat([rewards[:-1], 0 * rewards[-1:]]), last_value / gamma if gamma else 0 * last_value, gamma
    )


def _in_place(rewards, last_value, gamma):
    rewards[-1] += gamma * last_value
    for t in range(len(rewards) - 2, -1, -1):
        rewards[t] += gamma * rewards[t + 1]
    return rewards


MUTANTS = [
    Mutant(
        "no bootstrap",
        _backwards(lambda reward, ahead, gamma: reward + gamma * ahead, start=torch.zeros_like),
        "last_value is not used: the world does not stop at the last step, and last_value says what would have "
        "followed.",
    ),
    Mutant(
        "forwards in time",
        _forwards,
        "you go from the first step to the last, so each step is credited with what came *before* it. Start at the "
        "end.",
    ),
    Mutant(
        "not turned round",
        _backwards(lambda reward, ahead, gamma: reward + gamma * ahead, turn=False),
        "the list was filled from the last step to the first and was not turned round: `returns[::-1]`.",
    ),
    Mutant(
        "gamma on the reward",
        _backwards(lambda reward, ahead, gamma: gamma * (reward + ahead)),
        "you discount the reward of the step itself, too. It comes at once: only what lies ahead is multiplied by "
        "gamma.",
    ),
    Mutant(
        "no gamma",
        _backwards(lambda reward, ahead, gamma: reward + ahead),
        "gamma is missing: what comes later counts less, gamma for each step that it lies ahead.",
    ),
    Mutant(
        "gamma and 1 - gamma",
        _backwards(lambda reward, ahead, gamma: (1 - gamma) * reward + gamma * ahead),
        "you mix reward and future as in an average. The reward counts whole: reward + gamma * ahead.",
    ),
    Mutant(
        "discounted from the start of the episode",
        _from_the_start,
        "you discount from the start of the episode. For the return at t, the reward at t counts whole: count from t.",
    ),
    Mutant(
        "last_value at every step",
        lambda rewards, last_value, gamma: rewards + gamma * last_value,
        "you add last_value at every step. It stands for R(T) alone; ahead of step t lies R(t+1).",
    ),
    Mutant(
        "only one step ahead",
        lambda rewards, last_value, gamma: rewards + gamma * torch.cat([rewards[1:], last_value[None]]),
        "you look one step ahead only. What lies ahead of step t is the *return* R(t+1), not the reward.",
    ),
    Mutant(
        "last_value not discounted",
        _end_not_discounted,
        "last_value is added whole to the last reward. It comes one step later, so it counts gamma.",
    ),
    Mutant(
        "last reward lost",
        _last_reward_lost,
        "the last return is last_value itself, and the last reward is lost. last_value is R(T), one step *after* "
        "the end.",
    ),
    Mutant(
        "starting after the reward",
        lambda rewards, last_value, gamma: torch.cat(
            [discounted_returns(rewards, last_value, gamma)[1:], last_value[None]]
        ),
        "all returns stand one step too early: R(t) includes the reward of step t itself.",
    ),
    Mutant(
        "the same for all steps",
        lambda rewards, last_value, gamma: discounted_returns(rewards, last_value, gamma)[:1].expand_as(rewards),
        "every step gets the return of the whole episode. R(t) counts only what comes from step t on.",
    ),
    Mutant(
        "episodes mixed",
        lambda rewards, last_value, gamma: (
            discounted_returns(rewards, last_value, gamma).mean(1, keepdim=True).expand_as(rewards)
        ),
        "you average over the episodes. Each column is an episode of its own, with its own rewards.",
    ),
    Mutant(
        "in place",
        _in_place,
        "the numbers are right, but you wrote them over the caller's rewards. Collect them in a new list or tensor.",
    ),
]

exercise = Exercise(
    discounted_returns,
    title="What was earned from here on",
    difficulty=2,
    minutes=7,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
