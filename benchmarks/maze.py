"""Training steps a CPU second in the maze, one thread: `python -m benchmarks.maze`.

A step is one of the environment and all that belongs to it: acting, its share of the backward pass and of Adam's
update. The other side is a plain program: `MazeEnv` one by one, equations 1 and 3 with autograd at every step. The
authors' own programs, measured once on a 2-core machine of the kind our recorded runs were made on and not here, did
4,880 in batches of 30 (hidden 100, 200 steps, additive rule) and 548 with single episodes (hidden 200, 251 steps).
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch.distributions import Categorical

from tlteach.experiments import maze
from tlteach.tasks.maze import MazeEnv, MazeTask

AUTHORS = {100: 4_880.0, 200: 548.0}  # hidden -> steps a CPU second


@dataclass(frozen=True)
class Case:
    """What is timed: `update()` is one training update, of `steps` steps."""

    name: str
    steps: int
    hidden: int
    update: Callable[[], None]


def ours(config: maze.Config) -> Callable[[], None]:
    """`maze.train` as it is."""
    endless = maze.train(replace(config, episodes=10**9, record_every=1))
    return lambda: next(endless)


def plain(config: maze.Config) -> Callable[[], None]:
    """The same training written down step by step."""
    network = maze.build(config)
    layer, task = network.layer, config.task
    options = {field.name: getattr(task, field.name) for field in fields(MazeTask)}
    environments = [MazeEnv(**options) for _ in range(config.batch_size)]
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate, eps=config.adam_eps)
    B, N = config.batch_size, config.hidden

    def update() -> None:
        seen = [env.reset()[0] for env in environments]
        hidden, hebb = torch.zeros(B, N), torch.zeros(B, N, N)
        log_probs, values, penalties, rewards = [], [], [], []
        for _ in range(task.episode_length):
            drive = layer.input_map(torch.stack([torch.from_numpy(each) for each in seen]))
            mixed = torch.bmm(hidden.unsqueeze(1), layer.weight + layer.alpha * hebb).squeeze(1)
            before, hidden = hidden, torch.tanh(mixed + drive)
            post = hidden.unsqueeze(1)  # (B, 1, N)
            hebb = hebb + layer.eta * post * (before.unsqueeze(2) - post * hebb)
            policy = Categorical(logits=network.policy(hidden))
            action = policy.sample()
            outcomes = [env.step(int(a)) for env, a in zip(environments, action, strict=True)]
            seen = [outcome[0] for outcome in outcomes]
            rewards.append(torch.tensor([outcome[1] for outcome in outcomes], dtype=torch.float32))
            log_probs.append(policy.log_prob(action))
            penalties.append(policy.probs.square().sum(-1))
            values.append(network.value(hidden).squeeze(-1))
        loss, later = 0, torch.zeros(B)
        for reward, value, log_prob, penalty in zip(
            *map(reversed, (rewards, values, log_probs, penalties)), strict=True
        ):
            later = reward + config.gamma * later
            advantage = later - value
            loss = loss - log_prob * advantage.detach() + config.penalty_weight * penalty
            loss = loss + config.value_weight * advantage.square()
        optimizer.zero_grad(set_to_none=True)
        (loss.mean() / task.episode_length).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), config.clip_norm)
        optimizer.step()

    return update


def case(name: str, make: Callable[[maze.Config], Callable[[], None]], **changes) -> Case:
    config = maze.Config.preset("long", **changes)
    return Case(name, config.batch_size * config.task.episode_length, config.hidden, make(config))


def cases() -> list[Case]:
    batched, single = dict(task=MazeTask(episode_length=200)), dict(task=MazeTask(), hidden=200)
    others = [network for network in maze.NETWORKS if network != "plastic"]
    return [
        case("plain, hidden 100, batch 30", plain, **batched),
        case("tlteach, hidden 100, batch 30", ours, **batched),
        case("plain, hidden 200, batch 1", plain, **single, batch_size=1),
        case("tlteach, hidden 200, batch 1", ours, **single, batch_size=1),
        case("tlteach, hidden 200, batch 30", ours, **single),
        *(case(f"{network}, hidden 100, batch 30", ours, network=network, **batched) for network in others),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    seconds: dict[str, list[float]] = {}
    timed = cases()
    for repeat in range(repeats + 1):  # in turns, so that a busy moment meets all of them; one round to warm up
        for each in timed:
            started = time.process_time()
            each.update()
            if repeat:
                seconds.setdefault(each.name, []).append(time.process_time() - started)
    print(f"{'':36s} steps a CPU second   to the authors'")
    for each in timed:
        rate = each.steps / statistics.median(seconds[each.name])
        print(f"{each.name:36s} {rate:18,.0f} {rate / AUTHORS[each.hidden]:13.1f}x", flush=True)


if __name__ == "__main__":
    main()
