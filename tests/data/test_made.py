"""The data made here: labelled as such, repeatable, and as hard and as natural as the real one."""

from functools import cache

import numpy as np
import pytest

from tlteach import data
from tlteach.data import scenes
from tlteach.data.handwriting import Hands, Stroke
from tlteach.errors import InvalidInput


@cache
def drawn() -> data.Characters:
    return data.drawn_characters(6)


@cache
def natural() -> data.Pictures:
    return data.natural_pictures(1000, 500)


def pixel_accuracy(known: data.Characters, episodes: int = 2000, ways: int = 5) -> float:
    """One-shot accuracy of the nearest drawing, pixel by pixel (cosine): what no learning reaches."""
    ink = (1 - known.floats()).flatten(2).numpy()
    ink /= np.linalg.norm(ink, axis=-1, keepdims=True)
    rng, right = np.random.default_rng(0), 0
    for _ in range(episodes):
        characters = rng.choice(len(ink), ways, replace=False)
        shown, asked = rng.choice(ink.shape[1], 2, replace=False)
        right += int(np.argmax(ink[characters, shown] @ ink[characters[0], asked]) == 0)
    return right / episodes


def test_alphabets_have_the_structure_of_omniglot_and_say_that_they_are_not():
    known = drawn()
    assert known.images.shape == (120, 20, 31, 31) and known.images.dtype == np.uint8
    assert known.names[:2] == ("Drawn_01/character01", "Drawn_01/character02") and len(set(known.names)) == 120
    assert known.alphabets == tuple(name.split("/")[0] for name in known.names)
    assert not known.real and "not Omniglot" in known.source
    assert known.floats().min() >= 0 and known.floats().max() == 1


def test_the_same_seed_draws_the_same_and_more_alphabets_change_nothing():
    assert np.array_equal(data.drawn_characters(2).images, drawn().images[:40])
    assert not np.array_equal(data.drawn_characters(1, seed=1).images, drawn().images[:20])


def test_drawings_are_drawn_by_hand():
    """On the paper, neither empty nor full, and no two alike."""
    pages = data.drawn_characters(3, size=105).images
    assert pages[:, :, [0, -1]].min() == 255 and pages[..., [0, -1]].min() == 255  # nothing leaves the paper
    ink = (1 - drawn().floats()).numpy()
    share = ink.mean((2, 3))
    assert share.min() > 0.005 and share.max() < 0.35 and 0.04 < share.mean() < 0.11
    assert len({drawing.tobytes() for drawing in drawn().images.reshape(-1, 31, 31)}) == 120 * 20


def test_drawers_have_hands_of_their_own():
    """The amount of ink of a drawer, over an alphabet, differs by more than chance would make it."""
    ink = (1 - drawn().floats()).mean((2, 3)).numpy().reshape(6, 20, 20)  # (alphabet, letter, drawer)
    ink = ink / ink.mean(2, keepdims=True)
    between, within = ink.mean(1).std(1).mean(), ink.std(1).mean() / np.sqrt(20)
    assert between > 2 * within


def test_no_straight_line_is_drawn_quite_straight():
    """How far its middle lies from the chord, in heights of a letter."""
    rng = np.random.default_rng(0)
    line = Stroke(np.array([[0, -0.5], [0, 0], [0, 0.5]]))
    curves = np.concatenate([Hands.invent(rng, 20)._curve(rng, line) for _ in range(20)])  # (400, P, 2)
    middle = curves.shape[1] // 2
    bow = curves[:, middle, 0] - (curves[:, 0, 0] + curves[:, -1, 0]) / 2
    assert 0.02 < bow.std() < 0.1 and abs(bow.mean()) < 0.01
    pages = [np.asarray(page) for page in Hands.invent(rng, 20).draw(rng, [line])]
    widths = [np.median((~page).sum(1)[~page.all(1)]) for page in pages]  # ink of the rows that have any
    assert 3 <= min(widths) < max(widths) - 1 and max(widths) <= 9  # pens of their own


def test_letters_are_neither_trivial_nor_impossible():
    assert 0.35 < pixel_accuracy(drawn()) < 0.65  # chance .2


def test_letters_are_as_hard_as_real_ones(real_data):
    assert pixel_accuracy(drawn()) == pytest.approx(pixel_accuracy(data.omniglot()), abs=0.08)


def slope(grey: np.ndarray) -> float:
    """Exponent of the power spectrum, averaged over pictures and directions, under a window."""
    side = grey.shape[-1]
    window = np.hanning(side)[:, None] * np.hanning(side)
    light = grey.astype(float) - grey.mean((1, 2), keepdims=True)
    power = (np.abs(np.fft.fft2(light * window)) ** 2).mean(0)
    f = np.rint(side * np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)))
    radii = np.arange(2, 15)
    return np.polyfit(np.log(radii), np.log([power[f == r].mean() for r in radii]), 1)[0]


