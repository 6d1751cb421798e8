"""Functions for neural networks that NumPy does not have. They accept plain and traced arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.engine.functions.base import Axis, apply, floating
from optlab.engine.functions.reducing import reduce


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), elementwise, of a plain or traced array.

    >>> float(sigmoid(0.0))
    0.5
    """
    with np.errstate(over="ignore"):
        return apply("sigmoid", x)


def relu(x: Any) -> Any:
    """max(x, 0), elementwise, of a plain or traced array. The derivative at 0 is defined as 0.

    >>> relu(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return apply("relu", x)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), elementwise, without overflow. The derivative is the sigmoid.

    >>> float(softplus(0.0)) == float(np.log(2.0)), float(softplus(1000.0))
    (True, 1000.0)
    """
    x = floating(x)
    return np.logaddexp(x, np.zeros((), x.dtype))


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))), without overflow.

    Args:
        x: an array, plain or traced.
        axis: the axis or axes to sum over; None for all.
        keepdims: keep the summed axes with length one.

    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    x, top = _minus_maximum(x, axis)
    with np.errstate(all="ignore"):
        total = np.log(reduce("sum", np.exp(x), axis, keepdims=True)) + top
    return total if keepdims else reduce("sum", total, axis)


def softmax(x: Any, axis: Axis = -1) -> Any:
    """exp(x) / sum(exp(x)), without overflow.

    Args:
        x: an array, plain or traced.
        axis: the axis or axes along which the result sums up to 1; None for all.

    >>> softmax(np.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    x, _ = _minus_maximum(x, axis)
    with np.errstate(all="ignore"):
        weights = np.exp(x)
        return weights / reduce("sum", weights, axis, keepdims=True)


def _minus_maximum(x: Any, axis: Axis) -> tuple[Any, Any]:
    """x minus its maximum, and the maximum.

    The maximum cancels in the result. So it is detached, which does not change the derivative.
    """
    x = floating(x)
    top = apply("detach", reduce("max", x, axis, keepdims=True))
    with np.errstate(invalid="ignore"):
        return apply("gap", x, top), top
