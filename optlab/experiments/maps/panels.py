"""A finished map as arrays: one panel for each problem, optimizer and combination of further settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.execution.records import FAILURES, Floats, Ints, PixelGrid, Sweep
from optlab.execution.rule import Key
from optlab.experiments.maps import basins, declared, linear, quadratic
from optlab.experiments.maps.checks import spacing
from optlab.experiments.maps.panel_html import BasinHtml, StabilityHtml

Bools = NDArray[np.bool_]
FINE = 241  # the number of values along each axis at which theory is computed
Columns = Mapping[str, Any]
"""The columns of the table of runs that a map is made from, in the order of the plan."""

STABILITY = ("status", "first_loss", "final_loss")
BASINS = ("status", "first_loss", "final_loss", "end.x0", "end.x1", "minimum", "reached")


@dataclass(frozen=True, eq=False, repr=False)
class BasinMap(BasinHtml):
    """The ends of the runs of one optimizer from each start.

    Arrays have the shape (rows, columns); row 0 has the lowest y.

    - `x` (columns,) and `y` (rows,): the starts, which are the centres of the pixels.
    - `minima` (K, 2): the minima, lowest loss first.
    - `minimum`: the index of the minimum at which the run ended, or -1 for none.
    - `reached`: the first step with the loss of this minimum, or -1 if there is no minimum. The tolerance is
      `optlab.experiments.maps.basins.SHARE` times the height of the function.
    - `loss`: the final loss. `end` (rows, columns, 2): the final point, NaN where `diverged`.
    - `failed`: the number of runs that ended with an error. If there are any, the other values have no meaning.
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
    low: tuple[float, float]
    high: tuple[float, float]
    failed: int = 0

    @property
    def title(self) -> str:
        return titled(self.optimizer, self.settings)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """The outer borders of the pixels: left, right, bottom, top."""
        return self.low[0], self.high[0], self.low[1], self.high[1]

    @property
    def shares(self) -> Floats:
        """The share of the runs that ended at each minimum, shape (K,)."""
        ended = self.minimum[self.minimum >= 0]
        return np.bincount(ended, minlength=len(self.minima)) / self.minimum.size


@dataclass(frozen=True, eq=False)
class Theory:
    """The theory of a linear rule on a quadratic problem whose Hessian has the eigenvalues `eigenvalues`.

    `radius` (rows, columns) is the spectral radius of one step at `y` (rows,) and `x` (columns,), a finer grid over the
    same view. The rule is stable where the radius is below 1. `formula` is the stability limit of gradient descent and
    of the heavy ball, and empty for other rules. `fastest` is the point (x, y) at which the heavy ball is fastest.
    """

    eigenvalues: Floats
    x: Floats
    y: Floats
    radius: Floats
    formula: str = ""
    fastest: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False, repr=False)
class StabilityMap(StabilityHtml):
    """The runs from one start with each pair of values of two hyperparameters.

    Arrays have the shape (rows, columns); row 0 has the lowest y.

    - `x` (columns,) and `y` (rows,): the values of the hyperparameters `names`. `spacings` are "linear" or "log".
    - `loss`: the final loss. `first`: the loss at the start. `minimum`: the known minimum, or None.
    - `reached`: the first step with a loss of at most `target`, or -1 for never. None if steps were not requested.
    - `failed`: the number of runs that ended with an error. If there are any, the other values have no meaning.
    """

    problem: str
    optimizer: str
    settings: Mapping[str, Any]
    names: tuple[str, str]
    x: Floats
    y: Floats
    spacings: tuple[str, str]
    loss: Floats
    first: Floats
    minimum: float | None
    diverged: Bools
    reached: Ints | None
    target: float | None
    theory: Theory | None
    failed: int = 0

    @property
    def title(self) -> str:
        return titled(self.optimizer, self.settings)

    @property
    def stable(self) -> Bools:
        """Where the loss did not grow."""
        return ~self.diverged & (self.loss <= self.first)

    @property
    def best(self) -> tuple[int, int] | None:
        """The row and column of the best pixel: the fewest steps, if steps are counted, and then the lowest loss.

        A run whose loss grew is never the best. A run that ended above the target after reaching it is the best only
        if no run ended below it.
        """
        right = self.stable if self.reached is None else self.stable & (self.reached >= 0)
        if not right.any():
            return None
        if self.target is not None and (right & (self.loss <= self.target)).any():
            right &= self.loss <= self.target
        steps = np.zeros(self.loss.shape) if self.reached is None else self.reached
        order = np.lexsort([np.where(right, self.loss, np.inf).ravel(), np.where(right, steps, np.inf).ravel()])
        row, column = np.unravel_index(int(order[0]), self.loss.shape)
        return int(row), int(column)


def stability_maps(sweeps: Sequence[Sweep], columns: Columns, sides: tuple[str, str]) -> list[StabilityMap]:
    """The panels of a map of stability, in the order of the plan. `sides` are the hyperparameters x and y."""
    panels: list[StabilityMap] = []
    for sweep, of_sweep in _by_sweep(sweeps, columns):
        x, column = np.unique(sweep.numbers["hyperparameter", sides[0]], return_inverse=True)
        y, row = np.unique(sweep.numbers["hyperparameter", sides[1]], return_inverse=True)
        # Runs that differ only in x and y make one panel. lexsort is stable, so that the panels stay in their order.
        runs = np.lexsort([column, row]).reshape(len(y), len(x), -1)
        panels += [_stability(sweep, of_sweep, sides, x, y, runs[:, :, number]) for number in range(runs.shape[2])]
    return with_needed_settings(sweeps, panels)


