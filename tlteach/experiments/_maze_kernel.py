"""The compiled loop of `_maze_living.py`: one episode at a time, so that its trace stays in the cache."""

import numpy as np

from tlteach.plasticity.recurrence.kernels import act
from tlteach.plasticity.recurrence.loops import add_product, compiled, copy


@compiled
def live(observation, action, reward, hidden, goal, cell, places, noise, world, head, arrays):
    """Fill in observation (T + 1, B, n), but its first, action and reward (T, B), and hidden (T + 3, B, N), but its
    first two, which are 0; cell (B,) becomes the last one. places (T, B) is where one is put down after a find."""
    next_cell, views, times, goal_reward, bump_reward, paper = world
    weight, bias = head
    traces, into, input_bias, recurrent, alpha, eta, oja = arrays
    T, B, A = noise.shape
    number, logits = reward.dtype.type, np.empty(A, reward.dtype)
    for b in range(B):
        for t in range(T + 1):
            act(observation[t, b : b + 1], hidden[t, b : b + 1], hidden[t + 1, b : b + 1], hidden[t + 2, b : b + 1],
                traces[b : b + 1], into, input_bias, recurrent, alpha, eta, oja)  # fmt: skip
            if t == T:
                break
            copy(logits, bias)
            add_product(logits, hidden[t + 2, b], weight)
            best = 0
            for a in range(A):
                logits[a] += noise[t, b, a]
                if logits[a] > logits[best]:
                    best = a
            to = next_cell[cell[b], best]
            gain = number(bump_reward) if to == cell[b] else number(0)
            if to == goal[b]:
                gain, to = gain + number(goal_reward), places[t, b]
            cell[b], action[t, b], reward[t, b] = to, best, gain
            look(observation[t + 1, b], views[to], times[t], gain, best, paper)


@compiled
def look(seen, view, time, gain, action, paper):
    """seen (n,), zero, becomes what `MazeTask.observe` says."""
    copy(seen[: len(view)], view)
    if paper:
        seen[14], seen[15], seen[16] = gain, time, 1
    else:
        seen[10], seen[11], seen[12], seen[13 + action] = 1, time, gain, 1
