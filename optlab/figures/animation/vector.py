"""An animation as SVG that moves without a script: its attributes are animated (SMIL). It refers to no other file."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from optlab.figures.animation import raster
from optlab.figures.animation.scene import Scene, Track

Floats = NDArray[np.float64]


def svg(scene: Scene) -> str:
    """The animation as a complete SVG document. The background is an image in it."""
    width, height = scene.background.size
    left, top, right, bottom = scene.box
    page = io.BytesIO()
    scene.background.save(page, "PNG")
    picture = base64.b64encode(page.getvalue()).decode("ascii")
    colours = dict.fromkeys(track.colour for track in scene.tracks)
    moving = [*(_trail(scene, track) for track in scene.tracks)]
    moving += [_ball(scene, track, list(colours).index(track.colour)) for track in scene.tracks if not track.is_faint]
    size = f'width="{width}" height="{height}"'
    window = f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}"/>'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}">',
        f'<defs><clipPath id="map">{window}</clipPath>',
        *(_shade(colour, number) for number, colour in enumerate(colours)),
        f'</defs><image {size} href="data:image/png;base64,{picture}"/>',
        '<g clip-path="url(#map)">',
        *moving,
        "</g>",
        _counter(scene),
    ]
    return "\n".join([*parts, "</svg>\n"])


def _animated(scene: Scene, name: str, values: Iterable[str], tag: str = "animate", more: str = "") -> str:
    """The element that gives an attribute one value for each frame. The last stays for the pause."""
    listed = list(values)
    listed += [listed[-1]] * (scene.timing.held - 1)
    seconds = len(listed) / scene.timing.fps
    return (
        f'<{tag} attributeName="{name}" values="{";".join(listed)}" dur="{seconds:g}s" repeatCount="indefinite"{more}/>'
    )


def _trail(scene: Scene, track: Track) -> str:
    """A line that is as long as the way up to now."""
    whole = np.clip(track.places, -1e4, 1e4)
    ways = np.append(0.0, np.hypot(*np.diff(whole, axis=0).T).cumsum())
    gaps = (f"{ways[-1] - np.interp(step, track.steps, ways):.1f}" for step in scene.steps)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in whole)
    line = f'<polyline points="{points}" fill="none" stroke="{track.colour}" stroke-width="1.6" stroke-opacity="0.7"'
    length = f"{ways[-1] + 1:.1f}"
    return f'{line} stroke-dasharray="{length} {length}">{_animated(scene, "stroke-dashoffset", gaps)}</polyline>'


def _ball(scene: Scene, track: Track, number: int) -> str:
    """A ball, and the arrow that replaces it while it is outside."""
    places = (np.clip(track.at(step), -1e4, 1e4) for step in scene.steps)
    moved = _animated(scene, "transform", (f"{x:.1f} {y:.1f}" for x, y in places), "animateTransform",
                      ' type="translate"')  # fmt: skip
    heads = [raster.arrow(track, step, scene.corners) for step in scene.steps]
    shown = [str(int(raster.is_shown(track, step))) for step in scene.steps]
    radius = raster.BALL * scene.background.width / 2
    parts = [f'<g><circle r="{radius:.1f}" fill="url(#ball{number})" stroke="white" stroke-width="1.2"/>{moved}']
    if "0" in shown:
        parts.append(_animated(scene, "opacity", shown, more=' calcMode="discrete"'))
    parts.append("</g>")
    if any(head is not None for head in heads):
        corners = next(head for head in reversed(heads) if head is not None)
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        there = _animated(scene, "opacity", (str(int(head is not None)) for head in heads), more=' calcMode="discrete"')
        parts.append(f'<polygon points="{points}" fill="{track.colour}" stroke="white" opacity="0">{there}</polygon>')
    return "".join(parts)


def _shade(colour: str, number: int) -> str:
    """The gradient of a ball, with light from the upper left."""
    stops = f'<stop offset="0" stop-color="white"/><stop offset="0.75" stop-color="{colour}"/>'
    return f'<radialGradient id="ball{number}" cx="0.33" cy="0.3" r="0.75">{stops}</radialGradient>'


def _counter(scene: Scene) -> str:
    """The number of the step: a column of texts that moves behind a window of one line."""
    left, top, _, _ = scene.box
    size = 0.017 * scene.background.width
    line = 2 * size
    texts = "".join(
        f'<text x="{0.6 * size:.1f}" y="{number * line + 1.35 * size:.1f}">step {step:,.0f}</text>'
        for number, step in enumerate(scene.steps)
    )
    moved = _animated(scene, "transform", (f"0 {-number * line:.1f}" for number in range(len(scene.steps))),
                      "animateTransform", ' type="translate" calcMode="discrete"')  # fmt: skip
    window = f'x="{left + 0.4 * size:.1f}" y="{top + 0.4 * size:.1f}" width="{7.5 * size:.1f}" height="{line:.1f}"'
    font = f'font-family="\'DejaVu Sans\', Verdana, sans-serif" font-size="{size:.1f}" fill="#222222"'
    return f'<svg {window} {font}><rect width="100%" height="100%" rx="4" fill="white"/><g>{texts}{moved}</g></svg>'
