"""Where the values of a graph are in memory: a base address, an offset and strides.

Each value is represented by an array of NumPy with the same strides. So NumPy itself computes what transposing, slicing
and broadcasting do to them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
BYTES = 8


class Stored(Enum):
    """What an entry in memory is: a vector with one number per run (`OWN`), one number for all runs (`ONE`), or a row
    with the numbers of all runs, of which the code needs a part (`ROW`)."""

    OWN = 0
    ONE = 1
    ROW = 2


@dataclass(frozen=True)
class Place:
    """Entries behind the address `base`: `array` is a part of `root`, which begins there. Their values mean nothing."""

    base: str
    root: Numbers
    array: Numbers
    kind: Stored = Stored.OWN

    @property
    def offset(self) -> int:
        """The distance of the first entry from the base, in entries."""
        return (self.array.ctypes.data - self.root.ctypes.data) // BYTES

    @property
    def strides(self) -> list[int]:
        """The distance of neighbours along each axis, in entries."""
        return [stride // BYTES for stride in self.array.strides]

    def seen(self, change: Callable[[Numbers], Any]) -> Place | None:
        """The same entries with another shape or order, or None if NumPy would copy them."""
        array = change(self.array)
        return replace(self, array=array) if np.shares_memory(array, self.root) or not array.size else None

    def broadcast(self, shape: tuple[int, ...]) -> Place:
        """The same entries, broadcast to a shape."""
        return replace(self, array=np.broadcast_to(self.array, shape))


class Arena:
    """Memory behind one address, in which places are allocated one after the other."""

    def __init__(self, base: str, most: int, kind: Stored = Stored.OWN) -> None:
        self.base, self.kind, self.used = base, kind, 0
        self._root = np.empty(most)

    def place(self, shape: tuple[int, ...]) -> Place:
        begin, self.used = self.used, self.used + math.prod(shape)
        return Place(self.base, self._root, self._root[begin : self.used].reshape(shape), self.kind)
