"""The one-shot network: its closed form against the plastic layer, its loss and its test by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.errors import InvalidInput
from tlteach.experiments import one_shot
from tlteach.experiments._one_shot_network import OneShotNetwork, pool
from tlteach.plasticity import parameter_count
from tlteach.tasks.one_shot import OneShotTask


def test_the_networks_have_the_paper_sizes():
    sizes = {name: parameter_count(one_shot.build(one_shot.Config.preset("paper", name))) for name in one_shot.NETWORKS}
    convolutions = (9 * 1 * 64 + 64) + 3 * (9 * 64 * 64 + 64)
    assert convolutions == 111_424
    assert sizes == {"plastic": 112_065, "shared": 111_746, "none": convolutions + 5 * 64}


def test_weights_come_from_the_seed_and_alpha_starts_as_told():
    one, two, other = (one_shot.build(one_shot.Config(seed=seed, gain=0.5, eta=0.25)) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert not torch.equal(one.readout.weight, other.readout.weight)
    alpha = one.readout.alpha
    assert alpha.min() >= 0 and alpha.max() <= 0.5 and abs(alpha.mean() - 0.25) < 0.05
    assert one.readout.eta.item() == 0.25
    assert one_shot.build(one_shot.Config("shared", gain=0.5)).readout.alpha.item() == 0.5


def a_readout(plasticity, n_ways, seed):
    """A network in double precision whose readout has strong random parameters."""
    network = OneShotNetwork(n_ways, plasticity, eta=0.3).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.readout.named_parameters():
            if name not in ("eta", "rule.eta"):
                parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.3)
    return network, generator


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(list(one_shot.NETWORKS.values())),
    st.integers(2, 6),
    st.sampled_from([1, 3, 5]),
    st.integers(0, 10**6),
)
def test_the_closed_form_is_the_walk_through_the_plastic_layer(plasticity, n_ways, n_shots, seed):
    """Probabilities, and the gradients of everything that is trained or goes in, whatever the order of the names."""
    network, generator = a_readout(plasticity, n_ways, seed)
    random = lambda *shape: torch.tanh(torch.randn(shape, generator=generator, dtype=torch.float64))  # noqa: E731
    shots, query = random(3, n_ways, n_shots, 64).requires_grad_(), random(3, 64).requires_grad_()
    order = torch.stack([torch.randperm(n_ways, generator=generator) for _ in range(3)])
    weights = random(3, n_ways)  # of the probabilities in a made-up loss
    at_once = network.logits(shots, query).softmax(-1)
    in_order, _ = network.walk(shots, query)
    walked, _ = network.walk(shots, query, order)
    torch.testing.assert_close(walked, at_once)
    torch.testing.assert_close(in_order, at_once)
    inputs = [query, *network.readout.parameters()] + ([] if plasticity == "none" else [shots])
    assert len(inputs) == (2 if plasticity == "none" else 5)  # query, w; alpha, eta, shots
    gradients = [torch.autograd.grad((weights * answer).sum(), inputs) for answer in (at_once, walked)]
    for one, two in zip(*gradients, strict=True):
        torch.testing.assert_close(one, two)


@pytest.mark.parametrize("plasticity", ["per_connection", "shared"])
@torch.no_grad()
def test_one_look_writes_eta_times_the_features_into_the_column_of_the_name(plasticity):
    network = OneShotNetwork(3, plasticity, eta=0.3)
    features, name = torch.randn(2, 64, generator=torch.Generator().manual_seed(0)), torch.tensor([2, 0])
    trace = network.look(features, name).trace  # (2, 64, 3)
    for episode, column in enumerate(name):
        others = [c for c in range(3) if c != column]
        torch.testing.assert_close(trace[episode, :, column], 0.3 * features[episode])
        assert not trace[episode][:, others].any()


def test_the_closed_form_by_hand():
    """Two classes, two shots: f_q . w_c + sum_i alpha_ic f_qi eta ((1 - eta) f_c1i + f_c2i), number by number."""
    network, generator = a_readout("per_connection", 2, seed=0)
    shots = torch.randn(1, 2, 2, 64, generator=generator, dtype=torch.float64)
    query = torch.randn(1, 64, generator=generator, dtype=torch.float64)
    w, alpha, eta = network.readout.weight.tolist(), network.readout.alpha.tolist(), 0.3
    f, f_q = shots[0].tolist(), query[0].tolist()
    for c, logit in enumerate(network.logits(shots, query)[0].tolist()):
        by_hand = 0.0
        for i in range(64):
            by_hand += f_q[i] * w[i][c]
            by_hand += f_q[i] * alpha[i][c] * eta * ((1 - eta) * f[c][0][i] + f[c][1][i])
        assert logit == pytest.approx(by_hand)


def test_later_shots_count_more():
    network, generator = a_readout("shared", 2, seed=0)
    shots, query = torch.rand(1, 2, 3, 64, generator=generator).double(), torch.ones(1, 64).double()
    assert not torch.allclose(network.logits(shots, query), network.logits(shots.flip(2), query))


def test_features_of_drawings():
    network, drawings = one_shot.build(one_shot.Config()), torch.rand(2, 3, 31, 31)
    features = network.embed(drawings)
    assert features.shape == (2, 3, 64) and features.abs().max() < 1
    torch.testing.assert_close(network.embed(drawings[1, 2]), features[1, 2])
    rough = one_shot.build(one_shot.Config(precision="bfloat16")).embed(drawings)
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, features, atol=0.02, rtol=0)


@pytest.mark.parametrize(
    "drawings", [torch.zeros(2, 28, 28), torch.zeros(31), torch.zeros(2, 31, 31).byte(), torch.zeros(2, 31, 31).bool()]
)
def test_drawings_of_another_kind_are_refused(drawings):
    with pytest.raises(InvalidInput, match=r"31, 31\) of real numbers in \[0, 1\], got .* of type torch"):
        one_shot.build(one_shot.Config()).embed(drawings)


def spoiled(value):
    drawings = torch.rand(2, 3, 31, 31)
    drawings[1, 2, 30, 0] = value
    return drawings


@pytest.mark.parametrize("value", [255.0, 1.01, -0.01, math.nan, math.inf])
def test_one_pixel_out_of_range_is_refused_wherever_drawings_go_in(value):
    network = OneShotNetwork(2, "shared")
    for refused in (
        lambda: network.embed(spoiled(value)),
        lambda: pool(network, spoiled(value)),
        lambda: one_shot.evaluate(network, OneShotTask(2), spoiled(value), 1, torch.Generator()),
    ):
        with pytest.raises(InvalidInput, match=r"real numbers in \[0, 1\], got numbers from .* to "):
            refused()


def test_what_is_no_tensor_is_refused():
    with pytest.raises(InvalidInput, match="got a ndarray"):
        OneShotNetwork(2, "shared").embed(np.zeros((31, 31)))


def test_rounding_is_no_reason_to_refuse():
    assert OneShotNetwork(2, "shared").embed(spoiled(1 + 2e-6)).shape == (2, 3, 64)


@pytest.mark.parametrize(
    ("task", "images", "episodes", "message"),
    [
        (OneShotTask(5), torch.rand(9, 3, 31, 31), 10, "network of 2 ways cannot be asked 5-way episodes"),
        (OneShotTask(2), torch.rand(9, 3, 31, 31), 0, "episodes must be a whole number of at least 1, got 0"),
        (OneShotTask(2), torch.rand(9, 3, 28, 28), 10, r"31, 31\) of real numbers in \[0, 1\], got \(9, 3, 28, 28\)"),
        (OneShotTask(2), torch.rand(9, 31, 31), 10, r"characters \(C, D, 31, 31\), got \(9, 31, 31\)"),
        (OneShotTask(2), torch.rand(1, 3, 31, 31), 10, "2 ways need at least 2 characters, got 1"),
        (OneShotTask(2), torch.rand(9, 1, 31, 31), 10, "1 shots and a query need 2 drawings, got 1"),
    ],
)
def test_evaluations_that_cannot_be_are_refused(task, images, episodes, message):
    with pytest.raises(InvalidInput, match=message):
        one_shot.evaluate(OneShotNetwork(2, "shared"), task, images, episodes, torch.Generator())


def test_the_loss_of_guessing_is_the_papers_chance():
    """Spec A4: chance is .5004 for the authors' loss; and ln 5 for the other."""
    guess, target = torch.zeros(7, 5), torch.tensor([0, 1, 2, 3, 4, 0, 1])
    assert one_shot.episode_loss(guess, target, "binary").item() == pytest.approx(0.5004, abs=5e-5)
    assert one_shot.episode_loss(guess, target, "cross_entropy").item() == pytest.approx(math.log(5), rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(2, 6), st.integers(0, 10**6))
