"""Arrays for machine code."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def aligned(*shape: int, fill: float | None = None, dtype: Any = np.float64) -> NDArray[Any]:
    """An array that begins at a multiple of 64 bytes, so that vectors do not cross cache lines."""
    memory = np.empty(math.prod(shape) * np.dtype(dtype).itemsize + 64, np.uint8)
    array = np.ndarray(shape, dtype, memory, offset=-address(memory) % 64)
    if fill is not None:
        array[...] = fill
    return array


def address(array: NDArray[Any]) -> int:
    """The address of a writable array. `array.ctypes.data` takes four times as long."""
    return ctypes.addressof(ctypes.c_char.from_buffer(array))  # pyright: ignore[reportArgumentType]
