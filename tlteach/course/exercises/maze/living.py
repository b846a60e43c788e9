"""A life: see, think with the trace, write the trace, act, again and again, carrying everything from step to step."""

from types import SimpleNamespace

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Fresh, tensor


def live(env, layer, act):
    """One episode in env (Gymnasium): layer (weight, alpha, eta, input_map), act(x) an action -> rewards (T,), x, "
    "hebb."""
    seen, _ = env.reset()
    x, hebb = torch.zeros(len(layer.weight)), torch.zeros_like(layer.weight)  # (N,), (N, N): a life begins with nothing
    rewards, over = [], False
    while not over:
        new = torch.tanh(x @ (layer.weight + layer.alpha * hebb) + layer.input_map(torch.as_tensor(seen)))  # equation 1
        hebb = hebb + layer.eta * new * (x[:, None] - new * hebb)  # (N, N)  equation 3: x is pre, new is post
        x = new
        seen, reward, terminated, truncated, _ = env.step(act(x))
        rewards.append(reward)
        over = terminated or truncated
    return torch.tensor(rewards), x, hebb


class Path:
    """A world of a few steps: what is seen at each, what is paid, and how it ends. It notes what was done in it."""

    def __init__(self, shown, paid, ends):
        self.shown, self.paid, self.ends, self.done = [*map(tensor_of, shown)], paid, ends, []

    def reset(self, *, seed=None, options=None):
        self.done = []
        return self.shown[0], {}

    def step(self, action):
        if len(self.done) == len(self.paid):
            raise RuntimeError("step() after the end: the episode was over")
        self.done.append(int(action))
        over = len(self.done) == len(self.paid)
        seen = self.shown[len(self.done)] + tensor(action, 0)  # what is done can be seen
        reward = self.paid[len(self.done) - 1]
        return seen, reward, over and self.ends == "terminated", over and self.ends == "truncated", {}


def tensor_of(row):
    return tensor(*row)


def _world(n_steps, ends="truncated"):
    shown = [(1, 0), (0, 1), (0.5, 1), (-1, 0.5)][: n_steps + 1]
    paid = [0.0, 10.0, -0.1][:n_steps]
    words = "1 step" if n_steps == 1 else f"{n_steps} steps"
    return Fresh(lambda: Path(shown, paid, ends), f"{words}; seen at first is {shown[0]}; it is {ends} then")


def _network(weight, alpha, eta):
    weight, alpha = tensor(*weight), tensor(*alpha)
    words = f"weight {weight.tolist()}, alpha {alpha.tolist()}, eta {eta}; input_map leaves what is seen as it is"
    make = lambda: SimpleNamespace(weight=weight.clone(), alpha=alpha.clone(), eta=eta, input_map=lambda seen: seen)  # noqa: E731
    return Fresh(make, words)


def _chooser():
    return Fresh(lambda: lambda x: int(x[0] < x[1]), "1 where x[0] < x[1], else 0")


ZERO, MIXED, ONES = [[0, 0], [0, 0]], [[0.5, 1], [0, -1]], [[1, 1], [1, 1]]


def _probe(n_steps, weight=ZERO, alpha=ZERO, eta=0.5, ends="truncated"):
    return dict(env=_world(n_steps, ends), layer=_network(weight, alpha, eta), act=_chooser())


def _part(index, name):
    return lambda function, *inputs: {name: function(*inputs)[index]}


def _done(function, env, layer, act):
    function(env, layer, act)
    return {"actions": tuple(env.done)}


PROPERTIES = [
    Property("it returns three things: rewards (T,), x (N,) and hebb (N, N)", [_probe(1)], form),
    Property(
        "it lives until the world says terminated or truncated, and keeps every reward",
        [_probe(1), _probe(3), _probe(2, ends="terminated")],
        _part(0, "rewards"),
    ),
    Property("it acts on what it thinks now, after seeing", [_probe(1), _probe(2), _probe(3)], _done),
    Property(
        "what is seen drives the neurons, at each step anew: x = tanh(seen)", [_probe(1), _probe(2)], _part(1, "x")
    ),
    Property("x is carried on: it comes back through the weights", [_probe(2, MIXED), _probe(3, MIXED)], _part(1, "x")),
    Property(
        "the trace begins empty, and after the first step it is still empty: nothing came before",
        [_probe(1, MIXED, ONES)],
        _part(2, "hebb"),
    ),
    Property(
        "Oja's rule pairs x before the step (pre) with x after it (post)",
        [_probe(2, MIXED), _probe(2)],
        _part(2, "hebb"),
    ),
    Property("the trace is carried on from step to step", [_probe(3), _probe(3, MIXED)], _part(2, "hebb")),
    Property("the trace has its say in x, connection by connection", [_probe(3, MIXED, MIXED)], _part(1, "x")),
]

HINTS = [
    "Which three things must survive from one step to the next? Of these, which is overwritten too early if you are "
    "not "
    "careful?",
    "At each step, with seen (as a tensor), x (N,), hebb (N, N) from the step before:\n\n"
    "    new[j]     = tanh( sum_i x[i] * (weight[i, j] + alpha[i, j] * hebb[i, j]) + input_map(seen)[j] )   "
    "equation 1\n"
    "    hebb[i, j] = hebb[i, j] + eta * new[j] * (x[i] - new[j] * hebb[i, j])                              "
    "equation 3\n"
    "    x          = new\n"
    "    seen, reward, terminated, truncated, _ = env.step(act(x))\n\n"
    "As in lesson 1: `x[:, None]` is a column (N, 1).",
    "As a loop:\n\n    seen from env.reset(), x and hebb zero, an empty list of rewards\n"
    "    until terminated or truncated:\n"
    "        the new activity, from x, the trace as it is, and what is seen\n"
    "        the trace, by Oja's rule, from x and the new activity\n"
    "        x becomes the new activity\n        act on x: the world gives what is seen next, the reward, and "
    "whether it is over\n"
    "        keep the reward\n    return the rewards as a tensor, x, and the trace",
]


