"""How a maze is drawn in the widgets: walls, cells shaded by visits, the way taken, the goal, whoever walks."""

from collections.abc import Sequence

import numpy as np

from tlteach.course.widgets.drawing import line, number, rect, text
from tlteach.tasks.maze import MazeTask

WALL, FLOOR, GOAL, WALKER, SHADE, DARK = "#46464e", "#ffffff", "#c62839", "#1f5fbf", "#f8b65c", "#1f1f1f"
NEIGHBOURS = {"up": 1, "left": 3, "right": 5, "down": 7}  # places in the 3 x 3 view


def view(seen: np.ndarray, x: float, y: float, side: float) -> str:
    """What the agent sees: its 3 x 3 neighbourhood (9,), 1 for a wall, itself in the middle."""
    cell = side / 3
    parts = [
        rect(x + column * cell, y + row * cell, cell, cell, WALL if seen[3 * row + column] else FLOOR, stroke="#888")
        for row in range(3)
        for column in range(3)
    ]
    return "".join([*parts, _disc(x + side / 2, y + side / 2, 0.3 * cell)])


def plan(
    task: MazeTask, x: float, y: float, side: float, goal: int, cells: Sequence[int], *, paid: Sequence[bool] = ()
) -> str:
    """The whole maze after a walk through `cells`, the last of which is where the walker is.

    Cells are the darker the more often they were entered. The last ten steps are drawn as a line, broken where the
    walker was put down elsewhere: paid[t] tells whether step t + 1 ended on the goal.
    """
    floor, unit = task.plan, side / len(task.plan.walls)
    visits = np.bincount(cells, minlength=len(floor.cells))
    parts = [rect(x, y, side, side, WALL)]
    for (row, column), count in zip(floor.cells, visits, strict=True):
        parts.append(rect(x + column * unit, y + row * unit, unit + 0.3, unit + 0.3, FLOOR))
        if count:
            strength = round(0.25 + 0.75 * min(count, 8) / 8, 2)
            parts.append(rect(x + column * unit, y + row * unit, unit + 0.3, unit + 0.3, SHADE, fill_opacity=strength))
    middle = lambda cell: (x + (floor.cells[cell][1] + 0.5) * unit, y + (floor.cells[cell][0] + 0.5) * unit)  # noqa: E731
    gx, gy = middle(goal)
    parts.append(
        rect(gx - 0.36 * unit, gy - 0.36 * unit, 0.72 * unit, 0.72 * unit, "none", stroke=GOAL, stroke_width=3)
    )
    parts.append(text(gx, gy + 4, "G", "middle", min(13, 0.6 * unit), style=f"fill:{GOAL};font-weight:700"))
    for t in range(max(0, len(cells) - 11), len(cells) - 1):
        if not (t < len(paid) and paid[t]):
            parts.append(line(*middle(cells[t]), *middle(cells[t + 1]), DARK, 2, stroke_linecap="round"))
    return "".join([*parts, _disc(*middle(cells[-1]), 0.28 * unit)])


def payments(rewards: Sequence[float], length: int, x: float, y: float, width: float) -> str:
    """What each step brought, as a strip: a tall bar for a find, a short one below the line for a bump."""
    step = width / length
    parts = [line(x, y, x + width, y, stroke_opacity=0.6)]
    for t, reward in enumerate(rewards):
        height = 30 if reward > 1 else 8 if reward < 0 else 0
        top = y - 30 if reward > 1 else y
        if height:
            parts.append(rect(x + t * step, top, max(step - 1, 1.5), height, GOAL if reward > 1 else "#7c7c85"))
    now = x + len(rewards) * step
    parts += [line(now, y - 34, now, y + 12, width=1.5)]
    parts += [text(x, y + 26, "0", "start", 11), text(x + width, y + 26, f"step {length}", "end", 11)]
    return "".join(parts)


def surroundings(seen: np.ndarray) -> str:
    """The four cells next to the agent, in words."""
    walls = [name for name, place in NEIGHBOURS.items() if seen[place]]
    return f"walls {', '.join(walls)}" if walls else "no wall beside you"


def money(reward: float) -> str:
    return number(round(reward, 1), signed=True)


def _disc(x: float, y: float, radius: float) -> str:
    return f'<circle cx="{x:.5g}" cy="{y:.5g}" r="{radius:.4g}" fill="{WALKER}" stroke="#fff" stroke-width="1.5"/>'
