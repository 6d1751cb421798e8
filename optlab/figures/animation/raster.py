"""The frames of an animation as images.

Everything that moves is drawn with twice the resolution in the box of the scene, and reduced. Finished parts of trails
stay on the canvas, so that each frame adds only what is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from optlab.figures.animation.scene import Scene, Track
from optlab.figures.balls import SHADED
from optlab.figures.in_view import exit_of

Floats = NDArray[np.float64]

FINE = 3
"""The pixels of the canvas for each pixel of a frame, along each side."""
TAIL = 14
"""The number of frames in which the trail behind a ball fades."""
BALL = 0.02
"""The diameter of a ball as a share of the width."""
HIDDEN = 0.4
"""The opacity of what is behind a hill."""
_FADED = 0.75
"""The share of the colour in a faded trail; the remainder is white."""


_THIN = 1.4
"""The width of a faded trail, in pixels of a frame that is 800 pixels wide."""


def frames(scene: Scene) -> Iterator[Image.Image]:
    """The frames in their order."""
    left, top, right, bottom = scene.box
    size = (FINE * (right - left), FINE * (bottom - top))
    canvas = scene.background.crop(scene.box).resize(size, Image.Resampling.BICUBIC)
    sprites = [ball(track.colour, round(FINE * BALL * scene.background.width)) for track in scene.tracks]
    font = font_of(FINE * scene.size)
    for number, step in enumerate(scene.steps):
        if number:
            _add(canvas, scene, *scene.steps[number - 1 : number + 1])
        moving = canvas.copy()
        _draw(moving, scene, number, sprites)
        _write(moving, scene, f"step {step:,.0f}", font)
        frame = scene.background.copy()
        frame.paste(moving.reduce(FINE), scene.box)
        yield frame


def ball(colour: str, diameter: int) -> Image.Image:
    """A shaded ball with a white rim, with light from the upper left, on a transparent square."""
    fine = 4 * diameter
    sprite = Image.new("RGBA", (fine, fine), (*_mixed(colour, 0.0), 0))
    pen = ImageDraw.Draw(sprite)
    pen.ellipse((0, 0, fine - 1, fine - 1), fill="white")
    for share, offset, white in SHADED:
        centre, radius = fine / 2 - 0.43 * fine * offset, 0.43 * fine * share
        pen.ellipse(
            [centre - radius, centre - radius, centre + radius, centre + radius], fill=_mixed(colour, 1 - white)
        )
    return sprite.reduce(4)


def font_of(size: float) -> Any:
    """The font of the figures at a size in pixels."""
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), round(size))


def _add(canvas: Image.Image, scene: Scene, first: float, last: float) -> None:
    """Add the faded trails between two steps to the canvas."""
    pen = ImageDraw.Draw(canvas)
    for track in scene.tracks:
        _line(pen, scene, track, (first, last), _FADED, _THIN)


def _draw(moving: Image.Image, scene: Scene, number: int, sprites: list[Image.Image]) -> None:
    """Draw the trails of the last frames, the balls, and arrows for balls that left."""
    pen, steps = ImageDraw.Draw(moving), scene.steps
    for track in scene.tracks:
        for age in range(min(TAIL, number) if not track.is_faint else 0, 0, -1):
            part = (steps[number - age], steps[number - age + 1])
            fresh = 1 - (age - 1) / TAIL
            _line(pen, scene, track, part, _FADED + (1 - _FADED) * fresh, _THIN + 1.2 * fresh)
    for track, sprite in zip(scene.tracks, sprites, strict=True):
        if track.is_faint:
            continue
        if (head := arrow(track, steps[number], scene.length)) is not None:
            pen.polygon([tuple(corner) for corner in _on_canvas(scene, head)], fill=track.colour, outline="white")
        elif is_shown(track, steps[number]):
            centre = _on_canvas(scene, track.at(steps[number])[None])[0]
            corner = (round(centre[0] - sprite.width / 2), round(centre[1] - sprite.height / 2))
            mask = sprite.getchannel("A").point(lambda alpha: int(HIDDEN * alpha))
            moving.paste(sprite, corner, mask if track.hides(steps[number]) else sprite)


def is_shown(track: Track, step: float) -> bool:
    """Whether the ball of a track is there at a step."""
    is_there = bool(np.isfinite(track.at(step)).all())
    return is_there and not track.is_faint and not (track.is_lost and step > track.steps[-1])


def arrow(track: Track, step: float, length: float) -> Floats | None:
    """The triangle at the border of the view, where the ball of a track is outside at a step; otherwise None."""
    found = exit_of(track.between(track.steps[0], step))
    if found is None:
        return None
    tip, along = found[0], length * found[1]
    across = 0.45 * along[::-1] * [-1, 1]
    return np.array([tip, tip - along + across, tip - along - across])


def _line(
    pen: ImageDraw.ImageDraw, scene: Scene, track: Track, ends: tuple[float, float], share: float, width: float
) -> None:
    """Draw the part of a track between two steps with a share of its colour; `width` is in pixels of a frame that is
    800 pixels wide."""
    for _, places, is_hidden in track.pieces(*ends):
        colour = _mixed(track.colour, HIDDEN * share if is_hidden else share)
        fine = max(1, round(FINE * (min(width, _THIN) if is_hidden else width) * scene.background.width / 800))
        pen.line([tuple(place) for place in _on_canvas(scene, places)], fill=colour, width=fine, joint="curve")


def _on_canvas(scene: Scene, places: Floats) -> Floats:
    return FINE * (places - scene.corners[0])


def _write(moving: Image.Image, scene: Scene, text: str, font: Any) -> None:
    """Write the number of the step into its field."""
    pen = ImageDraw.Draw(moving)
    (left, top), (right, bottom) = (tuple(corner) for corner in _on_canvas(scene, np.array(scene.counter)))
    pen.rounded_rectangle((left, top, right, bottom), 0.3 * font.size, fill="#FFFFFF")
    pen.text((left + 0.6 * font.size, (top + bottom) / 2), text, fill="#222222", font=font, anchor="lm")


def _mixed(colour: str, share: float) -> tuple[int, ...]:
    """A share of a colour, mixed with white."""
    return tuple(round(255 * (1 - share + share * part)) for part in to_rgb(colour))
