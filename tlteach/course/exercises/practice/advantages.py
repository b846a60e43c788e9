"""Generalised advantage estimates (Schulman et al. 2016, equations 12 and 16), with ends of two kinds."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def advantages(reward, value, next_value, done, boundary, gamma, lam):
    """GAE: reward, value V(s_t), next_value V(s_{t+1}), done, boundary all (T, N), the last two bool -> A (T, N)."""
    delta = reward + gamma * next_value * ~done - value  # (12)
    result, later = torch.empty_like(reward), torch.zeros_like(reward[0])
    for t in reversed(range(len(reward))):
        later = delta[t] + gamma * lam * ~boundary[t] * later  # (16)
        result[t] = later
    return result


def _column(numbers):
    return tensor(*([n] for n in numbers))


def _probe(reward, value, next_value, done=(), boundary=(), gamma=0.5, lam=0.5):
    """One rollout of len(reward) steps; done and boundary are the steps at which they are true."""
    steps = range(len(reward))
    ends = {
        name: _column([float(t in at) for t in steps]).bool() for name, at in dict(done=done, boundary=boundary).items()
    }
    return dict(
        reward=_column(reward), value=_column(value), next_value=_column(next_value), **ends, gamma=gamma, lam=lam
    )


def _drawn(n_steps, n_rollouts):
    draw = Draw(n_steps)
    shape = n_steps, n_rollouts
    done = draw.halves(*shape) > 0.5
    boundary = done | (draw.halves(*shape) < -0.5)
    boundary[-1] = True
    numbers = dict(reward=draw.halves(*shape), value=draw.halves(*shape), next_value=draw.halves(*shape))
    return numbers | dict(done=done, boundary=boundary, gamma=0.5, lam=0.5)


LAST = (1,)

PROPERTIES = [
    Property("it returns one number for each step of each rollout", [_probe([1, 1], [0, 0], [0, 0], (), LAST)], form),
    Property(
        "with lam = 0 it is the one-step error: reward plus gamma times what is still to come, minus what was expected",
        [
            _probe([1], [0], [0], (), (0,), lam=0.0),
            _probe([1], [2], [1], (), (0,), lam=0.0),
            _probe([1, 0], [0, 0], [2, 1], (), LAST, lam=0.0),
        ],
    ),
    Property("when an episode is done, nothing more is to come", [_probe([1], [0], [1], (0,), (0,))]),
    Property("when it is only out of time, the next state keeps its value", [_probe([1], [0], [1], (), (0,))]),
    Property(
        "later errors count less: each step back multiplies them by gamma and lam",
        [_probe([0, 1], [0, 0], [0, 0], (), LAST), _probe([0, 0, 1], [0, 0, 0], [0, 0, 0], (), (2,), 0.5, 1.0)],
    ),
    Property(
        "nothing goes back over the end of an episode, of either kind",
        [_probe([0, 1], [0, 0], [0, 0], (0,), (0, 1)), _probe([0, 1], [0, 0], [0, 0], (), (0, 1))],
    ),
    Property(
        "what follows the last step of an episode is `next_value`, not the start of the next one",
        [_probe([0, 0], [0, 1], [-1, 0], (), (0, 1))],
    ),
    Property(
        "it agrees with equations 12 and 16 on numbers drawn at random", [_drawn(2, 1), _drawn(3, 2), _drawn(4, 3)]
    ),
]

HINTS = [
    "To know whether an action was good, with what must you compare what it led to? And how far ahead do you look?",
    "The one-step error, and the sum of the later ones:\n\n"
    "    delta[t] = reward[t] + gamma * next_value[t] * (not done[t]) - value[t]          (12), each (N,)\n"
    "    A[t]     = delta[t] + gamma * lam * (not boundary[t]) * A[t + 1]                  (16)\n\n"
    "Behind the last step A is zero. `~done` turns truth values round, and times a number they are 0 and 1.",
    "From the back to the front:\n\n    delta for all steps at once, as in (12)\n"
    "    A_later = zeros, one for each rollout\n"
    "    for t from the last step down to 0:\n        A_later = delta[t] + gamma lam A_later, the second part only if "
    "no episode ends at t\n        write A_later into row t of the result\n    return the result",
]


def _variant(
    ends=lambda done, boundary: done,
    stops=lambda done, boundary: boundary,
    factor=lambda gamma, lam: gamma * lam,
    base=lambda value: value,
    discount=lambda gamma: gamma,
):
    def mutant(reward, value, next_value, done, boundary, gamma, lam):
        delta = reward + discount(gamma) * next_value * ~ends(done, boundary) - base(value)
        rows, later = [], torch.zeros_like(reward[0])
        for t in reversed(range(len(reward))):
            later = delta[t] + factor(gamma, lam) * ~stops(done, boundary)[t] * later
            rows.append(later)
        return torch.stack(rows[::-1])

    return mutant


def _shifted(reward, value, next_value, done, boundary, gamma, lam):
    following = torch.cat([value[1:], next_value[-1:]])
    return _variant()(reward, value, following, done, boundary, gamma, lam)


def _shifted_to_zero(reward, value, next_value, done, boundary, gamma, lam):
    following = torch.cat([value[1:], torch.zeros_like(value[:1])])
    return _variant()(reward, value, following, done, boundary, gamma, lam)


def _forwards(reward, value, next_value, done, boundary, gamma, lam):
    flipped = [x.flip(0) for x in (reward, value, next_value, done, boundary)]
    return _variant()(*flipped, gamma, lam).flip(0)


def _in_place(reward, value, next_value, done, boundary, gamma, lam):
    reward += gamma * next_value * ~done - value
    for t in reversed(range(len(reward) - 1)):
        reward[t] += gamma * lam * ~boundary[t] * reward[t + 1]
    return reward


def _off_the_end(reward, value, next_value, done, boundary, gamma, lam):
    result = torch.zeros_like(reward)
    for t in range(len(reward)):
        result[t] = reward[t] + gamma * lam * ~boundary[t] * result[t + 1]
    return result


def _end_of_the_next(reward, value, next_value, done, boundary, gamma, lam):
    following = torch.cat([boundary[1:], torch.ones_like(boundary[:1])])
    return _variant(stops=lambda done, boundary: following)(reward, value, next_value, done, boundary, gamma, lam)


def _end_of_the_one_before(reward, value, next_value, done, boundary, gamma, lam):
    before = torch.cat([torch.zeros_like(boundary[:1]), boundary[:-1]])
    return _variant(stops=lambda done, boundary: before)(reward, value, next_value, done, boundary, gamma, lam)


def _nothing_at_the_end(reward, value, next_value, done, boundary, gamma, lam):
    delta, rows, later = reward + gamma * next_value * ~done - value, [], torch.zeros_like(reward[0])
    for t in reversed(range(len(reward))):
        later = (delta[t] + gamma * lam * later) * ~boundary[t]
        rows.append(later)
    return torch.stack(rows[::-1])


def _first_row_missing(reward, *others):
    result = _variant()(reward, *others)
    return torch.cat([torch.zeros_like(result[:1]), result[1:]])


def _minus(reward, value, next_value, done, boundary, gamma, lam):
    return reward + gamma * next_value * (1 - done) - value


def _negated(reward, value, next_value, done, boundary, gamma, lam):
    return reward + gamma * next_value * -done - value


def _not(reward, value, next_value, done, boundary, gamma, lam):
    return reward + gamma * next_value * (not done) - value


MUTANTS = [
    Mutant(
        "out of time taken for done",
        _variant(ends=lambda done, boundary: boundary),
        "the last step of every episode is treated as the end of the world. Being out of time is our doing, not the "
        "task's: the next state keeps its value. Only `done` takes it away.",
    ),
    Mutant(
        "done ignored",
        _variant(ends=lambda done, boundary: torch.zeros_like(done)),
        "after an episode that is done nothing more can be earned: multiply next_value by `~done`.",
    ),
    Mutant(
        "stops at done only",
        _variant(stops=lambda done, boundary: done),
        "the sum runs on across episodes that ran out of time. The next row is another episode: stop at `boundary`.",
    ),
    Mutant(
        "never stops",
        _variant(stops=lambda done, boundary: torch.zeros_like(done)),
        "later errors leak back from the next episode. Multiply what comes later by `~boundary[t]`.",
    ),
    Mutant(
        "without lam",
        _variant(factor=lambda gamma, lam: gamma),
        "lam is missing in the sum: later errors count gamma * lam a step.",
    ),
    Mutant(
        "without gamma in the sum",
        _variant(factor=lambda gamma, lam: lam),
        "gamma is missing in the sum: later errors count gamma * lam a step.",
    ),
    Mutant(
        "without gamma in the error",
        _variant(discount=lambda gamma: 1.0),
        "the next state's value is not discounted: gamma * next_value.",
    ),
    Mutant(
        "one-step error alone",
        _variant(factor=lambda gamma, lam: 0.0),
        "this is equation 12 for every step, without the sum of equation 16. Does your loop begin at the front, where "
        "A[t + 1] is still 0?",
    ),
    Mutant(
        "nothing expected",
        _variant(base=torch.zeros_like),
        "minus value[t] is missing: an advantage says how much better it went than expected.",
    ),
    Mutant(
        "targets",
        lambda reward, value, *others: _variant()(reward, value, *others) + value,
        "you returned A + V, the target for the value network. The advantage is A alone.",
    ),
    Mutant(
        "value of the next row",
        _shifted,
        "you took the next row of `value` for the next state. At the end of an episode that is the start of another "
        "one; `next_value` has the right one everywhere.",
    ),
    Mutant(
        "value of the next row, 0 behind the last",
        _shifted_to_zero,
        "you took the next row of `value`, and 0 behind the last. At the end of an episode the next row starts "
        "another one; `next_value` is right everywhere.",
    ),
    Mutant(
        "forwards in time",
        _forwards,
        "your sum runs the wrong way: the advantage of a step collects what comes after it. Begin at the last step.",
    ),
    Mutant(
        "rows in the wrong order",
        lambda *inputs: _variant()(*inputs).flip(0),
        "the rows come out last step first. Who appends while walking back must turn the list round at the end.",
    ),
    Mutant(
        "only the first step",
        lambda *inputs: _variant()(*inputs)[0],
        "you return what stood in the variable at the end, (N,). Keep the advantage of every step: (T, N).",
    ),
    Mutant(
        "done and boundary swapped",
        _variant(ends=lambda done, boundary: boundary, stops=lambda done, boundary: done),
        "`done` and `boundary` changed places: `done` takes the value of the next state away (12), `boundary` stops "
        "the sum (16).",
    ),
    Mutant(
        "without not",
        _variant(ends=lambda done, boundary: ~done, stops=lambda done, boundary: ~boundary),
        "the `~` are missing: what follows counts where an episode has *not* ended.",
    ),
    Mutant(
        "the whole error taken away at done",
        lambda reward, value, next_value, done, *others: _variant()(
            reward * ~done, value * ~done, next_value, done, *others
        ),
        "when an episode is done you drop the whole error. Only what is to come, gamma * next_value, counts as 0.",
    ),
    Mutant(
        "nothing at the last step",
        _nothing_at_the_end,
        "at the last step of an episode you set the whole advantage to 0. Its own delta counts; only A[t + 1] must not "
        "come in.",
    ),
    Mutant(
        "the end of the next step",
        _end_of_the_next,
        "you look at `boundary[t + 1]`. It is `boundary[t]` that says that the next row belongs to another episode.",
    ),
    Mutant(
        "the end of the step before",
        _end_of_the_one_before,
        "you look at `boundary[t - 1]`. It is `boundary[t]` that says that the next row belongs to another episode.",
    ),
    Mutant(
        "the first row never filled",
        _first_row_missing,
        "the loop stops before step 0: `range(len(reward) - 1, -1, -1)`, or `reversed(range(len(reward)))`.",
    ),
    Mutant(
        "off the end",
        _off_the_end,
        "behind the last step there is no A[t + 1], and from the front it is not known yet. Begin at the back with "
        "zeros, and keep what comes later in a variable.",
    ),
    Mutant(
        "one minus",
        _minus,
        "torch does not subtract truth values. `~done` turns them round; times a number they are 0 and 1.",
    ),
    Mutant(
        "minus for not",
        _negated,
        "`-` is not defined for truth values. `~done` turns them round; times a number they are 0 and 1.",
    ),
    Mutant(
        "not of a whole tensor",
        _not,
        "`not` wants a single truth value, and `done` is a table of them. `~done` turns each round.",
    ),
    Mutant(
        "in place",
        _in_place,
        "the numbers are right, but you wrote them into `reward`, which belongs to the caller. Make a new tensor.",
    ),
]

exercise = Exercise(
    advantages,
    title="How good was that action?",
    difficulty=3,
    minutes=10,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
