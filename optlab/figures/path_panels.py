"""The path of one optimizer on the maps of several problems, side by side, for the gallery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from optlab.figures import contour, style
from optlab.figures import figure as figures
from optlab.figures.figure import InlineFigure
from optlab.figures.relief import Surface

SIZE = (8.0, 2.7)
COLOURS = 96
"""The number of colours in a picture. A page has dozens of pictures, and with all colours each file would be five times
as large."""


@dataclass(frozen=True)
class PathPanel:
    """A surface, the path over it, shape (steps, 2), its minima and their height, and a title."""

    title: str
    surface: Surface
    path: NDArray[np.float64]
    minima: Sequence[Any]
    minimum: float | None


def save(panels: Sequence[PathPanel], path: Path) -> Path:
    """Write the figure as PNG with few colours."""
    figures.save(figure(panels), path)
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    return path


def figure(panels: Sequence[PathPanel]) -> InlineFigure:
    """A figure with one panel per surface, side by side. It needs no legend, since each panel has one path."""
    with style.sheet():
        sheet, all_axes = figures.new(len(panels), size=SIZE)
        for panel, axes in zip(panels, all_axes, strict=True):
            x0, x1 = panel.path.T
            path = pd.DataFrame({"label": "", "step": np.arange(len(x0)), "x0": x0, "x1": x1})
            contour.draw(panel.surface, path, axes, minima=panel.minima, minimum=panel.minimum)
            axes.set_title(panel.title)
            axes.set(xlabel="", ylabel="", aspect="auto")
            axes.tick_params(labelsize=8)
    return sheet
