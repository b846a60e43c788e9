"""What every lesson must have and must not do, checked on its source without running it (`ast`, about a second)."""

import ast
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tlteach import paths
from tlteach.course import code, source

WIDGETS = {"Output", "interact", "interactive", "interactive_output", "interact_manual", "Play"}
NETWORK = {"aiohttp", "ftplib", "gdown", "http", "httpx", "pooch", "requests", "socket", "urllib", "urllib3", "wget"}
OPENERS = {"open", "io.open", "pathlib.Path", "numpy.load", "numpy.save", "numpy.savez", "numpy.loadtxt", "torch.load"}
OPENERS |= {"torch.save", "matplotlib.pyplot.imread", "matplotlib.pyplot.savefig", "PIL.Image.open", "os.chdir"}
OPENERS |= {"safetensors.torch.load_file", "safetensors.torch.save_file", "pandas.read_csv"}
MAGICS = ("%matplotlib inline", "%%time", "%timeit", "%%timeit")
_SHELL = re.compile(r"\b(curl|wget|pip install|conda install|git clone)\b")
_URL = re.compile(r"\b(https?|ftp)://(?!www\.w3\.org/)")  # the name of the SVG language is no address
_IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\](\((?P<src>[^)]*)\)|\[[^\]]*\])?")
_TAG = re.compile(r"<(img|script|link|iframe|video|audio|source|object|embed)\b[^>]*>", re.IGNORECASE)
_CHECKED = re.compile(r"^(\w+) = check\.\w+\(\1\)", re.MULTILINE)
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


@dataclass(frozen=True)
class Problem:
    """A rule that a lesson breaks; `cell` counts from 1, 0 stands for the lesson as a whole."""

    lesson: str
    cell: int
    rule: str
    message: str

    def __str__(self) -> str:
        where = f", cell {self.cell}" if self.cell else ""
        return f"{self.lesson}{where}: {self.message} [{self.rule}]"


def lint(notebook, name: str) -> list[Problem]:
    """Every rule that the lesson `name`, as `source.read` gave it, breaks."""
    problems = [Problem(name, 0, rule, message) for rule, message in _whole(notebook)]
    solution, student = source.solution(notebook), source.student(notebook)
    imports: dict[str, str] = {}  # what a name stands for, over all cells so far
    for number, cell in enumerate(solution.cells, 1):
        if cell.cell_type == "markdown":
            found = list(_markdown(cell.source))
        else:
            found = list(_code(cell.source, imports))
            if not found:
                found = [
                    ("syntax", f"student version: {told}") for told in _unparsable(student.cells[number - 1].source)
                ]
        problems += [Problem(name, number, rule, message) for rule, message in found]
    problems += [Problem(name, number, rule, message) for number, rule, message in _exercises(notebook)]
    return problems


def lint_outputs(notebook, name: str) -> list[Problem]:
    """What is wrong with the outputs of an executed notebook: pictures without a text alternative, and places on the
    machine that ran it."""
    problems = []
    private = {str(place) for place in (Path.cwd(), Path.home(), paths.checkout(), sys.prefix, tempfile.gettempdir())}
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            text = json.dumps(output)
            for place in sorted(place for place in private if f"{place}/" in text and len(place) > 1):
                problems.append(Problem(name, number, "machine", f"an output names {place}, a place on this machine"))
            data = output.get("data", {})
            html = "".join(data.get("text/html", ""))
            bare = any(kind.startswith("image/") for kind in data) and "<img" not in html and "<svg" not in html
            for message in ["a picture without alt text; use show(fig, alt=...)"] * bare + list(
                _images_without_alt(html)
            ):
                problems.append(Problem(name, number, "alt-text", message))
    return problems


def _whole(notebook) -> Iterator[tuple[str, str]]:
    """Header, parameters, first and last cells, and the sections that every lesson has."""
    header = notebook.metadata.get("tlteach", {})
    for key, kind in (("title", str), ("summary", str), ("minutes", int), ("prerequisites", list)):
        if not isinstance(header.get(key), kind):
            yield "header", f"the header's `tlteach: {key}:` is missing or no {kind.__name__}"
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assigned = code.assigned(cells[0].source)
    if not {"PRESET", "SEED"} <= assigned or '"TLTEACH_PRESET", "lesson"' not in cells[0].source:
        yield "parameters", 'the parameters cell must set SEED, and PRESET = os.environ.get("TLTEACH_PRESET", "lesson")'
    if not any("setup(PRESET, SEED)" in cell.source for cell in cells[1:3]):
        yield "setup", "the cell after the parameters must call `lesson = setup(PRESET, SEED)`"
    if cells[-1].source.strip() != "lesson.footer()":
        yield "footer", "the last code cell must be `lesson.footer()` (provenance)"
    if not texts or not texts[0].startswith("# "):
        yield "title", "the first text cell must begin with the title, `# ...`"
    setup_cell = notebook.cells.index(cells[min(1, len(cells) - 1)])
    opening = "\n".join(cell.source for cell in notebook.cells[:setup_cell] if cell.cell_type == "markdown")
    for rule, pattern, words in (
        ("objectives", r"objectives|you (can|will be able to)", "the opening must say the objectives"),
        ("prerequisites", r"prerequisites", "the opening must say the prerequisites"),
        ("timing", r"\d+\s*(min\b|minutes)", "the opening must say how many minutes the lesson takes"),
    ):
        if not re.search(pattern, opening, re.IGNORECASE):
            yield rule, words
    for section in ("summary", "references"):
        if not re.search(rf"^#+ .*\b{section}\b", "\n".join(texts), re.IGNORECASE | re.MULTILINE):
            yield section, f"there is no section `## {section.title()}`"


