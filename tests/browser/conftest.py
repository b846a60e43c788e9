"""One JupyterLab and one browser for all tests of this folder."""

import os
import shutil

import pytest

from tlteach import paths

from .lab import lab, missing


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == paths.checkout() / "tests" / "browser":
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    """JupyterLab serving copies of the students' lessons, at the smoke preset.

    It ends with this folder: playwright keeps an event loop running, in which tests of other folders could not start
    their own.
    """
    if reason := missing():
        if os.environ.get("TLTEACH_REQUIRE_BROWSER") == "1":
            pytest.fail(f"TLTEACH_REQUIRE_BROWSER=1, but {reason}.")
        pytest.skip(f"browser tests: {reason}")
    work = tmp_path_factory.mktemp("browser")
    root = work / "lessons"
    root.mkdir()
    for path in paths.lessons_folder().glob("*.ipynb"):
        shutil.copy(path, root)
    with lab(root, work) as running:
        yield running
