import xml.etree.ElementTree as ET

import numpy as np
import pytest

from tlteach.course.widgets import MazeWalk, maze_picture
from tlteach.errors import InvalidInput
from tlteach.tasks.maze import ACTIONS, MazeTask, Planner

TASK = MazeTask(size=5)


@pytest.fixture
def walk():
    made = MazeWalk(TASK, steps=12, seed=1)
    made.view()
    return made


def step_to(walk, cell):
    """Presses the buttons of a shortest path to a cell."""
    table = Planner(TASK).table
    while walk.env.cell != cell:
        walk.arrows[ACTIONS[int(table[walk.env.cell, cell])]].click()


def beside_the_goal(walk):
    """A cell next to the goal, and the action that leads onto it."""
    for cell, ahead in enumerate(TASK.plan.next_cell):
        for action, to in enumerate(ahead):
            if to == walk.env.goal and cell != walk.env.goal:
                return cell, action
    raise AssertionError


def test_nothing_of_the_goal_or_the_place_is_shown_before_the_end(walk):
    """Two mazes that differ in the goal alone look alike."""
    other = MazeWalk(TASK, steps=12, seed=1)
    other.env.goal = (walk.env.goal + 1) % len(TASK.plan.cells)
    other.view()
    assert walk.render() == other.render() and walk.describe() == other.describe()
    walk.arrows["up"].click()
    assert "goal" not in walk.picture.value and "goal" not in walk.describe()


def test_buttons_walk_and_the_picture_shows_the_walls_around(walk):
    assert walk.env.cell == TASK.plan.start
    for name in ("up", "left", "left", "down"):
        before = walk.env.cell
        walk.arrows[name].click()
        expected = TASK.plan.next_cell[before, ACTIONS.index(name)]
        assert walk.cells[-1] == (walk.env.cell if before == walk.env.goal else expected)
        np.testing.assert_array_equal(walk.seen[:9], TASK.plan.views[walk.env.cell])
    around = walk.picture.value.split("the maze")[0].count(f'fill="{maze_picture.WALL}"')
    assert around == int(TASK.plan.views[walk.env.cell].sum())


def test_a_bump_a_find_and_the_end_are_told(walk):
    walk.env.goal = 0  # the corner, up and left
    step_to(walk, 3)
    before = len(walk.rewards)
    walk.arrows["up"].click()
    assert walk.rewards[-1] == pytest.approx(-0.1) and "walked into a wall" in walk.said.value
    cell, action = beside_the_goal(walk)
    step_to(walk, cell)
    walk.arrows[ACTIONS[action]].click()
    assert walk.rewards[-1] == 10 and "+10! Paid, and put down somewhere" in walk.said.value
    while not walk.over:
        walk.arrows["down"].click()
    assert len(walk.rewards) == 12 > before and walk.revealed and "The episode is over" in walk.said.value
    walk.arrows["down"].click()
    assert len(walk.rewards) == 12, "nothing happens after the last step"
    row, column = TASK.plan.cells[0]
    assert f"the goal was in row {row}, column {column}" in walk.describe()


def test_the_maze_can_be_shown_before_the_end_and_a_new_one_hides_it(walk):
    hidden, goal = walk.picture.value, walk.env.goal
    walk.show_all.click()
    assert walk.picture.value != hidden and ">G<" in walk.picture.value
    goals = set()
    for _ in range(6):
        walk.again.click()
        goals.add(walk.env.goal)
        assert ">G<" not in walk.picture.value and walk.rewards == [] and "You have not moved yet" in walk.said.value
    assert len(goals | {goal}) > 3, "another goal"


def test_chance_and_planner_bound_what_can_be_earned(walk):
    chance, best = MazeWalk(TASK, steps=60).bounds
    assert 2 < chance < 15 and 150 < best < 190


def test_pictures_are_well_formed_and_described(walk):
    for act in (lambda: None, walk.arrows["left"].click, walk.reveal):
        act()
        root = ET.fromstring(walk.render())
        assert root.attrib["aria-label"] == walk.describe()
    bundle = walk._repr_mimebundle_()
    assert "<img alt=" in bundle["text/html"] and "Step 1 of 12" in bundle["text/plain"]


def test_a_line_is_broken_where_one_is_put_down_elsewhere():
    whole = maze_picture.plan(TASK, 0, 0, 100, 3, [0, 1, 2, 10])
    broken = maze_picture.plan(TASK, 0, 0, 100, 3, [0, 1, 2, 10], paid=[False, False, True])
    assert whole.count("<line") == 3 and broken.count("<line") == 2


@pytest.mark.parametrize(("task", "steps", "words"), [("5x5", 60, "MazeTask"), (TASK, 0, "steps")])
def test_what_it_cannot_use_is_refused(task, steps, words):
    with pytest.raises(InvalidInput, match=words):
        MazeWalk(task, steps=steps)
