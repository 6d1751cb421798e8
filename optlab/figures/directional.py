"""The directional derivative at a point: the gradient projected on a direction, and the slope in all directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator
from numpy.typing import ArrayLike, NDArray

from optlab.errors import short
from optlab.figures import figure as figures
from optlab.figures import relief, scale, style
from optlab.figures.figure import InlineFigure
from optlab.results.surface import spread

Floats = NDArray[np.float64]

SIZE = (11.0, 6.4)
_SIDE, _BELOW, _STARTS = 4.2, 1.4, (0.85, 6.4)  # inches: side of the squares, space below, left edges
_GRADIENT, _DIRECTION, _PROJECTION, _LEVEL = style.PALETTE[1], style.PALETTE[4], style.PALETTE[0], style.PALETTE[2]
_GRID = 161  # heights along each side of the map
_ARROW = 0.62  # the gradient's length on the map, as a share of half its side
_LEVELS, _LINES_EVERY = 36, 3


class DirectionalSlopes(Protocol):
    """The data of the figure: an `optlab.explain.directional.Directional`, or any object with these attributes.

    Angles are in radians, except `angles`, which are in degrees. `angle`, `steepest` and `level` are NaN at a
    stationary point.
    """

    @property
    def name(self) -> str: ...
    @property
    def f(self) -> Callable[[Floats], float]: ...
    @property
    def point(self) -> Floats: ...
    @property
    def value(self) -> float: ...
    @property
    def gradient(self) -> Floats: ...
    @property
    def length(self) -> float: ...
    @property
    def stationary(self) -> bool: ...
    @property
    def smooth(self) -> bool: ...
    @property
    def angle(self) -> float: ...
    @property
    def level(self) -> tuple[float, float]: ...
    @property
    def steepest(self) -> float: ...
    @property
    def angles(self) -> Floats: ...
    @property
    def measured(self) -> Floats: ...
    @property
    def direction(self) -> Floats | None: ...
    @property
    def along(self) -> float: ...


def figure(result: DirectionalSlopes, domain: ArrayLike | None = None) -> InlineFigure:
    """The complete figure: the map around the point, and the slope against the angle.

    `domain` is the domain of the problem, bounds of shape (2, 2). The map shows a quarter of it around the point.
    """
    point = f"({short(result.point[0])}, {short(result.point[1])})"
    with style.sheet():
        sheet, (left, right) = figures.new(
            2, title=f"{result.name}: directional derivatives at {point}", subtitle=_subtitle(result), size=SIZE
        )
        draw(result, left, domain)
        slopes(result, right)
        _place(sheet, left, right)
    return sheet


def _subtitle(result: DirectionalSlopes) -> str:
    if not result.smooth:
        return "the function has a kink here: its slopes (dots) are not the projections of the gradient (curve)"
    if result.stationary:
        return "stationary: the gradient is 0, and so is the slope in every direction"
    return (
        f"the gradient points where f rises fastest: |∇f| = {short(result.length)}, "
        f"at {_degrees(result.angle)}; the slope in any direction is its projection, |∇f| cos θ"
    )


def draw(result: DirectionalSlopes, axes: Axes, domain: ArrayLike | None = None) -> Axes:
    """Draw the map: level lines, the gradient at the point, its projection on the direction, and the tangent of the
    level line. Both axes have the same scale, so that angles are true."""
    half = _half(result.point, domain)
    _heights(result, axes, half)
    if not result.stationary:
        tangent = np.array([np.cos(result.level[0]), np.sin(result.level[0])]) * 2 * half
        axes.plot(*_through(result.point, tangent), color=_LEVEL, linewidth=1.4, linestyle=(0, (5, 3)), zorder=3,
                  label="its tangent: slope 0")  # fmt: skip
    if result.direction is not None:
        _direction(axes, result, half)
    if not result.stationary:
        _arrow(axes, result.point, result.gradient * _ARROW * half / result.length, _GRADIENT, "gradient ∇f", 6)
    axes.plot(*result.point, "o", color="white", markeredgecolor=style.INK, markersize=8, markeredgewidth=1.6, zorder=8)
    _legend(axes)
    return axes


def slopes(result: DirectionalSlopes, axes: Axes) -> Axes:
    """Draw the slope against the angle of the direction: the curve |∇f| cos θ, and the limits of the quotients."""
    angles = np.linspace(0.0, 2 * np.pi, 361)
    unit = scale.choose([-result.length, result.length])
    length, along, gradient = (unit.in_units(value) for value in (result.length, result.along, result.gradient))
    measured = unit.in_units(result.measured)
    curve = np.cos(angles) * gradient[0] + np.sin(angles) * gradient[1]
    axes.axhline(0.0, color="#999999", linewidth=0.8, zorder=1)
    axes.plot(np.degrees(angles), curve, color=_GRADIENT, linewidth=2.0, label="|∇f| cos θ", zorder=2)
    axes.plot(result.angles, measured, "o", color="white", markeredgecolor=style.INK, markersize=5.5,
              label="limit of the quotient", zorder=3)  # fmt: skip
    if np.isfinite(result.steepest):
        top = float(np.degrees(result.steepest))
        axes.plot(top, length, marker="^", linestyle="", color=_GRADIENT, markersize=12, zorder=5,
                  markeredgecolor="white", label=f"steepest, by search: {_degrees(result.steepest)}")  # fmt: skip
    if not result.stationary:
        zeros = ", ".join(map(_degrees, result.level))
        axes.plot(np.degrees(result.level), [0.0, 0.0], marker="D", linestyle="", color=_LEVEL, markersize=9, zorder=5,
                  markeredgecolor="white", label=f"slope 0: {zeros}")  # fmt: skip
    if result.direction is not None:
        angle = float(np.arctan2(*result.direction[::-1]) % (2 * np.pi))
        axes.plot([np.degrees(angle)] * 2, [0.0, float(along)], color=_PROJECTION, linewidth=2.4, zorder=4)
        axes.plot(np.degrees(angle), along, marker="s", linestyle="", color=_PROJECTION, markersize=9, zorder=5,
                  markeredgecolor="white",
                  label=f"e, {_degrees(angle)}: slope {short(result.along)}")  # fmt: skip
    height = 1.15 * float(np.nanmax([length, *np.abs(measured[np.isfinite(measured)])], initial=0))
    axes.set(xlim=(-8, 368), xlabel="angle of the direction, degrees", ylabel=f"slope df/dl{unit.suffix}")
    axes.set_ylim(-height, height) if height > 1e-9 else axes.set_ylim(-1, 1)
    axes.xaxis.set_major_locator(MultipleLocator(45))
    axes.grid(True)
    axes.set(box_aspect=1, anchor="N")  # as the map next to it
    _legend(axes)
    return axes


def _place(sheet: Figure, left: Axes, right: Axes) -> None:
    """Place two squares of equal size below the header and above their legends."""
    engine: Any = sheet.get_layout_engine()
    top = engine.get()["rect"][3] * SIZE[1] - 0.1
    sheet.set_layout_engine("none")
    side = min(_SIDE, top - _BELOW)
    for axes, start in ((left, _STARTS[0]), (right, _STARTS[1])):
        axes.set_position((start / SIZE[0], (top - side) / SIZE[1], side / SIZE[0], side / SIZE[1]))


def _half(point: Floats, domain: ArrayLike | None) -> float:
    """Half the side of the map: a quarter of the shorter side of the domain, or, without a domain, at least 1."""
    if domain is None:
        return max(1.0, 0.75 * float(np.abs(point).max()))
    box = np.broadcast_to(np.asarray(domain, dtype=float), (2, 2))
    return 0.25 * float((box[1] - box[0]).min())


def _heights(result: DirectionalSlopes, axes: Axes, half: float) -> None:
    """Draw the filled levels, with equal area between adjacent levels, and the level line through the point."""
    x, y = (np.linspace(centre - half, centre + half, _GRID) for centre in result.point)
    z = np.ma.masked_invalid([[result.f(np.array([a, b])) for a in x] for b in y])
    z, value = spread(z, result.value)
    levels = np.unique(np.quantile(z.compressed(), np.linspace(0.0, 1.0, _LEVELS + 1))) if z.count() else np.empty(0)
    axes.set(xlim=x[[0, -1]], ylim=y[[0, -1]], xlabel="x0", ylabel="x1", aspect="equal", anchor="N")
    axes.spines[:].set_visible(True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    if len(levels) < 3:
        return
    shades = relief.HEIGHTS(np.linspace(0.0, 1.0, len(levels) - 1))
    bounds = [levels[0] - 1e-9, *levels[1:]]  # contourf excludes heights equal to the lowest bound
    filled: Any = axes.contourf(x, y, z, bounds, colors=shades, extend="neither", zorder=0)
    filled.set_rasterized(True)
    axes.contour(x, y, z, levels[1::_LINES_EVERY], colors="#6F8FA8", linewidths=0.5, linestyles="solid", alpha=0.6,
                 zorder=1)  # fmt: skip
    if levels[0] < value < levels[-1]:
        axes.contour(x, y, z, [value], colors=_LEVEL, linewidths=1.8, zorder=2)
        axes.plot([], [], color=_LEVEL, linewidth=1.8, label=f"level line f = {short(result.value)}")


def _direction(axes: Axes, result: DirectionalSlopes, half: float) -> None:
    """Draw the line along the direction, the projection of the gradient on it, and the perpendicular between them."""
    unit: Any = result.direction
    axes.plot(
        *_through(result.point, unit * 2 * half), color=_DIRECTION, linewidth=1.0, linestyle=(0, (1, 2)), zorder=3
    )
    _arrow(axes, result.point, unit * 0.8 * half, _DIRECTION, "direction e", 4, width=0.007)
    if result.stationary:
        return
    scale = _ARROW * half / result.length
    foot, tip = result.along * unit * scale, result.gradient * scale
    _arrow(axes, result.point, foot, _PROJECTION, f"projection: slope {short(result.along)}", 5, width=0.012)
    away = tip - foot
    if np.hypot(*away) > 0.08 * half:
        axes.plot(*np.transpose([result.point + tip, result.point + foot]), color=style.MUTED, linewidth=1.1,
                  linestyle=(0, (3, 2)), zorder=4)  # fmt: skip
        ahead = np.sign(result.along or 1.0) * unit * 0.06 * half  # on the side that the arrow's head does not cover
        up = away / np.hypot(*away) * 0.06 * half
        corner = result.point + foot + np.array([ahead, ahead + up, up])
        axes.plot(*corner.T, color=style.MUTED, linewidth=1.1, zorder=4)


def _arrow(axes: Axes, start: Floats, way: Floats, colour: str, label: str, zorder: int, width: float = 0.011) -> None:
    axes.quiver(*start, *way, color=colour, angles="xy", scale_units="xy", scale=1, width=width, zorder=zorder,
                headwidth=4, headlength=5, headaxislength=4.5, edgecolor="white", linewidth=0.6)  # fmt: skip
    axes.plot([], [], color=colour, linewidth=3, label=label)


def _through(point: Floats, way: Floats) -> Floats:
    """A line through the point in both directions, as x and y."""
    return np.transpose([point - way, point + way])


def _legend(axes: Axes) -> None:
    axes.legend(loc="upper left", bbox_to_anchor=(-0.15, -0.13), ncols=2, borderaxespad=0.0,
                columnspacing=1.4, fontsize=9.5)  # fmt: skip


def _degrees(angle: float) -> str:
    return f"{np.degrees(angle) % 360:.1f}°"