def _think(x, hebb, layer, seen):
    return torch.tanh(x @ (layer.weight + layer.alpha * hebb) + layer.input_map(torch.as_tensor(seen)))


def _oja(x, new, hebb, eta):
    return hebb + eta * new * (x[:, None] - new * hebb)


def _life(
    think=_think, rule=_oja, carry_x=True, carry_hebb=True, see=True, act_on_new=True, keep=list, trunc_only=False
):
    def mutant(env, layer, act):
        seen, _ = env.reset()
        first = seen
        x, hebb = torch.zeros(len(layer.weight)), torch.zeros_like(layer.weight)
        rewards, over = [], False
        while not over:
            new = think(x, hebb, layer, seen if see else first)
            written = rule(x, new, hebb, layer.eta)
            hebb = written if carry_hebb else rule(x, new, torch.zeros_like(hebb), layer.eta)
            before, x = x, new
            seen, reward, terminated, truncated, _ = env.step(act(x if act_on_new else before))
            rewards.append(reward)
            over = truncated if trunc_only else terminated or truncated
            last, x = x, x if carry_x else torch.zeros_like(x)
        return torch.tensor(keep(rewards)), last, hebb

    return mutant


def _trace_first(env, layer, act):
    """The trace is written before it is used, with the activity that the old one would give."""

    def think(x, hebb, layer, seen):
        return _think(x, _oja(x, _think(x, hebb, layer, seen), hebb, layer.eta), layer, seen)

    return _life(think=think)(env, layer, act)


MUTANTS = [
    Mutant(
        "the trace is never written",
        _life(rule=lambda x, new, hebb, eta: hebb),
        "the trace stays empty: without equation 3 in the loop this is an ordinary recurrent network.",
    ),
    Mutant(
        "the trace is not carried on",
        _life(carry_hebb=False),
        "each step begins with an empty trace, so nothing is remembered for longer than a step. Carry hebb on.",
    ),
    Mutant(
        "x is not carried on",
        _life(carry_x=False),
        "x starts from zero at every step. The activity of the step before must come back through the connections.",
    ),
    Mutant(
        "x overwritten too early",
        _life(rule=lambda x, new, hebb, eta: _oja(new, new, hebb, eta)),
        "x was overwritten before the trace was written, so new pairs with itself. The trace needs both: x before, "
        "new after.",
    ),
    Mutant(
        "pre and post swapped",
        _life(rule=lambda x, new, hebb, eta: hebb + eta * new[:, None] * (x - new[:, None] * hebb)),
        "pre and post are swapped: rows belong to x, which came before, columns to new: `x[:, None]` and `new`.",
    ),
    Mutant(
        "equation 2",
        _life(rule=lambda x, new, hebb, eta: (1 - eta) * hebb + eta * torch.outer(x, new)),
        "this is equation 2, where everything fades at each step. Oja's rule, equation 3, forgets only where new is "
        "active.",
    ),
    Mutant(
        "nothing forgotten",
        _life(rule=lambda x, new, hebb, eta: hebb + eta * torch.outer(x, new)),
        "the forgetting is missing: minus new * hebb, inside the bracket.",
    ),
    Mutant(
        "new trace in equation 1",
        _trace_first,
        "the trace was written first and then used. Equation 1 works with the trace as it was before this step.",
    ),
    Mutant(
        "the first observation for ever",
        _life(see=False),
        "the network sees the first observation for ever. `env.step` gives the next one: keep it as `seen`.",
    ),
    Mutant(
        "acting on the old activity",
        _life(act_on_new=False),
        "it acts on the activity from before it looked. Act on the new x.",
    ),
    Mutant(
        "no alpha",
        _life(think=lambda x, hebb, layer, seen: torch.tanh(x @ (layer.weight + hebb) + layer.input_map(seen))),
        "alpha is missing: each connection has its own strength of plasticity, layer.alpha * hebb.",
    ),
    Mutant(
        "the trace without say",
        _life(think=lambda x, hebb, layer, seen: torch.tanh(x @ layer.weight + layer.input_map(seen))),
        "the trace is written but never read: equation 1 adds layer.alpha * hebb to the weight.",
    ),
    Mutant(
        "matrix product of alpha and trace",
        _life(
            think=lambda x, hebb, layer, seen: torch.tanh(
                x @ (layer.weight + layer.alpha @ hebb) + layer.input_map(seen)
            )
        ),
        "`alpha @ hebb` is a matrix product. Each connection has its own alpha: multiply element by element with `*`.",
    ),
    Mutant(
        "the last reward lost",
        _life(keep=lambda rewards: rewards[:-1]),
        "the reward of the last step is missing. Keep it before you ask whether the episode is over.",
    ),
    Mutant(
        "truncated only",
        _life(trunc_only=True),
        "you look at `truncated` alone and go on when the episode is terminated. Either one ends it.",
    ),
]

exercise = Exercise(
    live,
    title="A life, step by step",
    difficulty=4,
    minutes=12,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
