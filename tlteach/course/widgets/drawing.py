"""Small SVG pictures straight from numpy: milliseconds a frame, sharp, and in the colours of the page.

Ink is `currentColor` and the card is the page's own background where JupyterLab's variables exist; where they do not
(an untrusted notebook, GitHub, a picture in an `<img>`) the fallbacks make an opaque light card with dark ink.
Lines differ by dash as well as by colour; signed matrices have symmetric limits and a printed scale.
"""

import base64
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

import numpy as np

COLORS = ("#5790fc", "#f89c20", "#e42536", "#964a8b", "#7c7c85", "#7a21dd")  # tlteach.plots.COLOURS, the grey darkened
DASHES = ("", "7 3", "2 3", "9 3 2 3", "5 2", "12 4")
CARD = "var(--jp-layout-color0,#fff)"
INK = "var(--jp-content-font-color1,#1f1f1f)"
SIGNED, POSITIVE = "RdBu_r", "viridis"


def svg(width: float, height: float, body: Iterable[str], label: str) -> str:
    """A whole picture, `width` x `height` in its own units, with its text alternative."""
    style = f"display:block;max-width:{width:g}px;width:100%;height:auto;color:{INK};background:{CARD}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(label)}" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'font-family="system-ui,sans-serif" font-size="12" style="{style}">{"".join(body)}</svg>'
    )


def text(x: float, y: float, content: str, anchor: str = "start", size: float = 12, **attributes) -> str:
    """One line of text; `anchor` is start, middle or end. Underscores in attribute names become hyphens."""
    more = _attributes(attributes)
    return (
        f'<text x="{x:.5g}" y="{y:.5g}" text-anchor="{anchor}" font-size="{size:g}" fill="currentColor"{more}>'
        f"{escape(content)}</text>"
    )


def rect(x: float, y: float, width: float, height: float, fill: str = "none", **attributes) -> str:
    return (
        f'<rect x="{x:.5g}" y="{y:.5g}" width="{width:.5g}" height="{height:.5g}" fill="{fill}"'
        f"{_attributes(attributes)}/>"
    )


def line(
    x1: float, y1: float, x2: float, y2: float, color: str = "currentColor", width: float = 1, **attributes
) -> str:
    return (
        f'<line x1="{x1:.5g}" y1="{y1:.5g}" x2="{x2:.5g}" y2="{y2:.5g}" stroke="{color}" stroke-width="{width:g}"'
        f"{_attributes(attributes)}/>"
    )


def _attributes(attributes: dict) -> str:
    return "".join(f' {k.rstrip("_").replace("_", "-")}="{escape(str(v))}"' for k, v in attributes.items() if v != "")


@cache
def _palette(name: str) -> np.ndarray:
    import matplotlib  # only its colour tables; no figure is made

    return (matplotlib.colormaps[name](np.arange(256))[:, :3] * 255).round().astype(np.uint8)  # (256, 3)


def colorize(matrix: np.ndarray, low: float, high: float, palette: str) -> np.ndarray:
    """Values to colours: (rows, columns) to bytes (rows, columns, 3). Values beyond the limits take the end colours."""
    span = high - low if high > low else 1.0
    index = np.clip((np.asarray(matrix, float) - low) / span * 255, 0, 255).round().astype(int)
    return _palette(palette)[index]


def png(pixels: np.ndarray) -> bytes:
    """RGB bytes (rows, columns, 3) as a PNG file."""
    rows, columns, _ = pixels.shape
    raw = np.concatenate([np.zeros((rows, 1), np.uint8), pixels.reshape(rows, -1)], axis=1).tobytes()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 6)) + chunk(b"IEND", b"")


def data_url(content: bytes | str, kind: str) -> str:
    data = content.encode() if isinstance(content, str) else content
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def heatmap(
    matrix: np.ndarray, x: float, y: float, width: float, height: float, low: float, high: float, palette: str = SIGNED
) -> str:
    """A matrix as coloured cells filling a box, with a frame that is thin however large a unit is on the page."""
    source = data_url(png(colorize(matrix, low, high, palette)), "image/png")
    return (
        f'<image x="{x:.5g}" y="{y:.5g}" width="{width:.5g}" height="{height:.5g}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="{source}"/>'
    ) + rect(x, y, width, height, stroke="currentColor", stroke_opacity=0.5, vector_effect="non-scaling-stroke")


def colorbar(x: float, y: float, width: float, low: float, high: float, palette: str = SIGNED) -> str:
    """A horizontal scale with its ends (and its zero, when signed) printed."""
    bar = heatmap(np.linspace(low, high, 64)[None], x, y, width, 7, low, high, palette)
    marks = [(x, "start", low), (x + width, "end", high)] + ([(x + width / 2, "middle", 0.0)] if low == -high else [])
    return bar + "".join(text(px, y + 18, number(value), anchor, 10) for px, anchor, value in marks)


def limit(*arrays: np.ndarray) -> float:
    """A symmetric limit for signed values, never zero."""
    return max((float(np.abs(a).max()) for a in arrays if np.size(a)), default=0.0) or 1.0