def test_the_losses_by_hand(n_episodes, n_ways, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(n_episodes, n_ways, generator=generator, dtype=torch.float64)
    target = torch.randint(n_ways, (n_episodes,), generator=generator)
    binary = cross_entropy = 0.0
    for row, right in zip(logits.tolist(), target.tolist(), strict=True):
        total = sum(math.exp(a) for a in row)
        y = [math.exp(a) / total for a in row]
        cross_entropy -= math.log(y[right]) / n_episodes
        for c in range(n_ways):
            binary -= math.log(y[c] if c == right else 1 - y[c]) / (n_episodes * n_ways)
    assert one_shot.episode_loss(logits, target, "binary").item() == pytest.approx(binary)
    assert one_shot.episode_loss(logits, target, "cross_entropy").item() == pytest.approx(cross_entropy)


@pytest.mark.parametrize("task", [OneShotTask(), OneShotTask(3, 2, True)])
def test_evaluation_by_hand(task):
    """Each episode by itself: its drawings turned by numpy, embedded, and walked through the plastic layer."""
    images = torch.rand(7, 3, 31, 31, generator=torch.Generator().manual_seed(0))
    network = OneShotNetwork(task.n_ways, "per_connection")
    right = one_shot.evaluate(network, task, images, 40, torch.Generator().manual_seed(3))
    episode = task.deal(40, 7, 3, torch.Generator().manual_seed(3), 4)

    def look(row, column):
        turned = np.rot90(images[row % 7, column].numpy(), row // 7).copy()
        return network.embed(torch.from_numpy(turned))

    for b in range(40):
        rows = episode.rows[b].tolist()
        with torch.no_grad():
            shots = torch.stack(
                [torch.stack([look(rows[n], d) for d in episode.shots[b, n]]) for n in range(task.n_ways)]
            )
            query = look(rows[episode.target[b]], episode.query[b])
            answer, _ = network.walk(shots[None], query[None])
        assert right[b].item() == (answer.argmax().item() == episode.target[b].item())
    assert right.shape == (40,) and right.dtype == torch.bool


def test_a_pool_holds_every_drawing_under_every_rotation_or_those_wanted():
    network, images = OneShotNetwork(5, "shared"), torch.rand(3, 2, 31, 31)
    whole = pool(network, images)
    assert whole.shape == (12, 2, 64) and not whole.requires_grad
    for turns in range(4):
        turned = torch.from_numpy(np.rot90(images.numpy(), turns, (2, 3)).copy())
        torch.testing.assert_close(whole[3 * turns : 3 * turns + 3], network.embed(turned).detach())
    some = pool(network, images, torch.tensor([0, 7, 23])).flatten(0, 1)
    torch.testing.assert_close(some[[0, 7, 23]], whole.flatten(0, 1)[[0, 7, 23]])
    assert some.isnan().any(-1).sum() == 21


def test_more_than_a_thousand_episodes_are_other_episodes():
    network, images = OneShotNetwork(5, "shared"), torch.rand(9, 3, 31, 31)
    right = one_shot.evaluate(network, OneShotTask(), images, 2100, torch.Generator().manual_seed(0))
    assert right.shape == (2100,) and not torch.equal(right[:1000], right[1000:2000])
