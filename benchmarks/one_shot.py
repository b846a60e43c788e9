"""Training episodes a CPU second of the one-shot network, one thread: `python -m benchmarks.one_shot`.

The authors' program trains on one episode of six drawings at a time; it did about 70 a CPU second on a 2-core machine
of the kind our recorded runs were made on. An update here is sampling, embedding, the answer, the backward pass and
Adam's step. Episodes that are dealt from a pool share its drawings: they are many more, and worth less each.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch

from tlteach.experiments import one_shot
from tlteach.tasks.one_shot import N_ROTATIONS, rotate

AUTHORS = 70.0  # episodes a CPU second, measured once, not here


def walked(config: one_shot.Config) -> tuple[int, Callable[[], float]]:
    """One episode an update, step by step through the plastic layer, as the paper describes it."""
    network = one_shot.build(config)
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    drawings, generator = one_shot.characters(config.data).floats(), torch.Generator().manual_seed(0)

    def update() -> None:
        episode = config.task.deal(1, *drawings.shape[:2], generator)
        shots, query = episode.take(drawings)
        images = torch.cat([shots.flatten(0, 2), query])  # (6, 31, 31)
        features = network.embed(rotate(images, torch.randint(N_ROTATIONS, (1,), generator=generator).expand(6)))
        answer, _ = network.walk(features[None, :5, None], features[5:])
        right = torch.nn.functional.one_hot(episode.target, config.task.n_ways).float()
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.binary_cross_entropy(answer, right).backward()
        optimizer.step()

    return 1, timed(update)


def batched(config: one_shot.Config, batch_size: int = 128) -> tuple[int, Callable[[], float]]:
    """Independent episodes side by side, each with its own six drawings; the closed form of the readout."""
    network = one_shot.build(config)
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    drawings, generator = one_shot.characters(config.data).floats(), torch.Generator().manual_seed(0)

    def update() -> None:
        episode = config.task.deal(batch_size, *drawings.shape[:2], generator)
        turns = torch.randint(N_ROTATIONS, episode.rows.shape, generator=generator)  # (B, 5) a character's own
        shots, query = episode.take(drawings)  # (B, 5, 1, 31, 31), (B, 31, 31)
        asked = turns.gather(1, episode.target[:, None]).squeeze(1)  # (B,)
        images = rotate(torch.cat([shots.flatten(0, 2), query]), torch.cat([turns.flatten(), asked]))
        features = network.embed(images)
        shots, query = features[:-batch_size].unflatten(0, (batch_size, 5, 1)), features[-batch_size:]
        optimizer.zero_grad(set_to_none=True)
        one_shot.episode_loss(network.logits(shots, query), episode.target, config.loss).backward()
        optimizer.step()

    return batch_size, timed(update)


def dealt(config: one_shot.Config) -> tuple[int, Callable[[], float]]:
    """`one_shot.train` as it is: a pool of drawings is embedded once, and many episodes are dealt from it."""
    updates, spent = 5, [0.0]
    endless = one_shot.train(replace(config, updates=10**9, record_every=updates, validation_episodes=1))

    def update() -> float:
        before, spent[0] = spent[0], next(endless).metrics["cpu_seconds"]  # without the evaluation
        return spent[0] - before

    return updates * config.pool_episodes, update


def timed(update: Callable[[], None]) -> Callable[[], float]:
    """`update`, giving the CPU seconds it took."""

    def run() -> float:
        started = time.process_time()
        update()
        return time.process_time() - started

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    lesson = one_shot.Config.preset("lesson")
    half = replace(lesson, precision="bfloat16")
    cases = {
        "one episode, step by step": walked(lesson),
        "128 independent episodes": batched(lesson),
        "128 independent episodes, bfloat16": batched(half),
        "512 episodes from 192 drawings": dealt(lesson),
        "512 episodes from 192 drawings, bfloat16": dealt(half),
    }
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for repeat in range(repeats + 2):  # in turns, so that a busy moment meets all of them; two rounds to warm up
        for name, (_, update) in cases.items():
            took = update()
            if repeat >= 2:
                seconds[name].append(took)
    print(f"{'':44s} episodes a CPU second   to the authors' {AUTHORS:.0f}")
    for name, (episodes, _) in cases.items():
        rate = episodes / statistics.median(seconds[name])
        print(f"{name:44s} {rate:21,.0f} {rate / AUTHORS:13.1f}x")


if __name__ == "__main__":
    main()
