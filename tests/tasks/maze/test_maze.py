"""The maze: its plan, the Gymnasium environment, and the batched form held against it."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.errors import InvalidInput
from tlteach.tasks.maze import BatchedMaze, MazeEnv, MazeTask, Planner, RandomPlayer, play

OPTIONS = [
    {},
    dict(observation="paper"),
    dict(size=5, episode_length=40, goal_at_start=False, land_on_goal=False),
    dict(size=11, episode_length=60, bump_reward=0.0, observation="paper"),
]


needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("size", "free", "pillars"), [(3, 9, 0), (5, 21, 4), (7, 41, 8), (9, 65, 16), (11, 97, 24)])
def test_the_plan_has_the_published_cells(size, free, pillars):
    plan = MazeTask(size=size).plan
    assert len(plan.cells) == free and plan.walls[1:-1, 1:-1].sum() == pillars
    assert plan.walls[[0, -1]].all() and plan.walls[:, [0, -1]].all()
    assert tuple(plan.cells[plan.start]) == ((size + 1) // 2,) * 2


def test_distances_are_those_of_a_search_cell_by_cell():
    plan = MazeTask(size=7).plan
    for start in range(len(plan.cells)):
        known, queue = {start: 0}, [start]
        for cell in queue:
            for row, column in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                place = plan.cells[cell] + (row, column)
                if not plan.walls[tuple(place)]:
                    (to,) = np.flatnonzero((plan.cells == place).all(1))
                    if to not in known:
                        known[to] = known[cell] + 1
                        queue.append(to)
        assert plan.distances[start].tolist() == [known[i] for i in range(len(plan.cells))]


@pytest.mark.parametrize("mode", [None, "rgb_array", "ansi"])
@pytest.mark.parametrize("observation", ["paper", "corrected"])
def test_gymnasium_finds_no_fault(observation, mode):
    made = gymnasium.make("tlteach/PlasticMaze-v0", size=5, observation=observation, render_mode=mode)
    check_env(made.unwrapped, skip_render_check=mode is None)


def test_the_same_seed_gives_the_same_episode():
    def rollout():
        env = MazeEnv()
        env.reset(seed=3)
        env.action_space.seed(4)
        return [env.step(env.action_space.sample())[:2] for _ in range(250)], env.goal

    (one, goal), (other, same) = rollout(), rollout()
    assert goal == same and all((a == c).all() and b == d for (a, b), (c, d) in zip(one, other, strict=True))


def test_a_walk_by_hand():
    env = MazeEnv(size=5, episode_length=6)  # from the centre, a crossing of two corridors
    seen, _ = env.reset(seed=0, options={"goal": 0})  # the goal is in the upper left corner
    assert seen[:9].reshape(3, 3).tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]
    assert seen[9:].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    rewards, last = [], []
    for action in (0, 0, 0, 2, 2):
        seen, reward, terminated, truncated, info = env.step(action)
        rewards.append(reward)
        last.append((terminated, truncated, *info.values()))
    assert rewards == [0, 0, -0.1, 0, 10]
    assert last == [(False, False, 0, 0)] * 2 + [(False, False, 0, -0.1), (False, False, 0, 0), (False, False, 10, 0)]
    assert seen[9:].tolist() == pytest.approx([0, 1, 5 / 6, 10, 0, 0, 1, 0])
    env.cell = 0
    seen, reward, _, truncated, info = env.step(0)  # stays on the goal, against the wall
    assert reward == pytest.approx(9.9) and info["reward_bump"] == -0.1 and truncated


def test_the_papers_observation():
    env = MazeEnv(size=5, observation="paper")
    seen, _ = env.reset(seed=0, options={"goal": 0})
    assert seen[9:].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]
    for action in (0, 0, 0):
        seen, *_ = env.step(action)
    assert seen[9:].tolist() == pytest.approx([0, 0, 0, 0, 0, -0.1, 3, 1])


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_cuda)])
@pytest.mark.parametrize("options", OPTIONS)
def test_the_batch_does_what_the_single_one_does(options, device):
    """Step by step. Chance is the batch's: what it draws, the single mazes are told."""
    task, B = MazeTask(**options), 4
    batch = BatchedMaze(task, B, torch.Generator(device).manual_seed(0), device)
    single = [MazeEnv(**options) for _ in range(B)]
    seen = batch.reset()
    firsts = [env.reset(options={"goal": int(goal)})[0] for env, goal in zip(single, batch.goal, strict=True)]
    assert (seen.cpu().numpy() == np.stack(firsts)).all()
    found = 0
    for t in range(task.episode_length):
        action = torch.randint(4, (B,), generator=generator(t))
        seen, reward, over = (x.cpu() for x in batch.step(action.to(device)))
        for b, env in enumerate(single):
            one, r, terminated, truncated, info = env.step(int(action[b]))
            if info["reward_goal"]:
                found += 1
                env.cell = int(batch.cell[b])
                one = task.observe(env.cell, env.steps, r, int(action[b]))
            assert (one == seen[b].numpy()).all() and env.observation_space.contains(one)
            assert (np.float32(r), terminated, truncated) == (reward[b], False, over[b])
            assert env.cell == batch.cell[b]
    assert over.all() and found > 0


