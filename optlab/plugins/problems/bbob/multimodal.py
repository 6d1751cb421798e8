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
from optlab.plugins.problems.bbob.moderate import rotated_ones, widening
from optlab.plugins.problems.bbob.transformations import asymmetric, exponents, oscillated, penalty, power

_BBOB = {"domain": (-5.0, 5.0), "ranges": {"instance": INSTANCES}}


def rings(function, x, instance, condition):
    """Schaffer's F7 of f17 and f18, which differ in their condition."""
    best = vector(spread_position, function, x, instance)
    y = asymmetric(matrix(left_rotation, function, x, instance) @ (x - best), 0.5)
    z = np.sqrt(condition) ** exponents(x) * (matrix(right_rotation, function, x, instance) @ y)
    s = z[:-1] ** 2 + z[1:] ** 2
    value = np.sum(power(s, 0.25) * (1 + np.sin(50 * power(s, 0.1)) ** 2)) / (x.size - 1)
    return value**2 + 10 * penalty(x) + offset(function, instance)


@problem(minimum=minimum_of(spread_position, 15), **_BBOB)
def bbob_f15(x, *, instance=1.0):
    """bbob f15, rotated Rastrigin: about 10^n local minima, asymmetric.

    f(x) = 10 (n - sum_i cos(2 pi z_i)) + |z|^2 + f_opt, z = R Lambda^10 Q T_asy^0.2(T_osz(R (x - x_opt))).
    Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    best = vector(spread_position, 15, x, instance)
    y = asymmetric(oscillated(matrix(left_rotation, 15, x, instance) @ (x - best)), 0.2)
    z = matrix(conditioned, 15, x, instance, condition=10.0) @ y
    return 10 * (x.size - np.sum(np.cos(2 * np.pi * z))) + np.sum(z**2) + offset(15, instance)


@problem(minimum=minimum_of(spread_position, 16), **_BBOB)
def bbob_f16(x, *, instance=1.0):
    """bbob f16, Weierstrass: rugged and repetitive, with several global minima; that of the report is given.

    f(x) = 10 (1/n sum_i sum_k 2^-k cos(2 pi 3^k (z_i + 1/2)) - f_0)^3 + 10 / n penalty(x) + f_opt, k = 0, ..., 11,
    f_0 = sum_k 2^-k cos(pi 3^k), z = R Lambda^(1/100) Q T_osz(R (x - x_opt)). Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    best = vector(spread_position, 16, x, instance)
    y = oscillated(matrix(left_rotation, 16, x, instance) @ (x - best))
    z = matrix(conditioned, 16, x, instance, condition=0.01) @ y
    heights, waves = 0.5 ** np.arange(12), 3.0 ** np.arange(12)
    lowest = np.sum(heights * np.cos(2 * np.pi * waves * 0.5))
    mean = np.sum(heights * np.cos(2 * np.pi * (z[:, None] + 0.5) * waves)) / x.size
    return 10 * (mean - lowest) ** 3 + 10 / x.size * penalty(x) + offset(16, instance)


@problem(minimum=minimum_of(spread_position, 17), **_BBOB)
def bbob_f17(x, *, instance=1.0):
    """bbob f17, Schaffer's F7: waves whose height and length grow away from the minimum.

    f(x) = (1/(n - 1) sum_i s_i^(1/4) (1 + sin(50 s_i^(1/10))^2))^2 + 10 penalty(x) + f_opt, s_i = z_i^2 + z_{i+1}^2,
    z = Lambda^10 Q T_asy^0.5(R (x - x_opt)). Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    return rings(17, x, instance, 10.0)


@problem(minimum=minimum_of(spread_position, 18), **_BBOB)
def bbob_f18(x, *, instance=1.0):
    """bbob f18, Schaffer's F7 with condition 1000.

    f17 with Lambda^1000 and another f_opt. Minimum f_opt at x_opt.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    return rings(18, x, instance, 1000.0)


@problem(minimum=minimum_of(rotated_ones, 19), **_BBOB)
def bbob_f19(x, *, instance=1.0):
    """bbob f19, Griewank of Rosenbrock: a bent valley with waves.

    f(x) = 10 / (n - 1) sum_i (s_i / 4000 - cos(s_i)) + 10 + f_opt, s_i = 100 (z_i^2 - z_{i+1})^2 + (z_i - 1)^2,
    z = max(1, sqrt(n) / 8) R x + 1/2. Minimum f_opt where z = 1.
    Source: Hansen, Finck, Ros & Auger (2009).
    """
    z = widening(x.size) * (matrix(right_rotation, 19, x, instance) @ x) + 0.5
    s = 100 * (z[:-1] ** 2 - z[1:]) ** 2 + (z[:-1] - 1) ** 2
    return 10 + 10 * np.sum(s / 4000 - np.cos(s)) / (x.size - 1) + offset(19, instance)
