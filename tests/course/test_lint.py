"""Each banned thing is caught, under the names it can hide behind; a good lesson passes."""

from pathlib import Path

import pytest

from tlteach.course import source
from tlteach.course.lint import lint, lint_outputs

SETUP = "from tlteach.course import setup\n\nlesson = setup(PRESET, SEED)\n"
TRIPLE = "triple = check.triple(triple)"


@pytest.fixture
def good(source_text) -> str:
    """The throw-away lesson with the second cell of a real one."""
    start = source_text.index("class lesson:")
    end = source_text.index("def checked")
    text = source_text[:start] + SETUP + "\n\n" + source_text[end:]
    text = text.replace("double = checked(double)", "double = check.double(double)")
    return text.replace("secret\n    ### END SOLUTION\n\n\n# %%", f"secret\n    ### END SOLUTION\n\n\n{TRIPLE}\n\n# %%")


@pytest.fixture
def rules(checkout):
    """Lint a source text; returns the set of (rule) names that it breaks."""

    def rules(text: str) -> set[str]:
        path = checkout.source("01_doubling")
        path.write_text(text)
        return {problem.rule for problem in lint(source.read(path), "01_doubling")}

    return rules


def test_a_good_lesson_has_no_problem(good, rules):
    assert rules(good) == set()


@pytest.mark.parametrize(
    "cell",
    [
        "import ipywidgets\nipywidgets.Output()",
        "import ipywidgets as w\nw.interact(print, x=3)",
        "import ipywidgets as w\n@w.interact(x=3)\ndef f(x): pass",
        "import ipywidgets as w\nout = w.widgets.Output",
        "from ipywidgets import interactive",
        "from ipywidgets import interactive_output as io",
        "from ipywidgets.widgets import interact_manual",
        "from ipywidgets import *",
        "from ipywidgets import Play",
        "from ipywidgets import widgets\nwidgets.Play()",
    ],
)
def test_banned_widgets(good, rules, cell):
    assert rules(f"{good}\n# %%\n{cell}\n\n# %%\nlesson.footer()\n") == {"widgets"}


def test_an_import_in_one_cell_is_known_in_the_next(good, rules):
    cells = "\n# %%\nimport ipywidgets as w\n\n# %%\nw.interact(print, x=3)\n\n# %%\nlesson.footer()\n"
    assert rules(good + cells) == {"widgets"}


@pytest.mark.parametrize(
    "cell",
    [
        "import requests",
        "import urllib.request",
        "from urllib import request",
        "import pooch",
        "import torch\ntorch.hub.load_state_dict_from_url('https://example.org/w.pt')",
        "import os\nos.system('wget example.org/data')",
        "import subprocess\nsubprocess.run('pip install x', shell=True)",
        "# !pip install x",
        "# %pip install x",
    ],
)
def test_network_in_code(good, rules, cell):
    assert rules(f"{good}\n# %%\n{cell}\n\n# %%\nlesson.footer()\n") == {"network"}


@pytest.mark.parametrize(
    "text, rule",
    [
        ("![a trace](https://example.org/a.png)", "network"),
        ('<script src="https://example.org/a.js"></script>', "network"),
        ("![](attachment:a.png)", "alt-text"),
        ('<img src="attachment:a.png">', "alt-text"),
        ('<img src="attachment:a.png" alt=" ">', "alt-text"),
        ("![a trace](attachment:a.png) and [a link](https://example.org) and `![](x)`", None),
    ],
)
def test_text_cells(good, rules, text, rule):
    text = f"\n# %% [markdown]\n# {text}\n"
    assert rules(good + text) == ({rule} if rule else set())


PLT = "import matplotlib.pyplot as plt\nfrom tlteach.plots import show\n"


