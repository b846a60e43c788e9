"""The maze in which a goal must be found again and again (Miconi, Clune & Stanley 2018, section 4.5).

`MazeTask` says what the maze is. `MazeEnv` is one maze as a Gymnasium environment, registered as
`tlteach/PlasticMaze-v0`; `BatchedMaze` is many at a time on torch tensors, with the same dynamics.
"""

import gymnasium

from tlteach.tasks.maze.batched import BatchedMaze
from tlteach.tasks.maze.env import MazeEnv
from tlteach.tasks.maze.players import Planner, RandomPlayer, play
from tlteach.tasks.maze.task import ACTIONS, MazeTask

__all__ = ["ACTIONS", "BatchedMaze", "MazeEnv", "MazeTask", "Planner", "RandomPlayer", "play"]

if "tlteach/PlasticMaze-v0" not in gymnasium.registry:
    gymnasium.register("tlteach/PlasticMaze-v0", "tlteach.tasks.maze.env:MazeEnv")