def _stability(
    sweep: Sweep, columns: Columns, sides: tuple[str, str], x: Floats, y: Floats, runs: Ints
) -> StabilityMap:
    first = int(runs[0, 0])
    options = sweep.options(int(sweep.title[first]))
    settings = settings_of(sweep, first)
    failed = _failed(columns["status"][runs])
    return StabilityMap(
        problem=sweep.titles[sweep.title[first]],
        optimizer=sweep.label,
        settings={name: value for name, value in settings.items() if name not in sides},
        names=sides,
        x=x,
        y=y,
        spacings=(spacing(x) or "linear", spacing(y) or "linear"),
        loss=columns["final_loss"][runs],
        first=columns["first_loss"][runs],
        minimum=declared.lowest(sweep.case, options),
        diverged=columns["status"][runs] == "diverged",
        reached=columns["reached"][runs] if "reached" in columns else None,
        target=None if sweep.target is None else float(sweep.target[first]),
        theory=None if failed else _theory(sweep, options, first, {sides[0]: x, sides[1]: y}),
        failed=failed,
    )


def _theory(sweep: Sweep, options: Any, first: int, sides: Mapping[str, Floats]) -> Theory | None:
    """The theory, or None unless the problem is quadratic and one step of the rule with its transforms is linear."""
    eigenvalues = quadratic.spectrum(sweep.case, options)
    if eigenvalues is None:
        return None
    x, y = map(_finer, sides.values())
    across, up = sides
    numbers: dict[Key, Any] = {key: sweep.numbers[key][first] for key in sweep.rule.numbers}
    numbers |= {("hyperparameter", across): x[None, :], ("hyperparameter", up): y[:, None]}
    sampled = linear.sample(eigenvalues)
    matrices = linear.matrices(sweep.rule, numbers, sampled)
    if matrices is None:
        return None
    radius = linear.radius(matrices)
    if linear.is_heavy_ball(matrices, sampled, numbers):
        lr, beta = quadratic.fastest(eigenvalues)
        pair = {"lr": lr, "beta": beta}
        best = (pair[across], pair[up]) if set(sides) == set(pair) else None
        return Theory(eigenvalues, x, y, radius, "lr = 2 (1 + beta) / L", best)
    formula = "lr = 2 / L" if linear.is_gradient_descent(matrices, sampled, numbers) else ""
    return Theory(eigenvalues, x, y, radius, formula)


def _finer(values: Floats) -> Floats:
    """`FINE` values over the same range with the same spacing, enough for a smooth line."""
    between = np.geomspace if spacing(values) == "log" else np.linspace
    return between(values[0], values[-1], FINE)


def titled(optimizer: str, settings: Mapping[str, Any]) -> str:
    """The title of a panel: an optimizer and its settings on one line."""
    shown = (f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in settings.items())
    return "  ".join([optimizer, *shown])


def basin_maps(sweeps: Sequence[Sweep], columns: Columns, minima: Mapping[str, Any]) -> list[BasinMap]:
    """The panels of a map of basins, in the order of the plan."""
    panels: list[BasinMap] = []
    for sweep, of_sweep in _by_sweep(sweeps, columns):
        grid = sweep.case.start
        assert isinstance(grid, PixelGrid)
        shape = (grid.resolution, grid.resolution)
        for begin in range(0, len(sweep), len(grid)):
            cell = {name: column[begin : begin + len(grid)].reshape(shape) for name, column in of_sweep.items()}
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
                    failed=_failed(cell["status"]),
                )
            )
    return with_needed_settings(sweeps, panels)


def _failed(status: Any) -> int:
    """The number of runs that ended with an error."""
    return int(np.isin(status, FAILURES).sum())


def counts(sweeps: Sequence[Sweep], pixels: Callable[[Sweep], int]) -> dict[str, int]:
    """The number of panels of each problem. `pixels` returns the number of runs of a sweep per panel."""
    found: dict[str, int] = {}
    for sweep in sweeps:
        for number, title in enumerate(sweep.titles):
            runs = int((sweep.title == number).sum())
            found[title] = found.get(title, 0) + runs // pixels(sweep)
    return found


def _by_sweep(sweeps: Sequence[Sweep], columns: Columns) -> Iterator[tuple[Sweep, dict[str, Any]]]:
    for sweep in sweeps:
        part = slice(int(sweep.run[0]), int(sweep.run[-1]) + 1)
        yield sweep, {name: column[part] for name, column in columns.items()}


def settings_of(sweep: Sweep, run: int) -> dict[str, Any]:
    """The numbers of the rule, and the choices of optimizer and transforms. `run` is the index in the sweep."""
    numbers = {name: float(sweep.numbers[owner, name][run]) for owner, name in sweep.rule.numbers}
    return numbers | {name: value for (owner, name), value in sweep.rule.all_choices.items() if owner != "schedule"}


def with_needed_settings(sweeps: Sequence[Sweep], panels: Sequence[Any]) -> list[Any]:
    """The panels with only the settings that a reader needs.

    These are the learning rate, and each setting that is not the default or not equal in all panels of the optimizer.
    """
    defaults = {
        sweep.label: {
            name: value
            for part in sweep.rule.parts
            for (owner, name), value in part.keyed(part.plugin.signature.options).items()
            if owner != "schedule"
        }
        for sweep in sweeps
    }
    shown: dict[str, set[str]] = {}
    for panel in panels:
        others = [p.settings for p in panels if p.optimizer == panel.optimizer]
        names = shown.setdefault(panel.optimizer, set())
        for name, value in panel.settings.items():
            same = value == defaults[panel.optimizer].get(name) and all(o.get(name) == value for o in others)
            if name == "lr" or not same:
                names.add(name)
    return [replace(p, settings={k: v for k, v in p.settings.items() if k in shown[p.optimizer]}) for p in panels]
