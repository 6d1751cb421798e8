"""A check of a gradient. Of the engine it uses only the gradient that is checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine import pytree
from optlab.engine.arguments import floats
from optlab.engine.derivatives import grad
from optlab.engine.gradcheck import differences
from optlab.engine.gradcheck.complex_step import complex_step
from optlab.engine.gradcheck.differences import OneSidedSlopes
from optlab.engine.gradcheck.line import EPS, FunctionOnLine, Slope
from optlab.engine.gradcheck.outcome import Component, GradientCheck
from optlab.errors import UserError

Function = Callable[..., Any]

RELATIVE = 1e-9
"""The relative error of a right component, in addition to the uncertainty of the check."""

SHARP = 1e-4
"""The largest relative uncertainty of the check at which a component can be right."""

SHARP_AS_TYPE = 2**12
"""The same in units of the precision of the dtype of f. It is the larger of the two for float32."""

ROUGH = 0.1
"""The largest uncertainty, relative to a component or to nearby slopes, at which a component can be wrong."""

ROUNDING = 64
"""A component counts as rounding of 0 up to this multiple of the precision, relative to the largest component."""

SHARP_AT_ZERO = 1e-6
"""The largest uncertainty, relative to nearby slopes, at which a component that is 0 within it can be right."""


def check_grad(
    f: Function,
    x: Any,
    gradient: Function | None = None,
    components: int | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Compare a gradient of f at x with numbers that come from values of f alone.

    If f can be continued into the complex plane, the numbers are complex steps Im f(x + ih) / h, which have no
    cancellation (Squire and Trapp, 1998). Functions with absolute values, maxima, comparisons and jumps can be
    continued away from their kinks (Martins, Sturdza and Alonso, 2003). Otherwise the numbers are central differences
    (f(x + h) - f(x - h)) / 2h at decreasing h, extrapolated to h = 0 (Richardson; the table of Ridders, 1982). Their
    uncertainty is estimated from several steps, and from values of f with random rounding (Vignes, 1993). One-sided
    slopes are computed in the same way from (f(x + h) - f(x)) / h. If they differ, there is a kink and no derivative:
    the check reports both slopes, and accepts any value between them.

    Each component is right, wrong or undetermined. It is wrong if the difference is larger than the uncertainty of the
    check plus 1e-9 of the component. It is right if the difference is not, and the uncertainty is below 1e-4 of the
    component; for a component that is 0 within the uncertainty, below 1e-6 of the slopes nearby. It is undetermined
    otherwise, for example if rounding is larger than all changes of f, or f is not finite. If f or x is scaled, no
    verdict changes. If they are shifted, rounding can make a component undetermined.

    Args:
        f: a plain NumPy function of one argument whose value is a single number.
        x: a point: a number, an array, or a tuple, list or dictionary of arrays.
        gradient: the function to check; by default `optlab.grad(f)`.
        components: the number of components to check, drawn at random; by default all.
        seed: the seed of this draw.

    Returns:
        A `GradientCheck`. It is true if every component is right, and false if any is wrong or undetermined. Its
        attributes `wrong` and `undetermined` hold these components. Printed, it shows the difference of each
        component, and which components are at a kink.

    Raises:
        UserError: the gradient does not have the shape of x, or x contains anything else than real numbers.
        TraceError: f cannot be traced.

    >>> bool(check_grad(lambda x: np.sum(np.sin(x) * x), [0.5, 2.0]))
    True
    >>> print(check_grad(lambda x: np.sum(x**3), [1.0, 2.0], gradient=lambda x: 3 * x))
    gradient of <lambda>: WRONG in 1 of 2 components
                                       found                expected  difference   allowed  by
      df/dx[1]                             6                      12     6.0e+00   1.2e-08  complex step  <-- wrong
    >>> check_grad(lambda x: np.sum(np.abs(x)), [0.0, 2.0]).verdict
    'right; a kink in 1 of 2 components'
    >>> check_grad(lambda x: float(x) + 1e20, 1.0, gradient=lambda x: 1.0).verdict
    'undetermined in 1 of 1 component'
    """
    point = pytree.rebuilt(x, iter([np.array(leaf, dtype=float) for _, leaf in pytree.leaves(floats(x))]))
    leaves = [(name, leaf) for name, leaf in pytree.leaves(point)]
    found = _like(leaves, (gradient or grad(f))(point))
    entries = [(n, i) for n, (_, leaf) in enumerate(leaves) for i in np.ndindex(leaf.shape)]
    if components is not None and components < len(entries):
        chosen = np.random.default_rng(seed).choice(len(entries), size=components, replace=False)
        entries = [entries[i] for i in sorted(chosen)]

    def along(number: int) -> Function:
        """f as a function of one of the arrays."""
        arrays = [leaf for _, leaf in leaves]
        return lambda leaf: f(pytree.rebuilt(point, iter([*arrays[:number], leaf, *arrays[number + 1 :]])))

    with np.errstate(all="ignore"):
        result = _value(f, point)
        if result.shape:
            raise UserError(f"f returns an array of shape {result.shape}; a gradient is of a single number")
        precision = float(np.finfo(result.dtype).eps) if result.dtype.kind == "f" else EPS
        checked = []
        for number, index in entries:
            name, leaf = leaves[number]
            line = FunctionOnLine(along(number), leaf, index, float(result), precision)
            checked.append(_component(line, found[number], name))
    name = getattr(f, "__name__", type(f).__name__)
    return GradientCheck(name, tuple(checked), sum(leaf.size for _, leaf in leaves))


