"""Values that are held fixed in derivatives."""

from __future__ import annotations

from typing import Any

from optlab.engine.functions.base import apply, floating


def stop_gradient(x: Any) -> Any:
    """x itself, with the derivative 0, at any order.

    Args:
        x: a number or an array, plain or traced.

    >>> import numpy as np
    >>> from optlab import grad
    >>> float(stop_gradient(3.0)), float(grad(lambda x: x * stop_gradient(x))(3.0))
    (3.0, 3.0)
    """
    return apply("detach", floating(x))
