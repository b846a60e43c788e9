"""One visual language: colour-blind-safe, a network always in the same colour and dash, words for every picture."""

import base64
import html
import io
from collections.abc import Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tlteach.errors import InvalidInput

COLOURS = mpl.color_sequences["petroff6"]
SIGNED = "RdBu_r"  # traces and weights: always with limits symmetric about zero
LOOKS = {  # a network's looks, wherever it is drawn
    "plastic": dict(color=COLOURS[0], linestyle="-", label="plastic"),
    "shared": dict(color=COLOURS[1], linestyle="--", label="plastic, one shared alpha"),
    "rnn": dict(color=COLOURS[2], linestyle=":", label="RNN (no plasticity)"),
    "lstm": dict(color=COLOURS[3], linestyle="-.", label="LSTM"),
    "lstm_clamped": dict(color=COLOURS[4], linestyle=(0, (6, 2, 1, 2, 1, 2)), label="LSTM, clamped"),
}


def style() -> None:
    """Set matplotlib's defaults for every figure of the course (opaque light cards, readable in both themes)."""
    plt.style.use("petroff6")
    mpl.rcParams.update(
        {
            "figure.figsize": (7.0, 3.6),
            "figure.dpi": 110,
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#e6e6e6",
            "image.cmap": "viridis",
            "image.interpolation": "nearest",
            "legend.frameon": False,
            "font.size": 10.5,
        }
    )


class Picture:
    """A drawn figure with its description: an `<img alt>` for the page, the description where there are no pictures."""

    def __init__(self, png: bytes, alt: str):
        self.png, self.alt = png, alt

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        data, alt = base64.b64encode(self.png).decode(), html.escape(self.alt, quote=True)
        image = f'<img alt="{alt}" src="data:image/png;base64,{data}" style="max-width:100%;height:auto">'
        return {"text/html": f'<figure style="margin:0">{image}</figure>', "text/plain": f"[picture: {self.alt}]"}

    def __repr__(self) -> str:
        return f"[picture: {self.alt}]"


def show(figure: Figure, alt: str) -> Picture:
    """Close `figure` and return it as a picture whose alternative text is `alt`.

    Raises InvalidInput when `alt` says nothing: a reader who cannot see the figure has only that.
    """
    if not isinstance(alt, str) or len(alt.split()) < 3:
        raise InvalidInput(f"show(fig, alt=...): describe what the figure shows in a sentence, got alt={alt!r}")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white", metadata={"Software": None})
    plt.close(figure)
    return Picture(buffer.getvalue(), alt)


def band(ax: Axes, xs: Sequence[np.ndarray], ys: Sequence[np.ndarray], **looks) -> None:
    """Draw several runs: the median at common x as a line, lowest to highest as a band.

    xs, ys: one array of shape (n,) a run. Each run is interpolated at common x, and held at its last value after
    its end (a run that reached its goal stopped there).
    """
    grid = np.unique(np.concatenate(xs))
    if len(grid) > 600:
        grid = np.quantile(grid, np.linspace(0, 1, 600))
    values = np.stack([np.interp(grid, x, y) for x, y in zip(xs, ys, strict=True)])  # (runs, n)
    ax.plot(grid, np.median(values, 0), **looks)
    if len(values) > 1:
        ax.fill_between(grid, values.min(0), values.max(0), color=looks.get("color"), alpha=0.2, linewidth=0)


def running_mean(values: np.ndarray, n: int) -> np.ndarray:
    """Mean of the last `n` values at each place, of fewer at the start: (m,) -> (m,)."""
    total = np.cumsum(np.insert(values.astype(float), 0, 0.0))
    stop = np.arange(1, len(values) + 1)
    start = np.maximum(stop - n, 0)
    return (total[stop] - total[start]) / (stop - start)


def matrix(ax: Axes, values: np.ndarray, title: str, limit: float | None = None) -> None:
    """Draw a [pre, post] matrix of signed numbers, zero in the middle of the colours, with its scale."""
    limit = limit or float(np.abs(values).max()) or 1.0
    image = ax.imshow(values, cmap=SIGNED, vmin=-limit, vmax=limit)
    ax.set(title=title, xlabel="to (post)", ylabel="from (pre)")
    ax.grid(False)
    ax.figure.colorbar(image, ax=ax, shrink=0.8)


class Table:
    """A small table with a caption: HTML on the page, aligned text elsewhere.

    columns: headings. rows: cells, already formatted; the first of each row is its heading.
    """

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[str]], caption: str):
        if any(len(row) != len(columns) for row in rows):
            raise InvalidInput(f"each row needs {len(columns)} cells, got {[len(row) for row in rows]}")
        self.columns, self.rows, self.caption = columns, rows, caption

    def __repr__(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        return "\n".join(
            [self.caption] + ["  ".join(c.ljust(w) for c, w in zip(x, widths, strict=True)).rstrip() for x in lines]
        )

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="text-align:left">{html.escape(c)}</th>' for c in self.columns)
        body = "".join(
            f'<tr><th scope="row" style="text-align:left">{html.escape(row[0])}</th>'
            + "".join(f'<td style="text-align:left">{html.escape(cell)}</td>' for cell in row[1:])
            + "</tr>"
            for row in self.rows
        )
        caption = f'<caption style="text-align:left;padding-bottom:0.4em">{html.escape(self.caption)}</caption>'
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
