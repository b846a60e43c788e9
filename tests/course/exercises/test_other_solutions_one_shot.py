"""Other correct answers to the exercises on one-shot learning, and their references against the library (see
test_other_solutions.py, which checks that each of them passes)."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tlteach import data
from tlteach.course.exercises import check
from tlteach.experiments import one_shot
from tlteach.plasticity import PlasticLinear


def load_by_largest_value(raw):
    largest = {torch.bool: 1, torch.uint8: 255}
    if raw.dtype not in largest:
        raise UnicodeError(f"bool or uint8, please, not {raw.dtype}")  # a kind of ValueError
    return raw / largest[raw.dtype]


def load_in_double(raw):
    if raw.dtype == torch.bool:
        raw = raw.to(torch.uint8) * 255
    if raw.dtype != torch.uint8:
        raise ValueError
    return raw.double().div(255.0)


def load_by_where(raw):
    match raw.dtype:
        case torch.bool:
            return torch.where(raw, 1.0, 0.0)
        case torch.uint8:
            return torch.tensor(raw.tolist(), dtype=torch.float32) / 255
    raise ValueError("neither bool nor uint8")


def load_by_refusing_first(raw):
    if raw.dtype not in (torch.bool, torch.uint8):
        raise ValueError("no")
    return raw.to(torch.float32) if raw.dtype is torch.bool else torch.true_divide(raw, 255)


def query_by_rejection(shown, n_drawings, generator):
    while True:
        query = int(torch.randint(n_drawings, (1,), generator=generator))
        if query != shown:
            return query


def query_by_list(shown, n_drawings, generator):
    others = [q for q in range(n_drawings) if q != shown]
    return others[torch.randint(len(others), (), generator=generator)]


def query_by_skipping(shown, n_drawings, generator):
    query = torch.randint(n_drawings - 1, (1,), generator=generator).item()
    return query + 1 if query >= shown else query


def query_by_multinomial(shown, n_drawings, generator):
    chances = torch.ones(n_drawings)
    chances[shown] = 0
    return torch.multinomial(chances, 1, generator=generator)[0]


def query_by_order(shown, n_drawings, generator):
    order = torch.randperm(n_drawings, generator=generator).tolist()
    order.remove(shown)
    return order[0]


def query_by_largest(shown, n_drawings, generator):
    luck = torch.rand(n_drawings, generator=generator)
    luck[shown] = -1
    return luck.argmax().item()


def query_by_share(shown, n_drawings, generator):
    place = int(torch.rand(1, generator=generator).item() * (n_drawings - 1))
    return np.delete(np.arange(n_drawings), shown)[place]


def query_going_backwards(shown, n_drawings, generator):
    return (shown - torch.randint(1, n_drawings, (1,), generator=generator).item()) % n_drawings


def query_from_a_mask(shown, n_drawings, generator):
    others = torch.arange(n_drawings)[torch.arange(n_drawings) != shown]
    return others[torch.randperm(len(others), generator=generator)][0]


def label_by_loops(trace, features, label, eta):
    new = torch.empty_like(trace)
    for i in range(trace.shape[0]):
        for c in range(trace.shape[1]):
            y = 1.0 if c == label else 0.0
            new[i, c] = trace[i, c] + eta * y * (features[i] - y * trace[i, c])
    return new


def label_by_one_hot(trace, features, label, eta):
    y = torch.eye(trace.shape[1])[label]
    return trace + eta * (torch.outer(features, y) - trace * y)


def label_by_columns(trace, features, label, eta):
    columns = [(1 - eta) * t.double() + eta * features if c == label else t for c, t in enumerate(trace.T)]
    return torch.stack(columns, dim=1)


def label_by_lerp(trace, features, label, eta):
    is_label = torch.arange(trace.shape[1]) == label
    return torch.where(is_label, torch.lerp(trace, features[:, None].expand_as(trace), eta), trace)


def logits_by_loops(query, shots, weight, alpha, eta):
    logits = []
    for c in range(len(shots)):
        total = 0.0
        for i in range(len(query)):
            total += query[i].item() * (weight[i, c].item() + alpha[i, c].item() * eta * shots[c, i].item())
        logits.append(total)
    return torch.tensor(logits)


def logits_by_the_trace(query, shots, weight, alpha, eta):
    trace = torch.zeros_like(weight)
    for c, features in enumerate(shots):
        trace = label_by_loops(trace, features, c, eta)
    return query @ (weight + alpha * trace)


def logits_by_einsum(query, shots, weight, alpha, eta):
    query, shots, weight, alpha = (t.double() for t in (query, shots, weight, alpha))
    return torch.einsum("i,ic->c", query, weight) + eta * torch.einsum("i,ic,ci->c", query, alpha, shots)


def width_by_std(right):
    return 1.96 * right.double().std() / len(right) ** 0.5


def width_by_counting(right):
    n = right.shape[0]
    k = int(right.sum())
    return 1.96 * math.sqrt(k * (n - k)) / n**1.5


def width_in_numpy(right):
    return 1.96 * np.std(right.numpy()) / np.sqrt(right.numel())


SOLUTIONS = {
    "load_drawings": [load_by_largest_value, load_in_double, load_by_where, load_by_refusing_first],
    "sample_query": [
        query_by_rejection, query_by_list, query_by_skipping, query_by_multinomial, query_by_order, query_by_largest,
        query_by_share, query_going_backwards, query_from_a_mask,
    ],
    "oja_label": [label_by_loops, label_by_one_hot, label_by_columns, label_by_lerp],
    "one_look_logits": [logits_by_loops, logits_by_the_trace, logits_by_einsum],
    "half_width": [width_by_std, width_by_counting, width_in_numpy],
}  # fmt: skip
seeds = st.integers(0, 10**6)


def test_load_drawings_is_what_the_library_does():
    bits = torch.randint(0, 2, (2, 3, 4, 4), generator=torch.Generator().manual_seed(0)).bool()
    grey = torch.randint(0, 256, (2, 3, 4, 4), generator=torch.Generator().manual_seed(1)).byte()
    for raw, stored in ((bits, bits.byte() * 255), (grey, grey)):
        characters = data.Characters(stored.numpy(), ("A", "A"), ("A/1", "A/2"), "test", real=False)
        torch.testing.assert_close(check.load_drawings.reference(raw), characters.floats())


def the_error_returned(raw):
    if raw.dtype == torch.bool:
        return raw.float()
    if raw.dtype == torch.uint8:
        return raw / 255
    return ValueError("what is this?")


def the_class_returned(raw):
    return ValueError if raw.dtype not in (torch.bool, torch.uint8) else load_in_double(raw)


def pythons_bool(raw):
    if raw.dtype == bool:
        return raw.float()
    elif raw.dtype == torch.uint8:
        return raw.float() / 255
    else:
        raise ValueError(f"my own words: {raw.dtype}")


def pythons_bool_or_divided(raw):
    return raw.float() if raw.dtype == bool else raw / 255


def types_as_words(raw):
    if raw.dtype == "bool":
        return raw.float()
    if raw.dtype == "uint8":
        return raw.float() / 255
    raise ValueError()


def numpys_uint8(raw):
    if raw.dtype == torch.bool:
        return raw.float()
    if raw.dtype == np.uint8:
        return raw.float() / 255
    raise ValueError("only bool and uint8")


def only_printed(raw):
    if raw.dtype == torch.bool:
        return raw.float()
    if raw.dtype == torch.uint8:
        return raw.float() / 255
    print("ValueError")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (the_error_returned, "`return` should be `raise`"),
        (the_class_returned, "`return` should be `raise`"),
        (pythons_bool, "In torch its type is called `torch.bool`"),
        (pythons_bool_or_divided, "this is the bug itself"),
        (types_as_words, "In torch they are called `torch.bool` and `torch.uint8`"),
        (numpys_uint8, "In torch its type is called `torch.uint8`"),
        (only_printed, "nothing comes back"),
    ],
)
def test_loaders_that_students_write_get_the_hint_they_need(answer, words, capsys):
    assert check.load_drawings(answer) is check.load_drawings.reference
    assert words in capsys.readouterr().out


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 6), seeds, st.data())
def test_sample_query_is_another_drawing(n_drawings, number, more):
    shown, generator = more.draw(st.integers(0, n_drawings - 1)), torch.Generator().manual_seed(number)
    draws = [check.sample_query.reference(shown, n_drawings, generator) for _ in range(100)]
    assert set(draws) <= set(range(n_drawings)) - {shown}


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.floats(0, 1), seeds)
def test_oja_label_and_one_look_logits_are_the_plastic_layer(n_features, n_classes, eta, number):
    generator = torch.Generator().manual_seed(number)
    random = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)  # noqa: E731
    layer = PlasticLinear(n_features, n_classes, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(random(n_features, n_classes)), layer.alpha.copy_(random(n_features, n_classes))
        layer.eta.fill_(eta)
        shots, query = random(n_classes, n_features), random(n_features)
        trace, state = torch.zeros(n_features, n_classes, dtype=torch.float64), None
        for c, features in enumerate(shots):
            drive = 1000 * torch.eye(n_classes, dtype=torch.float64)[c]
            _, state = layer.step(features[None], state, drive[None])
            by_loops = label_by_loops(trace, features, c, eta)
            trace = check.oja_label.reference(trace, features, c, eta)
            torch.testing.assert_close(trace, state.trace[0])
            torch.testing.assert_close(trace, by_loops)
        answer, _ = layer.step(query[None], state)
        logits = check.one_look_logits.reference(query, shots, layer.weight, layer.alpha, eta)
    torch.testing.assert_close(logits.softmax(0), answer[0])


@pytest.mark.parametrize("share", [0.2, 0.5, 0.85])
def test_half_width_is_the_spread_of_many_tests_and_close_to_the_library(share):
    n = 1000
    rights = torch.rand(4000, n, generator=torch.Generator().manual_seed(0)) < share
    width = check.half_width.reference(rights[0])
    covered = (rights.float().mean(1) - share).abs() < width
    assert abs(covered.float().mean() - 0.95) < 0.02
    assert abs(one_shot.interval(rights[0].numpy())[1] - width) < 0.0015  # Wilson's, made symmetrical, is about as wide
