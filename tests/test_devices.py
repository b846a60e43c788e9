"""Does every tensor say where it is made? Checked without a GPU.

All that is passed in lies on the CPU, while tensors that name no device are made on PyTorch's `meta` device, which
holds no numbers: one that forgets its device cannot be computed with, as a CPU tensor could not among CUDA ones.
"""

from dataclasses import replace

import pytest
import torch

from tlteach.experiments import multitask
from tlteach.modelbased.learner import Shared
from tlteach.plasticity import LSTM, PlasticRNN, rules
from tlteach.tasks.maze import BatchedMaze, MazeTask
from tlteach.tasks.one_shot import distort
from tlteach.tasks.patterns import PatternTask


def elsewhere():
    """Tensors that do not say where they belong go to another device."""
    return torch.device("meta")


def test_a_forgotten_device_is_seen():
    with elsewhere(), pytest.raises(RuntimeError):
        (torch.ones(2, device="cpu") + torch.ones(2)).sum().item()


@pytest.mark.parametrize("implementation", ["direct", "chunked"])
@pytest.mark.parametrize("plasticity", ["per_connection", "shared", "none"])
@pytest.mark.parametrize("rule", rules())
def test_plastic_layers(rule, plasticity, implementation):
    if implementation == "chunked" and (rule not in ("hebb", "oja") or plasticity == "none"):
        pytest.skip("the direct loop runs")
    input = torch.randn(6, 2, 3)
    with elsewhere():
        layer = PlasticRNN(3, 5, rule=rule, plasticity=plasticity, implementation=implementation, device="cpu")
        output, state = layer(input)
        output, _ = layer(input, state)
        output.sum().backward()
    assert output.isfinite().all() and layer.weight.grad.isfinite().all()


def test_the_lstm():
    input = torch.randn(6, 2, 3)
    with elsewhere():
        assert LSTM(3, 5, device="cpu")(input)[0].isfinite().all()


def test_tasks_are_made_where_the_generator_is():
    generator, drawings = torch.Generator().manual_seed(0), torch.rand(2, 31, 31)
    with elsewhere():
        assert PatternTask(n_bits=8).sample(3, generator).inputs.abs().amax() == 1
        assert distort(drawings, 0.1, generator).isfinite().all()
        maze = BatchedMaze(MazeTask(size=3, episode_length=5), 4, generator, "cpu")
        seen = maze.reset()
        while not maze.all_over:
            seen, reward, _ = maze.step(torch.zeros(4, dtype=torch.int64, device="cpu"))
    assert seen.isfinite().all() and reward.isfinite().all()


needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_cuda)])
@pytest.mark.parametrize("probabilistic", [False, True])
@pytest.mark.parametrize("optimizer", ["trpo", "ppo", "shac"])
@pytest.mark.parametrize("n", [None, 2])
def test_practice_in_a_learned_world(n, optimizer, probabilistic, device):
    config = multitask.Config.preset("smoke", optimizer=optimizer)
    config = replace(config, dynamics=replace(config.dynamics, probabilistic=probabilistic))
    family, learn = multitask.family(config), multitask.learning(config)
    tasks = family.sample_tasks(2, 0) if n else family.sample_tasks(1, 0)[0]
    behaviour = Shared(family, learn)
    real = behaviour.episodes(behaviour.fresh().policy, family.sample_tasks(1, 1)[0], 40)
    with elsewhere():
        shared = Shared(family, learn, n, device=device)
        shared.learn(real)
        loss, diverged = shared.practise(shared.fresh(), tasks, 1)
        shared.load_state_dict(shared.state_dict())
    assert loss > 0 and not diverged
