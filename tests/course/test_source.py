"""The text of a source against what students and instructors must find in their notebooks."""

import ast
import json
import sys

import pytest

from tlteach.course import source


@pytest.fixture
def notebook(checkout):
    return source.read(checkout.source("01_doubling"))


def test_cells_and_metadata(notebook):
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds == ["markdown", "code", "code", "markdown", "code", "code", "code", "markdown", "code"]
    assert notebook.metadata["tlteach"]["prerequisites"] == ["counting"]
    assert "jupytext" not in notebook.metadata
    assert notebook.cells[1].metadata == {"tags": ["parameters"]}
    assert notebook.cells[2].metadata == {"tags": ["hide-input"], "jupyter": {"source_hidden": True}}
    assert all(not cell.metadata for cell in notebook.cells[3:])


def test_the_same_text_gives_the_same_bytes(checkout):
    first, second = (source.dumps(source.read(checkout.source("01_doubling"))) for _ in range(2))
    assert first == second


def test_ids_are_unique_and_an_inserted_cell_leaves_the_others_alone(checkout, notebook):
    path = checkout.source("01_doubling")
    path.write_text(path.read_text().replace("# %%\n# NBVAL", "# %%\nx = 1\n\n# %%\nx = 1\n\n# %%\n# NBVAL"))
    longer = source.read(path)
    ids = [cell.id for cell in longer.cells]
    assert len(set(ids)) == len(ids) == len(notebook.cells) + 2
    assert {cell.id for cell in notebook.cells} < set(ids)


def test_student_gets_the_stub_at_its_indentation(notebook):
    student = source.student(notebook)
    assert 'def double(x):\n    """Twice x."""\n    raise NotImplementedError("your turn")\n' in student.cells[4].source
    assert student.cells[5].source == "def triple(x):\n    if x:\n        return x\n    return 0"


def test_nothing_of_a_solution_reaches_the_student(notebook):
    text = source.dumps(source.student(notebook))
    for secret in ("the secret", "2 * x", "3 * x", "SOLUTION", "STUB"):
        assert secret not in text
    parsed = json.loads(text)
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in parsed["cells"])


def test_solution_has_no_markers_and_is_python(notebook):
    solution = source.solution(notebook)
    assert solution.cells[4].source.endswith("    return 2 * x  # the secret\n\n\ndouble = checked(double)")
    assert solution.cells[5].source == "def triple(x):\n    return 3 * x  # the secret"
    for derived in (solution, source.student(notebook)):
        for cell in derived.cells:
            assert "###" not in cell.source
            if cell.cell_type == "code":
                ast.parse(cell.source)


def test_versions_leave_the_notebook_as_it_was(notebook):
    before = source.dumps(notebook)
    source.student(notebook), source.solution(notebook)
    assert source.dumps(notebook) == before


def test_written_answers_have_a_stub_too(checkout, source_text):
    path = checkout.source("01_doubling")
    region = "# Doubling is adding.\n"
    path.write_text(source_text.replace(region, f"# ### BEGIN SOLUTION\n{region}# ### END SOLUTION\n"))
    cell = source.student(source.read(path)).cells[-2]
    assert cell.source.startswith("## Summary\n\n*Your answer here.*\n")


@pytest.mark.parametrize(
    "old, new, told",
    [
        ('# %% tags=["parameters"]', "# %%", "parameters cell"),
        ("    ### END SOLUTION\n\n\ndouble", "\n\ndouble", "never closed"),
        ('    """Twice x."""\n    ### BEGIN SOLUTION\n', "", "without a"),
        ("    return 2 * x", "    ### BEGIN SOLUTION\n    return 2 * x", "inside a solution"),
        ("    ### BEGIN SOLUTION\n    return 2", "    ### BEGIN SOLUTON\n    return 2", "no marker"),
        ("    ### BEGIN SOLUTION\n    return 2", "    # begin solution\n    return 2", "no marker"),
        ('"""Twice x."""\n', '"""Twice x."""\n    ### STUB: pass\n', "outside a solution"),
        ("    minutes: 5", "    minutes: [5", "cannot be read"),
    ],
)
def test_a_broken_source_is_named_with_what_to_do(checkout, source_text, old, new, told):
    assert old in source_text
    path = checkout.source("01_doubling")
    path.write_text(source_text.replace(old, new, 1))
    with pytest.raises(source.SourceError, match=told) as caught:
        source.read(path)
    assert "01_doubling" in str(caught.value)


def test_a_missing_or_misnamed_file(tmp_path):
    with pytest.raises(source.SourceError, match="does not exist"):
        source.read(tmp_path / "01_nowhere.py")
    with pytest.raises(source.SourceError, match="NN_name.py"):
        source.read(tmp_path / "lesson.py")


def test_without_jupytext_it_says_what_to_install(checkout, monkeypatch):
    monkeypatch.setitem(sys.modules, "jupytext", None)
    with pytest.raises(source.SourceError, match=r"tlteach\[instructor\]"):
        source.read(checkout.source("01_doubling"))