def number(value: float, signed: bool = False) -> str:
    """Three significant digits, with a true minus sign."""
    return f"{value + 0.0:{'+' if signed and value else ''}.3g}".replace("-", "\u2212")


def ticks(low: float, high: float, count: int = 5) -> np.ndarray:
    """Round numbers between the limits, about `count` of them."""
    span = high - low
    step = 10.0 ** np.floor(np.log10(span / count))
    step *= next((m for m in (1, 2, 5) if span / (step * m) <= count), 10)
    return np.round(np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step, 12) + 0.0


def decades(low: float, high: float) -> np.ndarray:
    """The powers of ten between the limits; with fewer than two of them, also 2 and 5 times these."""
    exponents = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for factors in ((1,), (1, 2, 5)):
        values = np.unique(np.outer(10.0**exponents, factors))
        values = values[(values >= low * 0.999) & (values <= high * 1.001)]
        if len(values) > 1:
            break
    return values


def _part(value, limits: tuple[float, float], log: bool) -> np.ndarray:
    """Where values lie between the limits, 0 at the lower and 1 at the upper."""
    low, high, value = *limits, np.asarray(value, float)
    if log:
        low, high, value = np.log10(low), np.log10(high), np.log10(np.maximum(value, 1e-300))
    return (value - low) / ((high - low) or 1)


@dataclass(frozen=True)
class Axes:
    """A plotting box: `x`, `y` its upper left corner, `xlim`, `ylim` the data limits, either axis logarithmic."""

    x: float
    y: float
    width: float
    height: float
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    logx: bool = False
    logy: bool = False

    def px(self, value):
        return self.x + _part(value, self.xlim, self.logx) * self.width

    def py(self, value):
        return self.y + self.height * (1 - np.clip(_part(value, self.ylim, self.logy), -0.02, 1.02))

    def frame(self, xlabel: str = "", ylabel: str = "", title: str = "") -> str:
        """Axis lines, grid, numbers and names."""
        bottom, right = self.y + self.height, self.x + self.width
        parts = [rect(self.x, self.y, self.width, self.height, stroke="currentColor", stroke_opacity=0.45)]
        for v in decades(*self.xlim) if self.logx else ticks(*self.xlim, 6):
            parts += [line(self.px(v), bottom, self.px(v), bottom + 4)]
            parts += [text(self.px(v), bottom + 16, thousands(v), "middle", 11)]
        for v in decades(*self.ylim) if self.logy else ticks(*self.ylim, 4):
            parts += [line(self.x, self.py(v), right, self.py(v), stroke_opacity=0.15)]
            parts += [text(self.x - 5, self.py(v) + 4, number(v), "end", 11)]
        parts += [text(self.x + self.width / 2, bottom + 32, xlabel, "middle")] if xlabel else []
        if ylabel:
            at = f"rotate(-90 {self.x - 40:.5g} {self.y + self.height / 2:.5g})"
            parts += [text(self.x - 40, self.y + self.height / 2, ylabel, "middle", transform=at)]
        parts += [text(self.x, self.y - 8, title, size=13, font_weight="600")] if title else []
        return "".join(parts)

    def line(
        self, x: Sequence[float], y: Sequence[float], color: str, dash: str = "", width: float = 2.2, **more
    ) -> str:
        """A curve; points that are not finite break it."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        good = np.isfinite(x) & np.isfinite(y)
        path, pen_up = [], True
        for ok, a, b in zip(good, self.px(x), self.py(np.where(good, y, 1.0)), strict=True):
            if ok:
                path.append(f"{'M' if pen_up else 'L'}{a:.1f} {b:.1f}")
            pen_up = not ok
        attributes = _attributes({"stroke_dasharray": dash, "stroke_width": width, **more})
        return f'<path d="{"".join(path)}" fill="none" stroke="{color}" stroke-linejoin="round"{attributes}/>'

    def point(self, x: float, y: float, color: str, radius: float = 5) -> str:
        return (
            f'<circle cx="{self.px(x):.5g}" cy="{self.py(y):.5g}" r="{radius:g}" fill="{color}" '
            f'stroke="currentColor" stroke-width="1"/>'
        )

    def vertical(self, x: float, dash: str = "4 3", **more) -> str:
        return line(self.px(x), self.y, self.px(x), self.y + self.height, stroke_dasharray=dash, **more)

    def horizontal(self, y: float, dash: str = "4 3", **more) -> str:
        return line(self.x, self.py(y), self.x + self.width, self.py(y), stroke_dasharray=dash, **more)


def legend(x: float, y: float, entries: Iterable[tuple[str, str, str]], gap: float = 18) -> str:
    """Rows of (label, color, dash), downwards from (x, y)."""
    parts = []
    for i, (label, color, dash) in enumerate(entries):
        top = y + i * gap
        parts += [line(x, top - 4, x + 26, top - 4, color, 2.5, stroke_dasharray=dash), text(x + 32, top, label)]
    return "".join(parts)


def thousands(value: float) -> str:
    """A count with thin spaces between thousands; small numbers as `number` writes them."""
    return f"{value:,.0f}".replace(",", "\u2009") if abs(value) >= 1000 else number(value)
