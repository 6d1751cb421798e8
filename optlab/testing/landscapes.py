"""Test functions for rules, with gradients and Hessians in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Objective(Protocol):
    """A function with all that the lab supplies: the loss, the gradient, and the product of the Hessian at p with v."""

    def loss(self, p: Any) -> Any: ...
    def grad(self, p: Any) -> Any: ...
    def hvp(self, p: Any, v: Any) -> Any: ...


@dataclass(frozen=True)
class Bowl:
    """The quadratic f(p) = 1/2 sum a (p - c)^2 of a vector or a matrix, in closed form.

    The curvatures are powers of two, so that the gradient is the same to the bit in any order of multiplication.
    """

    curvature: Array
    centre: Array

    @staticmethod
    def of(shape: tuple[int, ...], dtype: Any = np.float64) -> Bowl:
        return Bowl(
            curvature=np.resize(np.array([1.0, 4.0, 0.5, 2.0], dtype), shape),
            centre=np.resize(np.array([3.0, -3.0, 1.5, 6.0], dtype), shape),
        )

    def reshaped(self, shape: tuple[int, ...]) -> Bowl:
        return Bowl(self.curvature.reshape(shape), self.centre.reshape(shape))

    def loss(self, p: Any) -> Any:
        return np.sum(0.5 * self.curvature * (p - self.centre) ** 2)

    def grad(self, p: Any) -> Any:
        return self.curvature * (p - self.centre)

    def hvp(self, p: Any, v: Any) -> Any:
        return self.curvature * v


@dataclass(frozen=True)
class Plane:
    """The linear function f(p) = s p with a constant gradient. With s = 0 it is constant."""

    slope: Array

    def loss(self, p: Any) -> Any:
        return np.sum(self.slope * p)

    def grad(self, p: Any) -> Any:
        return np.broadcast_to(self.slope, np.shape(p)).copy()

    def hvp(self, p: Any, v: Any) -> Any:
        return 0.0 * v


class Valley:
    """Rosenbrock's valley (1960) in two dimensions, f(p) = 100 (p_2 - p_1^2)^2 + (1 - p_1)^2."""

    def loss(self, p: Any) -> Any:
        return 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2

    def grad(self, p: Any) -> Any:
        off = p[1] - p[0] ** 2
        return np.array([-400 * p[0] * off - 2 * (1 - p[0]), 200 * off])

    def hvp(self, p: Any, v: Any) -> Any:
        across = 1200 * p[0] ** 2 - 400 * p[1] + 2
        return np.array([across * v[0] - 400 * p[0] * v[1], -400 * p[0] * v[0] + 200 * v[1]])
