"""Other correct answers to the exercises on where transfer breaks, and their references against the library (see
test_other_solutions.py, which checks that each of them passes)."""

import math
import statistics

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach.course.exercises import check
from tlteach.modelbased import criteria
from tlteach.modelbased.selection import SelectionConfig
from tlteach.modelbased.warm_up import WarmUpStep


def light_by_loops(known, new, rate):
    def score(task):
        members, n_steps, n_components = task.shape
        total = 0.0
        for n in range(n_steps):
            squares = 0.0
            for j in range(n_components):
                centre = sum(task[e, n, j].item() for e in range(members)) / members
                squares += sum((task[e, n, j].item() - centre) ** 2 for e in range(members))
            total += math.sqrt(squares / members / n_components)
        return total / n_steps

    ordered = sorted(score(task) for task in known)
    return torch.tensor([score(task) for task in new]), ordered[math.ceil((len(known) + 1) * (1 - rate)) - 1]


def light_by_std(known, new, rate):
    scores = [x.std(1, correction=0).pow(2).mean(-1).sqrt().mean(-1) for x in (known, new)]
    k = math.ceil((1 + len(known)) * (1 - rate))
    return scores[1], torch.kthvalue(scores[0], k).values


def light_in_numpy(known, new, rate):
    """Counted from the top: so many known scores may lie at the threshold or above it."""
    spread = lambda x: np.sqrt(x.double().numpy().var(1).mean(-1)).mean(-1)  # noqa: E731
    allowed = math.floor((len(known) + 1) * rate)
    return torch.as_tensor(spread(new)), np.sort(spread(known))[::-1][allowed - 1]


def drop_by_loop(first, last, n):
    drops = [last[i].item() - first[i + 1].item() for i in range(len(first) - 1)][-n:]
    return sum(drops) / len(drops)


def drop_by_diff(first, last, n):
    return -(first[1:] - last[:-1])[max(0, len(first) - 1 - n) :].double().mean()


def choose_by_while(tasks, meet, collect, budget, window):
    met, chosen, place = [], [], 0
    while place < len(tasks) and len(chosen) < budget:
        met.append(meet(tasks[place]))
        before = met[:-1][-window:]
        if len(before) < window or met[-1] >= np.median(before):
            collect(tasks[place])
            chosen += [tasks[place]]
        place += 1
    return tuple(chosen)


def choose_and_return_early(tasks, meet, collect, budget, window):
    values, chosen = [], []
    for task in tasks:
        value, recent = meet(task), sorted(values[-window:])
        values.append(value)
        half = window // 2
        if len(recent) == window and value < (recent[half] + recent[~half]) / 2:
            continue
        collect(task)
        chosen.append(task)
        if len(chosen) >= budget:
            return chosen
    return chosen


def error_with_a_list(model, shadows, fit, practise, act, iterations):
    for _ in range(iterations):
        fit(model)
        practise(model)
        [fit(each) for each in shadows]
    steps = act()
    return (model(steps["obs"], steps["action"]) - steps["next_obs"]).square().sum(-1).sqrt()


def error_row_by_row(model, shadows, fit, practise, act, iterations):
    kept = model
    for _ in range(iterations):
        fit(model)
        practise(model)
        for model in shadows:  # noqa: PLR1704 (the published loop, mended another way)
            fit(model)
        model = kept
    rows = zip(*act().values(), strict=True)
    return torch.stack([(after - model(obs, action)).norm() for obs, action, after in rows])


SOLUTIONS = {
    "warning_light": [light_by_loops, light_by_std, light_in_numpy],
    "drop_mean": [drop_by_loop, drop_by_diff],
    "choose_tasks": [choose_by_while, choose_and_return_early],
    "measured_error": [error_with_a_list, error_row_by_row],
}
values = st.lists(st.floats(-10, 10), min_size=2, max_size=25)


@settings(max_examples=40, deadline=None)
@given(values, values, st.integers(1, 12))
def test_drop_mean_is_the_librarys(first, last, n):
    size = min(len(first), len(last))
    steps = [WarmUpStep(i, torch.tensor(first[i]), torch.tensor(last[i]), torch.zeros(1)) for i in range(size)]
    got = check.drop_mean.reference(torch.tensor(first[:size]), torch.tensor(last[:size]), criteria.LAST)
    assert got.item() == pytest.approx(criteria.value("drop-mean", None, None, None, steps), abs=1e-4)
    some = check.drop_mean.reference(torch.tensor(first[:size]), torch.tensor(last[:size]), n)
    assert some.item() == pytest.approx(
        drop_by_loop(torch.tensor(first[:size]), torch.tensor(last[:size]), n), abs=1e-4
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-5, 5).map(float), max_size=30), st.integers(1, 6), st.integers(1, 8))
def test_choose_tasks_is_rule_a_of_the_library(told, window, budget):
    rule, before, expected = SelectionConfig(window=window, patience=10**6), [], []
    for task, value in enumerate(told):
        if len(expected) == budget:
            break
        if not rule.skips(value, before, 0):
            expected.append(task)
        before.append(value)
    collected = []
    got = check.choose_tasks.reference(range(len(told)), told.__getitem__, collected.append, budget, window)
    assert list(got) == collected == expected
    assert len(before) < window or statistics.median(before[-window:]) is not None


@pytest.mark.parametrize(("n_known", "rate"), [(9, 0.1), (19, 0.1), (19, 0.05), (4, 0.5)])
def test_the_light_keeps_its_promise_whatever_the_scores_are(n_known, rate):
    """Heavy-tailed scores, all of one kind: the share of alarms is that of the places above the threshold."""
    generator, alarms, n = torch.Generator().manual_seed(0), 0, 3000
    for _ in range(n):
        sizes = torch.randn(n_known + 1, generator=generator).mul(2).exp()
        tasks = sizes.view(-1, 1, 1, 1) * torch.tensor([1.0, -1.0]).view(1, 2, 1, 1)
        score, threshold = check.warning_light.reference(tasks[:-1], tasks[-1:], rate)
        alarms += bool(score > threshold)
    places = n_known + 1 - math.ceil((n_known + 1) * (1 - rate))
    assert places / (n_known + 1) <= rate + 1e-9
    assert alarms / n == pytest.approx(places / (n_known + 1), abs=0.02)
