import numpy as np

from optlab import problem
from optlab.plugins.problems.bbob.instances import (
    INSTANCES,
    conditioned,
    left_rotation,
    matrix,
    minimum_of,
    offset,
    right_rotation,
    spread_position,
    vector,
)
from optlab.plugins.problems.bbob.transformations import exponents, oscillated, penalty, power, rounded

_BBOB = {"domain": (-5.0, 5.0), "ranges": {"instance": INSTANCES}}


def inner_position(function, dim, instance):
    """Uniform in [-3, 3]^dim: the minimum of f8."""
    return 0.75 * spread_position(function, dim, instance)


def widening(dim):
    """The scale of Rosenbrock's function."""
    return max(1.0, np.sqrt(dim) / 8)


def rotated_ones(function, dim, instance):
    """The minimum of rotated functions of Rosenbrock's kind, where z = 1."""
    return np.sum(right_rotation(function, dim, instance), axis=0) / (2 * widening(dim))


def valley(z):
    """Rosenbrock's function."""
    return 100 * np.sum((z[:-1] ** 2 - z[1:]) ** 2) + np.sum((z[:-1] - 1) ** 2)


@problem(minimum=minimum_of(spread_position, 6), **_BBOB)
def bbob_f6(x, *, instance=1.0):
    """bbob f6, attractive sector: steep on all sides of the minimum but one.

    f(x) = T_osz(sum_i (s_i z_i)^2)^0.9 + f_opt, z = R Lambda^10 Q (x - x_opt), s_i = 100 where z_i x_opt_i > 0, else 1.
    Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    best = vector(spread_position, 6, x, instance)
    z = matrix(conditioned, 6, x, instance, condition=10.0) @ (x - best)
    return power(oscillated(np.sum(np.where(best * z > 0, 1e4, 1.0) * z**2)), 0.9) + offset(6, instance)


@problem(minimum=minimum_of(spread_position, 7), **_BBOB)
def bbob_f7(x, *, instance=1.0):
    """bbob f7, step ellipsoid: plateaus of an ellipsoid of condition 100; the gradient is 0 almost everywhere.

    f(x) = 0.1 max(|y_0| / 1e4, sum_i 10^(2 i / (n - 1)) z_i^2) + penalty(x) + f_opt, y = Lambda^10 R (x - x_opt),
    z = Q round(y), where entries of at most 0.5 in size are rounded to tenths. Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    best = vector(spread_position, 7, x, instance)
    y = np.sqrt(10.0) ** exponents(x) * (matrix(right_rotation, 7, x, instance) @ (x - best))
    steps = np.where(np.abs(y) > 0.5, rounded(y), rounded(10 * y) / 10)
    z = matrix(left_rotation, 7, x, instance) @ steps
    value = np.maximum(np.abs(y[0]) / 1e4, np.sum(100 ** exponents(x) * z**2))
    return 0.1 * value + penalty(x) + offset(7, instance)


@problem(minimum=minimum_of(inner_position, 8), **_BBOB)
def bbob_f8(x, *, instance=1.0):
    """bbob f8, Rosenbrock: a bent valley.

    f(x) = sum_i 100 (z_i^2 - z_{i+1})^2 + (z_i - 1)^2 + f_opt, z = max(1, sqrt(n) / 8) (x - x_opt) + 1.
    Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    z = widening(x.size) * (x - vector(inner_position, 8, x, instance)) + 1
    return valley(z) + offset(8, instance)


@problem(minimum=minimum_of(rotated_ones, 9), **_BBOB)
def bbob_f9(x, *, instance=1.0):
    """bbob f9, rotated Rosenbrock.

    f(x) = sum_i 100 (z_i^2 - z_{i+1})^2 + (z_i - 1)^2 + f_opt, z = max(1, sqrt(n) / 8) R x + 1/2.
    Minimum f_opt where z = 1.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    z = widening(x.size) * (matrix(right_rotation, 9, x, instance) @ x) + 0.5
    return valley(z) + offset(9, instance)
