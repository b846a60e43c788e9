"""Our ensemble against mbrl-lib's: `python -m benchmarks.ensemble --mbrl FOLDER [--json FILE]`.

Steps of Adam a CPU second on the half-cheetah's 17 + 6 numbers, sampling of minibatches included, and virtual
transitions a CPU second with a 32 x 32 policy in the loop. One thread; rounds take turns, the median is given.

FOLDER: the sources of mbrl-lib 0.2.0 (its dependencies installed): pip cannot install it today, because it asks for an
omegaconf that pip refuses; with a current hydra-core and omegaconf the parts used here run. Target: 1.3 times as fast
or more on geometric average, and faster at each size.

Both sides fit one step ahead: deterministic members by our L2 norm and their squared error, probabilistic ones by the
Gaussian likelihood. Rollouts deal the states anew to the members at each step (TS1), and know reward and end.
"""

import argparse
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import gymnasium
import numpy as np
import torch

from tlteach.modelbased.buffer import ReplayBuffer, Transitions
from tlteach.modelbased.dynamics import Dynamics, DynamicsConfig
from tlteach.modelbased.fitting import FitConfig, Fitter
from tlteach.modelbased.normaliser import Normaliser
from tlteach.modelbased.policies import GaussianPolicy
from tlteach.modelbased.virtual import learned_world
from tlteach.tasks.families import collect, family

ROBOT, ROWS, HORIZON, ROUNDS = family("halfcheetah-velocity"), 4000, 100, 5
FITS = [(5, 4, 200, 256), (7, 4, 200, 256), (1, 2, 500, 256), (5, 2, 500, 256), (7, 2, 500, 256), (5, 2, 128, 128),
        (5, 2, 64, 128), (1, 2, 128, 128)]  # members, layers, units, batch; specification C ii  # fmt: skip
ROLLS = [(5, 4, 200, 100), (5, 4, 200, 500), (5, 2, 500, 100), (5, 2, 128, 500), (1, 2, 500, 20), (1, 2, 500, 100)]


def data() -> Transitions:
    """Real steps of random actions."""
    generator = torch.Generator().manual_seed(0)

    def act(obs):
        return 0.7 * torch.randn(len(obs), ROBOT.action_size, generator=generator)

    got = collect(ROBOT, ROBOT.sample_tasks(1, 0)[0], act, ROWS, generator)
    return Transitions(got.obs, got.action.clamp(-1, 1), got.next_obs, got.terminated | got.truncated)


def policy() -> GaussianPolicy:
    norm = Normaliser(ROBOT.obs_size)
    norm.update(torch.randn(100, ROBOT.obs_size))
    return GaussianPolicy(ROBOT.obs_size, ROBOT.action_size, norm, torch.Generator().manual_seed(0))


class Ours:
    def __init__(self, rows: Transitions, members: int, layers: int, units: int, probabilistic: bool):
        self.generator = torch.Generator().manual_seed(0)
        config = DynamicsConfig(members, (units,) * layers, "relu", probabilistic=probabilistic)
        self.model = Dynamics(ROBOT.obs_size, ROBOT.action_size, config, self.generator)
        self.model.observe(rows)
        self.buffer = ReplayBuffer(ROBOT.obs_size, ROBOT.action_size)
        self.buffer.add(rows)

    def fit(self, batch_size: int) -> Callable[[int], None]:
        fitter = Fitter(self.model, FitConfig(horizon=1, batch_size=batch_size))
        return lambda n: fitter.fit(self.buffer, n, self.generator)

    def roll(self, n: int) -> Callable[[int], None]:
        world, agent = learned_world(self.model, ROBOT, ROBOT.sample_tasks(1, 0)[0], scheme="resampled"), policy()
        start = ROBOT.resets(n, 0)
        return lambda steps: world.rollout(agent, start, steps, self.generator)


