"""Other correct answers to the exercises on pictures, and their references against the library (see
test_other_solutions.py, which checks that each of them passes)."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach import data
from tlteach.course.exercises import check
from tlteach.experiments import images
from tlteach.plasticity import PlasticRNN
from tlteach.tasks.images import ImageTask, pixel_error


def normalise_by_loops(grey):
    pixels = [p for row in grey.tolist() for p in row]
    mean = sum(pixels) / len(pixels)
    largest = max(abs(p - mean) for p in pixels)
    return torch.tensor([[(p - mean) / largest if largest else 0.0 for p in row] for row in grey.tolist()])


def normalise_with_where(grey):
    centred = grey - grey.sum() / grey.numel()
    largest = centred.abs().amax()
    return torch.where(largest > 0, centred / largest, 0.0)


def normalise_by_norm(grey):
    centred = grey.double().flatten() - grey.double().mean()
    return torch.nn.functional.normalize(centred, p=float("inf"), dim=0).view(*grey.shape)


def normalise_in_two_cases(grey):
    centred = grey - torch.mean(grey)
    largest = max(centred.max(), -centred.min())
    if largest == 0:
        return torch.zeros_like(grey)
    return centred / largest


def clamp_by_loops(summed, picture, given):
    new = torch.empty(summed.shape)
    for b in range(summed.shape[0]):
        for j in range(summed.shape[1]):
            new[b, j] = picture[b, j] if given[b, j] else math.tanh(summed[b, j])
    return new


def clamp_by_mask(summed, picture, given):
    held = given.double()
    return held * picture + (1 - held) * summed.tanh()


def clamp_by_assignment(summed, picture, given):
    new = summed.tanh()
    new[given] = picture[given]
    return new


def clamp_the_other_way(summed, picture, given):
    return picture.where(given, 2 * torch.sigmoid(2 * summed) - 1)


def error_by_loops(output, target, erased):
    errors = []
    for o, t, lost in zip(output.tolist(), target.tolist(), erased.tolist(), strict=True):
        squares = [(a - b) ** 2 for a, b, gone in zip(o, t, lost, strict=True) if gone]
        errors.append(sum(squares) / len(squares))
    return torch.tensor(errors)


def error_by_selection(output, target, erased):
    return torch.stack([(o[e] - t[e]).double().square().mean() for o, t, e in zip(output, target, erased, strict=True)])


def error_by_nanmean(output, target, erased):
    return ((output - target) ** 2).masked_fill(~erased, torch.nan).nanmean(1)


def error_by_where(output, target, erased):
    difference = torch.where(erased, output - target, 0)
    return (difference * difference).sum(dim=1).div(erased.float().sum(dim=1))


def between_by_loops(alpha, side, from_rows, to_rows):
    total, n = 0.0, 0
    for row in range(*from_rows):
        for column in range(side):
            for other_row in range(*to_rows):
                for other_column in range(side):
                    total += alpha[row * side + column, other_row * side + other_column].item()
                    n += 1
    return total / n


def between_by_four_axes(alpha, side, from_rows, to_rows):
    return alpha.reshape(side, side, side, side)[slice(*from_rows), :, slice(*to_rows)].double().mean()


def between_by_means_of_rows(alpha, side, from_rows, to_rows):
    means = alpha.unflatten(0, (side, side)).unflatten(2, (side, side)).mean((1, 3))  # [from row, to row]
    return float(means[range(*from_rows)][:, range(*to_rows)].mean())


def between_by_masks(alpha, side, from_rows, to_rows):
    rows = torch.arange(side * side) // side
    senders, receivers = ((rows >= first) & (rows < stop) for first, stop in (from_rows, to_rows))
    return alpha[senders][:, receivers].mean().item()


SOLUTIONS = {
    "normalise_picture": [normalise_by_loops, normalise_with_where, normalise_by_norm, normalise_in_two_cases],
    "clamp_step": [clamp_by_loops, clamp_by_mask, clamp_by_assignment, clamp_the_other_way],
    "lost_half_error": [error_by_loops, error_by_selection, error_by_nanmean, error_by_where],
    "between": [between_by_loops, between_by_four_axes, between_by_means_of_rows, between_by_masks],
}
seeds = st.integers(0, 10**6)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), seeds, st.booleans())
def test_normalise_picture_is_what_the_library_does(side, number, even):
    grey = torch.randint(0, 766, (side, side), generator=torch.Generator().manual_seed(number)).float()
    grey = torch.full_like(grey, 300) if even else grey
    expected = data.normalise(grey[None]).view(side, side)
    torch.testing.assert_close(check.normalise_picture.reference(grey), expected)
    torch.testing.assert_close(normalise_by_loops(grey), expected)


@pytest.mark.parametrize("largest", [lambda grey: grey.abs().max(), lambda grey: grey.max() + 1e-8])
def test_a_picture_divided_by_its_largest_value_before_the_mean_is_off_gets_a_hint(largest, capsys):
    """Brightness of 0 and 4 would come out as -0.5 and 0.5: the authors' program, and the text, scale what is left."""
    answer = lambda grey: (grey - grey.mean()) / largest(grey)  # noqa: E731
    assert check.normalise_picture(answer) is check.normalise_picture.reference
    told = capsys.readouterr().out
    assert "as it came in" in told and "becomes 1 or -1" in told


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 5), seeds)
def test_clamp_step_is_a_step_of_the_plastic_layer(n_episodes, n, number):
    generator = torch.Generator().manual_seed(number)
    x, picture = (torch.randn(n_episodes, n, generator=generator) for _ in range(2))
    is_given = torch.randint(0, 2, (n_episodes, n), generator=generator).bool()
    layer = PlasticRNN(n, n, input_map=False, plasticity="none")
    with torch.no_grad():
        layer.weight.copy_(torch.randn(n, n, generator=generator))
        state = layer.initial_state(n_episodes)._replace(hidden=x)
        expected, _ = layer.step(picture * is_given, state, clamp=is_given)
        got = check.clamp_step.reference(x @ layer.weight, picture, is_given)
    torch.testing.assert_close(got, expected)


def test_lost_half_error_is_the_loss_of_the_paper_where_the_rest_is_clamped():
    task = ImageTask(side=4, show_steps=2)
    pictures = torch.rand(5, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    episode = task.sample(3, torch.Generator().manual_seed(1), pictures)
    config = images.Config(task=task)
    output = images.build(config)(episode)[-1].detach()
    per_pixel = check.lost_half_error.reference(output, episode.targets, episode.erased)
    torch.testing.assert_close(per_pixel * 8, pixel_error(output, episode.targets))
    torch.testing.assert_close(per_pixel, error_by_loops(output, episode.targets, episode.erased))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), seeds, st.data())
def test_between_is_the_mean_over_pairs_of_pixels(side, number, more):
    alpha = torch.randn(side**2, side**2, generator=torch.Generator().manual_seed(number), dtype=torch.float64)
    ends = st.tuples(st.integers(0, side), st.integers(0, side)).map(sorted).filter(lambda pair: pair[0] < pair[1])
    rows = more.draw(ends), more.draw(ends)
    assert math.isclose(check.between.reference(alpha, side, *rows), between_by_loops(alpha, side, *rows), abs_tol=1e-9)