def test_where_one_is_put_down_is_uniform():
    task = MazeTask(size=3, episode_length=1)
    for land_on_goal in (True, False):
        maze = BatchedMaze(MazeTask(size=3, episode_length=1, land_on_goal=land_on_goal), 50_000, generator())
        maze.reset()
        maze.goal = torch.ones_like(maze.goal)  # right above the centre
        maze.step(torch.zeros_like(maze.goal))
        counts = torch.bincount(maze.cell, minlength=9) / 50_000
        expected = (
            torch.full((9,), 1 / 9) if land_on_goal else torch.full((9,), 1 / 8).index_fill(0, torch.tensor(1), 0)
        )
        assert (counts - expected).abs().max() < 0.007  # 5 standard deviations
    goals = BatchedMaze(task, 50_000, generator())
    goals.reset()
    assert (torch.bincount(goals.goal, minlength=9) / 50_000 - 1 / 9).abs().max() < 0.007
    never = BatchedMaze(MazeTask(size=3, goal_at_start=False), 5_000, generator())
    never.reset()
    assert (never.goal != never.cell).all()


def expected_return(task, table):
    """Of a policy table (n, goals, 4) of probabilities, exactly: the chain of cells, summed over all goals."""
    plan, total = task.plan, 0.0
    n = len(plan.cells)
    for goal in range(n):
        moves, reward = np.zeros((n, n)), np.zeros(n)
        for cell in range(n):
            for action in range(4):
                to, p = plan.next_cell[cell, action], table[cell, goal, action]
                reward[cell] += p * (task.bump_reward * (to == cell) + task.goal_reward * (to == goal))
                if to == goal:
                    moves[cell] += p / n
                else:
                    moves[cell, to] += p
        where = np.eye(n)[plan.start]
        for _ in range(task.episode_length):
            total += where @ reward / n
            where = where @ moves
    return total


@pytest.mark.parametrize(("size", "published_random", "published_best"), [(9, 1.1, 411), (5, 25.9, 720)])
def test_random_and_best_players_reach_what_their_markov_chain_says(size, published_random, published_best):
    task = MazeTask(size=size)
    n = len(task.plan.cells)
    chances = np.full((n, n, 4), 0.25)
    best = np.eye(4)[Planner(task).table.numpy()]
    for player, table, published in (
        (RandomPlayer(task, generator(1)), chances, published_random),
        (Planner(task), best, published_best),
    ):
        returns = play(player, BatchedMaze(task, 2_000, generator()))
        error = float(returns.std()) / 2_000**0.5
        assert abs(float(returns.mean()) - (expected := expected_return(task, table))) < 4 * error
        assert abs(expected - published) < max(4 * error * 5**0.5, 0.02 * published)  # those are means of 400 episodes


@settings(deadline=None)
@given(st.integers(-5, 30))
def test_sizes(size):
    if size >= 3 and size % 2:
        assert len(MazeTask(size=size).plan.walls) == size + 2
    else:
        with pytest.raises(InvalidInput, match="size must be"):
            MazeTask(size=size)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(size=8), "take 7 or 9"),
        (dict(size=9.0), "whole number"),
        (dict(episode_length=0), "episode_length"),
        (dict(observation="map"), "'corrected', 'paper'"),
        (dict(goal_reward=float("nan")), "goal_reward"),
        (dict(goal_reward=-1.0), "goal_reward must be positive"),
        (dict(goal_reward=10.0, bump_reward=6.0), "more than twice the size of bump_reward"),
    ],
)
def test_what_is_no_maze_is_refused(options, words):
    with pytest.raises(InvalidInput, match=words):
        MazeEnv(**options)


