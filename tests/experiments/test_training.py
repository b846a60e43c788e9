"""What both image and one-shot training stand on: a clock that leaves evaluation out, rates, states to go on from."""

from types import SimpleNamespace

import pytest
import torch

from tlteach.experiments import _training
from tlteach.experiments._training import Training, seeded


def start(checkpoint=None, rate=lambda step: 1.0):
    with seeded(0):
        network = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
    return Training(network, optimizer, torch.Generator().manual_seed(0), checkpoint, rate)


def update(training):
    x = torch.rand(4, 2, generator=training.generator)
    training.update((training.network(x) - x.sum(-1, keepdim=True)).square().mean(), size=float(len(x)))


def test_evaluation_is_not_training(monkeypatch):
    """Neither what is told inside a pause, nor what is stored there, nor what follows counts it."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(_training, "time", SimpleNamespace(process_time=lambda: clock.now))
    training = start()
    clock.now += 3
    with training.paused():
        clock.now += 50
        assert training.cpu_seconds == training.state()["cpu_seconds"] == 3
        stored = training.state()
    clock.now += 2
    assert training.cpu_seconds == 5
    again = start(stored)
    clock.now += 1
    assert again.cpu_seconds == 4


def test_means_are_those_since_the_last_record():
    training = start()
    losses = []
    for _ in range(3):
        x = torch.rand(4, 2, generator=training.generator)
        loss = (training.network(x) - x.sum(-1, keepdim=True)).square().mean()
        losses.append(loss.item())
        training.update(loss, size=float(len(losses)))
    assert training.means() == pytest.approx({"loss": sum(losses) / 3, "size": 2.0})
    training.update(training.network.weight.sum() * 0 + 7.0, size=1.0)
    assert training.means() == {"loss": 7.0, "size": 1.0}


def test_the_rate_follows_the_updates_done_also_after_a_checkpoint():
    used = []
    training = start(rate=lambda step: 1 / (step + 1))
    for i in range(6):
        if i == 3:
            training = start(training.state(), lambda step: 1 / (step + 1))
        update(training)
        used.append(training.optimizer.param_groups[0]["lr"])
    assert used == pytest.approx([0.1 / (step + 1) for step in range(6)])


def test_a_stored_state_goes_on_to_the_same_numbers():
    straight, stopped = start(), start()
    for i in range(6):
        update(straight)
        if i == 3:
            stopped = start(stopped.state())
        update(stopped)
    assert stopped.step == straight.step == 6
    for one, two in zip(straight.network.parameters(), stopped.network.parameters(), strict=True):
        assert torch.equal(one, two)


def test_enough_ends_training_with_a_record():
    training, seen = start(), []
    for _ in training.updates(lambda: update(training), 10, 4, lambda: training.step == 6):
        seen.append((training.step, training.done))
    assert seen == [(4, False), (6, True)]


def test_the_first_update_is_adams_by_hand():
    """Adam's first step moves every weight by the rate, against the sign of its gradient."""
    training = start(rate=lambda step: 0.5)
    before = training.network.weight.detach().clone()
    training.update((training.network.weight * torch.tensor([[3.0, -0.2]])).sum())
    torch.testing.assert_close(training.network.weight.detach() - before, torch.tensor([[-0.05, 0.05]]))


def test_weights_come_from_the_seed_and_the_global_generator_is_left_alone():
    before = torch.random.get_rng_state()
    with seeded(3):
        one = torch.rand(4)
    with seeded(3):
        two = torch.rand(4)
    assert torch.equal(one, two) and torch.equal(before, torch.random.get_rng_state())