def _value(f: Function, point: Any) -> Any:
    """The value of f at a point; NaN where NumPy raises LinAlgError, as for the traced f."""
    try:
        return np.asarray(f(point))
    except np.linalg.LinAlgError:
        return np.asarray(math.nan)


def _like(leaves: list[tuple[str, Any]], gradient: Any) -> list[Any]:
    """The arrays of a gradient. They must have the shapes of the arrays of x."""
    found = [np.asarray(leaf) for _, leaf in pytree.leaves(gradient)]
    has, wanted = ([part.shape for part in parts] for parts in (found, [leaf for _, leaf in leaves]))
    if has != wanted:
        has, wanted = (", ".join(map(str, shapes)) for shapes in (has, wanted))
        raise UserError(f"the gradient has shape {has}, and x has {wanted}; give it the shape of x")
    return found


def _component(line: FunctionOnLine, gradient: Any, leaf: str) -> Component:
    found = float(gradient[line.index])
    if not math.isfinite(line.value):
        return Component(line.index, found, math.nan, math.inf, "f is not finite", None, math.inf, False, False, leaf)
    precision = float(np.finfo(gradient.dtype).eps) if gradient.dtype.kind == "f" else 0.0
    slope = complex_step(line)
    if slope is not None:
        return _compared(line, slope, "complex step", found, precision, leaf)
    if found and line.ignores_entry:
        return _compared_with_zero(line, gradient, precision, leaf)
    kink = differences.kink(line)
    if kink:
        return _at_a_kink(line, kink, found, leaf)
    return _compared(line, differences.central(line), "central difference", found, precision, leaf)


def _compared_with_zero(line: FunctionOnLine, gradient: Any, precision: float, leaf: str) -> Component:
    """A component that is not 0 although f ignores the entry.

    It is not wrong if rounding of f could hide such a slope. It is right if it is as small as rounding of the other
    components, where each component is multiplied by its entry of x.
    """
    found, hidden = float(gradient[line.index]), line.hidden
    parts = np.abs(np.asarray(gradient, dtype=float) * line.x)
    largest = float(np.max(parts, where=np.isfinite(parts), initial=0.0))
    is_rounding = abs(found) * line.lengths[0] <= ROUNDING * max(line.precision, precision) * largest
    return Component(line.index, found, 0.0, hidden, "equal values", None, hidden, is_rounding, True, leaf)


def _compared(line: FunctionOnLine, slope: Slope, method: str, found: float, precision: float, leaf: str) -> Component:
    """A component compared with a measured slope; `precision` is that of the dtype of the gradient."""
    size = max(abs(slope.value), abs(found) if math.isfinite(found) else 0.0)
    tiny = float(np.finfo(float).tiny)
    sharp = max(SHARP, SHARP_AS_TYPE * line.precision) * size
    sharp_at_zero = SHARP_AT_ZERO * slope.scale if size <= slope.error else 0.0
    known = ROUGH * max(abs(slope.value), slope.scale)
    return Component(
        line.index,
        found,
        slope.value,
        slope.error + max(RELATIVE, 4 * precision) * abs(slope.value) + 4 * math.ulp(0.0),
        method,
        uncertainty=slope.error,
        is_sharp=slope.error <= max(sharp, sharp_at_zero, tiny),
        is_known=slope.error <= max(known, tiny),
        leaf=leaf,
    )


def _at_a_kink(line: FunctionOnLine, kink: OneSidedSlopes, found: float, leaf: str) -> Component:
    """Any value between the slopes is right. If the kink is only close by, the component is undetermined."""
    closest = float(np.clip(found, min(kink.below, kink.above), max(kink.below, kink.above)))
    method = f"kink{'' if kink.here else ' close by'}: slopes {kink.below:.4g}, {kink.above:.4g}"
    slopes = (kink.below, kink.above)
    return Component(line.index, found, closest, kink.error, method, slopes, kink.error, kink.here, True, leaf)