@pytest.mark.parametrize(
    "cell",
    [
        PLT + "fig, ax = plt.subplots()\nshow(fig)",
        PLT + 'fig, ax = plt.subplots()\nshow(fig, alt="")',
        PLT + 'fig, ax = plt.subplots()\nshow(fig, " ")',
        PLT + "fig, ax = plt.subplots()\nplt.show()",
        PLT + "fig, ax = plt.subplots()\nfig.show()",
        PLT + 'picture, ax = plt.subplots()\nshow(picture, alt="a")\npicture',
        PLT + "plt.plot([1, 2])",
        "from tlteach.experiments import patterns\npatterns.plot(result)",
        "from tlteach.experiments import patterns\nfig = patterns.plot(result)\nfig",
    ],
)
def test_a_figure_needs_alt_text(good, rules, cell):
    assert rules(f"{good}\n# %%\n{cell}\n\n# %%\nlesson.footer()\n") == {"alt-text"}


@pytest.mark.parametrize(
    "cell",
    [
        PLT + 'fig, ax = plt.subplots()\nshow(fig, alt="a line")',
        PLT + "fig, ax = plt.subplots()\nshow(fig, alt=f'{1} line')",
        PLT + "def draw():\n    return plt.subplots()[0]",
        PLT + 'plt.style.use("petroff6")',
        PLT + "from tlteach.experiments import patterns\nshow(patterns.plot(result), alt='a')",
        "svg = '<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>'",
        "from tlteach import runs\nruns.Result.load(path)",
    ],
)
def test_what_is_allowed(good, rules, cell):
    assert rules(f"{good}\n# %%\n{cell}\n\n# %%\nlesson.footer()\n") == set()


@pytest.mark.parametrize(
    "cell",
    [
        "open('data.csv')",
        "from pathlib import Path\nPath('data')",
        "import torch\ntorch.load('w.pt')",
        "import numpy as np\nnp.load(f'{1}.npy')",
        "def keep(fig):\n    fig.savefig('a.png')",
    ],
)
def test_no_written_out_path(good, rules, cell):
    assert rules(f"{good}\n# %%\n{cell}\n\n# %%\nlesson.footer()\n") == {"paths"}


@pytest.mark.parametrize(
    "old, new, rule",
    [
        ('os.environ.get("TLTEACH_PRESET", "lesson")', '"lesson"', "parameters"),
        ("SEED = 0", "seed = 0", "parameters"),
        ("lesson = setup(PRESET, SEED)", "lesson = None", "setup"),
        ("\nlesson.footer()", "\nlesson", "footer"),
        ("#     summary: How to double a number.\n", "", "header"),
        ("minutes: 5", "minutes: five", "header"),
        ("prerequisites: [counting]", "prerequisites: counting", "header"),
        ("# # Doubling", "# Doubling", "title"),
        ("Objectives", "Hello", "objectives"),
        ("Prerequisites", "Counting", "prerequisites"),
        ("**Time.** 5 minutes", "**Time.** some", "timing"),
        ("## Summary", "## End", "summary"),
        ("## References", "## End", "references"),
        ("Difficulty 1 of 5", "Easy", "exercise"),
        ("about 2 minutes", "soon done", "exercise"),
        (TRIPLE, "", "exercise"),
        (TRIPLE, "triple = check.triple(double)", "exercise"),
        ("    ### STUB: if x:\n", "    ### STUB: if x\n", "syntax"),
        ("    return 3 * x", "    return 3 x", "syntax"),
    ],
)
def test_what_every_lesson_has(good, rules, old, new, rule):
    assert old in good
    assert rules(good.replace(old, new)) == {rule}


def test_a_problem_says_where(good, checkout):
    path = checkout.source("01_doubling")
    path.write_text(good.replace("double(21)", "import requests"))
    (problem,) = lint(source.read(path), "01_doubling")
    assert str(problem).startswith("01_doubling, cell 7: `requests`")


def test_outputs_without_alt_text(checkout, good):
    import nbformat.v4 as v4

    path = checkout.source("01_doubling")
    path.write_text(good)
    notebook = source.read(path)

    def outputs(**data):
        notebook.cells[6].outputs = [v4.new_output("display_data", {k.replace("_", "/"): v for k, v in data.items()})]
        return len(lint_outputs(notebook, "01_doubling"))

    assert outputs(image_png="x") == 1
    assert outputs(text_html='<img src="data:x">') == 1
    assert outputs(text_html='<img src="data:x" alt="a line">', image_png="x") == 0
    assert outputs(text_plain="42") == 0
    assert outputs(text_plain=f"kept in {Path.home()}/x") == 1
