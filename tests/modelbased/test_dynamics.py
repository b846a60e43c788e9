"""The ensemble against single networks, its loss against a loop, and a linear world that it must recover."""

import pytest
import torch
from linear_quadratic import A, B, episodes, transitions

from tlteach.errors import InvalidInput
from tlteach.modelbased.buffer import ReplayBuffer, Transitions
from tlteach.modelbased.dynamics import Dynamics, DynamicsConfig
from tlteach.modelbased.fitting import FitConfig, Fitter, error_by_horizon, multi_step_loss
from tlteach.modelbased.loss_passes import LossPasses


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def model(n_models=3, hidden=(16,), dtype=torch.double, **options) -> Dynamics:
    """A model with weights far from zero and statistics of its own."""
    options = {"init_std": 0.3, "hidden_init_std": None, "activation": "silu"} | options
    made = Dynamics(2, 1, DynamicsConfig(n_models, hidden, **options), generator(), dtype=dtype)
    made.observe(transitions())
    return made


def window(horizon=3, n_models=3, batch=5) -> Transitions:
    rows = [torch.randn(horizon, n_models, batch, n, dtype=torch.double, generator=generator(n)) for n in (2, 1, 2)]
    return Transitions(*rows, torch.rand(horizon, n_models, batch, generator=generator(9)) < 0.4)


def single(ensemble: Dynamics, e: int) -> Dynamics:
    """Member e as a model of its own."""
    config = DynamicsConfig(**(vars(ensemble.config) | {"n_models": 1}))
    alone = Dynamics(2, 1, config, generator(), dtype=ensemble.delta_norm.mean.dtype)
    state = {k: v[e : e + 1] if k.startswith("net.") else v for k, v in ensemble.state_dict().items()}
    alone.load_state_dict(state)
    return alone


@pytest.mark.parametrize("probabilistic", [False, True])
def test_the_loss_is_that_of_the_pseudo_code(probabilistic):
    """Spec 1.3, one window at a time, with the member's own weights written out."""
    m, w = model(probabilistic=probabilistic), window()
    expected = torch.zeros(3, dtype=torch.double)
    mean_diff, std_diff = m.delta_norm.mean, m.delta_norm.std
    for e in range(3):
        (w1, w2), (b1, b2) = [p[e] for p in m.net.weights], [p[e] for p in m.net.biases]
        for n in range(5):
            s = w.obs[0, e, n]
            for i in range(3):
                a = w.action[i, e, n].clamp(-1, 1)
                x = torch.cat([(s - m.obs_norm.mean) / m.obs_norm.std, a])
                out = torch.nn.functional.silu(x @ w1 + b1) @ w2 + b2
                following = s + out[:2] * std_diff + mean_diff
                error = ((following - s) - (w.next_obs[i, e, n] - w.obs[i, e, n])) / std_diff
                if probabilistic:
                    raw = out[2:]
                    log_std = 1 - torch.log(1 + torch.exp(1 - raw))
                    log_std = -6 + torch.log(1 + torch.exp(log_std + 6))
                    normal = torch.distributions.Normal(torch.zeros(2), log_std.exp())
                    nll = -normal.log_prob(error) - 0.5 * torch.log(torch.tensor(2 * torch.pi))
                    expected[e] += nll.mean() / 15
                else:
                    expected[e] += error.square().mean().sqrt() / 15
                if i < 2:
                    s = w.obs[i + 1, e, n] if w.boundary[i, e, n] else following
    torch.testing.assert_close(multi_step_loss(m, w), expected)


@pytest.mark.parametrize("probabilistic", [False, True])
def test_the_gradient_of_the_loss_by_finite_differences(probabilistic):
    m, w = model(probabilistic=probabilistic), window()
    parameters = tuple(m.net.parameters())
    assert torch.autograd.gradcheck(lambda *_: multi_step_loss(m, w), parameters)


@pytest.mark.parametrize("probabilistic", [False, True])
@pytest.mark.parametrize("activation", ["relu", "silu", "tanh"])
@pytest.mark.parametrize(("horizon", "hidden"), [(1, (5,)), (2, ()), (4, (7, 5))])
def test_the_gradient_by_hand_is_that_of_autograd(horizon, hidden, activation, probabilistic):
    m = model(activation=activation, hidden=hidden, probabilistic=probabilistic)
    passes = LossPasses(m, horizon, 5)
    for _ in range(2):  # buffers are used again
        w = window(horizon)
        w.obs[0, 0, 0] = 1e3  # where the normalised state is cut, it has no slope
        loss = multi_step_loss(m, w)
        torch.testing.assert_close(passes(w), loss.detach())
        gradients = torch.autograd.grad(loss.sum(), list(m.net.parameters()))
        torch.testing.assert_close(passes.gradients, list(gradients))
        w.boundary.fill_(False)


def test_the_loss_has_a_slope_where_the_model_is_exact():
    m = model(hidden=(), init_std=1e-5)
    w = window()
    flat = w.obs + m.delta_norm.mean  # every change is the mean change, which zero weights predict
    with torch.no_grad():
        m.net.weights[0].zero_()
    multi_step_loss(m, Transitions(w.obs, w.action, flat, torch.ones_like(w.boundary))).sum().backward()
    assert all(p.grad.isfinite().all() for p in m.net.parameters())


