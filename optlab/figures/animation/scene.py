"""What moves over which background, and when: the paths of balls in pixels, and the step of each frame."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from optlab.experiments.choices import FPS, FRAMES
from optlab.figures import contour, style
from optlab.figures.figure import InlineFigure
from optlab.figures.style import Look

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Timing:
    """The number of frames, frames per second, and the pause at the end in seconds."""

    frames: int = FRAMES
    fps: int = FPS
    pause: float = 1.5

    @property
    def held(self) -> int:
        """The number of times that the last frame is shown in a file whose frames all last equally long."""
        return 1 + round(self.pause * self.fps)

    def steps(self, last: float) -> Floats:
        """The step of each frame, with fractions. The steps per frame grow in proportion to the time, so that the
        beginning, where balls move most, has most frames.

        >>> Timing(frames=5).steps(16).tolist()
        [0.0, 1.0, 4.0, 9.0, 16.0]
        """
        return last * np.linspace(0.0, 1.0, self.frames) ** 2


@dataclass(frozen=True)
class Track:
    """The path of one ball: steps, shape (points,), and places in pixels, shape (points, 2).

    If `is_lost`, the run diverged after its last point, and the ball disappears there. A faint track has no ball.
    """

    steps: Floats
    places: Floats
    colour: str
    is_lost: bool = False
    is_faint: bool = False

    def at(self, step: float) -> Floats:
        """The place at a step, on the straight line between recorded steps."""
        return np.array([np.interp(step, self.steps, self.places[:, axis]) for axis in (0, 1)])

    def between(self, first: float, last: float) -> Floats:
        """The path from one step to another, with the recorded points on the way."""
        on_the_way = self.places[(self.steps > first) & (self.steps < last)]
        return np.vstack([self.at(first), on_the_way, self.at(last)])


@dataclass(frozen=True)
class Scene:
    """Tracks over a background.

    `box` is the part of the background that they are drawn in: left, top, right and bottom in pixels.
    """

    background: Image.Image
    box: tuple[int, int, int, int]
    tracks: Sequence[Track]
    timing: Timing

    @cached_property
    def steps(self) -> Floats:
        """The step of each frame."""
        return self.timing.steps(max(float(track.steps[-1]) for track in self.tracks))

    @property
    def corners(self) -> Floats:
        """The upper left and lower right corner of the box, shape (2, 2)."""
        return np.array(self.box, dtype=float).reshape(2, 2)


def of_map(
    sheet: InlineFigure, paths: pd.DataFrame, lost: Sequence[str], looks: dict[str, Look], width: int, timing: Timing
) -> Scene:
    """The scene of trajectories on a map. `sheet` is the figure of the map without them.

    `paths` has the columns `label`, `step`, `x0` and `x1`, and `lost` the labels of runs that diverged.
    """
    dpi = width / sheet.get_figwidth()
    with style.sheet():
        background = Image.open(io.BytesIO(sheet.png(dpi))).convert("RGB")
    axes: Any = sheet.axes[0]
    scale, limits = dpi / sheet.dpi, np.array([axes.get_xlim(), axes.get_ylim()]).T
    tracks = []
    for label, path in paths.groupby("label", sort=False):
        points = contour.cut(path[["x0", "x1"]].to_numpy(float), limits)
        if len(points):
            places = axes.transData.transform(points) * scale * [1, -1] + [0, background.height]
            look, is_lost = looks[str(label)], label in lost
            steps = path["step"].to_numpy(float)[: len(points)]
            tracks.append(Track(steps, places, look.colour, is_lost, look.faint))
    area = axes.get_window_extent()
    left, right = (round(scale * side) for side in (area.x0, area.x1))
    top, bottom = (background.height - round(scale * side) for side in (area.y1, area.y0))
    return Scene(background, (left, top, right, bottom), tracks, timing)
