"""What holds for every exercise, whoever wrote it: its check cannot be fooled, and its hints help without telling."""

import inspect
import pkgutil
from xml.etree import ElementTree

import pytest
from torch import Tensor

from tlteach.course import exercises
from tlteach.course.exercises import UnsolvedExercise, check, report
from tlteach.course.exercises.display import Message

EXERCISES = list(check)
MUTANTS = [(exercise, mutant) for exercise in EXERCISES for mutant in exercise.mutants]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
every_mutant = pytest.mark.parametrize(
    ("exercise", "mutant"), MUTANTS, ids=[f"{exercise.name}-{mutant.name}" for exercise, mutant in MUTANTS]
)


def written_by_student(exercise):
    """The reference as a function of its own: the library's own object is not accepted as an answer."""
    return lambda *inputs: exercise.reference(*inputs)


def stub(*inputs):
    raise NotImplementedError("your turn")


def dots(*inputs): ...


def nothing(*inputs):
    """Only a docstring."""


def returns_dots(*inputs):
    answer = ...
    return answer


def blank_in_a_formula(*inputs):
    return 2 * ...


@every_exercise
def test_is_described(exercise):
    assert exercise.title and exercise.reference.__doc__
    assert exercise.difficulty in range(1, 6) and exercise.minutes > 0
    assert len(exercise.hints) == 3
    assert exercise.name != "progress"


def test_no_two_exercises_share_a_name():
    """`check.NAME` and the student's progress know an exercise by its name alone, whatever its group."""
    groups = {}
    for exercise in EXERCISES:
        groups.setdefault(exercise.name, []).append(exercise.group)
    assert {name: of for name, of in groups.items() if len(of) > 1} == {}


def test_every_module_of_a_group_is_an_exercise_of_its_group():
    for group in (module.name for module in pkgutil.iter_modules(exercises.__path__) if module.ispkg):
        package = __import__(f"{exercises.__name__}.{group}", fromlist=["__path__"])
        modules = [module.name for module in pkgutil.iter_modules(package.__path__)]
        members = [exercise for exercise in EXERCISES if exercise.group == group]
        homes = {exercise.reference.__module__.rpartition(".")[2] for exercise in members}
        assert homes == set(modules)


@every_exercise
def test_probes_fit_the_function(exercise):
    for rule in exercise.properties:
        for inputs in rule.probes:
            inspect.signature(rule.look).bind(exercise.reference, *inputs.values())


@every_exercise
def test_reference_passes(exercise, capsys):
    answer = written_by_student(exercise)
    assert exercise(answer) is answer
    assert f"✓ {exercise.name} · right" in capsys.readouterr().out
    assert exercise.status == "solved"


@every_exercise
@pytest.mark.parametrize("empty", [stub, dots, nothing, returns_dots, blank_in_a_formula])
def test_an_empty_stub_is_not_attempted(exercise, empty, capsys):
    assert exercise(empty) is exercise.reference
    assert f"◻ {exercise.name} · not attempted" in capsys.readouterr().out
    assert exercise.status == "not attempted"


@every_exercise
def test_the_library_version_is_no_answer(exercise, capsys):
    """The check cell run twice hands the reference back in: that must not count as solved."""
    assert exercise(exercise(stub)) is exercise.reference
    assert "run the cell with your function again" in capsys.readouterr().out
    assert exercise.status == "not attempted"


@every_exercise
def test_has_at_least_three_mutants_with_hints_of_their_own(exercise):
    assert len(exercise.mutants) >= 3
    assert len({mutant.name for mutant in exercise.mutants}) == len(exercise.mutants)
    assert len({mutant.hint for mutant in exercise.mutants}) == len(exercise.mutants)


@every_mutant
def test_mutant_is_caught_and_gets_its_own_hint(exercise, mutant, capsys):
    verdict = exercise.judge(mutant.function)
    assert verdict.status in ("wrong", "error")
    assert verdict.mutant is mutant
    assert exercise(mutant.function) is exercise.reference
    assert mutant.hint in capsys.readouterr().out
    assert exercise.status == "tried"


@every_mutant
def test_counter_example_is_small(exercise, mutant):
    verdict = exercise.judge(mutant.function)
    shown = [*verdict.inputs.values(), *verdict.got.values(), *verdict.expected.values()]
    assert all(value.numel() <= 16 for value in shown if isinstance(value, Tensor))
    text = "\n".join(part if isinstance(part, str) else part.text for part in report.body(exercise, verdict, stub))
    assert len(text.splitlines()) <= 40
    assert max(map(len, text.splitlines())) <= 200


@every_mutant
def test_verdict_reads_the_same_at_every_run_and_is_sound_html(exercise, mutant):
    texts = set()
    for _ in range(2):
        verdict = exercise.judge(mutant.function)
        message = Message(
            verdict.status, report.head(exercise, verdict), [*report.body(exercise, verdict, mutant.function)]
        )
        texts.add(repr(message))
    assert len(texts) == 1
    html = message._repr_html_()
    ElementTree.fromstring(html)
    assert "currentColor" in html and "#" not in html.replace("&#", ""), "colours come from the theme"


@every_exercise
def test_a_typo_is_an_error_on_the_line_of_the_student(exercise, capsys):
    def mistyped(*inputs):
        copies = inputs
        return copies + etaa  # noqa: F821

    line = mistyped.__code__.co_firstlineno + 2
    assert exercise(mistyped) is exercise.reference
    shown = capsys.readouterr().out
    assert f"⚠ {exercise.name} · error" in shown
    assert "`NameError: name 'etaa' is not defined`" in shown
    assert f"line {line}: `return copies + etaa" in shown
    assert "Traceback" not in shown
    exercise.trace()
    shown = capsys.readouterr().out
    assert "Traceback" in shown and "behaviour.py" not in shown


@every_exercise
def test_strict_mode_stops_at_the_unsolved_and_lets_the_solved_pass(exercise, monkeypatch):
    monkeypatch.setenv("TLTEACH_STRICT", "1")
    for unsolved in (stub, exercise.mutants[0].function, exercise.reference):
        with pytest.raises(UnsolvedExercise, match=exercise.name):
            exercise(unsolved)
    answer = written_by_student(exercise)
    assert exercise(answer) is answer


@every_exercise
def test_hints_rise_and_the_solution_comes_last(exercise, capsys):
    source = inspect.getsource(exercise.reference).split('"""')[-1]
    body = max((line.split("#")[0].strip() for line in source.splitlines()), key=len)
    for level in (1, 2, 3, 3):
        exercise.hint()
        shown = capsys.readouterr().out
        assert f"hint {level} of 3" in shown and body not in shown
    assert exercise.hints[0].rstrip().endswith("?"), "the first hint is a question"
    assert not exercise.solution_seen
    exercise.solution()
    assert body in capsys.readouterr().out
    assert exercise.solution_seen
