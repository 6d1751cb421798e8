"""A small line chart as a drawing; notebooks show the loss along the steps with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from optlab.markup.svg import INK, MUTED, VALUE, Circle, Drawing, Line, Point, Text

WIDTH, HEIGHT = 420.0, 170.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 78.0, 14.0, 26.0, 26.0
_MOST = 400
"""The largest number of points of the line. Longer sequences are sampled at equal distances."""
_DECADES = 2.0
"""The axis is logarithmic if all values are positive and span at least this many powers of ten."""


def line_chart(values: Sequence[float], title: str, dots: Sequence[float] = (), ends: Sequence[str] = ()) -> Drawing:
    """A chart of values over their indices 0, 1, ...; a value that is not finite is a gap.

    Args:
        values: the values of the line.
        title: the title above the line.
        dots: further values at the same indices, drawn as circles.
        ends: the texts below the first and the last value. Default: their indices.

    >>> line_chart([1.0, 0.1, 0.01], "loss").shapes[0].text
    'loss, logarithmic'
    """
    last = len(values) - 1
    shown = sorted({round(i * last / _MOST) for i in range(_MOST + 1)}) if last > _MOST else range(last + 1)
    finite = [v for v in [*(values[i] for i in shown), *dots] if math.isfinite(v)]
    lowest, highest = (min(finite), max(finite)) if finite else (0.0, 1.0)
    logarithmic = lowest > 0 and math.log10(highest) - math.log10(lowest) >= _DECADES

    def place(i: int, value: float) -> Point:
        low, high, at = (
            math.log10(v) if logarithmic else v / 2 for v in (lowest, highest, value)
        )  # v / 2: no overflow
        share = (at - low) / (high - low) if high > low else 0.5
        across = _LEFT + (WIDTH - _LEFT - _RIGHT) * (i / last if last else 0.5)
        return across, HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * share

    below, right = HEIGHT - _BOTTOM / 2, WIDTH - _RIGHT
    first_text, last_text = ends or ("0", f"{last:,}")
    shapes = [
        Text((_LEFT, _TOP / 2), title + ", logarithmic" * logarithmic, 12.0, INK, "start", bold=True),
        Line([(_LEFT, _TOP), (_LEFT, HEIGHT - _BOTTOM), (right, HEIGHT - _BOTTOM)], MUTED, 1.0),
        Text((_LEFT - 6, _TOP + 4), f"{highest:.3g}", 11.0, MUTED, "end"),
        Text((_LEFT - 6, HEIGHT - _BOTTOM - 4), f"{lowest:.3g}", 11.0, MUTED, "end"),
        Text((_LEFT, below), first_text, 11.0, MUTED, "start"),
        Text((right, below), last_text, 11.0, MUTED, "end"),
    ]
    shapes += [Line(part, VALUE, 1.8) for part in _pieces([(i, values[i]) for i in shown], place)]
    shapes += [Circle(place(i, v), 3.0, "none", INK) for i, v in enumerate(dots) if math.isfinite(v)]
    return Drawing(WIDTH, HEIGHT, tuple(shapes), title)


def _pieces(points: Sequence[tuple[int, float]], place: Callable[[int, float], Point]) -> list[list[Point]]:
    """The parts of a line between gaps; a single value between two gaps becomes a short stroke."""
    parts: list[list[Point]] = [[]]
    for i, value in points:
        if math.isfinite(value):
            parts[-1].append(place(i, value))
        elif parts[-1]:
            parts.append([])
    return [part if len(part) > 1 else [part[0], (part[0][0] + 2, part[0][1])] for part in parts if part]