class Theirs:
    """mbrl-lib's GaussianMLP in its transition model, its bootstrap iterator and its ModelEnv."""

    def __init__(self, rows: Transitions, members: int, layers: int, units: int, probabilistic: bool):
        models, types = importlib.import_module("mbrl.models"), importlib.import_module("mbrl.types")
        self.mbrl = models
        net = models.GaussianMLP(
            ROBOT.obs_size + ROBOT.action_size, ROBOT.obs_size, "cpu", num_layers=layers, ensemble_size=members,
            hid_size=units, deterministic=not probabilistic, propagation_method="random_model",
        )  # fmt: skip
        self.model = models.OneDTransitionRewardModel(net, target_is_delta=True, normalize=True, learned_rewards=False)
        n = len(rows.obs)
        columns = [x.numpy() for x in (rows.obs, rows.action, rows.next_obs)]
        self.batch = types.TransitionBatch(*columns, np.zeros(n), np.zeros(n, bool), np.zeros(n, bool))
        self.model.update_normalizer(self.batch)
        self.members = members

    def fit(self, batch_size: int) -> Callable[[int], None]:
        buffers = importlib.import_module("mbrl.util.replay_buffer")
        batches = buffers.BootstrapIterator(self.batch, batch_size, self.members, shuffle_each_epoch=True)
        adam = torch.optim.Adam(self.model.parameters(), lr=1e-3, weight_decay=1e-5)

        def run(n: int) -> None:
            done = 0
            while done < n:
                for batch in batches:
                    self.model.update(batch, adam)
                    done += 1
                    if done == n:
                        return

        return run

    def roll(self, n: int) -> Callable[[int], None]:
        env, agent, start = gymnasium.make("HalfCheetah-v5"), policy(), ROBOT.resets(n, 0).numpy()
        task = ROBOT.sample_tasks(1, 0)[0]

        def reward(action, next_obs):
            return ROBOT.reward(next_obs, action, next_obs, task)

        def never(action, next_obs):
            return torch.zeros(len(next_obs), 1, dtype=torch.bool)

        world = self.mbrl.ModelEnv(env, self.model, never, reward, torch.Generator().manual_seed(0))

        @torch.no_grad()
        def run(steps: int) -> None:
            state, generator = world.reset(start, return_as_np=False), torch.Generator().manual_seed(0)
            obs = torch.from_numpy(start)
            for _ in range(steps):
                action = agent(obs).sample(generator).clamp(-1, 1)
                obs, _, _, state = world.step(action, state, sample=False)

        return run


def rate(run: Callable[[int], None], amount: int) -> float:
    """Units of `run` a CPU second."""
    before = time.process_time()
    run(amount)
    return amount / (time.process_time() - before)


def amount_for(run: Callable[[int], None], seconds: float) -> int:
    run(10)
    return max(10, round(seconds * rate(run, 10)))


def compare(ours: Callable[[int], None], theirs: Callable[[int], None], seconds: float) -> tuple[float, float]:
    """Median rates of both sides, which take turns."""
    sides = [(run, amount_for(run, seconds)) for run in (ours, theirs)]
    rates = [[rate(run, amount) for run, amount in sides] for _ in range(ROUNDS)]
    return tuple(statistics.median(column) for column in zip(*rates, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mbrl", type=Path, required=True, help="folder with the sources of mbrl-lib 0.2.0")
    parser.add_argument("--seconds", type=float, default=0.5, help="CPU seconds of a side in a round")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    sys.path.insert(0, str(options.mbrl))
    torch.set_num_threads(1)
    rows, found = data(), {}
    print(f"{'':44}{'ours':>12}{'mbrl-lib':>12}{'ratio':>8}")
    for kind in ("deterministic", "probabilistic"):
        for members, layers, units, batch in FITS:
            sides = [side(rows, members, layers, units, kind == "probabilistic").fit(batch) for side in (Ours, Theirs)]
            name = f"fit, {kind}: {members} of {layers}x{units}, batch {batch}"
            found[name] = compare(*sides, options.seconds)
            _tell(name, *found[name])
    for members, layers, units, n in ROLLS:
        sides = [side(rows, members, layers, units, False).roll(n) for side in (Ours, Theirs)]
        name = f"roll: {members} of {layers}x{units}, {n} at once"
        found[name] = tuple(n * steps for steps in compare(*sides, options.seconds))
        _tell(name, *found[name])
    for kind in ("fit, deterministic", "fit, probabilistic", "roll", ""):
        ratios = [ours / theirs for name, (ours, theirs) in found.items() if name.startswith(kind)]
        print(f"{kind or 'all'}: geometric mean {statistics.geometric_mean(ratios):.2f}, least {min(ratios):.2f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def _tell(name: str, ours: float, theirs: float) -> None:
    print(f"{name:44}{ours:12,.0f}{theirs:12,.0f}{ours / theirs:8.2f}", flush=True)


if __name__ == "__main__":
    main()
