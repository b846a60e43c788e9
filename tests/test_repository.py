"""The files around the package agree with each other and with what the package imports."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import tlteach

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# conda-forge's names where they differ from PyPI's
CONDA = {"torch": "pytorch", "gymnasium": "gymnasium-mujoco", "playwright": "playwright-python"}


def requirements(*extras: str) -> dict[str, Requirement]:
    """Core requirements and those of `extras`, by name; references to tlteach's own extras are left out."""
    lines = PROJECT["dependencies"] + [line for extra in extras for line in EXTRAS[extra]]
    return {each.name: each for each in map(Requirement, lines) if each.name != "tlteach"}


def test_environment_and_pyproject_name_the_same_packages_and_bounds():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge"]
    *lines, pip = environment["dependencies"]
    assert pip == {"pip": ["--editable ."]}
    conda = {each.name: each.specifier for each in map(Requirement, lines)}
    assert conda.pop("python") == Requirement(f"python{PROJECT['requires-python']}").specifier
    conda.pop("pip")
    assert conda == {CONDA.get(name, name): each.specifier for name, each in requirements(*EXTRAS).items()}


def test_every_import_is_declared_or_comes_with_what_is_declared():
    """Core imports are reached from the core requirements; others only from an extra, and only inside functions."""
    providers = importlib.metadata.packages_distributions()
    core, extra = closure(requirements()), closure(requirements("instructor", "cluster"))
    for path in sorted((ROOT / "tlteach").rglob("*.py")):
        tree = ast.parse(path.read_text())
        outside = {id(node) for node in tree.body}
        for node in ast.walk(tree):
            for module in imported(node) - {"tlteach"} - sys.stdlib_module_names:
                names = {canonicalize_name(name) for name in providers.get(module, [module])}
                allowed = core if id(node) in outside else core | extra
                assert names & allowed, f"{path.relative_to(ROOT)} imports {module}, which nothing declared provides"


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {name.name.split(".")[0] for name in node.names}
    if isinstance(node, ast.ImportFrom) and not node.level:
        return {node.module.split(".")[0]}
    return set()


def closure(needs: dict[str, Requirement]) -> set[str]:
    """The names of `needs` and of everything installed that they require."""
    found, waiting = set(), list(needs.values())
    while waiting:
        need = waiting.pop()
        name = canonicalize_name(need.name)
        if name in found:
            continue
        found.add(name)
        try:
            lines = importlib.metadata.requires(need.name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        for child in map(Requirement, lines):
            wanted = [""] + list(need.extras)
            if child.marker is None or any(child.marker.evaluate({"extra": extra}) for extra in wanted):
                waiting.append(child)
    return found


def test_the_installed_package_is_this_version():
    assert importlib.metadata.version("tlteach") == tlteach.__version__ == PROJECT["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (tlteach.__version__, PROJECT["license"])
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert re.search(
        r"^## \[(Unreleased|" + re.escape(tlteach.__version__) + r")\]", (ROOT / "CHANGELOG.md").read_text(), re.M
    )


def test_torch_is_bounded_below_an_untested_minor_version():
    assert any(each.operator == "<" for each in requirements()["torch"].specifier)


def test_ruff_is_clean():
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "."], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def committed(pattern: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", pattern], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_is_too_long():
    long = {path: len(path.read_text().splitlines()) for path in committed("*.py") if path.exists()}
    assert {path: lines for path, lines in long.items() if lines > 400 and path.parent.name != "solutions"} == {}


def test_no_committed_file_names_a_place_on_a_machine():
    place = re.compile(f"/home/[a-z]+/|/Users/[A-Za-z]+/|{re.escape(str(ROOT))}/")
    for path in committed("*"):
        if path.is_file() and path.suffix in {".py", ".md", ".toml", ".yml", ".ipynb", ".json", ".cff", ""}:
            found = place.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.relative_to(ROOT)} names {found[0]}"


def test_imports_point_downwards():
    """A row may import from itself and the rows below it (the house)."""
    rows = [
        {"errors", "checks", "paths", "files", "provenance"},
        {"data", "plots", "runs"},
        {"modelbased", "plasticity", "tasks"},
        {"experiments"},
        {"options", "sweep", "run", "reproduction"},
        {"course"},
        {"cli", "__main__"},
    ]
    height = {name: number for number, row in enumerate(rows) for name in row}
    for path in sorted((ROOT / "tlteach").rglob("*.py")):
        here = path.relative_to(ROOT / "tlteach").parts[0].removesuffix(".py")
        if here == "__init__":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            for target in imported_parts(node):
                assert height[target] <= height[here], f"{path.relative_to(ROOT)} imports tlteach.{target}"


def imported_parts(node: ast.AST) -> set[str]:
    """The direct parts of tlteach that an import statement names."""
    if isinstance(node, ast.ImportFrom) and node.module == "tlteach":
        return {name.name for name in node.names} - {"__version__"}
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tlteach."):
        return {node.module.split(".")[1]}
    if isinstance(node, ast.Import):
        return {name.name.split(".")[1] for name in node.names if name.name.startswith("tlteach.")}
    return set()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ".ci/run", "Makefile"])
def test_what_a_repository_needs_is_there(name):
    assert (ROOT / name).stat().st_size > 0
