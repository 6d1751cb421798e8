"""What moves over which background, and when: the paths of balls in pixels, and the step of each frame."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from optlab.experiments.choices import FPS, FRAMES
from optlab.figures import style
from optlab.figures.figure import InlineFigure
from optlab.figures.in_view import InView
from optlab.figures.style import Look

Floats = NDArray[np.float64]

_LOOKS = 400
"""The points of each track that the number of the step should not cover."""


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
    """The path of one ball: steps, shape (points,), and places in pixels, shape (points, 2), NaN outside of the view.

    If `is_lost`, the run diverged after its last point, and the ball disappears there. A faint track has no ball.
    `is_hidden`, shape (points,), tells where the path is behind a hill; by default nowhere.
    """

    steps: Floats
    places: Floats
    colour: str
    is_lost: bool = False
    is_faint: bool = False
    is_hidden: NDArray[np.bool_] | None = None

    def at(self, step: float) -> Floats:
        """The place at a step, on the straight line between recorded steps."""
        return np.array([np.interp(step, self.steps, self.places[:, axis]) for axis in (0, 1)])

    def between(self, first: float, last: float) -> Floats:
        """The path from one step to another, with the recorded points on the way."""
        return self._from_to(first, last)[1]

    def pieces(self, first: float, last: float) -> Iterator[tuple[Floats, Floats, bool]]:
        """The parts of the path from one step to another that are in the view: steps, places, and whether the part is
        behind a hill."""
        steps, places = self._from_to(first, last)
        is_hidden = np.array([self.hides(step) for step in steps[:-1]], dtype=bool)
        is_there = np.isfinite(places[1:, 0]) & np.isfinite(places[:-1, 0])
        kinds = np.where(is_there, 1 + is_hidden, 0)
        for begin, end in pairwise([0, *(np.flatnonzero(np.diff(kinds)) + 1), len(kinds)]):
            if kinds[begin]:
                yield steps[begin : end + 1], places[begin : end + 1], bool(kinds[begin] == 2)

    def hides(self, step: float) -> bool:
        """Whether the path is behind a hill at a step."""
        if self.is_hidden is None:
            return False
        return bool(self.is_hidden[max(0, int(np.searchsorted(self.steps, step, "right")) - 1)])

    def _from_to(self, first: float, last: float) -> tuple[Floats, Floats]:
        on_the_way = (self.steps > first) & (self.steps < last)
        steps = np.concatenate([[first], self.steps[on_the_way], [last]])
        return steps, np.vstack([self.at(first), self.places[on_the_way], self.at(last)])


@dataclass(frozen=True)
class Scene:
    """Tracks over a background.

    `box` is the part of the background that they are drawn in: left, top, right and bottom in pixels.
    """

    background: Image.Image
    box: tuple[int, int, int, int]
    tracks: Sequence[Track]
    timing: Timing
    title: str = ""

    @cached_property
    def steps(self) -> Floats:
        """The step of each frame."""
        return self.timing.steps(max(float(track.steps[-1]) for track in self.tracks))

    @property
    def colours(self) -> list[str]:
        """The colours of the tracks, each once."""
        return list(dict.fromkeys(track.colour for track in self.tracks))

    @property
    def corners(self) -> Floats:
        """The upper left and lower right corner of the box, shape (2, 2)."""
        return np.array(self.box, dtype=float).reshape(2, 2)

    @cached_property
    def size(self) -> float:
        """The size of the font in pixels."""
        return 0.017 * self.background.width

    @cached_property
    def counter(self) -> tuple[Floats, Floats]:
        """The upper left and the lower right corner of the field with the number of the step, shape (2,). It is in the
        corner of the box where it covers the fewest points of the tracks; of equal ones in the upper left corner."""
        field, gap = self.size * np.array([7.5, 2.0]), 0.4 * self.size
        (left, top), (right, bottom) = self.corners[0] + gap, self.corners[1] - gap - field
        last = self.steps[-1]
        places = np.array([track.at(step) for track in self.tracks for step in np.linspace(0.0, last, _LOOKS)])
        fields = [np.array(corner) for corner in ((left, top), (right, top), (left, bottom), (right, bottom))]
        near = 0.5 * self.size
        best = min(fields, key=lambda at: int(((places > at - near) & (places < at + field + near)).all(1).sum()))
        return best, best + field

    @property
    def length(self) -> float:
        """The length of arrows in pixels."""
        return 0.035 * float((self.corners[1] - self.corners[0]).max())


def of_figure(
    sheet: InlineFigure,
    in_view: Callable[[Floats], InView],
    paths: pd.DataFrame,
    lost: Sequence[str],
    looks: dict[str, Look],
    width: int,
    timing: Timing,
    title: str = "",
) -> Scene:
    """The scene of trajectories on a map or a surface.

    Args:
        sheet: the figure of the map without them.
        in_view: gives the part of a trajectory that is in the view, in the coordinates of the axes.
        paths: columns `label`, `step`, `x0` and `x1`.
        lost: the labels of runs that diverged.
        title: the name of the problem, for people who do not see the animation.
    """
    dpi = width / sheet.get_figwidth()
    with style.sheet():
        background = Image.open(io.BytesIO(sheet.png(dpi))).convert("RGB")
    axes: Any = sheet.axes[0]
    scale = dpi / sheet.dpi
    tracks = []
    for label, path in paths.groupby("label", sort=False):
        points = path[["x0", "x1"]].to_numpy(float)
        points = points[: int(np.argmin(np.append(np.isfinite(points).all(1), False)))]
        if len(points):
            found, look = in_view(points), looks[str(label)]
            places = axes.transData.transform(found.places) * scale * [1, -1] + [0, background.height]
            steps = np.interp(found.positions, np.arange(len(points)), path["step"].to_numpy(float)[: len(points)])
            tracks.append(Track(steps, places, look.colour, label in lost, look.faint, found.is_hidden))
    area = axes.get_window_extent()
    left, right = (round(scale * side) for side in (area.x0, area.x1))
    top, bottom = (background.height - round(scale * side) for side in (area.y1, area.y0))
    title = f"Balls roll on {title}" if title else "Balls roll"
    return Scene(background, (left, top, right, bottom), tracks, timing, title)
