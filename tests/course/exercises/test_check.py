"""The conversation: what `check` says and does, on one exercise as an example."""

import copy
import io
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from tlteach.course.exercises import check
from tlteach.course.exercises.display import Tables
from tlteach.errors import InvalidInput


def right(hebb, pre, post, eta):
    return (1 - eta) * hebb + eta * torch.outer(pre, post)


def wrong(hebb, pre, post, eta):
    return (1 - eta) * hebb + eta * torch.outer(pre, post) / 3


def said(capsys):
    return capsys.readouterr().out


def test_wrong_names_the_property_and_shows_the_smallest_counter_example(capsys):
    check.hebb_update(lambda hebb, pre, post, eta: (1 - eta) * hebb + eta * torch.outer(post, pre))
    assert said(capsys) == (
        "✗ hebb_update · wrong. This should hold, and does not: with eta = 1 the trace is the outer product, "
        "pre[i] * post[j]\n"
        "  hebb      0 0\n"
        "            0 0\n"
        "  pre       1 0\n"
        "  post      0.5 -1\n"
        "  eta       1\n"
        "  got       0.5 0\n"
        "             -1 0\n"
        "  expected  0.5 -1\n"
        "              0  0\n"
        "  It looks as if: you transposed pre and post. A trace is indexed [pre, post]: which of the two should give "
        "the rows?\n"
        "  The notebook goes on with the library's version; `check.hebb_update.hint()` asks a first question.\n"
    )


def test_right_is_told_in_two_lines(capsys):
    check.hebb_update(right)
    assert said(capsys) == "✓ hebb_update · right\n  All 6 properties hold.\n"


def test_a_tensor_in_place_of_a_number_is_right_and_told(capsys):
    def as_tensor(eta, delay):
        return torch.tensor(eta * (1 - eta) ** delay)

    def as_number(eta, delay):
        return float(as_tensor(eta, delay))

    assert check.recall_strength(as_tensor) is as_tensor
    assert "right" in (shown := said(capsys)) and "`.item()` makes the one into the other" in shown
    assert check.recall_strength(as_number) is as_number and ".item()" not in said(capsys)
    assert check.hebb_update(right) is right and ".item()" not in said(capsys)  # a tensor was asked for


def test_every_further_try_is_offered_more_but_never_pseudo_code(capsys):
    hints = check.hebb_update.hints
    for shown in ([], [0], [1], [1]):
        check.hebb_update(wrong)
        text = said(capsys).replace("\n  ", "\n")
        assert [level for level in range(3) if hints[level] in text] == shown
    check.hebb_update.hint()
    assert "hint 3 of 3" in said(capsys), "the next one after those already shown"


def test_a_hint_can_be_asked_for_by_level(capsys):
    check.hebb_update.hint(2)
    assert "hint 2 of 3, the equation" in said(capsys)
    with pytest.raises(InvalidInput, match="level must be 1 to 3, got 4"):
        check.hebb_update.hint(4)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (lambda hebb: None, "is a `return` missing?"),
        (lambda hebb: hebb.numpy(), "stay with torch"),
        (lambda hebb: hebb.int(), "a tensor of shape (2, 2), type int32"),
        (lambda hebb: hebb[0], "a tensor of shape (2,)"),
        (lambda hebb: (hebb, hebb), "2 values: a tensor of shape (2, 2), a tensor of shape (2, 2)"),
        (lambda hebb: "trace", "something of type str"),
    ],
)
def test_another_kind_of_answer_is_told_kindly(value, words, capsys):
    def other_kind(hebb, pre, post, eta):
        return value(hebb)

    assert check.hebb_update(other_kind) is check.hebb_update.reference
    shown = said(capsys)
    assert "does not: it returns a trace of the shape that it was given" in shown and words in shown


def test_a_list_of_lists_does_not_break_the_check(capsys):
    check.hebb_update(lambda hebb, pre, post, eta: hebb.tolist())
    assert "wrong" in said(capsys)


def test_numpy_inside_a_pair_is_told_too(capsys):
    check.plastic_step(lambda x, hebb, weight, alpha, eta, drive: (x.numpy(), hebb))
    assert "stay with torch" in said(capsys)


def test_a_known_mistake_is_recognised_through_another_one(capsys):
    def transposed_and_in_place(hebb, pre, post, eta):
        hebb *= 1 - eta
        hebb += eta * torch.outer(post, pre)
        return hebb

    check.hebb_update(transposed_and_in_place)
    assert "you transposed pre and post" in said(capsys)


def loss_of(compare):
    """An episode's loss whose last step and targets are compared by `compare`."""

    def loss(layer, inputs, targets):
        bias = torch.ones_like(inputs[..., :1])
        output, _ = layer(20 * torch.cat([inputs, bias], -1))
        return compare(output[-1], targets)

    return loss


