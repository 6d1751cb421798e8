"""Checks with gradients that are zero, tiny, huge, infinite or NaN."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from optlab.errors import counted
from optlab.plugins.optimizers.base import Optimizer
from optlab.testing.checks.base import CALLED, FINITE, Check, on_each_ground
from optlab.testing.ground import (
    BUDGET,
    STEPS,
    ByDesign,
    Ground,
    Skipped,
    advised,
    by_design,
    call,
    failed,
    history,
    initial,
    names,
    update,
    without_decay,
)
from optlab.testing.landscapes import Array, Plane

ROUNDING = 1e-14
"""The relative tolerance for rounding in a few steps that apply a function to x and invert it (mirror descent)."""
SLOPE, LATE = 20, 20 + 5 * BUDGET
"""The number of steps on a slope, and of all steps. The other steps have a gradient of zero."""
AT_REST = 0.5
"""The largest accepted step after 1,000 steps with zero gradient, relative to the first; beta = 0.999 leaves 0.37."""


@on_each_ground
def finite_on_zero_gradient(optimizer: Optimizer, ground: Ground) -> None:
    """With a gradient of zero, x stays finite and the state does not become NaN.

    A state may be infinite, as the initial value of "the best loss so far" is.
    """
    for start in (ground.start, np.zeros(ground.shape)):
        values = initial(optimizer, start)
        for t in range(1, BUDGET + 1):
            values = update(optimizer, ground.flat, values, t)
            x, *state = values
            lost = [] if np.isfinite(x).all() else ["x"]
            lost += [n for n, v in zip(optimizer.signature.state, state, strict=True) if np.isnan(v).any()]
            if lost:
                raise failed(
                    optimizer,
                    f"gives {lost[0]} = {values[names(optimizer).index(lost[0])]} in step {t} with g = 0 everywhere",
                    "finite numbers",
                    "0 / 0 is NaN: add eps to the denominator, as in g / (np.linalg.norm(g) + eps)",
                )


@on_each_ground
def stands_still_without_slope(optimizer: Optimizer, ground: Ground) -> None:
    """If all gradients are zero, x does not change, except by rounding. Hyperparameters named "decay" are set to 0."""
    for t, (x, *_) in enumerate(history(optimizer, ground.flat, ground.start, **without_decay(optimizer))):
        if not np.allclose(x, ground.start, rtol=0, atol=ROUNDING * np.abs(ground.start).max()):
            raise failed(
                optimizer,
                f"goes from x = {ground.start} to {x} in {counted(t, 'step')} with g = 0",
                "no movement without a slope, except by weight decay",
                "does the step contain a constant, or x itself? A factor on x is a hyperparameter like weight_decay"
                + by_design("stands_still_without_slope"),
            )


@on_each_ground
def comes_to_rest(optimizer: Optimizer, ground: Ground) -> None:
    """After the gradient becomes zero, the momentum decays.

    The check is skipped for rules with the same step size however small the momentum is, such as sign-based and
    normalised rules. Their state decays after the slope ends, although their steps do not become shorter.
    """
    numbers = without_decay(optimizer)
    values = history(optimizer, Plane(np.ones(ground.shape)), ground.start, SLOPE, **numbers)[-1]
    left, moved = _left_of_slope(optimizer, ground, values, SLOPE), []
    for t in range(SLOPE + 1, LATE + 1):
        after = update(optimizer, ground.flat, values, t, **numbers)
        moved.append(float(np.abs(after[0] - values[0]).max()))
        values = after
    if moved[-1] <= AT_REST * max(moved[:10]):
        return
    if left > 0 and _left_of_slope(optimizer, ground, values, LATE) <= AT_REST * left:
        raise ByDesign("by design: the length of its steps does not depend on the size of its state")
    raise failed(
        optimizer,
        f"moves by {moved[0]:.3g} in the first step without slope, and by {moved[-1]:.3g} in step {len(moved)}",
        f"a step of at most {AT_REST:g} times the first one",
        "does the momentum decay? m = beta * m + ... with beta < 1",
    )


def _left_of_slope(optimizer: Optimizer, ground: Ground, values: Sequence[Array], t: int) -> float:
    """The largest difference between the state and the state of a run in which all gradients are zero."""
    flat = history(optimizer, ground.flat, ground.start, t, **without_decay(optimizer))[-1]
    parts = [np.abs(a - b).max(initial=0) for a, b in zip(values[1:], flat[1:], strict=True)]
    return float(np.nan_to_num(max(parts, default=0.0), nan=np.inf))


@on_each_ground
def survives_tiny(optimizer: Optimizer, ground: Ground) -> None:
    """A tiny gradient does not make x NaN."""
    for t, (x, *_) in enumerate(history(optimizer, _slope(ground, 1e-300), ground.start)):
        if np.isnan(x).any():
            raise failed(
                optimizer,
                f"gives x = {x} in step {t} with gradients of size 1e-300",
                "an x without NaN: gradients become this small when a run converges",
                "g**2 is 0 below 1e-162, and 0 / 0 is NaN" + by_design("survives[1e-300]"),
            )


@on_each_ground
def survives_huge(optimizer: Optimizer, ground: Ground) -> None:
    """A huge gradient changes x, or makes x or the state infinite or NaN.

    A formula may overflow; then the run is reported as diverged. But x must not stay the same, as if the gradient were
    zero. This is a failure if a NaN was hidden, and an advice if the gradient was divided by an infinite norm.
    """
    slope, faults = _slope(ground, 1e300), set[str]()
    with np.errstate(all="call", call=lambda kind, flag: faults.add(kind)):
        states = history(optimizer, slope, ground.start)
    if not all(np.isfinite(value).all() for values in states for value in values):
        return
    still = int((states[-1][0] == ground.start).sum())
    if still:
        error = failed if "invalid value" in faults else advised
        raise error(
            optimizer,
            f"leaves {still} of {ground.start.size} entries of x unchanged in {STEPS} steps with gradients of "
            "size 1e+300",
            "a step, or an infinity or NaN in x or the state",
            "g**2 is inf above 1e154, and g / inf is 0: divide by the largest entry first, g / np.max(np.abs(g)), and "
            "do not replace NaN" + by_design("survives[1e+300]"),
        )


def _slope(ground: Ground, size: float) -> Plane:
    return Plane(size * np.resize([1.0, -1.0, 0.5, -2.0], ground.shape))


@on_each_ground
def shows(optimizer: Optimizer, ground: Ground, value: float) -> None:
    """A NaN in the gradient makes x or the state NaN; an infinity makes x or the state infinite or NaN.

    Otherwise, a finite step would hide an overflow of the objective. The check for infinity is skipped for rules whose
    steps do not depend on the size of the gradient, by declaration or by measurement: they may treat an infinite
    gradient as a large one.
    """
    if np.isinf(value) and "scale" in optimizer.invariant:
        raise Skipped("it is declared invariant to the scale of the loss: it uses only the direction of a gradient")
    before = [np.array(v) for v in update(optimizer, ground.bowl, initial(optimizer, ground.start), 1)]
    g = ground.bowl.grad(before[0])
    g.flat[1] = value
    after = call(optimizer, ground.bowl, [v.copy() for v in before], g, np.float64(2))
    seen = any(
        (np.isnan(new) if np.isnan(value) else np.isfinite(old) > np.isfinite(new)).any()
        for old, new in zip(before, after, strict=True)
    )
    if not seen and np.isinf(value) and _ignores_size(optimizer, ground):
        raise ByDesign("by design: its steps do not depend on the size of the gradient")
    if not seen:
        raise failed(
            optimizer,
            f"gives x = {after[0]} and a finite state for g = {g}",
            "infinity or NaN in x or in the state",
            _why_hidden(optimizer) + by_design(f"shows[{value}]"),
        )


def _ignores_size(optimizer: Optimizer, ground: Ground) -> bool:
    """Whether two steps stay the same, up to rounding, with gradients multiplied by 1024. With an eps they differ."""
    ends = []
    for size in (1.0, 1024.0):
        state = [np.array(v) for v in initial(optimizer, ground.start)]
        for t in (1, 2):
            g = size * ground.bowl.grad(state[0])
            state = [np.array(v) for v in call(optimizer, ground.bowl, state, g, np.float64(t))]
        ends.append(state[0])
    return np.allclose(*ends, rtol=1e-13, atol=0.0) and not np.array_equal(ends[0], ground.start)


def _why_hidden(optimizer: Optimizer) -> str:
    if "grad" in optimizer.signature.supplied:
        return "g is the gradient at x after the transforms: is grad(x) used instead of g?"
    return "np.nan_to_num, np.fmax, and comparisons in np.where hide NaN and infinity"


NEEDS = (CALLED, FINITE)

CHECKS = (
    Check("finite_on_zero_gradient", finite_on_zero_gradient, "0 / 0 where the gradient is zero", needs=NEEDS),
    Check(
        "stands_still_without_slope",
        stands_still_without_slope,
        "a step although the gradient is zero",
        needs=NEEDS,
    ),
    Check("comes_to_rest", comes_to_rest, "momentum that does not decay", needs=NEEDS),
    Check("survives[1e-300]", survives_tiny, "a square underflows, and 0 / 0 is NaN", needs=NEEDS),
    Check("survives[1e+300]", survives_huge, "a square overflows, and this is hidden", needs=NEEDS),
    *(
        Check(
            f"shows[{value}]",
            functools.partial(shows, value=value),
            "a failure of the objective is hidden",
            needs=NEEDS,
        )
        for value in (np.nan, np.inf)
    ),
)
