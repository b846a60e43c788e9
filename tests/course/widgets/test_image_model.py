import numpy as np
import pytest
import torch
from torch import nn

from tlteach.course.widgets.image_model import BASELINES, ImageModel
from tlteach.errors import InvalidInput
from tlteach.experiments import images
from tlteach.tasks.images import ImageTask

TASK = ImageTask(side=6, show_steps=3, gap_steps=1, n_cycles=2)
N, P = TASK.n_pixels, TASK.n_images
KINDS = ("plastic", "shared", "rnn")


def network(kind="plastic", task=TASK):
    made = images.build(images.Config(network=kind, task=task))
    with torch.no_grad():
        made.layer.weight.mul_(20)  # large enough to show what is wrong
        if made.layer.alpha is not None:
            made.layer.alpha.mul_(20), made.layer.eta.fill_(0.2)
    return made


@pytest.fixture
def model():
    return ImageModel({kind: network(kind) for kind in KINDS}, TASK, seed=3)


def some(seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (P, N)).astype(np.float32), rng.random(N) < 0.4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("asked", range(P))
@torch.no_grad()
def test_the_answer_is_that_of_the_network_in_the_tasks_own_episode(model, kind, asked):
    pictures, erased = some()
    for mask in (erased, ~erased, erased):  # the second and the third go on from what is remembered
        episode = TASK.episode(
            torch.tensor(pictures)[None], model.order, torch.tensor([asked]), torch.tensor(mask)[None]
        )
        whole = model.networks[kind](episode)[TASK.test_start :, 0]
        answer = model.answer(kind, pictures, asked, mask)
        np.testing.assert_allclose(answer.frames[1:], whole, atol=1e-5)
        np.testing.assert_array_equal(answer.frames[0], np.where(mask, 0, pictures[asked]))
        assert np.abs(answer.frames[1:, mask]).max() > 0.05, "the lost pixels are painted"


def test_the_error_is_the_mean_square_over_lost_pixels(model):
    pictures, erased = some()
    answer = model.answer("plastic", pictures, 1, erased)
    for frame, error in zip(answer.frames, answer.errors, strict=True):
        squares = [float(frame[i] - pictures[1, i]) ** 2 for i in range(N) if erased[i]]
        assert error == pytest.approx(sum(squares) / len(squares), rel=1e-4)
    assert model.answer("plastic", pictures, 1, erased).errors[0] == pytest.approx((pictures[1, erased] ** 2).mean())


def test_where_nothing_is_lost_there_is_no_error(model):
    pictures, _ = some()
    answer = model.answer("rnn", pictures, 0, np.zeros(N, bool))
    assert np.isnan(answer.errors).all()
    np.testing.assert_allclose(answer.frames[-1], pictures[0])


def test_what_is_remembered_is_computed_once(model):
    steps = []
    model.networks["plastic"].layer.register_forward_hook(lambda layer, args, output: steps.append(len(args[0])))
    pictures, erased = some()
    for asked, mask in ((0, erased), (1, erased), (1, ~erased), (1, ~erased)):
        model.answer("plastic", pictures, asked, mask)
    assert steps == [TASK.test_start, *[TASK.test_steps] * 3], "the last answer is known already"
    for seed in (1, 2, 0):
        model.answer("plastic", some(seed)[0], 0, erased)
    assert len(model._memories["plastic"]) == 2, "old memories are given up: traces are large"


def test_mirror_and_grey_by_hand(model):
    pictures, erased = some()
    grey, mirror = (model.baseline(name, pictures, 2, erased) for name in BASELINES)
    side = TASK.side
    for i in range(N):
        opposite = (side - 1 - i // side) * side + i % side
        given = 0.0 if erased[i] else pictures[2, i]
        reflected = 0.0 if erased[opposite] else pictures[2, opposite]
        assert grey.frames[-1, i] == np.float32(given)
        assert mirror.frames[-1, i] == np.float32(reflected if erased[i] else given)
    assert len(mirror.frames) == TASK.test_steps + 1


@pytest.mark.parametrize("lost", ["top", "bottom"])
def test_for_a_lost_half_the_baselines_are_the_experiments(lost, model):
    pictures, mask = some()[0], TASK.half(lost).numpy()
    generator = lambda: torch.Generator().manual_seed(4)  # noqa: E731
    drawn = TASK.sample(20, generator(), torch.tensor(pictures))
    measured = images.baselines(TASK, torch.tensor(pictures), 20, generator())
    which = next(b for b in range(20) if (drawn.erased[b].numpy() == mask).all())
    for name in BASELINES:
        error = model.baseline(name, drawn.images[which].numpy(), int(drawn.asked[which]), mask).errors[-1] * N / 2
        assert error == pytest.approx(measured[name][which].item(), rel=1e-5)


def test_the_networks_are_left_alone(model):
    before = {k: v.clone() for k, v in model.networks["plastic"].state_dict().items()}
    model.answer("plastic", *some()[:1], 0, some()[1])
    for name, value in model.networks["plastic"].state_dict().items():
        assert torch.equal(value, before[name])


def test_a_network_in_double_precision_is_asked_in_it():
    single, double = network(), network().double()
    pictures, erased = some()
    answers = [ImageModel({"n": n}, TASK).answer("n", pictures, 0, erased) for n in (single, double)]
    np.testing.assert_allclose(answers[0].frames, answers[1].frames, atol=1e-5)


@pytest.mark.parametrize(
    ("networks", "task", "words"),
    [
        ({}, TASK, "1 to 4 networks"),
        ({str(i): None for i in range(5)}, TASK, "1 to 4 networks"),
        ([network()], TASK, "by name"),
        ({"a": nn.Linear(2, 2)}, TASK, "'a' must be an ImageNetwork, got Linear"),
        ({"a": network()}, ImageTask(side=8), "37 units; pictures of 8 x 8 pixels need 65"),
        ({"a": network()}, "task", "ImageTask, got str"),
    ],
)
def test_what_the_bench_cannot_use_is_refused(networks, task, words):
    with pytest.raises(InvalidInput, match=words):
        ImageModel(networks, task)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(images=np.zeros((2, N))), r"expected images \(3, 36\)"),
        (dict(images=np.full((P, N), 2.0)), r"in \[-1, 1\]"),
        (dict(images=np.full((P, N), np.nan)), r"in \[-1, 1\]"),
        (dict(erased=np.zeros(N)), "mask of bools"),
        (dict(erased=np.zeros(N - 1, bool)), "mask of bools"),
        (dict(asked=3), "0 to 2, got 3"),
    ],
)
def test_an_episode_that_cannot_be_is_refused(model, change, words):
    good = dict(images=some()[0], asked=0, erased=some()[1])
    with pytest.raises(InvalidInput, match=words):
        model.answer("plastic", **(good | change))
    with pytest.raises(InvalidInput, match="no baseline 'noise'"):
        model.baseline("noise", **good)
