"""A bug hunt: a maze that puts its agent into a wall (a later, vectorised version of the environment, A8)."""

import torch

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Fresh, seed


def teleport(walls, goal, generator):
    """A free cell other than the goal, each equally likely: walls (S, S) bool, goal (row, column) -> (row, column)."""
    while True:
        row, column = torch.randint(len(walls), (2,), generator=generator).tolist()
        if not walls[row, column] and (row, column) != goal:
            return row, column


PLANS = {
    "an open room": ("...", "...", "..."),
    "one pillar": ("...", ".■.", "..."),
    "a niche": ("■■■.", "....", "....", "...."),
    "two free cells": ("■■.", "■■■", ".■■"),
}


def _probe(name, goal, number=0):
    plan = PLANS[name]
    walls = Fresh(lambda: torch.tensor([[c == "■" for c in row] for row in plan]), "\n".join(plan))
    return dict(walls=walls, goal=goal, generator=seed(number))


def _draws(function, walls, goal, generator, n=120):
    return [tuple(map(int, function(walls, goal, generator))) for _ in range(n)]


def _cells(cells):
    return ", ".join(f"({row}, {column})" for row, column in sorted(cells)) or "none"


def _free(walls):
    return [tuple(cell) for cell in (~walls).nonzero().tolist()]


def _inside(function, walls, goal, generator):
    size = range(len(walls))
    return {
        "cells that do not exist": _cells(
            {(r, c) for r, c in _draws(function, walls, goal, generator) if not (r in size and c in size)}
        )
    }


def _in_walls(function, walls, goal, generator):
    return {"cells inside a wall": _cells(set(_draws(function, walls, goal, generator)) - set(_free(walls)))}


def _on_goal(function, walls, goal, generator):
    return {"it lands on the goal": "yes" if goal in _draws(function, walls, goal, generator) else "never"}


def _missing(function, walls, goal, generator):
    return {
        "free cells that never come": _cells(set(_free(walls)) - {goal} - set(_draws(function, walls, goal, generator)))
    }


def _favoured(function, walls, goal, generator):
    """Cells that come 70 % too often: of eleven cells that is five standard deviations off."""
    others = len(set(_free(walls)) - {goal})
    draws = _draws(function, walls, goal, generator, 60 * others)
    return {"cells that come far too often": _cells({cell for cell in set(draws) if draws.count(cell) > 1.7 * 60})}


def _repeats(function, walls, goal, generator):
    one, two = (_draws(function, walls, goal, seed(5).make(), 20) for _ in range(2))
    return {"equal for equal generators": one == two}


PROPERTIES = [
    Property("it returns a row and a column", [_probe("an open room", (0, 0))], form),
    Property("it is a cell of the maze", [_probe("one pillar", (0, 0))], _inside),
    Property(
        "nobody is put down on the goal", [_probe("one pillar", (0, 1)), _probe("two free cells", (2, 0))], _on_goal
    ),
    Property("nobody is put down in a wall", [_probe("one pillar", (0, 1)), _probe("a niche", (1, 0))], _in_walls),
    Property("every other free cell can come", [_probe("one pillar", (0, 1)), _probe("a niche", (1, 0))], _missing),
    Property("the free cells are equally likely", [_probe("one pillar", (0, 1)), _probe("a niche", (3, 3))], _favoured),
    Property("a generator that starts alike draws the same", [_probe("one pillar", (0, 1))], _repeats),
]

HINTS = [
    "Which cells may be drawn, and which of them does the loop turn down? Is there a third kind of cell in a maze?",
    "A cell is turned down when it is a wall *or* the goal; it is taken when it is neither:\n\n"
    "    take it if   not walls[row, column]   and   (row, column) != goal\n\n"
    "`walls[row, column]` is true for a wall.",
    "One more condition:\n\n    draw a row and a column\n    if it is free and not the goal: return it\n"
    "    otherwise draw again",
]


def _draw(walls, generator, again):
    while True:
        row, column = torch.randint(len(walls), (2,), generator=generator).tolist()
        if not again(bool(walls[row, column]), row, column):
            return row, column


def _goal_only(walls, goal, generator):
    return _draw(walls, generator, lambda wall, row, column: (row, column) == goal)


def _row_first(walls, goal, generator):
    """A row with something free, then a free cell of it: rows with few of them are favoured."""
    free = [cell for cell in _free(walls) if cell != goal]
    rows = sorted({row for row, _ in free})
    row = rows[torch.randint(len(rows), (1,), generator=generator).item()]
    cells = [cell for cell in free if cell[0] == row]
    return cells[torch.randint(len(cells), (1,), generator=generator).item()]


MUTANTS = [
    Mutant(
        "the goal alone is turned down",
        _goal_only,
        "this is the bug itself: the agent can land inside a wall. (If you do draw again after a wall: until it "
        "fits, not once.)",
    ),
    Mutant(
        "walls alone are turned down",
        lambda walls, goal, generator: _draw(walls, generator, lambda wall, row, column: wall),
        "now walls are avoided, but the agent can land on the goal and be paid without a step. Both must be turned "
        "down, in one loop.",
    ),
    Mutant(
        "walls that are the goal",
        lambda walls, goal, generator: _draw(
            walls, generator, lambda wall, row, column: wall and (row, column) == goal
        ),
        "a cell is turned down only if it is a wall *and* the goal, and no cell is both. Turned down is a wall *or* "
        "the goal.",
    ),
    Mutant(
        "walls wanted",
        lambda walls, goal, generator: (
            _draw(walls, generator, lambda wall, row, column: not wall or (row, column) == goal)
            if walls.any()
            else (1, 1)
        ),
        "you take walls and turn down free cells: walls[row, column] is true for a wall, so `not` is missing.",
    ),
    Mutant(
        "a row first",
        _row_first,
        "you choose a row first, so cells in rows with many walls come too often. Draw among all free cells at once.",
    ),
    Mutant(
        "row and column swapped",
        lambda walls, goal, generator: teleport(walls, goal, generator)[::-1],
        "row and column are swapped in the answer. (They were in the published program, too.)",
    ),
    Mutant(
        "without the generator",
        lambda walls, goal, generator: teleport(walls, goal, None),
        "the generator is not used, so nobody can repeat the episode. Hand it on: `generator=generator`.",
    ),
]

exercise = Exercise(
    teleport,
    title="Bug hunt: walking out of a wall",
    difficulty=1,
    minutes=4,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
