"""Other correct answers to the exercises on pictures, and their references against the library (see
test_other_solutions.py, which checks that each of them passes)."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach import data
from tlteach.course.exercises import check
from tlteach.experiments import images
from tlteach.plasticity import PlasticRNN
from tlteach.tasks.images import ImageTask, pixel_error


def normalise_by_loops(grey):
    rows = []
    for picture in grey.tolist():
        mean = sum(picture) / len(picture)
        largest = max(abs(p - mean) for p in picture)
        rows.append([(p - mean) / largest if largest else 0.0 for p in picture])
    return torch.tensor(rows)


def normalise_with_where(grey):
    centred = grey - grey.sum(1, keepdim=True) / grey.shape[1]
    largest = centred.abs().max(dim=1, keepdim=True).values
    return torch.where(largest > 0, centred / largest, 0.0)


def normalise_by_norm(grey):
    centred = (grey.double().T - grey.double().mean(1)).T
    return torch.nn.functional.normalize(centred, p=float("inf"), dim=1)


def normalise_clamped(grey):
    centred = torch.stack([picture - picture.mean() for picture in grey])
    return centred / centred.abs().amax(1).clamp(min=1e-6)[:, None]


def clamp_by_loops(x, weight, picture, given):
    n = len(x)
    new = torch.empty(n)
    for j in range(n):
        new[j] = picture[j] if given[j] else torch.tanh(sum(x[i] * weight[i, j] for i in range(n)))
    return new


def clamp_by_mask(x, weight, picture, given):
    held = given.double()
    return held * picture + (1 - held) * (weight.T @ x).tanh()


def clamp_by_assignment(x, weight, picture, given):
    new = torch.einsum("i,ij->j", x, weight).tanh()
    new[given] = picture[given]
    return new


def clamp_the_other_way(x, weight, picture, given):
    return torch.where(~given, (x.unsqueeze(0) @ weight).squeeze(0).tanh(), picture)


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


SOLUTIONS = {
    "normalise_pictures": [normalise_by_loops, normalise_with_where, normalise_by_norm, normalise_clamped],
    "clamp_step": [clamp_by_loops, clamp_by_mask, clamp_by_assignment, clamp_the_other_way],
    "lost_half_error": [error_by_loops, error_by_selection, error_by_nanmean, error_by_where],
}
seeds = st.integers(0, 10**6)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), seeds)
def test_normalise_pictures_is_what_the_library_does(n, side, number):
    grey = torch.randint(0, 766, (n, side, side), generator=torch.Generator().manual_seed(number)).float()
    grey[0] = 300  # flat
    torch.testing.assert_close(check.normalise_pictures.reference(grey.flatten(1)), data.normalise(grey))
    torch.testing.assert_close(normalise_by_loops(grey.flatten(1)), data.normalise(grey))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), seeds)
def test_clamp_step_is_a_step_of_the_plastic_layer(n, number):
    generator = torch.Generator().manual_seed(number)
    x, picture = (torch.randn(n, generator=generator) for _ in range(2))
    given_ = torch.randint(0, 2, (n,), generator=generator).bool()
    layer = PlasticRNN(n, n, input_map=False, plasticity="none")
    with torch.no_grad():
        layer.weight.copy_(torch.randn(n, n, generator=generator))
        state = layer.initial_state(1)._replace(hidden=x[None])
        expected, _ = layer.step((picture * given_)[None], state, clamp=given_[None])
        got = check.clamp_step.reference(x, layer.weight, picture, given_)
    torch.testing.assert_close(got, expected[0])


def test_lost_half_error_is_the_loss_of_the_paper_where_the_rest_is_clamped():
    task = ImageTask(side=4, show_steps=2)
    pictures = torch.rand(5, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    episode = task.sample(3, torch.Generator().manual_seed(1), pictures)
    config = images.Config(task=task)
    output = images.build(config)(episode)[-1].detach()
    per_pixel = check.lost_half_error.reference(output, episode.targets, episode.erased)
    torch.testing.assert_close(per_pixel * 8, pixel_error(output, episode.targets))
    torch.testing.assert_close(per_pixel, error_by_loops(output, episode.targets, episode.erased))
