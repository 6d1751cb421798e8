"""Maps of many runs: basins of attraction, and stability in two hyperparameters.

A map is an ordinary experiment: its file is stored with the results, and finished results are reused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optlab.api.run import run
from optlab.errors import UserError, shortened
from optlab.experiments.choices import BASINS, COLORS, STABILITY, STEPS
from optlab.experiments.maps.panels import BasinMap, StabilityMap
from optlab.plugins import shorthand
from optlab.plugins.problems.plain_functions import function_name
from optlab.plugins.registry import Plugin
from optlab.plugins.shorthand import table

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults

Table = str | Mapping[str, Any] | Plugin | Callable[..., Any]
"""A problem or an optimizer with its values: `"momentum lr=0.01 beta=0.9"`, `{"name": "momentum", "lr": 0.01}`, or an
object that `@optimizer` or `@problem` made or a plain function of this form, alone or in place of the name."""
Side = tuple[str, dict[str, list[float]]]
"""An axis of a map of stability: a hyperparameter and the grid of its values."""


@dataclass(frozen=True, repr=False)
class _FinishedMap:
    """What maps of both kinds have in common."""

    maps: tuple[Any, ...]
    results: ExperimentResults

    @property
    def plots(self) -> list[Path]:
        """The pictures."""
        return self.results.plots

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.maps)) or repr(self.results)

    def _repr_html_(self) -> str:
        return self.results._repr_html_()


@dataclass(frozen=True, repr=False)
class Basins(_FinishedMap):
    """A finished map of basins: one panel per optimizer and further setting, and the results of the runs."""

    maps: tuple[BasinMap, ...]


@dataclass(frozen=True, repr=False)
class Stability(_FinishedMap):
    """A finished map of stability: one panel per optimizer and further setting, and the results of the runs."""

    maps: tuple[StabilityMap, ...]


def basins(
    problem: Table,
    optimizers: Table | Sequence[Table],
    *,
    resolution: int = BASINS,
    steps: int = STEPS,
    x: tuple[float, float] | None = None,
    y: tuple[float, float] | None = None,
    name: str | None = None,
    out: str | Path = "results",
    plots: bool = True,
    plugins: Iterable[str | Path] = ("plugins",),
    format: str = "png",
    backend: str | None = None,
) -> Basins:
    """Map the basins of attraction: run each optimizer from every pixel, and find the minimum in which each run ends.

    Args:
        problem: a problem of two parameters: a text with options such as `"rosenbrock b=10"`, a table, an object that
            `@problem` made, or a function.
        optimizers: one or several optimizers: texts with hyperparameters such as `"momentum lr=0.01"`, tables, or
            objects that `@optimizer` made.
        resolution: the number of pixels along each side.
        steps: the number of updates per run.
        x, y: the ranges of the two parameters. Default: the ranges of the problem's domain.
        name: the name of the folder with the results. Default: the name of the problem with "_basins".
        out, plots, plugins, format, backend: see `optlab.run`.

    Returns:
        The maps, with arrays of shape (resolution, resolution) whose first row has the lowest y, and the results.

    Raises:
        SpecError: an unknown name or option, or a problem that does not have two parameters.
        UserError: a text that is not a name with values.

    >>> import tempfile
    >>> found = basins("himmelblau", "gd lr=0.01", resolution=4, steps=200, out=tempfile.mkdtemp(), plots=False)
    >>> found.maps[0].minima.round(2).tolist()
    [[-3.78, -3.28], [-2.81, 3.13], [3.0, 2.0], [3.58, -1.85]]
    >>> found.maps[0].minimum.tolist()
    [[0, 0, 3, 3], [0, 0, 3, 3], [1, 1, 2, 2], [1, 1, 2, 2]]
    """
    document = basins_document(problem, optimizers, resolution, steps, x, y, name)
    results = run(document, out, plots, plugins, format, backend)
    return Basins(results.panels, results)


def stability(
    problem: Table,
    optimizers: Table | Sequence[Table],
    *,
    x: str,
    y: str,
    log: str = "",
    resolution: int = STABILITY,
    steps: int = STEPS,
    color: str = COLORS[0],
    target: float | None = None,
    name: str | None = None,
    out: str | Path = "results",
    plots: bool = True,
    plugins: Iterable[str | Path] = ("plugins",),
    format: str = "png",
    backend: str | None = None,
) -> Stability:
    """Map stability: run an optimizer with every pair of values of two hyperparameters, and compare the final losses.

    If the problem is quadratic and the rule is linear, `theory` of each map has the theoretical region of stability.

    Args:
        problem: a problem: a text with options such as `"ellipsoid condition=100"`, a table, or an object that
            `@problem` made.
        optimizers: one or several optimizers with their other hyperparameters: texts such as `"momentum"`, tables, or
            objects that `@optimizer` made.
        x, y: the hyperparameters along the axes with their ranges, as in `"lr=0.01:1"`; both ends are included.
        log: the axes with values at equal ratios: `""`, `"x"`, `"y"` or `"xy"`.
        resolution: the number of values of each hyperparameter.
        steps: the number of updates per run.
        color: what the colour shows: `"final_loss"`, or `"steps"`, the number of steps to the target.
        target: the loss to reach. Default: m + 1e-6 (f(start) - m) with the known minimum m.
        name: the name of the folder with the results. Default: the name of the problem with "_stability".
        out, plots, plugins, format, backend: see `optlab.run`.

    Returns:
        The maps, with arrays of shape (resolution, resolution) whose first row has the lowest y, and the results.

    Raises:
        SpecError: an unknown name or option.
        UserError: a text is not a name with values or not a hyperparameter with a range, or a hyperparameter is both
            along an axis and set.

    >>> import tempfile
    >>> found = stability("sphere", "momentum", x="lr=0.3:1.8", y="beta=0:0.6", resolution=4, steps=200,
    ...                   out=tempfile.mkdtemp(), plots=False)
    >>> found.maps[0].stable.tolist()  # lr < 2 (1 + beta) / L, and L is 2
    [[True, True, False, False], [True, True, False, False], [True, True, True, False], [True, True, True, False]]
    """
    if set(log) - {"x", "y"}:
        raise UserError(f"log: {log!r} is not x, y or xy")
    across, up = axis("x", x, "x" in log), axis("y", y, "y" in log)
    document = stability_document(problem, optimizers, across, up, resolution, steps, color, target, name)
    results = run(document, out, plots, plugins, format, backend)
    return Stability(results.panels, results)


# ---- documents -------------------------------------------------------------------------------------------------------


def basins_document(
    problem: Table,
    optimizers: Table | Sequence[Table],
    resolution: int = BASINS,
    steps: int = STEPS,
    x: tuple[float, float] | None = None,
    y: tuple[float, float] | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """The experiment of a map of basins, as a document."""
    return _document("basins", {"resolution": resolution, "x": x, "y": y}, problem, optimizers, steps, name)


def stability_document(
    problem: Table,
    optimizers: Table | Sequence[Table],
    across: Side,
    up: Side,
    resolution: int = STABILITY,
    steps: int = STEPS,
    color: str = COLORS[0],
    target: float | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """The experiment of a map of stability, as a document.

    Raises:
        UserError: a hyperparameter along an axis is also set for an optimizer.
    """
    map_ = {"x": across[0], "y": up[0], "resolution": resolution, "color": color, "target": target}
    document = _document("stability", map_, problem, optimizers, steps, name)
    for settled in document["optimizer"]:
        for side, _ in (across, up):
            if side in settled:
                raise UserError(f"'{side}' is along a side of the map; leave {side}={settled[side]} out")
        settled.update([across, up])
    return document


def axis(side: str, text: str, log: bool) -> Side:
    """Parse NAME=LOW:HIGH into a hyperparameter and its grid; the resolution of the map is the number of values.

    Raises:
        UserError: the text has another form.

    >>> axis("x", "lr=0.1:0.2", log=True)
    ('lr', {'log': [0.1, 0.2]})
    """
    try:
        name, values = shorthand.pair(text, "NAME=LOW:HIGH", "lr=0.01:1")
    except UserError as error:
        raise UserError(f"{side}: {error}") from None
    return name, {"log" if log else "linear": list(span(side, values))}


def _document(
    kind: str, map_: Mapping[str, Any], problem: Table, optimizers: Table | Sequence[Table], steps: int, name: Any
) -> dict[str, Any]:
    where = table(problem)
    return {
        "name": f"{name_of(where)}_{kind}" if name is None else name,
        "steps": steps,
        kind: {key: value for key, value in map_.items() if value is not None},
        "problem": [where],
        "optimizer": [table(optimizer) for optimizer in several(optimizers)],
    }


def several(written: Table | Sequence[Table]) -> list[Table]:
    """One table or a sequence of tables, as a list."""
    return list(written) if isinstance(written, list | tuple) else [written]  # pyright: ignore[reportReturnType]


def name_of(written: Mapping[str, Any]) -> str:
    """The name of a table; the entry may also be a plugin or a function."""
    name = written.get("name", "unnamed")
    return name if isinstance(name, str) else getattr(name, "name", None) or function_name(name)


def span(what: str, text: str) -> tuple[float, float]:
    """Parse LOW:HIGH into two numbers.

    Raises:
        UserError: the text has another form, or LOW is not below HIGH.

    >>> span("--x", "0.1:0.2")
    (0.1, 0.2)
    """
    try:
        low, high = map(float, text.split(":"))
    except ValueError:
        raise UserError(f"{what}: {shortened(text)!r} is no range LOW:HIGH, like 0.1:0.2") from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UserError(f"{what}: {shortened(text)!r} is no range LOW:HIGH, with LOW below HIGH")
    return low, high
