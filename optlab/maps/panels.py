"""A finished map as arrays, one panel for each problem, optimizer and further setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.maps import basins
from optlab.records import Floats, Grid, Ints, Sweep

Bools = NDArray[np.bool_]
Columns = Mapping[str, Any]
"""The columns of the table of runs that a map is made of, in the order of the plan."""

BASINS = ("status", "first_loss", "final_loss", "end.x0", "end.x1", "minimum", "reached")


@dataclass(frozen=True, eq=False)
class BasinMap:
    """Where one optimizer ends from every start. Arrays are (rows, columns), the first row being the lowest.

    `x` (columns,) and `y` (rows,) are the starts: the centres of the pixels. `minima` (K, 2) are the minima, lowest
    first. `minimum` is the number of the one at which a run ended, -1 where it ended at none; `reached` the first step
    at which its loss was that of this minimum, to within `optlab.maps.basins.SHARE` of the function's height, -1 where
    there is no minimum. `loss` is the final loss, `end` (rows, columns, 2) where the run ended, NaN where `diverged`.
    """

    problem: str
    optimizer: str
    settings: Mapping[str, Any]
    x: Floats
    y: Floats
    minima: Floats
    minimum: Ints
    reached: Ints
    loss: Floats
    diverged: Bools
    end: Floats
    low: tuple[float, float] = field(repr=False)
    high: tuple[float, float] = field(repr=False)

    @property
    def title(self) -> str:
        return headed(self.optimizer, self.settings)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """The outer borders of the pixels: left, right, bottom, top."""
        return self.low[0], self.high[0], self.low[1], self.high[1]

    @property
    def shares(self) -> Floats:
        """The share of the pixels that end at each minimum, shape (K,)."""
        ended = self.minimum[self.minimum >= 0]
        return np.bincount(ended, minlength=len(self.minima)) / self.minimum.size


def headed(optimizer: str, settings: Mapping[str, Any]) -> str:
    """An optimizer and its settings in one line."""
    shown = (f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in settings.items())
    return "  ".join([optimizer, *shown])


def basin_maps(sweeps: Sequence[Sweep], columns: Columns, minima: Mapping[str, Any]) -> list[BasinMap]:
    """The panels of a map of basins, in the order of the plan."""
    panels: list[BasinMap] = []
    for sweep, of in _by_sweep(sweeps, columns):
        grid = sweep.case.start
        assert isinstance(grid, Grid)
        shape = (grid.resolution, grid.resolution)
        for begin in range(0, len(sweep), len(grid)):
            cell = {name: column[begin : begin + len(grid)].reshape(shape) for name, column in of.items()}
            title = sweep.titles[sweep.title[begin]]
            panels.append(
                BasinMap(
                    problem=title,
                    optimizer=sweep.label,
                    settings=settings_of(sweep, begin),
                    x=grid.centres(0),
                    y=grid.centres(1),
                    minima=basins.read(minima, title),
                    minimum=cell["minimum"],
                    reached=cell["reached"],
                    loss=cell["final_loss"],
                    diverged=cell["status"] == "diverged",
                    end=np.stack([cell["end.x0"], cell["end.x1"]], axis=-1),
                    low=grid.low,
                    high=grid.high,
                )
            )
    return told_apart(sweeps, panels)


def _by_sweep(sweeps: Sequence[Sweep], columns: Columns) -> Iterator[tuple[Sweep, dict[str, Any]]]:
    for sweep in sweeps:
        part = slice(int(sweep.run[0]), int(sweep.run[-1]) + 1)
        yield sweep, {name: column[part] for name, column in columns.items()}


def settings_of(sweep: Sweep, run: int) -> dict[str, Any]:
    """Everything that is set of the optimizer of one run, by its place in the sweep."""
    numbers = {**sweep.hyperparameters, **sweep.schedule_numbers}
    return {name: float(column[run]) for name, column in numbers.items()} | dict(sweep.settings)


def told_apart(sweeps: Sequence[Sweep], panels: Sequence[Any]) -> list[Any]:
    """The panels with those of their settings that a reader needs: the learning rate, and what is not the default or
    not the same in all panels of the optimizer."""
    defaults = {sweep.label: sweep.optimizer.signature.options for sweep in sweeps}
    shown: dict[str, set[str]] = {}
    for panel in panels:
        others = [p.settings for p in panels if p.optimizer == panel.optimizer]
        of = shown.setdefault(panel.optimizer, set())
        for name, value in panel.settings.items():
            same = value == defaults[panel.optimizer].get(name) and all(o.get(name) == value for o in others)
            if name == "lr" or not same:
                of.add(name)
    return [replace(p, settings={k: v for k, v in p.settings.items() if k in shown[p.optimizer]}) for p in panels]