@pytest.mark.parametrize(
    "compare",
    [
        lambda x, targets: ((x - targets) ** 2).sum(-1).mean(),
        lambda x, targets: (targets - x).square().sum() / len(targets),  # the sizes are named in the other order
        lambda x, targets: (x - targets).pow(2).mean(),  # and another mistake besides
    ],
)
def test_the_bias_that_was_not_taken_off_is_recognised_in_an_error_of_sizes(compare, capsys):
    check.episode_loss(loss_of(compare))
    shown = said(capsys)
    assert "The size of tensor" in shown and "Take off the last unit, the bias" in shown


def test_another_error_is_not_taken_for_a_known_one(capsys):
    check.episode_loss(loss_of(lambda x, targets: x @ targets))
    shown = said(capsys)
    assert "· error" in shown and "It looks as if" not in shown


def test_fast_weights_are_not_plastic_connections(capsys):
    def fast(x, hebb, weight, alpha, eta, drive):
        hebb = (1 - eta) * hebb + eta * torch.outer(x, x)
        return torch.tanh(x @ (weight + alpha * hebb) + drive), hebb

    def late(x, hebb, weight, alpha, eta, drive):
        x_new = torch.tanh(x @ (weight + alpha * hebb) + drive)
        return x_new, (1 - eta) * hebb + eta * torch.outer(x, x)

    check.plastic_step(fast)
    assert "fast weights" in said(capsys)
    check.plastic_step(late)
    assert "the trace pairs x with itself" in said(capsys)


ODD = [torch.eye(2).to_sparse(), torch.eye(2) * 1j, torch.eye(2) > 0, torch.tensor(1j), {}, object(), np.eye(2)]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_no_kind_of_answer_breaks_the_check(odd, capsys):
    for exercise in check:
        assert exercise(lambda *inputs: odd) is exercise.reference
        assert exercise(lambda *inputs: (odd, odd)) is exercise.reference


def test_numbers_that_would_read_alike_get_more_digits():
    text = Tables({"got": torch.tensor([1.0004, -0.0]), "expected": torch.tensor([1.0, 0.0])}, {"got": "expected"}).text
    assert text == "got       1.0004 0\nexpected  1 0"


def test_changing_an_input_in_place_is_told(capsys):
    def in_place(hebb, pre, post, eta):
        pre.mul_(2)
        return (1 - eta) * hebb + eta * torch.outer(pre / 2, post)

    check.hebb_update(in_place)
    shown = said(capsys)
    assert "does not: it leaves its inputs as they were" in shown and "pre afterwards  2 0" in shown


def test_the_students_tensors_are_never_touched():
    probes = check.hebb_update.properties[1].probes
    before = copy.deepcopy(probes)
    check.hebb_update(next(mutant.function for mutant in check.hebb_update.mutants if mutant.name == "in place"))
    for probe, kept in zip(probes, before, strict=True):
        assert all(torch.equal(torch.as_tensor(probe[name]), torch.as_tensor(kept[name])) for name in kept)


def test_a_function_that_takes_other_arguments_is_an_error_at_its_def(capsys):
    def too_few(hebb, pre):
        return hebb

    check.hebb_update(too_few)
    shown = said(capsys)
    assert "takes 2 positional arguments but 4 were given" in shown
    assert f"line {too_few.__code__.co_firstlineno}: `def too_few(hebb, pre):`" in shown


def test_what_was_called_instead_of_handed_over_is_explained(capsys):
    assert check.hebb_update(torch.zeros(2, 2)) is check.hebb_update.reference
    assert "Write `hebb_update = check.hebb_update(hebb_update)`" in said(capsys)


def test_a_not_implemented_error_of_torch_is_an_error(capsys):
    def unsupported(hebb, pre, post, eta):
        return torch.zeros(2).bool().median()

    check.hebb_update(unsupported)
    assert "· error" in said(capsys)


def test_code_before_a_leftover_raise_is_noticed(capsys):
    def half(hebb, pre, post, eta):
        hebb = (1 - eta) * hebb
        raise NotImplementedError("your turn")

    check.hebb_update(half)
    shown = said(capsys)
    assert "not attempted" in shown and "remove it when your code is in" in shown


def test_another_stub_that_is_called_is_an_error_of_this_one(capsys):
    def helper(pre):
        raise NotImplementedError("your turn")

    check.hebb_update(lambda hebb, pre, post, eta: helper(pre))
    assert "error" in said(capsys)


def test_the_stop_button_passes_through():
    def endless(hebb, pre, post, eta):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check.hebb_update(endless)


def test_a_check_moves_no_global_generator_and_is_not_moved_by_settings():
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    try:
        with torch.no_grad():
            assert check.hebb_update(right) is right
        check.hebb_update(lambda *inputs: torch.rand(2, 2) + np.random.rand() + random.random())
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
    assert torch.equal(states[0], torch.get_rng_state())
    assert np.array_equal(states[1], np.random.get_state()[1])
    assert states[2] == random.getstate()