@pytest.mark.parametrize("action", [-1, 4, 1.0, None, "up", True, np.array([1, 2]), np.array(1.5), np.array([4])])
def test_the_environment_refuses_what_is_no_action(action):
    env = MazeEnv()
    env.reset(seed=0)
    with pytest.raises(InvalidInput, match="action must be"):
        env.step(action)


def test_the_environment_refuses_steps_outside_an_episode():
    env = MazeEnv(episode_length=2)
    with pytest.raises(InvalidInput, match="not begun: call reset"):
        env.step(0)
    env.reset(seed=0)
    env.step(np.int64(0))
    assert env.step(np.array(1))[3]
    with pytest.raises(InvalidInput, match="over after 2 steps: call reset"):
        env.step(0)
    with pytest.raises(InvalidInput, match="from 0 to 64"):
        env.reset(options={"goal": 65})
    with pytest.raises(InvalidInput, match="render_mode"):
        MazeEnv(render_mode="human")


def test_the_batch_refuses_the_same():
    maze = BatchedMaze(MazeTask(episode_length=1), 2, generator())
    with pytest.raises(InvalidInput, match="not begun"):
        maze.step(torch.zeros(2, dtype=torch.int64))
    with pytest.raises(InvalidInput, match="must begin all"):
        maze.reset(torch.tensor([True, False]))
    maze.reset()
    for wrong in (torch.tensor([0, 4]), torch.tensor([-1, 0]), torch.zeros(2), torch.zeros(3, dtype=torch.int64), 1):
        with pytest.raises(InvalidInput, match="action"):
            maze.step(wrong)
    maze.step(torch.zeros(2, dtype=torch.int64))
    with pytest.raises(InvalidInput, match="all 2 episodes are over"):
        maze.step(torch.zeros(2, dtype=torch.int64))


def test_members_may_end_at_different_times():
    maze, right = BatchedMaze(MazeTask(size=5, episode_length=3), 2, generator()), torch.tensor([3, 3])
    maze.reset()
    maze.goal = torch.tensor([20, 20])
    maze.step(right)
    first, second = torch.tensor([True, False]), torch.tensor([False, True])
    began = maze.reset(first)
    assert began[0, 11] == 0 and began[1, 11] == pytest.approx(1 / 3)
    maze.step(right)
    seen, _, over = maze.step(right)
    assert over.tolist() == [False, True]
    waits, reward, over = maze.step(right)  # into the wall: only the first
    assert reward.tolist() == pytest.approx([-0.1, 0]) and over.all() and maze.steps.tolist() == [3, 3]
    assert (waits[1] == seen[1]).all() and not (waits[0] == seen[0]).all()
    maze.reset(second)
    assert maze.over.tolist() == [True, False]


def test_pictures():
    env = MazeEnv(size=5, render_mode="ansi")
    env.reset(seed=0, options={"goal": 0})
    assert env.render().splitlines() == ["#######", "#G....#", "#.#.#.#", "#..A..#", "#.#.#.#", "#.....#", "#######"]
    env = MazeEnv(size=5, render_mode="rgb_array")
    env.reset(seed=0, options={"goal": 0})
    picture = env.render()
    assert picture.shape == (240, 240, 3) and picture.dtype == np.uint8
    at = lambda row, column: picture[int((row + 0.5) * 240 / 7), int((column + 0.5) * 240 / 7)].tolist()  # noqa: E731
    assert (
        at(0, 0) == [70, 70, 78] and at(1, 1) == [214, 39, 40] and at(3, 3) == [31, 119, 180] and at(3, 1) == [255] * 3
    )


@needs_cuda
def test_on_a_gpu():
    task = MazeTask(size=5, episode_length=20)
    maze = BatchedMaze(task, 8, torch.Generator("cuda").manual_seed(0), "cuda")
    player = RandomPlayer(task, torch.Generator("cuda").manual_seed(1))
    assert play(player, maze).device.type == "cuda" and maze.steps.tolist() == [20] * 8


def test_a_strangers_agent_trains_on_it():
    import stable_baselines3 as sb3  # here: it takes seconds

    made = gymnasium.make("tlteach/PlasticMaze-v0", size=3, episode_length=20)
    agent = sb3.PPO("MlpPolicy", made, n_steps=64, batch_size=64, seed=0, device="cpu")
    before = [value.clone() for value in agent.policy.parameters()]
    agent.learn(128)
    assert agent.num_timesteps == 128
    assert all((now != was).any() for now, was in zip(agent.policy.parameters(), before, strict=True))
