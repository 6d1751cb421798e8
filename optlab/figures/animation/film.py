"""Saves a film: a drawing whose numbers appear one after the other."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from optlab.figures import canvas
from optlab.figures.animation import files
from optlab.figures.animation.player import checked
from optlab.figures.animation.scene import Timing
from optlab.markup.files import replacing
from optlab.markup.film import NEW, Film
from optlab.markup.svg import GRADIENT, VALUE

FPS, PAUSE = 2, 3.0
"""Numbers per second, and the pause at the end in seconds."""


def frames(film: Film) -> Iterator[Image.Image]:
    """The frames as images, with one pixel for each pixel of the drawing."""
    for number in range(film.count):
        page = canvas.figure(film.frame(number)).png(canvas.DPI)
        yield Image.open(io.BytesIO(page)).convert("RGB")


def save(film: Film, path: Path, option: str = "") -> Path:
    """Write a film as .gif, .webp, .png (animated), .mp4 or .svg. `option` is the text before the path in messages.

    Raises:
        UserError: there is no such format or folder, or ffmpeg failed.
        MissingPackage: there is no ffmpeg for .mp4.
    """
    kind = checked(path, option).removeprefix(".")
    timing = Timing(film.count, FPS, PAUSE)
    with replacing(path) as part:
        if kind == "svg":
            part.write_text(film.svg(FPS, timing.held), encoding="utf-8")
        else:
            files.write(frames(film), timing, [VALUE, GRADIENT, NEW], part, kind)
    return path