def kurtosis(grey: np.ndarray) -> float:
    """Of differences between neighbours: 3 for Gaussian noise, more where flat surfaces end in edges."""
    d = np.diff(grey.astype(float), axis=2)
    return ((d - d.mean()) ** 4).mean() / d.var() ** 2


def edges(grey: np.ndarray) -> float:
    """Share of neighbours that differ by more than the standard deviation of their picture."""
    return (np.abs(np.diff(grey.astype(float), axis=2)) > grey.std((1, 2), keepdims=True)).mean()


def test_pictures_have_the_spectrum_and_the_edges_of_natural_ones():
    grey = natural().train
    assert grey.shape == (1000, 32, 32) and grey.dtype == np.uint16 and grey.max() <= 765
    assert -3.5 < slope(grey) < -2 and kurtosis(grey) > 8 and 0.05 < edges(grey) < 0.07
    rng = np.random.default_rng(0)  # the measures themselves: white noise, and noise that falls as 1/f
    white = rng.standard_normal((1000, 32, 32))
    assert abs(slope(white)) < 0.1 and kurtosis(white) == pytest.approx(3, abs=0.1)
    f = np.hypot(np.fft.fftfreq(32)[:, None], np.fft.fftfreq(32))
    f[0, 0] = 1
    pink = np.fft.ifft2(np.fft.fft2(white) / f).real
    assert slope(pink) == pytest.approx(-2, abs=0.2) and kurtosis(pink) == pytest.approx(3, abs=0.2)
    assert edges(pink) > 0.07


def test_textures_are_noise_that_falls_as_one_over_f_and_does_not_wrap_around():
    texture = scenes._noise(np.random.default_rng(0), 500)
    assert slope(texture) == pytest.approx(-2, abs=0.2) and texture.std() == pytest.approx(1, abs=0.01)
    near, wrapped = ((texture[:, :, a] - texture[:, :, b]).std() for a, b in ((0, 1), (0, 31)))
    assert wrapped > 1.5 * near


def test_pictures_measure_as_real_ones(real_data):
    real, made = data.cifar10().train, natural().train
    assert slope(made) == pytest.approx(slope(real), abs=0.3)
    assert 0.5 < kurtosis(made) / kurtosis(real) < 2 and edges(made) == pytest.approx(edges(real), rel=0.15)
    contrast = [data.normalise(grey).std(1).mean().item() for grey in (made, real)]
    assert contrast[0] == pytest.approx(contrast[1], rel=0.1)


def test_withheld_pictures_are_others_and_a_seed_repeats_them():
    made = natural()
    assert not made.real and "not CIFAR-10" in made.source
    everything = np.concatenate([made.train, made.withheld]).reshape(1500, -1)
    assert len(np.unique(everything, axis=0)) == 1500
    fewer = data.natural_pictures(3, 2)
    assert np.array_equal(fewer.train, made.train[:3]) and np.array_equal(fewer.withheld, made.withheld[:2])
    assert not np.array_equal(data.natural_pictures(3, 2, seed=1).train, fewer.train)


def test_impossible_requests_are_refused():
    for call in (
        lambda: data.drawn_characters(0),
        lambda: data.drawn_characters(1, seed=-1),
        lambda: data.drawn_characters(1, size=200),
        lambda: data.natural_pictures(0),
        lambda: data.natural_pictures(1, 1.5),
        lambda: data.characters("mnist"),
        lambda: data.pictures("imagenet"),
    ):
        with pytest.raises(InvalidInput):
            call()


def test_auto_does_without_a_folder_that_may_not_be_searched(unsearchable, monkeypatch):
    from tlteach.data import sources

    monkeypatch.setattr(sources, "drawn_characters", lambda size: data.drawn_characters(1, size=size))
    monkeypatch.setattr(sources, "natural_pictures", lambda: data.natural_pictures(2, 1))
    assert not data.characters("auto", size=9).real and not data.pictures("auto").real


def test_auto_takes_real_data_where_it_is_and_never_downloads(folder, omniglot_zip, cifar_tar, monkeypatch):
    from tlteach.data import sources

    monkeypatch.setattr(sources, "drawn_characters", lambda size: data.drawn_characters(1, size=size))
    monkeypatch.setattr(sources, "natural_pictures", lambda: data.natural_pictures(2, 1))
    assert not data.characters().real and not data.pictures().real
    omniglot_zip(folder / "images_background.zip")
    assert not data.characters().real  # only one of two archives
    omniglot_zip(folder / "images_evaluation.zip")
    cifar_tar(folder / "cifar-10-python.tar.gz")
    assert data.characters(size=9).real and data.characters(size=9).images.shape == (6, 20, 9, 9)
    assert data.pictures().real
    assert not data.characters("drawn").real and not data.pictures("natural").real
