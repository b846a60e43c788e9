"""Figures carry their description, tables line up, and bands hold what they should."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tlteach.errors import InvalidInput
from tlteach.plots import Table, band, show


def test_a_shown_figure_is_closed_and_described():
    figure, ax = plt.subplots()
    ax.plot([1, 2])
    picture = show(figure, alt='A line that rises from "one" to two.')
    assert not plt.fignum_exists(figure.number)
    bundle = picture._repr_mimebundle_()
    assert 'alt="A line that rises from &quot;one&quot; to two."' in bundle["text/html"]
    assert bundle["text/plain"] == '[picture: A line that rises from "one" to two.]'
    assert picture.png.startswith(b"\x89PNG")


@pytest.mark.parametrize("alt", ["", "plot", "   ", None])
def test_a_figure_without_description_is_refused(alt):
    figure, _ = plt.subplots()
    with pytest.raises(InvalidInput, match="describe"):
        show(figure, alt=alt)
    plt.close(figure)


def test_the_band_is_median_and_range_at_common_points():
    figure, ax = plt.subplots()
    xs = [np.array([0.0, 2.0]), np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0])]  # the last stops early
    ys = [np.array([0.0, 2.0]), np.array([3.0, 3.0, 3.0]), np.array([5.0, 4.0])]
    band(ax, xs, ys, color="C0")
    assert ax.lines[0].get_xdata().tolist() == [0, 1, 2]
    assert ax.lines[0].get_ydata().tolist() == [3, 3, 3]
    corners = ax.collections[0].get_paths()[0].vertices
    assert (corners[:, 1].min(), corners[:, 1].max()) == (0, 5)
    plt.close(figure)


def test_a_table_lines_up_as_text_and_has_headings_as_html():
    table = Table(("name", "n"), [("a<b", "1"), ("long name", "22")], "Counts")
    assert repr(table).splitlines() == ["Counts", "name       n", "a<b        1", "long name  22"]
    html = table._repr_html_()
    assert "<caption" in html and 'scope="row"' in html and "a&lt;b" in html
    with pytest.raises(InvalidInput, match="2 cells"):
        Table(("name", "n"), [("a",)], "Counts")
