"""The maze as a picture and as text."""

import numpy as np
from PIL import Image, ImageDraw

from tlteach.tasks.maze.task import MazeTask

SIZE = 240  # pixels
WALL, FLOOR, AGENT, GOAL = (70, 70, 78), (255, 255, 255), (31, 119, 180), (214, 39, 40)


def pixels(task: MazeTask, cell: int, goal: int, size: int = SIZE) -> np.ndarray:
    """Walls dark, the goal a red square, the agent a blue disc: (size, size, 3) uint8."""
    walls, cells = task.plan.walls, task.plan.cells
    unit = 4 * -(-size // len(walls))  # drawn large and shrunk: smooth edges
    plan = np.where(walls[..., None], np.uint8(WALL), np.uint8(FLOOR))
    image = Image.fromarray(plan.repeat(unit, 0).repeat(unit, 1))
    draw = ImageDraw.Draw(image)
    for (row, column), shape, colour, margin in (
        (cells[goal], draw.rectangle, GOAL, 0.12),
        (cells[cell], draw.ellipse, AGENT, 0.24),
    ):
        left, top = (column + margin) * unit, (row + margin) * unit
        extent = (1 - 2 * margin) * unit
        shape((left, top, left + extent, top + extent), fill=colour)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))


def text(task: MazeTask, cell: int, goal: int) -> str:
    """One line a row: # wall, . floor, G goal, A agent, * the agent on the goal."""
    letters = np.where(task.plan.walls, "#", ".")
    letters[tuple(task.plan.cells[goal])] = "G"
    letters[tuple(task.plan.cells[cell])] = "*" if cell == goal else "A"
    return "\n".join("".join(row) for row in letters)
