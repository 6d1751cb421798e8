"""An animation as SVG that moves without a script: its attributes are animated (SMIL). It refers to no other file."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from optlab.figures.animation import raster
from optlab.figures.animation.scene import Scene, Track
from optlab.markup.film import REDUCED

Floats = NDArray[np.float64]


def svg(scene: Scene) -> str:
    """The animation as a complete SVG document. The background is an image in it."""
    width, height = scene.background.size
    left, top, right, bottom = scene.box
    page = io.BytesIO()
    scene.background.save(page, "PNG")
    picture = base64.b64encode(page.getvalue()).decode("ascii")
    colours = scene.colours
    moving = [*(_trail(scene, track) for track in scene.tracks)]
    moving += [_ball(scene, track, colours.index(track.colour)) for track in scene.tracks if not track.is_faint]
    size = f'width="{width}" height="{height}"'
    window = f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}"/>'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(scene.title)}</title>",
        f'<defs><clipPath id="map">{window}</clipPath>',
        *(_shade(colour, number) for number, colour in enumerate(colours)),
        f'</defs><image {size} href="data:image/png;base64,{picture}"/>',
        f"<style>{REDUCED}</style>",
        '<g class="moving"><g clip-path="url(#map)">',
        *moving,
        f"</g>{_counter(scene)}</g>",
        f'<g class="still"><g clip-path="url(#map)">{_still(scene, colours)}</g></g>',
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
    """Lines that are as long as the way up to now, one for each part in the view."""
    return "".join(_part(scene, track.colour, *part) for part in track.pieces(track.steps[0], track.steps[-1]))


def _part(scene: Scene, colour: str, steps: Floats, places: Floats, is_hidden: bool) -> str:
    ways = np.append(0.0, np.hypot(*np.diff(places, axis=0).T).cumsum())
    gaps = (f"{ways[-1] - np.interp(step, steps, ways):.1f}" for step in scene.steps)
    length = f"{ways[-1] + 1:.1f}"
    line = f'<polyline {_line(colour, places, is_hidden)} stroke-dasharray="{length} {length}">'
    return f"{line}{_animated(scene, 'stroke-dashoffset', gaps)}</polyline>"


def _line(colour: str, places: Floats, is_hidden: bool) -> str:
    """The attributes of a line."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    width, opacity = (1.0, raster.HIDDEN) if is_hidden else (1.6, 0.7)
    return f'points="{points}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-opacity="{opacity}"'


def _still(scene: Scene, colours: list[str]) -> str:
    """The end of the animation, without motion."""
    parts, last = [], float(scene.steps[-1])
    for track in scene.tracks:
        for _, places, is_hidden in track.pieces(track.steps[0], track.steps[-1]):
            parts.append(f"<polyline {_line(track.colour, places, is_hidden)}/>")
        if track.is_faint:
            continue
        if (head := raster.arrow(track, last, scene.length)) is not None:
            parts.append(f"<polygon {_head(head, track.colour)}/>")
        elif raster.is_shown(track, last):
            x, y = track.at(last)
            opacity = f' opacity="{raster.HIDDEN}"' * track.hides(last)
            moved = f'transform="translate({x:.1f} {y:.1f})"'
            parts.append(f"<g {moved}{opacity}>{_circle(scene, colours.index(track.colour))}</g>")
    return "".join(parts)


def _circle(scene: Scene, number: int) -> str:
    radius = raster.BALL * scene.background.width / 2
    return f'<circle r="{radius:.1f}" fill="url(#ball{number})" stroke="white" stroke-width="1.2"/>'


def _head(corners: Floats, colour: str) -> str:
    """The attributes of an arrow."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return f'points="{points}" fill="{colour}" stroke="white"'


def _ball(scene: Scene, track: Track, number: int) -> str:
    """A ball, and the arrow that replaces it while it is outside."""
    steps = [float(step) for step in scene.steps]
    places = _held([track.at(step) for step in steps])
    moved = _animated(scene, "transform", (f"{x:.1f} {y:.1f}" for x, y in places), "animateTransform",
                      ' type="translate"')  # fmt: skip
    heads = [raster.arrow(track, step, scene.length) for step in steps]
    shown = [f"{raster.is_shown(track, step) * (raster.HIDDEN if track.hides(step) else 1):g}" for step in steps]
    parts = [f"<g>{_circle(scene, number)}{moved}"]
    if {*shown} != {"1"}:
        parts.append(_animated(scene, "opacity", shown, more=' calcMode="discrete"'))
    parts.append("</g>")
    if any(head is not None for head in heads):
        corners = next(head for head in reversed(heads) if head is not None)
        there = _animated(scene, "opacity", (str(int(head is not None)) for head in heads), more=' calcMode="discrete"')
        parts.append(f'<polygon {_head(corners, track.colour)} opacity="0">{there}</polygon>')
    return "".join(parts)


def _held(places: Sequence[Floats]) -> list[Floats]:
    """The places, with the last one before in place of NaN."""
    held = [np.zeros(2)]
    for place in places:
        held.append(place if np.isfinite(place).all() else held[-1])
    return held[1:]


def _shade(colour: str, number: int) -> str:
    """The gradient of a ball, with light from the upper left."""
    stops = f'<stop offset="0" stop-color="white"/><stop offset="0.75" stop-color="{colour}"/>'
    return f'<radialGradient id="ball{number}" cx="0.33" cy="0.3" r="0.75">{stops}</radialGradient>'


def _counter(scene: Scene) -> str:
    """The number of the step: a column of texts that moves behind a window of one line."""
    (left, top), (right, bottom) = scene.counter
    size, line = scene.size, bottom - top
    texts = "".join(
        f'<text x="{0.6 * size:.1f}" y="{number * line + 1.35 * size:.1f}">step {step:,.0f}</text>'
        for number, step in enumerate(scene.steps)
    )
    moved = _animated(scene, "transform", (f"0 {-number * line:.1f}" for number in range(len(scene.steps))),
                      "animateTransform", ' type="translate" calcMode="discrete"')  # fmt: skip
    window = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{line:.1f}"'
    font = f'font-family="\'DejaVu Sans\', Verdana, sans-serif" font-size="{size:.1f}" fill="#222222"'
    return f'<svg {window} {font}><rect width="100%" height="100%" rx="4" fill="white"/><g>{texts}{moved}</g></svg>'
