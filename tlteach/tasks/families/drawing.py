"""Pictures made of strokes: what is drawn where there is no OpenGL, and of what is flat anyway."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from PIL import Image, ImageDraw

BACKGROUND = (255, 255, 255)
GROUND = (205, 205, 205)
BODY = (31, 119, 180)
GOAL = (214, 39, 40)
SIZE = 240  # pixels


@dataclass(frozen=True)
class Stroke:
    """A line with round ends, in metres; a disc where start and end are the same."""

    start: tuple[float, float]
    end: tuple[float, float]
    width: float
    colour: tuple[int, int, int] = BODY


@dataclass(frozen=True)
class Picture:
    """Strokes, the first at the back, in a square window of `span` metres around `centre`; y points upwards."""

    strokes: Sequence[Stroke]
    centre: tuple[float, float]
    span: float

    def svg(self, alt: str, size: int = SIZE) -> str:
        """An SVG element with a text alternative."""
        lines = []
        for stroke in self.strokes:
            (x1, y1), (x2, y2) = self._place(stroke.start, size), self._place(stroke.end, size)
            width = max(1.0, stroke.width * size / self.span)
            colour = "#{:02x}{:02x}{:02x}".format(*stroke.colour)
            lines.append(
                f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                f'stroke="{colour}" stroke-width="{width:.1f}" stroke-linecap="round"/>'
            )
        head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 {size} {size}"'
        name = escape(alt, quote=True)
        return f'{head} role="img" aria-label="{name}"><title>{name}</title>{"".join(lines)}</svg>'

    def pixels(self, size: int = SIZE) -> np.ndarray:
        """(size, size, 3) uint8."""
        large = 2 * size  # drawn large and shrunk: smooth edges
        image = Image.new("RGB", (large, large), BACKGROUND)
        draw = ImageDraw.Draw(image)
        for stroke in self.strokes:
            ends = [self._place(stroke.start, large), self._place(stroke.end, large)]
            radius = max(1.0, stroke.width * large / self.span / 2)
            draw.line(ends, fill=stroke.colour, width=round(2 * radius))
            for x, y in ends:
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=stroke.colour)
        return np.asarray(image.resize((size, size), Image.Resampling.BOX))

    def _place(self, point: tuple[float, float], size: int) -> tuple[float, float]:
        (x, y), (x0, y0) = point, self.centre
        return (0.5 + (x - x0) / self.span) * size, (0.5 - (y - y0) / self.span) * size
