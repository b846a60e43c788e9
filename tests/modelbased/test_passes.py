"""Passes by hand against autograd, Adam against torch's, and the value regression written with both of torch."""

import copy

import pytest
import torch

from tlteach.modelbased.adam import Adam
from tlteach.modelbased.critic import Batch, Critic, CriticConfig, minibatches
from tlteach.modelbased.mlp import MLP
from tlteach.modelbased.normaliser import Normaliser
from tlteach.modelbased.passes import Passes
from tlteach.modelbased.policies import Value


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_net(sizes, activation, n) -> MLP:
    net = MLP(sizes, activation, n, dtype=torch.double)
    with torch.no_grad():
        for p in net.parameters():
            p.normal_(generator=generator(p.numel()))
    return net


@pytest.mark.parametrize("activation", ["relu", "silu", "tanh"])
@pytest.mark.parametrize("sizes", [(3, 2), (3, 1), (3, 5, 4, 2), (3, 5, 4, 1), (1, 4, 1)])
@pytest.mark.parametrize("n", [None, 1, 3])
def test_forward_and_backward_are_those_of_autograd(n, sizes, activation):
    net, lead = random_net(sizes, activation, n), () if n is None else (n,)
    passes = Passes(net, 7)
    total = [torch.zeros_like(p) for p in net.parameters()]
    for round in range(3):  # buffers are used again; the third adds to the second
        x = torch.randn(*lead, 7, sizes[0], dtype=torch.double, generator=generator(round)).requires_grad_()
        error = torch.randn(*lead, 7, sizes[-1], dtype=torch.double, generator=generator(10 + round))
        expected = net(x)
        *gradients, at_input = torch.autograd.grad(expected, [*net.parameters(), x], error)
        total = [g + (t if round == 2 else 0) for g, t in zip(gradients, total, strict=True)]
        passes.outputs[0] = x.detach().view(n or 1, 7, -1)
        torch.testing.assert_close(passes.forward().view_as(expected), expected)
        got = passes.backward(error.view(n or 1, 7, -1), to_input=True, add=round == 2)
        torch.testing.assert_close(got.view_as(x), at_input)
        torch.testing.assert_close(passes.gradients, total)


def test_adam_takes_the_steps_of_torch_and_resumes():
    mine = [torch.randn(3, 2, dtype=torch.double), torch.randn(4, dtype=torch.double)]
    theirs = [torch.nn.Parameter(p.clone()) for p in mine]
    ours, torchs = Adam(mine, 1e-2, 0.3), torch.optim.Adam(theirs, lr=1e-2, weight_decay=0.3)
    for step in range(6):
        if step == 3:
            state = copy.deepcopy(ours.state_dict())
            ours = Adam(mine, 1e-2, 0.3)
            ours.load_state_dict(state)
        gradients = [torch.randn(p.shape, dtype=torch.double, generator=generator(step)) for p in mine]
        ours.step(gradients)
        for p, g in zip(theirs, gradients, strict=True):
            p.grad = g
        torchs.step()
        torch.testing.assert_close(mine, [p.detach() for p in theirs])


@pytest.mark.parametrize("n", [None, 2])
def test_the_value_is_fitted_as_by_autograd(n):
    norm = Normaliser(3, dtype=torch.double)
    norm.update(torch.randn(50, 3) * 3 + 1)
    value = Value(3, norm, generator(), n=n, hidden=(5, 4), dtype=torch.double)
    plain, lead = copy.deepcopy(value), () if n is None else (n,)
    obs, target = torch.randn(*lead, 25, 3).double(), torch.randn(*lead, 25).double()
    batch = Batch(obs, obs, target, target)
    torch.testing.assert_close(Critic(value, CriticConfig()).values(obs), value(obs))
    config = CriticConfig(epochs=3, batch_size=10, learning_rate=1e-2)  # batches of 10, 10 and 5
    got = Critic(value, config).fit(batch, generator(1))
    adam, source = torch.optim.Adam(plain.trained(), lr=1e-2), generator(1)
    for _ in range(3):
        total = 0.0
        for index in minibatches(batch, 10, source):
            adam.zero_grad()
            loss = (plain(obs[..., index, :]) - target[..., index]).square().mean(-1)
            loss.sum().backward()
            adam.step()
            total = total + loss.detach() * len(index) / 25
    torch.testing.assert_close(got, total)
    torch.testing.assert_close(value.trained(), plain.trained())