@pytest.mark.parametrize("probabilistic", [False, True])
def test_an_ensemble_is_its_members_trained_apart(probabilistic):
    ensemble = model(probabilistic=probabilistic)
    alone = [single(ensemble, e) for e in range(3)]
    config = FitConfig(grad_clip=0.5)  # clips in most of these steps
    together, apart = Fitter(ensemble, config), [Fitter(m, config) for m in alone]
    for step in range(5):
        w = window(batch=4 + step)
        losses = together.step(w)
        for e, fitter in enumerate(apart):
            torch.testing.assert_close(fitter.step(w[:, e : e + 1]), losses[e : e + 1])
    for e, m in enumerate(alone):
        for p, q in zip(ensemble.net.parameters(), m.net.parameters(), strict=True):
            torch.testing.assert_close(p[e : e + 1], q, rtol=1e-9, atol=1e-12)


def test_a_linear_world_is_recovered_exactly():
    """A network without hidden layers holds A - 1 and B in units of the running moments."""
    m = Dynamics(2, 1, DynamicsConfig(2, (), "relu"), generator(), dtype=torch.double)
    data = transitions()
    buffer = ReplayBuffer(2, 1, 1000, dtype=torch.double)
    m.observe(data)
    buffer.add(data)
    for rate in (1e-1, 1e-2, 1e-3, 1e-4):
        Fitter(m, FitConfig(learning_rate=rate, weight_decay=0.0)).fit(buffer, 150, generator())
    weight = m.net.weights[0]  # (E, 3, 2)
    change = torch.cat([A.T - torch.eye(2), B.T]).double()  # s' - s = (s, a) @ change
    scale = torch.cat([1 / m.obs_norm.std, torch.ones(1)])[:, None]
    torch.testing.assert_close(
        scale * weight * m.delta_norm.std, change.expand(2, -1, -1).contiguous(), rtol=0, atol=2e-3
    )
    obs, action = episodes(4, 30, seed=5)
    errors = error_by_horizon(m, obs.double(), action.double(), 10)
    assert errors.shape == (10, 2) and errors.max() < 0.03


def test_error_by_horizon_against_a_loop():
    m = model()
    obs, action = (x.double() for x in episodes(4, 6, seed=1))
    got = error_by_horizon(m, obs, action, 3)
    for e in range(3):
        squares = [[], [], []]
        for t in range(4):
            s = obs[t]
            for h in range(3):
                s = m.members(s, action[t + h])[e]
                squares[h].append(((s - obs[t + h + 1]) / m.obs_norm.std).square().mean())
        torch.testing.assert_close(got[:, e], torch.stack([torch.stack(x).mean().sqrt() for x in squares]))
    with pytest.raises(InvalidInput, match="episodes of 6 actions and 7 states do not go 7 steps ahead"):
        error_by_horizon(m, obs, action, 7)


def test_rollouts_are_dealt_to_the_members():
    m = model()
    obs, action = torch.randn(2, 5, 2, dtype=torch.double), torch.rand(2, 5, 1, dtype=torch.double)
    every = m.members(obs, action).flatten(1, 2)  # (3, 10, 2)
    fixed = m.step(obs, action).flatten(0, 1)
    torch.testing.assert_close(fixed, every[torch.arange(10) % 3, torch.arange(10)])
    torch.testing.assert_close(m.step(obs, action, scheme="mean").flatten(0, 1), every.mean(0))
    counts = torch.zeros(10, 3)
    source = generator(3)
    for _ in range(300):
        dealt = m.step(obs, action, source, "resampled").flatten(0, 1)
        member = (dealt - every).abs().sum(-1) < 1e-12  # (3, 10)
        assert (member.sum(0) == 1).all() and member.sum(1).tolist() == [4, 3, 3]
        counts += member.T
    assert (counts - 100).abs().max() < 40  # std 8
    with pytest.raises(InvalidInput, match="unknown scheme 'best'"):
        m.step(obs, action, scheme="best")
    with pytest.raises(InvalidInput, match="'resampled' needs a generator"):
        m.step(obs, action, scheme="resampled")


def test_probabilistic_members_draw_with_their_own_spread():
    m = model(probabilistic=True, n_models=2)
    obs, action = torch.ones(6000, 2, dtype=torch.double), torch.zeros(6000, 1, dtype=torch.double)
    assert torch.equal(m.step(obs, action)[0], m.step(obs, action)[2])
    delta, log_std = m(obs[:2, None], action[:2, None])
    drawn = m.step(obs, action, generator()) - obs
    for e in range(2):
        torch.testing.assert_close(drawn[e::2].mean(0), m.delta_norm.inverse(delta[e, 0]), rtol=0.1, atol=0.05)
        torch.testing.assert_close(drawn[e::2].std(0), log_std[e, 0].exp() * m.delta_norm.std, rtol=0.1, atol=0)


def test_saved_and_restored_the_fit_goes_on_to_the_same_numbers():
    data, buffer = transitions(), ReplayBuffer(2, 1, 1000)
    buffer.add(data)
    one, other = (Fitter(model(dtype=torch.float), FitConfig()) for _ in range(2))
    one.fit(buffer, 3, generator())
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.fit(buffer, 3, generator(1)), other.fit(buffer, 3, generator(1)))


def test_the_authors_model_begins_with_the_mean_change_and_learns():
    m = Dynamics(2, 1, DynamicsConfig(hidden=(32, 32)), generator())
    data, buffer = transitions(), ReplayBuffer(2, 1, 1000)
    m.observe(data)
    buffer.add(data)
    obs = torch.randn(4, 2)
    torch.testing.assert_close(m.step(obs, torch.zeros(4, 1)), obs + m.delta_norm.mean)
    fitter = Fitter(m, FitConfig())
    first, _, last = (fitter.fit(buffer, n, generator()) for n in (1, 300, 20))
    assert last < 0.25 * first
