"""The image task against a slow, literal reading of its specification (spec A3)."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from tlteach.errors import InvalidInput
from tlteach.tasks.images import ImageTask, pixel_error

tasks = st.builds(
    ImageTask,
    side=st.integers(2, 5),
    n_images=st.integers(1, 4),
    n_cycles=st.integers(1, 3),
    show_steps=st.integers(1, 3),
    gap_steps=st.integers(0, 2),
    test_steps=st.integers(1, 3),
)


def some_pictures(n, side, seed=0):
    """Random pictures in [-1, 1] with a few pixels of exactly 0."""
    pictures = torch.rand(n, side * side, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    pictures[pictures.abs() < 0.1] = 0
    return pictures


def literal_episode(task, episode, b):
    """Inputs and clamps of episode b, one step and one pixel at a time, as lists of lists."""
    inputs = []
    for cycle in range(task.n_cycles):
        for place in range(task.n_images):
            picture = episode.images[b, episode.order[b, cycle, place]].tolist()
            inputs += [picture] * task.show_steps + [[0.0] * task.n_pixels] * task.gap_steps
    target = episode.images[b, episode.asked[b]].tolist()
    cue = [0.0 if gone else pixel for pixel, gone in zip(target, episode.erased[b].tolist(), strict=True)]
    inputs += [cue] * task.test_steps
    return inputs, [[pixel != 0.0 for pixel in row] for row in inputs]


@settings(max_examples=25, deadline=None)
@given(tasks, st.integers(0, 2**31))
def test_an_episode_is_what_the_specification_says(task, seed):
    pool = some_pictures(7, task.side)
    episode = task.sample(3, torch.Generator().manual_seed(seed), pool)
    assert episode.inputs.shape == episode.clamp.shape == (task.n_steps, 3, task.n_pixels)
    known, half = pool.tolist(), task.n_pixels // 2
    for b in range(3):
        inputs, clamp = literal_episode(task, episode, b)
        assert episode.inputs[:, b].tolist() == inputs
        assert episode.clamp[:, b].tolist() == clamp
        assert episode.targets[b].tolist() == episode.images[b, episode.asked[b]].tolist()
        which = [known.index(picture) for picture in episode.images[b].tolist()]
        assert len(set(which)) == task.n_images, "an episode shows different pictures"
        for cycle in episode.order[b]:
            assert sorted(cycle.tolist()) == list(range(task.n_images))
        top = [True] * half + [False] * (task.n_pixels - half)
        assert episode.erased[b].tolist() in (top, [not lost for lost in top])


def test_the_paper_sizes():
    assert (ImageTask().n_steps, ImageTask().test_start, ImageTask().n_pixels) == (201, 198, 1024)


def test_halves_are_rows_of_the_picture():
    bottom = ImageTask(side=4).half("bottom").view(4, 4)
    assert bottom.tolist() == [[False] * 4] * 2 + [[True] * 4] * 2
    assert torch.equal(ImageTask(side=4).half("top").view(4, 4), ~bottom)
    with pytest.raises(InvalidInput, match="top or bottom, got 'left'"):
        ImageTask().half("left")


def test_an_episode_made_by_hand():
    """What the widget does: its own pictures, order and missing pixels."""
    task = ImageTask(side=2, n_images=2, n_cycles=1, show_steps=1, gap_steps=1, test_steps=1)
    images = torch.tensor([[[0.1, 0.2, 0.3, 0.4], [0.5, -0.5, 0.0, 1.0]]])
    erased = torch.tensor([[False, True, False, True]])
    episode = task.episode(images, torch.tensor([[[1, 0]]]), torch.tensor([1]), erased)
    blank = [0.0] * 4
    expected = torch.tensor([[0.5, -0.5, 0.0, 1.0], blank, [0.1, 0.2, 0.3, 0.4], blank, [0.5, 0.0, 0.0, 0.0]])
    assert torch.equal(episode.inputs[:, 0], expected)
    assert torch.equal(episode.targets, images[:, 1])


def test_the_same_seed_gives_the_same_episodes_and_leaves_the_global_generator_alone():
    task, pool, before = ImageTask(side=3), some_pictures(9, 3), torch.random.get_rng_state()
    one, two = (task.sample(4, torch.Generator().manual_seed(7), pool) for _ in range(2))
    assert torch.equal(one.inputs, two.inputs) and torch.equal(one.erased, two.erased)
    assert not torch.equal(one.inputs, task.sample(4, torch.Generator().manual_seed(8), pool).inputs)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("n_pictures", [5, 40])
def test_choices_are_uniform(n_pictures):
    """Of few pictures and of many, which are drawn in another way."""
    task, pool, n = ImageTask(side=2, n_cycles=1, show_steps=1), some_pictures(n_pictures, 2), 8000
    episode = task.sample(n, torch.Generator().manual_seed(0), pool)
    first = (episode.images[:, 0, None] == pool).all(-1)  # (B, M) one-hot: which picture of the pool comes first
    assert (first.sum(-1) == 1).all()
    assert not any((episode.images[:, i] == episode.images[:, j]).all(-1).any() for i, j in ((0, 1), (0, 2), (1, 2)))
    for frequencies, expected in [
        (torch.bincount(episode.asked) / n, 1 / 3),
        (torch.bincount(episode.order[:, 0, 0]) / n, 1 / 3),
        (episode.erased.float().mean(0), 1 / 2),
        (first.float().mean(0), 1 / n_pictures),
    ]:
        assert (frequencies - expected).abs().max() < 5 * (expected * (1 - expected) / n) ** 0.5


def test_an_episode_of_all_pictures_there_are():
    episode = ImageTask(side=2).sample(50, torch.Generator().manual_seed(0), pool := some_pictures(3, 2))
    for b in range(50):
        assert sorted(episode.images[b].tolist()) == sorted(pool.tolist())


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 10**6))
def test_the_loss_by_hand(n_episodes, n_pixels, seed):
    generator = torch.Generator().manual_seed(seed)
    output, targets = (torch.rand(n_episodes, n_pixels, generator=generator, dtype=torch.float64) for _ in range(2))
    by_hand = [
        sum((o - t) ** 2 for o, t in zip(*rows, strict=True))
        for rows in zip(output.tolist(), targets.tolist(), strict=True)
    ]
    assert pixel_error(output, targets).tolist() == pytest.approx(by_hand)


@pytest.mark.parametrize(
    "wrong",
    [
        *(dict(side=1), dict(n_images=0), dict(n_cycles=0), dict(show_steps=0), dict(gap_steps=-1)),
        *(dict(side=8.0), dict(n_cycles=True), dict(gap_steps=False), dict(test_steps=None), dict(test_steps=0)),
    ],
)
def test_impossible_tasks_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(InvalidInput, match=name):
        ImageTask(**wrong)


@pytest.mark.parametrize("batch_size", [0, 2.0, True])
def test_an_impossible_batch_is_refused(batch_size):
    with pytest.raises(InvalidInput, match="batch_size"):
        ImageTask(side=2).sample(batch_size, torch.Generator(), some_pictures(4, 2))


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        (torch.zeros(5, 5), r"\(M, 4\).*2 x 2.*got \(5, 5\).*normalise"),
        (torch.zeros(5, 2, 2), r"got \(5, 2, 2\)"),
        (torch.zeros(2, 4), "needs 3 pictures, got only 2"),
        (torch.zeros(5, 4, dtype=torch.uint8), "real numbers.*uint8"),
        (torch.full((5, 4), 255.0), r"\[-1, 1\], got 255 to 255"),
        (torch.full((5, 4), -1.01), r"\[-1, 1\]"),
        (torch.full((5, 4), float("nan")), r"\[-1, 1\], got nan"),
    ],
)
def test_pictures_that_cannot_be_used_are_refused(pictures, message):
    with pytest.raises(InvalidInput, match=message):
        ImageTask(side=2).sample(2, torch.Generator().manual_seed(0), pictures)


@pytest.mark.parametrize("wrong", [1.5, -2.0, float("nan"), float("inf")])
def test_one_wrong_pixel_among_thousands_of_pictures_is_found_before_it_is_drawn(wrong):
    task, pool = ImageTask(side=2), some_pictures(5000, 2)
    drawn = task.sample(1, torch.Generator().manual_seed(0), pool)
    which = next(i for i in range(5000) if not (drawn.images[0] == pool[i]).all(-1).any())
    pool[which, 3] = wrong  # the pool was looked through before: a change is seen
    for _ in range(2):
        with pytest.raises(InvalidInput, match="among 5,000 pictures"):
            task.sample(1, torch.Generator().manual_seed(0), pool)
    pool[which, 3] = 0.5
    assert torch.equal(task.sample(1, torch.Generator().manual_seed(0), pool).inputs, drawn.inputs)


def test_a_pool_is_looked_through_once_however_often_it_is_drawn_from(monkeypatch):
    looks, look = [], torch.Tensor.aminmax
    monkeypatch.setattr(torch.Tensor, "aminmax", lambda tensor: looks.append(len(tensor)) or look(tensor))
    one, two = some_pictures(7, 2), some_pictures(9, 2)
    for pool in (one, two, one, two):
        ImageTask(side=2).sample(1, torch.Generator().manual_seed(0), pool)
        ImageTask(side=2, n_images=2).sample(1, torch.Generator().manual_seed(0), pool)
    assert looks == [7, 9]
    with torch.inference_mode():
        untracked = some_pictures(5, 2)
    for _ in range(2):  # nobody would notice a change
        ImageTask(side=2).sample(1, torch.Generator().manual_seed(0), untracked)
    assert looks == [7, 9, 5, 5]
