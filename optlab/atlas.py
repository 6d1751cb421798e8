"""Maps of many runs, from Python and from one line: basins of attraction, and stability in two hyperparameters.

Both write an experiment, which is run, kept and found again like any other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optlab import oneline, pipeline
from optlab.choices import BASINS, COLORS, STABILITY, STEPS
from optlab.errors import UserError
from optlab.maps.panels import BasinMap, StabilityMap
from optlab.oneline import table
from optlab.problems.base import function_name
from optlab.registry import Plugin
from optlab.wording import shortened

if TYPE_CHECKING:
    from optlab.experiment_results import ExperimentResults

Table = str | Mapping[str, Any] | Plugin | Callable[..., Any]
"""A problem or an optimizer with its settings: `"momentum lr=0.01 beta=0.9"`, or `{"name": "momentum", "lr": 0.01}`; or
what `@optimizer` or `@problem` made, alone or in place of the name. A plain function may stand for a problem."""
Side = tuple[str, dict[str, list[float]]]
"""A side of a map of stability: a hyperparameter and the grid of its values."""


@dataclass(frozen=True, repr=False)
class Basins:
    """A finished map of basins: one panel for each optimizer (and further setting), and the results behind them."""

    maps: tuple[BasinMap, ...]
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
class Stability:
    """A finished map of stability: one panel for each optimizer (and further setting), and the results behind them."""

    maps: tuple[StabilityMap, ...]
    results: ExperimentResults

    @property
    def plots(self) -> list[Path]:
        """The pictures."""
        return self.results.plots

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.maps)) or repr(self.results)

    def _repr_html_(self) -> str:
        return self.results._repr_html_()


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
    """Run every optimizer from every pixel of a problem of two parameters, and see in which minimum each run ends.

    Args:
        problem: a problem with its options, as `"rosenbrock b=10"` or as a table; or what `@problem` made,
            or a function.
        optimizers: one or several optimizers with their hyperparameters, as `"momentum lr=0.01"` or as tables, or what
            `@optimizer` made.
        resolution: pixels along each side.
        steps: updates per run.
        x, y: the ranges of the two parameters; by default those of the problem's domain.
        name: of the folder with the results; by default the problem's with "_basins".
        out, plots, plugins, format, backend: as for `optlab.run`.

    Returns:
        The maps, with arrays of shape (resolution, resolution) whose first row is the lowest, and the results.

    Raises:
        SpecError: an unknown name or option, or a problem that has not two parameters.
        UserError: a text that is no name with settings.

    >>> import tempfile
    >>> found = basins("himmelblau", "gd lr=0.01", resolution=4, steps=200, out=tempfile.mkdtemp(), plots=False)
    >>> found.maps[0].minima.round(2).tolist()
    [[-3.78, -3.28], [-2.81, 3.13], [3.0, 2.0], [3.58, -1.85]]
    >>> found.maps[0].minimum.tolist()
    [[0, 0, 3, 3], [0, 0, 3, 3], [1, 1, 2, 2], [1, 1, 2, 2]]
    """
    document = basins_document(problem, optimizers, resolution, steps, x, y, name)
    results = pipeline.run(document, out, plots, plugins, format, backend)
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
    """Run an optimizer under every pair of two hyperparameters, and see what becomes of the loss.

    Where the problem is quadratic and the rule linear, `theory` of each map says where it is stable.

    Args:
        problem: a problem with its options, as `"ellipsoid condition=100"` or as a table; or what `@problem` made.
        optimizers: one or several optimizers with their other hyperparameters, as `"momentum"` or as tables, or what
            `@optimizer` made.
        x, y: the hyperparameters along the sides with their ranges, as `"lr=0.01:1"`, both ends included.
        log: the sides whose values are in equal ratios: `""`, `"x"`, `"y"` or `"xy"`.
        resolution: values of each hyperparameter.
        steps: updates per run.
        color: what is shown, `"final_loss"` or `"steps"`, those to the target.
        target: the loss to come to; by default the known minimum and a millionth of the height of the start above it.
        name: of the folder with the results; by default the problem's with "_stability".
        out, plots, plugins, format, backend: as for `optlab.run`.

    Returns:
        The maps, with arrays of shape (resolution, resolution) whose first row is the lowest, and the results.

    Raises:
        SpecError: an unknown name or option.
        UserError: a text that is no name with settings, or no hyperparameter with a range; or one that is along a side
            and set as well.

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
    results = pipeline.run(document, out, plots, plugins, format, backend)
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
    """The experiment of a map of basins, as its TOML file would have it."""
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
    """The experiment of a map of stability, as its TOML file would have it.

    Raises:
        UserError: what is along a side is set for an optimizer as well.
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
    """NAME=LOW:HIGH as the name of a hyperparameter and the grid of its values, whose number the map gives.

    Raises:
        UserError: the text is nothing of the kind.

    >>> axis("x", "lr=0.1:0.2", log=True)
    ('lr', {'log': [0.1, 0.2]})
    """
    try:
        name, values = oneline.pair(text, "NAME=LOW:HIGH", "lr=0.01:1")
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
        "optimizer": [table(one) for one in several(optimizers)],
    }


def several(written: Table | Sequence[Table]) -> list[Table]:
    """One table, or each of several."""
    return list(written) if isinstance(written, list | tuple) else [written]  # pyright: ignore[reportReturnType]


def name_of(written: Mapping[str, Any]) -> str:
    """The name of a table, in which a plugin or a function may stand for it."""
    name = written.get("name", "unnamed")
    return name if isinstance(name, str) else getattr(name, "name", None) or function_name(name)


def span(what: str, text: str) -> tuple[float, float]:
    """LOW:HIGH as two numbers.

    Raises:
        UserError: the text is nothing of the kind, or LOW is not below HIGH.

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
