"""The vector of all parameters as the tensors that it is made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Shapes = tuple[tuple[int, ...], ...]


def split(x: Any, tensors: Shapes) -> list[Any]:
    """Split the flat vector of all parameters into its tensors."""
    if tensors == (x.shape,):
        return [x]
    sizes = [math.prod(shape) for shape in tensors]
    ends = np.cumsum(sizes).tolist()
    return [x[end - size : end].reshape(s) for end, size, s in zip(ends, sizes, tensors, strict=True)]