def test_a_terminal_without_the_symbols_stops_nothing(monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert check.hebb_update(right) is right
    terminal.flush()
    assert terminal.buffer.getvalue().startswith(b"? hebb_update ? right")


def test_an_unknown_name_is_answered_with_near_ones():
    with pytest.raises(AttributeError, match="There is no exercise 'heb_update'. Did you mean hebb_update"):
        check.heb_update  # noqa: B018
    with pytest.raises(InvalidInput, match="no group of exercises 'plastic'"):
        check.progress("plastic")
    assert not hasattr(check, "_repr_html_")


def test_completion_offers_exactly_the_exercises():
    assert dir(check) == sorted(["progress", *(exercise.name for exercise in check)])


def test_an_exercise_introduces_itself():
    assert repr(check.hebb_update) == (
        "◻ The Hebbian update · `hebb_update(hebb, pre, post, eta)`\n"
        "  difficulty ●○○○○ 1 of 5 · about 5 minutes · not attempted"
    )
    assert "<code>hebb_update(hebb, pre, post, eta)</code>" in check.hebb_update._repr_html_()


def test_progress_is_one_line(capsys):
    check.hebb_update(right)
    check.oja_update(right)
    capsys.readouterr()
    check.progress("plasticity")
    assert said(capsys) == (
        "◻ plasticity: 1 of 4 solved   ✓ hebb_update solved · ◻ recall_strength not attempted · ✗ oja_update tried · "
        "◻ plastic_step not attempted\n"
    )
    check.progress()
    assert len(said(capsys).splitlines()) == len({exercise.group for exercise in check})


def test_in_a_notebook_the_cell_line_is_named_and_html_is_shown():
    interactive = pytest.importorskip("IPython.core.interactiveshell")
    from IPython.utils.capture import capture_output

    shell = interactive.InteractiveShell.instance()
    try:
        with capture_output() as shown:
            shell.run_cell("import torch\nfrom tlteach.course.exercises import check")
            shell.run_cell("def hebb_update(hebb, pre, post, eta):\n    double = helper(pre)\n    return double")
            shell.run_cell("def helper(pre):\n    return pre.no_such_thing")
            shell.run_cell("hebb_update = check.hebb_update(hebb_update)")
        (output,) = shown.outputs
        assert "AttributeError" in output.data["text/plain"]
        assert "line 2: `return pre.no_such_thing`" in output.data["text/plain"]
        assert "<code>return pre.no_such_thing</code>" in output.data["text/html"]
    finally:
        interactive.InteractiveShell.clear_instance()


def test_importing_the_exercises_brings_only_torch():
    code = (
        "import sys, tlteach.course.exercises as e; list(e.check)\n"
        "heavy = {'numba', 'matplotlib', 'IPython', 'gymnasium', 'ipywidgets', 'pandas', 'scipy'}\n"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_an_error_comes_with_the_inputs_that_raised_it(capsys):
    def last_row(hebb, pre, post, eta):
        return hebb[7]

    check.hebb_update(last_row)
    shown = said(capsys)
    assert "IndexError" in shown and "It was called with\n  hebb  0 0\n" in shown and "  pre   1 0\n" in shown


def test_a_recognised_mistake_does_not_use_up_a_hint(capsys):
    hints = check.hebb_update.hints
    transposed = lambda hebb, pre, post, eta: (1 - eta) * hebb + eta * torch.outer(post, pre)  # noqa: E731
    for answer, shown in ((transposed, []), (transposed, []), (wrong, []), (transposed, []), (wrong, [0])):
        check.hebb_update(answer)
        text = said(capsys).replace("\n  ", "\n")
        assert [level for level in range(3) if hints[level] in text] == shown


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool])
def test_the_right_size_of_another_type_is_told(dtype, capsys):
    check.hebb_update(lambda hebb, pre, post, eta: hebb.to(dtype))
    kind = str(dtype).removeprefix("torch.")
    assert f"The size is right, but the type is {kind}: real numbers are expected" in said(capsys)


def test_half_precision_is_told(capsys):
    check.load_drawings(lambda raw: check.load_drawings.reference(raw).half())  # a fifth has no short binary form
    assert "half precision (float16)" in said(capsys)


@pytest.mark.parametrize("kind", [TypeError, AssertionError])
def test_another_error_than_the_one_that_was_promised_is_wrong(kind, capsys):
    def refuse(raw):
        if raw.dtype == torch.bool:
            return raw.float()
        if raw.dtype == torch.uint8:
            return raw.float() / 255
        raise kind("not this")

    check.load_drawings(refuse)
    shown = said(capsys)
    assert f"it raises {kind.__name__}: not this" in shown and "It looks as if: you refuse with" in shown
