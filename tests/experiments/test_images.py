"""The image experiment: hard clamping, withheld pictures, training that resumes, and what it reports."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from numpy_reference import episode as literal_episode

from tlteach import data, runs
from tlteach.errors import InvalidInput
from tlteach.experiments import _image_report, images
from tlteach.plasticity import parameter_count
from tlteach.tasks.images import ImageTask

TINY = ImageTask(side=4, n_cycles=1, show_steps=3)


def random_pictures(n, side, seed):
    """Pictures without any structure: a lost half cannot be guessed, only remembered."""
    pictures = torch.rand(n, side * side, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    pictures -= pictures.mean(1, keepdim=True)
    return pictures / pictures.abs().amax(1, keepdim=True)


@pytest.fixture
def no_data(monkeypatch):
    """Random pictures in the place of every source; returns what a test may exchange: [shown, withheld]."""
    parts = [random_pictures(200, 4, 0), random_pictures(50, 4, 1)]
    monkeypatch.setattr(images, "pictures", lambda source, side: (*parts, "random pictures of a test"))
    return parts


def tiny(network="plastic", **changes):
    settings = dict(task=TINY, batch_size=4, learning_rate=3e-3, episodes=40, record_every=2, withheld_episodes=10)
    return images.Config(network=network, **(settings | changes))


def run(config, **how):
    return images.run(config, progress=False, **how)


@pytest.mark.parametrize("network", images.NETWORKS)
def test_every_network_runs_and_repeats_itself(network, no_data):
    one, two = run(tiny(network)), run(tiny(network))
    assert one.metrics["episodes"].tolist() == [8, 16, 24, 32, 40]
    for name in ("loss", "withheld_loss", "eta"):
        np.testing.assert_array_equal(one.metrics[name], two.metrics[name])
    assert not np.array_equal(one.metrics["loss"], run(tiny(network, seed=1)).metrics["loss"])
    assert one.provenance.data == "random pictures of a test"


def test_a_run_is_restored_whole_or_not_at_all(no_data):
    result = run(tiny())
    network = images.restore(result)
    assert {k: v.shape for k, v in network.state_dict().items()} == {k: v.shape for k, v in result.tensors.items()}
    step = round(result.metrics["episodes"][-1] / result.config["batch_size"])
    same = torch.Generator().manual_seed(step)
    loss = images.evaluate(network, TINY, no_data[1], 10, same).mean().item()
    assert loss == pytest.approx(result.metrics["withheld_loss"][-1], rel=1e-5)
    result.tensors.clear()
    with pytest.raises(InvalidInput, match="only the curves"):
        images.restore(result)


def test_the_paper_networks_have_the_paper_sizes():
    def count(network):
        with torch.device("meta"):
            return parameter_count(images.build(images.Config.preset("paper", network)))

    assert count("plastic") == 2 * 1025**2 + 1 == 2_101_251
    assert count("shared") == 1025**2 + 2
    assert count("rnn") == 1025**2
    assert images.Config.preset("paper").batch_size == 1 and images.Config.preset("paper").learning_rate == 1e-4


def some_episode(n=3, seed=0):
    pictures = random_pictures(9, 4, seed)
    pictures[:, 5] = 0  # a pixel that is exactly 0 in every picture
    return TINY.sample(n, torch.Generator().manual_seed(seed), pictures)


def strong(network):
    """A network whose connections matter: nothing hides behind small weights."""
    network = images.build(tiny(network))
    with torch.no_grad():
        for parameter in network.layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) * 0.4)
        if network.layer.eta is not None:
            network.layer.eta.fill_(0.3)
    return network


@pytest.mark.parametrize("network", images.NETWORKS)
def test_a_given_pixel_is_held_exactly_and_zero_is_not_given(network):
    episode = some_episode()
    output = strong(network)(episode).detach()
    assert output.shape == episode.inputs.shape
    given = episode.inputs != 0
    assert torch.equal(output[given], episode.inputs[given])
    assert not given[..., 5].any() and (output[1:, :, 5] != 0).all()  # free, whatever its input of 0
    gap = TINY.show_steps  # nothing is shown
    assert not given[gap].any() and (output[gap].abs() > 1e-4).all()


@pytest.mark.parametrize("network", images.NETWORKS)
@torch.no_grad()
def test_an_episode_may_be_shown_in_parts(network):
    made = images.build(tiny(network))
    episode = TINY.sample(3, torch.Generator().manual_seed(0), random_pictures(9, 4, 0))
    state, parts = None, []
    for steps in (slice(0, 2), slice(2, 7), slice(7, None)):
        shown, state = made.steps(episode.inputs[steps], episode.clamp[steps], state)
        parts.append(shown)
    torch.testing.assert_close(torch.cat(parts), made(episode))
    assert made.double().steps(episode.inputs, episode.clamp)[0].dtype == torch.float64


@pytest.mark.parametrize("network", images.NETWORKS)
def test_the_network_is_the_paper_equations(network):
    """Equations 1 and 2 in numpy, connection by connection, with a bias neuron held at 1."""
    net, episode = strong(network), some_episode(1)
    n, layer = TINY.n_pixels + 1, net.layer
    inputs = np.concatenate([episode.inputs[:, 0].double().numpy(), np.ones((TINY.n_steps, 1))], -1)
    clamp = np.concatenate([episode.inputs[:, 0].numpy() != 0, np.ones((TINY.n_steps, 1), bool)], -1)
    weight = layer.weight.detach().double().numpy()
    alpha = np.zeros((n, n)) if layer.alpha is None else np.broadcast_to(layer.alpha.detach().double().numpy(), (n, n))
    eta = 0.0 if layer.eta is None else layer.eta.item()
    expected, _ = literal_episode(inputs, weight, alpha, eta, "hebb", np.zeros(n), np.zeros((n, n)), clamp)
    np.testing.assert_allclose(net(episode)[:, 0].detach().numpy(), expected[:, :-1], atol=1e-4)


def test_training_never_sees_a_withheld_picture(no_data):
    """Other withheld pictures change what is measured on them, and nothing else."""
    one = run(tiny())
    no_data[1] = random_pictures(50, 4, 2)
    two = run(tiny())
    np.testing.assert_array_equal(one.metrics["loss"], two.metrics["loss"])
    assert all(torch.equal(one.tensors[name], two.tensors[name]) for name in one.tensors)
    assert not np.any(one.metrics["withheld_loss"] == two.metrics["withheld_loss"])
    no_data[0] = random_pictures(200, 4, 3)
    assert not np.any(one.metrics["loss"] == run(tiny()).metrics["loss"])


def test_how_often_it_is_evaluated_changes_nothing(no_data):
    often, seldom = run(tiny(record_every=1)), run(tiny(record_every=10))
    assert all(torch.equal(often.tensors[name], seldom.tensors[name]) for name in often.tensors)
    assert often.metrics["loss"].mean() == pytest.approx(seldom.metrics["loss"][0])


@pytest.fixture
def uncached():
    """No test sees the pictures that another one loaded."""
    images.pictures.cache_clear()
    yield
    images.pictures.cache_clear()


def test_pictures_are_prepared_and_withheld_ones_kept_apart(monkeypatch, uncached):
    random = np.random.default_rng(0)
    made = data.Pictures(*(random.integers(0, 766, (n, 32, 32), np.uint16) for n in (30, 10)), "made here", real=False)
    asked = []
    monkeypatch.setattr(data, "pictures", lambda source: asked.append(source) or made)
    shown, withheld, where = images.pictures("natural", 16)
    assert torch.equal(shown, data.normalise(made.train, 16)) and torch.equal(
        withheld, data.normalise(made.withheld, 16)
    )
    assert (asked, where) == (["natural"], made.source)
    with pytest.raises(InvalidInput, match="divisor of 32"):
        next(images.train(tiny(task=ImageTask(side=5))))


def test_shuffled_pictures_are_the_same_pixels_each_in_an_order_of_its_own(monkeypatch, uncached):
    """With equal orders two pictures would still share their structure: what is next to what."""
    ramp = np.arange(1024, dtype=np.uint16).reshape(32, 32) * np.ones((6, 1, 1), np.uint16) % 766
    made = data.Pictures(ramp, ramp[:4], "made here", real=False)
    monkeypatch.setattr(data, "pictures", lambda source: made)
    plain, shuffled = images.pictures("natural", 8), images.pictures("shuffled", 8)
    orders = set()
    for before, after in zip(plain[:2], shuffled[:2], strict=True):
        assert torch.equal(before.sort(1).values, after.sort(1).values)
        orders |= {tuple(picture.tolist()) for picture in after}
    assert len(orders) == 10
    assert shuffled[2] == "made here, the pixels of each shuffled"
    images.pictures.cache_clear()
    assert torch.equal(images.pictures("shuffled", 8)[0], shuffled[0])


def test_withheld_pictures_of_cifar_are_none_of_those_trained_on(real_data, uncached):
    shown, withheld, where = images.pictures("cifar10", 16)
    assert shown.shape[1] == withheld.shape[1] == 256 and "CIFAR-10" in where
    known = {picture.numpy().tobytes() for picture in shown}
    assert not any(picture.numpy().tobytes() in known for picture in withheld)


def test_a_killed_run_resumes_to_the_same_numbers(no_data, tmp_path):
    whole = run(tiny())

    class Killed(BaseException):
        pass

    def kill(record):
        if record.step >= 6:
            raise Killed

    with pytest.raises(Killed):
        run(tiny(), folder=tmp_path, on_record=kill, checkpoint_seconds=0.0)
    resumed = run(tiny(), folder=tmp_path)
    for name in ("step", "loss", "withheld_loss", "eta"):
        np.testing.assert_array_equal(resumed.metrics[name], whole.metrics[name])
    for name, tensor in whole.tensors.items():
        assert torch.equal(resumed.tensors[name], tensor)


def test_divergence_ends_with_the_last_good_state_and_is_met_again(no_data, tmp_path, monkeypatch):
    real, calls = images.pixel_error, []

    def faulty(output, targets):
        calls.append(1)
        return real(output, targets) * (float("nan") if len(calls) == 6 else 1.0)

    whole = run(tiny())
    every = whole.metrics["step"][0]
    monkeypatch.setattr(images, "pixel_error", faulty)
    monkeypatch.setattr(images, "evaluate", lambda *arguments: torch.zeros(1))  # it has errors of its own
    with pytest.warns(UserWarning, match="loss became nan in update 6"):
        stopped = run(tiny(), folder=tmp_path)
    assert every == 2 and stopped.metrics["step"].tolist() == [2, 4]  # update 5, which led there, is taken back
    assert not stopped.provenance.complete and all(value.isfinite().all() for value in stopped.tensors.values())
    calls[:] = [1] * 4  # and again after update 5
    with pytest.warns(UserWarning, match="loss became nan in update 6"):
        again = run(tiny(), folder=tmp_path)
    assert again.tensors.keys() == stopped.tensors.keys()
    for name, value in stopped.tensors.items():
        assert torch.equal(again.tensors[name], value)


def test_training_learns_to_remember_and_only_plastic_networks_do(no_data):
    """100 updates; the pictures have no structure, so that without memory nothing is better than grey."""
    no_data[0] = random_pictures(2000, 4, 0)
    grey = images.baselines(TINY, no_data[1], 500, torch.Generator().manual_seed(0))["grey"].mean()
    learn = dict(batch_size=16, learning_rate=1e-2, episodes=1600, record_every=50, withheld_episodes=100)
    plastic, rnn = (run(tiny(network, **learn)).metrics for network in ("plastic", "rnn"))
    assert plastic["withheld_loss"][-1] < 0.7 * grey
    assert rnn["withheld_loss"][-1] > 0.9 * grey


def test_evaluation_is_the_mean_of_episodes_made_from_the_generator(no_data):
    network = images.build(tiny())
    errors = images.evaluate(network, TINY, no_data[1], 45, torch.Generator().manual_seed(5))
    generator, by_hand = torch.Generator().manual_seed(5), []
    for n in (20, 20, 5):
        episode = TINY.sample(n, generator, no_data[1])
        by_hand += [((o - t) ** 2).sum() for o, t in zip(network(episode)[-1].detach(), episode.targets, strict=True)]
    assert errors.shape == (45,) and not errors.requires_grad
    torch.testing.assert_close(errors, torch.stack(by_hand))


def test_baselines_by_hand(no_data):
    given = images.baselines(TINY, no_data[1], 20, torch.Generator().manual_seed(0))
    episode = TINY.sample(20, torch.Generator().manual_seed(0), no_data[1])
    for b in range(20):
        picture, lost = episode.targets[b].view(4, 4), episode.erased[b].view(4, 4)
        grey = mirror = 0.0
        for i in range(4):
            for j in range(4):
                if lost[i, j]:
                    grey += picture[i, j].item() ** 2
                    mirror += (picture[3 - i, j].item() - picture[i, j].item()) ** 2
        assert given["grey"][b].item() == pytest.approx(grey, rel=1e-4)
        assert given["mirror"][b].item() == pytest.approx(mirror, rel=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        *(dict(network="lstm"), dict(data="imagenet"), dict(batch_size=0), dict(episodes=1.5), dict(record_every=0)),
        *(dict(withheld_episodes=True), dict(learning_rate=0.0), dict(learning_rate=float("nan")), dict(seed=-1)),
    ],
)
def test_impossible_configurations_are_refused(changes):
    (name,) = changes
    with pytest.raises(InvalidInput, match=name):
        images.Config(**changes)


def curve(network, seed, losses, side=16):
    n = len(losses)
    metrics = {"step": range(n), "episodes": range(n), "loss": losses, "withheld_loss": losses, "cpu_seconds": range(n)}
    config = runs.plain(images.Config(network=network, task=ImageTask(side=side), seed=seed))
    return runs.Result("images", config, {k: np.array(v, float) for k, v in metrics.items()})


def test_the_table_has_a_row_for_each_network_and_size():
    results = [curve("plastic", s, [9.0] * 38 + [1.0 + s, 3.0 + s]) for s in (0, 1)]
    results += [curve("shared", 0, [5.0] * 40), curve("plastic", 0, [7.0] * 40, side=32)]
    assert _image_report.last(results[0]) == 2.0  # the last twentieth
    rows = images.table(results).rows
    assert [(row[0], row[2]) for row in rows] == [
        ("alpha per connection", "16 x 16"),
        ("alpha per connection", "32 x 32"),
        ("one shared alpha", "16 x 16"),
    ]
    assert rows[0][6:9] == ("2", "2.5 (2.0 to 3.0)", "2.5 (2.0 to 3.0)")
    assert rows[1][6:9] == ("1", "7.0", "7.0"), "one seed has no range"
    longer = replace(results[0], config=results[0].config | {"episodes": 10**6})
    assert len(images.table([results[0], longer]).rows) == 2  # runs of another length do not share a row


def test_withheld_pictures_against_those_trained_on():
    """The last quarter, the mean of the seeds record by record; half of what is above is above the noise, or not."""
    ones, noise = np.ones(40), np.resize([1.0, -1.0], 40)  # in the last 10 records: +1 and -1 in turn

    def runs(above, network="plastic"):
        made = [curve(network, seed, 10 * ones) for seed in (0, 1)]
        for seed, each in enumerate(made):
            each.metrics["withheld_loss"][:] = np.where(np.arange(40) < 30, 99, 10 + above + noise + seed - 0.5)
        return made

    half = 1.96 * (10 / 9) ** 0.5 / 10**0.5  # of ten numbers +1 and -1
    for above, said in ((half + 0.01, "above"), (half - 0.01, "no difference seen"), (-half - 0.01, "below")):
        (row,) = images.withheld_table(runs(above)).rows
        assert row[:4] == ("alpha per connection", "16 x 16", "100,000", "2") and row[-1] == said
        assert row[4:7] == (
            "10.00",
            f"{10 + above:.2f}",
            f"{10 * above:+.1f}% ± {10 * half:.1f}".replace("-", "\u2212"),
        )
    assert len(images.withheld_table([*runs(1), *runs(1, "rnn"), curve("rnn", 0, ones, side=32)]).rows) == 3
    (row,) = images.withheld_table([curve("rnn", 0, [2.0])]).rows
    assert row[-1] == "no difference seen", "one record tells nothing"


def test_runs_of_different_tasks_do_not_share_an_axis():
    with pytest.raises(InvalidInput, match="common axis"):
        images.plot([curve("plastic", 0, [1.0] * 40), curve("plastic", 0, [1.0] * 40, side=32)])


def test_the_plot_has_a_line_for_each_network():
    results = [curve("plastic", s, list(range(40, 0, -1))) for s in (0, 1)] + [curve("rnn", 0, [5.0] * 40)]
    figure = images.plot(results)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["alpha per connection (2 seeds)", "no plasticity (1 seed)"]
    plt.close(figure)
    with pytest.raises(InvalidInput, match="empty"):
        images.plot([])