def _exercises(notebook) -> Iterator[tuple[int, str, str]]:
    """Each exercise is announced by the text above it, with its difficulty and the minutes it takes, and is checked."""
    text = ""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "markdown":
            text = cell.source
        elif source.is_exercise(cell) and not _CHECKED.search(cell.source):
            yield number, "exercise", "the function must go through its check in the same cell: f = check.f(f)"
        if source.is_exercise(cell):
            if not re.search("difficulty", text, re.IGNORECASE):
                yield number, "exercise", "the text above this exercise must say its difficulty"
            if not re.search(r"\d+\s*(min\b|minutes)", text):
                yield number, "exercise", "the text above this exercise must say how many minutes it takes"


def _markdown(text: str) -> Iterator[tuple[str, str]]:
    text = _CODE.sub("", text)
    for image in _IMAGE.finditer(text):
        if not image["alt"].strip():
            yield "alt-text", f"the image {image[0]} has no alt text"
        if _URL.search(image["src"] or ""):
            yield "network", f"the image {image['src']} is fetched from the network; ship it or draw it"
    for message in _images_without_alt(text):
        yield "alt-text", message
    for tag in _TAG.finditer(text):
        if _URL.search(tag[0]):
            yield "network", f"{tag[0]} is fetched from the network"


def _images_without_alt(html: str) -> Iterator[str]:
    for tag in _TAG.finditer(html):
        if tag[1].lower() == "img" and not re.search(r"""\balt\s*=\s*("[^"]*\S[^"]*"|'[^']*\S[^']*')""", tag[0]):
            yield f"{tag[0][:60]} has no alt text"


def _unparsable(text: str) -> Iterator[str]:
    try:
        code.parse(text)
    except SyntaxError as error:
        yield f"line {error.lineno}: {error.msg}"


def _code(text: str, imports: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The rules for one code cell; adds what the cell imports to `imports`."""
    for line in text.split("\n"):
        if line.startswith("!") or (line.startswith("%") and not line.startswith(MAGICS)):
            yield "network", f"`{line}`: no shell and no installing in a lesson"
    try:
        tree = code.parse(text)
    except SyntaxError as error:
        yield "syntax", f"line {error.lineno}: {error.msg}"
        return
    imports.update(code.imports(tree))
    for node in ast.walk(tree):
        yield from _node(node, imports)
    yield from _figures(tree, imports)


def _node(node: ast.AST, imports: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The rules that look at one node of the syntax tree."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        for path in code.imports(node).values():
            if path.split(".")[0] in NETWORK:
                yield "network", f"`{path}`: a lesson fetches nothing; data come through tlteach"
            if path == "ipywidgets.*":
                yield "widgets", "`from ipywidgets import *` hides what is used; import names"
            if _banned(path):
                yield "widgets", _banned(path)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        if message := _banned(code.qualified(node, imports)):
            yield "widgets", message
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if _URL.search(node.value):
            yield "network", f"the address {node.value[:60]!r} in code; links belong in the text"
        if _SHELL.search(node.value):
            yield "network", f"{node.value[:60]!r}: a lesson fetches and installs nothing"
    elif isinstance(node, ast.Call):
        yield from _call(node, code.qualified(node.func, imports))


def _call(call: ast.Call, name: str) -> Iterator[tuple[str, str]]:
    if name == "tlteach.plots.show":
        alt = next((k.value for k in call.keywords if k.arg == "alt"), call.args[1] if len(call.args) > 1 else None)
        if alt is None or (isinstance(alt, ast.Constant) and not (isinstance(alt.value, str) and alt.value.strip())):
            yield "alt-text", "show() needs a text alternative: show(fig, alt=...)"
    elif name.endswith(".show"):
        yield "alt-text", f"{name}() has no alt text; use `from tlteach.plots import show` and show(fig, alt=...)"
    literal = call.args and isinstance(call.args[0], ast.JoinedStr | ast.Constant)
    opens = name in OPENERS or name.endswith((".savefig", ".imread", ".to_csv"))
    if opens and literal and isinstance(getattr(call.args[0], "value", ""), str):
        yield "paths", f"{name}() on a written-out path; notebooks run in different folders, use tlteach.paths"


def _banned(path: str) -> str:
    """Why `path` may not be used, or "" when it may."""
    root, *_, last = path.split(".") if "." in path else (path, "")
    if root == "ipywidgets" and last in WIDGETS:
        what = "cannot be named for a screen reader" if last == "Play" else "makes papermill hang"
        return f"ipywidgets.{last} {what}; draw into HTML or Image and use `observe`"
    return ""


def _figures(tree: ast.Module, imports: dict[str, str]) -> Iterator[tuple[str, str]]:
    """A figure made in a cell must be shown with its alt text, else the kernel shows it bare."""
    top = [node for statement in tree.body for node in code.walk_outside_functions(statement)]
    calls = [code.qualified(node.func, imports) for node in top if isinstance(node, ast.Call)]
    drawn = [name for name in calls if name.startswith("matplotlib.pyplot.") and not name.endswith((".use", ".close"))]
    if drawn and "tlteach.plots.show" not in calls:
        yield "alt-text", f"{drawn[0]} makes a figure that is not shown with show(fig, alt=...)"
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        made = {target for node in top if code.makes_figure(node, imports) for target in code.targets(node)}
        plotted = isinstance(last.value, ast.Call) and re.fullmatch(
            r"tlteach\.experiments\..*plot", code.qualified(last.value.func, imports)
        )
        if plotted or (isinstance(last.value, ast.Name) and last.value.id in made | {"fig", "figure"}):
            yield "alt-text", "a cell that ends with a figure shows it without alt text; use show(fig, alt=...)"
