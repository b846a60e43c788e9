"""A notebook that somebody sends you is not trusted: nothing in it may run. Its widgets must be pictures then."""

import nbformat
import pytest

from tlteach.course.lessons import catalogue
from tlteach.course.widgets import CourseMap, MemoryBench, Predict

V4 = nbformat.v4


@pytest.fixture
def received(server):
    """An executed notebook that this JupyterLab has never seen, with the outputs that our widgets leave behind."""
    shown = [MemoryBench(), Predict("k", "Which?", ["this", "that"]), CourseMap(catalogue())]
    cells = [
        V4.new_code_cell("shown", execution_count=1, outputs=[V4.new_output("display_data", made._repr_mimebundle_())])
        for made in shown
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    nbformat.write(V4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), server.root / "received.ipynb")
    return shown


def test_an_executed_notebook_that_is_not_trusted_shows_pictures_with_words(server, received):
    with server.open("received.ipynb") as notebook:
        page = notebook.page
        assert page.locator(".tl-widget, .jupyter-widgets").count() == 0, "it must not be live: it is not trusted"
        picture = page.locator("figure img")
        assert picture.count() == 1 and picture.get_attribute("alt") == received[0].describe(**received[0].parameters())
        assert picture.evaluate("img => img.complete && img.naturalWidth") > 300
        page.get_by_text("Which?").wait_for()
        links = page.locator(".jp-RenderedHTMLCommon a[href*='01_connections_that_learn']")
        assert links.count() == 1, "the map reads as a list of links"
        assert notebook.violations(".jp-OutputArea-output") == []
        assert notebook.complaints() == []
        page.evaluate(
            "() => { const [img] = document.querySelectorAll('.jp-OutputArea-output img'); img.removeAttribute('alt');"
            " img.insertAdjacentHTML('afterend', '<p style=\"color: #777; background: #888\">can you read this?</p>') }"
        )
        found = {defect.split(":")[0] for defect in notebook.violations(".jp-OutputArea-output")}
        assert found == {"critical image-alt", "serious color-contrast"}, "axe must find what was planted"
