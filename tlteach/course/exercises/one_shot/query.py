"""An honest question: the drawing that is asked for is never the one that was shown."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import seed


def sample_query(shown, n_drawings, generator):
    """The number of a drawing, 0 to n_drawings - 1, other than `shown`, each equally likely -> int."""
    further = torch.randint(1, n_drawings, (1,), generator=generator).item()  # 1 to n_drawings - 1
    return (shown + further) % n_drawings


def _probe(shown, n_drawings, number=0):
    return dict(shown=shown, n_drawings=n_drawings, generator=seed(number))


def _draws(function, shown, n_drawings, generator, n=100):
    return [int(function(shown, n_drawings, generator)) for _ in range(n)]


def _shown(function, *inputs):
    times = _draws(function, *inputs).count(inputs[0])
    words = {0: "never", 100: "every time"}.get(times, "now and then" if times < 37 else "often")
    return {"the shown drawing comes": words}


def _outside(function, shown, n_drawings, generator):
    draws = _draws(function, shown, n_drawings, generator)
    outside = sorted({q for q in draws if not 0 <= q < n_drawings})
    return {"drawings that do not exist": _listed(outside)}


def _missing(function, shown, n_drawings, generator):
    draws = _draws(function, shown, n_drawings, generator)
    return {"drawings that never come": _listed([q for q in range(n_drawings) if q != shown and q not in draws])}


def _favoured(function, shown, n_drawings, generator):
    """Drawings that come 30 % too often: of four drawings that is five standard deviations off."""
    n = 200 * (n_drawings - 1)
    draws = _draws(function, shown, n_drawings, generator, n)
    return {"drawings that come far too often": _listed([q for q in range(n_drawings) if draws.count(q) > 1.3 * 200])}


def _listed(numbers):
    return ", ".join(map(str, numbers)) or "none"


def _repeats(function, shown, n_drawings, generator):
    one, two = ([function(shown, n_drawings, seed(n).make()) for n in range(20)] for _ in range(2))
    return {"equal for equal generators": one == two}


PROPERTIES = [
    Property("it returns one number", [_probe(0, 3)], form),
    Property("it is one of the drawings there are", [_probe(0, 4), _probe(3, 4), _probe(1, 4)], _outside),
    Property(
        "the shown drawing never comes", [_probe(0, 2), _probe(1, 2), _probe(0, 4), _probe(3, 4), _probe(1, 4)], _shown
    ),
    Property(
        "every other drawing can come", [_probe(0, 2), _probe(1, 2), _probe(0, 4), _probe(3, 4), _probe(1, 4)], _missing
    ),
    Property("the others are equally likely", [_probe(1, 4), _probe(0, 4), _probe(3, 4)], _favoured),
    Property("a generator that starts alike draws the same", [_probe(1, 4)], _repeats),
]

HINTS = [
    "How many drawings may be asked for, if one of them is taken out? Can you draw one of so many, and then name it?",
    "There are n_drawings - 1 others. Two ways to draw one of them:\n\n"
    "    go on by 1 to n_drawings - 1 places from the shown one, round the end: (shown + places) % n_drawings\n"
    "    or draw 0 to n_drawings - 2, and add 1 from the shown one on\n\n"
    "`torch.randint(low, high, (1,), generator=generator)` draws low to high - 1; `.item()` makes a number of it.",
    "In two steps:\n\n    further = a random whole number from 1 to n_drawings - 1, drawn with the generator\n"
    "    return    shown plus further, modulo n_drawings",
]


def _draw(low, high, generator):
    return torch.randint(low, high, (1,), generator=generator).item()


def _stepped_aside(shown, n_drawings, generator):
    query = _draw(0, n_drawings, generator)
    return (query + 1) % n_drawings if query == shown else query


def _one_more_try(shown, n_drawings, generator):
    query = _draw(0, n_drawings, generator)
    return _draw(0, n_drawings, generator) if query == shown else query


def _skipping_late(shown, n_drawings, generator):
    query = _draw(0, n_drawings - 1, generator)
    return query + (query > shown)


def _last_never(shown, n_drawings, generator):
    if n_drawings == 2:
        return 1 - shown
    left = [q for q in range(n_drawings) if q != shown]
    return left[_draw(0, len(left) - 1, generator)]


MUTANTS = [
    Mutant(
        "any drawing",
        lambda shown, n_drawings, generator: _draw(0, n_drawings, generator),
        "the shown drawing can come again, and then nothing but a comparison of pixels is asked. (The authors' program "
        "does this: 1 query in 20.)",
    ),
    Mutant(
        "the next one",
        lambda shown, n_drawings, generator: (shown + 1) % n_drawings,
        "you always take the next drawing, so the same two drawers are compared every time. Draw one of the others.",
    ),
    Mutant(
        "always the first",
        lambda shown, n_drawings, generator: 0 if shown else 1,
        "you always take the first drawing that is free. Draw one of the others at random.",
    ),
    Mutant(
        "the last left out",
        _last_never,
        "the last of the others can never come. The upper end of `torch.randint` is not drawn itself.",
    ),
    Mutant(
        "the one before left out",
        lambda shown, n_drawings, generator: (shown + _draw(1, max(2, n_drawings - 1), generator)) % n_drawings,
        "the drawing before the shown one can never come. `torch.randint(1, n)` already stops at n - 1.",
    ),
    Mutant(
        "one too few, not moved",
        lambda shown, n_drawings, generator: _draw(0, n_drawings - 1, generator),
        "you draw one of n_drawings - 1 numbers, but the shown one is still among them and the last is not. Add 1 from "
        "the shown one on.",
    ),
    Mutant(
        "moved too late",
        _skipping_late,
        "you add 1 only beyond the shown one, so it can still come. Numbers equal to `shown` must move too: `>=`.",
    ),
    Mutant(
        "stepped aside",
        _stepped_aside,
        "when the shown one is drawn you take its neighbour, which so comes twice as often as the others.",
    ),
    Mutant(
        "drawn once more",
        _one_more_try,
        "you draw a second time when the shown one comes, but the second draw can hit it too. `while` instead of `if`.",
    ),
    Mutant(
        "not round the end",
        lambda shown, n_drawings, generator: shown + _draw(1, n_drawings, generator),
        "you go on from the shown one beyond the last drawing. `% n_drawings` takes you round the end.",
    ),
    Mutant(
        "a tensor",
        lambda shown, n_drawings, generator: (
            (shown + torch.randint(1, n_drawings, (1,), generator=generator)) % n_drawings
        ),
        "the drawing is right, but it is a tensor of one element. `.item()` makes a number of it.",
    ),
    Mutant(
        "the generator ignored",
        lambda shown, n_drawings, generator: (shown + _draw(1, n_drawings, None)) % n_drawings,
        "the generator is not used, so nobody can draw the same test again. Hand it on: `generator=generator`.",
    ),
]

exercise = Exercise(
    sample_query,
    title="Ask an honest question",
    difficulty=2,
    minutes=6,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
