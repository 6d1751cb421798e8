"""The kinds of primitives, and functions that make the rows of the table in `ops.py`.

The kind of a primitive determines how a back end may execute it for many runs at once:

    elementwise  entry by entry; inputs broadcast; the implementation takes `out` as its last argument
    view         the same memory with other shape or strides, without a copy
    reduce       over axes of one run; the implementation takes `axis`, `keepdims` and `out`
    batched      on the last axes, with any number of axes before them
    matmul, take, add_at, place      see their rows
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine import numpy_kernels, vjp_rules
from optlab.engine.nodes import Op, Rule, Type


def elementwise(name: str, run: Callable[..., Any], *vjp: Rule, taken: tuple[Rule, ...] = ()) -> Op:
    """An elementwise operation.

    Args:
        name: the name in a printed graph.
        run: a ufunc, or a function of arrays in plain NumPy.
        vjp: a rule for each input, (g, y, *inputs) -> the cotangent of that input; None where there is no derivative.
        taken: for a choice, a rule for each input, (y, *inputs) -> where that input is taken.

    >>> cube = elementwise("cube", lambda x: x * x * x, lambda g, y, x: g * 3 * np.square(x))
    >>> from optlab.engine import trace
    >>> from optlab.engine.vjp_rules import emit
    >>> print(trace(lambda x: emit(cube, x), 2.0))
    graph(x: f64[])
      a: f64[] = cube(x)
      return a
    """
    in_place = isinstance(run, np.ufunc) or run in (numpy_kernels.clip, numpy_kernels.relu, numpy_kernels.sigmoid)
    return Op(
        name,
        "elementwise",
        numpy_kernels.writing(run, len(vjp)),
        numpy_kernels.elementwise_type(run),
        vjp,
        in_place,
        taken=taken,
    )


def without_slope(*ufuncs: np.ufunc) -> tuple[Op, ...]:
    """Rows for operations whose derivative is zero wherever it exists."""
    return tuple(elementwise(f.__name__, f, *(None,) * f.nin) for f in ufuncs)


def reduction(name: str, run: np.ufunc, rule: Rule, infer: Callable[..., Type] = numpy_kernels.reduced_type) -> Op:
    linear = name == "sum"
    return Op(
        name,
        "reduce",
        numpy_kernels.reduction(run),
        infer,
        (rule,),
        linear=linear,
        taken=() if linear else (vjp_rules.ties,),
    )


def view(name: str, run: Callable[..., Any], infer: Callable[..., Type], rule: Rule) -> Op:
    return Op(name, "view", run, infer, (rule,), linear=True)


def batched(name: str, run: Callable[..., Any], infer: Callable[..., Type], *vjp: Rule, linear: bool = False) -> Op:
    return Op(name, "batched", run, infer, vjp, linear=linear)
