"""A check of the engine's gradient against differences, for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.derivatives import grad

Array = NDArray[Any]

_EPS = float(np.finfo(float).eps)
_TINY = 1e-100
"""The complex step needs no difference, so that its step may be as small as one likes."""


def check_gradient(f: Callable[..., Any], x: Any) -> None:
    """Compare `optlab.grad(f)` at x with a complex step, exact to rounding, or else with a central difference.

    The complex step is for functions made of analytic operations. One that takes an absolute value or a norm may
    accept complex numbers all the same, and silently give a wrong slope; so the complex step counts only where the
    central difference confirms it.

    Raises:
        AssertionError: the gradient is wrong; the message names the worst component.

    >>> check_gradient(lambda x: np.sum(np.sin(x) * x), [0.5, 2.0])
    """
    point = np.asarray(x, dtype=float)
    found = np.asarray(grad(f)(point))
    assert found.shape == point.shape, f"the gradient has shape {found.shape}, and x has {point.shape}"
    wanted, error = _central_difference(f, point)
    method = "a central difference"
    exact = _complex_step(f, point)
    if exact is not None and (np.abs(exact - wanted) <= error).all():
        wanted, error, method = exact, 1e-12 * (1 + np.abs(exact).max(initial=0)), "a complex step"
    excess = np.abs(found - wanted) - error
    if not (excess <= 0).all():
        worst = np.unravel_index(np.argmax(np.where(np.isnan(excess), np.inf, excess)), point.shape)
        name = f"df/dx[{', '.join(map(str, worst))}]" if worst else "df/dx"
        raise AssertionError(f"{name} is {found[worst]:.17g}, and by {method} {wanted[worst]:.17g}")


def _central_difference(f: Callable[..., Any], x: Array) -> tuple[Array, Array]:
    """The slope by components, and how far it may be off.

    The error is what halving the step changes, with a margin for rounding.
    """
    step = _EPS ** (1 / 3) * np.maximum(1.0, np.abs(x))
    coarse, fine = (_differences(f, x, h) for h in (2 * step, step))
    rounding = 16 * _EPS * (1 + abs(float(f(x)))) / step
    return fine, 4 * np.abs(fine - coarse) + rounding + 1e-9 * (1 + np.abs(fine))


def _differences(f: Callable[..., Any], x: Array, step: Array) -> Array:
    slope = np.empty_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step[i]
        down[i] -= step[i]
        slope[i] = (f(up) - f(down)) / (up[i] - down[i])
    return slope


def _complex_step(f: Callable[..., Any], x: Array) -> Array | None:
    """The slope by components, or None where `f` does not compute with complex numbers."""
    slope = np.empty_like(x)
    for i in np.ndindex(x.shape):
        shifted = x.astype(complex)
        shifted[i] += 1j * _TINY
        try:
            slope[i] = np.imag(f(shifted)) / _TINY
        except Exception:  # whatever f raises, it does not want complex numbers
            return None
    return slope
