"""Conjugate gradients (Hestenes & Stiefel 1952): solve F x = g when all one can do with F is to multiply by it."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, Fresh, tensor


def conjugate_gradient(product, g, n_steps):
    """x with F x = g, nearly: `product(v)` is F v, F symmetric and positive definite; g (D,) -> x (D,)."""
    x, r = torch.zeros_like(g), g.clone()  # (D,) the residual is g - F x
    p, rr = r, r @ r
    for _ in range(n_steps):
        if rr < 1e-10:
            break
        z = product(p)  # (D,)
        alpha = rr / (p @ z)
        x, r = x + alpha * p, r - alpha * z
        p, rr = r + (r @ r) / rr * p, r @ r
    return x


def _times(rows):
    def make():
        matrix = tensor(*rows)
        return lambda v: matrix.to(v) @ v

    return Fresh(make, f"v -> F v, F = {rows}")


def _probe(rows, g, n_steps):
    return dict(product=_times(rows), g=tensor(*g), n_steps=n_steps)


def _drawn(size):
    draw = Draw(size)
    root = draw.halves(size, size)
    rows = (root @ root.T + torch.eye(size)).tolist()
    return dict(product=_times(rows), g=draw.halves(size), n_steps=size)


def _residual(function, product, g, n_steps):
    return {"F x": product(function(product, g, n_steps))}


ONE, STRETCH, SKEW = [[1, 0], [0, 1]], [[1, 0], [0, 4]], [[2, 1], [1, 3]]

PROPERTIES = [
    Property("it returns a vector of the shape of g", [_probe(ONE, [1, 0], 1)], form),
    Property("where F changes nothing, x is g", [_probe(ONE, [1, -0.5], 1)]),
    Property("along a single direction one step is enough", [_probe([[2, 0], [0, 4]], [0, 1], 1)]),
    Property(
        "the first step goes along g, as far as g.g / g.Fg", [_probe(STRETCH, [1, 1], 1), _probe(SKEW, [1, 0], 1)]
    ),
    Property("two steps solve any system of two equations", [_probe(STRETCH, [1, 1], 2), _probe(SKEW, [1, 0], 2)]),
    Property(
        "when nothing is left to do it rests, instead of dividing 0 by 0",
        [_probe(ONE, [1, 0], 3), _probe(ONE, [0, 0], 2)],
    ),
    Property("for D equations D steps are enough: F x is g", [_drawn(3), _drawn(4)], _residual),
]

HINTS = [
    "A first guess of zero leaves all of g to be explained. Along which direction would you go first, and how far?",
    "Start with x = 0, r = g (what is not yet explained), p = r (the direction). In each step, with z = F p:\n\n"
    "    alpha = r.r / p.z           how far\n    x <- x + alpha p\n    r' = r - alpha z\n"
    "    p <- r' + (r'.r' / r.r) p    the next direction does not spoil what was done\n\n"
    "`a @ b` is the inner product a.b of two vectors. Stop when r.r is below 1e-10.",
    "In outline:\n\n    x = zeros like g, r = a copy of g, p = r\n    n_steps times:\n        stop if r.r is tiny\n"
    "        z = F p, by calling product\n        alpha = r.r over p.z\n        move x by alpha p\n"
    "        new residual: r less alpha z\n        new direction: new residual plus p times (new r.r over old r.r)\n"
    "    return x",
]


def _variant(
    step=lambda rr, p, z: rr / (p @ z),
    sign=-1.0,
    turn=lambda new, old: new / old,
    ready=lambda rr: rr < 1e-10,
    result=lambda x, r: x,
    product=None,
):
    own = product

    def mutant(product, g, n_steps):
        product = own(product) if own else product
        x, r = torch.zeros_like(g), g.clone()
        p, rr = r, r @ r
        for _ in range(n_steps):
            if ready(rr):
                break
            z = product(p)
            alpha = step(rr, p, z)
            x, r = x + alpha * p, r + sign * alpha * z
            p, rr = r + turn(r @ r, rr) * p, r @ r
        return result(x, r)

    return mutant


def _in_place(product, g, n_steps):
    x, r, p = torch.zeros_like(g), g, g.clone()
    for _ in range(n_steps):
        if r @ r < 1e-10:
            break
        z, rr = product(p), r @ r
        alpha = rr / (p @ z)
        x += alpha * p
        r -= alpha * z
        p = r + (r @ r) / rr * p
    return x


def _same_tensor(product, g, n_steps):
    x, r = torch.zeros_like(g), g.clone()
    p = r
    for _ in range(n_steps):
        if r @ r < 1e-10:
            break
        z, rr = product(p), r @ r
        alpha = rr / (p @ z)
        x += alpha * p
        r -= alpha * z
        p = r + (r @ r) / rr * p
    return x


def _as_matrix(product, g, n_steps):
    return product @ g


def _by_entry(product, g, n_steps):
    """`*` where `@` is meant."""
    x, r, p = torch.zeros_like(g), g, g
    for _ in range(n_steps):
        if r @ r < 1e-10:
            break
        z = product(p)
        alpha = r * r / (p * z)
        x, new = x + alpha * p, r - alpha * z
        r, p = new, new + new * new / (r * r) * p
    return x


def _old_residual(product, g, n_steps, keep=False):
    """The direction built on the old residual, or the old residual kept for the next step."""
    x, r, p = torch.zeros_like(g), g, g
    for _ in range(n_steps):
        if r @ r < 1e-10:
            break
        z = product(p)
        alpha = r @ r / (p @ z)
        x, new = x + alpha * p, r - alpha * z
        p = (new if keep else r) + new @ new / (r @ r) * p
        r = r if keep else new
    return x


MUTANTS = [
    Mutant(
        "steepest descent",
        _variant(turn=lambda new, old: 0.0),
        "every direction is just the residual, which zigzags for ever: add the old direction times r'.r' / r.r.",
    ),
    Mutant(
        "always along the sum",
        _variant(turn=lambda new, old: 1.0),
        "the old direction is added in full. It counts r'.r' / r.r, which is small once things go well. Was r "
        "overwritten by r' before you divided? Then the fraction is 1.",
    ),
    Mutant(
        "fraction upside down",
        _variant(turn=lambda new, old: torch.where(new > 0, old / new, 0.0)),
        "the fraction for the new direction is upside down: new over old.",
    ),
    Mutant(
        "length without F",
        _variant(step=lambda rr, p, z: rr / (p @ p)),
        "the length of the step does not ask how steep it is: r.r over p.z, not over p.p.",
    ),
    Mutant(
        "fixed length",
        _variant(step=lambda rr, p, z: 1.0),
        "alpha is missing: how far to go along p is r.r / p.z.",
    ),
    Mutant(
        "residual grows",
        _variant(sign=1.0),
        "the residual gets the wrong sign: what has been explained, alpha z, is taken away from it.",
    ),
    Mutant(
        "residual never changes",
        _variant(sign=0.0, turn=lambda new, old: 0.0),
        "r stays g for ever, so each step does the same again. Take away alpha z.",
    ),
    Mutant(
        "never rests",
        _variant(ready=lambda rr: False),
        "when r is zero you divide 0 by 0, and everything becomes nan. Leave the loop when r.r is below 1e-10.",
    ),
    Mutant(
        "the new residual not kept",
        lambda *inputs: _old_residual(*inputs, keep=True),
        "r' never becomes the r of the next step, so the next length and fraction are those of the first.",
    ),
    Mutant(
        "the direction from the old residual",
        _old_residual,
        "the new direction begins with the old r. It is the *new* residual r' plus a part of the old direction.",
    ),
    Mutant(
        "one step",
        lambda product, g, n_steps: _variant()(product, g, 1) if g @ g >= 1e-10 else None,
        "only one step is taken. Does `return` stand inside the loop?",
    ),
    Mutant(
        "starts at g",
        lambda product, g, n_steps: g + _variant()(product, g, n_steps),
        "x starts at g. Then g is not what is left to explain: start with x = 0.",
    ),
    Mutant(
        "entry by entry",
        _by_entry,
        "r.r and p.z are single numbers: `r @ r`, `p @ z`. With `*` each entry is divided by itself alone.",
    ),
    Mutant(
        "F taken for a matrix",
        _as_matrix,
        "there is no matrix here, `product` is a function: F p is `product(p)`.",
    ),
    Mutant(
        "the residual returned",
        _variant(result=lambda x, r: r),
        "you returned what is left to explain. The answer is x.",
    ),
    Mutant(
        "multiplied instead of solved",
        lambda product, g, n_steps: product(g),
        "this is F g. Wanted is x with F x = g.",
    ),
    Mutant(
        "the gradient itself",
        lambda product, g, n_steps: g.clone(),
        "you returned g, as if F changed nothing: that is plain gradient ascent.",
    ),
    Mutant(
        "in place",
        _in_place,
        "the numbers are right, but r is the caller's g and you changed it. Begin with `g.clone()`.",
    ),
    Mutant(
        "p and r are one tensor",
        _same_tensor,
        "after `p = r` both names are one tensor, and `r -= ...` moves p as well. Write `r = r - ...`, or copy.",
    ),
]

exercise = Exercise(
    conjugate_gradient,
    title="Solve F x = g with products alone",
    difficulty=4,
    minutes=12,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
